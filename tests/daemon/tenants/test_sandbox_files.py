"""Files of sandbox customers: kept once, known to a message or gone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from daemon.assembly import Parts
from daemon.tenants.sandbox_files import content_type, kind_of
from shards.errors import Conflict, Invalid, StorageFull
from shards.requests import AlreadyDone, RequestKey, StoredRequest
from tests.support.house import count, house, sandbox_profile
from tests.support.shards import HandClock

AUDIO = Path(__file__).parents[2] / "data" / "audio"
CIVIC = (AUDIO / "civic.webm").read_bytes()
JPEG = b"\xff\xd8\xff\xe0" + bytes(2_000)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path, clock=HandClock()) as made:
        await made.service.create(sandbox_profile("auto-sul"), {})
        yield made


async def pieces(data: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


def files(parts: Parts) -> list[Path]:
    return [path for path in (parts.around.data_dir / "media").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("found", "claimed", "is_"),
    [
        ("audio/ogg", "audio/ogg", "audio/ogg"),
        ("video/webm", "audio/webm", "audio/webm"),
        ("video/mp4", "audio/mp4", "audio/mp4"),
        ("video/mp4", "application/octet-stream", "video/mp4"),
        ("image/jpeg", "audio/ogg", "image/jpeg"),
    ],
)
def test_what_a_file_is(found: str, claimed: str, is_: str) -> None:
    assert content_type(found, claimed) == is_


def test_what_message_a_file_makes() -> None:
    kinds = {"audio/ogg": "voice", "image/png": "image", "application/pdf": "document", "video/mp4": ""}
    assert {mime_type: kind_of(mime_type) for mime_type in kinds} == kinds


async def test_a_voice_note_is_kept_and_is_to_be_heard(parts: Parts) -> None:
    message = await parts.service.sandbox_sends("auto-sul", "ana", pieces(CIVIC), mime_type="audio/webm")
    [path] = files(parts)
    assert path.read_bytes() == CIVIC
    row = "SELECT kind || ' ' || json_extract(content, '$.media.mime_type') FROM messages WHERE id = ?"
    assert await count(parts, "auto-sul", row, (message,)) == "voice audio/webm"
    assert await count(parts, "auto-sul", "SELECT count(*) FROM media_wanted") == 0
    assert await count(parts, "auto-sul", "SELECT count(*) FROM transcripts") == 1


async def test_the_same_picture_twice_is_one_file(parts: Parts) -> None:
    for _ in range(2):
        await parts.service.sandbox_sends("auto-sul", "ana", pieces(JPEG, 1), mime_type="image/jpeg", text="meu gol")
    assert len(files(parts)) == 1
    assert await count(parts, "auto-sul", "SELECT count(*) FROM messages WHERE kind = 'image'") == 2


@pytest.mark.parametrize("data", [b"", b"<html>", b"MZ" + bytes(100)])
async def test_what_nobody_can_use_leaves_nothing(parts: Parts, data: bytes) -> None:
    with pytest.raises(Invalid, match="neither sound nor a picture"):
        await parts.service.sandbox_sends("auto-sul", "ana", pieces(data), mime_type="audio/webm")
    assert files(parts) == []


async def test_a_body_that_breaks_off_leaves_nothing(parts: Parts) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield CIVIC[:2_000]
        raise KeyError("the peer left")

    with pytest.raises(KeyError, match="the peer left"):
        await parts.service.sandbox_sends("auto-sul", "ana", broken(), mime_type="audio/webm")
    assert files(parts) == []


async def test_a_repeated_call_keeps_the_first(parts: Parts) -> None:
    request = StoredRequest(RequestKey("t", "/v1/x", "k", b""), 201, lambda _, id_: id_.encode())

    async def send(data: bytes) -> str:
        return await parts.service.sandbox_sends(
            "auto-sul", "ana", pieces(data), mime_type="audio/webm", request=request
        )

    first = await send(CIVIC)
    with pytest.raises(AlreadyDone) as repeated:
        await send(CIVIC)
    assert repeated.value.done.response == first.encode()
    assert repeated.value.done.body_hash == repeated.value.key.body_hash
    with pytest.raises(AlreadyDone) as other:
        await send(JPEG)
    assert other.value.done.body_hash != other.value.key.body_hash
    assert [path.read_bytes() for path in files(parts)] == [CIVIC]


async def test_no_room(parts: Parts) -> None:
    around = parts.around
    around.config = evolve(around.config, retention=evolve(around.config.retention, media_mb_per_tenant=1))
    write = "INSERT INTO media (hash, mime_type, bytes, stored_at) VALUES ('x', 'image/png', 2000000, 0)"
    await parts.directory.handle("auto-sul").write(lambda tx: tx.run(write))
    with pytest.raises(Conflict, match="media_mb_per_tenant"):
        await parts.service.sandbox_sends("auto-sul", "ana", pieces(JPEG), mime_type="image/jpeg")
    around.room = lambda: False
    with pytest.raises(StorageFull):
        await parts.service.sandbox_sends("auto-sul", "ana", pieces(JPEG), mime_type="image/jpeg")
    assert files(parts) == []
