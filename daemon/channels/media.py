"""Fetching what customers sent: look-up, download with the token to listed hosts only, storage by content."""

import base64
import binascii
import hashlib
import ipaddress
import os
import re
import secrets
from collections.abc import AsyncIterable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import httpx
import trio
from attrs import define, field, frozen

from daemon.errors import FetchError
from daemon.whatsapp import fields, graph
from daemon.whatsapp.graph_errors import GraphError, reaction_to

MAX_BYTES: Final = 100 << 20
CHUNK_BYTES: Final = 256 << 10
HEAD_BYTES: Final = 64
"""So much of a file shows what it is."""
TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0, pool=60.0)
_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_MIME_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,100}", re.ASCII)
_GONE: Final = (401, 403, 404, 410)


class MediaGone(FetchError):
    """The file is not there any more (or never was): only the customer can send it again."""


class MediaTooLarge(FetchError):
    """The file has more bytes than we take."""


class MediaRefused(FetchError):
    """The file is not what the webhook promised, or its address is not one that may have the token."""


@frozen(kw_only=True)
class StoredMedia:
    """A file under `media/<tenant>/`. `mime_type` is what the bytes look like, else what the sender claimed."""

    hash: str  # SHA-256, hex
    mime_type: str
    bytes: int
    path: Path


def media_path(media_dir: Path, tenant: str, content_hash: str) -> Path:
    """Where a tenant's file of this content is: `<media_dir>/<tenant>/ab/cd…`."""
    return media_dir / tenant / content_hash[:2] / content_hash[2:]


def may_have_token(url: str, hosts: Collection[str]) -> bool:
    """Whether the token may go to this address: https on a listed host.

    Plain http is for a peer on this machine alone, and only where `hosts` lists it with its port
    ("127.0.0.1:8421").
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if parsed.userinfo or not parsed.host:
        return False
    host = parsed.host.lower()
    with_port = f"{host}:{parsed.port}" if parsed.port else host
    if parsed.scheme == "https":
        return with_port in hosts
    return parsed.scheme == "http" and parsed.port is not None and with_port in hosts and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def declared_hash(value: Any) -> str:
    """A declared SHA-256, base64 or hex, as hex; "" if it is neither."""
    declared = fields.text(value, 128).strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", declared):
        return declared.lower()
    try:
        raw = base64.b64decode(declared, altchars=b"-_" if "-" in declared or "_" in declared else None, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 32 else ""


def sniffed(head: bytes) -> str:
    """The MIME type that the first bytes show, or ""."""
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] in (b"M4A", b"M4B") else "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in head:
        return "video/webm"
    for magic, mime_type in _MAGIC:
        if head.startswith(magic):
            return mime_type
    return ""


_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"#!AMR", "audio/amr"),
)


def _claimed(value: Any) -> str:
    mime_type = fields.text(value, 200).partition(";")[0].strip().lower()
    return mime_type if _MIME_TYPE.fullmatch(mime_type) else ""


class MediaFetcher:
    """Fetches one tenant's inbound files. Owns nothing that needs closing.

    `token` gives the access token anew for each request (it may raise, and what it raises comes out of
    `fetch`); it is sent to the Graph API and to `hosts`, never along a redirect.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        graph_url: str,
        version: str,
        phone_number_id: str,
        token: Callable[[], str],
        tenant: str,
        media_dir: Path,
        hosts: Collection[str],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._client = client
        self._base = f"{graph_url.rstrip('/')}/{version}"
        self._phone_number_id = phone_number_id
        self._token = token
        self._tenant = tenant
        self._media_dir = media_dir
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max_bytes = max_bytes

    async def fetch(self, media: Mapping[str, Any]) -> StoredMedia:
        """Fetch and store a message's `content["media"]` (id, url, sha256, mime_type).

        The webhook's own address is tried first; it lives for minutes, so that the file is looked up by its id
        where it fails. Raises `MediaGone`, `MediaTooLarge`, `MediaRefused`, or plain `FetchError` for what may
        pass: then try again. May be cancelled at any point; no half file is left under its final name.
        """
        media_id, url = fields.identifier(media.get("id")), fields.text(media.get("url"), 4096)
        declared = declared_hash(media.get("sha256"))
        claimed = _claimed(media.get("mime_type"))
        if url and may_have_token(url, self._hosts):
            try:
                return await self._download(url, declared, claimed)
            except MediaGone:
                if not media_id:
                    raise
        if not _MEDIA_ID.fullmatch(media_id):
            raise MediaRefused("the message names no file that may be fetched", "ask the customer to send it again")
        found = await self._look_up(media_id)
        url = fields.text(found.get("url"), 4096)
        if not may_have_token(url, self._hosts):
            raise MediaRefused(
                "WhatsApp named a file address that is not on the list",
                "if Meta has moved its files, add the host to whatsapp.cloud.media_hosts",
            )
        size = fields.number(found.get("file_size"))
        if size is not None and size > self._max_bytes:
            raise self._too_large()
        declared = declared or declared_hash(found.get("sha256"))
        try:
            return await self._download(url, declared, claimed or _claimed(found.get("mime_type")))
        except MediaGone as error:
            raise FetchError(f"{error.what} just after it was looked up") from None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}", "Accept-Encoding": "identity"}

    def _too_large(self) -> MediaTooLarge:
        return MediaTooLarge(f"the file has more than {self._max_bytes} bytes", "ask for a smaller one")

    async def _look_up(self, media_id: str) -> fields.Json:
        try:
            response = await self._client.get(
                f"{self._base}/{media_id}",
                params={"phone_number_id": self._phone_number_id},
                headers=self._headers(),
                timeout=TIMEOUT,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise FetchError(f"the file could not be looked up ({type(error).__name__})") from None
        if response.is_success:
            return fields.record(graph.parsed(response.content))
        fault = graph.error(response.content)
        if _may_pass(response.status_code, fault):
            said = str(fault) if fault else f"HTTP {response.status_code}"
            raise FetchError(f"the file could not be looked up ({said})")
        raise MediaGone(f"WhatsApp does not have the file any more ({fault or response.status_code})")

    async def _download(self, url: str, declared: str, claimed: str) -> StoredMedia:
        root = self._media_dir / self._tenant
        temporary = root / f".incoming-{secrets.token_hex(8)}"
        try:
            async with self._client.stream(
                "GET", url, headers=self._headers(), timeout=TIMEOUT, follow_redirects=False
            ) as response:
                if response.status_code in _GONE:
                    raise MediaGone(f"the file's address is no longer valid (HTTP {response.status_code})")
                if response.is_redirect:
                    raise MediaRefused("the file's address redirects elsewhere", "the token is not sent there")
                if not response.is_success:
                    raise FetchError(f"the file could not be downloaded (HTTP {response.status_code})")
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise FetchError("the file came compressed, though we asked for it as it is")
                declared_size = fields.number(response.headers.get("content-length"))
                if declared_size is not None and declared_size > self._max_bytes:
                    raise self._too_large()
                return await self._receive(response, temporary, declared, claimed)
        except httpx.HTTPError as error:
            raise FetchError(f"the download of a file broke off ({type(error).__name__})") from None
        except OSError as error:
            raise FetchError(
                f"the file could not be stored ({error.strerror})", "see the data directory's disk"
            ) from None

    async def _receive(self, response: httpx.Response, temporary: Path, declared: str, claimed: str) -> StoredMedia:
        sink = _Sink(await trio.to_thread.run_sync(_create, temporary), temporary, self._max_bytes)
        try:
            await _pour(response, sink)
            if sink.size > self._max_bytes:
                raise self._too_large()
            content_hash = sink.digest.hexdigest()
            if declared and declared != content_hash:
                raise MediaRefused("the file's bytes do not match its hash", "ask the customer to send it again")
            path = media_path(self._media_dir, self._tenant, content_hash)
            await trio.to_thread.run_sync(sink.keep, path)
        finally:
            sink.discard()
        mime_type = sniffed(sink.head) or claimed or "application/octet-stream"
        return StoredMedia(hash=content_hash, mime_type=mime_type, bytes=sink.size, path=path)


async def keep(
    body: AsyncIterable[bytes], *, media_dir: Path, tenant: str, max_bytes: int = MAX_BYTES, claimed: str = ""
) -> StoredMedia:
    """Store a file that is given to us piece by piece, as `MediaFetcher.fetch` does with one that is fetched.

    Raises `MediaTooLarge`, plain `FetchError` where the disk takes nothing, and what `body` raises. May be cancelled
    at any point; no half file is left under its final name.
    """
    temporary = media_dir / tenant / f".incoming-{secrets.token_hex(8)}"
    try:
        sink = _Sink(await trio.to_thread.run_sync(_create, temporary), temporary, max_bytes)
        try:
            async for chunk in body:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(sink.take, chunk)
                if sink.size > max_bytes:
                    raise MediaTooLarge(f"the file has more than {max_bytes} bytes", "send a smaller one")
            path = media_path(media_dir, tenant, sink.digest.hexdigest())
            await trio.to_thread.run_sync(sink.keep, path)
        finally:
            sink.discard()
    except OSError as error:
        raise FetchError(f"the file could not be stored ({error.strerror})", "see the data directory's disk") from None
    mime_type = sniffed(sink.head) or claimed or "application/octet-stream"
    return StoredMedia(hash=sink.digest.hexdigest(), mime_type=mime_type, bytes=sink.size, path=path)


async def _pour(response: httpx.Response, sink: "_Sink") -> None:
    broken: OSError | None = None
    closed = False
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            if closed:
                continue
            try:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(sink.take, chunk)
            except OSError as error:
                broken = error
            if broken is not None or sink.size > sink.max_bytes:
                # The next read ends the loop. To leave it here would strand httpx's generators half-way.
                closed = True
                await response.aclose()
    except httpx.HTTPError:
        if not closed:
            raise
    if broken is not None:
        raise broken


@define(eq=False)
class _Sink:
    """The file under its temporary name, and what is known of its bytes. Its methods run in worker threads."""

    file: BinaryIO
    temporary: Path
    max_bytes: int
    size: int = 0
    head: bytes = b""
    digest: "hashlib._Hash" = field(factory=hashlib.sha256)

    def take(self, chunk: bytes) -> None:
        """Add bytes, as far as they are within the limit."""
        self.size += len(chunk)
        if self.size <= self.max_bytes:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
            self.digest.update(chunk)
            self.file.write(chunk)

    def keep(self, path: Path) -> None:
        """Make the file durable under its final name; the same content stored before is simply replaced."""
        self.file.flush()
        os.fsync(self.file.fileno())
        path.parent.mkdir(exist_ok=True, mode=0o700)
        self.temporary.replace(path)
        for folder in (path.parent, path.parent.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def discard(self) -> None:
        """Close, and remove what was not kept; after `keep` nothing is left to remove. Never blocks for long."""
        try:
            self.file.close()
        finally:
            self.temporary.unlink(missing_ok=True)


def _may_pass(status: int, fault: GraphError | None) -> bool:
    """Whether a failed look-up is worth another try: everything but an answer that the file is not there."""
    if fault is None:
        return status not in (404, 410)
    return reaction_to(fault.code, http_status=status, transient=fault.transient).do in ("retry", "pause") and (
        fault.code != 33
    )


def _create(temporary: Path) -> BinaryIO:
    temporary.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open(temporary, "xb")
