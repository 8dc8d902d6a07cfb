"""Receiving goes first: what waits while more deliveries come in than can be taken in at once.

Meta wants its 200 within a second, a customer the answer within seconds. So while deliveries press no further turn
begins, and when they press hard they are parked, which costs less than half of taking them in. Turns that run go on,
and so does what salespeople send.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import trio

TURNS_WAIT_ABOVE: Final = 32
"""So many deliveries under way are what a busy hour brings; they are answered within 0.1 s."""
PARK_ABOVE: Final = 96
"""Taking so many in takes 0.2 s of one core. Without a burst nobody holds as many open."""


class Turns(Protocol):
    """Who lets turns begin (`desk/fairness.py`)."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Press:
    """Counts the deliveries under way. Nothing here waits for anything but their end, so nothing can wait for ever."""

    def __init__(self, turns: Turns, *, turns_wait_above: int = TURNS_WAIT_ABOVE, park_above: int = PARK_ABOVE) -> None:
        """Turns may begin again when half of `turns_wait_above` are under way."""
        self._turns = turns
        self._wait_above = turns_wait_above
        self._park_above = park_above
        self._eased = trio.Event()
        self._eased.set()
        self.under_way = 0

    @property
    def hard(self) -> bool:
        """Whether to park what comes."""
        return self.under_way > self._park_above

    @property
    def light(self) -> bool:
        """Whether there is time for other work."""
        return self._eased.is_set()

    async def eased(self) -> None:
        """Wait until there is time for other work. A checkpoint only if there is none."""
        while not self._eased.is_set():
            await self._eased.wait()

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """One delivery is under way."""
        self.under_way += 1
        if self.under_way > self._wait_above and self._eased.is_set():
            self._eased = trio.Event()
            self._turns.pause()
        try:
            yield
        finally:
            self.under_way -= 1
            if self.under_way <= self._wait_above // 2 and not self._eased.is_set():
                self._eased.set()
                self._turns.resume()
