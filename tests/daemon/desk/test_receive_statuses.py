"""Statuses: in any order, any number of times, also before the id is known."""

import random
from itertools import permutations

import pytest

from daemon.desk import outbox
from daemon.desk.outbox import Claimed, StatusWatch
from shards.tenant import conversations, messages, statuses
from tests.support.desk_rows import Desk

RECEIVED_ORDERS = list(permutations(("sent", "delivered", "read")))


def sending(desk: Desk, text: str = "Temos sim!") -> str:
    """A reply that is on its way to the network; its id."""
    desk.says("tem civic?")
    id_ = desk.answer(text)
    claimed = desk(
        outbox.claim_next, 1, watch=StatusWatch(started_at=desk.clock.ms), resend_after_ms=90_000, held=False
    )
    assert isinstance(claimed, Claimed)
    return id_


def sent(desk: Desk) -> str:
    id_ = sending(desk)
    desk(messages.settle_send, id_, "wamid.out")
    return id_


@pytest.mark.parametrize("order", RECEIVED_ORDERS, ids="-".join)
def test_statuses_out_of_order_only_climb(desk: Desk, order: tuple[str, ...]) -> None:
    sent(desk)
    seen = []
    rank = statuses.STATE_RANK
    for status in order:
        desk.status(status, network_id="wamid.out")
        seen.append(desk.states()[0])
    assert seen == sorted(seen, key=rank.__getitem__)
    assert seen[-1] == "read"


def test_played_is_read_and_an_unknown_word_changes_nothing(desk: Desk) -> None:
    sent(desk)
    assert desk.status("warning", network_id="wamid.out").counts == {"status_warning": 1}
    assert desk.states() == ["sent"]
    desk.status("played", network_id="wamid.out")
    assert desk.states() == ["read"]


def test_a_status_that_names_an_unsettled_send_settles_it(desk: Desk) -> None:
    id_ = sending(desk)
    received = desk.status("sent", network_id="wamid.out", our_id=id_)
    assert received.to_send == {1}, "later messages of the conversation wait for it"
    assert desk.rows("SELECT state, network_id FROM messages WHERE id = ?", id_) == [("sent", "wamid.out")]
    assert not desk(messages.settle_send, id_, "wamid.out"), "the HTTP answer comes after it and changes nothing"


def test_any_word_about_an_unsettled_send_says_that_the_network_has_it(desk: Desk) -> None:
    id_ = sending(desk)
    desk.status("held_for_quality_assessment", network_id="wamid.out", our_id=id_)
    assert desk.states() == ["sent"]


def test_a_status_settles_what_was_given_up_or_withdrawn(desk: Desk) -> None:
    id_ = sending(desk)
    desk(messages.give_up, id_, "unknown", "nobody knows")
    desk.status("delivered", network_id="wamid.out", our_id=id_)
    assert desk.rows("SELECT state, error FROM messages WHERE id = ?", id_) == [("delivered", None)]


def test_early_statuses_are_kept_until_the_answer_names_their_id(desk: Desk) -> None:
    id_ = sending(desk)
    for status in ("delivered", "sent", "delivered"):
        received = desk.status(status, network_id="wamid.out", pricing_category="service", pricing_type="regular")
        assert not received.news
    [message] = desk(lambda tx: [messages.next_to_send(tx, 1)])
    assert message is not None
    result = desk(outbox.settle, message, outbox.Receipt(network_id="wamid.out", phone="551155500101"))
    assert desk.states() == ["delivered"]
    assert result.receipts
    assert desk.rows("SELECT message, pricing_category FROM usage WHERE kind = 'message'") == [(id_, "service")]
    assert desk.rows("SELECT 1 FROM early_statuses") == []


def test_pricing_is_counted_once_a_message(desk: Desk, rng: random.Random) -> None:
    sent(desk)
    for _ in range(12):
        pricing = rng.choice(({}, {"pricing_category": "service", "pricing_type": "free_customer_service"}))
        desk.status(rng.choice(("sent", "delivered", "read")), network_id="wamid.out", **pricing)
    desk.status("read", network_id="wamid.out", pricing_category="utility", pricing_type="regular")
    assert desk.rows("SELECT sum(messages), count(*) FROM usage WHERE kind = 'message'") == [(1, 1)]


def test_a_sent_without_pricing_is_not_counted(desk: Desk) -> None:
    sent(desk)
    assert not desk.status("sent", network_id="wamid.out").receipts
    assert desk.rows("SELECT 1 FROM usage WHERE kind = 'message'") == []


def test_a_failure_hands_over_once_and_owes_the_answer(desk: Desk) -> None:
    sent(desk)
    received = desk.status("failed", network_id="wamid.out", error_code=131026, error="undeliverable")
    assert received.overtaken == {1}
    assert desk.rows("SELECT state, error FROM messages WHERE direction = 'out'") == [
        ("failed", "131026 undeliverable")
    ]
    thread = desk.conversation()
    assert (thread.state, thread.human_until, thread.owed_since, thread.due_at) == ("human", None, desk.clock.ms, None)
    desk(conversations.release, 1)
    again = desk.status("failed", network_id="wamid.out", error_code=131026, error="undeliverable")
    assert (again.overtaken, again.news) == (set(), [])
    assert desk.conversation().state == "assistant", "a repeated status does not take the thread again"


def test_a_failure_of_a_salespersons_message_hands_nothing_over(desk: Desk) -> None:
    desk.says("oi")
    id_ = desk(messages.queue, 1, author="human", kind="text", text="oi")
    desk(messages.settle_send, id_, "wamid.out")
    desk.status("failed", network_id="wamid.out", error_code=1, error="no")
    assert desk.states() == ["failed"]
    assert desk.conversation().state == "assistant"


def test_a_failure_before_the_answer_of_the_request(desk: Desk) -> None:
    id_ = sending(desk)
    desk.status("failed", network_id="wamid.out", our_id=id_, error_code=131047, error="window closed")
    assert not desk(messages.settle_send, id_, "wamid.out")
    assert desk.states() == ["failed"]
    assert desk.conversation().state == "human"


@pytest.mark.parametrize(
    ("order", "end"),
    [
        (("failed", "sent"), "failed"),
        (("sent", "failed", "sent"), "failed"),
        (("failed", "delivered"), "delivered"),
        (("delivered", "failed"), "delivered"),
        (("read", "failed"), "read"),
    ],
)
def test_a_delivery_disproves_a_failure_and_a_late_sent_does_not(desk: Desk, order: tuple[str, ...], end: str) -> None:
    sent(desk)
    for status in order:
        desk.status(status, network_id="wamid.out", error="x" if status == "failed" else "")
    assert desk.states() == [end]
    assert (desk.value("SELECT error FROM messages WHERE direction = 'out'") is None) == (end != "failed")


def test_a_status_names_only_our_own_messages(desk: Desk) -> None:
    desk.says("oi", id_="wamid.in.x")
    desk.status("failed", network_id="wamid.in.x", error="no")
    assert desk.states("in") == ["received"]
    assert desk.rows("SELECT network_id FROM early_statuses") == ["wamid.in.x"]
