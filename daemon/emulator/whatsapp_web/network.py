"""The whole network behind the sockets: people with phones, linked devices, and what passes between them."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

import trio
from attrs import define, field

from daemon.emulator.whatsapp_web.accounts import PHONE, Account, Accounts, Addressing, Device
from daemon.emulator.whatsapp_web.exchange import Exchange
from daemon.emulator.whatsapp_web.faults import SENT, Fault
from daemon.emulator.whatsapp_web.lines import Line, Lines
from daemon.emulator.whatsapp_web.linking import Candidate, Linking
from daemon.emulator.whatsapp_web.media_host import MediaStore
from daemon.emulator.whatsapp_web.passkey_check import PasskeyCheck
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.emulator.whatsapp_web.phone_keys import Entropy
from daemon.emulator.whatsapp_web.queries import Delivery, MediaHost, Queries
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.node import Node, pack
from daemon.whatsapp.web.payload import Login, Registration

LOGIN_FAULT: Final = frozenset({"failure"})


@define(eq=False)
class Network:
    """Accounts, their phones, and who is connected. `clock` gives Unix seconds, `entropy` so many random bytes.

    welcomes: phones write to new companions, with keys and history.
    """

    clock: Callable[[], int]
    entropy: Entropy = field(repr=False)
    welcomes: bool = True
    accounts: Accounts = field(factory=Accounts)
    lines: Lines = field(factory=Lines)
    queries: Queries = field(init=False)
    phones: dict[Account, Phone] = field(factory=dict)
    media: MediaStore | None = None
    said_counts: Counter[str] = field(factory=Counter)  # stanzas of linked devices, by tag
    said_log: deque[tuple[Device, Node]] | None = None  # the stanzas themselves, where a log is wanted
    _exchange: Exchange = field(init=False)
    _linking: Linking = field(init=False)
    _candidates: dict[Candidate, Line] = field(factory=dict)
    _unwelcomed: set[Device] = field(factory=set)
    _changed: trio.Event = field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.queries = Queries(self.accounts)
        self._exchange = Exchange(self.accounts, self.queries)
        self._linking = Linking(self.entropy)

    def use_media(self, store: MediaStore, host: MediaHost) -> None:
        """Have files go to that host, and phones upload again what companions miss there."""
        self.queries.media = host
        self.media = store
        for phone in self.phones.values():
            phone.reupload = store.renew

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until that is so; it is looked at after whatever happens on the network. Bring a time-out."""
        while not condition():
            await self._changed.wait()

    # people

    def add_account(
        self, number: str, *, name: str = "", lid_user: str = "", addressing: Addressing = "lid", lid_known: bool = True
    ) -> Phone:
        """A person with a phone. Raises `ValueError` if the number is taken."""
        lid_user = lid_user or str(10**14 + int.from_bytes(self.entropy(5)))
        account = Account(number, lid_user, name or number, addressing=addressing, lid_known=lid_known)
        self.accounts.add(account)
        phone = self.phones[account] = Phone(account, self.accounts, self.entropy)
        if self.media is not None:
            phone.reupload = self.media.renew
        return phone

    def phone(self, number: str) -> Phone:
        """The phone with this number. Raises `KeyError`."""
        account = self.accounts.by_phone(number)
        if account is None:
            raise KeyError(f"there is no account {number}")
        return self.phones[account]

    def companion(self, number: str) -> Device:
        """The newest companion of an account. Raises `KeyError`."""
        companions = list(self.phone(number).account.companions())
        if not companions:
            raise KeyError(f"{number} has no companion")
        return companions[-1]

    def write(self, phone: Phone, chat: Account, message: wa.Message, *, id_: str = "") -> str:
        """A person writes on the phone; the message's id."""
        node = phone.write(chat, message, self.clock(), id_=id_)
        self.from_phone(phone, node)
        return node.get("id")

    def from_phone(self, phone: Phone, *nodes: Node) -> None:
        """Stanzas that the phone has made go out."""
        for node in nodes:
            self._settle(self._exchange.receive(phone.device, node, self.clock()))

    def set_online(self, phone: Phone, online: bool) -> None:
        """Switch a phone on or off. What it missed it gets when it is on again."""
        phone.online = online
        if online:
            for node in phone.device.backlog():
                self.from_phone(phone, *phone.receive(node, self.clock()))

    def reinstall(self, phone: Phone) -> None:
        """A person installs the app anew: companions are gone, and whoever wrote with them is told."""
        for companion in list(phone.account.companions()):
            self.lines.blow(companion, "device_removed")
        phone.reinstall()
        self._settle(self.queries.identity_changed(phone.account, self.clock()))

    def push(self, device: Device, node: Node, *, kept: bool = False) -> None:
        """Send a device any stanza."""
        self._settle([Delivery(device=device, node=node, kept=kept)])

    def counts(self) -> dict[str, int]:
        """How much there is of everything, and what was said so far."""
        here = {"connected": self.lines.connected(), "candidates": len(self._candidates)}
        return {**self.accounts.counts(), **here, **{f"said_{tag}": count for tag, count in self.said_counts.items()}}

    # linking

    def arrive(self, registration: Registration, noise: bytes, line: Line) -> Candidate:
        """A device without an account has connected."""
        candidate, offer = self._linking.arrive(registration, noise)
        self._candidates[candidate] = line
        line.send(pack(offer))
        self._tick()
        return candidate

    def leave(self, candidate: Candidate) -> None:
        """Its connection has ended."""
        self._linking.leave(candidate)
        del self._candidates[candidate]
        self._tick()

    def scan(self, phone: Phone, text: str) -> None:
        """The phone's camera reads a QR code. Raises `Garbled` if it is nobody's."""
        candidate, node = self._linking.scan(phone, text, self.clock())
        self._candidates[candidate].send(pack(node))

    def enter_code(self, phone: Phone, code: str) -> None:
        """A person types the code a companion shows. Raises `Garbled` if none waits for one of this phone."""
        candidate, node = self._linking.enter_code(phone, code)
        self._candidates[candidate].send(pack(node))

    def awaits_code(self, phone: Phone) -> bool:
        """Whether a companion shows a code for this phone."""
        return self._linking.awaits_code(phone)

    def passkey(self, phone: Phone) -> PasskeyCheck | None:
        """The passkey step that linking to this phone is in; its `code` is what the phone shows."""
        return self._linking.passkey(phone)

    def said_unlinked(self, candidate: Candidate, node: Node) -> None:
        """A stanza of a device that is not linked yet. Raises `Garbled`."""
        line = self._candidates[candidate]
        for answer in self._linking.said(candidate, node, self.clock()):
            line.send(pack(answer))
        if device := candidate.linked:
            line.close()
            if self.welcomes:
                self._unwelcomed.add(device)
            self._settle(self.queries.devices_changed(device.account, "add", device, self.clock()))
        self._tick()

    # linked devices

    def log_in(self, login: Login, noise: bytes, line: Line) -> Device | None:
        """A linked device has connected. None if it is refused; its line then closes."""
        device = self.accounts.device(login.jid)
        fault = self.lines.faults(device).take(LOGIN_FAULT) if device else None
        if device is None or not device.noise or device.noise != noise or fault:
            reason = fault.code if fault else "401"
            line.send(pack(Node("failure", {"reason": reason, "location": "local"})))
            line.close()
            device = None
        else:
            device.client_version = ".".join(map(str, login.version))
            self.lines.open(device, line, self.clock())
        self._tick()
        return device

    def greeted(self, device: Device) -> bool:
        """Whether the device is connected, has what it missed, and was written to by its phone if it is new."""
        return self.lines.live(device) and device not in self._unwelcomed

    def log_out(self, device: Device, line: Line) -> None:
        """A device's connection has ended."""
        self.lines.close(device, line)
        self._tick()

    def said(self, device: Device, node: Node) -> None:
        """A stanza of a logged-in device. Raises `Garbled` for what cannot be read."""
        self.said_counts[node.tag] += 1
        if self.said_log is not None:
            self.said_log.append((device, node))
        fault = self.lines.faults(device).take(SENT) if node.tag == "message" else None
        if fault is None:
            self._settle(self._exchange.receive(device, node, self.clock()))
        else:
            self._wrong(device, node, fault)
        if node.tag == "ib" and (batch := node.child("offline_batch")):
            self.lines.release(device, batch.int("count"))
        if node.tag == "iq" and node.child("active") and device in self._unwelcomed:
            self._unwelcomed.discard(device)
            phone = self.phones[device.account]
            self.from_phone(phone, *phone.welcome(device, self.clock()))
        self._tick()

    def _wrong(self, device: Device, node: Node, fault: Fault) -> None:
        """A message meets one of the faults of what a device sends."""
        if fault.kind == "refuse":
            attrs = {"class": "message", "id": node.get("id"), "from": node.get("to"), "t": str(self.clock())}
            self.push(device, Node("ack", {**attrs, "error": fault.code}))
            return
        if fault.kind != "cut_before_ack":
            ack, *deliveries = self._exchange.receive(device, node, self.clock())
            self._settle(deliveries if fault.kind in ("cut_after_taking", "no_ack") else [ack, *deliveries])
        if fault.kind != "no_ack":
            self.lines.blow(device, "cut")

    def _settle(self, deliveries: Iterable[Delivery]) -> None:
        """Deliver, to phones too, and what those answer."""
        todo = deque(deliveries)
        while todo:
            delivery = todo.popleft()
            device = delivery.device
            if device.number != PHONE:
                self.lines.deliver(delivery)
                continue
            phone = self.phones[device.account]
            if delivery.kept:
                device.keep(delivery.node)
            if phone.online:
                for answer in phone.receive(delivery.node, self.clock()):
                    todo.extend(self._exchange.receive(device, answer, self.clock()))
        self._tick()

    def _tick(self) -> None:
        """Something has happened."""
        self._changed.set()
        self._changed = trio.Event()
