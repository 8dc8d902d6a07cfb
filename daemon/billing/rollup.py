"""Usage rows on their way from the shards to central's ledger and daily sums: each exactly once, by its event id."""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Final

import trio
from attrs import asdict, define, frozen

from daemon.logs import get_logger
from shards.central import daily, ledger
from shards.directory import ShardDirectory
from shards.errors import ShardMissing, ShardUnavailable
from shards.shard import Shard, Tx
from shards.tenant import identity, profile, tombstones, usage
from shards.tenant.tombstones import Tombstone
from shards.tenant.usage import Usage

ROUND_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 15.0
"""After a round in which something could not be read or written."""
QUIET_SECONDS: Final = 2.0
"""A shard is visited when nothing new came for so long: the receipts of an answer and its statuses in one visit, ..."""
PATIENCE_SECONDS: Final = 10.0
"""... and so long after the first of them at the latest. Most files in use are still open then."""
BATCH: Final = 1_000
FEW: Final = 32
"""Fewer receipts of a shard are read and marked in the event loop: in threads, one shard after the other, the rollup
fell behind at 2,000 dealerships and opened again what had been closed meanwhile (0.8 files a message, not 0.5)."""
SHARDS_AT_ONCE: Final = 16
"""Shards whose receipts share one commit of central at most, and that are marked side by side."""
RECEIPTS_AT_ONCE: Final = 4_000
"""... and how many receipts do, so that a backlog of many shards is not all in memory."""


@frozen(kw_only=True)
class Part:
    """What one shard has that central may not have."""

    tenant: str
    epoch: str
    time_zone: str  # in which the tenant's days are reckoned
    receipts: tuple[tuple[int, Usage], ...]
    tombstones: tuple[tuple[int, Tombstone], ...]

    @property
    def few(self) -> bool:
        """Whether that is little work, and all there is."""
        return max(len(self.receipts), len(self.tombstones)) < FEW

    @property
    def full(self) -> bool:
        """Whether the shard may have more."""
        return max(len(self.receipts), len(self.tombstones)) == BATCH


@define
class _Marked:
    """When a shard had new receipts, by the loop's clock."""

    first: float
    last: float

    def due(self, now: float) -> bool:
        return now >= self.last + QUIET_SECONDS or now >= self.first + PATIENCE_SECONDS


class Rollup:
    """Visits the shards that changed. `mark` from anywhere in the loop, `run` as a task."""

    def __init__(self, central: Shard, directory: ShardDirectory, trouble: Callable[[str], None]) -> None:
        """`trouble` gets a sentence when central cannot be written, "" when it can again."""
        self._central = central
        self._directory = directory
        self._trouble = trouble
        self._changed: dict[str, _Marked] = {}
        self._failed = False
        self._more = False  # some shard has more than was copied
        self._bell = trio.Event()
        self._log = get_logger("rollup")

    @property
    def waiting(self) -> int:
        """Shards with receipts that central may not have."""
        return len(self._changed)

    def mark(self, tenant: str) -> None:
        """The tenant's shard has new receipts."""
        now = trio.current_time()
        marked = self._changed.get(tenant)
        if marked is None:
            self._changed[tenant] = _Marked(now, now)
        else:
            marked.last = now
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look every `ROUND_SECONDS` for shards to visit, until cancelled. What fails is tried again later."""
        task_status.started()
        while True:
            await self._bell.wait()
            await trio.sleep(RETRY_SECONDS if self._failed else 0 if self._more else ROUND_SECONDS)
            now = trio.current_time()
            await self.round([tenant for tenant, marked in self._changed.items() if marked.due(now)])

    async def round(self, tenants: Sequence[str] | None = None) -> int:
        """Copy what these shards have, or all that are marked; how many receipts.

        A crash between its commits repeats work, never receipts. Shards that cannot be read or written stay marked,
        all of them when central cannot be written.
        """
        copied = 0
        changed = list(self._changed) if tenants is None else tenants
        for tenant in changed:
            self._changed.pop(tenant, None)
        self._failed = self._more = False
        if not self._changed:
            self._bell = trio.Event()
        for start in range(0, len(changed), SHARDS_AT_ONCE):
            group = changed[start : start + SHARDS_AT_ONCE]
            try:
                copied += await self._copy(group)
            except ShardUnavailable as error:
                self._trouble(f"receipts are not accounted for yet: {error}")
                self._log.warning("rollup_failed", reason=str(error))
                self._again(changed[start:])
                return copied
        self._trouble("")
        return copied

    async def drain(self, tenant: str) -> None:
        """Copy everything of one tenant now, before its files go. Raises `ShardUnavailable` when central fails."""
        while (part := await self._read(tenant)) is not None:
            await self._central.write(partial(_append, parts=[part]))
            if not await self._mark_copied(part) or not part.full:
                break
        self._changed.pop(tenant, None)

    def _again(self, tenants: Sequence[str]) -> None:
        self._failed = True
        for tenant in tenants:
            self.mark(tenant)

    async def _copy(self, tenants: Sequence[str]) -> int:
        copied, parts, held = 0, list[Part](), 0
        for tenant in tenants:
            part = await self._read(tenant)
            if part is None:
                continue
            parts.append(part)
            held += len(part.receipts)
            if held >= RECEIPTS_AT_ONCE:
                copied += await self._hand_over(parts)
                parts, held = [], 0
        return copied + await self._hand_over(parts)

    async def _hand_over(self, parts: Sequence[Part]) -> int:
        if not parts:
            return 0
        await self._central.write(partial(_append, parts=list(parts)))
        async with trio.open_nursery() as nursery:
            for part in parts:
                nursery.start_soon(self._mark_copied, part)
        return sum(len(part.receipts) for part in parts)

    async def _read(self, tenant: str) -> Part | None:
        shard = self._directory.handle(tenant)
        try:
            part = await shard.glance(partial(_uncopied, tenant=tenant, limit=FEW))
            if not part.few:
                part = await shard.read(partial(_uncopied, tenant=tenant, limit=BATCH))
        except ShardMissing:
            return None  # deleted meanwhile
        except ShardUnavailable as error:
            self._log.warning("rollup_skipped", tenant=tenant, reason=str(error))
            self._again([tenant])
            return None
        return part if part.receipts or part.tombstones else None

    async def _mark_copied(self, part: Part) -> bool:
        try:
            await self._directory.handle(part.tenant).write(partial(_copied, part=part), brief=part.few)
        except ShardUnavailable as error:
            self._log.warning("rollup_not_marked", tenant=part.tenant, reason=str(error))
            self._again([part.tenant])
            return False
        if part.full:
            self._changed[part.tenant] = _Marked(-inf, -inf)
            self._more = True
            self._bell.set()
        return True


def _uncopied(tx: Tx, tenant: str, limit: int) -> Part:
    return Part(
        tenant=tenant,
        epoch=identity.fact(tx, "epoch"),
        time_zone=profile.time_zone(tx),
        receipts=tuple(usage.uncopied(tx, limit)),
        tombstones=tuple(tombstones.uncopied(tx, limit)),
    )


def _append(tx: Tx, parts: list[Part]) -> None:
    for part in parts:
        calendar = daily.calendar(tx, part.tenant, part.time_zone)
        new = ledger.append(tx, part.tenant, part.epoch, (asdict(receipt) for _, receipt in part.receipts))
        daily.add(tx, part.tenant, calendar, new)
        ledger.bury(tx, part.tenant, ((grave.kind, grave.hash, grave.at) for _, grave in part.tombstones))


def _copied(tx: Tx, part: Part) -> None:
    usage.copied(tx, (seq for seq, _ in part.receipts))
    tombstones.copied(tx, (seq for seq, _ in part.tombstones))
