"""A network of a few people without sockets, and a line that keeps what is sent on it."""

import random
from typing import Final

from attrs import define, field

from daemon.emulator.whatsapp_web.accounts import Account, Device, SignedKey
from daemon.emulator.whatsapp_web.network import Network
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.node import Node, unpack

NOW: Final = 1_700_000_000


def network(seed: int = 7) -> Network:
    """One whose clock stands still and whose randomness is always the same."""
    return Network(lambda: NOW, random.Random(seed).randbytes)


def said(text: str) -> wa.Message:
    """A text."""
    return wa.Message(conversation=text)


def companion(account: Account, noise: bytes = b"n" * 32) -> Device:
    """A linked device that has published a bundle nobody can read with; two prekeys."""
    number, key_index = account.reserve()
    device = Device(
        account,
        number,
        noise,
        key_index,
        device_identity=b"signed by the phone",
        registration_id=77,
        identity=b"i" * 32,
        signed=SignedKey(1, b"s" * 32, b"g" * 64),
        prekeys={5: b"5" * 32, 6: b"6" * 32},
    )
    account.link(device)
    return device


@define(eq=False)
class KeptLine:
    """A line of a device, in memory."""

    sent: list[Node] = field(factory=list)
    raw: list[bytes] = field(factory=list)
    closed: bool = False
    silent: bool = False

    def send(self, content: bytes) -> None:
        if not self.silent and not self.closed:
            self.sent.append(unpack(content))

    def send_raw(self, data: bytes) -> None:
        self.raw.append(data)

    def close(self) -> None:
        self.closed = True

    def cut(self) -> None:
        self.silent = self.closed = True

    def take(self, tag: str) -> list[Node]:
        """What was sent with that tag since the last time."""
        found = [node for node in self.sent if node.tag == tag]
        self.sent = [node for node in self.sent if node.tag != tag]
        return found
