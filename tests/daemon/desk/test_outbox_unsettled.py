"""The unsettled send: nobody may hear the same twice while a status may still come."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.desk.receive import Received
from daemon.errors import SendUnsettled
from shards.tenant import conversations, messages
from tests.daemon.desk.test_outbox import Bench
from tests.support.desk_rows import ANA, BIA, Desk
from tests.support.desk_tasks import passes

LOST = SendUnsettled("no answer in time")


@pytest.fixture
def bench(desk: Desk) -> Bench:
    desk.says("oi", ANA)
    desk.says("oi", BIA)
    made = Bench(desk)
    made.watch.seen(desk.clock.ms)
    return made


async def test_later_messages_wait_and_a_status_settles_it(bench: Bench, mock_clock: MockClock) -> None:
    bench.channel.plan = {"a1": [LOST]}
    async with bench.running():
        [id_, _] = bench.queue("a1", "a2")
        bench.queue("b1", seq=2)
        await passes(bench.desk, mock_clock, 60)
        assert sorted(bench.channel.begun) == ["a1", "b1"]
        assert bench.states() == ["sending", "queued", "sent"]
        bench.status("sent", id_)
        await passes(bench.desk, mock_clock, 3600)
        assert sorted(bench.channel.begun[:2]) == ["a1", "b1"]
        assert bench.channel.begun[2:] == ["a2"]
    assert bench.states() == ["sent"] * 3
    assert bench.results.count("resent") == 0


async def test_a_status_that_comes_before_the_answer_is_lost_settles_it(bench: Bench, mock_clock: MockClock) -> None:
    gate = trio.Event()
    bench.channel.plan = {"a1": [(gate, LOST)]}
    async with bench.running():
        [id_, _] = bench.queue("a1", "a2")
        await wait_all_tasks_blocked()
        bench.status("delivered", id_)
        gate.set()
        await passes(bench.desk, mock_clock, 3600)
    assert bench.channel.begun == ["a1", "a2"]
    assert bench.states() == ["delivered", "sent"]


async def test_a_status_during_the_request_lets_nothing_overtake_it(bench: Bench) -> None:
    gate = trio.Event()
    bench.channel.plan = {"a1": [gate]}
    async with bench.running():
        [id_, _] = bench.queue("a1", "a2")
        await wait_all_tasks_blocked()
        bench.status("sent", id_)
        await wait_all_tasks_blocked()
        assert bench.channel.begun == ["a1"]
        gate.set()
        await wait_all_tasks_blocked()
    assert bench.channel.taken == ["a1", "a2"]


async def test_without_a_status_it_is_sent_again_once_and_then_unknown(bench: Bench, mock_clock: MockClock) -> None:
    bench.channel.plan = {"a1": [LOST, LOST]}
    async with bench.running():
        bench.queue("a1", "a2")
        await passes(bench.desk, mock_clock, 89.9)
        assert bench.channel.begun == ["a1"]
        await passes(bench.desk, mock_clock, 0.2)
        assert bench.channel.begun == ["a1", "a1"]
        await passes(bench.desk, mock_clock, 89.8)
        assert bench.states() == ["sending", "queued"]
        await passes(bench.desk, mock_clock, 0.3)
        assert bench.channel.begun == ["a1", "a1", "a2"]
        await passes(bench.desk, mock_clock, 3600)
    assert bench.channel.begun == ["a1", "a1", "a2"]
    assert bench.states() == ["unknown", "sent"]
    assert bench.results == ["unsettled", "resent", "unsettled", "sent"]
    assert {outgoing.id for outgoing in bench.channel.outgoing[:2]} == {bench.channel.outgoing[0].id}


async def test_where_no_status_came_at_all_it_waits_ten_minutes(desk: Desk, mock_clock: MockClock) -> None:
    desk.says("oi", ANA)
    bench = Bench(desk)
    bench.channel.plan = {"a1": [LOST]}
    async with bench.running():
        bench.queue("a1")
        for _ in range(6):
            await passes(desk, mock_clock, 99.9)
        assert bench.channel.begun == ["a1"]
        await passes(desk, mock_clock, 0.7)
        assert bench.channel.begun == ["a1", "a1"]


async def test_the_first_status_after_a_start_shortens_that_wait(desk: Desk, mock_clock: MockClock) -> None:
    desk.says("oi", ANA)
    bench = Bench(desk)
    bench.channel.plan = {"a1": [LOST]}
    async with bench.running():
        bench.queue("a1")
        await passes(desk, mock_clock, 100)
        bench.watch.seen(desk.clock.ms)  # of some other message
        for _ in range(4):
            await passes(desk, mock_clock, 22)
        assert bench.channel.begun == ["a1"]
        await passes(desk, mock_clock, 2.1)
        assert bench.channel.begun == ["a1", "a1"], "90 seconds after the first status, not 10 minutes"


def customer_writes(desk: Desk) -> Any:
    return desk.says("alô?")


def person_writes(desk: Desk) -> Any:
    return desk.person_wrote("Oi, aqui é o Beto")


def person_takes_over(desk: Desk) -> Any:
    desk(lambda tx: (conversations.take_over(tx, 1, None), messages.cancel_unsent(tx, 1, "a person took over")))


def person_takes_over_and_gives_back(desk: Desk) -> Any:
    person_takes_over(desk)
    desk(conversations.release, 1)


def customer_opts_out(desk: Desk) -> Any:
    return desk.says("parar")


@pytest.mark.parametrize(
    "what",
    [customer_writes, person_writes, person_takes_over, person_takes_over_and_gives_back, customer_opts_out],
    ids=lambda what: what.__name__,
)
async def test_it_is_not_sent_again_when_the_talk_went_on(bench: Bench, mock_clock: MockClock, what: Any) -> None:
    bench.channel.plan = {"a1": [LOST]}
    async with bench.running():
        bench.queue("a1")
        await passes(bench.desk, mock_clock, 10)
        received = what(bench.desk)
        if isinstance(received, Received):
            bench.received(received)
        await passes(bench.desk, mock_clock, 100)
    assert bench.channel.begun.count("a1") == 1
    assert bench.desk.value("SELECT state FROM messages WHERE text = 'a1'") == "unknown"


async def test_a_salespersons_own_message_is_sent_again_while_they_have_the_thread(
    bench: Bench, mock_clock: MockClock
) -> None:
    bench.channel.plan = {"a1": [LOST]}
    bench.desk(conversations.take_over, 1, None)
    async with bench.running():
        bench.queue("a1", author="human")
        await passes(bench.desk, mock_clock, 91)
    assert bench.channel.begun == ["a1", "a1"]
    assert bench.states() == ["sent"]


async def test_a_request_that_a_stop_cuts_off_is_unsettled_for_the_next_start(
    bench: Bench, mock_clock: MockClock
) -> None:
    bench.channel.plan = {"a1": [trio.Event()]}
    async with bench.running():
        bench.queue("a1", "a2")
        await wait_all_tasks_blocked()
    assert bench.states() == ["sending", "queued"]
    async with bench.running():
        await passes(bench.desk, mock_clock, 80)
        assert bench.channel.begun == ["a1"]
        await passes(bench.desk, mock_clock, 11)
        assert bench.channel.begun == ["a1", "a1", "a2"]
    assert bench.states() == ["sent", "sent"]


async def test_an_answer_that_came_is_written_though_the_daemon_stops(bench: Bench) -> None:
    scope = trio.CancelScope()
    bench.channel.plan = {"a1": [lambda message: scope.cancel()]}
    with scope:
        async with bench.running():
            bench.queue("a1")
            await trio.sleep_forever()
    assert bench.channel.taken == ["a1"]
    assert bench.states() == ["sent"], "else a clean stop would make a send unsettled"


async def test_a_start_sends_what_the_sandbox_had_under_way(bench: Bench) -> None:
    bench.desk.in_channel("sandbox").says("oi", ANA, id_="sandbox.1")
    bench.desk(messages.queue, 3, author="assistant", kind="text", text="olá")
    bench.desk(lambda tx: messages.claim_send(tx, tx.value("SELECT max(seq) FROM messages"), resend=False))
    async with bench.running():
        await wait_all_tasks_blocked()
    assert bench.states() == ["read"]
