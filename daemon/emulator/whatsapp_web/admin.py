"""The server's controls as plain JSON: what people do with their phones, what goes wrong, and what is to be seen.

A command is `{"do": …}` with the arguments of the method of that name in `Admin`; its answer is a JSON object. An
unknown command or argument, a wrong value, or what the network refuses is a `Refused` with one sentence.
"""

import base64
import binascii
import inspect
from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from attrs import define

from daemon.emulator.whatsapp_web.accounts import Addressing
from daemon.emulator.whatsapp_web.faults import Blow, Fault, Kind
from daemon.emulator.whatsapp_web.rig import Rig
from daemon.whatsapp.web import compose, media
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.protobuf import parse

Json = dict[str, Any]

MIME_TYPES: Final = {"image": "image/jpeg", "audio": compose.VOICE_TYPE, "document": "application/pdf"}


class Refused(Exception):
    """A command that cannot be carried out."""


@define
class Admin:
    """Carries out commands on a running server. People are named by their phone numbers, in digits."""

    rig: Rig

    def obey(self, command: Mapping[str, Any]) -> Json:
        """The answer to a command. Raises `Refused`."""
        name = command.get("do")
        method = getattr(self, name, None) if isinstance(name, str) and name in COMMANDS else None
        if method is None:
            raise Refused(f"there is no command {name!r}; there are {', '.join(sorted(COMMANDS))}")
        arguments = {key: value for key, value in command.items() if key not in ("do", "id")}
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as fault:
            raise Refused(f"{name}: {fault}") from None
        try:
            return cast("Json", method(**arguments) or {})
        except (KeyError, ValueError) as fault:
            raise Refused(f"{name}: {fault.args[0] if fault.args else fault}") from None

    # people and their phones

    def add_account(
        self, phone: str, name: str = "", lid: str = "", addressing: str = "lid", lid_known: bool = True
    ) -> Json:
        """A person; their addresses."""
        _one_of(addressing, get_args(Addressing))
        account = self.rig.network.add_account(
            phone, name=name, lid_user=lid, addressing=cast("Addressing", addressing), lid_known=lid_known
        ).account
        return {"pn": str(account.pn), "lid": str(account.lid)}

    def change(
        self, phone: str, addressing: str = "", lid_known: bool | None = None, wants_passkey: bool | None = None
    ) -> None:
        """How the person is addressed from now on, or whether linking asks for a passkey; what is not given stays."""
        known = self.rig.network.phone(phone)
        if addressing:
            _one_of(addressing, get_args(Addressing))
            known.account.addressing = cast("Addressing", addressing)
        if lid_known is not None:
            known.account.lid_known = lid_known
        if wants_passkey is not None:
            known.wants_passkey = wants_passkey

    def scan(self, phone: str, text: str) -> None:
        """Scan a QR code's text."""
        self.rig.network.scan(self.rig.network.phone(phone), text)

    def enter_code(self, phone: str, code: str) -> None:
        """Type a pairing code."""
        self.rig.network.enter_code(self.rig.network.phone(phone), code)

    def write(
        self,
        phone: str,
        to: str,
        text: str = "",
        message: str = "",
        file: str = "",
        kind: str = "image",
        message_id: str = "",
    ) -> Json:
        """Write a text, a file (base64) of a kind with `text` as its caption, or any serialised `Message` (base64)."""
        network = self.rig.network
        content = parse(wa.Message, _bytes(message)) if message else wa.Message(conversation=text)
        if file:
            content = self._file(_bytes(file), kind, text)
        return {"message_id": network.write(network.phone(phone), network.phone(to).account, content, id_=message_id)}

    def read(self, phone: str, ids: list[str]) -> None:
        """Open a chat on the phone: these messages of it were read."""
        network = self.rig.network
        reader = network.phone(phone)
        network.from_phone(reader, reader.mark_read(*ids, now=network.clock()))

    def reinstall(self, phone: str) -> None:
        """Install the app anew: another identity, no companions."""
        self.rig.network.reinstall(self.rig.network.phone(phone))

    def online(self, phone: str, online: bool) -> None:
        """Switch the phone on or off."""
        self.rig.network.set_online(self.rig.network.phone(phone), online)

    def letters(self, phone: str, after: int = 0) -> Json:
        """What the phone has of messages, its own and others', from the `after`th on."""
        letters = list(self.rig.network.phone(phone).letters.values())[after:]
        return {
            "letters": [
                {
                    "id": letter.id,
                    "chat": letter.chat.phone,
                    "from": letter.sender.account.phone,
                    "device": letter.sender.number,
                    "text": letter.text,
                    "at": letter.at,
                    "message": base64.b64encode(letter.message.SerializeToString()).decode(),
                }
                for letter in letters
            ]
        }

    def receipts(self, phone: str, after: int = 0) -> Json:
        """What the phone learnt of its own messages, from the `after`th on."""
        known = self.rig.network.phone(phone).receipts[after:]
        return {"receipts": [{"ids": list(one.ids), "from": str(one.sender), "kind": one.kind} for one in known]}

    # what goes wrong

    def fault(self, phone: str, kind: str, code: str = "", times: int = 1) -> None:
        """Something is to go wrong with the account's newest companion, so many times (0: always)."""
        _one_of(kind, get_args(Kind))
        device = self.rig.network.companion(phone)
        self.rig.network.lines.faults(device).add(Fault(cast("Kind", kind), code, times))

    def mend(self, phone: str) -> None:
        """Nothing goes wrong with the account's newest companion any more."""
        self.rig.network.lines.faults(self.rig.network.companion(phone)).clear()

    def blow(self, phone: str, kind: str) -> None:
        """Do something to the connection of the account's newest companion."""
        _one_of(kind, get_args(Blow))
        self.rig.network.lines.blow(self.rig.network.companion(phone), cast("Blow", kind))

    def hide(self, phone: str, devices: list[int]) -> None:
        """Leave these devices out of the account's device list, so that whoever reads it has a stale one."""
        self.rig.network.queries.hidden[self.rig.network.phone(phone).account.pn] = set(devices)

    def gate(self, gated: bool) -> None:
        """Whether a backlog comes in the batches a device asks for."""
        self.rig.network.lines.gated = gated

    def expire(self, path: str) -> None:
        """A file is gone from its direct path."""
        self.rig.media.store.expire(path)

    def refuse_files(self, statuses: list[int]) -> None:
        """The next requests to the media host get these HTTP statuses."""
        self.rig.media.store.refusals += statuses

    # what is to be seen

    def counts(self) -> Json:
        """How much there is of everything."""
        store = self.rig.media.store
        files = {"files": len(store.files), "uploads": store.uploads, "downloads": store.downloads}
        return {**self.rig.network.counts(), **files, "sockets": self.rig.server.open}

    def companions(self, phone: str) -> Json:
        """The account's companions, and how much waits for each."""
        network = self.rig.network
        return {
            "companions": [
                {
                    "jid": str(device.jid),
                    "live": network.lines.live(device),
                    "waiting": len(device.backlog()),
                    "prekeys": len(device.prekeys),
                    "version": device.client_version,
                }
                for device in network.phone(phone).account.companions()
            ]
        }

    def _file(self, plain: bytes, kind: str, caption: str) -> wa.Message:
        _one_of(kind, tuple(MIME_TYPES))
        network = self.rig.network
        setting = compose.Setting(secret=network.entropy(32))
        uploaded = self.rig.media.store.upload(cast("media.Kind", kind), plain, MIME_TYPES[kind], network.clock())
        match kind:
            case "audio":
                return compose.voice(uploaded, setting, seconds=3)
            case "document":
                return compose.document(uploaded, setting, filename="documento.pdf", caption=caption)
            case _:
                return compose.image(uploaded, setting, caption=caption)


COMMANDS: Final = frozenset(name for name in vars(Admin) if not name.startswith("_") and name not in ("obey", "rig"))


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise Garbled(f"this is no base64: {fault}") from None


def _one_of(value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
