"""Messages between the devices of one account. From anyone else they are forgeries (CVE-2026-48063).

Whether a sender is our own account, and our own phone, is decided by the Signal session that decrypted the message and
never by what the message says.
"""

import zlib
from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import envelope, protobuf
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.media import Reference

MAX_MAPPINGS: Final = 100_000
MAX_MAPPING_BYTES: Final = 8 << 20
MAX_ANSWERS: Final = 100
MAX_KEYS: Final = 1000

_Type = wa.ProtocolMessage
SELF_ONLY: Final = frozenset(
    [
        _Type.HISTORY_SYNC_NOTIFICATION,
        _Type.APP_STATE_SYNC_KEY_SHARE,
        _Type.APP_STATE_SYNC_KEY_REQUEST,
        _Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
        _Type.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
        _Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
        _Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        _Type.LID_MIGRATION_MAPPING_SYNC,
    ]
)
_PHONE_ONLY: Final = frozenset([_Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE])
# a payload counts as much as the type: some reader might look at it alone
_PAYLOADS: Final = {
    "historySyncNotification": _Type.HISTORY_SYNC_NOTIFICATION,
    "appStateSyncKeyShare": _Type.APP_STATE_SYNC_KEY_SHARE,
    "appStateSyncKeyRequest": _Type.APP_STATE_SYNC_KEY_REQUEST,
    "appStateFatalExceptionNotification": _Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
    "initialSecurityNotificationSettingSync": _Type.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
    "peerDataOperationRequestMessage": _Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
    "peerDataOperationRequestResponseMessage": _Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
    "lidMigrationMappingSyncMessage": _Type.LID_MIGRATION_MAPPING_SYNC,
}


@frozen(kw_only=True)
class HistoryNotification:
    """A piece of history is ready: `inline` (zlib), else at `file`; neither where it cannot be fetched."""

    sync_type: str  # HST_PUSH_NAME and the like
    inline: bytes = field(default=b"", repr=False)
    file: Reference | None = None


@frozen
class AppStateKey:
    """A key of the app state: kept, though we do not read it yet. `value` is a serialised AppStateSyncKeyData."""

    id: bytes
    value: bytes = field(repr=False)


@frozen
class AppStateKeys:
    """Keys the phone shares."""

    keys: tuple[AppStateKey, ...]


@frozen
class AddressPair:
    """A person's two addresses, without their servers."""

    pn_user: str
    lid_user: str


@frozen
class AddressPairs:
    """Addresses that belong together, told by our phone."""

    pairs: tuple[AddressPair, ...]


@frozen(kw_only=True)
class PlaceholderAnswer:
    """The phone's answer to our request `request_id`. To be honoured only if we made that request, and each message
    only if the request asked for its key."""

    request_id: str
    messages: tuple[wa.WebMessageInfo, ...] = field(repr=False)


News = HistoryNotification | AppStateKeys | AddressPairs | PlaceholderAnswer


def refused(message: wa.Message, *, own_account: bool, own_phone: bool) -> str:
    """Why this sender may not say this (a reason for the log), or "" if it may.

    `own_account`: the session that decrypted it is with a device of ours; `own_phone`: with device 0 of ours.
    Raises `Garbled` for too many wrappers.
    """
    for depth, layer in enumerate(envelope.layers(message)):
        if layer.HasField("deviceSentMessage") and (not own_account or depth > 0):
            return "deviceSentMessage that is not of our own device"
        if not layer.HasField("protocolMessage"):
            continue
        for kind in sorted(_kinds(layer.protocolMessage) & SELF_ONLY):
            if not own_account:
                return f"{_Type.Type.Name(kind)} that is not of our own account"
            if kind in _PHONE_ONLY and not own_phone:
                return f"{_Type.Type.Name(kind)} that is not of our own phone"
    return ""


def news(message: wa.Message, *, own_account: bool, own_phone: bool) -> News | None:
    """What another device of ours tells us; None if it is nothing of the kind.

    Raises `Untrusted` for what that sender may not say, `Garbled` for what cannot be read.
    """
    reason = refused(message, own_account=own_account, own_phone=own_phone)
    if reason:
        raise Untrusted(reason)
    inner = envelope.unwrapped(message)
    if not own_account or not inner.HasField("protocolMessage") or not inner.protocolMessage.HasField("type"):
        return None
    reader = _READERS.get(inner.protocolMessage.type)
    return reader(inner.protocolMessage) if reader else None


def inflated(data: bytes, limit: int) -> bytes:
    """Zlib or gzip data, unpacked. Raises `Garbled` for anything else, for more than `limit` bytes, and for a stream
    that is cut short or has something behind it."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Garbled("compressed data that cannot be unpacked") from None
    if len(plain) > limit:
        raise Garbled(f"compressed data holds more than {limit} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise Garbled("compressed data does not end where it should")
    return plain


def _kinds(said: wa.ProtocolMessage) -> set[wa.ProtocolMessage.Type.ValueType]:
    """What a protocol message is, by its type and by what it carries."""
    present = {each.name for each, _ in said.ListFields()}
    kinds = {kind for name, kind in _PAYLOADS.items() if name in present}
    return kinds | {said.type} if "type" in present else kinds


def _history(said: wa.ProtocolMessage) -> HistoryNotification:
    notice = said.historySyncNotification
    file = None
    if notice.directPath and not notice.initialHistBootstrapInlinePayload:
        file = Reference(
            kind="history",
            direct_path=notice.directPath,
            media_key=notice.mediaKey,
            enc_sha256=notice.fileEncSha256,
            sha256=notice.fileSha256,
            size_bytes=notice.fileLength,
        )
    # an unknown type reads as 0, which is a name of its own
    sync_type = wa.HistorySyncType.Name(notice.syncType) if notice.HasField("syncType") else ""
    return HistoryNotification(sync_type=sync_type, inline=notice.initialHistBootstrapInlinePayload, file=file)


def _app_state_keys(said: wa.ProtocolMessage) -> AppStateKeys:
    return AppStateKeys(
        tuple(
            AppStateKey(each.keyId.keyId, each.keyData.SerializeToString())
            for each in said.appStateSyncKeyShare.keys[:MAX_KEYS]
            if 0 < len(each.keyId.keyId) <= 64 and each.keyData.keyData
        )
    )


def _address_pairs(said: wa.ProtocolMessage) -> AddressPairs:
    payload = said.lidMigrationMappingSyncMessage.encodedMappingPayload
    if payload[:2] == b"\x1f\x8b" or payload[:1] == b"\x78":  # else it is the message itself, which begins otherwise
        payload = inflated(payload, MAX_MAPPING_BYTES)
    found = protobuf.parse(wa.LIDMigrationMappingSyncPayload, payload)
    if len(found.pnToLidMappings) > MAX_MAPPINGS:
        raise Garbled(f"the phone's list of addresses has more than {MAX_MAPPINGS} lines")
    return AddressPairs(
        tuple(
            AddressPair(str(each.pn), str(each.latestLid or each.assignedLid))
            for each in found.pnToLidMappings
            if each.pn and (each.latestLid or each.assignedLid)
        )
    )


def _placeholder_answer(said: wa.ProtocolMessage) -> PlaceholderAnswer | None:
    answer = said.peerDataOperationRequestResponseMessage
    request_id = envelope.message_id(answer.stanzaId)
    if not request_id:
        return None
    found = [
        protobuf.parse(wa.WebMessageInfo, each.placeholderMessageResendResponse.webMessageInfoBytes)
        for each in answer.peerDataOperationResult[:MAX_ANSWERS]
        if each.HasField("placeholderMessageResendResponse")
    ]
    return PlaceholderAnswer(request_id=request_id, messages=tuple(found))


_READERS: Final[dict[int, Callable[[wa.ProtocolMessage], News | None]]] = {
    _Type.HISTORY_SYNC_NOTIFICATION: _history,
    _Type.APP_STATE_SYNC_KEY_SHARE: _app_state_keys,
    _Type.LID_MIGRATION_MAPPING_SYNC: _address_pairs,
    _Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE: _placeholder_answer,
}
