"""One tenant's session file, as the `web` channel is given it (`daemon.channels.web.keys.Keys`)."""

from collections.abc import Callable
from typing import TypeVar

from daemon.channels.web.keys import Rows
from daemon.sealing import Sealer
from daemon.tenants.web_rows import SealedRows
from daemon.tenants.web_seal import FileSeal
from shards.directory import ShardHandle
from shards.shard import Tx

T = TypeVar("T")


class WebKeys:
    """Opens the file when it is used, and keeps nothing of it in memory."""

    def __init__(self, handle: ShardHandle, sealer: Sealer, tenant: str) -> None:
        """`handle`: of a file of kind "session" that was made (`ShardDirectory.create`)."""
        self._handle = handle
        self._sealer = sealer.of_tenant(tenant)
        self._claimed = False

    async def write(self, work: Callable[[Rows], T], *, brief: bool = True) -> T:
        """Run `work` in a transaction of its own; it is on disk when this returns.

        May be cancelled until it is picked up; then its outcome is waited for. What `work` raises undoes it. Raises
        `ShardUnavailable`, and `SealBroken` where the values it touches were sealed with another master key.
        `brief` as in `Shard.write`: False for hundreds of rows.
        """
        value, claimed = await self._handle.write(self._work(work), brief=brief)
        self._claimed |= claimed
        return value

    async def read(self, work: Callable[[Rows], T]) -> T:
        """As `write`, for reading a few rows of the newest committed state, in the event loop."""
        value, claimed = await self._handle.glance(self._work(work))
        self._claimed |= claimed
        return value

    def _work(self, work: Callable[[Rows], T]) -> Callable[[Tx], tuple[T, bool]]:
        def within(tx: Tx) -> tuple[T, bool]:
            seal = FileSeal(tx, self._sealer, claimed=self._claimed)
            return work(SealedRows(tx, seal)), seal.claimed

        return within
