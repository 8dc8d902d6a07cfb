"""One tenant's pictures of vehicles on their way out: fetched under the rules, made fit, kept, uploaded once.

A picture is looked at again once a day, for dealers put another one under the same address. Its file is a cache under
`media/<tenant>/photos/`; what is lost of it is fetched anew.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import trio
from attrs import frozen

from daemon.clock import Now
from daemon.errors import FetchError
from daemon.logs import get_logger
from daemon.pictures import MAX_BYTES, BrokenPicture, for_whatsapp
from daemon.stock.fetch import Fetcher
from daemon.tenants.surroundings import Surroundings
from shards.directory import ShardHandle
from shards.tenant import photos
from shards.tenant.conversations import DAY_MS
from shards.tenant.photos import Prepared

FETCH_SECONDS: Final = 7.0
PATIENCE_SECONDS: Final = 8.0
"""A turn waits so long for its pictures; those that are not there then are left out."""
FRESH_MS: Final = DAY_MS
BROKEN_MS: Final = 2 * 60_000
"""An address that gave no picture is looked at again after so long: until then no turn waits for it."""
UPLOAD_MS: Final = 25 * DAY_MS
"""Meta keeps an upload for 30 days (Meta, "Media")."""
REUSED_MS: Final = 60_000
"""An id that is older and refused is past; a younger one was never good."""

FetchPhoto = Callable[[str], Awaitable[bytes]]
"""The bytes at an address. Raises `FetchError`, `PhotoGone` where another try would not help."""


class PhotoGone(FetchError):
    """There is no picture at the address."""


async def fetch_photo(fetcher: Fetcher, url: str) -> bytes:
    """A `FetchPhoto` by the rules for strangers' addresses. May be cancelled."""
    fetched = await fetcher.get(url, max_bytes=MAX_BYTES)
    if fetched.status in (408, 429) or fetched.status >= 500:
        raise FetchError(f"the picture's server answered HTTP {fetched.status}")
    if fetched.status != 200:
        raise PhotoGone(f"there is no picture at its address (HTTP {fetched.status})", "correct the stock's photos")
    return fetched.body


def photo_path(media_dir: Path, tenant: str, content_hash: str) -> Path:
    """Where the file of a vehicle's picture is."""
    return media_dir / tenant / "photos" / content_hash[:2] / content_hash[2:]


@frozen
class _Made:
    """A picture made fit, on disk."""

    hash: str
    mime_type: str
    bytes: int


class VehiclePhotos:
    """One tenant's. Owns nothing that needs closing."""

    def __init__(
        self,
        shard: ShardHandle,
        *,
        media_dir: Path,
        fetch: FetchPhoto,
        limiter: trio.CapacityLimiter,
        now: Now,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`limiter` bounds the pictures that are decoded at a time."""
        self._shard = shard
        self._media_dir = media_dir
        self._fetch = fetch
        self._limiter = limiter
        self._now = now
        self._room = room
        self._busy: dict[str, trio.Event] = {}
        self._log = get_logger("photos", tenant=shard.tenant)

    async def prepare(self, urls: Sequence[str]) -> frozenset[str]:
        """Fetch and convert, side by side; the addresses that gave no picture within `PATIENCE_SECONDS`.

        Raises `ShardUnavailable`. May be cancelled at any point.
        """
        ready: set[str] = set()

        async def one(url: str) -> None:
            try:
                await self.current(url)
            except FetchError as error:
                self._log.info("photo_not_ready", reason=str(error))
            else:
                ready.add(url)

        with trio.move_on_after(PATIENCE_SECONDS):
            async with trio.open_nursery() as nursery:
                for url in dict.fromkeys(urls):
                    nursery.start_soon(one, url)
        return frozenset(urls) - ready

    @asynccontextmanager
    async def load(self, link: str) -> AsyncIterator[tuple[Path, str]]:
        """The picture as a file that WhatsApp takes, and its type. The file stays. Raises `FetchError`."""
        prepared = await self.current(link, on_disk=True)
        yield photo_path(self._media_dir, self._shard.tenant, prepared.hash), prepared.mime_type

    async def current(self, url: str, *, on_disk: bool = False) -> Prepared:
        """A picture that may be sent, fetched if need be, by one task alone. Raises `FetchError`."""
        while (busy := self._busy.get(url)) is not None:
            await busy.wait()
        self._busy[url] = done = trio.Event()
        try:
            known = await self._shard.glance(partial(photos.get, url=url))
            if known is None or not await self._good(known, on_disk):
                known = await self._fetched(url, known)
            if not known.hash:
                raise PhotoGone(known.error)
            return known
        finally:
            del self._busy[url]
            done.set()

    async def _good(self, known: Prepared, on_disk: bool) -> bool:
        age = self._now_ms() - known.fetched_at
        if not known.hash:
            return age < BROKEN_MS
        return age < FRESH_MS and (not on_disk or await self._there(known))

    async def _there(self, known: Prepared) -> bool:
        path = photo_path(self._media_dir, self._shard.tenant, known.hash)
        return await trio.to_thread.run_sync(_has, path, known.bytes)

    async def _fetched(self, url: str, known: Prepared | None) -> Prepared:
        if not self._room():
            raise FetchError("the disk has no room for a picture", "free some space")
        try:
            data = await self._fetched_in_time(url)
            made = await trio.to_thread.run_sync(
                _make, data, self._media_dir, self._shard.tenant, limiter=self._limiter
            )
        except (PhotoGone, BrokenPicture) as error:
            await self._shard.write(partial(photos.broken, url=url, error=str(error)))
            raise PhotoGone(error.what, error.remedy) from None
        except FetchError as error:
            if known is not None and known.hash and await self._there(known):
                return known  # yesterday's is better than none
            await self._shard.write(partial(photos.broken, url=url, error=str(error)))
            raise
        except OSError as error:
            raise FetchError(f"a picture could not be stored ({error.strerror})") from None
        await self._shard.write(
            partial(photos.keep, url=url, content_hash=made.hash, mime_type=made.mime_type, size=made.bytes)
        )
        now_ms = self._now_ms()
        return Prepared(hash=made.hash, mime_type=made.mime_type, bytes=made.bytes, error="", fetched_at=now_ms)

    async def _fetched_in_time(self, url: str) -> bytes:
        try:
            with trio.fail_after(FETCH_SECONDS):
                return await self._fetch(url)
        except trio.TooSlowError:
            raise FetchError(f"a picture did not come within {FETCH_SECONDS:g} s", "see the stock's photos") from None

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def vehicle_photos(shard: ShardHandle, around: Surroundings) -> VehiclePhotos:
    """A tenant's, fetching under the server's rules."""
    return VehiclePhotos(
        shard,
        media_dir=around.data_dir / "media",
        fetch=partial(fetch_photo, around.fetcher),
        limiter=around.decoders,
        now=around.now,
        room=around.room,
    )


class PhotoShelf:
    """One number's uploads of a tenant's pictures (`daemon.channels.uploads.Shelf`)."""

    def __init__(self, photos: VehiclePhotos, shard: ShardHandle, *, sender: str, now: Now) -> None:
        """`sender` is the number's id: media belong to a number."""
        self._photos = photos
        self._shard = shard
        self._sender = sender
        self._now = now

    async def media_id(self, link: str) -> str:
        """As `Shelf.media_id`."""
        prepared = await self._photos.current(link)
        after = int(self._now().timestamp() * 1000) - UPLOAD_MS
        return await self._shard.glance(
            partial(photos.media_id, content_hash=prepared.hash, sender=self._sender, after=after)
        )

    def load(self, link: str) -> AbstractAsyncContextManager[tuple[Path, str]]:
        """As `Shelf.load`."""
        return self._photos.load(link)

    async def uploaded(self, link: str, media_id: str) -> None:
        """As `Shelf.uploaded`."""
        await self._shard.write(partial(photos.uploaded, url=link, sender=self._sender, media_id=media_id))

    async def forget(self, link: str) -> bool:
        """As `Shelf.forget`."""
        before = int(self._now().timestamp() * 1000) - REUSED_MS
        return await self._shard.write(partial(photos.forget_upload, url=link, sender=self._sender, before=before))


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _make(data: bytes, media_dir: Path, tenant: str) -> _Made:
    """Convert and write, in a worker thread. Raises `BrokenPicture`, `OSError`."""
    picture = for_whatsapp(data)
    content_hash = hashlib.sha256(picture.data).hexdigest()
    path = photo_path(media_dir, tenant, content_hash)
    if not _has(path, len(picture.data)):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            temporary.write_bytes(picture.data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    return _Made(content_hash, picture.mime_type, len(picture.data))
