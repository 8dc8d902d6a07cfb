from collections.abc import Iterator

import trio

from daemon.stall import QUIET_SECONDS, Stall, StallInstrument, log_stall
from tests.conftest import Logs


class Steps:
    """A clock that a step moves by what it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(lengths: Iterator[float] | list[float]) -> tuple[list[Stall], float]:
    clock, stalls = Steps(), list[Stall]()
    instrument = StallInstrument(stalls.append, clock=clock)

    async def hog() -> None:
        for length in lengths:
            clock.now += length
            await trio.lowlevel.checkpoint()

    trio.run(hog, instruments=[instrument])
    return stalls, instrument.take_worst_seconds()


def test_short_steps_are_nobodys_business() -> None:
    stalls, worst = run([0.05, 0.09, 0.0])
    assert stalls == []
    assert 0.08 < worst < 0.1


def test_a_long_step_is_reported_with_its_task() -> None:
    (stall,), worst = run([0.25])
    assert "hog" in stall.task
    assert (round(stall.seconds, 3), stall.others) == (0.25, 0)
    assert round(worst, 3) == 0.25


def test_reports_are_rate_limited_and_counted() -> None:
    stalls, _ = run([0.2, 0.2, 0.2, QUIET_SECONDS])
    assert [(round(stall.seconds, 3), stall.others) for stall in stalls] == [(0.2, 0), (QUIET_SECONDS, 2)]


def test_the_step_in_which_it_was_put_in_is_not_counted() -> None:
    stalls = list[Stall]()
    instrument = StallInstrument(stalls.append)

    async def late() -> None:
        trio.lowlevel.add_instrument(instrument)
        await trio.lowlevel.checkpoint()

    trio.run(late)
    assert stalls == []
    assert instrument.take_worst_seconds() < 60  # not the time since the machine was booted


def test_the_worst_is_taken_once() -> None:
    instrument = StallInstrument()
    trio.run(trio.lowlevel.checkpoint, instruments=[instrument])
    assert instrument.take_worst_seconds() > 0
    assert instrument.take_worst_seconds() == 0


def test_a_stall_becomes_a_warning(logs: Logs) -> None:
    log_stall(Stall("daemon.desk.turn", 0.1234, 2))
    (event,) = logs.named("held up")
    assert (event["task"], event["ms"], event["others"]) == ("daemon.desk.turn", 123, 2)
