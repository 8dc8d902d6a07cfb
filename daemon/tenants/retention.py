"""What is kept only for a time: customers' files, vehicles' pictures as they were sent, early statuses, answers to
repeated calls. Once a day a tenant."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from daemon.channels.media import media_path
from daemon.logs import get_logger
from daemon.tenants.photos import photo_path
from shards import requests
from shards.directory import ShardDirectory
from shards.errors import ShardUnavailable
from shards.shard import Tx
from shards.tenant import media, photos, statuses
from shards.tenant.conversations import DAY_MS

ROUND_SECONDS: Final = 24 * 3600.0
FIRST_ROUND_SECONDS: Final = 3600.0
PAUSE_SECONDS: Final = 1.0
"""Between two tenants, so that a round is never noticed."""
FILES_A_WRITE: Final = 500
PHOTO_MS: Final = 30 * DAY_MS
"""A vehicle's picture that nobody asked for so long goes; so long Meta keeps its upload."""

_log = get_logger("retention")


class Retention:
    """Visits every tenant once a day, one after the other."""

    def __init__(
        self, *, directory: ShardDirectory, data_dir: Path, media_days: int, tenants: Callable[[], Iterable[str]]
    ) -> None:
        """`tenants` are the ids of those that exist now."""
        self._directory = directory
        self._media_dir = data_dir / "media"
        self._media_ms = media_days * DAY_MS
        self._tenants = tenants

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled. A file whose row is gone and that a crash left is removed by nobody: it costs only room."""
        task_status.started()
        await trio.sleep(FIRST_ROUND_SECONDS)
        while True:
            await self.round()
            await trio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """Visit every tenant; one whose shard fails is left out."""
        for tenant in list(self._tenants()):
            try:
                await self.visit(tenant)
            except ShardUnavailable as error:
                _log.warning("retention_skipped", tenant=tenant, reason=str(error))
            await trio.sleep(PAUSE_SECONDS)

    async def visit(self, tenant: str) -> int:
        """Drop what has passed its time at one tenant; how many files. Raises `ShardUnavailable`."""
        removed = 0
        shard = self._directory.handle(tenant)
        for forget, path_of in (
            (partial(_expire, media_ms=self._media_ms), media_path),
            (_unused, media_path),
            (_photos, photo_path),
        ):
            while hashes := await shard.write(forget):
                removed += len(hashes)
                paths = [path_of(self._media_dir, tenant, value) for value in hashes]
                await trio.to_thread.run_sync(_remove, paths, limiter=self._directory.limiter)
        if removed:
            _log.info("media_removed", tenant=tenant, files=removed)
        return removed


def _expire(tx: Tx, media_ms: int) -> list[str]:
    requests.purge(tx)
    statuses.forget_early(tx, tx.now_ms - DAY_MS)
    return media.expired(tx, tx.now_ms - media_ms, FILES_A_WRITE)


def _unused(tx: Tx) -> list[str]:
    return media.unused(tx, FILES_A_WRITE)


def _photos(tx: Tx) -> list[str]:
    return photos.expired(tx, tx.now_ms - PHOTO_MS, FILES_A_WRITE)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
