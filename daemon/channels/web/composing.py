"""A message of the outbox as WhatsApp Web has it; files are put on the media hosts for it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from daemon.channels.base import Outgoing
from daemon.channels.web.files import Files
from daemon.errors import FetchError, SendRefused
from daemon.whatsapp.web import compose
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.content import Disappearing

Load = Callable[[str], AbstractAsyncContextManager[tuple[Path, str]]]
"""A picture on the web as a local file, and its type. Raises `FetchError`."""


@frozen
class Composer:
    """One tenant's."""

    files: Files
    load: Load
    random_bytes: Callable[[int], bytes]

    async def message(self, message: Outgoing, lifetime: Disappearing | None) -> wa.Message:
        """What is to be encrypted; `lifetime` is that of the chat's messages.

        Raises `SendRefused`, `SendDelayed`; may be cancelled, an uploaded file is then
        forgotten."""
        setting = compose.Setting(secret=self.random_bytes(32), disappearing=lifetime)
        if message.kind == "text":
            return compose.text(message.text, setting)
        if message.kind not in ("image", "voice", "document"):
            raise SendRefused(f"the web channel sends no {message.kind}")
        content = message.content
        async with self._file(content) as (path, found_type):
            mime_type = str(content.get("mime_type") or found_type)
            if message.kind == "image":
                uploaded = await self.files.upload(path, "image", mime_type)
                return compose.image(uploaded, setting, caption=message.text)
            if message.kind == "voice":
                uploaded = await self.files.upload(path, "audio", compose.VOICE_TYPE)
                waveform = bytes(content.get("waveform") or b"")
                return compose.voice(uploaded, setting, seconds=int(content.get("seconds") or 0), waveform=waveform)
            uploaded = await self.files.upload(path, "document", mime_type)
            name = str(content.get("filename") or path.name)
            return compose.document(uploaded, setting, filename=name, caption=message.text)

    @asynccontextmanager
    async def _file(self, content: Mapping[str, Any]) -> AsyncIterator[tuple[Path, str]]:
        """The file to send, as a local one."""
        if content.get("path"):
            yield Path(str(content["path"])), "application/octet-stream"
            return
        try:
            async with self.load(str(content.get("link") or "")) as found:
                yield found
        except FetchError as error:
            raise SendRefused(f"the picture cannot be fetched ({error.what})", error.remedy) from error
