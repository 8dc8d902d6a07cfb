"""Which devices a person has: a message is encrypted for each of them.

The query is made without an id: the connection numbers it.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final, Literal

from attrs import frozen

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import HOSTED, HOSTED_LID, LID, MAX_DEVICE, PN, SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.queries import result_of

Context = Literal["message", "interactive", "background"]

_HOSTED: Final = {PN: HOSTED, LID: HOSTED_LID}
_PHASH_BYTES: Final = 6


@frozen
class Person:
    """One person's devices, the phone among them, and the hidden id if it was asked for."""

    devices: tuple[Jid, ...]
    lid: Jid | None = None


def query(people: Iterable[Jid], *, sid: str, context: Context = "message", lids: bool = False) -> Node:
    """Ask for the devices of people, given bare; with `lids` for their hidden ids, too. `sid`: any unique text."""
    wanted = (Node("devices", {"version": "2"}), *((Node("lid"),) if lids else ()))
    users = tuple(Node("user", {"jid": person}) for person in people)
    usync = Node(
        "usync",
        {"sid": sid, "mode": "query", "last": "true", "index": "0", "context": context},
        (Node("query", {}, wanted), Node("list", {}, users)),
    )
    return Node("iq", {"type": "get", "xmlns": "usync", "to": SERVER}, (usync,))


def read(answer: Node) -> dict[Jid, Person]:
    """People by the bare address the server names them by; whoever's devices it does not tell is left out.

    Raises `Garbled` if the answer as a whole is none, `QueryRefused` if it is an error.
    """
    usync = result_of(answer).child("usync")
    listed = None if usync is None else usync.child("list")
    if listed is None:
        raise Garbled("the answer to a query for devices has no list")
    people = {}
    for user in listed.children("user"):
        address = user.jid("jid")
        if address is None or not address.is_user:
            continue
        devices = _devices(user, address.bare)
        if devices:
            people[address.bare] = Person(devices, _lid(user))
    return people


def phash(devices: Iterable[Jid]) -> str:
    """What the server compares our list of a message's devices with, ours included ("participant hash", version 2).

    "2:" and the base64 of the first 6 bytes of SHA-256 over the sorted `user.0:device@server`.
    """
    texts = sorted({f"{each.user}.0:{each.device}@{each.server}" for each in devices})
    digest = hashlib.sha256("".join(texts).encode()).digest()
    return "2:" + base64.b64encode(digest[:_PHASH_BYTES]).decode()


def _devices(user: Node, person: Jid) -> tuple[Jid, ...]:
    """The devices of a `<user>`; none where the server tells an error."""
    found = user.child("devices")
    listed = None if found is None or found.child("error") is not None else found.child("device-list")
    if listed is None:
        return ()
    # A companion without an index among the account's keys is not linked (any more): the server would refuse it.
    devices = (
        _device(each, person) for each in listed.children("device") if each.get("id") == "0" or each.get("key-index")
    )
    return tuple(dict.fromkeys(device for device in devices if device is not None))


def _device(node: Node, person: Jid) -> Jid | None:
    try:
        number = node.int("id")
    except Garbled:
        return None
    if not 0 <= number <= MAX_DEVICE:
        return None
    return Jid(person.user, _HOSTED[person.server] if node.get("is_hosted") == "true" else person.server, number)


def _lid(user: Node) -> Jid | None:
    told = user.child("lid")
    lid = None if told is None else told.jid("val")
    return lid.bare if lid is not None and lid.is_lid and lid.is_user else None
