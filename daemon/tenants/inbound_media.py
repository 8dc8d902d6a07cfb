"""Fetching customers' files at once: their addresses live for minutes, their ids for days."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import trio

from daemon.backoff import delay_seconds
from daemon.channels.media import MediaGone, MediaRefused, MediaTooLarge, StoredMedia
from daemon.errors import FetchError, SealBroken
from daemon.logs import get_logger
from daemon.tenants.surroundings import Surroundings
from shards.directory import ShardHandle
from shards.shard import Tx
from shards.tenant import media

ATTEMPTS: Final = 8
NO_ROOM_SECONDS: Final = 30.0
"""Until the next look while the disk is too full for files."""
INCOMING: Final = ".incoming-"
"""How the fetcher's temporary files begin."""


class Fetcher(Protocol):
    """The channel's way to its customers' files."""

    async def fetch(self, media: Mapping[str, Any]) -> StoredMedia:
        """As `daemon.channels.media.MediaFetcher.fetch`."""
        ...


class InboundMedia:
    """One tenant's wanted files, fetched one after the other."""

    def __init__(
        self, shard: ShardHandle, around: Surroundings, fetcher: Fetcher, settled: Callable[[], None] = lambda: None
    ) -> None:
        """`settled` is called when a file came, or will not come."""
        self._shard = shard
        self._folder = around.data_dir / "media" / shard.tenant
        self._now = around.now
        self._rng = around.rng
        self._room = around.room
        self._fetcher = fetcher
        self._settled = settled
        self._bell = trio.Event()
        self._log = get_logger("media", tenant=shard.tenant)

    def woken(self) -> None:
        """A commit wants files."""
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Fetch what is wanted until cancelled. Raises `ShardUnavailable` when the shard fails."""
        if swept := await trio.to_thread.run_sync(_sweep, self._folder):
            self._log.info("halves_of_downloads_removed", count=swept)
        task_status.started()
        while True:
            self._bell = trio.Event()
            wanted = await self._shard.glance(media.next_wanted)
            if wanted is None:
                await self._bell.wait()
                continue
            wait = wanted.due_at / 1000 - self._now().timestamp()
            if wait > 0:
                with trio.move_on_after(wait):
                    await self._bell.wait()
                continue
            if not self._room():
                await trio.sleep(NO_ROOM_SECONDS)  # their ids stay good for days
                continue
            await self._fetch(wanted)
            self._settled()

    async def _fetch(self, wanted: media.Wanted) -> None:
        try:
            stored: StoredMedia = await self._fetcher.fetch(wanted.media)
        except (MediaGone, MediaTooLarge, MediaRefused) as error:
            await self._shard.write(partial(media.give_up, message=wanted.message, reason=str(error)))
            self._log.warning("media_given_up", reason=str(error))
        except (FetchError, SealBroken) as error:
            attempt = wanted.attempts + 1
            if attempt >= ATTEMPTS:
                await self._shard.write(partial(media.give_up, message=wanted.message, reason=str(error)))
            else:
                pause = delay_seconds(attempt, self._rng, first_seconds=2, longest_seconds=600)
                await self._shard.write(partial(media.retry, message=wanted.message, pause_ms=int(pause * 1000)))
            self._log.warning("media_not_fetched", attempt=attempt, reason=str(error))
        else:
            with trio.CancelScope(shield=True):  # the file is there: its row must be, or it must go again
                if not await self._shard.write(partial(_keep, wanted=wanted, stored=stored)):
                    await trio.to_thread.run_sync(partial(stored.path.unlink, missing_ok=True))


def _keep(tx: Tx, wanted: media.Wanted, stored: StoredMedia) -> bool:
    """Take the file over; False if nobody wants it any more (its customer was erased) and nobody else has it."""
    if tx.value("SELECT 1 FROM media_wanted WHERE message = ?", (wanted.message,)) is None:
        return tx.value("SELECT 1 FROM media WHERE hash = ?", (stored.hash,)) is not None
    media.store(tx, message=wanted.message, content_hash=stored.hash, mime_type=stored.mime_type, size=stored.bytes)
    return True


def _sweep(folder: Path) -> int:
    """Remove the halves of downloads that a kill cut off; how many."""
    halves = list(folder.glob(f"{INCOMING}*"))
    for half in halves:
        half.unlink(missing_ok=True)
    return len(halves)
