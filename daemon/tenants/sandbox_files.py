"""Files that sandbox customers send: they come with the request, so there is nothing to fetch."""

from collections.abc import AsyncIterable
from functools import partial
from pathlib import Path

import trio
from attrs import evolve, frozen

from daemon.channels.media import MediaTooLarge, StoredMedia, keep
from daemon.desk.receive import Received, Rules, receive
from daemon.errors import FetchError
from daemon.tenants.media_quota import MediaQuota
from daemon.tenants.surroundings import Surroundings
from daemon.whatsapp.events import MessageReceived
from shards import requests
from shards.directory import ShardHandle
from shards.errors import Conflict, Invalid, StorageFull
from shards.requests import StoredRequest
from shards.shard import Tx
from shards.tenant import media


@frozen
class Kept:
    """A file in the media store, and the kind of message it makes. Nobody has it yet."""

    kind: str
    file: StoredMedia


class SandboxFiles:
    """One tenant's, for the time of a request."""

    def __init__(self, shard: ShardHandle, around: Surroundings) -> None:
        self._shard = shard
        self._media_dir = around.data_dir / "media"
        self._room = around.room
        self._quota = MediaQuota(
            shard, limit_mb=lambda: around.config.retention.media_mb_per_tenant, say=lambda _: None
        )

    async def keep(self, body: AsyncIterable[bytes], claimed: str) -> Kept:
        """Store a file of a size that the caller bounds. Raises `Invalid` for what the assistant can do nothing with,
        `Conflict` where the tenant's files take all of their room, `StorageFull`, and what `body` raises."""
        if not self._room():
            raise StorageFull("the disk is too full for customers' files", "see the data directory's disk")
        try:
            stored = await keep(body, media_dir=self._media_dir, tenant=self._shard.tenant)
        except MediaTooLarge as error:
            raise Invalid(error.what, error.remedy) from None
        except FetchError as error:
            raise StorageFull(error.what, error.remedy) from None
        mime_type = content_type(stored.mime_type, claimed)
        kind = kind_of(mime_type)
        kept = Kept(kind, evolve(stored, mime_type=mime_type))
        refusal = await self._quota.refusal(kind) if kind else ""
        if not kind or refusal:
            await self.forget(kept)
        if refusal:
            raise Conflict(refusal, "raise [retention] media_mb_per_tenant or lower media_days")
        if not kind:
            raise Invalid("the file is neither sound nor a picture nor a PDF", "send Ogg, WebM, M4A, MP3, JPEG or PNG")
        return kept

    async def forget(self, kept: Kept) -> None:
        """Remove the file unless a message has it."""
        with trio.CancelScope(shield=True):
            if not await self._shard.glance(partial(media.has, content_hash=kept.file.hash)):
                await trio.to_thread.run_sync(_remove, kept.file.path)


def content_type(found: str, claimed: str) -> str:
    """What a file is: by its bytes, which do not tell sound alone from a film (MPEG-4 and WebM); that is believed."""
    if found in ("video/mp4", "video/webm") and claimed.startswith("audio/"):
        return found.replace("video", "audio")
    return found


def kind_of(mime_type: str) -> str:
    """The kind of message that a file makes, "" where it makes none. All sound is a voice note here."""
    if mime_type.startswith("audio/"):
        return "voice"
    if mime_type.startswith("image/"):
        return "image"
    return "document" if mime_type == "application/pdf" else ""


def store(
    tx: Tx, kept: Kept, event: MessageReceived, rules: Rules, request: StoredRequest | None
) -> tuple[str, Received]:
    """Receive a message that has its file already; the message's id. Raises `AlreadyDone`."""
    file = kept.file
    known = {"hash": file.hash, "mime_type": file.mime_type}
    media.known(tx, file.hash, file.mime_type, file.bytes)
    changed = receive(tx, [evolve(event, kind=kept.kind, content={"media": known})], rules)
    message: str = tx.value("SELECT id FROM messages WHERE network_id = ?", (event.network_id,))
    requests.store(tx, of_content(request, kept, event), message)
    return message, changed


def of_content(request: StoredRequest | None, kept: Kept, event: MessageReceived) -> StoredRequest | None:
    """The request, told from others by what was sent: the body was not read into memory."""
    if request is None:
        return None
    said = "\0".join((event.sender.sandbox, event.text, kept.file.hash))
    return evolve(request, key=evolve(request.key, body_hash=requests.body_hash(said.encode())))


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
