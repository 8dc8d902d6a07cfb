"""One number's uploads of voice notes: what was spoken before is at Meta already, as vehicles' pictures are."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from daemon.channels.media import media_path
from daemon.channels.uploads import Shelf
from daemon.clock import Now
from daemon.desk.voice_reply import NOTE_LINK
from daemon.tenants.photos import REUSED_MS, UPLOAD_MS
from shards.directory import ShardHandle
from shards.tenant import photos, speech

GONE_MS: Final = UPLOAD_MS * 2
"""After so long Meta has surely forgotten an upload."""


class NoteShelf:
    """A `daemon.channels.uploads.Shelf` of voice notes, by their hash; every other address is the `pictures`' own."""

    def __init__(self, pictures: Shelf, shard: ShardHandle, *, media_dir: Path, sender: str, now: Now) -> None:
        """`sender` is the number's id: media belong to a number."""
        self._pictures = pictures
        self._shard = shard
        self._media_dir = media_dir
        self._sender = sender
        self._now = now

    async def media_id(self, link: str) -> str:
        """As `Shelf.media_id`."""
        if not (content_hash := _hash_of(link)):
            return await self._pictures.media_id(link)
        return await self._shard.glance(
            partial(photos.media_id, content_hash=content_hash, sender=self._sender, after=self._before(UPLOAD_MS))
        )

    def load(self, link: str) -> AbstractAsyncContextManager[tuple[Path, str]]:
        """As `Shelf.load`. Whether the file is there is seen when it is read."""
        if not (content_hash := _hash_of(link)):
            return self._pictures.load(link)
        return _at(media_path(self._media_dir, self._shard.tenant, content_hash))

    async def uploaded(self, link: str, media_id: str) -> None:
        """As `Shelf.uploaded`."""
        if not (content_hash := _hash_of(link)):
            await self._pictures.uploaded(link, media_id)
            return
        gone = self._before(GONE_MS)
        await self._shard.write(
            partial(speech.uploaded, content_hash=content_hash, sender=self._sender, media_id=media_id, gone=gone),
            brief=True,
        )

    async def forget(self, link: str) -> bool:
        """As `Shelf.forget`."""
        if not (content_hash := _hash_of(link)):
            return await self._pictures.forget(link)
        before = self._before(REUSED_MS)
        return await self._shard.write(
            partial(speech.forget_upload, content_hash=content_hash, sender=self._sender, before=before), brief=True
        )

    def _before(self, span_ms: int) -> int:
        return int(self._now().timestamp() * 1000) - span_ms


def _hash_of(link: str) -> str:
    """The hash in a voice note's address, "" in others."""
    return link.removeprefix(NOTE_LINK) if link.startswith(NOTE_LINK) else ""


@asynccontextmanager
async def _at(path: Path) -> AsyncIterator[tuple[Path, str]]:
    yield path, speech.NOTE_TYPE
