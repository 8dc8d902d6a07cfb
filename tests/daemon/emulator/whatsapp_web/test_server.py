"""The server's sockets, met by a client made of the same protocol."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio_websocket
from attrs import define, field

from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.server import PATH, Identity, Server
from daemon.whatsapp.web import pairing, payload
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Untrusted
from daemon.whatsapp.web.frame import INTRO, Frames, frame
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.noise import ClientHandshake, Transport
from daemon.whatsapp.web.record import SignedPreKey
from tests.daemon.emulator.whatsapp_web.people import NOW, companion, network, said

STATIC = KeyPair.generate(b"c" * 32)
IDENTITY = KeyPair.generate(b"i" * 32)


@define(eq=False)
class Client:
    """One connection of a device."""

    socket: trio_websocket.WebSocketConnection
    transport: Transport
    frames: Frames
    pending: list[bytes] = field(factory=list)

    async def send(self, node: Node) -> None:
        await self.socket.send_message(frame(self.transport.encrypt(pack(node))))

    async def receive(self) -> Node:
        with trio.fail_after(60):
            while not self.pending:
                self.pending += self.frames.feed(await self.socket.get_message())
        return unpack(self.transport.decrypt(self.pending.pop(0)))


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[trio_websocket.WebSocketConnection]:
    """A WebSocket whose stream is closed in any case, which the library leaves out where the server ends it."""
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream, trio.open_nursery() as nursery:
        host = f"127.0.0.1:{server.port}"
        async with await trio_websocket.wrap_client_stream(nursery, stream, host, PATH) as socket:
            yield socket


@asynccontextmanager
async def client(server: Server, what: bytes, *, before: bytes = INTRO, root: bytes = b"") -> AsyncIterator[Client]:
    """Connect and finish the handshake with `what` for a payload."""
    async with connected(server) as socket:
        handshake = ClientHandshake(STATIC, KeyPair.generate(b"e" * 32), root or server.identity.root.public)
        frames = Frames()
        await socket.send_message(before + frame(handshake.hello()))
        (hello,) = frames.feed(await socket.get_message())
        finish, transport = handshake.finish(hello, what, NOW)
        await socket.send_message(frame(finish))
        yield Client(socket, transport, frames)


@pytest.fixture
def net() -> Network:
    net = network()
    net.add_account("5551990000001", name="Auto Sul", lid_user="111")
    net.add_account("5551990000002", name="Beto", lid_user="222")
    return net


@pytest.fixture
async def server(net: Network) -> AsyncIterator[Server]:
    entropy = random.Random(3).randbytes
    server = Server(net, Identity.make(entropy, NOW), entropy)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        yield server
        nursery.cancel_scope.cancel()


def login(device: Device) -> bytes:
    return payload.login(version=payload.BUILT_IN_VERSION, jid=device.jid)


async def ended(one: Client) -> bool:
    """Whether the server hangs up; what it still sends is dropped."""
    with trio.fail_after(60):
        try:
            while True:
                await one.socket.get_message()
        except trio_websocket.ConnectionClosed:
            return True


async def test_linking_and_coming_back(server: Server, net: Network) -> None:
    phone, secret = net.phone("5551990000001"), b"a" * 32
    signed = SignedPreKey.signed(IDENTITY, 1, KeyPair.generate(b"s" * 32), b"r" * 64)
    what = payload.registration(
        version=payload.BUILT_IN_VERSION, registration_id=9, identity=IDENTITY.public, signed_prekey=signed
    )
    async with client(server, what, before=b"ED\x00\x01\x00\x00\x02hi" + INTRO) as one:
        refs = pairing.read_pair_device(await one.receive())
        text = pairing.qr_text(refs[0], noise=STATIC.public, identity=IDENTITY.public, adv_secret=secret)
        net.scan(phone, text)
        paired = pairing.complete(await one.receive(), identity=IDENTITY, adv_secret=secret, random64=b"r" * 64)
        await one.send(paired.reply)
        assert (await one.receive()).get("code") == "515"
        assert await ended(one)
    async with client(server, payload.login(version=payload.BUILT_IN_VERSION, jid=paired.jid)) as one:
        assert (await one.receive()).get("lid") == "111:1@lid"
        await one.send(Node("iq", {"id": "1", "type": "get", "xmlns": "w:p", "to": Jid()}))
        while (answer := await one.receive()).tag != "iq":
            pass
        assert (answer.get("id"), answer.get("type")) == ("1", "result")


async def test_a_message_comes_at_once_and_again_until_it_is_cleared(server: Server, net: Network) -> None:
    device = companion(net.phone("5551990000001").account, STATIC.public)
    phone = net.phone("5551990000002")
    device.identity, device.signed = phone.device.identity, phone.device.signed  # so that it can be written to

    async def message(one: Client) -> Node:
        while (node := await one.receive()).tag != "message":
            pass
        return node

    async with client(server, login(device)) as one:
        with trio.fail_after(60):
            await net.until(lambda: net.lines.live(device))
        net.write(phone, net.phone("5551990000001").account, said("oi"))
        first = await message(one)
        assert "offline" not in first.attrs
    with trio.fail_after(60):
        await net.until(lambda: not net.lines.live(device))
    async with client(server, login(device)) as one:
        again = await message(one)
        assert (again.get("id"), again.get("offline")) == (first.get("id"), "0")
        await one.send(Node("receipt", {"id": again.get("id"), "to": again.attrs["from"]}))
        with trio.fail_after(60):
            await net.until(lambda: not device.waiting)


async def test_a_stranger_is_refused(server: Server, net: Network) -> None:
    device = companion(net.phone("5551990000001").account, b"another key".ljust(32))
    async with client(server, login(device)) as one:
        assert (await one.receive()).get("reason") == "401"
        assert await ended(one)


async def test_the_server_proves_itself(server: Server) -> None:
    with pytest.RaisesGroup(Untrusted, flatten_subgroups=True):
        async with client(server, b"", root=b"r" * 32):
            pass


@pytest.mark.parametrize("beginning", [b"GET / HTTP/1.1\r\n\r\n", INTRO + frame(b"\xff\xff"), INTRO + b"\0\0\0"])
async def test_nonsense_ends_the_connection_alone(server: Server, beginning: bytes) -> None:
    async with connected(server) as socket:
        await socket.send_message(beginning)
        with trio.fail_after(60), pytest.raises(trio_websocket.ConnectionClosed):
            await socket.get_message()
    async with connected(server):
        pass


async def test_what_cannot_be_decrypted_ends_the_connection(server: Server, net: Network) -> None:
    device = companion(net.phone("5551990000001").account, STATIC.public)
    async with client(server, login(device)) as one:
        await one.socket.send_message(frame(bytes(40)))
        assert await ended(one)
    with trio.fail_after(60):
        await net.until(lambda: not net.lines.live(device))


async def test_a_connection_that_hangs(server: Server, net: Network) -> None:
    device = companion(net.phone("5551990000001").account, STATIC.public)
    async with client(server, login(device)) as one:
        await one.receive()
        net.lines.blow(device, "silence")
        await one.send(Node("presence"))
        net.push(device, Node("notification", {"id": "N1", "from": Jid()}), kept=True)
        net.lines.blow(device, "cut")
        assert await ended(one)
    assert "said_presence" not in net.counts()
    assert len(device.backlog()) == 1
