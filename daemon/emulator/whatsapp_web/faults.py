"""What the server does wrong on request, device by device."""

import zlib
from typing import Final, Literal

from attrs import define, evolve, field

from daemon.emulator.whatsapp_web.queries import DEVICE_REMOVED
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.node import Node

Kind = Literal[
    # what the device sends
    "cut_before_ack",  # not taken over, the connection breaks
    "cut_after_taking",  # taken over, the connection breaks before the ack
    "cut_after_ack",
    "no_ack",  # taken over, nothing said
    "refuse",  # not taken over; `code` is the ack's error
    # what the device is sent
    "cut_before_delivery",
    "cut_after_delivery",
    "duplicate",
    "swap",  # after the next one
    "wrong_mac",
    "unknown_prekey",
    "plaintext",  # instead of the ciphertext, as only newsletters have it
    "unavailable",  # without content but for a word that there is none, as messages from advertisements
    "empty",  # without even that
    # when it logs in
    "failure",  # `code` is the reason
]
SENT: Final = frozenset({"cut_before_ack", "cut_after_taking", "cut_after_ack", "no_ack", "refuse"})
CHANGES: Final = frozenset({"wrong_mac", "unknown_prekey", "plaintext", "unavailable", "empty"})
DELIVERED: Final = frozenset({"cut_before_delivery", "cut_after_delivery", "duplicate", "swap"})

Blow = Literal[
    "cut", "silence", "restart", "replaced", "device_removed", "server_error", "giant_frame", "bomb", "garbage"
]

STREAM_ERRORS: Final[dict[str, Node]] = {
    "restart": Node("stream:error", {"code": "515"}),
    "replaced": Node("stream:error", {}, (Node("conflict", {"type": "replaced"}),)),
    "device_removed": DEVICE_REMOVED,
    "server_error": Node("stream:error", {"code": "503"}),
}
GIANT_FRAME: Final = b"\xff\xff\xff"
BOMB_BYTES: Final = 256 << 20

_UNKNOWN_PREKEY: Final = 0xFFFFFE


@define
class Fault:
    """One kind of fault, for so many stanzas (0: for all). `code` where a kind asks for one."""

    kind: Kind
    code: str = ""
    times: int = 1


@define
class Faults:
    """The faults a device is to suffer, the oldest first."""

    _waiting: list[Fault] = field(factory=list)

    def add(self, fault: Fault) -> None:
        """Have it happen."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, kinds: frozenset[str]) -> Fault | None:
        """The next fault of these kinds, which has then happened once more."""
        fault = next((one for one in self._waiting if one.kind in kinds), None)
        if fault is not None and fault.times:
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
        return fault


def changed(node: Node, kind: str) -> Node:
    """The message stanza as this fault leaves it."""
    if not isinstance(node.content, tuple):
        return node
    if kind == "unavailable":
        return evolve(node, content=(Node("unavailable", {"type": ""}),))
    if kind == "empty":
        return evolve(node, content=None)
    if kind == "plaintext":
        said = wa.Message(conversation="plaintext").SerializeToString()
        return evolve(node, content=(Node("plaintext", {}, said),))
    change = _wrong_mac if kind == "wrong_mac" else _unknown_prekey
    content = tuple(
        evolve(child, content=change(child.get("type"), child.data)) if child.tag == "enc" else child
        for child in node.content
    )
    return evolve(node, content=content)


def bomb() -> bytes:
    """A small frame's content that unpacks to `BOMB_BYTES` of zeros."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(BOMB_BYTES >> 20))
    return b"\x02" + packed + packer.flush()


def _wrong_mac(kind: str, body: bytes) -> bytes:
    if kind != "pkmsg":
        return body[:-1] + bytes((body[-1] ^ 1,))
    first = wa.PreKeySignalMessage.FromString(body[1:])
    first.message = first.message[:-1] + bytes((first.message[-1] ^ 1,))
    return body[:1] + first.SerializeToString()


def _unknown_prekey(kind: str, body: bytes) -> bytes:
    if kind != "pkmsg":
        return body
    first = wa.PreKeySignalMessage.FromString(body[1:])
    first.preKeyId = _UNKNOWN_PREKEY
    first.baseKey = first.baseKey[:1] + bytes(reversed(first.baseKey[1:]))  # else it belongs to a session that exists
    return body[:1] + first.SerializeToString()
