"""The bounded cache of one tenant's vehicles: the hot ones and the summary. Its age is visible."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import trio

from daemon.desk.turn import SMALL_STOCK
from shards.directory import ShardHandle
from shards.tenant import stock
from shards.tenant.vehicle import StockSummary, Vehicle

CAPACITY: Final = 256


class VehicleCache:
    """Lives in one tenant's nursery. Filled on demand, filled ahead by `refresh`, emptied by `invalidate`.

    Whoever writes vehicles calls `invalidate` after the commit; what was being read meanwhile is not kept.
    """

    def __init__(
        self,
        shard: ShardHandle,
        *,
        capacity: int = CAPACITY,
        monotonic: Callable[[], float] = trio.current_time,
    ) -> None:
        self._shard = shard
        self._capacity = capacity
        self._monotonic = monotonic
        self._vehicles: OrderedDict[str, Vehicle] = OrderedDict()  # least recently used first
        self._summary: StockSummary | None = None
        self._generation = 0
        self._filled_at: float | None = None
        self._summing = trio.Lock()

    def __len__(self) -> int:
        return len(self._vehicles)

    @property
    def age_seconds(self) -> float | None:
        """How old the oldest thing in the cache may be; None when it is empty."""
        return None if self._filled_at is None else self._monotonic() - self._filled_at

    async def get(self, ids: Iterable[str]) -> tuple[Vehicle, ...]:
        """The offered vehicles of these ids in their order; those that are not in stock are left out.

        Raises `ShardError`. May be cancelled.
        """
        wanted = list(dict.fromkeys(ids))
        found = {one: self._vehicles[one] for one in wanted if one in self._vehicles}
        for one in found:
            self._vehicles.move_to_end(one)
        missing = [one for one in wanted if one not in found]
        if missing:
            generation, began = self._generation, self._monotonic()
            read = await self._shard.glance(lambda tx: stock.get(tx, missing))
            found.update((vehicle.id, vehicle) for vehicle in read)
            if generation == self._generation:
                self._keep(read, began)
        return tuple(found[one] for one in wanted if one in found)

    async def summary(self) -> StockSummary:
        """What is in stock by make and model. Raises `ShardError`. May be cancelled."""
        async with self._summing:  # one reads, the others wait for it
            if self._summary is None:
                generation, began = self._generation, self._monotonic()
                # in the loop where they are few: a thread costs more, and so does a second connection of a quiet file
                read = await self._shard.glance(partial(stock.summary_of_few, limit=SMALL_STOCK))
                if read is None:
                    read = await self._shard.read(stock.summary)
                if generation != self._generation:
                    return read
                self._summary = read
                self._begun(began)
            return self._summary

    def invalidate(self) -> None:
        """Forget everything: vehicles were written."""
        self._generation += 1
        self._vehicles.clear()
        self._summary = None
        self._filled_at = None

    async def refresh(self) -> None:
        """Read the hot vehicles and the summary anew, keeping the old until then. Raises `ShardError`."""
        generation, began = self._generation, self._monotonic()
        vehicles, summary = await self._shard.read(lambda tx: (stock.hot(tx, self._capacity), stock.summary(tx)))
        if generation != self._generation:
            return
        self._vehicles.clear()
        self._filled_at = None
        self._summary = summary
        self._begun(began)
        self._keep(reversed(vehicles), began)

    def _keep(self, vehicles: Iterable[Vehicle], began: float) -> None:
        for vehicle in vehicles:
            self._vehicles[vehicle.id] = vehicle
            self._vehicles.move_to_end(vehicle.id)
            self._begun(began)
        while len(self._vehicles) > self._capacity:
            self._vehicles.popitem(last=False)

    def _begun(self, at: float) -> None:
        self._filled_at = at if self._filled_at is None else min(self._filled_at, at)
