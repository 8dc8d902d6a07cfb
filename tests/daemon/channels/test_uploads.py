"""Files of ours at Meta: over real loopback HTTP against the emulated Graph API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from attrs import define, field

from daemon.channels.base import Outgoing
from daemon.channels.uploads import UploadLost, UploadRefused, Uploads
from daemon.emulator.graph import GraphPeer
from daemon.emulator.graph_wire import Fault
from daemon.errors import FetchError
from daemon.whatsapp import graph
from tests.support.graph_peer import PHONE_NUMBER_ID, VERSION, graph_peer

LINK = "https://fotos.example/1.webp"
HEADERS = {"Authorization": "Bearer EAAG-emulated"}


@define
class ScriptedShelf:
    """Remembers one id; `gone` is raised where a picture is asked for."""

    path: Path
    known: str = ""
    gone: FetchError | None = None
    in_use: bool = True
    told: list[tuple[str, str]] = field(factory=list)

    async def media_id(self, link: str) -> str:
        await trio.lowlevel.checkpoint()
        if self.gone is not None:
            raise self.gone
        return self.known

    @asynccontextmanager
    async def load(self, link: str) -> AsyncIterator[tuple[Path, str]]:
        await trio.lowlevel.checkpoint()
        yield self.path, "image/jpeg"

    async def uploaded(self, link: str, media_id: str) -> None:
        await trio.lowlevel.checkpoint()
        self.known = media_id
        self.told.append((link, media_id))

    async def forget(self, link: str) -> bool:
        await trio.lowlevel.checkpoint()
        self.known = ""
        return self.in_use


@pytest.fixture
def shelf(tmp_path: Path) -> ScriptedShelf:
    path = tmp_path / "photo"
    path.write_bytes(b"\xff\xd8\xff picture")
    return ScriptedShelf(path)


@asynccontextmanager
async def uploads(shelf: ScriptedShelf | None) -> AsyncIterator[tuple[Uploads, GraphPeer]]:
    async with graph_peer() as (peer, url), httpx.AsyncClient() as client:
        yield Uploads(client, httpx.URL(f"{url}/{VERSION}/{PHONE_NUMBER_ID}/media"), shelf), peer


def message(kind: str = "image", **content: str) -> Outgoing:
    return Outgoing(id="m1", phone="5511955500101", user_id="", kind=kind, text="", content=content)


def count(peer: GraphPeer) -> int:
    return sum(call.kind == "upload" for call in peer.calls)


async def test_a_picture_is_uploaded_once(shelf: ScriptedShelf) -> None:
    async with uploads(shelf) as (made, peer):
        first = await made.file(message(link=LINK), HEADERS)
        assert first == await made.file(message(link=LINK), HEADERS)
        assert first.media_id
        assert shelf.told == [(LINK, first.media_id)]
        assert count(peer) == 1


async def test_without_a_shelf_meta_fetches_it() -> None:
    async with uploads(None) as (made, peer):
        assert await made.file(message(link=LINK), HEADERS) == graph.File(link=LINK)
        assert await made.file(message(media_id="77"), HEADERS) == graph.File(media_id="77")
        assert count(peer) == 0


async def test_a_picture_that_is_gone_is_not_sent(shelf: ScriptedShelf) -> None:
    shelf.gone = FetchError("there is no picture at its address")
    async with uploads(shelf) as (made, _):
        with pytest.raises(graph.CannotExpress, match="no picture"):
            await made.file(message(link=LINK), HEADERS)


async def test_a_file_of_ours(shelf: ScriptedShelf, tmp_path: Path) -> None:
    async with uploads(shelf) as (made, peer):
        found = await made.file(message("voice", path=str(shelf.path), mime_type="audio/ogg"), HEADERS)
        assert found.media_id
        assert (count(peer), shelf.told) == (1, [])
        with pytest.raises(graph.CannotExpress, match="cannot be read"):
            await made.file(message("voice", path=str(tmp_path / "nothing")), HEADERS)
        with (tmp_path / "large").open("wb") as large:
            large.truncate(graph.MAX_BYTES["image"] + 1)
        with pytest.raises(graph.CannotExpress, match="more than 5 MB"):
            await made.file(message(path=str(tmp_path / "large")), HEADERS)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(on="upload", kind="status", http_status=503), UploadLost),
        (Fault(on="upload", kind="lost"), UploadLost),
        (Fault(on="upload", kind="error", code=131053), UploadRefused),
    ],
)
async def test_an_upload_that_fails_leaves_no_id(shelf: ScriptedShelf, fault: Fault, expected: type[Exception]) -> None:
    async with uploads(shelf) as (made, peer):
        peer.plan(fault)
        with pytest.raises(expected):
            await made.file(message(link=LINK), HEADERS)
        assert shelf.told == []


@pytest.mark.parametrize(
    ("code", "link", "in_use", "again"),
    [
        (131053, LINK, True, True),
        (100, LINK, True, True),
        (131053, LINK, False, False),
        (131047, LINK, True, False),
        (None, LINK, True, False),
        (131053, "", True, False),
    ],
)
async def test_only_an_id_that_was_good_once_is_worth_another_try(
    shelf: ScriptedShelf, code: int | None, link: str, in_use: bool, again: bool
) -> None:
    shelf.in_use = in_use
    async with uploads(shelf) as (made, _):
        assert await made.forget(message(link=link), code) is again
