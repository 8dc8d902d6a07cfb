"""Voice notes at Meta: uploaded once a number, forgotten when Meta has; pictures are the other shelf's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define, field

from daemon.channels.media import media_path
from daemon.desk.voice_reply import NOTE_LINK
from daemon.tenants.photos import REUSED_MS, UPLOAD_MS
from daemon.tenants.voice_notes import GONE_MS, NoteShelf
from tests.support.desk_rows import Desk, desk
from tests.support.desk_tasks import InlineShard

__all__ = ["desk"]

HASH = "ab" * 32
NOTE = f"{NOTE_LINK}{HASH}"
PICTURE = "https://fotos.example/1.jpg"


@define
class Pictures:
    """Notes what it is asked."""

    asked: list[str] = field(factory=list)

    async def media_id(self, link: str) -> str:
        await trio.lowlevel.checkpoint()
        self.asked.append(f"id {link}")
        return "picture"

    @asynccontextmanager
    async def load(self, link: str) -> AsyncIterator[tuple[Path, str]]:
        await trio.lowlevel.checkpoint()
        yield Path("picture"), "image/jpeg"

    async def uploaded(self, link: str, media_id: str) -> None:
        await trio.lowlevel.checkpoint()
        self.asked.append(f"uploaded {link} {media_id}")

    async def forget(self, link: str) -> bool:
        await trio.lowlevel.checkpoint()
        self.asked.append(f"forget {link}")
        return True


@define
class Shelf:
    desk: Desk
    media_dir: Path
    pictures: Pictures = field(factory=Pictures)

    def of(self, sender: str = "number-1") -> NoteShelf:
        shard: Any = InlineShard(self.desk)
        return NoteShelf(self.pictures, shard, media_dir=self.media_dir, sender=sender, now=self.desk.clock)


@pytest.fixture
def shelf(desk: Desk, tmp_path: Path) -> Shelf:
    return Shelf(desk, tmp_path)


async def test_an_upload_is_known_to_its_number_until_it_is_old(shelf: Shelf) -> None:
    notes = shelf.of()
    assert await notes.media_id(NOTE) == ""
    await notes.uploaded(NOTE, "1")
    assert await notes.media_id(NOTE) == "1"
    assert await shelf.of("number-2").media_id(NOTE) == ""
    shelf.desk.clock.move(UPLOAD_MS / 1000 + 1)
    assert await notes.media_id(NOTE) == ""


async def test_a_refused_id_is_forgotten_and_tried_anew_only_if_it_was_in_use(shelf: Shelf) -> None:
    notes = shelf.of()
    await notes.uploaded(NOTE, "1")
    assert not await notes.forget(NOTE), "Meta never took it"
    assert await notes.media_id(NOTE) == ""
    await notes.uploaded(NOTE, "2")
    shelf.desk.clock.move(REUSED_MS / 1000 + 1)
    assert await notes.forget(NOTE)
    assert not await notes.forget(NOTE)


async def test_what_meta_has_long_forgotten_is_forgotten_here_too(shelf: Shelf) -> None:
    await shelf.of().uploaded(f"{NOTE_LINK}old", "1")
    shelf.desk.clock.move(GONE_MS / 1000 + 1)
    await shelf.of().uploaded(NOTE, "2")
    assert shelf.desk.rows("SELECT hash FROM uploads") == [HASH]


async def test_the_file_is_the_stored_one(shelf: Shelf) -> None:
    async with shelf.of().load(NOTE) as (path, mime_type):
        assert path == media_path(shelf.media_dir, "auto-sul", HASH)
        assert mime_type == "audio/ogg; codecs=opus"


async def test_pictures_are_the_other_shelfs(shelf: Shelf) -> None:
    notes = shelf.of()
    assert await notes.media_id(PICTURE) == "picture"
    await notes.uploaded(PICTURE, "1")
    assert await notes.forget(PICTURE)
    async with notes.load(PICTURE) as (path, _):
        assert path == Path("picture")
    assert shelf.pictures.asked == [f"id {PICTURE}", f"uploaded {PICTURE} 1", f"forget {PICTURE}"]
