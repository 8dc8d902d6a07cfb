"""Sound as browsers record it: a real file, its halves, and whatever Hypothesis makes of it."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.webm import MAGIC, Recording, read

CIVIC = (Path(__file__).parents[1] / "data" / "audio" / "civic.webm").read_bytes()


def found(data: bytes) -> Recording:
    return read(io.BytesIO(data), len(data))


def test_a_recording() -> None:
    recording = found(CIVIC)
    assert (recording.codec, recording.channels, recording.whole) == ("A_OPUS", 1, True)
    assert recording.last_seconds == pytest.approx(6.32, abs=0.03)
    assert recording.packets > 300
    assert len(recording.last_packet) == 2


def test_a_recording_that_was_cut_off_is_as_long_as_what_is_there() -> None:
    half = found(CIVIC[: len(CIVIC) // 2 + 5])
    assert not half.whole
    assert 2 < half.last_seconds < 4.5


def test_blocks_in_groups_and_before_their_cluster() -> None:
    block = bytes((0x81, 0x00, 0x64, 0x00, 0xFC, 0x01))
    group = bytes((0xA0, 0xFF, 0xA1, 0x80 | len(block))) + block
    cluster = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff" + b"\xe7\x82\x03\xe8" + group
    recording = found(cluster)
    assert (recording.packets, recording.last_seconds, recording.last_packet) == (1, 1.1, b"\xfc\x01")
    early = bytes((0xA3, 0x80 | len(block))) + bytes((0x81, 0xFF, 0x9C, 0x00, 0xFC, 0x01))
    assert found(b"\xe7\x82\x03\xe8" + early).last_seconds == 0.9


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC[:1], b"\x00\x01\x02", b"\xa3", b"\xa3\x00" + bytes(20)])
def test_no_recording(data: bytes) -> None:
    assert found(data).packets == 0


@given(st.binary(max_size=400), st.integers(0, len(CIVIC)))
def test_rubbish_ends(rubbish: bytes, at: int) -> None:
    recording = found(CIVIC[:at] + rubbish)
    assert recording.packets >= 0
    assert len(recording.last_packet) <= 2
