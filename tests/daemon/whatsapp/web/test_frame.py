"""Frames: however the bytes come, the same payloads; what is too long is refused before it comes."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.frame import INTRO, MAX_PAYLOAD, Frames, ServerFrames, frame, intro

payloads = st.lists(st.binary(max_size=300), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at these places (any numbers)."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def test_a_frame() -> None:
    assert frame(b"hello") == b"\0\0\x05hello"
    assert frame(bytes(0x012345))[:3] == b"\x01\x23\x45"


def test_the_longest_frame_and_one_longer() -> None:
    assert frame(bytes(MAX_PAYLOAD))[:3] == b"\xff\xff\xff"
    with pytest.raises(Garbled):
        frame(bytes(MAX_PAYLOAD + 1))


@given(payloads, st.lists(st.integers(0, 3000)))
def test_the_pieces_do_not_matter(sent: list[bytes], cuts: list[int]) -> None:
    frames = Frames()
    stream = b"".join(map(frame, sent))
    assert [payload for piece in pieces(stream, cuts) for payload in frames.feed(piece)] == sent
    assert frames.feed(frame(b"next")) == [b"next"]


def test_over_the_limit_is_refused_by_the_header_alone() -> None:
    frames = Frames(limit=10)
    assert frames.feed(frame(bytes(10))) == [bytes(10)]
    with pytest.raises(Garbled, match="11 bytes"):
        frames.feed(b"\0\0\x0b")


def test_an_announced_size_allocates_nothing() -> None:
    frames = Frames()
    tracemalloc.start()
    try:
        assert frames.feed(b"\xff\xff\xff" + bytes(1000)) == []
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(payloads, st.binary(max_size=40), st.lists(st.integers(0, 3000)))
def test_a_server_takes_off_what_comes_first(sent: list[bytes], hint: bytes, cuts: list[int]) -> None:
    frames = ServerFrames()
    stream = intro(hint) + b"".join(map(frame, sent))
    assert [payload for piece in pieces(stream, cuts) for payload in frames.feed(piece)] == sent
    assert frames.routing == hint
    assert frames.feed(frame(b"next")) == [b"next"]


def test_the_beginning_in_bytes() -> None:
    assert intro() == INTRO == bytes.fromhex("57410603")
    assert intro(b"abc") == bytes.fromhex("45440001 000003 616263 57410603")


@pytest.mark.parametrize(
    "data",
    [
        b"X",
        b"WA\x06\x02",  # another edition of the dictionaries
        b"WA\x05",
        b"ED\x00\x02",
        b"ED\x00\x01\x00\x00\x01aED\x00\x01",  # one hint is enough
        b"GET / HTTP/1.1",
        b"ED\x00\x01\x00\x00\xff",  # over the limit
    ],
)
def test_a_wrong_beginning(data: bytes) -> None:
    with pytest.raises(Garbled):
        ServerFrames(limit=100).feed(data)
    frames = ServerFrames(limit=100)
    refused = False
    for at in range(len(data)):
        try:
            assert frames.feed(data[at : at + 1]) == []
        except Garbled:
            refused = True
            break
    assert refused


def test_a_beginning_that_is_not_whole_is_waited_for() -> None:
    for whole in (intro(), intro(b"abc")):
        for end in range(len(whole)):
            assert ServerFrames().feed(whole[:end]) == []


@given(st.lists(st.binary(max_size=50)))
def test_a_server_raises_nothing_else(stream: list[bytes]) -> None:
    frames = ServerFrames(limit=1000)
    try:
        for data in stream:
            frames.feed(data)
    except Garbled:
        pass
