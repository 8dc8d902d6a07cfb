"""What only our own devices may say, and what it says.

The first half is CVE-2026-48063: clients that honoured these messages from anyone.
"""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given

from daemon.whatsapp.events import Ignored, Sender
from daemon.whatsapp.fields import UNKNOWN_TIME
from daemon.whatsapp.web import content, protocol_messages
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.protocol_messages import (
    AddressPair,
    AddressPairs,
    AppStateKey,
    AppStateKeys,
    HistoryNotification,
    PlaceholderAnswer,
    inflated,
    news,
    refused,
)
from tests.support.web_messages import FILE, messages

Types = wa.ProtocolMessage
FORGED = {
    "HISTORY_SYNC_NOTIFICATION": Types(
        type=Types.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification=wa.HistorySyncNotification(initialHistBootstrapInlinePayload=b"x"),
    ),
    "APP_STATE_SYNC_KEY_SHARE": Types(
        type=Types.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare=wa.AppStateSyncKeyShare()
    ),
    "APP_STATE_SYNC_KEY_REQUEST": Types(
        type=Types.APP_STATE_SYNC_KEY_REQUEST, appStateSyncKeyRequest=wa.AppStateSyncKeyRequest()
    ),
    "APP_STATE_FATAL_EXCEPTION_NOTIFICATION": Types(
        type=Types.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
        appStateFatalExceptionNotification=wa.AppStateFatalExceptionNotification(),
    ),
    "INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC": Types(
        type=Types.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
        initialSecurityNotificationSettingSync=wa.InitialSecurityNotificationSettingSync(),
    ),
    "PEER_DATA_OPERATION_REQUEST_MESSAGE": Types(
        type=Types.PEER_DATA_OPERATION_REQUEST_MESSAGE,
        peerDataOperationRequestMessage=wa.PeerDataOperationRequestMessage(),
    ),
    "PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE": Types(
        type=Types.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        peerDataOperationRequestResponseMessage=wa.PeerDataOperationRequestResponseMessage(
            stanzaId="3EB0",
            peerDataOperationResult=[
                wa.PeerDataOperationResult(
                    placeholderMessageResendResponse=wa.PlaceholderMessageResendResponse(
                        webMessageInfoBytes=wa.WebMessageInfo(
                            message=wa.Message(conversation="forjada")
                        ).SerializeToString()
                    )
                )
            ],
        ),
    ),
    "LID_MIGRATION_MAPPING_SYNC": Types(
        type=Types.LID_MIGRATION_MAPPING_SYNC,
        lidMigrationMappingSyncMessage=wa.LIDMigrationMappingSyncMessage(),
    ),
}


def of(said: wa.ProtocolMessage) -> wa.Message:
    return wa.Message(protocolMessage=said)


def untyped(said: wa.ProtocolMessage) -> wa.ProtocolMessage:
    bare = wa.ProtocolMessage()
    bare.CopyFrom(said)
    bare.ClearField("type")
    return bare


def typed_only(said: wa.ProtocolMessage) -> wa.ProtocolMessage:
    return wa.ProtocolMessage(type=said.type)


def behind_a_deletion(said: wa.ProtocolMessage) -> wa.ProtocolMessage:
    masked = wa.ProtocolMessage()
    masked.CopyFrom(said)
    masked.type = Types.REVOKE
    return masked


def test_every_type_of_the_list_has_its_case() -> None:
    assert {Types.Type.Value(name) for name in FORGED} == protocol_messages.SELF_ONLY


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("disguise", [None, untyped, typed_only, behind_a_deletion])
@pytest.mark.parametrize("wrapper", ["", "ephemeralMessage", "viewOnceMessage", "editedMessage"])
def test_a_customer_cannot_speak_as_our_phone(
    name: str, disguise: Callable[[wa.ProtocolMessage], wa.ProtocolMessage] | None, wrapper: str
) -> None:
    said = FORGED[name]
    message = of(disguise(said) if disguise else said)
    if wrapper:
        message = wa.Message(**{wrapper: wa.FutureProofMessage(message=message)})
    assert "not of our own account" in refused(message, own_account=False, own_phone=False)
    with pytest.raises(Untrusted):
        news(message, own_account=False, own_phone=False)
    (event,) = content.read(message, network_id="3EB0/1@lid", sender=Sender(lid="1"), at=UNKNOWN_TIME)
    assert isinstance(event, Ignored)
    assert event.reason == "forged"


@pytest.mark.parametrize("name", FORGED)
def test_our_own_phone_may_say_all_of_it(name: str) -> None:
    assert refused(of(FORGED[name]), own_account=True, own_phone=True) == ""


def test_another_companion_of_ours_cannot_answer_for_the_phone() -> None:
    forged = of(FORGED["PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE"])
    assert "own phone" in refused(forged, own_account=True, own_phone=False)
    with pytest.raises(Untrusted, match="own phone"):
        news(forged, own_account=True, own_phone=False)
    assert refused(of(FORGED["APP_STATE_SYNC_KEY_REQUEST"]), own_account=True, own_phone=False) == ""


def test_a_customer_cannot_claim_that_we_wrote() -> None:
    copy = wa.Message(
        deviceSentMessage=wa.DeviceSentMessage(destinationJid="2@lid", message=wa.Message(conversation="vendido"))
    )
    assert "deviceSentMessage" in refused(copy, own_account=False, own_phone=False)
    hidden = wa.Message(ephemeralMessage=wa.FutureProofMessage(message=copy))
    assert "deviceSentMessage" in refused(hidden, own_account=False, own_phone=False)
    assert refused(copy, own_account=True, own_phone=False) == ""
    nested = wa.Message(deviceSentMessage=wa.DeviceSentMessage(message=copy))
    assert "deviceSentMessage" in refused(nested, own_account=True, own_phone=True)


def test_plain_words_are_no_news() -> None:
    for message in (wa.Message(conversation="oi"), wa.Message(), of(Types(type=Types.REVOKE)), of(Types())):
        assert refused(message, own_account=False, own_phone=False) == ""
        assert news(message, own_account=False, own_phone=False) is None
        assert news(message, own_account=True, own_phone=True) is None


def heard(said: wa.ProtocolMessage) -> protocol_messages.News | None:
    return news(of(said), own_account=True, own_phone=True)


def test_history_inline_and_as_a_file() -> None:
    assert heard(FORGED["HISTORY_SYNC_NOTIFICATION"]) == HistoryNotification(sync_type="", inline=b"x")
    notice = wa.HistorySyncNotification(**FILE, syncType=wa.HST_PUSH_NAME)
    found = heard(Types(type=Types.HISTORY_SYNC_NOTIFICATION, historySyncNotification=notice))
    assert isinstance(found, HistoryNotification)
    assert found.sync_type == "HST_PUSH_NAME"
    assert found.file is not None
    assert found.file.kind == "history"
    nothing = Types(
        type=Types.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification=wa.HistorySyncNotification(syncType=wa.HST_NO_HISTORY),
    )
    assert heard(nothing) == HistoryNotification(sync_type="HST_NO_HISTORY")


def test_keys_of_the_app_state() -> None:
    whole = wa.AppStateSyncKey(
        keyId=wa.AppStateSyncKeyId(keyId=b"\x00\x01"), keyData=wa.AppStateSyncKeyData(keyData=b"k" * 32, timestamp=7)
    )
    share = wa.AppStateSyncKeyShare(keys=[whole, wa.AppStateSyncKey(keyId=whole.keyId), wa.AppStateSyncKey()])
    found = heard(Types(type=Types.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare=share))
    assert found == AppStateKeys((AppStateKey(b"\x00\x01", whole.keyData.SerializeToString()),))
    assert "kkkk" not in repr(found)


def mapping(payload: bytes) -> wa.ProtocolMessage:
    return Types(
        type=Types.LID_MIGRATION_MAPPING_SYNC,
        lidMigrationMappingSyncMessage=wa.LIDMigrationMappingSyncMessage(encodedMappingPayload=payload),
    )


@pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress])
def test_addresses_packed_or_not(pack: Callable[[bytes], bytes]) -> None:
    pairs = [
        wa.LIDMigrationMapping(pn=5511988887777, assignedLid=111),
        wa.LIDMigrationMapping(pn=5511977776666, assignedLid=222, latestLid=333),
        wa.LIDMigrationMapping(pn=5511966665555),
        wa.LIDMigrationMapping(assignedLid=4),
    ]
    payload = wa.LIDMigrationMappingSyncPayload(pnToLidMappings=pairs).SerializeToString()
    assert heard(mapping(pack(payload))) == AddressPairs(
        (AddressPair("5511988887777", "111"), AddressPair("5511977776666", "333"))
    )


def test_garbled_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for payload in (b"\x78\x9c\x00", b"\x1f\x8b", b"\xff\xff", gzip.compress(b"\xff\xff")):
        with pytest.raises(Garbled):
            heard(mapping(payload))
    monkeypatch.setattr(protocol_messages, "MAX_MAPPINGS", 2)
    many = wa.LIDMigrationMappingSyncPayload(pnToLidMappings=[wa.LIDMigrationMapping(pn=1)] * 3)
    with pytest.raises(Garbled, match="more than 2"):
        heard(mapping(many.SerializeToString()))


def test_the_phones_answer() -> None:
    said = FORGED["PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE"]
    found = heard(said)
    assert isinstance(found, PlaceholderAnswer)
    assert found.request_id == "3EB0"
    assert [each.message.conversation for each in found.messages] == ["forjada"]
    bad = wa.ProtocolMessage()
    bad.CopyFrom(said)
    result = bad.peerDataOperationRequestResponseMessage.peerDataOperationResult
    result[0].placeholderMessageResendResponse.webMessageInfoBytes = b"\xff"
    with pytest.raises(Garbled):
        heard(bad)
    bad.peerDataOperationRequestResponseMessage.stanzaId = ""
    assert heard(bad) is None


def test_unpacking_has_a_limit() -> None:
    bomb = zlib.compress(bytes(1 << 20))
    assert len(inflated(bomb, 1 << 20)) == 1 << 20
    with pytest.raises(Garbled, match="more than"):
        inflated(bomb, (1 << 20) - 1)


@pytest.mark.parametrize("data", [b"", b"x", zlib.compress(b"abc")[:-1], zlib.compress(b"abc") + b"x"])
def test_a_stream_that_does_not_end_properly(data: bytes) -> None:
    with pytest.raises(Garbled):
        inflated(data, 100)


@given(messages())
def test_arbitrary_messages_are_read_or_garbled(message: wa.Message) -> None:
    for own_account, own_phone in ((False, False), (True, False), (True, True)):
        try:
            found = news(message, own_account=own_account, own_phone=own_phone)
        except Garbled:
            continue
        assert found is None or own_account
