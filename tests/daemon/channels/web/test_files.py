"""Files both ways over the media hosts: proven before they are kept, and nothing half left behind."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.channels.base import Outgoing
from daemon.channels.media import MediaGone, MediaRefused, MediaTooLarge
from daemon.errors import FetchError, SendDelayed, SendRefused
from daemon.whatsapp.events import MessageReceived
from daemon.whatsapp.web import compose
from tests.support.web_shop import ANA, Clock, Shop, real_time, shop

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 1300  # some chunks


@pytest.fixture
def clock() -> Clock:
    return real_time()


@pytest.fixture
async def made(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with shop(tmp_path, clock=clock) as found:
        yield found


async def picture(made: Shop, plain: bytes = JPEG) -> dict[str, Any]:
    """A customer sends a picture; what was stored of it."""
    ana = made.network.phones.get(made.network.accounts.by_phone(ANA)) or made.person()  # type: ignore[arg-type]
    uploaded = made.server.media.store.upload("image", plain, "image/jpeg", made.network.clock())
    count = len(made.delivered)
    made.network.write(
        ana, made.phone.account, compose.image(uploaded, compose.Setting(secret=bytes(32)), caption="olha")
    )
    await made.until(lambda: len(made.delivered) > count)
    event = made.delivered[-1]
    assert isinstance(event, MessageReceived)
    media: dict[str, Any] = event.content["media"]
    return media


def left(made: Shop) -> list[str]:
    """Files of the tenant that have no final name."""
    return [path.name for path in made.files.media_dir.rglob(".incoming-*")]


async def test_a_picture_comes_down(made: Shop, clock: Clock) -> None:
    stored = await made.files.fetch(await picture(made))
    assert (stored.path.read_bytes(), stored.mime_type, stored.bytes) == (JPEG, "image/jpeg", len(JPEG))
    assert left(made) == []


@pytest.mark.parametrize("field", ["enc_sha256", "media_key"])
async def test_a_file_that_is_not_what_was_promised(made: Shop, clock: Clock, field: str) -> None:
    media = await picture(made)
    media = {**media, "web": {**media["web"], field: base64.b64encode(b"x" * 32).decode()}}
    with pytest.raises(MediaRefused):
        await made.files.fetch(media)
    with pytest.raises(MediaRefused):
        await made.files.fetch({**await picture(made), "sha256": "00" * 32})
    assert left(made) == []
    assert not [path for path in made.files.media_dir.rglob("*") if path.is_file()]


async def test_a_file_that_is_longer_than_promised_or_allowed(made: Shop, clock: Clock) -> None:
    media = await picture(made)
    with pytest.raises(MediaTooLarge):
        await made.files.fetch({**media, "web": {**media["web"], "bytes": 101 << 20}})


@pytest.mark.parametrize("odd", [{}, {"web": {}}, {"web": {"kind": "image", "direct_path": "https://evil/x"}}])
async def test_a_message_that_names_no_file(made: Shop, clock: Clock, odd: dict[str, Any]) -> None:
    with pytest.raises(MediaRefused):
        await made.files.fetch(odd)


async def test_an_expired_file(made: Shop, clock: Clock) -> None:
    media = await picture(made)
    made.server.media.store.expire(media["web"]["direct_path"])
    with pytest.raises(MediaGone, match="410"):
        await made.files.fetch(media)
    assert left(made) == []


async def test_a_media_host_with_trouble(made: Shop, clock: Clock) -> None:
    media = await picture(made)
    made.server.media.store.refusals += [503, 302]
    with pytest.raises(FetchError) as passing:
        await made.files.fetch(media)
    assert not isinstance(passing.value, MediaGone | MediaRefused)
    with pytest.raises(MediaRefused):
        await made.files.fetch(media)
    assert (await made.files.fetch(media)).bytes == len(JPEG)


async def test_a_fetch_waits_for_the_link(made: Shop, clock: Clock) -> None:
    media = await picture(made)
    made.network.lines.blow(made.device, "replaced")
    await made.until_said("down")
    got: list[int] = []

    async def fetch() -> None:
        got.append((await made.files.fetch(media)).bytes)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch)
        await made.jump(59)
        assert got == []
        await made.jump(1)
        await made.until_said("up")
    assert got == [len(JPEG)]


async def sent(made: Shop, path: Path, kind: str = "document") -> None:
    content = {"path": str(path), "mime_type": "application/pdf", "filename": "proposta.pdf"}
    message = Outgoing(id="f1", phone=ANA, user_id="", kind=kind, text="Segue", content=content)
    await made.channel.send(message)


async def test_a_document_goes_up(made: Shop, clock: Clock, tmp_path: Path) -> None:
    ana = made.person()
    (tmp_path / "a.pdf").write_bytes(JPEG)
    await sent(made, tmp_path / "a.pdf")
    assert made.server.media.store.uploads == 1
    [letter] = ana.letters.values()
    assert letter.message.documentWithCaptionMessage.message.documentMessage.fileName == "proposta.pdf"
    assert left(made) == []


async def test_an_upload_that_is_refused_goes_again_later(made: Shop, clock: Clock, tmp_path: Path) -> None:
    ana = made.person()
    (tmp_path / "a.pdf").write_bytes(JPEG)
    made.server.media.store.refusals += [401, 500]
    for _ in range(2):
        with pytest.raises(SendDelayed, match="could not be uploaded"):
            await sent(made, tmp_path / "a.pdf")
    assert left(made) == []
    await sent(made, tmp_path / "a.pdf")
    assert len(ana.letters) == 1


async def test_a_message_that_goes_again_is_not_uploaded_again(made: Shop, clock: Clock, tmp_path: Path) -> None:
    ana = made.person()
    (tmp_path / "a.pdf").write_bytes(JPEG)
    made.fault("refuse", "503")
    with pytest.raises(SendDelayed):
        await sent(made, tmp_path / "a.pdf")
    (tmp_path / "a.pdf").unlink()
    await sent(made, tmp_path / "a.pdf")
    assert (made.server.media.store.uploads, len(ana.letters)) == (1, 1)


async def test_a_file_that_is_not_there(made: Shop, clock: Clock, tmp_path: Path) -> None:
    made.person()
    with pytest.raises(SendRefused, match="not there"):
        await sent(made, tmp_path / "none.pdf")
    with pytest.raises(SendRefused, match="sends no"):
        await sent(made, tmp_path / "none.pdf", kind="sticker")
    assert left(made) == []
