"""What our own phone tells us is believed, from nobody else, and only what it was asked for."""

import zlib
from typing import Any

import pytest

from daemon.channels.web.keys import Outbound, Rows
from daemon.channels.web.told import NCT_SALT, PLACEHOLDER
from daemon.whatsapp.events import MessageReceived
from daemon.whatsapp.web import compose
from daemon.whatsapp.web import messages_pb2 as wa
from tests.daemon.channels.web.conftest import ANA, ANA_LID, SHOP, SHOP_LID, Cast, empty, kinds, snapshot
from tests.support.web_devices import said

T = wa.ProtocolMessage

HISTORY = zlib.compress(
    wa.HistorySync(
        nctSalt=b"salt",
        phoneNumberToLidMappings=[wa.PhoneNumberToLIDMapping(pnJid="5533@s.whatsapp.net", lidJid="333@lid")],
        conversations=[
            wa.Conversation(id="333@lid", tcToken=b"t", tcTokenTimestamp=1_700_000_000, tcTokenSenderTimestamp=5),
            wa.Conversation(id="334@lid", tcToken=b"t", tcTokenTimestamp=2**64 - 1),
            wa.Conversation(id="335@lid", tcToken=b"t", tcTokenTimestamp=6, tcTokenSenderTimestamp=2**64 - 1),
        ],
        pushnames=[wa.Pushname(id=str(SHOP), pushname="Loja")],
    ).SerializeToString()
)
PAIRS = wa.LIDMigrationMappingSyncPayload(pnToLidMappings=[wa.LIDMigrationMapping(pn=5533, assignedLid=333)])
SELF_ONLY = {
    "history": said(
        type=T.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification=wa.HistorySyncNotification(initialHistBootstrapInlinePayload=HISTORY),
    ),
    "keys": said(
        type=T.APP_STATE_SYNC_KEY_SHARE,
        appStateSyncKeyShare=wa.AppStateSyncKeyShare(
            keys=[
                wa.AppStateSyncKey(keyId=wa.AppStateSyncKeyId(keyId=b"1"), keyData=wa.AppStateSyncKeyData(keyData=b"k"))
            ]
        ),
    ),
    "addresses": said(
        type=T.LID_MIGRATION_MAPPING_SYNC,
        lidMigrationMappingSyncMessage=wa.LIDMigrationMappingSyncMessage(
            encodedMappingPayload=PAIRS.SerializeToString()
        ),
    ),
    "key request": said(type=T.APP_STATE_SYNC_KEY_REQUEST),
    "fatal": said(type=T.APP_STATE_FATAL_EXCEPTION_NOTIFICATION),
    "settings": said(type=T.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC),
    "request": said(type=T.PEER_DATA_OPERATION_REQUEST_MESSAGE),
    "sent by us": compose.own_copy(
        wa.Message(
            extendedTextMessage=wa.ExtendedTextMessage(
                text="desconto!", contextInfo=wa.ContextInfo(expiration=86400, ephemeralSettingTimestamp=9)
            ),
            messageContextInfo=wa.MessageContextInfo(messageSecret=b"s" * 32),
        ),
        str(ANA_LID),
    ),
}


@pytest.mark.parametrize("kind", SELF_ONLY)
@pytest.mark.parametrize("attrs", [{}, {"category": "peer"}])
async def test_a_customer_cannot_speak_as_our_own_device(cast: Cast, kind: str, attrs: dict[str, str]) -> None:
    """CVE-2026-48063."""
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    before, events = await snapshot(cast.web), list(cast.web.events)
    await cast.ana.raw(SELF_ONLY[kind], cast.web, **attrs)
    await cast.net.settle()
    assert await snapshot(cast.web) == before
    assert cast.web.events == events
    assert any("forged" in note for note in cast.web.notes)


async def test_a_customer_cannot_answer_in_our_phone_s_place(cast: Cast) -> None:
    request = await placeholder(cast)
    before = await snapshot(cast.web)
    await cast.ana.raw(answer(request.id, "3EB0AD", "falso"), cast.web)
    await cast.web.run()
    assert await snapshot(cast.web) == before
    assert cast.web.texts == []


async def test_our_own_companion_cannot_answer_in_our_phone_s_place(cast: Cast) -> None:
    request = await placeholder(cast)
    desktop = await cast.net.join(SHOP.user, SHOP_LID.user, 3)
    await desktop.raw(answer(request.id, "3EB0AD", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.texts == []
    assert any("forged" in note for note in cast.web.notes)


async def test_our_phone_teaches_us(cast: Cast) -> None:
    for kind in ("addresses", "keys", "history"):
        await cast.phone.raw(SELF_ONLY[kind], cast.web, category="peer")
    await cast.net.settle()
    assert kinds(cast.web.written) == [("receipt", "peer_msg")] * 3 + [("receipt", "hist_sync")]

    def learned(rows: Rows) -> tuple[Any, ...]:
        device = rows.device()
        assert device is not None
        token = rows.privacy_token("333")
        return rows.lid_of("5533"), token.token, token.issued_at, rows.fact(NCT_SALT), device.name

    assert await cast.web.rows(learned) == ("333", b"t", 5, b"salt", "Loja")
    odd = await cast.web.rows(lambda rows: (rows.privacy_token("334").token, rows.privacy_token("335").issued_at))
    assert odd == (b"", 0)
    assert cast.web.events == []


# --- asking our phone -------------------------------------------------------------------------------------------------


async def placeholder(cast: Cast, id_: str = "3EB0AD") -> Outbound:
    """Ask our phone for a message that came empty."""
    await cast.web.handle(empty(cast, id_))
    ((_, sent),) = [(n, n.get("id")) for n in cast.web.written if n.get("category") == "peer"]
    found = await cast.web.rows(lambda rows: rows.outbound_of(sent))
    assert found is not None
    return found


def answer(request_id: str, id_: str, text: str, *, from_me: bool = False, **more: Any) -> wa.Message:
    """What our phone answers."""
    web = wa.WebMessageInfo(
        key=wa.MessageKey(remoteJid=str(ANA), id=id_, fromMe=from_me),
        message=wa.Message(conversation=text),
        messageTimestamp=1_700_000_000,
        pushName="Ana",
    )
    web.MergeFrom(wa.WebMessageInfo(**more))
    response = wa.PeerDataOperationRequestResponseMessage(
        stanzaId=request_id,
        peerDataOperationResult=[
            wa.PeerDataOperationResult(
                placeholderMessageResendResponse=wa.PlaceholderMessageResendResponse(
                    webMessageInfoBytes=web.SerializeToString()
                )
            )
        ],
    )
    return said(type=T.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE, peerDataOperationRequestResponseMessage=response)


async def test_a_message_that_came_empty_is_asked_of_our_phone_and_answered(cast: Cast) -> None:
    request = await placeholder(cast)
    assert cast.web.written[-1].tag == "ack"
    assert await cast.web.rows(lambda rows: rows.failures()) == 1
    await cast.phone.run()
    key = cast.phone.notes
    assert not key
    await cast.phone.raw(answer(request.id, "3EB0AD", "vi o anúncio", messageSecret=b"x" * 32), cast.web)
    await cast.web.run()
    (event,) = cast.web.events
    assert isinstance(event, MessageReceived)
    assert (event.text, event.network_id, event.sender.lid) == ("vi o anúncio", "3EB0AD/222@lid", "222")
    assert int(event.at.timestamp()) == 1_700_000_000
    assert await cast.web.rows(lambda rows: rows.failures()) == 0
    assert await cast.web.rows(lambda rows: rows.secret(ANA_LID, "3EB0AD")) == b"x" * 32
    await cast.phone.raw(answer(request.id, "3EB0AD", "outra vez"), cast.web)
    await cast.web.run()
    assert cast.web.texts == ["vi o anúncio"]


async def test_our_phone_s_answer_may_be_what_a_person_sent(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.phone.raw(answer(request.id, "3EB0AD", "bom dia", from_me=True), cast.web, category="peer")
    await cast.web.run()
    assert (cast.web.texts, cast.web.human) == ([], ["bom dia"])


@pytest.mark.parametrize("request_id", ["3EB0NONE", ""])
async def test_answers_nobody_asked_for_are_nothing(cast: Cast, request_id: str) -> None:
    await placeholder(cast)
    await cast.phone.raw(answer(request_id, "3EB0AD", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []


async def test_only_the_message_that_was_asked_for_is_taken(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.phone.raw(answer(request.id, "3EB0OTHER", "falso"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []
    assert any("not waiting for" in note for note in cast.web.notes)


async def test_an_answer_of_any_shape_stops_nothing(cast: Cast) -> None:
    request = await placeholder(cast)
    deep = wa.Message(conversation="x")
    for _ in range(12):
        deep = wa.Message(ephemeralMessage=wa.FutureProofMessage(message=deep))
    odd = answer(request.id, "3EB0AD", "", message=deep, messageTimestamp=2**64 - 1)
    await cast.phone.raw(odd, cast.web, category="peer")
    await cast.web.run()
    assert cast.web.events == []
    assert await cast.web.rows(lambda rows: rows.failures()) == 1


async def test_a_message_that_comes_itself_makes_the_phone_s_answer_late(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.ana.raw(wa.Message(conversation="oi"), cast.web, id_="3EB0AD")
    await cast.web.run()
    assert await cast.web.rows(lambda rows: rows.asked_phone(request.id, PLACEHOLDER)) == ()
    await cast.phone.raw(answer(request.id, "3EB0AD", "oi"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.texts == ["oi"]
    assert await cast.web.rows(lambda rows: rows.failures()) == 0


async def test_our_phone_s_copy_makes_up_for_one_that_nobody_can_read(cast: Cast) -> None:
    request = await placeholder(cast)
    await cast.ana.raw(b"\xff\xff\x02\x02", cast.web, id_="3EB0AD")
    await cast.phone.raw(answer(request.id, "3EB0AD", "oi"), cast.web, category="peer")
    await cast.web.run()
    assert cast.web.texts == ["oi"]


async def test_a_crash_before_the_empty_stanza_was_cleared_asks_again_with_the_same_bytes(cast: Cast) -> None:
    first = await placeholder(cast)
    written = cast.web.written[0]
    await cast.web.handle(empty(cast))
    assert cast.web.written[2] == written
    await cast.phone.run()
    assert await cast.web.rows(lambda rows: rows.outbound_of(first.id)) == first


@pytest.mark.parametrize(
    ("node_of", "why"),
    [
        (lambda cast: empty(cast, age=15 * 86_400), "too old"),
        (lambda cast: empty(cast, kind="view_once_unavailable_fanout"), "to be seen once, on the phone"),
        (lambda cast: empty(cast, by=SHOP_LID), "between our own devices"),
    ],
)
async def test_what_is_not_asked_of_our_phone(cast: Cast, node_of: Any, why: str) -> None:
    taken = await cast.web.handle(node_of(cast))
    assert taken is not None
    assert not taken.ask_phone, why
    assert taken.answers
    assert await cast.web.rows(lambda rows: rows.failures()) == 0


async def test_an_empty_copy_of_a_message_we_have_is_only_cleared(cast: Cast) -> None:
    sent = await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    taken = await cast.web.handle(empty(cast, sent.id))
    assert taken is not None
    assert not taken.ask_phone
