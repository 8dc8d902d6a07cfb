"""Vehicles' pictures on their way out: fetched once, made fit, looked at again, uploaded once a number."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from PIL import Image

from daemon.errors import FetchError
from daemon.stock.fetch import Fetcher
from daemon.tenants.photos import (
    BROKEN_MS,
    FETCH_SECONDS,
    FRESH_MS,
    UPLOAD_MS,
    PhotoGone,
    PhotoShelf,
    VehiclePhotos,
    fetch_photo,
    photo_path,
)
from tests.support.desk_rows import Desk, desk
from tests.support.desk_tasks import InlineShard
from tests.support.graph_peer import serving

__all__ = ["desk"]

URL = "https://fotos.example/1.webp"


def drawn(colour: str = "red", format_: str = "WEBP") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(target, format_)
    return target.getvalue()


class Web:
    """Addresses and what is there: bytes, an exception, or an event to wait for before the bytes."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Exception | trio.Event] = {URL: drawn()}
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await trio.lowlevel.checkpoint()
        found = self.pages.get(url, PhotoGone("there is no picture at its address (HTTP 404)"))
        if isinstance(found, trio.Event):
            await found.wait()
            return drawn()
        if isinstance(found, Exception):
            raise found
        return found


class Lot:
    def __init__(self, desk: Desk, media_dir: Path) -> None:
        self.desk, self.media_dir, self.web, self.room = desk, media_dir, Web(), True
        shard = InlineShard(desk)
        self.photos = VehiclePhotos(
            shard,  # type: ignore[arg-type]
            media_dir=media_dir,
            fetch=self.web.fetch,
            limiter=trio.CapacityLimiter(1),
            now=desk.clock,
            room=lambda: self.room,
        )
        self.shelf = PhotoShelf(self.photos, shard, sender="number-1", now=desk.clock)  # type: ignore[arg-type]

    def files(self) -> list[Path]:
        return [path for path in self.media_dir.rglob("*") if path.is_file()]


@pytest.fixture
def lot(desk: Desk, tmp_path: Path) -> Lot:
    return Lot(desk, tmp_path / "media")


async def test_a_webp_becomes_a_jpeg_on_disk(lot: Lot) -> None:
    assert await lot.photos.prepare([URL, URL]) == frozenset()
    async with lot.photos.load(URL) as (path, mime_type):
        assert mime_type == "image/jpeg"
        assert path.read_bytes().startswith(b"\xff\xd8\xff")
        assert lot.files() == [path]
    assert lot.web.asked == [URL], "it is fetched once"


async def test_broken_ones_are_named_and_not_asked_for_again_at_once(lot: Lot) -> None:
    lot.web.pages |= {"b": b"<html>", "c": FetchError("no network")}
    assert await lot.photos.prepare([URL, "a", "b", "c"]) == {"a", "b", "c"}
    assert await lot.photos.prepare([URL, "a", "b", "c"]) == {"a", "b", "c"}
    assert sorted(lot.web.asked) == ["a", "b", "c", URL]
    lot.web.pages["c"] = drawn()
    lot.desk.clock.move(BROKEN_MS / 1000)
    assert await lot.photos.prepare(["a", "b", "c"]) == {"a", "b"}


async def test_two_customers_at_once_cost_one_fetch(lot: Lot, nursery: trio.Nursery) -> None:
    gate = trio.Event()
    lot.web.pages[URL] = gate
    results: list[frozenset[str]] = []

    async def ask() -> None:
        results.append(await lot.photos.prepare([URL]))

    nursery.start_soon(ask)
    nursery.start_soon(ask)
    await trio.testing.wait_all_tasks_blocked()
    gate.set()
    with trio.fail_after(60):
        while len(results) < 2:
            await trio.testing.wait_all_tasks_blocked(0.01)
    assert (results, lot.web.asked) == ([frozenset()] * 2, [URL])


async def test_a_slow_server_is_left_out(lot: Lot, mock_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    lot.web.pages["slow"] = trio.Event()
    results: list[frozenset[str]] = []

    async def ask() -> None:
        results.append(await lot.photos.prepare(["slow"]))

    nursery.start_soon(ask)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(FETCH_SECONDS)
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert results == [{"slow"}]
    assert await lot.photos.prepare(["slow"]) == {"slow"}
    assert lot.web.asked == ["slow"], "the next customer does not wait for it"


async def test_a_picture_is_looked_at_again_after_a_day(lot: Lot) -> None:
    await lot.photos.prepare([URL])
    await lot.shelf.uploaded(URL, "media-1")
    lot.desk.clock.move(FRESH_MS / 1000)
    assert await lot.shelf.media_id(URL) == "media-1", "it is the same picture"
    lot.web.pages[URL] = drawn("blue")
    lot.desk.clock.move(FRESH_MS / 1000)
    assert await lot.shelf.media_id(URL) == "", "another car stands there now"
    assert len(lot.web.asked) == 3


async def test_yesterdays_is_better_than_none_but_not_than_a_gone_one(lot: Lot) -> None:
    await lot.photos.prepare([URL])
    lot.desk.clock.move(FRESH_MS / 1000)
    lot.web.pages[URL] = FetchError("no network")
    assert await lot.photos.prepare([URL]) == frozenset()
    del lot.web.pages[URL]
    assert await lot.photos.prepare([URL]) == {URL}


async def test_an_upload_is_used_until_meta_drops_it(lot: Lot) -> None:
    assert await lot.shelf.media_id(URL) == ""
    await lot.shelf.uploaded(URL, "media-1")
    lot.desk.clock.move(UPLOAD_MS / 1000 - 1)
    assert await lot.shelf.media_id(URL) == "media-1"
    lot.desk.clock.move(2)
    assert await lot.shelf.media_id(URL) == ""


async def test_a_refused_id_is_forgotten(lot: Lot) -> None:
    await lot.photos.prepare([URL])
    await lot.shelf.uploaded(URL, "media-1")
    assert not await lot.shelf.forget(URL), "it was new: another upload would not help"
    await lot.shelf.uploaded(URL, "media-2")
    lot.desk.clock.move(3600)
    assert await lot.shelf.forget(URL)
    assert await lot.shelf.media_id(URL) == ""


async def test_a_lost_file_is_fetched_anew(lot: Lot) -> None:
    await lot.photos.prepare([URL])
    [path] = lot.files()
    path.write_bytes(b"half")
    async with lot.shelf.load(URL) as (found, _):
        assert found.read_bytes().startswith(b"\xff\xd8\xff")
    assert len(lot.web.asked) == 2


async def test_a_full_disk_and_one_that_cannot_be_written(lot: Lot) -> None:
    lot.room = False
    assert await lot.photos.prepare([URL]) == {URL}
    lot.room = True
    lot.media_dir.write_bytes(b"no folder")
    assert await lot.photos.prepare([URL]) == {URL}
    lot.media_dir.unlink()
    assert await lot.photos.prepare([URL]) == frozenset()


def test_where_they_are(tmp_path: Path) -> None:
    assert photo_path(tmp_path, "auto-sul", "abcd") == tmp_path / "auto-sul" / "photos" / "ab" / "cd"


@pytest.fixture
async def server() -> AsyncIterator[str]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        status = int(scope["path"].strip("/"))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"abc"})

    async with serving(app) as url:
        yield url


async def test_what_a_status_means(server: str) -> None:
    port = int(server.rpartition(":")[2])
    async with Fetcher(allow_private=[f"127.0.0.1:{port}"]) as fetcher:
        assert await fetch_photo(fetcher, f"{server}/200") == b"abc"
        for status in (403, 404, 410):
            with pytest.raises(PhotoGone):
                await fetch_photo(fetcher, f"{server}/{status}")
        for status in (429, 503):
            with pytest.raises(FetchError) as caught:
                await fetch_photo(fetcher, f"{server}/{status}")
            assert not isinstance(caught.value, PhotoGone)


async def test_our_own_network_is_not_a_place_for_pictures() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return ["10.0.0.5"]

    async with Fetcher(resolve=resolve) as fetcher:
        for url in ("http://10.0.0.5/healthz", "https://inside.example/a.jpg"):
            with pytest.raises(FetchError, match="not a public address"):
                await fetch_photo(fetcher, url)
