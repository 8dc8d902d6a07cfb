"""The WebSocket itself: opened within its time, refused with a reason, closed for good."""

import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import trio
import trio_websocket
from attrs import define, field, frozen
from trio_websocket import WebSocketConnection

CLOSE_SECONDS: Final = 2.0
WAITING_MESSAGES: Final = 4
HEADERS: Final = (
    (b"Origin", b"https://web.whatsapp.com"),
    (b"Cache-Control", b"no-cache"),
    (b"Pragma", b"no-cache"),
)


@frozen
class Server:
    """Where to connect, and whom to trust. `tls` is shared by all tenants: to make one takes 26 ms and 0.9 MB."""

    url: str
    root_public: bytes
    tls: ssl.SSLContext | None = field(default=None, repr=False)


@frozen
class Unopened(Exception):
    """There is no connection. `status` is that of the HTTP answer which refused it, if there was one."""

    what: str
    status: int | None = None

    def __str__(self) -> str:
        return self.what


@define(eq=False)
class WebSocket:
    """An open one. Raises `trio_websocket.ConnectionClosed` where it says so."""

    _socket: WebSocketConnection
    _stream: trio.abc.Stream
    _task: trio.CancelScope  # around the socket's own task

    async def send(self, data: bytes) -> None:
        """Write one message. Raises `ConnectionClosed`; if cancelled, nothing may be sent after it."""
        await self._socket.send_message(data)

    async def receive(self) -> bytes:
        """The next binary message; others mean nothing here. Raises `ConnectionClosed`."""
        while not isinstance(data := await self._socket.get_message(), bytes):
            pass
        return data

    async def close(self) -> None:
        """Say goodbye, for a moment at most, even while cancelled: else the server believes us there for a while."""
        with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_SECONDS):
            await self._socket.aclose()
        self._task.cancel()
        await trio.aclose_forcefully(self._stream)  # a connection that broke is left open by the above


class _Watched(trio.abc.Stream):
    """A stream that tells when the other side ends it: while it opens, trio-websocket would wait for ever."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.on_end: Callable[[], None] = _nothing

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self.on_end()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def open_socket(nursery: trio.Nursery, server: Server, *, seconds: float, max_message: int) -> WebSocket:
    """Open one; its task lives in `nursery` until the caller closes it. Raises `Unopened`."""
    try:
        with trio.fail_after(seconds):
            stream = await _stream(server)
            try:
                socket, task = await nursery.start(_attend, _Watched(stream), server.url, max_message)
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
            return WebSocket(socket, stream, task)
    except trio.TooSlowError:
        raise Unopened(f"no connection in {seconds:.0f} s") from None
    except (OSError, trio.BrokenResourceError) as error:
        raise Unopened(f"the server cannot be reached ({_reason(error)})") from error


async def _stream(server: Server) -> trio.abc.Stream:
    where = urlsplit(server.url)
    host, secure = where.hostname or "", where.scheme == "wss"
    plain = await trio.open_tcp_stream(host, where.port or (443 if secure else 80))
    if not secure:
        return plain
    context = server.tls if server.tls is not None else ssl.create_default_context()
    stream = trio.SSLStream(plain, context, server_hostname=host, https_compatible=True)
    try:
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(plain)
        raise
    return stream


async def _attend(
    stream: _Watched,
    url: str,
    max_message: int,
    *,
    task_status: trio.TaskStatus[tuple[WebSocketConnection, trio.CancelScope]],
) -> None:
    """Run the socket's own task until it ends; `started` with it once it is open. Raises `Unopened`."""
    where = urlsplit(url)
    refused: Unopened | None = None
    opened = False
    try:
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                stream.on_end = scope.cancel
                socket = await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,  # type: ignore[arg-type]
                    where.netloc,
                    where.path or "/",
                    extra_headers=list(HEADERS),
                    message_queue_size=WAITING_MESSAGES,
                    max_message_size=max_message,
                )
                stream.on_end = _nothing
                opened = True
                task_status.started((socket, nursery.cancel_scope))
            if not opened:
                nursery.cancel_scope.cancel()
                refused = Unopened("the server closed the connection instead of opening it")
    except* trio_websocket.ConnectionRejected as group:
        rejection = group.exceptions[0]
        while isinstance(rejection, BaseExceptionGroup):
            rejection = rejection.exceptions[0]
        status = rejection.status_code
        refused = Unopened(f"the server refused the connection with status {status}", status)
    except* trio_websocket.ConnectionClosed:
        pass  # whoever reads or writes learns it
    if refused is not None and not opened:
        raise refused


def _reason(error: Exception) -> str:
    """The cause of a broken TLS handshake says more than that it broke."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {cause.verify_message}"
    return type(cause or error).__name__


def _nothing() -> None: ...
