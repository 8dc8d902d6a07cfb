"""What the server answers to each `iq` of a linked device. Unknown ones get an empty result."""

import base64
import hashlib
from typing import Final

from attrs import define, field, frozen

from daemon.emulator.whatsapp_web.accounts import PHONE, Account, Accounts, Device, Published, SignedKey
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import PN, SERVER, Jid
from daemon.whatsapp.web.node import Attr, Node

LOW_PREKEYS: Final = 5  # below this the device is told


@frozen(kw_only=True)
class Delivery:
    """A stanza on its way to a device.

    kept: it waits until the device clears it, and goes again at the next login · closing: the connection ends after it.
    """

    device: Device
    node: Node
    kept: bool = False
    closing: bool = False


@frozen
class MediaHost:
    """Where files go: the name that clients put into `https://<hostname>/…`, and what proves that they may."""

    hostname: str
    auth: str


@define
class Queries:
    """The server's answers. `media` is None where no files are served."""

    accounts: Accounts
    media: MediaHost | None = None
    hidden: dict[Jid, set[int]] = field(factory=dict)  # bare number → companions that device lists leave out
    _made: int = 0

    def answer(self, device: Device, iq: Node, now: int) -> list[Delivery]:
        """The result, and what other devices learn of it. `now` in Unix seconds."""
        if iq.get("type") == "result" or iq.get("type") == "error":
            return []
        child = iq.content[0] if isinstance(iq.content, tuple) and iq.content else Node("")
        match iq.get("xmlns"), iq.get("type"), child.tag:
            case "encrypt", "get", "count":
                return [_result(device, iq, Node("count", {"value": str(len(device.prekeys))}))]
            case "encrypt", "get", "digest":
                return [_result(device, iq, *([Node("digest")] if device.prekeys else []))]
            case "encrypt", "get", "key":
                return self._bundles(device, iq, child)
            case "encrypt", "set", "rotate":
                return self._rotate(device, iq, child)
            case "encrypt", "set", _:
                return self._publish(device, iq)
            case "usync", "get", "usync":
                return [_result(device, iq, self._users(child, now))]
            case "w:m", "set", _:
                return [self._media_conn(device, iq)]
            case "privacy", "set", "tokens":
                return [_result(device, iq), *self._tokens(device, child, now)]
            case "md", "set", "remove-companion-device":
                return self._remove(device, iq, child, now)
            case "w:sync:app:state", _, "sync":
                collections = [Node("collection", dict(one.attrs)) for one in child.children("collection")]
                return [_result(device, iq, Node("sync", {}, tuple(collections)))]
            case "w:profile:picture", _, _:
                return [_error(device, iq, 404, "item-not-found")]
            case xmlns, "get", _:
                return [_result(device, iq, *_MINIMAL.get(xmlns, ()))]
            case _:
                return [_result(device, iq)]

    def stanza_id(self) -> str:
        """For a stanza of the server's own."""
        self._made += 1
        return f"server-{self._made}"

    def listed(self, account: Account) -> list[Device]:
        """The devices others are told of: those that can be written to and are not hidden."""
        hidden = self.hidden.get(account.pn, set())
        return [device for device in account.devices.values() if device.signed and device.number not in hidden]

    def devices_changed(self, account: Account, change: str, device: Device, now: int) -> list[Delivery]:
        """A companion was linked ("add") or unlinked ("remove"): the account's other devices are told."""
        about = Node("device", {"jid": device.jid, "lid": device.lid, "key-index": str(device.key_index)})
        attrs: dict[str, Attr] = {"from": account.pn, "type": "devices", "lid": account.lid, "t": str(now)}
        return [
            Delivery(
                device=other,
                node=Node("notification", {**attrs, "id": self.stanza_id()}, (Node(change, {}, (about,)),)),
                kept=True,
            )
            for other in account.devices.values()
            if other is not device
        ]

    def identity_changed(self, account: Account, now: int) -> list[Delivery]:
        """An account has another identity: every other one's devices are told."""
        attrs: dict[str, Attr] = {"from": account.address(account.server), "type": "encrypt", "t": str(now)}
        return [
            Delivery(
                device=device,
                node=Node("notification", {**attrs, "id": self.stanza_id()}, (Node("identity"),)),
                kept=True,
            )
            for other in self.accounts
            if other is not account
            for device in other.devices.values()
        ]

    def _publish(self, device: Device, iq: Node) -> list[Delivery]:
        keys, skey = iq.child("list"), iq.child("skey")
        registration, identity = iq.child("registration"), iq.child("identity")
        if keys is None or skey is None or registration is None or identity is None:
            return [_error(device, iq, 400, "bad-request")]
        device.registration_id = int.from_bytes(registration.data)
        device.identity = identity.data
        device.signed = _signed_key(skey)
        for key in keys.children("key"):
            device.prekeys[int.from_bytes(_bytes(key, "id"))] = _bytes(key, "value")
        return [_result(device, iq)]

    def _rotate(self, device: Device, iq: Node, rotate: Node) -> list[Delivery]:
        skey = rotate.child("skey")
        if skey is None:
            return [_error(device, iq, 400, "bad-request")]
        device.signed = _signed_key(skey)
        return [_result(device, iq)]

    def _bundles(self, device: Device, iq: Node, key: Node) -> list[Delivery]:
        users: list[Node] = []
        notices: list[Delivery] = []
        for user in key.children("user"):
            jid = user.jid("jid")
            asked = self.accounts.device(jid) if jid else None
            bundle = asked.take_bundle() if asked else None
            if jid is None or asked is None or bundle is None:
                continue  # an <error> here fails a whole send of some clients
            users.append(_user_keys(jid, bundle))
            if len(asked.prekeys) < LOW_PREKEYS:
                notices.append(self.prekeys_low(asked))
        return [_result(device, iq, Node("list", {}, tuple(users))), *notices]

    def prekeys_low(self, device: Device) -> Delivery:
        """The device should upload more of them."""
        count = Node("count", {"value": str(len(device.prekeys))})
        attrs: dict[str, Attr] = {"from": SERVER, "type": "encrypt", "id": self.stanza_id()}
        return Delivery(device=device, node=Node("notification", attrs, (count,)), kept=True)

    def _users(self, usync: Node, now: int) -> Node:
        query, asked = usync.child("query"), usync.child("list")
        protocols = [node.tag for node in query.children()] if query else []
        users = []
        for user in asked.children("user") if asked else ():
            contact = user.child("contact")
            phone = contact.data.decode("ascii", "replace").lstrip("+") if contact and contact.data else ""
            jid = Jid(phone, PN) if phone else (user.jid("jid") or user.jid("pn_jid"))
            account = self.accounts.find(jid) if jid else None
            if jid is None or (account is None and "contact" not in protocols):
                continue
            users.append(Node("user", {"jid": jid.bare}, tuple(self._facts(account, protocols, now))))
        return Node("usync", dict(usync.attrs), (Node("result"), Node("list", {}, tuple(users))))

    def _facts(self, account: Account | None, protocols: list[str], now: int) -> list[Node]:
        if account is None:
            return [Node("contact", {"type": "out"})]
        facts = []
        for protocol in protocols:
            if protocol == "contact":
                facts.append(Node("contact", {"type": "in"}))
            elif protocol == "lid" and account.lid_known:
                facts.append(Node("lid", {"val": account.lid}))
            elif protocol == "devices":
                facts.append(self._device_list(account, now))
        return facts

    def _device_list(self, account: Account, now: int) -> Node:
        devices = tuple(
            Node("device", {"id": str(device.number)} | ({"key-index": str(device.key_index)} if device.number else {}))
            for device in self.listed(account)
        )
        return Node("devices", {}, (Node("device-list", {}, devices), Node("key-index-list", {"ts": str(now)})))

    def _media_conn(self, device: Device, iq: Node) -> Delivery:
        if self.media is None:
            return _error(device, iq, 503, "service-unavailable")
        host = Node("host", {"hostname": self.media.hostname})
        attrs = {"auth": self.media.auth, "ttl": "300", "auth_ttl": "21600", "max_buckets": "12"}
        return _result(device, iq, Node("media_conn", attrs, (host,)))

    def _tokens(self, device: Device, tokens: Node, now: int) -> list[Delivery]:
        """Each contact gets the sender's proof that they know each other."""
        deliveries = []
        for token in tokens.children("token"):
            jid = token.jid("jid")
            contact = self.accounts.find(jid) if jid else None
            if jid is None or contact is None:
                continue
            proof = hashlib.sha256(f"{device.account.phone}>{contact.phone}@{token.get('t')}".encode()).digest()[:16]
            given = Node(
                "token",
                {"type": "trusted_contact", "t": token.get("t") or str(now), "jid": contact.address(jid.server)},
                proof,
            )
            about: dict[str, Attr] = {
                "from": device.account.address(jid.server),
                "type": "privacy_token",
                "t": str(now),
            }
            for other in contact.devices.values():
                attrs = {**about, "id": self.stanza_id()}
                node = Node("notification", attrs, (Node("tokens", {}, (given,)),))
                deliveries.append(Delivery(device=other, node=node, kept=True))
        return deliveries

    def _remove(self, device: Device, iq: Node, child: Node, now: int) -> list[Delivery]:
        jid = child.jid("jid")
        gone = self.accounts.device(jid) if jid else None
        if gone is None or gone.account is not device.account or gone.number == PHONE:
            return [_error(device, iq, 404, "item-not-found")]
        gone.account.unlink(gone)
        told = self.devices_changed(gone.account, "remove", gone, now)
        return [_result(device, iq), *told, Delivery(device=gone, node=DEVICE_REMOVED, closing=True)]


DEVICE_REMOVED: Final = Node("stream:error", {"code": "401"}, (Node("conflict", {"type": "device_removed"}),))

_MINIMAL: Final = {
    "abt": (Node("props", {"protocol": "1", "hash": base64.b16encode(b"props").decode()}),),
    "privacy": (Node("privacy", {}, (Node("category", {"name": "readreceipts", "value": "all"}),)),),
    "blocklist": (Node("list"),),
}


def _result(device: Device, iq: Node, *content: Node) -> Delivery:
    attrs: dict[str, Attr] = {"type": "result", "from": SERVER, "id": iq.get("id")}
    return Delivery(device=device, node=Node("iq", attrs, content or None))


def _error(device: Device, iq: Node, code: int, text: str) -> Delivery:
    attrs: dict[str, Attr] = {"type": "error", "from": SERVER, "id": iq.get("id")}
    return Delivery(device=device, node=Node("iq", attrs, (Node("error", {"code": str(code), "text": text}),)))


def _user_keys(jid: Jid, bundle: Published) -> Node:
    signed = bundle.signed
    children = [
        Node("registration", {}, bundle.registration_id.to_bytes(4)),
        Node("type", {}, b"\x05"),
        Node("identity", {}, bundle.identity),
        Node(
            "skey",
            {},
            (
                Node("id", {}, signed.id.to_bytes(3)),
                Node("value", {}, signed.public),
                Node("signature", {}, signed.signature),
            ),
        ),
    ]
    if bundle.prekey is not None:
        number, public = bundle.prekey
        children.append(Node("key", {}, (Node("id", {}, number.to_bytes(3)), Node("value", {}, public))))
    if bundle.device_identity:
        children.append(Node("device-identity", {}, bundle.device_identity))
    return Node("user", {"jid": jid}, tuple(children))


def _signed_key(skey: Node) -> SignedKey:
    return SignedKey(int.from_bytes(_bytes(skey, "id")), _bytes(skey, "value"), _bytes(skey, "signature"))


def _bytes(node: Node, tag: str) -> bytes:
    child = node.child(tag)
    if child is None:
        raise Garbled(f"<{node.tag}> has no <{tag}>")
    return child.data
