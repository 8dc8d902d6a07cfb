"""From a webhook's bytes to every shard it concerns: stored, or durably parked, before it is answered."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import orjson
import trio
from attrs import define, field

from daemon.backoff import delay_seconds
from daemon.clock import Now
from daemon.desk.outbox import StatusWatch
from daemon.desk.receive import PAUSE_FACT, Received, Rules, receive
from daemon.logs import get_logger
from daemon.metrics import Metrics
from daemon.tenants.tenant import Tenant
from daemon.whatsapp.cloud import MalformedDelivery, Part, events_of, split
from daemon.whatsapp.events import Event
from shards.central import parked, tenants
from shards.directory import ShardDirectory
from shards.errors import NotFound, ShardError, ShardUnavailable
from shards.shard import Shard, Tx
from shards.tenant import identity
from shards.tenant.profile import TenantProfile, load

REPLAY_BATCH: Final = 50
BRIEF_EVENTS: Final = 8
"""A delivery of so many events is written in the event loop (0.1 ms an event)."""
LONGEST_PAUSE_SECONDS: Final = 60.0
"""Between two tries to give a shard what was parked for it."""

_log = get_logger("reception")


@define(eq=False)
class _Parking:
    """A tenant whose parts are parked: all that come go there too, so that they stay in order."""

    items: int = 0
    writing: int = 0
    held: bool = False  # on purpose: nothing is replayed until it ends
    replaying: trio.Lock = field(factory=trio.Lock)


class Reception:
    """Receives for all tenants of the process. Needs shards, not nurseries."""

    def __init__(
        self,
        *,
        central: Shard,
        directory: ShardDirectory,
        rules_of: Callable[[TenantProfile], Rules],
        running: Callable[[str], Tenant | None],
        watch: StatusWatch,
        metrics: Metrics,
        receipts: Callable[[str], None],
        publish: Callable[[str, list[tuple[str, dict[str, Any]]]], None],
        now: Now,
        rng: random.Random,
    ) -> None:
        """`publish(tenant, news)` is for tenants that do not run; `receipts(tenant)` wakes the rollup."""
        self._central = central
        self._directory = directory
        self._rules_of = rules_of
        self._running = running
        self._watch = watch
        self._metrics = metrics
        self._receipts = receipts
        self._publish = publish
        self._now = now
        self._rng = rng
        self._parking: dict[str, _Parking] = {}
        self._parked = trio.Event()
        self.parked_items = 0
        self.parked_deliveries = 0

    async def open(self) -> None:
        """Learn which tenants have parked parts; once, before anything is received."""
        counts = await self._central.glance(_waiting)
        self._parking = {tenant: _Parking(items=count) for tenant, count in counts.items()}
        self.parked_items = sum(counts.values())
        self._parked.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Give shards that can be written again what was parked for them, until cancelled.

        A tenant that runs or starts is served by its own start too; this is for those whose nursery had no
        reason to end, or have none.
        """
        task_status.started()
        while True:
            await self._parked.wait()
            self._parked = trio.Event()
            attempt = 0
            while self._parking:
                attempt += 1
                await trio.sleep(delay_seconds(attempt, self._rng, longest_seconds=LONGEST_PAUSE_SECONDS))
                for tenant in list(self._parking):
                    try:
                        await self.replay(tenant)
                    except ShardError as error:
                        _log.info("still_parked", tenant=tenant, reason=str(error))

    @asynccontextmanager
    async def held(self, tenant: str) -> AsyncIterator[None]:
        """Park all that comes for the tenant while this is open (its file is exchanged), and replay nothing."""
        place = self._parking.setdefault(tenant, _Parking())
        async with place.replaying:
            place.held = True
        try:
            yield
        finally:
            place.held = False
            self._end_if_empty(tenant, place)
            self._parked.set()

    def _end_if_empty(self, tenant: str, place: _Parking) -> None:
        if not (place.items or place.writing or place.held or place.replaying.locked()):
            self._parking.pop(tenant, None)

    def forget(self, tenant: str) -> None:
        """The tenant is deleted, and what was parked for it is with its files."""
        place = self._parking.pop(tenant, None)
        if place is not None:
            self.parked_items = max(0, self.parked_items - place.items)

    async def receive(self, body: bytes) -> None:
        """Store one signed delivery. When it returns, everything in it is on disk.

        Tenants are written side by side; one whose shard fails is parked in central. Raises
        `MalformedDelivery` for a body that is no webhook, `ShardUnavailable` when central fails too.
        """
        delivery = split(body)
        for ignored in delivery.ignored:
            self._metrics.ignored(ignored.reason)
            _log.info("item_ignored", reason=ignored.reason, detail=ignored.detail)
        for part in await self._received(delivery.parts):
            self._metrics.ignored("unknown_number")
            _log.warning(
                "unknown_number", phone_number_id=part.phone_number_id, waba_id=part.waba_id, field=part.raw["field"]
            )

    async def receive_share(self, body: bytes) -> bytes | None:
        """As `receive`, for one of several cells: what leads nowhere here may be another's; it is named, not counted.

        The answer is a JSON list of those numbers (of accounts, where a part is about a whole one), None without any.
        """
        strange = await self._received(split(body).parts)
        return orjson.dumps(sorted({part.phone_number_id or part.waba_id for part in strange})) if strange else None

    async def numbers(self) -> list[str]:
        """The phone number ids that lead to tenants, sorted."""
        found: list[str] = await self._central.glance(tenants.phone_number_ids)
        return found

    async def _received(self, parts: tuple[Part, ...]) -> list[Part]:
        """Store the parts; those that lead to no tenant are given back."""
        by_tenant = await self._central.glance(partial(_routed, parts=parts))
        strange = by_tenant.pop("", [])
        if len(by_tenant) == 1:
            for tenant, of_tenant in by_tenant.items():
                await self._receive_for(tenant, of_tenant)
        elif by_tenant:
            await self._receive_all(by_tenant)
        return strange

    async def _receive_all(self, by_tenant: dict[str, list[Part]]) -> None:
        failed: list[ShardUnavailable] = []

        async def one(tenant: str, parts: list[Part]) -> None:
            try:
                await self._receive_for(tenant, parts)
            except ShardUnavailable as error:
                failed.append(error)

        async with trio.open_nursery() as nursery:
            for tenant, parts in by_tenant.items():
                nursery.start_soon(one, tenant, parts)
        if failed:
            raise failed[0]

    async def _receive_for(self, tenant: str, parts: list[Part]) -> None:
        if tenant in self._parking:
            await self._park(tenant, parts)
            return
        try:
            await self._store(tenant, parts)
        except ShardError as error:  # NotFound too: a file without a profile
            _log.warning("shard_not_written", tenant=tenant, reason=str(error))
            await self._park(tenant, parts)

    async def _store(self, tenant: str, parts: list[Part]) -> None:
        received_at = self._now()
        batch = [event for part in parts for event in events_of(part, received_at)]
        running = self._running(tenant)
        rules = running.rules if running is not None else None
        result = await self._directory.handle(tenant).write(
            partial(_write, batch=batch, rules=rules, rules_of=self._rules_of), brief=len(batch) <= BRIEF_EVENTS
        )
        if result.statuses:
            self._watch.seen(int(received_at.timestamp() * 1000))
        self._tell(tenant, result)

    def _tell(self, tenant: str, result: Received) -> None:
        for name, count in result.counts.items():
            if name.startswith("ignored_"):
                for _ in range(count):
                    self._metrics.ignored(name.removeprefix("ignored_"))
        running = self._running(tenant)
        if running is not None:
            running.received(result)
            if result.channel_changed:
                running.account_pause_changed(result.pause)
            return
        self._publish(tenant, result.news)
        if result.receipts:
            self._receipts(tenant)

    async def _park(self, tenant: str, parts: list[Part]) -> None:
        place = self._parking.setdefault(tenant, _Parking())
        place.writing += 1
        try:
            await self._central.write(partial(_park, tenant=tenant, parts=parts))
        except NotFound:
            _log.info("item_ignored", reason="deleted_tenant", tenant=tenant)
            self._metrics.ignored("deleted_tenant")
        else:
            place.items += len(parts)
            self.parked_items += len(parts)
            self.parked_deliveries += 1
        finally:
            place.writing -= 1
            self._end_if_empty(tenant, place)
            self._parked.set()

    async def replay(self, tenant: str) -> None:
        """Give a shard that can be written again what was parked for it, in order. Raises `ShardUnavailable`."""
        place = self._parking.get(tenant)
        if place is None:
            return
        async with place.replaying:
            if place.held:
                raise ShardUnavailable(f"the file of {tenant} is being exchanged", "try again in a moment")
            while True:
                batch = await self._central.glance(partial(parked.oldest, tenant=tenant, limit=REPLAY_BATCH))
                if not batch:
                    if not place.writing:
                        self._parking.pop(tenant, None)
                        return
                    await trio.sleep(0.01)
                    continue
                parts = []
                for _, document in batch:
                    try:
                        parts.append(Part.loads(document))
                    except MalformedDelivery as error:
                        _log.error("parked_part_damaged", tenant=tenant, reason=str(error))
                await self._store(tenant, parts)
                await self._central.write(partial(parked.replayed, tenant=tenant, up_to=batch[-1][0]))
                place.items -= len(batch)
                self.parked_items = max(0, self.parked_items - len(batch))
                _log.info("parked_replayed", tenant=tenant, count=len(batch))


def _routed(tx: Tx, parts: tuple[Part, ...]) -> dict[str, list[Part]]:
    """The parts by tenant; those that lead nowhere under ""."""
    found: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.phone_number_id:
            owner = tenants.by_phone_number_id(tx, part.phone_number_id)
            found[owner or ""].append(part)
        else:
            owners = tenants.by_waba_id(tx, part.waba_id)
            for tenant in owners or [""]:
                found[tenant].append(part)
    return found


def _waiting(tx: Tx) -> dict[str, int]:
    """Parked parts by tenant; those of a deleted one wait for nobody."""
    gone = "SELECT 1 FROM tenants WHERE id = ? AND state = 'deleted'"
    return {tenant: count for tenant, count in parked.counts(tx).items() if tx.value(gone, (tenant,)) is None}


def _park(tx: Tx, tenant: str, parts: list[Part]) -> None:
    tenants.one(tx, tenant)  # not for one that was deleted meanwhile
    for part in parts:
        parked.park(tx, tenant, part.dumps())


def _write(tx: Tx, batch: Sequence[Event], rules: Rules | None, rules_of: Callable[[TenantProfile], Rules]) -> Received:
    result = receive(tx, batch, rules if rules is not None else rules_of(load(tx)))
    if result.channel_changed:
        result.pause = identity.fact(tx, PAUSE_FACT)
    return result
