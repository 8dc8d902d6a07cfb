"""Sound files by their bytes: real ones of each kind, halves, and whatever Hypothesis makes of them."""

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio import BrokenAudio, Sound, inspect, opus_packet_sizes
from daemon.emulator.voice_wire import ogg_opus

AUDIO = Path(__file__).parents[1] / "data" / "audio"
CIVIC = (AUDIO / "civic.ogg").read_bytes()


def inspected(data: bytes) -> Sound:
    return inspect(io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "container", "seconds", "channels", "opus"),
    [
        ("civic.ogg", "ogg", 6.32, 1, True),
        ("stereo.ogg", "ogg", 2.0, 2, True),
        ("vorbis.ogg", "ogg", 2.0, None, False),
        ("civic.m4a", "mp4", 4.0, None, False),
        ("civic.mp3", "mp3", 4.1, 1, False),
        ("civic.aac", "aac", 3.07, 1, False),
        ("civic.webm", "webm", 6.34, 1, True),
    ],
)
def test_real_files(name: str, container: str, seconds: float, channels: int | None, opus: bool) -> None:
    sound = inspected((AUDIO / name).read_bytes())
    assert (sound.container, sound.channels, sound.opus, sound.whole) == (container, channels, opus, True)
    assert sound.seconds == pytest.approx(seconds, abs=0.05)


def amr(frames: int, magic: bytes = b"#!AMR\n", head: int = 7 << 3 | 4, size: int = 32) -> bytes:
    """Frames of the best mode."""
    return magic + (bytes([head]) + bytes(size - 1)) * frames


def test_amr() -> None:
    assert inspected(amr(50)) == Sound(container="amr", seconds=1.0, channels=1)
    assert inspected(amr(50, b"#!AMR-WB\n", 8 << 3 | 4, 61)).seconds == pytest.approx(1.0)
    half = inspected(amr(50)[:-5])
    assert (half.whole, half.seconds) == (False, pytest.approx(0.98))
    with pytest.raises(BrokenAudio):
        inspected(b"#!AMR_MC1.0\n" + bytes(100))


@pytest.mark.parametrize("name", ["civic.ogg", "civic.mp3", "civic.aac", "civic.webm"])
def test_a_half_is_not_whole(name: str) -> None:
    data = (AUDIO / name).read_bytes()
    sound = inspected(data[: len(data) * 2 // 3])
    assert not sound.whole
    assert 0 < sound.seconds < inspected(data).seconds


def test_an_m4a_that_is_cut_off() -> None:
    data = (AUDIO / "civic.m4a").read_bytes()
    with pytest.raises(BrokenAudio):
        inspected(data[:2000])  # its index stands at the end


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"OggS",
        b"ID3",
        b"\xff\xfb",
        b"RIFF....WEBP",
        b"<html>Wi-Fi</html>",
        ogg_opus(0),
        b"#!AMR\n",
        b"\0\0\0\x20ftypM4A ",
    ],
)
def test_what_is_no_sound(data: bytes) -> None:
    with pytest.raises(BrokenAudio):
        inspected(data)


def test_a_file_cannot_lie_about_its_length() -> None:
    data = bytearray(ogg_opus(30))
    last = data.rfind(b"OggS")
    data[last + 6 : last + 14] = (48_000).to_bytes(8, "little")
    first = data.find(b"OggS", data.find(b"OpusTags"))
    while first != last:
        data[first + 6 : first + 14] = (48_000).to_bytes(8, "little")
        first = data.find(b"OggS", first + 4)
    assert inspected(bytes(data)).seconds == pytest.approx(30)
    data[last + 6 : last + 14] = (1 << 50).to_bytes(8, "little")
    assert inspected(bytes(data)).seconds == pytest.approx(30)


def test_a_quiet_file_has_small_packets() -> None:
    assert opus_packet_sizes(io.BytesIO(ogg_opus(1))) == [3] * 50
    spoken = opus_packet_sizes(io.BytesIO(CIVIC))
    assert len(spoken) == pytest.approx(6.32 * 50, abs=2)
    assert max(spoken) > 2 * min(spoken)
    assert 0.9 * len(CIVIC) < sum(spoken) < len(CIVIC)


@given(st.floats(0.02, 120), st.text(max_size=2000))
def test_what_the_stand_in_makes_is_read_back(seconds: float, said: str) -> None:
    sound = inspected(ogg_opus(seconds, transcript=said))
    assert sound == Sound(container="ogg", opus=True, channels=1, seconds=sound.seconds)
    assert sound.seconds == pytest.approx(seconds, abs=0.011)


SEEDS = [path.read_bytes() for path in sorted(AUDIO.iterdir())] + [amr(9)]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))), st.integers(0, 30_000))
def test_damage_is_told_or_borne(data: bytes, changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(data[:length])
    for position, byte in changes:
        if position < len(damaged):
            damaged[position] = byte
    with contextlib.suppress(BrokenAudio):
        assert inspected(bytes(damaged)).seconds > 0


@given(st.sampled_from([b"OggS", b"\0\0\0\x08ftyp", b"#!AMR\n", b"ID3", b"\xff\xf1", b"\xff\xfb", b""]), st.binary())
def test_garbage_is_told_or_borne(magic: bytes, rest: bytes) -> None:
    with contextlib.suppress(BrokenAudio):
        assert inspected(magic + rest).seconds > 0
