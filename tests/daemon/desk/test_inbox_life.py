"""The message handler's start, drain and stop: claims are given back, nothing due is lost."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.desk.fairness import FairSlots
from shards.tenant import conversations, turns
from tests.daemon.desk.test_inbox import Bench
from tests.support.desk_rows import ANA, BIA, QUIET_MS, Desk
from tests.support.desk_tasks import passes


@pytest.fixture
def bench(desk: Desk) -> Bench:
    return Bench(desk)


async def test_a_start_takes_up_what_is_due_and_what_a_crash_left(bench: Bench, mock_clock: MockClock) -> None:
    bench.desk.says("oi", ANA)
    bench.desk.says("tem civic?", BIA)
    bench.desk.clock.move(2)
    bench.desk.claim(1, "anthropic")
    async with bench.running():
        await passes(bench.desk, mock_clock, 0)
    assert sorted(bench.answers()) == ["re: oi", "re: tem civic?"]
    assert bench.desk.rows("SELECT state FROM turns WHERE seq = 1") == ["released"]
    assert bench.desk.rows("SELECT provider FROM usage WHERE kind = 'unknown'") == ["anthropic"]


async def test_a_stop_gives_the_claim_back(bench: Bench, mock_clock: MockClock) -> None:
    bench.thinker.plan = {"oi": [trio.Event()]}
    async with bench.running():
        bench.says("oi")
        await passes(bench.desk, mock_clock, 2)
    assert not bench.desk(turns.any_running)
    assert bench.desk.rows("SELECT state FROM turns") == ["released"]
    assert bench.desk.conversation().due_at == bench.desk.clock.ms
    assert bench.desk.rows("SELECT provider FROM usage WHERE kind = 'unknown'") == ["anthropic"]
    async with bench.running():
        await wait_all_tasks_blocked()
    assert bench.answers() == ["re: oi"]


async def test_a_drain_lets_turns_end_and_begins_none(bench: Bench, mock_clock: MockClock) -> None:
    gate = trio.Event()
    bench.thinker.plan = {"oi": [gate]}
    async with bench.running() as inbox:
        bench.says("oi", ANA)
        await passes(bench.desk, mock_clock, 2)
        bench.says("tem civic?", BIA)
        inbox.drain()
        await passes(bench.desk, mock_clock, 10)
        assert not bench.over
        gate.set()
        await wait_all_tasks_blocked()
        assert bench.over
    assert bench.answers() == ["re: oi"]
    assert bench.desk.conversation(2).due_at is not None, "it is there for the next start"


async def test_a_drain_begins_no_turn_that_waits_for_its_slot(bench: Bench, mock_clock: MockClock) -> None:
    gate = trio.Event()
    bench.slots = FairSlots(1)
    bench.thinker.plan = {"oi": [gate]}
    async with bench.running() as inbox:
        bench.says("oi", ANA)
        await passes(bench.desk, mock_clock, 2)
        bench.says("tem civic?", BIA)
        await passes(bench.desk, mock_clock, 2)
        inbox.drain()
        gate.set()
        await wait_all_tasks_blocked()
        assert bench.over
    assert bench.answers() == ["re: oi"]


async def test_the_age_of_the_queue_is_seen(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running() as inbox:
        assert inbox.oldest_due_ms() is None
        bench.says("oi")
        assert inbox.oldest_due_ms() == bench.desk.clock.ms + QUIET_MS
        await passes(bench.desk, mock_clock, 2)
        assert inbox.oldest_due_ms() is None


async def test_a_hold_that_was_prolonged_is_waited_for_again(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("oi")
        bench.desk(conversations.take_over, 1, bench.desk.clock.ms + 60_000)
        await passes(bench.desk, mock_clock, 10)
        bench.desk(conversations.take_over, 1, bench.desk.clock.ms + 60_000)
        await passes(bench.desk, mock_clock, 55)
        assert bench.answers() == []
        bench.inbox.woken({1: (bench.desk.clock.ms, 0)})
        await passes(bench.desk, mock_clock, 6)
    assert bench.answers() == ["re: oi"]
