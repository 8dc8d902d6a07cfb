"""Messages in and out, and the outbox that is some of their rows."""

from typing import Any

import apsw
import pytest

from shards.tenant import messages
from shards.tenant.messages import NewInbound, Sendable
from tests.support.desk_rows import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With one thread that has one message."""
    desk.says("oi", id_="wamid.1")
    return desk


def queue(desk: Desk, text: str = "Olá!", kind: str = "text", **more: Any) -> Sendable:
    """A queued message as the outbox reads it, the only unsent one."""
    id_ = desk(messages.queue, 1, author="assistant", kind=kind, text=text, **more)
    found = desk(messages.next_to_send, 1)
    assert found is not None
    assert found.id == id_
    return found


def in_state(desk: Desk, state: str, network_id: str | None) -> str:
    """A message of ours in any state; its id."""
    id_ = desk(messages.queue, 1, author="assistant", kind="text", text="Olá!")
    desk(lambda tx: tx.run("UPDATE messages SET state = ?, network_id = ? WHERE id = ?", (state, network_id, id_)))
    return id_


def test_an_inbound_message_is_known_by_its_network_id(desk: Desk) -> None:
    assert desk(messages.known, "wamid.1")
    assert not desk(messages.known, "wamid.2")
    again = NewInbound(conversation=1, kind="text", text="oi", network_id="wamid.1", at=0)
    with pytest.raises(apsw.ConstraintError):
        desk(messages.store_inbound, again)


def test_a_reply_is_about_the_vehicle_of_what_it_quotes(desk: Desk) -> None:
    sent = queue(desk, "Civic 2020", vehicle="civic-1")
    desk(messages.settle_send, sent.id, "wamid.out")
    desk.says("quanto?", reply_to="wamid.out")
    [oi, reply] = desk(messages.burst, 1, after=0, limit=9)
    assert (reply.quoted_text, reply.quoted_vehicle, reply.vehicle) == ("Civic 2020", "civic-1", "civic-1")
    assert (oi.quoted_text, oi.quoted_vehicle) == ("", None)


def test_a_burst_is_the_newest_inbound_messages_in_order(desk: Desk) -> None:
    for text in ("um", "dois", "três"):
        desk.says(text)
    queue(desk)
    assert [message.text for message in desk(messages.burst, 1, after=1, limit=2)] == ["dois", "três"]


def test_history_leaves_out_what_was_never_said(desk: Desk) -> None:
    for state in ("sent", "failed", "cancelled", "unknown", "queued"):
        in_state(desk, state, None)
    desk.says("apagada", id_="wamid.2")
    desk(messages.revoke, "wamid.2")
    newest = desk.value("SELECT max(seq) FROM messages")
    said = desk(messages.history, 1, before=newest, limit=9)
    assert [message.author for message in said] == ["customer", "assistant", "assistant", "assistant"]
    assert [message.seq for message in desk(messages.history, 1, before=newest, limit=2)] == [5, 6]


def test_queueing_moves_the_thread_up(desk: Desk) -> None:
    desk.clock.move(5)
    queue(desk, content={"link": "https://fotos.example/ção.jpg"}, kind="image")
    assert desk.value("SELECT last_message_at FROM conversations") == desk.clock.ms
    assert desk.value("SELECT content FROM messages WHERE kind = 'image'") == '{"link":"https://fotos.example/ção.jpg"}'


# The outbox


def test_the_oldest_unsent_goes_first(desk: Desk) -> None:
    assert desk(messages.next_to_send, 1) is None
    assert desk(messages.conversations_to_send) == []
    first = queue(desk)
    second = desk(messages.queue, 1, author="human", kind="text", text="b")
    assert desk(messages.conversations_to_send) == [1]
    desk(messages.claim_send, first.seq, resend=False)
    found = desk(messages.next_to_send, 1)
    assert found is not None
    assert (found.id, found.state, found.attempts, found.attempted_at) == (first.id, "sending", 1, desk.clock.ms)
    assert desk(messages.settle_send, first.id, "wamid.out")
    found = desk(messages.next_to_send, 1)
    assert found is not None
    assert (found.id, found.author) == (second, "human")


def test_attempts_and_resends_are_counted(desk: Desk) -> None:
    message = queue(desk)
    desk(messages.claim_send, message.seq, resend=False)
    desk(messages.release_send, message.id, "pair limit")
    desk(messages.claim_send, message.seq, resend=False)
    desk(messages.claim_send, message.seq, resend=True)
    found = desk(messages.next_to_send, 1)
    assert found is not None
    assert (found.attempts, found.resends, found.withdrawn) == (3, 1, False)
    assert desk.value("SELECT error FROM messages WHERE id = ?", message.id) is None


def test_a_message_is_settled_once(desk: Desk) -> None:
    message = queue(desk)
    assert desk(messages.settle_send, message.id, "wamid.out")
    assert not desk(messages.settle_send, message.id, "wamid.other")
    assert desk.rows("SELECT network_id, state FROM messages WHERE id = ?", message.id) == [("wamid.out", "sent")]


@pytest.mark.parametrize("state", ["unknown", "cancelled", "sending"])
def test_an_answer_of_the_network_settles_whatever_we_thought(desk: Desk, state: str) -> None:
    id_ = in_state(desk, state, None)
    assert desk(messages.settle_send, id_, "wamid.out")
    assert desk.states() == ["sent"]


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_what_was_settled_is_not_given_up(desk: Desk, state: str) -> None:
    first, second = in_state(desk, "sending", None), in_state(desk, "sending", "wamid.out")
    assert desk(messages.give_up, first, state, "no")
    assert not desk(messages.give_up, second, state, "no")
    assert not desk(messages.give_up, first, "failed", "no")
    assert desk.states() == [state, "sending"]


def test_withdrawing_takes_back_the_assistants_unsent_messages(desk: Desk) -> None:
    sending = queue(desk)
    desk(messages.claim_send, sending.seq, resend=False)
    desk(messages.queue, 1, author="assistant", kind="text", text="b")
    desk(messages.queue, 1, author="human", kind="text", text="c")
    assert desk(messages.cancel_unsent, 1, "a person took over") == 1
    assert desk.states() == ["sending", "cancelled", "queued"]
    found = desk(messages.next_to_send, 1)
    assert found is not None
    assert found.withdrawn, "it may have reached the network, and is not tried again if it has not"
    desk(messages.release_send, sending.id, "pair limit")
    assert desk.states() == ["cancelled", "cancelled", "queued"]
    assert desk.value("SELECT error FROM messages WHERE id = ?", sending.id) == "a person took over"


# What customers do to their own messages


def test_only_the_customers_own_messages_are_edited(desk: Desk) -> None:
    in_state(desk, "sent", "wamid.out")
    assert desk(messages.edit, "wamid.out", "x") is None
    assert desk(messages.revoke, "wamid.out") is None
    assert desk(messages.edit, "wamid.1", "tem civic?") == 1
    assert desk(messages.revoke, "wamid.1") == 1
    assert desk(messages.edit, "wamid.1", "de volta") is None
    assert desk.rows("SELECT kind, text FROM messages WHERE seq = 1") == [("revoked", "")]


def test_the_newest_reaction_stands(desk: Desk) -> None:
    desk(messages.react, "w", "👍", 5)
    desk(messages.react, "w", "😡", 3)
    desk(messages.react, "w", "", 4)
    assert desk.rows("SELECT emoji FROM reactions") == ["👍"]
    desk(messages.react, "w", "", 6)
    assert desk.rows("SELECT emoji FROM reactions") == []


def test_a_word_from_elsewhere_is_kept_as_said(desk: Desk) -> None:
    desk(messages.store_sent_elsewhere, 1, kind="text", text="oi", content={}, network_id="wamid.echo", at=7)
    assert desk.rows("SELECT author, state, at FROM messages WHERE network_id = 'wamid.echo'") == [("human", "sent", 7)]
