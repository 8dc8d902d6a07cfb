"""Which tenants run: starts them, restarts a faulty one without waking the rest, stops them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import trio
from attrs import define, field

from daemon.backoff import delay_seconds
from daemon.control.ports import TenantReport
from daemon.logs import get_logger
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tasks import sentence
from daemon.tenants.tenant import Tenant

STEADY_SECONDS: Final = 120.0
"""A tenant that ran so long has left its former faults behind."""
STARTING: Final = 32
"""Tenants that are being opened at a time."""
CONNECT_SECONDS: Final = 20.0
"""A channel connects after that at the latest, though other tenants may still be tried."""
DRAIN_LOOK_SECONDS: Final = 0.05

_log = get_logger("supervisor")


@define(eq=False)
class _Place:
    """A tenant's place in the tree, kept over its restarts."""

    scope: trio.CancelScope = field(factory=trio.CancelScope)
    running: Tenant | None = None
    last: Tenant | None = None  # whose tasks are still shown while it waits for its restart
    failures: int = 0
    reason: str = ""
    retry_at: datetime | None = None
    kick: trio.Event = field(factory=trio.Event)
    tried: trio.Event = field(factory=trio.Event)
    ended: trio.Event = field(factory=trio.Event)


class Supervisor:
    """All tenants that should run. One task a tenant, each with the tenant's nursery inside."""

    def __init__(self, around: Surroundings, before_start: Callable[[str], Awaitable[None]]) -> None:
        """`before_start(tenant)` replays what was parked while the tenant could not be written."""
        self._around = around
        self._before_start = before_start
        self._places: dict[str, _Place] = {}
        self._nursery: trio.Nursery | None = None
        self._draining = False
        self._all_tried = trio.Event()
        self._starting = trio.CapacityLimiter(STARTING)

    async def run(
        self, tenants: Iterable[str], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Run `tenants` and those started later, until cancelled. `started()` when each was tried once."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                for tenant in tenants:
                    self.start(tenant)
                for place in list(self._places.values()):
                    await place.tried.wait()
                self._all_tried.set()
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None

    def start(self, tenant: str) -> None:
        """Begin to run a tenant; nothing if it runs."""
        if self._nursery is not None and tenant not in self._places:
            self._places[tenant] = place = _Place()
            self._nursery.start_soon(self._keep, tenant, place)

    async def stop(self, tenant: str) -> None:
        """End a tenant's nursery and wait until it is gone. A send under way stays unsettled."""
        place = self._places.get(tenant)
        if place is not None:
            place.scope.cancel()
            await place.ended.wait()

    async def tried(self, tenant: str) -> None:
        """Wait until the tenant runs or has failed once."""
        place = self._places.get(tenant)
        if place is not None:
            await place.tried.wait()

    def kick(self, tenant: str) -> None:
        """Do not wait any longer before the next restart."""
        place = self._places.get(tenant)
        if place is not None:
            place.kick.set()

    def running(self, tenant: str) -> Tenant | None:
        """The tenant if its nursery is open."""
        place = self._places.get(tenant)
        return place.running if place is not None else None

    def count(self) -> tuple[int, int]:
        """(tenants that run, tenants that should)."""
        return sum(place.running is not None for place in self._places.values()), len(self._places)

    def without_credentials(self) -> list[str]:
        """Tenants that run and whose secrets cannot be used."""
        return [tenant.id for tenant in self.tenants() if tenant.credentials_needed]

    def reports(self) -> Mapping[str, TenantReport]:
        """Every tenant that runs or should."""
        return {tenant: self._report(place) for tenant, place in self._places.items()}

    def report(self, tenant: str) -> TenantReport | None:
        """One of them."""
        place = self._places.get(tenant)
        return self._report(place) if place is not None else None

    def tenants(self) -> list[Tenant]:
        """Those that run now."""
        return [place.running for place in self._places.values() if place.running is not None]

    def queue_age_seconds(self) -> float:
        """How long the conversation that waits longest for its turn has been due; 0 when none is."""
        due = [at for tenant in self.tenants() if tenant.inbox and (at := tenant.inbox.oldest_due_ms()) is not None]
        return max(0.0, self._around.now().timestamp() - min(due) / 1000) if due else 0.0

    def channels(self) -> list[tuple[str, ...]]:
        """(kind, state) of each channel that runs."""
        return [
            (tenant.profile.channel.kind, tenant.channel_state)
            for tenant in self.tenants()
            if tenant.profile is not None
        ]

    async def drain(self) -> None:
        """Begin no turn any more and wait until those that run have ended and been handed over. May be cancelled."""
        self._draining = True  # for those that start meanwhile
        for tenant in self.tenants():
            tenant.drain()
        # looked at, not signalled: it happens once in a process's life
        while not all(tenant.drained for tenant in self.tenants()):  # noqa: ASYNC110
            await trio.sleep(DRAIN_LOOK_SECONDS)

    def _report(self, place: _Place) -> TenantReport:
        shown = place.running or place.last
        tasks = shown.board.reports() if shown is not None else ()
        if place.running is None:
            state = "failed" if place.reason else "active"
            return TenantReport(state=state, reason=place.reason, retry_at=place.retry_at, tasks=tasks)
        needed = place.running.credentials_needed
        if needed:
            return TenantReport(state="credentials_needed", reason=needed, tasks=tasks)
        return TenantReport(state="active", tasks=tasks)

    async def _keep(self, tenant: str, place: _Place) -> None:
        """Run one tenant again and again until its scope is cancelled."""
        log = get_logger("supervisor", tenant=tenant)
        try:
            with place.scope:
                while True:
                    began = trio.current_time()
                    await self._once(tenant, place)
                    if trio.current_time() - began > STEADY_SECONDS:
                        place.failures = 0
                    place.failures += 1
                    pause = delay_seconds(place.failures, self._around.rng)
                    place.retry_at = self._around.now() + timedelta(seconds=pause)
                    place.kick = trio.Event()
                    self._around.metrics.tenant_restarted(tenant)
                    self._around.events.publish(
                        "tenant", {"tenant": tenant, "state": "failed", "reason": place.reason}, tenant
                    )
                    log.warning("tenant_failed", reason=place.reason, retry_seconds=round(pause, 1))
                    place.tried.set()
                    with trio.move_on_after(pause):
                        await place.kick.wait()
        finally:
            del self._places[tenant]
            place.tried.set()
            place.ended.set()

    async def _others_tried(self) -> None:
        """Let 2,000 files be tried before 2,000 channels connect, a fifth of a start's work; no tenant waits long."""
        with trio.move_on_after(CONNECT_SECONDS):
            await self._all_tried.wait()

    async def _once(self, tenant: str, place: _Place) -> None:
        """One life of a tenant, and the boundary of its faults."""
        try:
            async with trio.open_nursery() as nursery:
                async with self._starting:  # round both, else a file is opened, closed to make room, opened again
                    await self._before_start(tenant)
                    made = Tenant(tenant, self._around)
                    await nursery.start(partial(made.run, connect=self._others_tried))
                place.running = place.last = made
                if self._draining:
                    made.drain()
                place.reason, place.retry_at = "", None
                place.tried.set()
        except* Exception as group:  # noqa: BLE001 - the boundary of a tenant (DESIGN 4)
            place.reason = sentence(group)
            _log.info("tenant_ended", tenant=tenant, exc_info=group)
        else:
            place.reason = "the tenant ended by itself"
        finally:
            place.running = None
