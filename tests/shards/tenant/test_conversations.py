"""Who answers, what is owed, and until when."""

import pytest

from shards.errors import NotFound
from shards.shard import Tx
from shards.tenant import contacts, conversations, messages, turns
from shards.tenant.contacts import Identity
from shards.tenant.conversations import MAX_RESTARTS, Conversation
from shards.tenant.messages import NewInbound
from tests.support.desk_rows import Desk

QUIET, LONGEST = 1_500, 6_000


def begin(desk: Desk, phone: str = "551", channel: str = "cloud") -> Conversation:
    """A thread of a new contact."""
    return desk(
        lambda tx: conversations.of_contact(
            tx, contacts.resolve(tx, Identity(aliases=(("phone", phone),))).seq, channel
        )
    )


def writes(desk: Desk, seq: int = 1, text: str = "oi") -> int | None:
    """A message is stored and owed; when it is due."""

    def work(tx: Tx) -> int | None:
        network_id = f"in.{next(desk.ids)}"
        messages.store_inbound(
            tx, NewInbound(conversation=seq, kind="text", text=text, network_id=network_id, at=desk.clock.ms)
        )
        return conversations.owe(tx, conversations.one(tx, seq), quiet_ms=QUIET, quiet_max_ms=LONGEST).due_at

    return desk(work)


def claims(desk: Desk, seq: int = 1) -> turns.Turn:
    """A turn over all that was written."""
    thread = desk.conversation(seq)
    return desk(turns.claim, seq, thread.generation, desk(conversations.newest_inbound, seq), "")


def test_a_contact_has_one_thread_a_channel(desk: Desk) -> None:
    cloud = begin(desk)
    assert begin(desk) == cloud
    assert begin(desk, channel="sandbox").seq != cloud.seq
    assert desk(conversations.by_id, cloud.id) == cloud
    assert (cloud.state, cloud.owed_since, cloud.generation, cloud.memory) == ("assistant", None, 0, {})


def test_there_is_no_other_thread(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no conversation 7"):
        desk(conversations.one, 7)
    with pytest.raises(NotFound, match="list them"):
        desk(conversations.by_id, "x")


def test_the_window_opens_with_the_newest_network_time(desk: Desk) -> None:
    thread = begin(desk)
    desk(conversations.customer_wrote, thread, at=5_000)
    desk(conversations.customer_wrote, thread, at=3_000)
    assert desk.conversation().window_opened_at == 5_000
    assert desk.value("SELECT last_message_at FROM conversations") == desk.clock.ms


def test_a_burst_is_due_after_the_spell_and_never_after_the_ceiling(desk: Desk) -> None:
    begin(desk)
    began = desk.clock.ms
    for step in range(12):
        due_at = writes(desk)
        assert due_at == min(desk.clock.ms + QUIET, max(began + LONGEST, desk.clock.ms))
        desk.clock.move(0.7)
        assert desk.conversation().owed_since == began, step


def test_every_message_makes_a_new_generation_until_a_turn_may_finish(desk: Desk) -> None:
    begin(desk)
    writes(desk)
    for restart in range(MAX_RESTARTS):
        turn = claims(desk)
        writes(desk)
        writes(desk)
        thread = desk.conversation()
        assert thread.generation > turn.generation
        assert thread.restarts == restart + 1, "two messages overtake a turn once"
        desk(turns.end, turn, "superseded")
    turn = claims(desk)
    desk.clock.move(30)
    assert writes(desk) == desk.clock.ms + QUIET
    assert desk.conversation().generation == turn.generation


def test_a_held_thread_owes_until_the_hold_is_over(desk: Desk) -> None:
    begin(desk)
    until = desk.clock.ms + 60_000
    desk(conversations.take_over, 1, until)
    assert writes(desk) == until
    assert desk.conversation().state == "human"
    desk.clock.move(60)
    assert (writes(desk) or 0) <= desk.clock.ms + QUIET
    assert desk.conversation().state == "assistant"
    desk(conversations.take_over, 1, None)
    assert writes(desk) is None
    assert desk.conversation().owed_since is not None


@pytest.mark.parametrize(("until", "now", "held"), [(None, 10**15, True), (1_000, 999, True), (1_000, 1_000, False)])
def test_a_hold_ends_at_its_time(desk: Desk, until: int | None, now: int, held: bool) -> None:
    begin(desk)
    desk(conversations.take_over, 1, until)
    assert desk.conversation().held_by_human(now) is held
    desk(conversations.release, 1)
    assert not desk.conversation().held_by_human(now)


def test_taking_over_and_giving_back_pass_the_turn_and_keep_what_is_owed(desk: Desk) -> None:
    begin(desk)
    writes(desk)
    generation = desk.conversation().generation
    desk(conversations.take_over, 1, desk.clock.ms + 60_000)
    thread = desk.conversation()
    assert (thread.generation, thread.due_at) == (generation + 1, desk.clock.ms + 60_000)
    desk(conversations.release, 1)
    thread = desk.conversation()
    assert (thread.generation, thread.due_at, thread.state) == (generation + 2, desk.clock.ms, "assistant")
    desk(conversations.answered, 1, 1)
    desk(conversations.take_over, 1, desk.clock.ms + 60_000)
    assert desk.conversation().due_at is None, "nothing is owed"


def test_what_is_answered_never_goes_back(desk: Desk) -> None:
    begin(desk)
    desk(conversations.answered, 1, 9)
    desk(conversations.answered, 1, 4)
    assert desk.conversation().answered_seq == 9


def test_due_threads_come_soonest_first(desk: Desk) -> None:
    for phone in ("551", "552", "553"):
        begin(desk, phone)
    writes(desk, 3)
    desk.clock.move(1)
    writes(desk, 1)
    assert [seq for seq, _, _ in desk(conversations.due)] == [3, 1]
    desk(conversations.hold_sending, 2, 77)
    assert desk.conversation(2).send_after == 77


def test_a_person_answers_what_came_before(desk: Desk) -> None:
    begin(desk)
    writes(desk)
    at = desk.clock.ms
    desk.clock.move(5)
    writes(desk)
    desk(conversations.answered_until, 1, at)
    thread = desk.conversation()
    assert (thread.answered_seq, thread.owed_since) == (1, desk.clock.ms)
    desk(conversations.answered_until, 1, desk.clock.ms)
    thread = desk.conversation()
    assert (thread.answered_seq, thread.owed_since) == (2, None)


def test_silence_leaves_nothing_to_say(desk: Desk) -> None:
    for channel in ("cloud", "sandbox"):
        begin(desk, channel=channel)
    for seq in (1, 2):
        writes(desk, seq)
        desk(messages.queue, seq, author="assistant", kind="text", text="oi")
    desk(conversations.silence, 1)
    assert desk.states() == ["cancelled", "cancelled"]
    for seq in (1, 2):
        thread = desk.conversation(seq)
        assert (thread.state, thread.human_until, thread.owed_since, thread.due_at) == ("human", None, None, None)


# Two threads that turn out to be one


def test_joined_threads_owe_the_older_debt_at_the_earlier_time(desk: Desk) -> None:
    begin(desk, "551")
    begin(desk, "552")
    writes(desk, 1)
    since, due_at = desk.clock.ms, desk.conversation(1).due_at
    desk.clock.move(1)
    writes(desk, 2)
    desk(conversations.merge, keep=2, gone=1)
    thread = desk.conversation(2)
    assert (thread.owed_since, thread.due_at, thread.answered_seq) == (since, due_at, 0)
    assert desk.rows("SELECT conversation FROM messages") == [2, 2]
    with pytest.raises(NotFound):
        desk(conversations.one, 1)


def test_joined_threads_owe_nothing_that_both_have_answered(desk: Desk) -> None:
    for seq, phone in enumerate(("551", "552"), start=1):
        begin(desk, phone)
        writes(desk, seq)
        desk(conversations.answered, seq, seq)
    desk(conversations.merge, keep=1, gone=2)
    thread = desk.conversation(1)
    assert (thread.owed_since, thread.due_at, thread.answered_seq) == (None, None, 2)


def test_what_one_thread_still_owes_is_not_covered_by_the_others_answers(desk: Desk) -> None:
    begin(desk, "551")
    begin(desk, "552")
    writes(desk, 1)
    writes(desk, 2)
    desk(conversations.answered, 2, 2)
    desk(conversations.merge, keep=2, gone=1)
    assert desk.conversation(2).answered_seq < 1
    assert next(message.seq for message in desk(messages.burst, 2, after=0, limit=9)) == 1


@pytest.mark.parametrize(
    ("holds", "expected"),
    [((None, 60_000), None), ((60_000, 90_000), 90_000), ((60_000,), 60_000), ((None,), None)],
)
def test_a_hold_in_either_thread_holds_both(desk: Desk, holds: tuple[int | None, ...], expected: int | None) -> None:
    begin(desk, "551")
    begin(desk, "552")
    writes(desk, 1)
    for seq, until in zip((2, 1), holds, strict=False):
        desk(conversations.take_over, seq, None if until is None else desk.clock.ms + until)
    desk(conversations.merge, keep=1, gone=2)
    thread = desk.conversation(1)
    assert thread.held_by_human(desk.clock.ms)
    assert thread.human_until == (None if expected is None else desk.clock.ms + expected)
    assert thread.due_at == thread.human_until


def test_running_turns_of_both_are_past(desk: Desk) -> None:
    begin(desk, "551")
    begin(desk, "552")
    writes(desk, 1)
    writes(desk, 2)
    first, second = claims(desk, 1), claims(desk, 2)
    desk(conversations.merge, keep=1, gone=2)
    thread = desk.conversation(1)
    assert thread.generation > max(first.generation, second.generation)
    assert thread.due_at == desk.clock.ms, "what they had in hand is due again"


def test_an_answer_of_a_past_generation_changes_nothing(desk: Desk) -> None:
    begin(desk)
    writes(desk)
    turn = claims(desk)
    writes(desk)
    before = desk.conversation()
    assert not desk(conversations.spoke, 1, turn.generation, up_to=turn.up_to, memory={"budget": 9})
    assert desk.conversation() == before
    assert desk(conversations.spoke, 1, before.generation, up_to=2, memory={"budget": 9})
    thread = desk.conversation()
    assert (thread.turns, thread.memory, thread.answered_seq, thread.owed_since) == (1, {"budget": 9}, 2, None)
    desk(conversations.take_over, 1, None)
    held = desk.conversation()
    assert not desk(conversations.spoke, 1, held.generation, up_to=2, memory={}), "a person has it"


def test_a_thread_that_is_gone_is_not_found(desk: Desk) -> None:
    thread = begin(desk)
    assert desk(conversations.find, thread.seq) == thread
    assert desk(conversations.find, 7) is None
