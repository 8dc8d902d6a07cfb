"""Opening a WebSocket to servers that refuse, stall, hang up, or are not who they should be."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
import trio_websocket

from daemon.channels.web.websocket import Server, Unopened, WebSocket, open_socket
from daemon.emulator.whatsapp_web.media_host import Certificate

Peer = Callable[[trio.SocketStream], Awaitable[None]]
ROOT = bytes(32)


@asynccontextmanager
async def peer(behave: Peer) -> AsyncIterator[int]:
    """A server that does that with each connection; its port."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), behave, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def silent(_: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def refused(port: int, *, scheme: str = "ws", seconds: float = 5.0) -> Unopened:
    async with trio.open_nursery() as nursery:
        with pytest.raises(Unopened) as caught:
            await open_socket(nursery, Server(f"{scheme}://127.0.0.1:{port}/ws", ROOT), seconds=seconds, max_message=99)
    return caught.value  # nothing was left in the nursery, else this would never be reached


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_refused_with_a_status(status: int) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)
        await stream.send_all(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

    async with peer(behave) as port:
        found = await refused(port)
    assert (found.status, str(status) in str(found)) == (status, True)


async def test_hung_up_while_it_opens() -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)

    async with peer(behave) as port:
        found = await refused(port)
    assert found.status is None
    assert "closed the connection" in str(found)


async def test_nobody_there() -> None:
    assert "cannot be reached" in str(await refused(9))


async def test_a_server_that_says_nothing(autojump_clock: trio.testing.MockClock) -> None:
    async with peer(silent) as port:
        assert "no connection in 5 s" in str(await refused(port))


async def test_a_server_without_tls_where_it_should_have_it() -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with peer(behave) as port:
        found = await refused(port, scheme="wss")
    assert "cannot be reached" in str(found)


async def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    made = Certificate.make(datetime.now(UTC))
    (tmp_path / "key").write_bytes(made.key)
    (tmp_path / "certificate").write_bytes(made.certificate)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(tmp_path / "certificate", tmp_path / "key")

    async def behave(stream: trio.SocketStream) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await trio.SSLStream(stream, theirs, server_side=True).do_handshake()

    async with peer(behave) as port:
        found = await refused(port, scheme="wss")
    assert "certificate cannot be trusted" in str(found)


async def served(request: trio_websocket.WebSocketRequest) -> None:
    """Says back what it hears, a text before each."""
    socket = await request.accept()
    try:
        while True:
            data = await socket.get_message()
            await socket.send_message("a text means nothing")
            await socket.send_message(data)
    except trio_websocket.ConnectionClosed:
        pass


@asynccontextmanager
async def opened() -> AsyncIterator[WebSocket]:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(trio_websocket.serve_websocket, served, "127.0.0.1", 0, None))
        where = Server(f"ws://127.0.0.1:{server.port}/ws", ROOT)
        socket = await open_socket(nursery, where, seconds=5, max_message=1000)
        yield socket
        nursery.cancel_scope.cancel()


async def test_only_binary_messages_are_received() -> None:
    async with opened() as socket:
        await socket.send(b"oi")
        assert await socket.receive() == b"oi"
        await socket.close()
        for use in (socket.receive, partial(socket.send, b"x")):
            with pytest.raises(trio_websocket.ConnectionClosed):
                await use()
        await socket.close()


async def test_a_message_that_is_too_big_ends_it() -> None:
    async with opened() as socket:
        await socket.send(b"x" * 2000)
        with pytest.raises(trio_websocket.ConnectionClosed):
            await socket.receive()
        await socket.close()


async def test_cancelled_while_it_opens() -> None:
    async with peer(silent) as port, trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                where = Server(f"ws://127.0.0.1:{port}/ws", ROOT)
                inner.start_soon(partial(open_socket, nursery, where, seconds=60, max_message=9))
                await trio.testing.wait_all_tasks_blocked(0.05)
                scope.cancel()
        nursery.cancel_scope.cancel()
