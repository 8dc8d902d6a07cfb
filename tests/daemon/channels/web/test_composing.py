"""A message of the outbox as WhatsApp Web has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.channels.web.composing import Composer
from daemon.errors import FetchError, SendRefused
from daemon.whatsapp.web.compose import Uploaded
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.media import Encrypted, Kind
from tests.support.web_messages import FILE
from tests.support.web_shop import outgoing


class Host:
    """Takes every file and remembers it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    async def upload(self, source: Path, kind: Kind, mime_type: str) -> Uploaded:
        await trio.lowlevel.checkpoint()
        self.taken.append((source.name, kind, mime_type))
        file = Encrypted(b"", FILE["fileSha256"], FILE["fileEncSha256"], 9)
        return Uploaded.of(
            file, kind=kind, media_key=FILE["mediaKey"], mime_type=mime_type, url="", path=FILE["directPath"], at=1
        )


@asynccontextmanager
async def pictures(url: str) -> AsyncIterator[tuple[Path, str]]:
    if "gone" in url:
        raise FetchError("the picture is not there", "see the stock")
    yield Path("/tmp/car.jpg"), "image/jpeg"


def composer(host: Host) -> Composer:
    files: Any = host
    return Composer(files, pictures, bytes)


async def test_a_text_lives_as_long_as_the_chats_messages() -> None:
    made = await composer(Host()).message(outgoing(text="Olá"), Disappearing(86_400, 5))
    assert made.extendedTextMessage.contextInfo.expiration == 86_400
    plain = await composer(Host()).message(outgoing(text="Olá"), None)
    assert "Olá" in (plain.conversation, plain.extendedTextMessage.text)


async def test_pictures_voices_and_documents() -> None:
    host = Host()
    make = composer(host)
    image = await make.message(outgoing(kind="image", text="Corolla 2019", content={"link": "https://x/a"}), None)
    assert (image.imageMessage.caption, image.imageMessage.mimetype) == ("Corolla 2019", "image/jpeg")
    voice = await make.message(outgoing(kind="voice", text="", content={"path": "/v/a.ogg", "seconds": 7}), None)
    assert (voice.audioMessage.ptt, voice.audioMessage.seconds) == (True, 7)
    pdf = {"path": "/v/b.pdf", "mime_type": "application/pdf", "filename": "proposta.pdf"}
    await make.message(outgoing(kind="document", text="", content=pdf), None)
    assert [(name, kind) for name, kind, _ in host.taken] == [
        ("car.jpg", "image"),
        ("a.ogg", "audio"),
        ("b.pdf", "document"),
    ]


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [("sticker", {}, "sends no sticker"), ("image", {"link": "https://x/gone"}, "cannot be fetched")],
)
async def test_what_cannot_be_sent(kind: str, content: dict[str, Any], why: str) -> None:
    with pytest.raises(SendRefused, match=why):
        await composer(Host()).message(outgoing(kind=kind, content=content), None)
