"""Who is known to the server: accounts, their devices with what each published, and what waits for each device."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from attrs import define, field, frozen

from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.node import Node

Addressing = Literal["lid", "pn"]

PHONE: Final = 0  # the device number of an account's phone

# How a waiting stanza is named by the response that clears it: its tag, its id and where it came from.
Claim = tuple[str, str, Jid]


@frozen
class SignedKey:
    """A published signed prekey."""

    id: int
    public: bytes
    signature: bytes


@frozen(kw_only=True)
class Published:
    """A device's key bundle as handed to whoever wants to write to it; `prekey` is then used up."""

    registration_id: int
    identity: bytes
    signed: SignedKey
    prekey: tuple[int, bytes] | None
    device_identity: bytes  # ADVSignedDeviceIdentity of a companion; b"" of a phone


@define(eq=False)
class Device:
    """One device of an account. What was published is empty until the device uploaded it."""

    account: "Account" = field(repr=False)
    number: int
    noise: bytes = b""  # public key that logs in; b"" for the phone, which has no socket
    key_index: int = 0
    device_identity: bytes = b""
    registration_id: int = 0
    identity: bytes = b""
    signed: SignedKey | None = None
    prekeys: dict[int, bytes] = field(factory=dict, repr=False)
    waiting: dict[Claim, list[Node]] = field(factory=dict, repr=False)
    client_version: str = ""

    @property
    def jid(self) -> Jid:
        """By phone number."""
        return Jid(self.account.phone, PN, self.number)

    @property
    def lid(self) -> Jid:
        """By hidden id."""
        return Jid(self.account.lid_user, LID, self.number)

    def address(self, server: str) -> Jid:
        """The device's name in the namespace of `server`."""
        return self.lid if server == LID else self.jid

    def take_bundle(self) -> Published | None:
        """The bundle with one prekey, which is spent; None if nothing was published."""
        if self.signed is None:
            return None
        first = next(iter(self.prekeys.items()), None)
        if first is not None:
            del self.prekeys[first[0]]
        return Published(
            registration_id=self.registration_id,
            identity=self.identity,
            signed=self.signed,
            prekey=first,
            device_identity=self.device_identity,
        )

    def keep(self, node: Node) -> None:
        """Have the stanza wait until the device clears it."""
        self.waiting.setdefault(claim_of(node), []).append(node)

    def clear(self, tag: str, id_: str, sender: Jid | None) -> bool:
        """Drop what waits under that name; whether anything did."""
        return sender is not None and self.waiting.pop((tag, id_, sender), None) is not None

    def backlog(self) -> list[Node]:
        """What waits, in the order of arrival."""
        return [node for nodes in self.waiting.values() for node in nodes]


@define(eq=False)
class Account:
    """A person on the network.

    addressing: the namespace its phone writes in · lid_known: whether others are told its hidden id.
    """

    phone: str  # digits, with the country's
    lid_user: str
    name: str
    addressing: Addressing = "lid"
    lid_known: bool = True
    devices: dict[int, Device] = field(factory=dict, repr=False)
    _last_device: int = PHONE
    _last_key_index: int = 0

    @property
    def pn(self) -> Jid:
        """Bare, by phone number."""
        return Jid(self.phone, PN)

    @property
    def lid(self) -> Jid:
        """Bare, by hidden id."""
        return Jid(self.lid_user, LID)

    @property
    def server(self) -> str:
        """The namespace its phone writes in."""
        return LID if self.addressing == "lid" else PN

    def address(self, server: str) -> Jid:
        """The account's name in the namespace of `server`."""
        return self.lid if server == LID else self.pn

    def companions(self) -> Iterator[Device]:
        """All devices but the phone."""
        return (device for number, device in self.devices.items() if number != PHONE)

    def reserve(self) -> tuple[int, int]:
        """A number and a key index for the device that is linked next; none is ever given twice."""
        self._last_device += 1
        self._last_key_index += 1
        return self._last_device, self._last_key_index

    def link(self, device: Device) -> None:
        """A device is the account's from now on."""
        self.devices[device.number] = device

    def unlink(self, device: Device) -> None:
        """The companion is gone, with all that waited for it."""
        self.devices.pop(device.number, None)


@define(eq=False)
class Accounts:
    """All accounts, found by either name."""

    _by_user: dict[tuple[str, str], Account] = field(factory=dict, repr=False)

    def __iter__(self) -> Iterator[Account]:
        return (account for (server, _), account in self._by_user.items() if server == PN)

    def add(self, account: Account) -> Account:
        """Raises `ValueError` if one of its names is taken."""
        names = ((PN, account.phone), (LID, account.lid_user))
        if taken := [user for server, user in names if (server, user) in self._by_user]:
            raise ValueError(f"an account {taken[0]} exists already")
        self._by_user.update(dict.fromkeys(names, account))
        return account

    def find(self, jid: Jid) -> Account | None:
        """The account of a user or device address."""
        return self._by_user.get((jid.server, jid.user))

    def by_phone(self, phone: str) -> Account | None:
        """The account of a number in digits."""
        return self._by_user.get((PN, phone))

    def device(self, jid: Jid) -> Device | None:
        """The device of an address."""
        account = self.find(jid)
        return account.devices.get(jid.device) if account else None

    def counts(self) -> Mapping[str, int]:
        """How much there is of everything."""
        devices = [device for account in self for device in account.devices.values()]
        return {
            "accounts": sum(1 for _ in self),
            "companions": sum(device.number != PHONE for device in devices),
            "waiting": sum(len(device.backlog()) for device in devices),
        }


def claim_of(node: Node) -> Claim:
    """What clears this stanza."""
    return node.tag, node.get("id"), node.jid("from") or Jid()


def device_hash(devices: list[Jid]) -> str:
    """The participant hash, version 2: over the devices a message should reach, the sending one included.

    Base64 without padding of the first 6 bytes of SHA-256 over the sorted addresses, each with agent and device number.
    """
    names = sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in devices)
    digest = hashlib.sha256("".join(names).encode()).digest()[:6]
    return "2:" + base64.b64encode(digest).decode().rstrip("=")
