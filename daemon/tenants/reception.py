"""From a webhook's bytes to every shard it concerns: stored, or durably parked, before it is answered."""

import math
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import orjson
import trio

from daemon.backoff import delay_seconds
from daemon.clock import Now
from daemon.desk.outbox import StatusWatch
from daemon.desk.receive import PAUSE_FACT, Received, Rules, receive
from daemon.logs import get_logger
from daemon.metrics import Metrics
from daemon.tenants import parking
from daemon.tenants.parking import Parked
from daemon.tenants.press import Press
from daemon.tenants.tenant import Tenant
from daemon.whatsapp.cloud import Part, events_of, split
from daemon.whatsapp.events import Event
from shards.central import parked, tenants
from shards.directory import ShardDirectory
from shards.errors import NotFound, ShardError, ShardUnavailable
from shards.shard import Shard, Tx
from shards.tenant import identity
from shards.tenant.profile import TenantProfile, load

BRIEF_EVENTS: Final = 8
"""A delivery of so many events is written in the event loop (0.1 ms an event)."""
REPLAY_BATCH: Final = 8
"""Parts given to a shard in one transaction, before the next tenant has its turn: hardly more than a brief write."""
PARKED_SOON_SECONDS: Final = 0.01
REPLAYS_ABREAST: Final = 4
"""Tenants that are given such a batch side by side: one alone waits for the disk most of the time."""
LONGEST_PAUSE_SECONDS: Final = 60.0
"""Between two tries to give a shard what was parked for it."""

_log = get_logger("reception")


class Reception:
    """Receives for all tenants of the process. Needs shards, not nurseries."""

    def __init__(
        self,
        *,
        central: Shard,
        directory: ShardDirectory,
        rules_of: Callable[[TenantProfile], Rules],
        running: Callable[[str], Tenant | None],
        press: Press,
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
        self.press = press
        self._watch = watch
        self._metrics = metrics
        self._receipts = receipts
        self._publish = publish
        self._now = now
        self._rng = rng
        self._parking: dict[str, Parked] = {}
        self._parked = trio.Event()
        self._pressed_since: float | None = None
        self.parked_deliveries = 0

    async def open(self) -> None:
        """Learn which tenants have parked parts; once, before anything is received."""
        waiting = await self._central.glance(parking.waiting)
        self._parking = {tenant: Parked(items=count, since_ms=since) for tenant, (count, since) in waiting.items()}
        self._parked.set()

    @property
    def parked_items(self) -> int:
        """Parts that wait in central."""
        return sum(place.items for place in self._parking.values())

    @property
    def unwritable_items(self) -> int:
        """Those whose shard cannot be written."""
        return sum(place.items for place in self._parking.values() if place.unwritable)

    @property
    def pressed_items(self) -> int:
        """Those that wait for their turn alone."""
        return self.parked_items - self.unwritable_items

    def parked_seconds(self) -> float:
        """How long the oldest parked part has waited; 0 when none does."""
        since = min((place.since_ms for place in self._parking.values() if place.items), default=None)
        return 0.0 if since is None else max(0.0, self._now().timestamp() - since / 1000)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Give shards what was parked for them, tenants in turn, until cancelled; while deliveries press, nothing.

        A tenant that starts is served by its own start too; this is for those whose nursery had no reason to end,
        or have none.
        """
        task_status.started()
        while True:
            self._parked = trio.Event()
            now = trio.current_time()
            ripe = [tenant for tenant, place in self._parking.items() if place.ripe(now)]
            for first in range(0, len(ripe), REPLAYS_ABREAST):
                await self.press.eased()
                async with trio.open_nursery() as nursery:
                    for tenant in ripe[first : first + REPLAYS_ABREAST]:
                        nursery.start_soon(self._try_replay, tenant)
            self._note_end_of_press()
            if not ripe:
                retries = (place.retry_at for place in self._parking.values() if place.retry_at > now)
                with trio.move_on_at(min(retries, default=math.inf)):
                    await self._parked.wait()

    async def _try_replay(self, tenant: str) -> None:
        try:
            await self._replay_batch(tenant)
        except ShardError as error:
            _log.info("still_parked", tenant=tenant, reason=str(error))

    @asynccontextmanager
    async def held(self, tenant: str) -> AsyncIterator[None]:
        """Park all that comes for the tenant while this is open (its file is exchanged), and replay nothing."""
        place = self._parking.setdefault(tenant, Parked())
        async with place.replaying:
            place.held = True
        try:
            yield
        finally:
            place.held = False
            self._end_if_empty(tenant, place)
            self._parked.set()

    def _end_if_empty(self, tenant: str, place: Parked) -> None:
        if not (place.items or place.writing or place.held or place.replaying.locked()):
            self._parking.pop(tenant, None)

    def forget(self, tenant: str) -> None:
        """The tenant is deleted, and what was parked for it is with its files."""
        self._parking.pop(tenant, None)

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
        with self.press.delivery():
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
        place = self._parking.get(tenant)
        if place is not None and place.unwritable:
            await self._park(tenant, parts)
        elif (place is not None or self.press.hard) and not all(map(parking.never_pressed, parts)):
            if self.press.hard:
                self._note_press()
            await self._park(tenant, parts)
        else:
            try:
                await self._store(tenant, parts)
            except ShardError as error:  # NotFound too: a file without a profile
                _log.warning("shard_not_written", tenant=tenant, reason=str(error))
                self._failed(self._parking.setdefault(tenant, Parked()))
                await self._park(tenant, parts)

    def _failed(self, place: Parked) -> None:
        place.failures += 1
        pause = delay_seconds(place.failures, self._rng, longest_seconds=LONGEST_PAUSE_SECONDS)
        place.retry_at = trio.current_time() + pause

    def _note_press(self) -> None:
        if self._pressed_since is None:
            self._pressed_since = trio.current_time()
            _log.warning("press", under_way=self.press.under_way, remedy="what comes is parked and taken in afterwards")

    def _note_end_of_press(self) -> None:
        if self._pressed_since is not None and not self.press.hard and not self.pressed_items:
            _log.info("press_over", seconds=round(trio.current_time() - self._pressed_since, 1))
            self._pressed_since = None

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
        place = self._parking.setdefault(tenant, Parked())
        place.writing += 1
        try:
            parked_ms = int(self._now().timestamp() * 1000)
            await self._central.write(
                partial(parking.park, tenant=tenant, parts=parts)
            )  # not brief: those share a commit by 64
        except NotFound:
            _log.info("item_ignored", reason="deleted_tenant", tenant=tenant)
            self._metrics.ignored("deleted_tenant")
        else:
            if not place.items:
                place.since_ms = parked_ms
            place.items += len(parts)
            self.parked_deliveries += 1
        finally:
            place.writing -= 1
            self._end_if_empty(tenant, place)
            self._parked.set()

    async def replay(self, tenant: str) -> None:
        """Give a shard all that was parked for it, in order. Raises `ShardUnavailable`. May be cancelled half-way."""
        while (place := self._parking.get(tenant)) is not None:
            if not place.items and place.writing:
                await trio.sleep(0.01)
            await self._replay_batch(tenant)

    async def _replay_batch(self, tenant: str) -> None:
        """The oldest parts, in one transaction of the shard; the end of the tenant's parking if there are none.

        A crash between that transaction and the one of central repeats them, and a repeated event changes nothing.
        """
        place = self._parking.get(tenant)
        if place is None:
            return
        async with place.replaying:
            if place.held:
                raise ShardUnavailable(f"the file of {tenant} is being exchanged", "try again in a moment")
            try:
                await self._replay_oldest(tenant, place)
            except ShardError:
                self._failed(place)
                raise
            place.failures, place.retry_at = 0, -math.inf

    async def _replay_oldest(self, tenant: str, place: Parked) -> None:
        batch = await self._central.glance(partial(parked.oldest, tenant=tenant, limit=REPLAY_BATCH))
        if batch:
            await self._store(tenant, parking.parts_of(tenant, batch))
            done = partial(parked.replayed, tenant=tenant, up_to=batch[-1][0])
            left_since: int | None = await self._central.write(done, brief=True)
            place.since_ms = left_since or place.since_ms
            place.items -= len(batch)
            _log.debug("parked_replayed", tenant=tenant, count=len(batch))
        elif not place.writing and self._parking.get(tenant) is place:
            del self._parking[tenant]


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


def _write(tx: Tx, batch: Sequence[Event], rules: Rules | None, rules_of: Callable[[TenantProfile], Rules]) -> Received:
    result = receive(tx, batch, rules if rules is not None else rules_of(load(tx)))
    if result.channel_changed:
        result.pause = identity.fact(tx, PAUSE_FACT)
    return result
