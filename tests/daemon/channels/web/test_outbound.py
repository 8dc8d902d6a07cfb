"""What we write is encrypted once, for everybody it is for and nobody else, whatever crashes or is asked for again."""

import hashlib
import hmac
from functools import partial
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.channels.web import outbound
from daemon.channels.web.keys import Outbound, PrivacyToken, Rows
from daemon.channels.web.outbound import DEVICES_FRESH_MS, Draft, Missing, Unreachable
from daemon.channels.web.told import NCT_SALT
from daemon.whatsapp.web import compose, devices, privacy, retry
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node, unpack
from daemon.whatsapp.web.receipts import RetryRequest
from tests.daemon.channels.web.conftest import ANA, ANA_LID, SHOP, SHOP_LID, Cast, empty
from tests.support.session import session_file
from tests.support.web_devices import Crash, MemoryKeys, Network, WebDevice, When, request_of

SETTING = compose.Setting(secret=b"s" * 32)


def draft(text: str = "olá", our_id: str = "m1", chat: Jid = ANA_LID) -> Draft:
    return Draft(our_id=our_id, chat=chat, message=compose.text(text, SETTING))


async def sealed(device: WebDevice, what: Draft) -> Outbound:
    found = await device.seal(what)
    assert isinstance(found, Outbound)
    return found


def addressed(node: Node) -> dict[str, str]:
    """Device and kind of each content."""
    participants = node.child("participants")
    assert participants is not None
    return {str(to.jid("jid")): to.children("enc")[0].get("type") for to in participants.children("to")}


def lists(rows: Rows, ours: tuple[int, ...]) -> None:
    """Ana has her phone alone."""
    rows.save_devices(ANA_LID, (0,))
    rows.save_devices(SHOP_LID, ours)


async def call(cast: Cast, what: Draft, **more: Any) -> Outbound | Missing | Unreachable:
    """`seal`, once."""
    web = cast.web
    more = {"own": web.own, "device": web.device, "fresh": cast.net.fresh, "bundles": {}, **more}
    return await web.rows(lambda rows: outbound.seal(rows, what, **more))


# --- sealing ----------------------------------------------------------------------------------------------------------


async def test_a_message_is_for_all_their_devices_and_our_others(cast: Cast) -> None:
    desktop, ours = await cast.net.join("5521988887777", "222", 7), await cast.net.join("5511900000001", "111", 3)
    sent = await cast.web.send("olá", ANA_LID)
    node = unpack(sent.node)
    assert addressed(node) == dict.fromkeys(("222@lid", "222:7@lid", "111@lid", "111:3@lid"), "pkmsg")
    assert node.child("device-identity") is not None
    everybody = (ANA_LID, Jid("222", LID, 7), SHOP_LID, Jid("111", LID, 3), Jid("111", LID, 12))
    assert sent.phash == devices.phash(everybody)
    await cast.net.settle()
    assert cast.ana.texts == desktop.texts == ["olá"]
    assert cast.phone.human == ours.human == ["olá"]


async def test_what_is_missing_is_said_step_by_step(cast: Cast) -> None:
    assert await call(cast, draft()) == Missing(lists=(ANA_LID, SHOP_LID))
    await cast.web.rows(partial(lists, ours=(0, 12)))
    assert await call(cast, draft()) == Missing(bundles=(ANA_LID, SHOP_LID))
    assert await cast.web.rows(lambda rows: rows.outbound("m1")) is None


async def test_sealing_twice_gives_the_same_bytes_and_uses_no_key(cast: Cast) -> None:
    first = await sealed(cast.web, draft())
    sessions = await cast.web.rows(lambda rows: (rows.session("222_1:0"), rows.session("111_1:0")))
    assert await sealed(cast.web, draft("other words")) == first
    assert await cast.web.rows(lambda rows: (rows.session("222_1:0"), rows.session("111_1:0"))) == sessions
    await cast.web.rows(lambda rows: outbound.acked(rows, "m1"))
    again = await sealed(cast.web, draft())
    assert (again.state, again.node, again.id) == ("acked", b"", first.id)


async def test_a_refused_message_is_sealed_anew_under_its_id(cast: Cast) -> None:
    first = await sealed(cast.web, draft())
    await cast.web.rows(lambda rows: outbound.refused(rows, "m1"))
    second = await sealed(cast.web, draft(chat=ANA))
    assert (second.id, second.chat, second.state) == (first.id, ANA, "encrypted")
    assert second.node != first.node
    assert {jid.partition("@")[2] for jid in addressed(unpack(second.node))} == {"s.whatsapp.net"}
    cast.web.write(unpack(second.node))
    await cast.net.settle()
    assert cast.ana.texts == ["olá"]


@pytest.mark.parametrize("crash", ["in", "committed", "written"])
async def test_a_crash_sends_the_same_message_and_it_is_read_once(cast: Cast, crash: When) -> None:
    with pytest.raises(Crash):
        await cast.web.send("olá", ANA_LID, our_id="m1", crash=crash)
    kept = await cast.web.rows(lambda rows: rows.outbound("m1"))
    assert (kept is None) is (crash == "in")
    sent = await cast.web.send("olá", ANA_LID, our_id="m1")
    assert kept is None or kept.node == sent.node
    await cast.net.settle()
    assert cast.ana.texts == cast.phone.human == ["olá"]
    assert not cast.ana.notes


async def test_old_lists_are_asked_for_again(cast: Cast) -> None:
    await cast.web.send("olá", ANA_LID)
    desktop = await cast.net.join("5521988887777", "222", 7)
    cast.net.clock.move(DEVICES_FRESH_MS / 1000)
    assert isinstance(await call(cast, draft(our_id="x2")), Outbound)
    cast.net.clock.move(1)
    assert await call(cast, draft(our_id="x3")) == Missing(lists=(ANA_LID, SHOP_LID))
    await cast.web.send("tudo bem?", ANA_LID)
    await cast.net.settle()
    assert desktop.texts == ["tudo bem?"]


async def test_a_device_without_a_bundle_is_left_out(cast: Cast) -> None:
    desktop = await cast.net.join("5521988887777", "222", 7)
    cast.net.keyless = {Jid("222", LID, 7), SHOP_LID}
    sent = await cast.web.send("olá", ANA_LID)
    assert list(addressed(unpack(sent.node))) == ["222@lid"]
    await cast.net.settle()
    assert (cast.ana.texts, desktop.texts) == (["olá"], [])


async def test_a_bundle_that_proves_nothing_is_none(cast: Cast) -> None:
    await cast.web.rows(partial(lists, ours=(12,)))
    offered = await cast.net.bundle(ANA_LID)
    assert offered is not None
    forged = evolve(offered, signature=bytes(64))
    assert await call(cast, draft(), bundles={ANA_LID: forged}) == Unreachable()
    assert await cast.web.rows(lambda rows: (rows.identity("222_1:0"), rows.session("222_1:0"))) == (None, None)


async def test_nobody_reached_is_nothing_kept_and_no_key_used(cast: Cast) -> None:
    cast.net.keyless = {ANA_LID}
    assert await cast.web.seal(draft()) == Unreachable()
    assert await cast.web.rows(lambda rows: (rows.outbound("m1"), rows.session("111_1:0"))) == (None, None)


async def test_people_the_server_tells_nothing_of(cast: Cast) -> None:
    cast.net.unlisted = {SHOP_LID}
    sent = await cast.web.send("olá", ANA_LID)
    assert list(addressed(unpack(sent.node))) == ["222@lid"], "without our own others, for once"
    cast.net.unlisted = {ANA_LID}
    await cast.web.rows(lambda rows: rows.forget_devices(ANA_LID))
    assert await cast.web.seal(draft(our_id="m2")) == Unreachable()


async def test_our_phone_is_nobody_else_whatever_bundle_is_given_for_it(cast: Cast) -> None:
    impostor = await cast.net.join("5511900000001", "111")
    sent = await cast.web.send("olá", ANA_LID)
    assert list(addressed(unpack(sent.node))) == ["222@lid"]
    kept = await cast.web.rows(lambda rows: rows.identity("111_1:0"))
    assert kept == cast.phone.device.identity.public != impostor.device.identity.public


async def test_our_own_device_is_left_out_even_if_the_login_told_a_bare_lid(cast: Cast) -> None:
    cast.web.own = evolve(cast.web.own, lid=SHOP_LID)
    await cast.web.rows(partial(lists, ours=(0, 12)))
    found = await call(cast, draft())
    assert found == Missing(bundles=(ANA_LID, SHOP_LID))


# --- privacy tokens ---------------------------------------------------------------------------------------------------


def token_of(sent: Outbound) -> tuple[str, bytes]:
    last = unpack(sent.node).children()[-1]
    return last.tag, last.data


async def test_the_customer_s_token_goes_with_messages_while_it_is_valid(cast: Cast) -> None:
    now = cast.net.seconds
    give = privacy.Token(b"t", now)
    await cast.web.rows(lambda rows: outbound.token_received(rows, ANA, give))
    await cast.web.rows(lambda rows: rows.learn_address(lid_user="222", pn_user=ANA.user))
    assert token_of(await cast.web.send("a", ANA_LID))[0] != "tctoken", "it came while we knew no LID"
    for token in (give, privacy.Token(b"older", now - 9)):
        await cast.web.rows(lambda rows, token=token: outbound.token_received(rows, ANA, token))  # type: ignore[misc]
    assert token_of(await cast.web.send("b", ANA_LID)) == ("tctoken", b"t")
    cast.net.clock.move(4 * privacy.BUCKET_SECONDS)
    await cast.web.rows(lambda rows: rows.set_fact(NCT_SALT, b"salt"))
    proof = hmac.digest(b"salt", b"222@lid", hashlib.sha256)
    assert token_of(await cast.web.send("c", ANA_LID)) == ("cstoken", proof)


async def test_ours_is_given_once_a_week_and_after_a_change_of_identity(cast: Cast) -> None:
    own = cast.web.own

    async def due(chat: Jid = ANA_LID) -> bool:
        return await cast.web.rows(lambda rows: outbound.token_due(rows, chat, own))

    assert await due()
    assert not await due(ANA), "no LID known yet"
    await cast.web.rows(lambda rows: outbound.token_issued(rows, ANA_LID))
    assert not await due()
    await cast.web.rows(lambda rows: outbound.identity_changed(rows, ANA_LID, own))
    assert await due()
    await cast.web.rows(lambda rows: outbound.token_issued(rows, ANA_LID))
    cast.net.clock.move(privacy.BUCKET_SECONDS)
    assert await due()


# --- identities -------------------------------------------------------------------------------------------------------


async def test_after_a_change_of_identity_a_new_session_begins(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    anew = await cast.net.join("5521988887777", "222")
    await cast.web.rows(lambda rows: outbound.identity_changed(rows, ANA, cast.web.own))
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    assert anew.texts == ["olá"]
    assert await cast.web.rows(lambda rows: rows.privacy_token("222")) == PrivacyToken()


async def test_our_own_identity_is_proven_by_linking_alone(cast: Cast) -> None:
    await cast.web.send("olá", ANA_LID)
    for address in (SHOP, SHOP_LID):
        await cast.web.rows(lambda rows, address=address: outbound.identity_changed(rows, address, cast.web.own))  # type: ignore[misc]
    kept = await cast.web.rows(lambda rows: (rows.identity("111_1:0"), rows.devices(SHOP_LID)))
    assert kept == (cast.phone.device.identity.public, None)


# --- being asked again ------------------------------------------------------------------------------------------------


def request(id_: str, device: Jid = ANA_LID, **more: Any) -> RetryRequest:
    return RetryRequest(id=id_, device=device, **{"own": False, "count": 1, "at": "5", **more})


async def test_a_customer_without_our_session_gets_the_message_again(cast: Cast) -> None:
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    await cast.ana.rows(lambda rows: rows.forget_session("111_1:12"))
    await cast.web.send("temos sim", ANA_LID)
    await cast.net.settle()
    assert cast.ana.texts == ["olá", "temos sim"]
    assert cast.web.resends == 1
    assert cast.phone.human == ["olá", "temos sim"], "nobody else gets it again"
    await cast.ana.send("ótimo", SHOP_LID)
    await cast.net.settle()
    assert cast.web.texts == ["oi", "ótimo"]


async def test_our_own_companion_gets_its_copy_again(cast: Cast) -> None:
    ours = await cast.net.join("5511900000001", "111", 3)
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    await ours.rows(lambda rows: rows.forget_session("111_1:12"))
    await ours.rows(lambda rows: rows.forget_session("111_1:0"))
    sent = await cast.web.send("temos sim", ANA_LID)
    await ours.run()
    asked = request_of(cast.web.queue[0], cast.web.own)
    assert (asked.id, asked.own, asked.routing) == (sent.id, True, {"recipient": ANA_LID})
    await cast.net.settle()
    assert ours.human == ["olá", "temos sim"]


async def test_without_keys_a_bundle_is_fetched_from_the_second_time_and_once_an_hour(cast: Cast) -> None:
    sent = await cast.web.send("olá", ANA_LID)
    first = await cast.web.again(request(sent.id))
    assert first.why == "a first failure may be chance"
    second = await cast.web.again(request(sent.id, count=2))
    assert second.why == "the device cannot read this session"
    third = await cast.web.again(request(sent.id, count=3))
    assert third.why == "the session was made anew within the hour"
    cast.net.clock.move(3600)
    assert (await cast.web.again(request(sent.id, count=3))).why == "the device cannot read this session"
    await cast.net.settle()
    assert cast.ana.texts == ["olá"]
    cast.net.keyless = {ANA_LID}
    cast.net.clock.move(3600)
    nothing = await cast.web.again(request(sent.id, count=3))
    assert (nothing.node, nothing.bundle_of) == (b"", ANA_LID)


async def test_forged_keys_are_no_use_and_block_no_true_ones(cast: Cast) -> None:
    sent = await cast.web.send("olá", ANA_LID)
    offered = await cast.net.bundle(ANA_LID)
    assert offered is not None
    before = await cast.web.rows(lambda rows: rows.session("222_1:0"))
    wanted = request(sent.id, count=2, keys=Node("keys"))
    refused = await cast.web.again(wanted, evolve(offered, signature=bytes(64)))
    assert (refused.node, refused.why) == (b"", "the keys of that device are of no use")
    assert await cast.web.rows(lambda rows: rows.session("222_1:0")) == before
    assert (await cast.web.again(wanted, offered)).node


async def test_a_resend_names_whom_it_is_for(cast: Cast) -> None:
    sent = await cast.web.send(compose.revoke(compose.Key(chat="222@lid", id="3EB0", from_me=True)), ANA_LID)
    decided = await cast.web.again(request(sent.id, count=2))
    node = unpack(decided.node)
    (enc,) = node.children("enc")
    assert (node.jid("to"), node.get("id"), node.get("edit"), node.get("t")) == (ANA_LID, sent.id, "7", "5")
    assert (enc.get("count"), enc.get("decrypt-fail"), enc.get("type")) == ("2", "hide", "pkmsg")
    assert node.child("participants") is None


async def answered(cast: Cast, asked: RetryRequest, *, lately: int = 0) -> str:
    decided = await cast.web.again(asked, lately=lately)
    return "" if decided.node else decided.why


async def test_who_is_not_answered(cast: Cast) -> None:
    sent = await cast.web.send("segredo", ANA_LID)
    bia = await cast.net.join("5531977776666", "333")
    await bia.send("oi", SHOP_LID)
    await cast.net.settle()
    assert "somebody else" in await answered(cast, request(sent.id, Jid("333", LID)))
    assert "not on that person's list" in await answered(cast, request(sent.id, Jid("222", LID, 9)))
    assert "no such message" in await answered(cast, request("3EB0NONE"))
    assert "this very device" in await answered(cast, request(sent.id, Jid("111", LID, 12), own=True))
    assert "too often" in await answered(cast, request(sent.id, count=5))
    assert "within a minute" in await answered(cast, request(sent.id), lately=retry.MAX_RESENDS_A_MINUTE)
    cast.net.clock.move(8 * 86_400)
    await cast.web.rows(lambda rows: rows.tidy())
    assert "no such message" in await answered(cast, request(sent.id))
    assert not any(node.get("id") == sent.id for node in bia.queue)


async def test_one_device_is_not_answered_for_ever_and_ids_nobody_sent_are_not_counted(cast: Cast) -> None:
    sent = await cast.web.send("olá", ANA_LID)
    told = [await answered(cast, request(sent.id)) for _ in range(retry.MAX_REQUESTS + 1)]
    assert told[:-1] == [""] * retry.MAX_REQUESTS
    assert "too often" in told[-1]
    for number in range(5):
        await answered(cast, request(f"3EB0{number}"))
    counted = await cast.web.rows(lambda rows: rows._tx.value("SELECT count(*) FROM retries"))  # type: ignore[attr-defined]
    assert counted == 1


async def test_a_number_may_ask_for_what_went_to_the_lid(cast: Cast) -> None:
    cast.net.tells_addresses = True
    await cast.ana.send("oi", SHOP_LID)
    await cast.net.settle()
    sent = await cast.web.send("olá", ANA_LID)
    assert await answered(cast, request(sent.id, ANA, count=1)) == ""


# --- our own phone ----------------------------------------------------------------------------------------------------


async def test_our_phone_is_asked_in_a_message_of_its_own(cast: Cast) -> None:
    await cast.web.handle(empty(cast))
    node = cast.web.written[0]
    attrs = {name: str(node.attrs[name]) for name in ("to", "category", "push_priority")}
    assert attrs == {"to": str(SHOP), "category": "peer", "push_priority": "high_force"}
    kept = await cast.web.rows(lambda rows: rows.outbound_of(node.get("id")))
    assert kept is not None
    asked = wa.Message.FromString(kept.plaintext).protocolMessage.peerDataOperationRequestMessage
    (each,) = asked.placeholderMessageResendRequest
    assert (each.messageKey.remoteJid, each.messageKey.id, each.messageKey.fromMe) == ("222@lid", "3EB0AD", False)


async def test_a_phone_that_could_not_read_the_request_gets_it_again(cast: Cast) -> None:
    await cast.web.handle(empty(cast))
    id_ = cast.web.written[0].get("id")
    decided = await cast.web.again(request(id_, SHOP, own=True, count=2))
    node = unpack(decided.node)
    assert (node.get("category"), node.get("id"), node.jid("to")) == ("peer", id_, SHOP)
    said = await cast.phone.opened(node, Jid("111", LID, 12))
    assert said.protocolMessage.HasField("peerDataOperationRequestMessage"), "as it is, and not as a copy"


async def test_nobody_but_our_phone_gets_what_it_was_asked(cast: Cast) -> None:
    ours = await cast.net.join("5511900000001", "111", 3)
    await cast.web.send("olá", ANA_LID)
    await cast.net.settle()
    await cast.web.handle(empty(cast))
    (id_,) = [node.get("id") for node in cast.web.written if node.get("category") == "peer"]
    assert "phone alone" in await answered(cast, request(id_, Jid("111", LID, 3), own=True))
    assert "somebody else" in await answered(cast, request(id_))
    assert ours.queue == []


async def test_a_phone_linked_anew_is_asked_anew(cast: Cast) -> None:
    await cast.web.handle(empty(cast))
    first = cast.web.written[0]

    def linked_anew(rows: Rows) -> None:
        rows.retire_device("logged out")
        rows.save_device(cast.web.device)

    await cast.web.rows(linked_anew)
    cast.web.written.clear()
    await cast.web.handle(empty(cast))
    second = cast.web.written[0]
    assert first.get("id") == second.get("id")
    assert first != second


# --- everything at once -----------------------------------------------------------------------------------------------

CRASHES: tuple[When, ...] = ("", "", "in", "committed", "written")
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["send", "receive", "receive", "receive"]), st.sampled_from(CRASHES)),
    max_size=40,
)


@settings(max_examples=60)
@given(STEPS)
async def test_whatever_crashes_each_message_arrives_once_and_in_order(
    steps: list[tuple[int, str, When]],
) -> None:
    with session_file() as one, session_file() as two, session_file() as three:
        files = iter((one, two, three))

        async def make(_: str) -> MemoryKeys:
            return MemoryKeys(next(files))

        net = Network(make)
        ana, web = await net.join(ANA.user, "222"), await net.join(SHOP.user, "111", 12)
        desktop = await net.join(ANA.user, "222", 7)
        said: dict[WebDevice, list[str]] = {ana: [], web: [], desktop: []}
        for who, what, crash in steps:
            device = (ana, web, desktop)[who]
            if what == "send":
                text = f"{who}-{len(said[device])}"
                said[device].append(text)
                await _until_done(device, text, ANA_LID if device is web else SHOP_LID, crash)
            elif device.queue:
                try:
                    await device.handle(device.queue[0], crash=crash)
                except Crash:
                    await device.drain()
        await net.settle()
        for device, chat in ((ana, SHOP_LID), (desktop, SHOP_LID), (web, ANA_LID)):
            said[device].append("fim")
            await device.send("fim", chat)
        await net.settle()
        assert [text for text in web.texts if text[0] == "0"] == said[ana][:-1]
        assert [text for text in web.texts if text[0] == "2"] == said[desktop][:-1]
        assert sorted(web.texts) == sorted(said[ana] + said[desktop])
        assert ana.texts == desktop.texts == said[web]
        assert ana.human == said[desktop]
        assert desktop.human == said[ana]
        assert [device.notes for device in said] == [[]] * 3, "nothing ever failed to open"


async def _until_done(device: WebDevice, text: str, chat: Jid, crash: When) -> None:
    """As the outbox does: again after a crash, under the same id."""
    try:
        await device.send(text, chat, our_id=text, crash=crash)
    except Crash:
        await device.send(text, chat, our_id=text)
