"""Requests on kept connections, against real sockets."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.wire import Lost, NotConnected, Origin, Wire, seconds_of

Serve = Callable[[trio.SocketStream], Awaitable[None]]
REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def no_tls() -> ssl.SSLContext:
    raise AssertionError("no TLS here")


@asynccontextmanager
async def peer(serve: Serve) -> AsyncIterator[tuple[Wire, Origin]]:
    """Somebody who answers, and a wire to them."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        wire = Wire(no_tls)
        yield wire, Origin(False, "127.0.0.1", listeners[0].socket.getsockname()[1])
        await wire.aclose()
        nursery.cancel_scope.cancel()


def asking(wire: Wire, origin: Origin, silence_seconds: float = 10.0) -> Awaitable[object]:
    return wire.exchange(origin, REQUEST, connect_seconds=10.0, silence_seconds=silence_seconds)


def answering(answer: bytes = OK, *, times: int = 1_000) -> Serve:
    async def serve(stream: trio.SocketStream) -> None:
        for _ in range(times):
            if not await stream.receive_some(65536):
                return
            await stream.send_all(answer)

    return serve


async def test_one_after_the_other_share_a_connection() -> None:
    async with peer(answering()) as (wire, origin):
        for _ in range(5):
            assert (await wire.exchange(origin, REQUEST, connect_seconds=5, silence_seconds=5)).body == b"ok"
        assert (wire.opened, wire.idle) == (1, 1)


async def test_side_by_side_each_has_its_own() -> None:
    async with peer(answering()) as (wire, origin):
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(asking, wire, origin)
        assert 1 <= wire.opened <= 4
        assert wire.idle == wire.opened


async def test_a_connection_that_the_peer_closed_is_not_used_again() -> None:
    async with peer(answering(times=1)) as (wire, origin):
        for _ in range(3):
            await asking(wire, origin)
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert wire.opened == 3


async def test_a_connection_that_will_close_is_not_kept() -> None:
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with peer(answering(closing)) as (wire, origin):
        await asking(wire, origin)
        assert wire.idle == 0


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"rubbish\r\n\r\n"])
async def test_an_answer_that_does_not_come_whole_is_lost(said: bytes) -> None:
    async with peer(answering(said or b"H", times=1)) as (wire, origin):
        with pytest.raises(Lost) as caught:
            await asking(wire, origin)
        assert not caught.value.late
        assert wire.idle == 0


async def test_nobody_there_is_known_not_to_have_been_asked() -> None:
    wire = Wire(no_tls)
    listener = trio.socket.socket()
    await listener.bind(("127.0.0.1", 0))
    with pytest.raises(NotConnected) as caught:
        await asking(wire, Origin(False, "127.0.0.1", listener.getsockname()[1]))
    assert not caught.value.late
    listener.close()


async def silent(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def test_silence_is_lost_and_late() -> None:
    async with peer(silent) as (wire, origin):
        with pytest.raises(Lost, match="no answer for 0.01 s") as caught:
            await asking(wire, origin, 0.01)
        assert caught.value.late


async def test_a_cancelled_request_closes_its_connection() -> None:
    gone, asked = trio.Event(), trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some(65536)
        asked.set()
        with suppress(trio.BrokenResourceError):
            assert not await stream.receive_some(65536)
        gone.set()

    async with peer(serve) as (wire, origin):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking, wire, origin)
            await asked.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(60):
            await gone.wait()
        assert wire.idle == 0


def test_no_time_out_is_for_ever() -> None:
    assert seconds_of(None, "read") == seconds_of({"read": None}, "read") == float("inf")
    assert seconds_of({"read": 5}, "read") == 5.0


async def test_a_unix_socket_is_asked_like_any_other(tmp_path: Path) -> None:
    path = str(tmp_path / "peer.sock")
    listener = trio.socket.socket(trio.socket.AF_UNIX)
    await listener.bind(path)
    listener.listen()
    wire = Wire(no_tls)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, answering(), [trio.SocketListener(listener)])
        for _ in range(2):
            found = await wire.exchange(Origin(False, "", 0, path), REQUEST, connect_seconds=5, silence_seconds=5)
            assert found.body == b"ok"
        assert (wire.opened, wire.idle) == (1, 1)
        await wire.aclose()
        nursery.cancel_scope.cancel()
    with pytest.raises(NotConnected):
        await wire.exchange(Origin(False, "", 0, path + "x"), REQUEST, connect_seconds=5, silence_seconds=5)
