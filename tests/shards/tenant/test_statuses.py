"""What became of a message: it only climbs, whichever name a status has for it."""

from itertools import product

import pytest

from shards.tenant import messages, statuses, usage
from shards.tenant.statuses import NETWORK_STATES, STATE_RANK
from tests.support.desk_rows import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With one thread that has one message."""
    desk.says("oi", id_="wamid.1")
    return desk


def in_state(desk: Desk, state: str, network_id: str | None) -> str:
    """A message of ours in any state; its id."""
    id_ = desk(messages.queue, 1, author="assistant", kind="text", text="Olá!")
    desk(lambda tx: tx.run("UPDATE messages SET state = ?, network_id = ? WHERE id = ?", (state, network_id, id_)))
    return id_


@pytest.mark.parametrize(("state", "status"), list(product(STATE_RANK, sorted(NETWORK_STATES))))
def test_a_message_only_climbs(desk: Desk, state: str, status: str) -> None:
    id_ = in_state(desk, state, "wamid.out")
    climb = desk(statuses.apply, our_id=id_, network_id="wamid.out", status=status, error="")
    assert climb is not None
    assert (climb.id, climb.conversation, climb.author, climb.settled) == (id_, 1, "assistant", False)
    [now] = desk.states()
    assert now == climb.state
    if {state, status} == {"sent", "failed"}:
        assert now == "failed"
    else:
        assert STATE_RANK[now] == max(STATE_RANK[state], STATE_RANK[status])
    assert climb.changed == (now != state)
    again = desk(statuses.apply, our_id=id_, network_id="wamid.out", status=status, error="")
    assert again is not None
    assert not again.changed


def test_a_status_finds_its_message_by_either_id(desk: Desk) -> None:
    id_ = in_state(desk, "sending", None)
    assert desk(statuses.apply, our_id="", network_id="wamid.out", status="sent", error="") is None
    climb = desk(statuses.apply, our_id=id_, network_id="wamid.out", status="sent", error="")
    assert climb is not None
    assert climb.settled
    climb = desk(statuses.apply, our_id="", network_id="wamid.out", status="read", error="")
    assert climb is not None
    assert climb.state == "read"
    other = desk(statuses.apply, our_id=id_, network_id="wamid.other", status="failed", error="")
    assert other is None, "our id is taken: this is about another send"


def test_early_statuses_are_given_out_once_in_order(desk: Desk) -> None:
    now = desk.clock.ms
    for at, status in ((now + 2, "delivered"), (now + 1, "sent"), (now + 3, "delivered")):
        desk(statuses.keep_early, network_id="w", status=status, at=at, document={"at": at - now})
    assert [found["at"] for found in desk(statuses.take_early, "w")] == [1, 2]
    assert desk(statuses.take_early, "w") == []


def test_early_statuses_of_nobody_are_forgotten(desk: Desk) -> None:
    for at in (5, 6):
        desk(statuses.keep_early, network_id=f"w{at}", status="sent", at=at, document={})
    desk(statuses.forget_early, 6)
    assert desk.rows("SELECT network_id FROM early_statuses") == ["w6"]


def test_a_status_knows_whether_its_message_has_a_receipt(desk: Desk) -> None:
    id_ = in_state(desk, "sent", "wamid.out")
    for receipts in (0, 1):
        climb = desk(statuses.apply, our_id="", network_id="wamid.out", status="read", error="")
        assert climb is not None
        assert climb.counted == bool(receipts)
        desk(usage.record, "speech", "openai", message=id_)
        desk(usage.record, "message", "whatsapp", message=id_, messages=1)
