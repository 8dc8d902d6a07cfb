import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock.inflate import InflateError, Inflater

PACKED = gzip.compress(b"abc" * 100, mtime=0)


def unpack(data: bytes, limit: int = 10_000, step: int = 7) -> bytes:
    inflater = Inflater(limit)
    out = b"".join(piece for at in range(0, len(data), step) for piece in inflater.feed(data[at : at + step]))
    inflater.finish()
    return out


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_what_was_packed_comes_back_however_it_is_cut(data: bytes, step: int) -> None:
    assert unpack(gzip.compress(data), step=step) == data


def test_members_one_after_the_other_and_padding() -> None:
    assert unpack(gzip.compress(b"a") + gzip.compress(b"b") + b"\0" * 20) == b"ab"


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    pieces: list[int] = []
    with pytest.raises(InflateError, match="more than 1 MB"):
        pieces.extend(len(piece) for piece in Inflater(1_000_000).feed(bomb))
    assert sum(pieces) <= 1_000_000


@pytest.mark.parametrize("data", [PACKED[:-4], PACKED[:12]], ids=["end", "middle"])
def test_cut_off_data_is_told(data: bytes) -> None:
    with pytest.raises(InflateError, match="cut off"):
        unpack(data)


def test_damaged_data_is_told() -> None:
    packed = bytearray(PACKED)
    packed[12] ^= 0xFF
    with pytest.raises(InflateError, match="damaged"):
        unpack(bytes(packed))
