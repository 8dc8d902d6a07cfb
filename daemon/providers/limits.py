"""How many requests a provider gets at once: fewer when it says 429 or 529, slowly more when it does not. Pure."""

from typing import Final

from attrs import define, field

CUT: Final = 0.7
"""What is left of the limit after a complaint."""
STEP_SECONDS: Final = 10.0
"""How long it is quiet before the limit is raised by a step."""
STEP: Final = 0.1
"""The part of the limit that a step adds, one at least."""


@define
class ConcurrencyLimit:
    """The limit of one provider. Times are seconds of one monotonic clock."""

    ceiling: int
    cuts: int = 0
    _limit: int = field(init=False)
    _changed_at: float = 0.0
    _cut_at: float = float("-inf")

    def __attrs_post_init__(self) -> None:
        self._limit = self.ceiling

    def current(self, now: float) -> int:
        """How many may run at `now`."""
        while self._limit < self.ceiling and now - self._changed_at >= STEP_SECONDS:
            self._limit = min(self.ceiling, self._limit + max(1, int(self._limit * STEP)))
            self._changed_at += STEP_SECONDS
        return self._limit

    def complained(self, *, begun_at: float, running: int, now: float) -> int:
        """The vendor asked to slow down, in answer to a request begun at `begun_at`; the new limit.

        The cut starts from what really ran. The answers to requests that were under way at the last cut say nothing
        new and change nothing.
        """
        if begun_at >= self._cut_at:
            self._limit = max(1, int(min(self.current(now), running) * CUT))
            self._cut_at = self._changed_at = now
            self.cuts += 1
        return self._limit
