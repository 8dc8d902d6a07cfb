"""One socket to WhatsApp Web, from the handshake to its end: nodes in, nodes out, questions and their answers.

Tasks of a connection: the WebSocket's own, a reader, the keepalive, and the caller's, which handles stanzas in their
order. The reader settles answers itself. It waits for a handler that is behind, and the server then for it.
"""

import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

import trio
from attrs import evolve, frozen
from trio_websocket import ConnectionClosed

from daemon.channels.web.websocket import Server, Unopened, WebSocket, open_socket
from daemon.whatsapp.web import failures, frame, noise, queries
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.failures import Verdict
from daemon.whatsapp.web.node import Node, pack, unpack

CONNECT_SECONDS: Final = 20.0
HANDSHAKE_SECONDS: Final = 20.0
ASK_SECONDS: Final = 75.0
QUIET_SECONDS: Final = (20.0, 30.0)
"""A keepalive is asked after so long, at random."""
DEAD_SECONDS: Final = 20.0
"""A socket that is silent so long after a question is dead."""
UNANSWERED: Final = 3
"""So is one whose bytes answer nothing, so many questions long: half a frame without an end."""
WAITING_STANZAS: Final = 256
"""More than a batch of a backlog."""
MAX_MESSAGE: Final = frame.MAX_PAYLOAD + 3


@frozen
class Ended(Exception):
    """The connection is over. A `failure` or `stream:error` node, the status of a refused upgrade, or else `why` tells
    what that means (`daemon.whatsapp.web.failures`)."""

    what: str
    why: failures.Close = "network"
    node: Node | None = None
    status: int | None = None

    def __str__(self) -> str:
        return self.what

    def verdict(self, before: str) -> Verdict:
        """What it means; `before` is the kind of the verdict on the connection before, "" if there was none."""
        first = self._judged(again=False)
        return self._judged(again=True) if first.kind == before else first

    def _judged(self, *, again: bool) -> Verdict:
        if self.status is not None:
            return failures.of_upgrade(self.status)
        if self.node is None:
            return failures.of_close(self.why)
        if self.node.tag == "failure":
            return failures.of_failure(self.node, again=again)
        return failures.of_stream_error(self.node, again=again)


class NoAnswer(Exception):
    """A question was not answered in time, or its connection ended first."""


@frozen
class Randomness:
    """Where random numbers come from: `bytes` for keys, `rng` for pauses."""

    bytes: Callable[[int], bytes]
    rng: random.Random


Handler = Callable[[Node], Awaitable[None]]


class Connection:
    """An open, encrypted socket. `serve` reads it; `send` and `ask` may be called from any task meanwhile."""

    def __init__(self, socket: WebSocket, transport: noise.Transport, frames: frame.Frames, rng: random.Random) -> None:
        self._socket = socket
        self._transport = transport
        self._frames = frames
        self._rng = rng
        self._writing = trio.Lock()
        self._asked: dict[tuple[str, str], trio.MemorySendChannel[Node]] = {}
        self._next_id = 0
        self._prefix = f"{rng.randrange(256)}.{rng.randrange(256)}-"
        self._heard = trio.current_time()
        self._behind = False  # the stanzas' handler is; nothing is read until it has caught up
        self._cause: Ended | None = None
        self._over: trio.CancelScope | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, though its owner may not have noticed yet."""
        return self._cause is not None

    async def send(self, node: Node) -> None:
        """Write one node; when it returns the bytes are the kernel's. Raises `Ended`.

        A write that has begun is finished even if the caller is cancelled: the counters of both sides go by frames.
        """
        async with self._writing:
            if self._cause is not None:
                raise self._cause
            data = frame.frame(self._transport.encrypt(pack(node)))
            with trio.CancelScope(shield=True), trio.move_on_after(DEAD_SECONDS) as late:
                try:
                    await self._socket.send(data)
                except ConnectionClosed as error:
                    self.end(Ended(_closed(error)))
            if late.cancelled_caught:
                self.end(Ended("the server takes nothing any more", "silent"))
        if self._cause is not None:
            raise self._cause

    async def ask(self, node: Node, *, seconds: float = ASK_SECONDS) -> Node:
        """Send an `iq` (its id is set here) and wait for its answer, be it a result or an error.

        Raises `NoAnswer` after `seconds` or when the connection ends first. A handler of `serve` that asks may wait
        in vain: while it is behind, answers are not read.
        """
        self._next_id += 1
        question = evolve(node, attrs={**node.attrs, "id": f"{self._prefix}{self._next_id}"})
        return await self.exchange(question, ("iq", question.get("id")), seconds=seconds)

    async def exchange(self, node: Node, awaited: tuple[str, str], *, seconds: float) -> Node:
        """Send a node and wait for the answer whose (tag, id) is `awaited`. Raises `NoAnswer`."""
        send, receive = trio.open_memory_channel[Node](1)
        self._asked[awaited] = send
        try:
            with send, receive, trio.move_on_after(seconds):
                await self.send(node)
                return await receive.receive()
        except (Ended, trio.EndOfChannel, trio.ClosedResourceError) as error:
            raise NoAnswer("the connection ended before the answer") from error
        finally:
            self._asked.pop(awaited, None)
        raise NoAnswer(f"no answer to <{node.tag}> in {seconds:.0f} s")

    def end(self, cause: Ended) -> None:
        """Let `serve` return; the first cause is the one it tells."""
        if self._cause is None:
            self._cause = cause
        for waiting in self._asked.values():
            waiting.close()
        if self._over is not None:
            self._over.cancel()

    async def close(self) -> None:
        """Close the socket, in some seconds at most; nothing is sent after it."""
        self.end(Ended("we closed the connection", "ended"))
        await self._socket.close()

    async def serve(self, handle: Handler) -> Ended:
        """Read until the connection ends, and say why. `handle` gets each stanza that answers nothing, one after the
        other; it may send, and the `Ended` that this raises is what is returned. What else it raises goes on.

        The handler is cancelled when the connection ends: what it has not cleared at the server comes again.
        """
        send, receive = trio.open_memory_channel[Node](WAITING_STANZAS)
        with send, receive, trio.CancelScope() as self._over:
            if self._cause is None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._read, send)
                    nursery.start_soon(self._keep_alive)
                    async for node in receive:
                        try:
                            await handle(node)
                        except (Ended, NoAnswer) as error:
                            self.end(error if isinstance(error, Ended) else Ended(str(error), "silent"))
        assert self._cause is not None
        return self._cause

    async def _read(self, stanzas: trio.MemorySendChannel[Node]) -> None:
        try:
            while True:
                data = await self._socket.receive()
                self._heard = trio.current_time()
                for payload in self._frames.feed(data):
                    node = unpack(self._transport.decrypt(payload))
                    if not self._settled(node):
                        await self._pass_on(node, stanzas)
        except ConnectionClosed as error:
            self.end(Ended(_closed(error)))
        except Garbled as error:
            self.end(Ended(f"the server sent what cannot be read: {error}", "unreadable"))

    async def _pass_on(self, node: Node, stanzas: trio.MemorySendChannel[Node]) -> None:
        """Give a stanza to the handler, or wait for it: what is not read waits at the server."""
        try:
            stanzas.send_nowait(node)
        except trio.WouldBlock:
            self._behind = True
            await stanzas.send(node)
            self._behind = False
            self._heard = trio.current_time()

    def _settled(self, node: Node) -> bool:
        """Whether the node was an answer somebody waits for, or ends the connection."""
        if node.tag in ("stream:error", "failure"):
            self.end(Ended(f"the server sent {node.tag}", node=node))
            return True
        if node.tag == "xmlstreamend":
            self.end(Ended("the server ended the stream", "ended"))
            return True
        waiting = self._asked.get((node.tag, node.get("id")))
        if waiting is None or (node.tag == "iq" and node.get("type") not in ("result", "error")):
            return False
        try:
            waiting.send_nowait(node)
        except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
            return False  # answered already
        return True

    async def _keep_alive(self) -> None:
        unanswered = 0
        while True:
            await trio.sleep(self._rng.uniform(*QUIET_SECONDS))
            asked_at = trio.current_time()
            try:
                await self.ask(queries.keepalive(), seconds=DEAD_SECONDS)
            except NoAnswer:
                unanswered = 0 if self._behind else unanswered + 1
                if unanswered >= UNANSWERED or (unanswered and self._heard < asked_at):
                    self.end(Ended("the server has fallen silent", "silent"))
            else:
                unanswered = 0


async def connect(
    nursery: trio.Nursery, server: Server, static: KeyPair, payload: bytes, *, now: float, randomness: Randomness
) -> Connection:
    """Open a socket and shake hands as `payload` says. Its task lives in `nursery` until the caller
    closes the connection. `now` is Unix time in seconds.

    Raises `Ended`; an answer that fails the certificate check is `Ended` too, and nothing secret was sent then.
    """
    try:
        socket = await open_socket(nursery, server, seconds=CONNECT_SECONDS, max_message=MAX_MESSAGE)
    except Unopened as error:
        raise Ended(error.what, status=error.status) from error
    try:
        transport, frames = await _shake_hands(socket, server, static, payload, now, randomness.bytes)
    except BaseException:
        await socket.close()
        raise
    return Connection(socket, transport, frames, randomness.rng)


async def _shake_hands(
    socket: WebSocket,
    server: Server,
    static: KeyPair,
    payload: bytes,
    now: float,
    random_bytes: Callable[[int], bytes],
) -> tuple[noise.Transport, frame.Frames]:
    shake = noise.ClientHandshake(static, KeyPair.generate(random_bytes(32)), server.root_public)
    frames = frame.Frames()
    try:
        with trio.fail_after(HANDSHAKE_SECONDS):
            await socket.send(frame.INTRO + frame.frame(shake.hello()))
            answers: list[bytes] = []
            while not answers:
                answers = frames.feed(await socket.receive())
            finish, transport = shake.finish(answers[0], payload, math.floor(now))
            await socket.send(frame.frame(finish))
    except ConnectionClosed as error:
        raise Ended(f"during the handshake: {_closed(error)}") from error
    except trio.TooSlowError:
        raise Ended(f"no handshake in {HANDSHAKE_SECONDS:.0f} s", "handshake") from None
    except Untrusted as error:
        raise Ended(f"the server is not who it should be: {error}", "untrusted") from error
    except Garbled as error:
        raise Ended(f"the handshake failed: {error}", "handshake") from error
    return transport, frames


def _closed(error: ConnectionClosed) -> str:
    reason = error.reason
    return f"the connection was closed ({reason.code})" if reason is not None else "the connection broke"
