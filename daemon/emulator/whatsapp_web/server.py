"""The server's sockets: WebSocket, handshake, frames. One task reads and one writes for each connection."""

from collections.abc import Callable
from functools import partial
from typing import Final

import trio
import trio_websocket
from attrs import define, field

from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone_keys import Entropy
from daemon.logs import get_logger
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.frame import ServerFrames, frame
from daemon.whatsapp.web.node import Node, unpack
from daemon.whatsapp.web.noise import ServerHandshake, Transport, make_chain
from daemon.whatsapp.web.payload import Login, read

PATH: Final = "/ws/chat"
HANDSHAKE_SECONDS: Final = 20
LINGER_SECONDS: Final = 0.2
DAY_SECONDS: Final = 86_400
YEAR_SECONDS: Final = 365 * DAY_SECONDS

log = get_logger("emulator.whatsapp_web")


@define(eq=False)
class Identity:
    """What the server proves itself with: its own root, whose public key clients are told to trust."""

    root: KeyPair
    static: KeyPair
    chain: bytes = field(repr=False)

    @classmethod
    def make(cls, entropy: Entropy, now: int) -> "Identity":
        """New keys; certificates valid from a day ago for a year. `now` in Unix seconds."""
        root, intermediate, static = (KeyPair.generate(entropy(32)) for _ in range(3))
        chain = make_chain(
            root,
            intermediate,
            static.public,
            not_before=now - DAY_SECONDS,
            not_after=now + YEAR_SECONDS,
            random128=entropy(128),
        )
        return cls(root, static, chain)


@define(eq=False)
class _SocketLine:
    """A connection's way out: queued at once, encrypted and written in order by `pump`."""

    transport: Transport
    _sender: trio.MemorySendChannel[bytes]
    silent: bool = False

    def send(self, content: bytes) -> None:
        self.send_raw(frame(self.transport.encrypt(content)))

    def send_raw(self, data: bytes) -> None:
        if self.silent:
            return
        try:
            self._sender.send_nowait(data)
        except (trio.ClosedResourceError, trio.BrokenResourceError):
            return  # the connection has ended: what counts waits in the device's queue

    def close(self) -> None:
        self._sender.close()

    def cut(self) -> None:
        self.silent = True
        self._sender.close()


@define(eq=False)
class Server:
    """Serves `network` to whoever connects."""

    network: Network
    identity: Identity
    entropy: Entropy = field(repr=False)
    port: int = 0
    open: int = 0  # connections, whatever their state

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"ws://127.0.0.1:{self.port}{PATH}"

    async def serve(self, port: int = 0, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Accept connections on 127.0.0.1 until cancelled; `started` once it does. Port 0 picks a free one."""
        async with trio.open_nursery() as nursery:
            listening: trio_websocket.WebSocketServer = await nursery.start(
                partial(
                    trio_websocket.serve_websocket,
                    self._connection,
                    "127.0.0.1",
                    port,
                    None,
                    max_message_size=(1 << 24) + 3,
                    message_queue_size=64,
                )
            )
            self.port = listening.port
            task_status.started()

    async def _connection(self, request: trio_websocket.WebSocketRequest) -> None:
        try:
            socket = await request.accept()
        except trio_websocket.ConnectionClosed:
            return
        self.open += 1
        try:
            await self._converse(socket)
        except Garbled as fault:
            log.info("a handshake failed", reason=str(fault))
        except (trio_websocket.ConnectionClosed, trio.TooSlowError):
            pass
        finally:
            self.open -= 1
            with trio.move_on_after(1) as scope:
                scope.shield = True
                await socket.aclose()

    async def _converse(self, socket: trio_websocket.WebSocketConnection) -> None:
        frames = ServerFrames()
        received: list[bytes] = []

        async def payload() -> bytes:
            while not received:
                message = await socket.get_message()
                received.extend(frames.feed(message if isinstance(message, bytes) else message.encode()))
            return received.pop(0)

        with trio.fail_after(HANDSHAKE_SECONDS):
            ephemeral = KeyPair.generate(self.entropy(32))
            handshake = ServerHandshake(self.identity.static, ephemeral, self.identity.chain)
            await socket.send_message(frame(handshake.respond(await payload())))
            said, noise, transport = handshake.finish(await payload())
        client = read(said)
        sender, receiver = trio.open_memory_channel[bytes](float("inf"))
        line = _SocketLine(transport, sender)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_pump, receiver, line, socket)
            if isinstance(client, Login):
                device = self.network.log_in(client, noise, line)
                hear: Callable[[Node], None] = partial(self.network.said, device) if device else _ignore
                leave = partial(self.network.log_out, device, line) if device else _nothing
            else:
                candidate = self.network.arrive(client, noise, line)
                hear = partial(self.network.said_unlinked, candidate)
                leave = partial(self.network.leave, candidate)
            try:
                while True:
                    content = transport.decrypt(await payload())
                    if not line.silent:
                        hear(unpack(content))
            except trio_websocket.ConnectionClosed:
                pass
            except Garbled as fault:
                log.info("a device was not understood", reason=str(fault))
            finally:
                leave()
                nursery.cancel_scope.cancel()


async def _pump(
    queue: trio.MemoryReceiveChannel[bytes], line: _SocketLine, socket: trio_websocket.WebSocketConnection
) -> None:
    """Write what is queued; at its end close the socket, which ends the reader."""
    async for data in queue:
        try:
            await socket.send_message(data)
        except trio_websocket.ConnectionClosed:
            return
    if not line.silent:
        # Some clients lose what comes in one piece with the end of the connection, and most end it themselves.
        await trio.sleep(LINGER_SECONDS)
    await socket.aclose()


def _ignore(_: Node) -> None: ...


def _nothing() -> None: ...
