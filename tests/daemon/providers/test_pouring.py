"""Chunks into a file: as they come, within bounds, and with a full disk told from a bad vendor."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.errors import ProviderGarbage, ProviderRefused
from daemon.providers.pouring import pour


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_the_file_begins_anew(tmp_path: Path) -> None:
    to = tmp_path / "out.ogg"
    to.write_bytes(b"something longer from the attempt before")
    await pour("elevenlabs", chunks(b"Ogg", b"S"), to)
    assert to.read_bytes() == b"OggS"


async def test_nothing_is_no_speech(tmp_path: Path) -> None:
    with pytest.raises(ProviderGarbage, match="no sound"):
        await pour("elevenlabs", chunks(), tmp_path / "out.ogg")


async def test_too_much_is_not_kept(tmp_path: Path) -> None:
    to = tmp_path / "out.ogg"
    with pytest.raises(ProviderGarbage, match="more than 5 bytes"):
        await pour("elevenlabs", chunks(b"1234", b"5678", b"9"), to, limit=5)
    assert to.read_bytes() == b"1234"


async def test_a_full_disk_is_not_the_vendors_fault() -> None:
    with pytest.raises(ProviderRefused, match="No space left"):
        await pour("elevenlabs", chunks(b"OggS" * 4096, b"more"), Path("/dev/full"))
