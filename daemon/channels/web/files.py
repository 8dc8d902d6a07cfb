"""Files on WhatsApp's media hosts: encrypted piece by piece on the way up, proven before they are kept."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import httpx
import orjson
import trio
from attrs import define, field

from daemon.channels.media import MediaGone, MediaRefused, MediaTooLarge, StoredMedia, media_path, sniffed
from daemon.channels.web.connection import NoAnswer
from daemon.channels.web.uplink import Uplink
from daemon.errors import FetchError, SendDelayed, SendRefused
from daemon.whatsapp import fields
from daemon.whatsapp.web import compose, media, queries
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.media import Kind, Reference
from daemon.whatsapp.web.queries import MediaConnection

MAX_BYTES: Final = 100 << 20
CHUNK_BYTES: Final = 256 << 10
TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0, pool=60.0)
ASK_SECONDS: Final = 30.0
DOWNLOAD_SECONDS: Final = 600.0
UPLOAD_SECONDS: Final = 300.0
"""For one host, however slowly it goes on."""
MAX_ANSWER_BYTES: Final = 64 << 10
_GONE: Final = (403, 404, 410)


@define(eq=False)
class Files:
    """One tenant's way to the media hosts, which are asked for over its link."""

    client: httpx.AsyncClient
    tenant: str
    media_dir: Path
    test_origins: Collection[str]
    random_bytes: Callable[[int], bytes]
    now: Callable[[], datetime]
    uplink: Uplink = field(factory=Uplink)
    _hosts: MediaConnection | None = None
    _hosts_until: float = field(default=0.0)  # trio time

    # Down

    async def fetch(self, found: Mapping[str, Any]) -> StoredMedia:
        """Fetch, check, decrypt and store a message's `content["media"]`. Waits for the link where it must.

        Raises `MediaGone` (only our phone may still have it), `MediaTooLarge`, `MediaRefused`, or plain `FetchError`
        for what may pass. May be cancelled at any point; no half file is left under its final name.
        """
        try:
            reference = Reference.of_content(found)
        except Garbled as error:
            raise MediaRefused(f"the message names no file that may be fetched ({error})") from error
        if reference.size_bytes > MAX_BYTES:
            raise MediaTooLarge(f"the file has more than {MAX_BYTES} bytes", "ask for a smaller one")
        await self.uplink.wait()
        hosts = await self._media_hosts(FetchError)
        failure: FetchError = FetchError("there is no media host to ask")
        for host in hosts.hosts:
            try:
                return await self._download(reference, host, fields.text(found.get("mime_type"), 200))
            except (MediaGone, MediaTooLarge, MediaRefused):
                raise
            except FetchError as error:
                failure = error
        raise failure

    async def _download(self, reference: Reference, host: str, claimed: str) -> StoredMedia:
        root = self.media_dir / self.tenant
        temporary = root / f".incoming-{secrets.token_hex(8)}"
        decryptor = media.Decryptor(
            media.keys(reference.media_key, reference.kind),
            enc_sha256=reference.enc_sha256,
            sha256=reference.sha256,
            max_bytes=MAX_BYTES,
        )
        try:
            file = await trio.to_thread.run_sync(_create, temporary)
            try:
                with trio.fail_after(DOWNLOAD_SECONDS):
                    async with self.client.stream(
                        "GET",
                        media.download_url(reference, host, self.test_origins),
                        headers={**media.HEADERS, "Accept-Encoding": "identity"},
                        timeout=TIMEOUT,
                        follow_redirects=False,
                    ) as response:
                        _check_status(response)
                        await _pour(response, decryptor, file)
                return await trio.to_thread.run_sync(self._keep, decryptor, file, temporary, claimed)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_discard, file, temporary)
        except Untrusted as error:
            raise MediaRefused(f"the file is not what the message promised: {error}") from error
        except Garbled as error:
            raise MediaTooLarge(str(error), "ask for a smaller one") from error
        except (httpx.HTTPError, trio.TooSlowError) as error:
            raise FetchError(f"the download of a file broke off ({type(error).__name__})") from None
        except OSError as error:
            raise FetchError(
                f"the file could not be stored ({error.strerror})", "see the data directory's disk"
            ) from None

    def _keep(self, decryptor: media.Decryptor, file: BinaryIO, temporary: Path, claimed: str) -> StoredMedia:
        """In a worker thread: the file is whole and proven, so it gets its name, durably."""
        file.write(decryptor.finish())
        file.flush()
        os.fsync(file.fileno())
        with temporary.open("rb") as read:
            head = read.read(16)
        content_hash = decryptor.sha256.hex()
        path = media_path(self.media_dir, self.tenant, content_hash)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        mime_type = sniffed(head) or claimed.partition(";")[0].strip().lower() or "application/octet-stream"
        return StoredMedia(hash=content_hash, mime_type=mime_type, bytes=path.stat().st_size, path=path)

    # Up

    async def upload(self, source: Path, kind: Kind, mime_type: str) -> compose.Uploaded:
        """Encrypt a file and put it on a media host. Raises `SendRefused`, `SendDelayed`; may be cancelled."""
        media_key = self.random_bytes(media.KEY_BYTES)
        encrypted = self.media_dir / self.tenant / f".incoming-{secrets.token_hex(8)}"
        try:
            whole = await trio.to_thread.run_sync(_encrypt, source, encrypted, media.keys(media_key, kind))
            answer = await self._post(encrypted, kind, whole)
            return compose.Uploaded.of(
                whole,
                kind=kind,
                media_key=media_key,
                mime_type=mime_type,
                url=fields.text(answer.get("url"), 4096),
                path=fields.text(answer.get("direct_path"), 4096),
                at=int(self.now().timestamp()),
            )
        except FileNotFoundError as error:
            raise SendRefused(f"the file {source.name} is not there any more") from error
        except OSError as error:
            raise SendDelayed(f"the file {source.name} could not be encrypted ({error.strerror})", 60.0) from error
        except Garbled as error:
            raise SendDelayed(f"the media host's answer is of no use ({error})", 60.0) from error
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(partial(encrypted.unlink, missing_ok=True))

    async def _post(self, encrypted: Path, kind: Kind, whole: media.Encrypted) -> fields.Json:
        hosts = await self._media_hosts(lambda what: SendDelayed(what, 30.0))
        size = (await trio.Path(encrypted).stat()).st_size
        headers = {**media.HEADERS, "Content-Length": str(size), "Content-Type": "application/octet-stream"}
        said = "no media host took it"
        for host in hosts.hosts:
            url = media.upload_url(kind, whole.enc_sha256, host=host, auth=hosts.auth, test_origins=self.test_origins)
            try:
                with trio.fail_after(UPLOAD_SECONDS):
                    status, body = await self._put(url, encrypted, headers)
            except (httpx.HTTPError, trio.TooSlowError) as error:
                said = type(error).__name__
                continue
            if status in (401, 403):
                self._hosts = None  # the next attempt asks for new ones
            said = f"HTTP {status}"
            if status == 200:
                try:
                    return fields.record(orjson.loads(body))
                except orjson.JSONDecodeError:
                    said = "its answer is no JSON"
        raise SendDelayed(f"the file could not be uploaded ({said})", 30.0)

    async def _put(self, url: str, file: Path, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer, as far as one is worth reading."""
        async with self.client.stream(
            "POST", url, content=_pieces(file), headers=headers, timeout=TIMEOUT, follow_redirects=False
        ) as response:
            body = b""
            async for chunk in response.aiter_bytes():  # to the end: httpx's generators are not left half-way
                body += chunk[: MAX_ANSWER_BYTES - len(body)]
            return response.status_code, body

    async def _media_hosts(self, error: Callable[[str], Exception]) -> MediaConnection:
        if self._hosts is not None and trio.current_time() < self._hosts_until:
            return self._hosts
        sending = self.uplink.sending
        if sending is None:
            raise error("the phone's link is down, so that the media hosts are not known")
        try:
            answer = await sending.connection.ask(queries.media_connection(), seconds=ASK_SECONDS)
            found = queries.read_media_connection(answer, test_origins=self.test_origins)
        except (NoAnswer, Garbled) as fault:
            raise error(f"WhatsApp does not tell its media hosts ({fault})") from fault
        self._hosts, self._hosts_until = found, trio.current_time() + found.valid_seconds
        return found


def _check_status(response: httpx.Response) -> None:
    if response.status_code in _GONE:
        raise MediaGone(f"the file is no longer on the media hosts (HTTP {response.status_code})")
    if response.is_redirect:
        raise MediaRefused("the file's address redirects elsewhere")
    if not response.is_success:
        raise FetchError(f"the file could not be downloaded (HTTP {response.status_code})")


def _create(temporary: Path) -> BinaryIO:
    temporary.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open(temporary, "xb")


async def _pour(response: httpx.Response, decryptor: media.Decryptor, file: BinaryIO) -> None:
    failed: Exception | None = None
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            if failed is not None:
                continue
            try:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_take, decryptor, file, chunk)
            except (Garbled, OSError) as error:
                # the next read ends the loop: to leave it here would strand httpx's generators half-way
                failed = error
                await response.aclose()
    except httpx.HTTPError:
        if failed is None:
            raise
    if failed is not None:
        raise failed


def _take(decryptor: media.Decryptor, file: BinaryIO, chunk: bytes) -> None:
    file.write(decryptor.feed(chunk))


def _discard(file: BinaryIO, temporary: Path) -> None:
    try:
        file.close()
    finally:
        temporary.unlink(missing_ok=True)


def _encrypt(source: Path, target: Path, keys: media.MediaKeys) -> media.Encrypted:
    encryptor = media.Encryptor(keys)
    with source.open("rb") as plain, _create(target) as file:
        while chunk := plain.read(CHUNK_BYTES):
            file.write(encryptor.feed(chunk))
        whole = encryptor.finish()
        file.write(whole.tail)
    return whole


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    async with await trio.open_file(path, "rb") as body:
        while chunk := await body.read(CHUNK_BYTES):
            yield chunk
