"""Who gets the next of a limited number of slots: round-robin between tenants, by priority inside one.

`FairQueue` decides and does no I/O; `FairSlots` is the shell that lets tasks wait. Used for running turns and for
the requests to each provider.

The rule that protects a tenant from its neighbours: while more than one tenant waits, nobody is given more than an
eighth of the slots. So some stay free when fewer than eight tenants want them all: whoever comes next starts at once.
A tenant that waits alone may take everything.
"""

import math
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

import trio
from attrs import define, field

SHARES: Final = 8
"""A tenant holds at most one part in this many while others wait."""

BEGIN_AT_ONCE: Final = 2
"""Turns that begin in one pass of the loop."""

AGEING_SECONDS: Final = 5.0
"""How long a waiting item takes to gain one step of priority."""


@define(eq=False)
class Waiter:
    """One wish for a slot. `granted` until released; `withdrawn` when nobody wants it any more."""

    tenant: str
    granted: bool = False
    entering: bool = False  # granted, and counted among those who have not said that they are in
    withdrawn: bool = False
    signal: trio.Event | None = None  # set by the shell only; the queue does not touch it


@define(eq=False)
class _Line:
    """The waiters of one tenant, the most urgent first; withdrawn ones are cleared away now and then."""

    heap: list[tuple[float, int, Waiter]] = field(factory=list)
    withdrawn: int = 0

    @property
    def empty(self) -> bool:
        return len(self.heap) == self.withdrawn

    def push(self, urgency: float, order: int, waiter: Waiter) -> None:
        heappush(self.heap, (urgency, order, waiter))

    def pop(self) -> Waiter:
        while (waiter := heappop(self.heap)[2]).withdrawn:
            self.withdrawn -= 1
        return waiter

    def withdraw(self, waiter: Waiter) -> None:
        waiter.withdrawn = True
        self.withdrawn += 1
        if self.withdrawn * 2 > len(self.heap):
            self.heap = [entry for entry in self.heap if not entry[2].withdrawn]
            heapify(self.heap)
            self.withdrawn = 0


class FairQueue:
    """The decisions, without waiting. Each method that may free a slot returns who was given one.

    A waiting tenant is either `ready` (below its share, in round-robin order) or `blocked` (at its share). All
    operations but `resize` are O(log n) in the waiters of one tenant.
    """

    def __init__(self, capacity: int, *, ageing_seconds: float = AGEING_SECONDS, at_once: float = math.inf) -> None:
        """At most `at_once` are given a slot before one of them has `entered`."""
        self._ageing_seconds = ageing_seconds
        self._at_once = at_once
        self._entering = 0
        self._lines: dict[str, _Line] = {}
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._blocked: OrderedDict[str, None] = OrderedDict()
        self._held_by: dict[str, int] = {}
        self._order = count()
        self.held = 0
        self.waiting = 0
        self.paused = False
        self.capacity = _checked(capacity)

    @property
    def share(self) -> int:
        """How many slots one tenant is given at most while another waits."""
        return max(1, self.capacity // SHARES)

    def held_by(self, tenant: str) -> int:
        """How many slots the tenant has now."""
        return self._held_by.get(tenant, 0)

    def waiting_tenants(self) -> frozenset[str]:
        """The tenants that wait for a slot now."""
        return frozenset(self._lines)

    def ask(self, tenant: str, *, priority: int, since: float) -> tuple[Waiter, list[Waiter]]:
        """Wish for a slot; the wish, and who was given one by it (itself, if one was free).

        A smaller `priority` goes first. `since` is a time in seconds of one clock. All items of a tenant age alike,
        so that their order never changes: the sum of both is the place in the line.
        """
        waiter = Waiter(tenant)
        line = self._lines.get(tenant)
        if line is None:
            line = self._lines[tenant] = _Line()
            self._place(tenant)
        line.push(since + priority * self._ageing_seconds, next(self._order), waiter)
        self.waiting += 1
        return waiter, self._dispatch()

    def withdraw(self, waiter: Waiter) -> list[Waiter]:
        """Take a wish back, granted or not: nothing of it is left."""
        if waiter.granted:
            return self.release(waiter)
        line = self._lines[waiter.tenant]
        line.withdraw(waiter)
        self.waiting -= 1
        if line.empty:
            self._leave(waiter.tenant)
        return self._dispatch()  # one who waits alone now may have what two could not

    def release(self, waiter: Waiter) -> list[Waiter]:
        """Give a granted slot back."""
        assert waiter.granted
        self._done_entering(waiter)
        waiter.granted = False
        tenant = waiter.tenant
        self.held -= 1
        self._held_by[tenant] -= 1
        if not self._held_by[tenant]:
            del self._held_by[tenant]
        if tenant in self._blocked and self.held_by(tenant) < self.share:
            del self._blocked[tenant]
            self._ready[tenant] = None
        return self._dispatch()

    def entered(self, waiter: Waiter) -> list[Waiter]:
        """Who was given a slot has begun to use it: the next may come."""
        self._done_entering(waiter)
        return self._dispatch()

    def _done_entering(self, waiter: Waiter) -> None:
        self._entering -= waiter.entering
        waiter.entering = False

    def resize(self, capacity: int) -> list[Waiter]:
        """Change how many slots there are. Held ones stay held, also above the new number. O(tenants waiting)."""
        self.capacity = _checked(capacity)
        waiting = [*self._ready, *self._blocked]
        self._ready.clear()
        self._blocked.clear()
        for tenant in waiting:
            self._place(tenant)
        return self._dispatch()

    def pause(self) -> None:
        """Give nobody a slot until `resume`. Held ones stay held."""
        self.paused = True

    def resume(self) -> list[Waiter]:
        """Give slots again."""
        self.paused = False
        return self._dispatch()

    def _place(self, tenant: str) -> None:
        ring = self._ready if self.held_by(tenant) < self.share else self._blocked
        ring[tenant] = None

    def _leave(self, tenant: str) -> None:
        del self._lines[tenant]
        self._ready.pop(tenant, None)
        self._blocked.pop(tenant, None)

    def _dispatch(self) -> list[Waiter]:
        granted: list[Waiter] = []
        while self._may_grant() and (tenant := self._next()) is not None:
            granted.append(self._grant(tenant))
        return granted

    def _may_grant(self) -> bool:
        return not self.paused and self.held < self.capacity and self._entering < self._at_once

    def _next(self) -> str | None:
        if self._ready:
            return next(iter(self._ready))
        return next(iter(self._blocked)) if len(self._blocked) == 1 else None

    def _grant(self, tenant: str) -> Waiter:
        line = self._lines[tenant]
        waiter = line.pop()
        waiter.granted = waiter.entering = True
        self._entering += 1
        self.waiting -= 1
        self.held += 1
        self._held_by[tenant] = self.held_by(tenant) + 1
        self._ready.pop(tenant, None)
        self._blocked.pop(tenant, None)
        if line.empty:
            del self._lines[tenant]
        else:
            self._place(tenant)
        return waiter


def _checked(capacity: int) -> int:
    if capacity < 1:
        raise ValueError(f"a capacity of {capacity} lets nobody through: use at least 1")
    return capacity


class FairSlots:
    """Slots that tasks wait for. `async with slots.held(tenant): …`"""

    def __init__(self, capacity: int, *, ageing_seconds: float = AGEING_SECONDS, at_once: float = math.inf) -> None:
        """With `at_once` no more than so many begin in one pass of the loop.

        So work that keeps the processor busy begins the slower the longer a pass takes, and what else the loop has to
        do never waits behind hundreds that began together; where bodies wait for others, passes are short.
        """
        self._queue = FairQueue(capacity, ageing_seconds=ageing_seconds, at_once=at_once)
        self._paced = at_once < math.inf

    @property
    def capacity(self) -> int:
        """How many may be held at once."""
        return self._queue.capacity

    @property
    def in_use(self) -> int:
        """How many are held now; above `capacity` for a while after that was lowered."""
        return self._queue.held

    @property
    def waiting(self) -> int:
        """How many tasks wait now."""
        return self._queue.waiting

    def held_by(self, tenant: str) -> int:
        """How many slots the tenant has now."""
        return self._queue.held_by(tenant)

    def resize(self, capacity: int) -> None:
        """Change the number of slots at once. Lowering takes none away: they are not given again."""
        if capacity != self._queue.capacity:
            self._wake(self._queue.resize(capacity))

    def pause(self) -> None:
        """Give nobody a slot until `resume`; who has one keeps it."""
        self._queue.pause()

    def resume(self) -> None:
        """Give slots again, to those who waited meanwhile first."""
        self._wake(self._queue.resume())

    @asynccontextmanager
    async def held(self, tenant: str, *, priority: int = 0, waiting_since: float | None = None) -> AsyncIterator[None]:
        """Hold a slot for the body; see `take`."""
        slot = await self.take(tenant, priority=priority, waiting_since=waiting_since)
        try:
            yield
        finally:
            self.give_back(slot)

    async def take(
        self,
        tenant: str,
        *,
        priority: int = 0,
        waiting_since: float | None = None,
        patience: float = math.inf,
    ) -> Waiter:
        """Wait for a slot; the caller must give it back. A smaller `priority` goes first inside the tenant.

        `waiting_since` is in seconds of `trio.current_time()`; None is now. Cancelled while waiting, it leaves no
        trace. A checkpoint only when it has to wait, was cancelled before, or `at_once` is set.
        Raises `trio.TooSlowError` after `patience` seconds.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        since = trio.current_time() if waiting_since is None else waiting_since
        waiter, granted = self._queue.ask(tenant, priority=priority, since=since)
        self._wake(granted)
        if self._paced or not waiter.granted:
            try:
                await self._entry(waiter, patience)
            except BaseException:
                self._wake(self._queue.withdraw(waiter))
                raise
        self._wake(self._queue.entered(waiter))
        return waiter

    def give_back(self, slot: Waiter) -> None:
        """Let the next one have it."""
        self._wake(self._queue.release(slot))

    async def _entry(self, waiter: Waiter, patience: float) -> None:
        if waiter.granted:
            await trio.lowlevel.checkpoint()
        else:
            waiter.signal = trio.Event()
            with trio.fail_after(patience):
                await waiter.signal.wait()

    def _wake(self, granted: list[Waiter]) -> None:
        for waiter in granted:
            if waiter.signal is not None:
                waiter.signal.set()
