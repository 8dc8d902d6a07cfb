"""Files of ours at Meta: uploaded before a message names them, what many customers get but once."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import trio

from daemon.channels.base import Outgoing
from daemon.errors import FetchError, ShowroomError
from daemon.whatsapp import graph

UPLOAD_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0, pool=10.0)
VOICE_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0, pool=10.0)
"""Half a megabyte at most, and the customer waits."""
REFUSED_IDS: Final = frozenset({100, 131009, 131052, 131053})
"""Meta's codes for a message whose media id it does not take (any more)."""


class UploadLost(ShowroomError):
    """The upload had no usable answer: it may be tried again."""


class UploadRefused(ShowroomError):
    """Meta answered the upload with an error; `response` has it."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"the upload of a file was refused (HTTP {response.status_code})")
        self.response = response


class Shelf(Protocol):
    """What a tenant sends more than once (pictures of vehicles, voice notes), by its address, and the ids under which
    Meta has it."""

    async def media_id(self, link: str) -> str:
        """The id that can still be used, "" if there is none. Raises `FetchError` where the picture is gone."""
        ...

    def load(self, link: str) -> AbstractAsyncContextManager[tuple[Path, str]]:
        """The picture as a local file that WhatsApp takes, and its type, inside the block. Raises `FetchError`."""
        ...

    async def uploaded(self, link: str, media_id: str) -> None:
        """Meta has the picture under this id from now on."""
        ...

    async def forget(self, link: str) -> bool:
        """The id was refused; whether it was one that had been in use, so that a new upload may help."""
        ...


class Uploads:
    """One number's files. Owns nothing that needs closing."""

    def __init__(self, client: httpx.AsyncClient, media_url: httpx.URL, shelf: Shelf | None = None) -> None:
        """Without a `shelf` a link is left to Meta to fetch."""
        self._client = client
        self._media_url = media_url
        self._shelf = shelf

    async def file(self, message: Outgoing, headers: Mapping[str, str]) -> graph.File:
        """How the message may name its file. `headers` carry the token.

        Raises `UploadLost`, `UploadRefused`, or `CannotExpress` for a file that is not there, or is too large. May be
        cancelled at any point.
        """
        content = message.content
        link = str(content.get("link") or "")
        if content.get("path") and (not link or self._shelf is None):
            path = Path(str(content["path"]))
            mime_type = str(content.get("mime_type") or "application/octet-stream")
            name = str(content.get("filename") or path.name)
            return graph.File(media_id=await self._upload(message, path, mime_type, name, headers))
        if not link or self._shelf is None:
            return graph.File(link=link, media_id=str(content.get("media_id") or ""))
        try:
            if media_id := await self._shelf.media_id(link):
                return graph.File(media_id=media_id)
            async with self._shelf.load(link) as (path, mime_type):
                name = str(content.get("filename") or f"foto.{mime_type.rpartition('/')[2]}")
                media_id = await self._upload(message, path, mime_type, name, headers)
        except FetchError as error:
            raise graph.CannotExpress(f"the picture cannot be sent ({error.what})", error.remedy) from None
        await self._shelf.uploaded(link, media_id)
        return graph.File(media_id=media_id)

    async def forget(self, message: Outgoing, code: int | None) -> bool:
        """A message was refused; whether it should be tried again, because Meta's id for its picture was past."""
        link = str(message.content.get("link") or "")
        if self._shelf is None or not link or code not in REFUSED_IDS:
            return False
        return await self._shelf.forget(link)

    async def _upload(
        self, message: Outgoing, path: Path, mime_type: str, name: str, headers: Mapping[str, str]
    ) -> str:
        try:
            data = await trio.to_thread.run_sync(_read_file, path, graph.MAX_BYTES[message.kind])
        except OSError as error:
            raise graph.CannotExpress(f"the file to send cannot be read ({error.strerror})") from None
        try:
            response = await self._client.post(
                self._media_url,
                data={"messaging_product": "whatsapp", "type": mime_type},
                files={"file": (name, data, mime_type)},
                headers=dict(headers),
                timeout=VOICE_TIMEOUT if message.kind == "voice" else UPLOAD_TIMEOUT,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise UploadLost(f"the upload of a file failed ({type(error).__name__})") from None
        answer: Any = graph.parsed(response.content)
        if response.is_success and isinstance(answer, dict) and isinstance(answer.get("id"), str):
            return str(answer["id"])
        if response.status_code >= 500 or response.is_success:
            raise UploadLost(f"the upload of a file failed (HTTP {response.status_code})")
        raise UploadRefused(response)


def _read_file(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise graph.CannotExpress(f"the file has more than {max_bytes >> 20} MB", "send a smaller one")
    return data
