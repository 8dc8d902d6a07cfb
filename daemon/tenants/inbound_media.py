"""Fetching customers' files at once: their addresses live for minutes, their ids for days."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import trio

from daemon.backoff import delay_seconds
from daemon.channels.media import MediaGone, MediaRefused, MediaTooLarge, StoredMedia
from daemon.errors import FetchError, SealBroken
from daemon.logs import get_logger
from daemon.tenants.media_quota import MediaQuota, Say
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
    """One tenant's wanted files, fetched one after the other; films and documents beside the others, for they take
    long and no answer waits for them."""

    def __init__(
        self,
        shard: ShardHandle,
        around: Surroundings,
        fetcher: Fetcher,
        settled: Callable[[], None] = lambda: None,
        say: Say = lambda _: None,
    ) -> None:
        """`settled` is called when a file came, or will not come; `say` as `MediaQuota`'s."""
        self._shard = shard
        self._folder = around.data_dir / "media" / shard.tenant
        self._now = around.now
        self._rng = around.rng
        self._room = around.room
        self._fetcher = fetcher
        self._settled = settled
        self._quota = MediaQuota(
            shard,
            limit_mb=lambda: around.config.retention.media_mb_per_tenant,
            say=partial(self._quota_said, around, say),
        )
        self._bells = {heavy: trio.Event() for heavy in (False, True)}
        self._news = trio.Event()
        self._log = get_logger("media", tenant=shard.tenant)

    def woken(self) -> None:
        """A commit wants files."""
        for bell in self._bells.values():
            bell.set()

    def _quota_said(self, around: Surroundings, say: Say, reason: str) -> None:
        around.metrics.media_full(self._shard.tenant, bool(reason))
        state = "full" if reason else "ok"
        around.publish(self._shard.tenant, [("media", {"state": state, "reason": reason})])
        say(reason)

    async def arrived(self, messages: Collection[int]) -> None:
        """Return when none of these messages wants its file any more. Raises `ShardUnavailable`."""
        while True:
            news = self._news
            if not await self._shard.glance(partial(media.any_wanted, messages=messages)):
                return
            await news.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Fetch what is wanted until cancelled. Raises `ShardUnavailable` when the shard fails."""
        if swept := await trio.to_thread.run_sync(_sweep, self._folder):
            self._log.info("halves_of_downloads_removed", count=swept)
        task_status.started()
        async with trio.open_nursery() as nursery:
            for heavy in self._bells:
                nursery.start_soon(self._lane, heavy)

    async def _lane(self, heavy: bool) -> None:
        while True:
            self._bells[heavy] = bell = trio.Event()
            wanted = await self._shard.glance(partial(media.next_wanted, heavy=heavy))
            if wanted is None:
                await bell.wait()
                continue
            wait = wanted.due_at / 1000 - self._now().timestamp()
            if wait > 0:
                with trio.move_on_after(wait):
                    await bell.wait()
                continue
            if not self._room():
                await trio.sleep(NO_ROOM_SECONDS)  # their ids stay good for days
                continue
            await self._fetch(wanted)
            self._news.set()
            self._news = trio.Event()
            self._settled()

    async def _fetch(self, wanted: media.Wanted) -> None:
        if reason := await self._quota.refusal(wanted.kind):
            await self._shard.write(partial(media.give_up, message=wanted.message, reason=reason))
            return
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
