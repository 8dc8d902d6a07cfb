"""The quick way in: plain deliveries are answered here, everything else reaches hypercorn as it came."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
import trio
import trio.lowlevel
import trio.testing
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.lane import BEGINNING, MAX_HEAD, Delivery, Lane, Resumed, delivery_in
from daemon.control.webhooks import MOST_BYTES, Answered
from tests.conftest import Logs

NOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def post(body: bytes = b"{}", *extra: bytes) -> bytes:
    lines = [b"Host: x", b"Content-Length: %d" % len(body), b"X-Hub-Signature-256: sha256=ab", *extra]
    return BEGINNING + b"\r\n".join(lines) + b"\r\n\r\n" + body


@define
class Book:
    """Takes deliveries and remembers them."""

    taken: list[tuple[bytes, bytes]] = field(factory=list)
    status: int = 200

    async def deliver(self, body: bytes, signature: bytes) -> Answered:
        await trio.lowlevel.checkpoint()
        if body == b"boom":
            raise RuntimeError("a fault")
        self.taken.append((body, signature))
        return Answered(self.status, b"" if self.status == 200 else b"no\n")


@define
class Visit:
    """One connection through a lane."""

    book: Book
    rest: list[bytes]
    answers: bytes


async def visit(*pieces: bytes, book: Book | None = None) -> Visit:
    """Send the pieces one by one, close, and see who got what."""
    book, rest = book or Book(), list[bytes]()

    async def hypercorn(stream: Resumed) -> None:
        data = b""
        while chunk := await stream.receive_some(7):
            data += chunk
        rest.append(data)

    lane = Lane(book, hypercorn, 75.0, now=lambda: NOON)
    answers = bytearray()
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, lane.serve, 0, host="127.0.0.1"))
        client = await trio.testing.open_stream_to_socket_listener(listener)

        async def read() -> None:
            async for chunk in client:
                answers.extend(chunk)

        async with client, trio.open_nursery() as reading:
            reading.start_soon(read)
            for piece in pieces:
                await client.send_all(piece)
                await trio.testing.wait_all_tasks_blocked()
            await client.send_eof()
        nursery.cancel_scope.cancel()
    return Visit(book, rest, bytes(answers))


async def test_a_delivery_is_taken_and_answered() -> None:
    seen = await visit(post(b'{"a":1}'))
    assert seen.book.taken == [(b'{"a":1}', b"sha256=ab")]
    assert seen.answers == b"HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 15:00:00 GMT\r\ncontent-length: 0\r\n\r\n"
    assert seen.rest == []


async def test_many_on_one_connection_also_at_once() -> None:
    seen = await visit(post(b"1") + post(b"2"), post(b"3"))
    assert [body for body, _ in seen.book.taken] == [b"1", b"2", b"3"]
    assert seen.answers.count(b"200 OK") == 3


async def test_whatever_the_pieces() -> None:
    data = post(b'{"a":1}')
    seen = await visit(*(data[at : at + 9] for at in range(0, len(data), 9)))
    assert [body for body, _ in seen.book.taken] == [b'{"a":1}']


async def test_a_refusal_keeps_the_connection() -> None:
    seen = await visit(post(b"1"), post(b"2"), book=Book(status=403))
    assert seen.answers.count(b"HTTP/1.1 403 Forbidden") == 2
    assert seen.answers.endswith(b"content-length: 3\r\n\r\nno\n")


async def test_a_fault_ends_the_request_alone(logs: Logs) -> None:
    logs.expect_error("webhook failed")
    seen = await visit(post(b"boom"), post(b"2"))
    assert seen.answers.count(b"503 Service Unavailable") == 1
    assert [body for body, _ in seen.book.taken] == [b"2"]


@pytest.mark.parametrize(
    "other",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        BEGINNING.replace(b"1.1", b"1.0") + b"Host: x\r\nContent-Length: 2\r\n\r\n{}",
        BEGINNING.replace(b" HTTP", b"?a=b HTTP") + b"Host: x\r\nContent-Length: 2\r\n\r\n{}",
        post(b"{}", b"Expect: 100-continue"),
        post(b"{}", b"Transfer-Encoding: chunked"),
        post(b"{}", b"Connection: close"),
        post(b"{}", b"Connection: upgrade", b"Upgrade: h2c"),
        post(b"{}", b"Content-Length: 2"),
        post(b"{}", b"Host: y"),
        post(b"{}", b" folded"),
        post(b"{}", b"X: a\nContent-Length: 0"),
        BEGINNING + b"Host: x\r\n\r\n",
        BEGINNING + b"Host: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BYTES + 1),
        BEGINNING + b"X: " + b"y" * MAX_HEAD,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda other: str(len(other)),
)
async def test_everything_else_is_hypercorns_as_it_came(other: bytes) -> None:
    seen = await visit(post(b"1") + other[:30], other[30:], b"and more")
    assert seen.rest == [other + b"and more"]
    assert len(seen.book.taken) == 1


async def test_half_a_delivery_is_nobodys() -> None:
    seen = await visit(post(b"{}")[:-1])
    assert (seen.book.taken, seen.rest, seen.answers) == ([], [], b"")


async def nobody(stream: Resumed) -> None:
    raise AssertionError("nothing was to be passed on")


async def test_idle_connections_are_closed_at_the_end() -> None:
    book = Book()
    lane = Lane(book, nobody, 75.0)
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, lane.serve, 0, host="127.0.0.1"))
        async with await trio.testing.open_stream_to_socket_listener(listener) as client:
            await client.send_all(post())
            assert await client.receive_some()
            await trio.testing.wait_all_tasks_blocked()
            lane.close_idle()
            assert not await client.receive_some()
        async with await trio.testing.open_stream_to_socket_listener(listener) as late:
            assert not await late.receive_some()
        nursery.cancel_scope.cancel()


async def test_a_silent_connection_is_closed_after_its_time() -> None:
    lane = Lane(Book(), nobody, 0.01)
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, lane.serve, 0, host="127.0.0.1"))
        async with await trio.testing.open_stream_to_socket_listener(listener) as client:
            with trio.fail_after(60):
                assert not await client.receive_some()
        nursery.cancel_scope.cancel()


def pieces() -> Iterator[bytes]:
    yield from (b"\r\n", b": ", b"Host: x\r\n", b"Content-Length: 3\r\n", BEGINNING, b"abc", b"\0", b"\n")


@given(st.lists(st.sampled_from(list(pieces())) | st.binary(max_size=8), max_size=12).map(b"".join))
def test_no_bytes_make_it_raise_or_stand_still(data: bytes) -> None:
    for given_ in (data, BEGINNING + data):
        found = delivery_in(given_)
        if isinstance(found, int):
            assert found > len(given_)
        elif isinstance(found, Delivery):
            assert 0 < found.begin <= found.end
