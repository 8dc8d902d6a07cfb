"""Bytes to responses and back: whatever the pieces, and nothing that is not plain."""

import contextlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.http1 import MAX_HEAD, NotHttp, Response, ResponseReader, headers_of, length_of, request

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nContent-Type:  text/plain \r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n"


def read(*pieces: bytes, max_body: int = 1000) -> Response:
    reader = ResponseReader(max_body)
    for piece in pieces:
        found = reader.feed(piece)
        if found is not None:
            return found
    raise AssertionError("not whole")


@pytest.mark.parametrize("data", [OK, CHUNKED])
def test_a_response_is_read_whole_or_byte_by_byte(data: bytes) -> None:
    whole = read(data)
    assert (whole.status, whole.body, whole.reusable) == (200, b"hello", True)
    assert read(*(data[at : at + 1] for at in range(len(data)))) == whole


def test_headers_are_lower_case_and_stripped() -> None:
    assert (b"content-type", b"text/plain") in read(OK).headers


def test_an_interim_answer_is_passed_over() -> None:
    assert read(b"HTTP/1.1 100 Continue\r\n\r\n", OK).body == b"hello"
    assert read(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK).body == b"hello"


def test_without_framing_the_end_of_the_connection_is_the_end() -> None:
    found = read(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", b"")
    assert (found.body, found.reusable) == (b"hello", False)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(status: int) -> None:
    assert read(b"HTTP/1.1 %d X\r\ncontent-length: 9\r\n\r\n" % status).body == b""


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 0\r\n\r\n",
        OK + b"HTTP/1.1 200 smuggled",
        CHUNKED + b"x",
    ],
)
def test_connections_that_carry_nothing_more(data: bytes) -> None:
    assert not read(data).reusable


@pytest.mark.parametrize(
    "pieces",
    [
        [b""],
        [b"HTTP/1.1 200 OK\r\ncontent-le", b""],
        [OK[:-1], b""],
        [CHUNKED[:-2], b""],
        [b"SSH-2.0-x\r\n\r\n"],
        [b"HTTP/2 200\r\n\r\n"],
        [b"HTTP/1.1 101 Switching\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n folded\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n", b"x" * 1500],
        [b"HTTP/1.1 200 OK\r\nx: " + b"y" * MAX_HEAD, b"y"],
    ],
)
def test_what_is_not_plain_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(NotHttp):
        read(*pieces)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_reader_raises_nothing_else(head: bytes, rest: bytes) -> None:
    for data in (head, b"HTTP/1.1 200 OK\r\n" + head, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + head):
        with contextlib.suppress(NotHttp, AssertionError):
            read(data, rest, b"")


@given(st.binary(max_size=2000), st.lists(st.integers(1, 400), max_size=20), st.booleans())
def test_it_reads_what_h11_writes(body: bytes, cuts: list[int], chunked: bool) -> None:
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    while peer.next_event() is not h11.NEED_DATA and peer.their_state is not h11.DONE:
        pass
    framing = (b"transfer-encoding", b"chunked") if chunked else (b"content-length", b"%d" % len(body))
    data = peer.send(h11.Response(status_code=200, headers=[framing]))
    for at in range(0, len(body), 700):
        data += peer.send(h11.Data(data=body[at : at + 700]))
    data += peer.send(h11.EndOfMessage())
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    found = read(*[piece for piece in pieces if piece], data or b"", max_body=5000)
    assert (found.body, found.reusable) == (body, True)


@given(st.binary(max_size=500))
def test_h11_reads_what_it_writes(body: bytes) -> None:
    data = request(b"POST", b"/a?b=c", [(b"Host", b"x"), (b"Content-Length", b"%d" % len(body))], body)
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(data)
    head = peer.next_event()
    assert isinstance(head, h11.Request)
    assert (head.method, head.target) == (b"POST", b"/a?b=c")
    seen = b""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        seen += event.data
    assert seen == body


@pytest.mark.parametrize(
    ("target", "value"), [(b"/a b", b"x"), (b"/a", b"x\r\ny: z"), (b"/a", b"x\ny"), (b"/a\r\n", b"x"), (b"/a", b"\0")]
)
def test_no_line_break_gets_into_a_head(target: bytes, value: bytes) -> None:
    with pytest.raises(ValueError, match="head"):
        request(b"POST", target, [(b"Host", value)], b"")


def test_lengths() -> None:
    assert length_of(headers_of(b"A: b")) is None
    assert length_of([(b"content-length", b"7"), (b"content-length", b"7")]) == 7
