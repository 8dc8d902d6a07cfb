"""A Trio instrument that names the task steps which held everybody else up."""

import time
from collections.abc import Callable
from typing import Final

import trio
from attrs import frozen

from daemon.logs import get_logger

THRESHOLD_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 5.0
"""At most one report in so long; what came between is counted in the next."""

_log = get_logger("stall")


@frozen
class Stall:
    """One step (from one checkpoint to the next) that took too long."""

    task: str
    seconds: float
    others: int  # stalls since the last report that were not reported themselves


def log_stall(stall: Stall) -> None:
    """A warning with the task's name and the length in milliseconds."""
    _log.warning("the event loop was held up", task=stall.task, ms=round(stall.seconds * 1000), others=stall.others)


class StallInstrument(trio.abc.Instrument):
    """Reports each step longer than `threshold_seconds`, rate limited; `worst_seconds` is for the metrics."""

    def __init__(
        self,
        report: Callable[[Stall], None] = log_stall,
        *,
        threshold_seconds: float = THRESHOLD_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._report = report
        self._threshold = threshold_seconds
        self._clock = clock
        self._began: float | None = None
        self._reported = 0.0
        self._others = 0
        self._first = True
        self._worst = 0.0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Trio calls it."""
        self._began = self._clock()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Trio calls it."""
        if self._began is None:
            return  # the step in which we were put in: its beginning was not seen
        now = self._clock()
        took = now - self._began
        if took > self._worst:
            self._worst = took
        if took <= self._threshold:
            return
        if not self._first and now - self._reported < QUIET_SECONDS:
            self._others += 1
            return
        self._first, self._reported = False, now
        others, self._others = self._others, 0
        self._report(Stall(task.name, took, others))

    def take_worst_seconds(self) -> float:
        """The longest step since the last call."""
        worst, self._worst = self._worst, 0.0
        return worst
