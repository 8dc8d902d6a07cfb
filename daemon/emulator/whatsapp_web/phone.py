"""An account's phone: its device 0, which links companions, writes, receives, and answers what companions ask of it.

It speaks through the server as every device does, in stanzas; that it has no socket is the only difference.
"""

import zlib
from collections.abc import Callable
from typing import Final

from attrs import define, field

from daemon.emulator.whatsapp_web.accounts import PHONE, Account, Accounts, Device, Published, SignedKey
from daemon.emulator.whatsapp_web.letters import Letter, Receipt, file_of
from daemon.emulator.whatsapp_web.phone_keys import Entropy, PhoneKeys
from daemon.whatsapp.web import compose, media
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import PN, SERVER
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.ratchet import DuplicateMessage, SessionError

KEYS_FROM_RETRY: Final = 2  # the retry receipt that carries new keys


@define(eq=False)
class Phone:
    """The phone of `account`. `reupload` gives a file's new direct path, "" if the phone has it no more."""

    account: Account
    accounts: Accounts = field(repr=False)
    entropy: Entropy = field(repr=False)
    platform: str = "android"
    business: bool = False
    wants_passkey: bool = False  # to link a companion
    nct_salt: bytes = field(init=False, repr=False)
    online: bool = True
    reupload: Callable[[str], str] = field(default=str, repr=False)
    keys: PhoneKeys = field(init=False, repr=False)
    raw_id: int = field(init=False)
    letters: dict[str, Letter] = field(factory=dict, init=False, repr=False)  # by message id
    receipts: list[Receipt] = field(factory=list, init=False, repr=False)
    asked: list[str] = field(factory=list, init=False)  # ids of placeholders that companions asked for
    _failures: dict[str, int] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.keys = PhoneKeys(self.entropy)
        self.nct_salt = self.entropy(32)
        self.raw_id = int.from_bytes(self.entropy(3))
        self.account.link(Device(self.account, PHONE))
        self.keys.publish(self.device)

    @property
    def device(self) -> Device:
        """The account's device 0."""
        return self.account.devices[PHONE]

    def received(self) -> list[Letter]:
        """What others wrote, in the order of arrival."""
        return [letter for letter in self.letters.values() if letter.sender.account is not self.account]

    # writing

    def write(self, chat: Account, message: wa.Message, now: int, *, id_: str = "") -> Node:
        """The stanza that says `message` to all devices of `chat`, and to our companions that we did."""
        server = self.account.server if chat.lid_known else PN
        to = chat.address(server)
        id_ = id_ or self.new_id()
        own, shape = compose.own_copy(message, str(to)), compose.shape(message)
        participants = []
        for account, content in ((chat, message), (self.account, own)):
            for device in account.devices.values():
                if device is not self.device and device.signed is not None:
                    enc = _announced(self.keys.encrypt(device, content), shape)
                    participants.append(Node("to", {"jid": device.address(server)}, (enc,)))
        self.letters[id_] = Letter(id=id_, chat=chat, sender=self.device, message=message, at=now)
        attrs: dict[str, Attr] = {"id": id_, "to": to, "type": shape.type, "edit": shape.edit}
        return Node("message", attrs, (Node("participants", {}, tuple(participants)),))

    def write_peer(self, companion: Device, said: wa.ProtocolMessage) -> Node:
        """The stanza that says something to one of our own companions alone."""
        enc = self.keys.encrypt(companion, wa.Message(protocolMessage=said))
        attrs: dict[str, Attr] = {"id": self.new_id(), "to": companion.jid, "type": "text", "category": "peer"}
        return Node("message", attrs, (Node("meta", {"appdata": "default"}), enc))

    def mark_read(self, *ids: str, now: int) -> Node:
        """The receipt that messages of one chat were read on the phone."""
        letter = self.letters[ids[0]]
        to = letter.chat.address(self.account.server)
        more = (Node("list", {}, tuple(Node("item", {"id": id_}) for id_ in ids[1:])),) if ids[1:] else None
        return Node("receipt", {"id": ids[0], "to": to, "type": "read", "t": str(now)}, more)

    def new_id(self) -> str:
        """As phones make them."""
        return self.entropy(16).hex().upper()

    def reinstall(self) -> None:
        """The app was installed anew: another identity, no sessions, no companions."""
        self.keys.renew()
        for companion in list(self.account.companions()):
            self.account.unlink(companion)
        self.device.prekeys.clear()
        self.keys.publish(self.device)

    # what companions get after they were linked

    def welcome(self, companion: Device, now: int) -> list[Node]:
        """App-state keys, a first history sync, our name, and who has which hidden id."""
        key = wa.AppStateSyncKey(
            keyId=wa.AppStateSyncKeyId(keyId=b"\x00\x01" + self.entropy(4)),
            keyData=wa.AppStateSyncKeyData(
                keyData=self.entropy(32),
                fingerprint=wa.AppStateSyncKeyFingerprint(rawId=self.raw_id, currentIndex=0, deviceIndexes=[0]),
                timestamp=now * 1000,
            ),
        )
        share = wa.ProtocolMessage(
            type=wa.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare=wa.AppStateSyncKeyShare(keys=[key])
        )
        bootstrap = wa.HistorySync(
            syncType=wa.HistorySync.INITIAL_BOOTSTRAP,
            progress=100,
            nctSalt=self.nct_salt,
            phoneNumberToLidMappings=[
                wa.PhoneNumberToLIDMapping(pnJid=str(account.pn), lidJid=str(account.lid))
                for account in self._acquaintances()
            ],
        )
        names = wa.HistorySync(
            syncType=wa.HistorySync.PUSH_NAME,
            pushnames=[wa.Pushname(id=str(self.account.pn), pushname=self.account.name)],
        )
        said = [share, _history(bootstrap, wa.HST_INITIAL_BOOTSTRAP), _history(names, wa.HST_PUSH_NAME)]
        return [self.write_peer(companion, one) for one in (*said, self.address_book(now))]

    def address_book(self, now: int) -> wa.ProtocolMessage:
        """Which hidden ids those have whom the phone talked to."""
        payload = wa.LIDMigrationMappingSyncPayload(
            pnToLidMappings=[
                wa.LIDMigrationMapping(pn=int(account.phone), assignedLid=int(account.lid_user))
                for account in self._acquaintances()
            ],
            chatDbMigrationTimestamp=now,
        )
        return wa.ProtocolMessage(
            type=wa.ProtocolMessage.LID_MIGRATION_MAPPING_SYNC,
            lidMigrationMappingSyncMessage=wa.LIDMigrationMappingSyncMessage(
                encodedMappingPayload=payload.SerializeToString()
            ),
        )

    # what arrives

    def receive(self, node: Node, now: int) -> list[Node]:
        """What the phone answers to a stanza."""
        match node.tag:
            case "message":
                return self._message(node, now)
            case "receipt":
                return [*self._receipt(node, now), _ack(node)]
            case "notification":
                self._notified(node)
                return [_ack(node)]
            case _:
                return []

    def _message(self, node: Node, now: int) -> list[Node]:
        sender = self._device(node, "from")
        encs = node.children("enc")
        if sender is None or not encs:
            return [_ack(node)]
        answers: list[Node] = []
        for enc in encs:
            try:
                message = self.keys.decrypt(sender, enc)
            except DuplicateMessage:
                continue
            except SessionError as fault:
                return [self._ask_again(node, fault.reason), _ack(node)]
            except Garbled:
                return [_ack(node)]
            answers += self._take(node, sender, message, now)
        return [self._delivered(node), *answers]

    def _take(self, node: Node, sender: Device, message: wa.Message, now: int) -> list[Node]:
        if node.get("category") == "peer":
            return self._peer_asked(node, sender, message)
        chat = sender.account
        if sender.account is self.account:
            chat = self._account(node, "recipient") or sender.account
            if message.HasField("deviceSentMessage"):
                message = message.deviceSentMessage.message
        id_ = node.get("id")
        at = int(node.get("t") or now)
        self.letters.setdefault(id_, Letter(id=id_, chat=chat, sender=sender, message=message, at=at))
        return []

    def _delivered(self, node: Node) -> Node:
        attrs: dict[str, Attr] = {"id": node.get("id"), "to": node.attrs["from"]}
        if node.get("category") == "peer":
            attrs["type"] = "peer_msg"
        elif "recipient" in node.attrs:
            attrs |= {"type": "sender", "recipient": node.attrs["recipient"]}
        return Node("receipt", attrs)

    def _ask_again(self, node: Node, reason: int) -> Node:
        id_ = node.get("id")
        count = self._failures[id_] = self._failures.get(id_, 0) + 1
        attrs = {name: node.attrs[name] for name in ("recipient", "category") if name in node.attrs}
        about = {"count": str(count), "id": id_, "t": node.get("t"), "v": "1", "error": str(reason)}
        children = [Node("retry", about), Node("registration", {}, self.keys.registration_id.to_bytes(4))]
        if count >= KEYS_FROM_RETRY:
            number, public = self.keys.fresh_prekey()
            signed = self.keys.signed
            children.append(
                Node(
                    "keys",
                    {},
                    (
                        Node("type", {}, b"\x05"),
                        Node("identity", {}, self.keys.identity.public),
                        Node("key", {}, (Node("id", {}, number.to_bytes(3)), Node("value", {}, public))),
                        Node(
                            "skey",
                            {},
                            (
                                Node("id", {}, signed.id.to_bytes(3)),
                                Node("value", {}, signed.pair.public),
                                Node("signature", {}, signed.signature),
                            ),
                        ),
                    ),
                )
            )
        return Node("receipt", {"id": id_, "to": node.attrs["from"], "type": "retry", **attrs}, tuple(children))

    def _receipt(self, node: Node, now: int) -> list[Node]:
        sender = node.jid("from") or SERVER
        if node.get("type") == "retry":
            return self._write_again(node)
        if node.get("type") == "server-error":
            return self._find_file(node)
        listed = node.child("list")
        ids = (node.get("id"), *(item.get("id") for item in (listed.children("item") if listed else ())))
        self.receipts.append(Receipt(ids=ids, sender=sender, kind=node.get("type")))
        return []

    def _write_again(self, node: Node) -> list[Node]:
        asker, letter, retry = self._device(node, "from"), self.letters.get(node.get("id")), node.child("retry")
        if asker is None or letter is None or retry is None or letter.sender is not self.device:
            return []
        own = asker.account is self.account
        if not own and letter.chat is not asker.account:
            return []
        if keys := node.child("keys"):
            self.keys.begin(asker, _offered(keys, node))
        elif bundle := asker.take_bundle():
            self.keys.begin(asker, bundle)
        server = (node.jid("from") or SERVER).server
        to = letter.chat.address(server)
        shape = compose.shape(letter.message)
        content = compose.own_copy(letter.message, str(to)) if own else letter.message
        enc = _announced(self.keys.encrypt(asker, content), shape)
        again = Node("enc", {**enc.attrs, "count": retry.get("count")}, enc.content)
        attrs: dict[str, Attr] = {"id": letter.id, "to": node.attrs["from"], "type": shape.type, "edit": shape.edit}
        attrs |= {"device_fanout": "false", "recipient": to if own else ""}
        return [Node("message", attrs, (again,))]

    def _find_file(self, node: Node) -> list[Node]:
        """A companion could not download a file: upload it again and say where it is now."""
        letter, encrypt = self.letters.get(node.get("id")), node.child("encrypt")
        p, iv = (encrypt.child("enc_p"), encrypt.child("enc_iv")) if encrypt else (None, None)
        file = file_of(letter.message) if letter else None
        if p is None or iv is None:
            return []
        to = {"id": node.get("id"), "to": node.attrs["from"], "type": "mediaretry"}
        marks = tuple(node.children("rmr"))
        if file is None:
            return [Node("notification", to, (Node("error", {"code": "2"}), *marks))]
        media_key, path = file
        media.read_retry_request(media_key, node.get("id"), iv.data, p.data)
        nonce = self.entropy(12)
        sealed = media.retry_answer(media_key, node.get("id"), nonce, direct_path=self.reupload(path))
        answer = Node("encrypt", {}, (Node("enc_p", {}, sealed), Node("enc_iv", {}, nonce)))
        return [Node("notification", to, (answer, *marks))]

    def _peer_asked(self, node: Node, companion: Device, message: wa.Message) -> list[Node]:
        """A companion asks for messages it was not given: they are sent as we have them."""
        inner = message.deviceSentMessage.message if message.HasField("deviceSentMessage") else message
        asked = inner.protocolMessage.peerDataOperationRequestMessage
        wanted = [request.messageKey for request in asked.placeholderMessageResendRequest]
        self.asked += [key.id for key in wanted]
        results = [
            wa.PeerDataOperationResult(
                placeholderMessageResendResponse=wa.PlaceholderMessageResendResponse(
                    webMessageInfoBytes=self._as_stored(letter).SerializeToString()
                )
            )
            for key in wanted
            if (letter := self.letters.get(key.id))
        ]
        if not results:
            return []
        answer = wa.ProtocolMessage(
            type=wa.ProtocolMessage.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
            peerDataOperationRequestResponseMessage=wa.PeerDataOperationRequestResponseMessage(
                peerDataOperationRequestType=wa.PLACEHOLDER_MESSAGE_RESEND,
                stanzaId=node.get("id"),
                peerDataOperationResult=results,
            ),
        )
        return [self.write_peer(companion, answer)]

    def _as_stored(self, letter: Letter) -> wa.WebMessageInfo:
        own = letter.sender.account is self.account
        return wa.WebMessageInfo(
            key=wa.MessageKey(remoteJid=str(letter.chat.pn), fromMe=own, id=letter.id),
            message=letter.message,
            messageTimestamp=letter.at,
            pushName=letter.sender.account.name,
        )

    def _notified(self, node: Node) -> None:
        if node.get("type") != "encrypt":
            return
        if node.child("count"):
            self.keys.publish(self.device)
        elif sender := self._account(node, "from"):
            self.keys.forget(sender.phone)

    def _acquaintances(self) -> list[Account]:
        met = {letter.chat.phone: letter.chat for letter in self.letters.values()}
        return [account for account in met.values() if account.lid_known]

    def _account(self, node: Node, name: str) -> Account | None:
        jid = node.jid(name)
        return self.accounts.find(jid) if jid else None

    def _device(self, node: Node, name: str) -> Device | None:
        jid = node.jid(name)
        return self.accounts.device(jid) if jid else None


def _announced(enc: Node, shape: compose.Shape) -> Node:
    """The `<enc>` with what the message's shape says of it."""
    hide = "hide" if shape.hide else ""
    return Node("enc", {**enc.attrs, "mediatype": shape.mediatype, "decrypt-fail": hide}, enc.content)


def _ack(node: Node) -> Node:
    attrs: dict[str, Attr] = {"class": node.tag, "id": node.get("id"), "to": node.attrs["from"]}
    if node.tag != "message" and node.get("type"):
        attrs["type"] = node.get("type")
    return Node("ack", attrs)


def _history(history: wa.HistorySync, kind: "wa.HistorySyncType.ValueType") -> wa.ProtocolMessage:
    return wa.ProtocolMessage(
        type=wa.ProtocolMessage.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification=wa.HistorySyncNotification(
            syncType=kind,
            initialHistBootstrapInlinePayload=zlib.compress(history.SerializeToString()),
        ),
    )


def _offered(keys: Node, receipt: Node) -> Published:
    """The bundle in a retry receipt."""

    def read(parent: Node | None, tag: str) -> bytes:
        child = parent.child(tag) if parent else None
        return child.data if child else b""

    skey, key = keys.child("skey"), keys.child("key")
    signed = SignedKey(int.from_bytes(read(skey, "id")), read(skey, "value"), read(skey, "signature"))
    return Published(
        registration_id=int.from_bytes(read(receipt, "registration")),
        identity=read(keys, "identity"),
        signed=signed,
        prekey=(int.from_bytes(read(key, "id")), read(key, "value")) if key else None,
        device_identity=read(keys, "device-identity"),
    )
