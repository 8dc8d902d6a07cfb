"""Devices of WhatsApp Web that talk through memory: each on a session file, with the transactions of the channel.

The server between them keeps a stanza until its device clears it, knows who has which devices, and gives bundles. A
`Crash` ends a device's work at a chosen point; what it had not cleared comes again.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import trio
from attrs import define, evolve, field

from daemon.channels.web import inbound, outbound
from daemon.channels.web.chats import session_device
from daemon.channels.web.keys import Device, Keys, Outbound, Rows
from daemon.channels.web.outbound import Again, Draft, Missing, Unreachable
from daemon.channels.web.told import Taken
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.events import Event, HumanAnswered, MessageReceived
from daemon.whatsapp.web import bundle, compose, ratchet, receipts, stanza
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Attr, Node, pack, unpack
from daemon.whatsapp.web.record import Me, SessionRecord, SignedPreKey
from daemon.whatsapp.web.stanza import Incoming, Own
from shards.directory import ShardDirectory
from tests.support.session import SEALER, SessionFile
from tests.support.shards import HandClock

T = TypeVar("T")
When = Literal["", "in", "committed", "written"]
"""Where a device crashes: nowhere, within its transaction, after the commit, after what it wrote to the socket."""
SECRET: Final = bytes(range(32))


class Crash(Exception):
    """The process is gone."""


@define(eq=False)
class WebDevice:
    """One device: the pure halves of the channel and a file."""

    network: "Network"
    keys: Keys
    device: Device
    own: Own
    queue: list[Node] = field(factory=list)  # what the server holds for it
    written: list[Node] = field(factory=list)  # everything it ever sent
    notes: list[str] = field(factory=list)
    events: list[Event] = field(factory=list)
    resends: int = 0

    @property
    def texts(self) -> list[str]:
        """What customers wrote, as it was delivered to the shard."""
        return [each.text for each in self.events if isinstance(each, MessageReceived)]

    @property
    def human(self) -> list[str]:
        """What was answered from other devices of the account."""
        return [each.text for each in self.events if isinstance(each, HumanAnswered)]

    async def rows(self, work: Callable[[Rows], T]) -> T:
        """In a transaction."""
        return await self.keys.write(work)

    # sending

    async def seal(self, draft: Draft, *, crash: When = "") -> Outbound | Unreachable:
        """Encrypt it, with whatever must be fetched for that."""
        bundles: dict[Jid, Bundle | None] = {}
        looked_up: set[Jid] = set()
        while True:
            work = partial(
                outbound.seal,
                draft=draft,
                own=self.own,
                device=self.device,
                fresh=self.network.fresh,
                bundles=bundles,
                looked_up=looked_up,
            )
            sealed = await self.keys.write(partial(_crashing, work, crash))
            if not isinstance(sealed, Missing):
                return sealed
            for who in sealed.lists:
                if numbers := self.network.numbers(who):
                    await self.keys.write(lambda rows, who=who, numbers=numbers: rows.save_devices(who, numbers))  # type: ignore[misc]
            looked_up.update(sealed.lists)
            for each in sealed.bundles:
                bundles[each] = await self.network.bundle(each)

    async def send(self, what: str | wa.Message, to: Jid, *, our_id: str = "", crash: When = "") -> Outbound:
        """Write to somebody and have it acknowledged."""
        said = compose.text(what, compose.Setting(secret=SECRET)) if isinstance(what, str) else what
        our_id = our_id or f"m{self.network.next()}"
        sealed = await self.seal(Draft(our_id=our_id, chat=to, message=said), crash=crash)
        assert isinstance(sealed, Outbound), sealed
        if crash == "committed":
            raise Crash
        if sealed.state == "encrypted":
            self.write(unpack(sealed.node))
        if crash == "written":
            raise Crash
        await self.keys.write(partial(outbound.acked, our_id=our_id))
        return sealed

    def write(self, node: Node) -> None:
        """To the socket."""
        self.written.append(node)
        self.network.route(self, node)

    async def raw(self, said: wa.Message | bytes, to: "WebDevice", *, id_: str = "", **attrs: Attr) -> Node:
        """A stanza for one device that no app of ours would make; it is queued there."""
        plain = said if isinstance(said, bytes) else ratchet.pad(said.SerializeToString(), 3)
        by_lid = to.own.lid if to.own.lid is not None else to.own.pn
        content = await self.encrypted(by_lid, plain)
        node = Node(
            "message",
            {
                "id": id_ or f"3EB0RAW{self.network.next()}",
                "from": self.own.beside(by_lid),
                "type": "text",
                "t": str(self.network.seconds),
                **attrs,
            },
            (content,),
        )
        to.queue.append(node)
        return node

    async def encrypted(self, to: Jid, padded: bytes) -> Node:
        """An `<enc>` of the next message of the session with that device."""
        offered = await self.network.bundle(to)

        def work(rows: Rows) -> Node:
            me = Me(self.device.identity, self.device.registration_id)
            address = session_device(rows, to).address
            stored = rows.session(address)
            record = SessionRecord.from_bytes(stored) if stored is not None else None
            if record is None:
                assert offered is not None
                base, turn = (KeyPair.generate(self.network.fresh(32)) for _ in range(2))
                record = ratchet.start(me, offered, base=base, ratchet=turn, record=None)
            record, kind, body = ratchet.encrypt(me, record, padded)
            rows.save_session(address, record.to_bytes())
            return Node("enc", {"v": "2", "type": kind}, body)

        return await self.keys.write(work)

    # receiving

    async def handle(self, node: Node, *, crash: When = "") -> Taken | None:
        """What the channel does with a stanza, in its order."""
        if node.tag == "receipt":
            await self._receipt(node)
            return None
        scope = stanza.scope(node, self.own)
        assert isinstance(scope, Incoming), scope
        work = partial(
            inbound.take, message=scope, own=self.own, device=self.device, fresh=self.network.fresh, available=True
        )
        taken = await self.keys.write(partial(_crashing, work, crash))
        if crash == "committed":
            raise Crash
        self.notes.extend(taken.notes)
        if taken.ask_phone:
            await self.ask_phone(scope)
        for answer in taken.answers:
            self.write(answer)
        if crash == "written":
            raise Crash
        await self.drain()
        return taken

    async def run(self) -> None:
        """Handle everything the server holds."""
        while self.queue:
            before = list(self.queue)
            await self.handle(self.queue[0])
            assert self.queue != before, f"{before[0]} was not cleared"

    async def opened(self, node: Node, sender: Jid) -> wa.Message:
        """What a first message of a session says; nothing is kept of it."""
        (enc,) = node.children("enc")
        parsed = ratchet.read_prekey_message(enc.data)
        stored, prekey = await self.keys.read(
            lambda rows: (rows.session(sender.address), rows.prekey(parsed.prekey_id or 0))
        )
        _, padded, _ = ratchet.decrypt_prekey_message(
            Me(self.device.identity, self.device.registration_id),
            SessionRecord.from_bytes(stored) if stored is not None else None,
            parsed,
            signed=self.device.signed_prekey,
            prekey=prekey,
            new_ratchet=KeyPair.generate(self.network.fresh(32)),
        )
        return wa.Message.FromString(ratchet.unpad(padded))

    async def drain(self) -> None:
        """Into the shard."""
        while waiting := await self.keys.read(partial(inbound.to_deliver, own=self.own, limit=3)):
            self.events.extend(event for each in waiting for event in each.events)
            await self.keys.write(lambda rows, waiting=waiting: rows.drained([each.seq for each in waiting]))  # type: ignore[misc]

    async def ask_phone(self, message: Incoming) -> Outbound:
        """Ask our own phone for a message."""
        found: Bundle | None = None
        while True:
            work = partial(
                outbound.ask_phone,
                message=message,
                own=self.own,
                device=self.device,
                fresh=self.network.fresh,
                bundle=found,
            )
            asked = await self.keys.write(work)
            if isinstance(asked, Outbound):
                self.write(unpack(asked.node))
                return asked
            found = await self.network.bundle(asked.bundles[0])
            assert found is not None

    async def _receipt(self, node: Node) -> None:
        for told in receipts.read(node, self.own):
            if isinstance(told, receipts.RetryRequest):
                await self.again(told, bundle.read_retry(node))
        self.write(stanza.ack(node, self.own))

    async def again(self, request: receipts.RetryRequest, keys: Bundle | None = None, *, lately: int = 0) -> Again:
        """Answer a device that could not read a message of ours."""
        found: Bundle | None = None
        while True:
            work = partial(
                outbound.again,
                request=request,
                own=self.own,
                device=self.device,
                fresh=self.network.fresh,
                resends_last_minute=lately,
                keys=keys,
                bundle=found,
            )
            decided = await self.keys.write(work)
            if decided.node:
                self.write(unpack(decided.node))
                self.resends += 1
            if decided.bundle_of is None or found is not None:
                return decided
            found = await self.network.bundle(decided.bundle_of)
            if found is None:
                return decided


def _crashing(work: Callable[[Rows], T], crash: When, rows: Rows) -> T:
    done = work(rows)
    if crash == "in":
        raise Crash
    return done


@define(eq=False)
class Network:
    """The server."""

    make: Callable[[str], Awaitable[Keys]]
    clock: HandClock = field(factory=HandClock)
    rng: random.Random = field(factory=lambda: random.Random(7))
    devices: list[WebDevice] = field(factory=list)
    unlisted: set[Jid] = field(factory=set)  # people whose devices it does not tell
    keyless: set[Jid] = field(factory=set)  # devices it has no bundle of
    tells_addresses: bool = True
    _count: int = 0

    def next(self) -> int:
        """A number for each call."""
        self._count += 1
        return self._count

    @property
    def seconds(self) -> int:
        """The server's time."""
        return self.clock.ms // 1000

    def fresh(self, length: int) -> bytes:
        """Random bytes, from the test's seed."""
        return self.rng.randbytes(length)

    async def join(self, pn: str, lid: str, number: int = 0) -> WebDevice:
        """A new device of that person; `lid` "" where it does not know its own."""
        keys = await self.make(f"device-{len(self.devices)}")
        identity, signed = KeyPair.generate(self.fresh(32)), KeyPair.generate(self.fresh(32))
        own = Own(Jid(pn, device=number), Jid(lid, LID, number) if lid else None)
        device = Device(
            noise=KeyPair.generate(self.fresh(32)),
            identity=identity,
            registration_id=self.rng.randrange(1, 1 << 14),
            signed_prekey=SignedPreKey.signed(identity, 1, signed, self.fresh(64)),
            adv_secret=self.fresh(32),
            jid=own.pn,
            lid=own.lid,
            account=b"account",
        )
        made = WebDevice(self, keys, device, own)
        await keys.write(partial(_set_up, device=device))
        self.devices.append(made)
        return made

    def at(self, jid: Jid) -> WebDevice | None:
        """The device of that address."""
        return next((each for each in reversed(self.devices) if jid in (each.own.pn, each.own.lid)), None)

    def numbers(self, who: Jid) -> tuple[int, ...]:
        """The devices of a person."""
        if who in self.unlisted:
            return ()
        return tuple(dict.fromkeys(each.own.pn.device for each in self.devices if each.own.has(who)))

    async def bundle(self, jid: Jid) -> Bundle | None:
        """What a session with that device begins with."""
        found = self.at(jid)
        if found is None or jid in self.keyless:
            return None
        device = found.device
        pair = KeyPair.generate(self.fresh(32))
        (prekey,) = await found.keys.write(lambda rows: rows.add_prekeys([pair], uploaded=True))
        return Bundle(
            registration_id=device.registration_id,
            identity=device.identity.public,
            signed_id=device.signed_prekey.id,
            signed_public=device.signed_prekey.pair.public,
            signature=device.signed_prekey.signature,
            prekey=(prekey.id, pair.public),
        )

    def route(self, sender: WebDevice, node: Node) -> None:
        """Carry a stanza to those it is for, or clear the one it answers."""
        node = unpack(pack(node))
        to = node.jid("to")
        assert to is not None
        if node.tag == "ack" or (node.tag == "receipt" and node.get("type") != "retry"):
            self._clear(sender, node.get("id"), to)
        elif node.tag == "receipt":
            self._to(to, evolve(node, attrs=self._passed(sender, to, node)))
        elif (participants := node.child("participants")) is not None:
            for each in participants.children("to"):
                device = each.jid("jid")
                assert device is not None
                self._message(sender, node, to, device, each.children("enc"))
        else:
            self._message(sender, node, to, to, node.children("enc"))

    def _clear(self, device: WebDevice, id_: str, to: Jid) -> None:
        for each in device.queue:
            if each.get("id") == id_ and each.attrs.get("from") == to:
                device.queue.remove(each)
                return

    def _message(self, sender: WebDevice, node: Node, chat: Jid, device: Jid, encs: tuple[Node, ...]) -> None:
        attrs = self._passed(sender, device, node) | {"t": str(self.seconds), "notify": "Ana \u202e da Silva"}
        if sender.own.has(device) and not sender.own.has(chat):
            attrs["recipient"] = chat.bare
        elif self.tells_addresses and not sender.own.has(device):
            other = sender.own.pn if device.server == LID else sender.own.lid
            if other is not None:
                attrs["sender_lid" if other.server == LID else "sender_pn"] = other.bare
        self._to(device, Node("message", attrs, encs))

    def _passed(self, sender: WebDevice, to: Jid, node: Node) -> dict[str, Attr]:
        kept = {name: node.attrs[name] for name in ("id", "type", "category", "recipient") if name in node.attrs}
        return {**kept, "from": sender.own.beside(to)}

    def _to(self, device: Jid, node: Node) -> None:
        found = self.at(device)
        assert found is not None, device
        found.queue.append(node)

    async def settle(self) -> None:
        """Until nothing is on its way."""
        while any(each.queue for each in self.devices):
            for each in self.devices:
                await each.run()


def _set_up(rows: Rows, device: Device) -> None:
    rows.save_device(device)
    if device.jid is not None and device.lid is not None:
        rows.learn_address(lid_user=device.lid.user, pn_user=device.jid.user)


@asynccontextmanager
async def network_on_disk(path: Path) -> AsyncIterator[Network]:
    """Devices whose files are opened as those of tenants."""
    clock = HandClock()
    directory = ShardDirectory(path, kind="session", limiter=trio.CapacityLimiter(2), now=clock)

    async def make(name: str) -> Keys:
        return WebKeys(await directory.create(name), SEALER, name)

    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        yield Network(make, clock)
        nursery.cancel_scope.cancel()


@define
class MemoryKeys:
    """`Keys` on a file in memory."""

    file: SessionFile

    async def write(self, work: Callable[[Rows], T], *, brief: bool = True) -> T:
        await trio.lowlevel.checkpoint()
        return self.file.rows(work)

    async def read(self, work: Callable[[Rows], T]) -> T:
        return await self.write(work)


def said(**fields: Any) -> wa.Message:
    """A protocol message."""
    return wa.Message(protocolMessage=wa.ProtocolMessage(**fields))


def request_of(node: Node, own: Own) -> receipts.RetryRequest:
    """The retry request in a receipt."""
    (told,) = receipts.read(node, own)
    assert isinstance(told, receipts.RetryRequest)
    return told
