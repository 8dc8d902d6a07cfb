from collections.abc import Iterator
from pathlib import Path

import pytest

from shards.shard import Shard, Tx
from shards.tenant import contacts, conversations, epochs, identity, messages, tombstones, turns, usage
from shards.tenant.contacts import Identity
from shards.tenant.messages import NewInbound
from shards.tenant.tombstones import Tombstone
from tests.support.shards import HandClock, open_shard, within


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def shard(tmp_path: Path, clock: HandClock) -> Iterator[Shard]:
    opened = open_shard(tmp_path / "a.db", clock)
    within(opened, lambda tx: identity.establish(tx, "auto-sul"), clock)
    yield opened
    opened.close()


def under_way(tx: Tx) -> None:
    """A question that is owed an answer, a turn that runs, two messages that are not sent."""
    contact = contacts.resolve(tx, Identity(aliases=(("phone", "5511"),)))
    thread = conversations.of_contact(tx, contact.seq, "cloud")
    messages.store_inbound(
        tx, NewInbound(conversation=thread.seq, kind="text", text="oi", network_id="wamid.1", at=tx.now_ms)
    )
    conversations.owe(tx, thread, quiet_ms=0, quiet_max_ms=0)
    turns.claim(tx, thread.seq, 1, 1, "anthropic")
    messages.queue(tx, thread.seq, author="assistant", kind="text", text="olá")
    messages.queue(tx, thread.seq, author="human", kind="text", text="sou eu")


def test_nothing_that_was_under_way_goes_on(shard: Shard, clock: HandClock) -> None:
    within(shard, under_way, clock)
    before = within(shard, identity.load, clock)
    settled = within(shard, epochs.settle, clock)
    epoch = within(shard, epochs.begin, clock)
    assert settled == epochs.Settled(unknown_sends=2, handed_over=1)
    after = within(shard, identity.load, clock)
    assert (after.tenant, after.epoch, after.restored_at) == ("auto-sul", epoch, clock.ms)
    assert after.epoch != before.epoch

    def look(tx: Tx) -> None:
        assert {state for (state,) in tx.rows("SELECT state FROM messages WHERE direction = 'out'")} == {"unknown"}
        assert not turns.any_running(tx)
        thread = conversations.one(tx, 1)
        assert (thread.state, thread.human_until, thread.due_at) == ("human", None, None)
        assert thread.owed_since is not None
        assert conversations.due(tx) == []
        assert tx.value("SELECT count(*) FROM usage") == 0, "a turn that was cut off is not paid for twice"

    within(shard, look, clock)


def test_receipts_and_tombstones_go_to_central_again(shard: Shard, clock: HandClock) -> None:
    within(shard, lambda tx: usage.record(tx, "turn", "catalogue"), clock)
    within(shard, lambda tx: tombstones.bury(tx, "opt_out", [b"a"]), clock)
    within(shard, lambda tx: (usage.copied(tx, [1]), tombstones.copied(tx, [1])), clock)
    assert not within(shard, usage.any_uncopied, clock)
    within(shard, epochs.account_anew, clock)
    assert len(within(shard, lambda tx: usage.uncopied(tx, 10), clock)) == 1
    assert len(within(shard, lambda tx: tombstones.uncopied(tx, 10), clock)) == 1


def test_tombstones_of_later_are_learned_once(shard: Shard, clock: HandClock) -> None:
    known = [Tombstone("opt_out", b"a", 5), Tombstone("erasure", b"b", 6)]
    assert within(shard, lambda tx: epochs.learn(tx, known), clock) == 2
    assert within(shard, lambda tx: epochs.learn(tx, known), clock) == 0


def test_a_message_is_paid_for_once_in_all_epochs(shard: Shard, clock: HandClock) -> None:
    first = within(shard, lambda tx: usage.record(tx, "message", "whatsapp", message="01m", messages=1), clock)
    again = within(shard, lambda tx: usage.record(tx, "message", "whatsapp", message="01m", messages=1), clock)
    within(shard, lambda tx: tx.run("DELETE FROM usage"), clock)
    later = within(shard, lambda tx: usage.record(tx, "message", "whatsapp", message="01m", messages=1), clock)
    assert first == again == later
    other = within(shard, lambda tx: usage.record(tx, "message", "whatsapp", message="01n", messages=1), clock)
    assert other != first
    assert within(shard, lambda tx: tx.value("SELECT count(*) FROM usage"), clock) == 2
