"""The little that is read of a history the phone sends after pairing: names, addresses, tokens. Never messages."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import envelope, protobuf
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.protocol_messages import AddressPair, inflated

MAX_BYTES: Final = 16 << 20
"""Unpacked. A larger one is refused: what it would teach is asked of the server when it is needed."""
MAX_ITEMS: Final = 50_000
MAX_TOKEN: Final = 1024


@frozen(kw_only=True)
class Token:
    """A contact's privacy token (`tcToken`). Times in seconds; 0 if unknown."""

    chat: str  # a JID, not yet parsed
    token: bytes = field(repr=False)
    received_at: int
    issued_at: int  # when we last gave ours


@frozen(kw_only=True)
class History:
    """What one piece of history taught us."""

    push_names: Mapping[str, str]  # by JID, our own among them
    addresses: tuple[AddressPair, ...]
    tokens: tuple[Token, ...]
    nct_salt: bytes = field(repr=False)


def read(packed: bytes, *, limit: int = MAX_BYTES) -> History:
    """A piece of history, decrypted but still packed (zlib). Raises `Garbled` for more than `limit` bytes unpacked or
    what is not one.

    Only to be called with what our own phone announced (`protocol_messages.news`).
    """
    found = protobuf.parse(wa.HistorySync, inflated(packed, limit))
    chats = found.conversations[:MAX_ITEMS]
    named = [(envelope.line(each.id), envelope.line(each.pushname)) for each in found.pushnames[:MAX_ITEMS]]
    jids = [(each.pnJid, each.lidJid) for each in found.phoneNumberToLidMappings[:MAX_ITEMS]]
    jids += [(each.pnJid or each.id, each.lidJid or each.id) for each in chats]
    pairs = [AddressPair(_user(pn, "s.whatsapp.net"), _user(lid, "lid")) for pn, lid in jids]
    return History(
        push_names={jid: name for jid, name in named if jid and name},
        addresses=tuple(dict.fromkeys(each for each in pairs if each.pn_user and each.lid_user)),
        tokens=tuple(_tokens(chats)),
        nct_salt=found.nctSalt if len(found.nctSalt) <= MAX_TOKEN else b"",
    )


def _tokens(chats: list[wa.Conversation]) -> list[Token]:
    return [
        Token(
            chat=chat,
            token=each.tcToken,
            received_at=each.tcTokenTimestamp,
            issued_at=each.tcTokenSenderTimestamp,
        )
        for each in chats
        if 0 < len(each.tcToken) <= MAX_TOKEN and (chat := envelope.line(each.lidJid or each.id))
    ]


def _user(jid: object, server: str) -> str:
    """The digits of a person's JID on that server, "" if it is none."""
    user, _, place = envelope.line(jid).partition("@")
    return user if place == server and user.isascii() and user.isdigit() else ""
