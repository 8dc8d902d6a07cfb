"""The server between its devices: a stanza of one device in, stanzas for devices out. No I/O, no clock."""

from typing import Final

from attrs import define

from daemon.emulator.whatsapp_web.accounts import PHONE, Account, Accounts, Device, device_hash
from daemon.emulator.whatsapp_web.queries import Delivery, Queries
from daemon.whatsapp.web.jid import LID, SERVER, Jid
from daemon.whatsapp.web.node import Attr, Node

# Receipts for a message: they clear it. A `retry` does not, nor does an ack clear what our own account wrote elsewhere.
CLEARING: Final = frozenset({"", "inactive", "sender", "peer_msg", "read", "read-self", "played", "played-self"})
FORWARDED: Final = frozenset({"", "inactive", "read", "played"})


@define
class Exchange:
    """Routes what devices say. `queries` answers their questions."""

    accounts: Accounts
    queries: Queries

    def receive(self, device: Device, node: Node, now: int) -> list[Delivery]:
        """What follows from a stanza of `device`; `now` in Unix seconds. Raises `Garbled` for what cannot be read."""
        match node.tag:
            case "iq":
                return self.queries.answer(device, node, now)
            case "message":
                return self._message(device, node, now)
            case "receipt":
                return self._receipt(device, node, now)
            case "ack":
                self._acked(device, node)
                return []
            case "chatstate":
                return self._chatstate(device, node)
            case "notification" if device.number == PHONE:
                return self._from_phone(device, node, now)
            case "call":
                return [_ack(device, node, node.jid("to") or SERVER, now)]
            case _:
                return []  # presence, ib: nothing others are told of

    # messages

    def _message(self, device: Device, node: Node, now: int) -> list[Delivery]:
        to = node.jid("to") or SERVER
        account = self.accounts.find(to)
        if account is None:
            return [_ack(device, node, to, now, error="404")]
        participants = node.child("participants")
        if participants is None:
            return self._direct(device, node, to, now)
        addressed = [(jid, one) for one in participants.children("to") if (jid := one.jid("jid"))]
        if error := _refusal(device, node, to, addressed):
            return [_ack(device, node, to, now, error=error)]
        deliveries = [
            Delivery(device=receiver, node=self._copy(device, node, receiver, jid, one, now), kept=True)
            for jid, one in addressed
            if (receiver := self.accounts.device(jid)) and receiver is not device
        ]
        return [_ack(device, node, to, now, phash=self._stale(device, account, to, addressed)), *deliveries]

    def _direct(self, device: Device, node: Node, to: Jid, now: int) -> list[Delivery]:
        """One device alone: a peer message, or a message again for a device that could not decrypt it."""
        receiver = self.accounts.device(to)
        peer = node.get("category") == "peer"
        if receiver is None or not node.children("enc"):
            return [_ack(device, node, to, now, error="404")]
        if peer and (receiver.account is not device.account or node.child("tctoken")):
            return [_ack(device, node, to, now, error="479")]
        copy = self._copy(device, node, receiver, to, node, now)
        return [_ack(device, node, to, now), Delivery(device=receiver, node=copy, kept=True)]

    def _copy(self, device: Device, node: Node, receiver: Device, jid: Jid, content: Node, now: int) -> Node:
        """The stanza as one device gets it; `jid` is how the sender named that device."""
        server = jid.server
        attrs: dict[str, Attr] = {
            "from": device.address(server),
            "id": node.get("id"),
            "type": node.get("type") or "text",
            "t": str(now),
            "notify": device.account.name,
            "addressing_mode": "lid" if server == LID else "pn",
        }
        attrs |= {name: node.attrs[name] for name in ("category", "edit") if name in node.attrs}
        if receiver.account is not device.account:
            attrs |= _alternate(device.account, "sender", server)
        elif node.get("category") != "peer":
            chat = node.jid("recipient") or node.jid("to") or SERVER
            attrs["recipient"] = chat.bare
            if contact := self.accounts.find(chat):
                attrs |= _alternate(contact, "peer_recipient", chat.server)
        children = list(content.children("enc"))
        if any(enc.get("type") == "pkmsg" for enc in children):
            children += node.children("device-identity")
        children += node.children("meta")
        return Node("message", attrs, tuple(children))

    def _stale(self, device: Device, account: Account, to: Jid, addressed: list[tuple[Jid, Node]]) -> str:
        """The hash over the right devices where the sender reached others than those; else "" ."""
        if account is device.account:
            return ""
        everybody = [*account.devices.values(), *device.account.devices.values()]
        right = {one.address(to.server) for one in everybody if one.signed}
        reached = {jid for jid, _ in addressed} | {device.address(to.server)}
        return "" if reached == right else device_hash(list(right))

    # receipts and acks

    def _receipt(self, device: Device, node: Node, now: int) -> list[Delivery]:
        to, kind = node.jid("to") or SERVER, node.get("type")
        listed = node.child("list")
        ids = [node.get("id"), *(item.get("id") for item in (listed.children("item") if listed else ()))]
        if kind in CLEARING:
            for id_ in ids:
                device.clear("message", id_, to)
        deliveries = [_ack(device, node, to, now)]
        author = self.accounts.find(to)
        if author is None:
            return deliveries
        if kind == "retry":
            asked = author.devices.get(to.device)
            return deliveries if asked is None else [*deliveries, self._forward(device, node, asked, to.server, now)]
        if author is device.account:
            if kind == "server-error":
                phone = author.devices[PHONE]
                deliveries.append(self._forward(device, node, phone, to.server, now))
            return deliveries
        if kind in FORWARDED:
            deliveries += [
                self._forward(device, node, receiver, to.server, now) for receiver in author.devices.values()
            ]
        if kind in ("read", "played"):
            deliveries += [
                self._forward(device, node, other, to.server, now, recipient=to.bare)
                for other in device.account.devices.values()
                if other is not device
            ]
        return deliveries

    def _forward(
        self, device: Device, node: Node, receiver: Device, server: str, now: int, *, recipient: Jid | None = None
    ) -> Delivery:
        """The receipt as its addressee gets it."""
        bare = node.get("type") in ("read", "played") and recipient is None
        sender = device.account.address(server) if bare else device.address(server)
        attrs: dict[str, Attr] = {"id": node.get("id"), "from": sender, "t": node.get("t") or str(now)}
        if node.get("type"):
            attrs["type"] = node.get("type")
        if recipient is not None:
            attrs["recipient"] = recipient
        elif asked := node.jid("recipient"):
            attrs["recipient"] = asked
        return Delivery(device=receiver, node=Node("receipt", attrs, node.content), kept=True)

    def _acked(self, device: Device, node: Node) -> None:
        sender, tag = node.jid("to"), node.get("class")
        waiting = device.waiting.get((tag, node.get("id"), sender)) if sender is not None else None
        if tag == "message" and waiting and "recipient" in waiting[0].attrs and not node.get("error"):
            return  # what the account wrote elsewhere is cleared by a `sender` receipt alone
        device.clear(tag, node.get("id"), sender)

    def _from_phone(self, device: Device, node: Node, now: int) -> list[Delivery]:
        """What a phone tells one of its companions through the server: a file that it has uploaded again."""
        receiver = self.accounts.device(node.jid("to") or SERVER)
        if receiver is None or receiver.account is not device.account:
            return []
        attrs: dict[str, Attr] = {"from": device.account.pn, "id": node.get("id"), "type": node.get("type")}
        return [Delivery(device=receiver, node=Node("notification", {**attrs, "t": str(now)}, node.content), kept=True)]

    def _chatstate(self, device: Device, node: Node) -> list[Delivery]:
        to = node.jid("to") or SERVER
        account = self.accounts.find(to)
        if account is None:
            return []
        state = Node("chatstate", {"from": device.account.address(to.server)}, node.content)
        return [Delivery(device=receiver, node=state) for receiver in account.devices.values()]


def _refusal(device: Device, node: Node, to: Jid, addressed: list[tuple[Jid, Node]]) -> str:
    """The error of a stanza that the network takes over in no case; "" for a sound one."""
    if to.device or any(jid.server != to.server for jid, _ in addressed):
        return "400"
    first = any(enc.get("type") == "pkmsg" for _, one in addressed for enc in one.children("enc"))
    if first and device.number != PHONE and node.child("device-identity") is None:
        return "479"
    return ""


def _alternate(account: Account, name: str, server: str) -> dict[str, Attr]:
    """The account's other name, as far as it is told."""
    if server == LID:
        return {f"{name}_pn": account.pn}
    return {f"{name}_lid": account.lid} if account.lid_known else {}


def _ack(device: Device, node: Node, to: Jid, now: int, *, error: str = "", phash: str = "") -> Delivery:
    """The network has it, or says why not."""
    attrs: dict[str, Attr] = {"class": node.tag, "id": node.get("id"), "from": to, "t": str(now)}
    if node.tag != "message" and node.get("type"):
        attrs["type"] = node.get("type")
    attrs |= {name: value for name, value in (("error", error), ("phash", phash)) if value}
    return Delivery(device=device, node=Node("ack", attrs))
