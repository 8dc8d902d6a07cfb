"""Usage rows on their way from the shards to central's ledger: each exactly once, by its event id."""

from functools import partial
from typing import Final

import trio
from attrs import asdict, frozen

from daemon.logs import get_logger
from shards.central import ledger
from shards.directory import ShardDirectory
from shards.errors import ShardUnavailable
from shards.shard import Shard, Tx
from shards.tenant import identity, tombstones, usage
from shards.tenant.tombstones import Tombstone
from shards.tenant.usage import Usage

ROUND_SECONDS: Final = 2.0
BATCH: Final = 1_000
TENANTS_A_ROUND: Final = 64
"""Shards whose receipts share one commit of central."""


@frozen(kw_only=True)
class Part:
    """What one shard has that central may not have."""

    tenant: str
    epoch: str
    receipts: tuple[tuple[int, Usage], ...]
    tombstones: tuple[tuple[int, Tombstone], ...]

    @property
    def full(self) -> bool:
        """Whether the shard may have more."""
        return len(self.receipts) == BATCH or len(self.tombstones) == BATCH


class Rollup:
    """Visits the shards that changed. `mark` from anywhere in the loop, `run` as a task."""

    def __init__(self, central: Shard, directory: ShardDirectory) -> None:
        self._central = central
        self._directory = directory
        self._changed: dict[str, None] = {}
        self._bell = trio.Event()
        self._log = get_logger("rollup")

    @property
    def waiting(self) -> int:
        """Shards with receipts that central may not have."""
        return len(self._changed)

    def mark(self, tenant: str) -> None:
        """The tenant's shard has new receipts."""
        self._changed[tenant] = None
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Copy what is marked, a round every `ROUND_SECONDS`, until cancelled. Raises when central fails."""
        task_status.started()
        while True:
            await self._bell.wait()
            await trio.sleep(ROUND_SECONDS)
            self._bell = trio.Event()
            await self.round()

    async def round(self) -> int:
        """Copy what is marked now; how many receipts. A crash between its commits repeats work, never receipts."""
        copied = 0
        changed, self._changed = list(self._changed), {}
        for start in range(0, len(changed), TENANTS_A_ROUND):
            parts = [part for tenant in changed[start : start + TENANTS_A_ROUND] if (part := await self._read(tenant))]
            if not parts:
                continue
            await self._central.write(partial(_append, parts=parts))
            for part in parts:
                await self._mark_copied(part)
                copied += len(part.receipts)
        return copied

    async def _read(self, tenant: str) -> Part | None:
        try:
            part = await self._directory.handle(tenant).read(partial(_uncopied, tenant=tenant))
        except ShardUnavailable as error:
            self._log.warning("rollup_skipped", tenant=tenant, reason=str(error))
            return None
        return part if part.receipts or part.tombstones else None

    async def _mark_copied(self, part: Part) -> None:
        try:
            await self._directory.handle(part.tenant).write(partial(_copied, part=part))
        except ShardUnavailable as error:
            self._log.warning("rollup_not_marked", tenant=part.tenant, reason=str(error))
        if part.full:
            self.mark(part.tenant)


def _uncopied(tx: Tx, tenant: str) -> Part:
    return Part(
        tenant=tenant,
        epoch=identity.fact(tx, "epoch"),
        receipts=tuple(usage.uncopied(tx, BATCH)),
        tombstones=tuple(tombstones.uncopied(tx, BATCH)),
    )


def _append(tx: Tx, parts: list[Part]) -> None:
    for part in parts:
        ledger.append(tx, part.tenant, part.epoch, (asdict(receipt) for _, receipt in part.receipts))
        ledger.bury(tx, part.tenant, ((grave.kind, grave.hash, grave.at) for _, grave in part.tombstones))


def _copied(tx: Tx, part: Part) -> None:
    usage.copied(tx, (seq for seq, _ in part.receipts))
    tombstones.copied(tx, (seq for seq, _ in part.tombstones))
