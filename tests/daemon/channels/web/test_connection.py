"""A connection against a server that stalls, lies, floods, or is not WhatsApp's."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
import trio_websocket
from attrs import define, field

from daemon.channels.web.connection import WAITING_STANZAS, Connection, Ended, NoAnswer, Randomness, connect
from daemon.channels.web.websocket import Server
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.frame import ServerFrames, frame
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.noise import ServerHandshake, Transport, make_chain

ROOT, MIDDLE, STATIC, EPHEMERAL, OTHER = (KeyPair.generate(bytes([n]) * 32) for n in range(1, 6))
NOW = 1_700_000_000
CHAIN = make_chain(ROOT, MIDDLE, STATIC.public, not_before=NOW - 9, not_after=NOW + 9, random128=b"r" * 128)


@define(eq=False)
class Peer:
    """The server's side of one connection, by hand."""

    socket: Any
    transport: Transport
    frames: ServerFrames
    waiting: list[bytes] = field(factory=list)

    async def hear(self) -> Node:
        while not self.waiting:
            self.waiting += self.frames.feed(await self.socket.get_message())
        return unpack(self.transport.decrypt(self.waiting.pop(0)))

    async def say(self, *nodes: Node) -> None:
        """All in one message."""
        await self.socket.send_message(b"".join(frame(self.transport.encrypt(pack(node))) for node in nodes))


Behave = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def server(behave: Behave, *, chain: bytes = CHAIN) -> AsyncIterator[int]:
    """Shakes hands and then behaves like that; its port."""

    async def serve(request: trio_websocket.WebSocketRequest) -> None:
        socket = await request.accept()
        frames, shake = ServerFrames(), ServerHandshake(STATIC, EPHEMERAL, chain)
        try:
            received: list[bytes] = []
            while not received:
                received += frames.feed(await socket.get_message())  # type: ignore[arg-type]
            await socket.send_message(frame(shake.respond(received.pop(0))))
            while not received:
                received += frames.feed(await socket.get_message())  # type: ignore[arg-type]
            _, _, transport = shake.finish(received.pop(0))
            await behave(Peer(socket, transport, frames))
        except (trio_websocket.ConnectionClosed, Garbled):
            pass

    async with trio.open_nursery() as nursery:
        made = await nursery.start(partial(trio_websocket.serve_websocket, serve, "127.0.0.1", 0, None))
        yield made.port
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def connected(port: int, *, root: bytes = ROOT.public) -> AsyncIterator[Connection]:
    rng = random.Random(5)
    async with trio.open_nursery() as nursery:
        connection = await connect(
            nursery,
            Server(f"ws://127.0.0.1:{port}/ws/chat", root),
            OTHER,
            b"payload",
            now=NOW,
            randomness=Randomness(rng.randbytes, rng),
        )
        try:
            yield connection
        finally:
            await connection.close()
        # here the nursery is empty, else this would wait for ever


async def nothing(_: Node) -> None:
    await trio.lowlevel.checkpoint()


async def echo(peer: Peer) -> None:
    """Answers every question."""
    while True:
        node = await peer.hear()
        await peer.say(Node("iq", {"id": node.get("id"), "type": "result"}))


async def silence(_: Peer) -> None:
    await trio.sleep_forever()


async def raised(port: int, **more: Any) -> Ended:
    with pytest.RaisesGroup(Ended) as caught:
        async with connected(port, **more):
            pass
    [found] = caught.value.exceptions
    assert isinstance(found, Ended)
    return found


async def test_a_server_that_is_not_whatsapps() -> None:
    async with server(silence) as port:
        found = await raised(port, root=OTHER.public)
    assert (found.why, found.verdict("").kind) == ("untrusted", "wait")


async def test_a_certificate_of_another_time() -> None:
    chain = make_chain(ROOT, MIDDLE, STATIC.public, not_before=NOW + 1, not_after=NOW + 9, random128=b"r" * 128)
    async with server(silence, chain=chain) as port:
        assert (await raised(port)).why == "untrusted"


async def test_a_server_that_never_shakes_hands(autojump_clock: trio.testing.MockClock) -> None:
    async def stall(request: trio_websocket.WebSocketRequest) -> None:
        await request.accept()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        made = await nursery.start(partial(trio_websocket.serve_websocket, stall, "127.0.0.1", 0, None))
        found = await raised(made.port)
        assert (found.why, "no handshake in 20 s" in str(found)) == ("handshake", True)
        nursery.cancel_scope.cancel()


async def test_questions_are_answered_by_their_ids() -> None:
    async def twisted(peer: Peer) -> None:
        first, second = await peer.hear(), await peer.hear()
        for node in (second, first):
            await peer.say(Node("iq", {"id": node.get("id"), "type": "result"}, (Node(node.get("xmlns")),)))
        await trio.sleep_forever()

    got: dict[str, str] = {}

    async def ask(connection: Connection, name: str) -> None:
        answer = await connection.ask(Node("iq", {"type": "get", "xmlns": name}))
        got[name] = answer.children()[0].tag

    async with server(twisted) as port, connected(port) as connection, trio.open_nursery() as nursery:
        nursery.start_soon(connection.serve, nothing)
        async with trio.open_nursery() as questions:
            questions.start_soon(ask, connection, "one")
            questions.start_soon(ask, connection, "two")
        assert got == {"one": "one", "two": "two"}
        nursery.cancel_scope.cancel()


async def test_a_question_without_an_answer(autojump_clock: trio.testing.MockClock) -> None:
    async def deaf(peer: Peer) -> None:
        while True:
            node = await peer.hear()
            if node.get("xmlns") == "w:p":
                await peer.say(Node("iq", {"id": node.get("id"), "type": "result"}))

    async with server(deaf) as port, connected(port) as connection, trio.open_nursery() as nursery:
        nursery.start_soon(connection.serve, nothing)
        with pytest.raises(NoAnswer, match="in 40 s"):
            await connection.ask(Node("iq", {"type": "get", "xmlns": "x"}), seconds=40)
        assert connection._asked == {}
        nursery.cancel_scope.cancel()


async def test_those_who_wait_learn_that_the_connection_ended() -> None:
    async def leave(peer: Peer) -> None:
        await peer.hear()

    async with server(leave) as port, connected(port) as connection, trio.open_nursery() as nursery:
        ended: list[Ended] = []

        async def serve() -> None:
            ended.append(await connection.serve(nothing))

        nursery.start_soon(serve)
        with pytest.raises(NoAnswer):
            await connection.ask(Node("iq", {"type": "get"}))
        with pytest.raises(NoAnswer):
            await connection.ask(Node("iq", {"type": "get"}))
        with pytest.raises(Ended):
            await connection.send(Node("presence"))


async def test_a_silent_server_is_left(autojump_clock: trio.testing.MockClock) -> None:
    async with server(silence) as port, connected(port) as connection:
        began = trio.current_time()
        ended = await connection.serve(nothing)
        assert (ended.why, 40 <= trio.current_time() - began <= 51) == ("silent", True)


async def test_stanzas_come_in_their_order_and_the_end_says_why() -> None:
    async def talk(peer: Peer) -> None:
        await peer.say(*(Node("message", {"id": str(n)}) for n in range(20)))
        await peer.hear()
        await peer.say(Node("stream:error", {"code": "515"}), Node("message", {"id": "late"}))
        await trio.sleep_forever()

    seen: list[str] = []

    async with server(talk) as port, connected(port) as connection:

        async def handle(node: Node) -> None:
            seen.append(node.get("id"))
            if len(seen) == 20:
                await connection.send(Node("ack"))

        ended = await connection.serve(handle)
    assert seen == [str(n) for n in range(20)]
    assert ended.verdict("").kind == "restart"


async def test_a_flood_waits_at_the_server_while_the_handler_is_behind(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told = 0

    async def flood(peer: Peer) -> None:
        nonlocal told
        padding = bytes(60_000)
        for _ in range(3 * WAITING_STANZAS):
            await peer.say(Node("message", {"id": str(told)}, padding))
            told += 1
        await trio.sleep_forever()

    async with server(flood) as port, connected(port) as connection, trio.open_nursery() as nursery:
        gate = trio.Event()
        ended: list[Ended] = []

        async def handle(_: Node) -> None:
            await gate.wait()

        async def serve() -> None:
            ended.append(await connection.serve(handle))

        nursery.start_soon(serve)
        await trio.sleep(600)
        assert told < 2 * WAITING_STANZAS, "what is not read stays with the server"
        assert not ended, "a handler that is behind is no sign of a dead server"
        nursery.cancel_scope.cancel()


async def test_a_handler_that_fails_ends_it_for_its_owner() -> None:
    async def talk(peer: Peer) -> None:
        await peer.say(Node("message"))
        await trio.sleep_forever()

    async def fail(_: Node) -> None:
        raise KeyError("a fault of ours")

    async with server(talk) as port, connected(port) as connection:
        with pytest.RaisesGroup(KeyError):
            await connection.serve(fail)


async def test_a_cancelled_write_leaves_the_counters_whole() -> None:
    async with server(echo) as port, connected(port) as connection, trio.open_nursery() as nursery:
        nursery.start_soon(connection.serve, nothing)
        for _ in range(5):
            with trio.CancelScope() as scope:
                scope.cancel()
                await connection.send(Node("presence"))
        assert (await connection.ask(Node("iq", {"type": "get"}), seconds=5)).get("type") == "result"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("raw", [b"\xff\xff\xff" + b"x" * 10, b"\x00\x00\x20" + bytes(32), b"\x00\x00\x00"])
async def test_garbage_ends_it_or_waits_for_more(raw: bytes, autojump_clock: trio.testing.MockClock) -> None:
    async def talk(peer: Peer) -> None:
        await peer.socket.send_message(raw)
        await trio.sleep_forever()

    async with server(talk) as port, connected(port) as connection:
        ended = await connection.serve(nothing)
    assert ended.verdict("").kind == "reconnect"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (Node("stream:error", {}, (Node("conflict", {"type": "replaced"}),)), "replaced"),
        (Node("failure", {"reason": "405"}), "operator"),
    ],
)
async def test_the_second_time_means_something_else(first: Node, again: str) -> None:
    ended = Ended("x", node=first)
    verdict = ended.verdict("")
    assert verdict.comes_back
    second = ended.verdict(verdict.kind)
    assert (second.kind, second.comes_back) == (again, False)
    assert ended.verdict("reconnect") == verdict
