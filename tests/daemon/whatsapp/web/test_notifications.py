import json
from typing import Any

import pytest
from hypothesis import given

from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.notifications import (
    CallOffered,
    CodeEntered,
    DevicesChanged,
    IdentityChanged,
    LegacyPhone,
    MediaAnswer,
    OfflineEnd,
    OfflinePreview,
    OwnDevicesChanged,
    PasskeyAsked,
    PasskeyContinued,
    PrekeyCount,
    Routing,
    Timelock,
    TokensGiven,
    Unimportant,
    read,
    read_ib,
)
from daemon.whatsapp.web.privacy import Token
from daemon.whatsapp.web.stanza import AddressPair
from tests.support.stanzas import CUSTOMER_LID, CUSTOMER_PN, OWN, nodes

PAIR = AddressPair(lid_user="222333444", pn_user="5511988887777")


def notification(type_: str, *children: Node, **attrs: Any) -> Node:
    routing: dict[str, Any] = {"id": "7", "type": type_, "from": SERVER}
    return Node("notification", routing | attrs, children)


def test_few_prekeys_are_left() -> None:
    found = read(notification("encrypt", Node("count", {"value": "4"})), OWN)
    assert found == PrekeyCount(4)
    assert isinstance(found, PrekeyCount)
    assert found.low
    assert not PrekeyCount(5).low


def test_only_the_server_counts_prekeys() -> None:
    node = notification("encrypt", Node("count", {"value": "0"}), **{"from": CUSTOMER_PN})
    assert read(node, OWN) == Unimportant("encrypt")


def test_somebody_set_whatsapp_up_anew() -> None:
    node = notification("encrypt", Node("identity"), **{"from": Jid("222333444", "lid", 7)})
    assert read(node, OWN) == IdentityChanged(person=CUSTOMER_LID)
    assert read(notification("encrypt", Node("identity")), OWN) == Unimportant("encrypt")
    assert read(notification("encrypt", **{"from": CUSTOMER_LID}), OWN) == Unimportant("encrypt")


def test_devices_of_others_and_of_ours() -> None:
    changed = read(notification("devices", Node("add"), **{"from": CUSTOMER_PN, "lid": CUSTOMER_LID}), OWN)
    assert changed == DevicesChanged(person=CUSTOMER_PN, learned=PAIR)
    assert read(notification("devices", Node("add"), **{"from": OWN.pn.bare}), OWN) == OwnDevicesChanged()
    assert read(notification("devices", Node("add")), OWN) == Unimportant("devices")
    sync = notification("account_sync", Node("devices", {"dhash": "x"}), **{"from": OWN.pn.bare})
    assert read(sync, OWN) == OwnDevicesChanged()
    assert read(sync, None) == Unimportant("account_sync")
    assert read(notification("account_sync", Node("status"), **{"from": OWN.pn.bare}), OWN) == Unimportant(
        "account_sync"
    )


def test_pitfall_6_only_our_own_account_changes_our_devices() -> None:
    twin = Jid("111222333")
    assert read(notification("account_sync", Node("devices"), **{"from": twin}), OWN) == Unimportant("account_sync")
    assert read(notification("devices", **{"from": twin}), OWN) == DevicesChanged(person=twin)


def test_a_contact_gives_us_a_token() -> None:
    token = Node("token", {"type": "trusted_contact", "t": "9", "jid": OWN.pn.bare}, b"token")
    node = notification(
        "privacy_token", Node("tokens", {}, (token,)), **{"from": CUSTOMER_PN, "sender_lid": CUSTOMER_LID}
    )
    assert read(node, OWN) == TokensGiven(person=CUSTOMER_PN, tokens=(Token(b"token", 9),), learned=PAIR)
    assert read(notification("privacy_token", **{"from": CUSTOMER_PN}), OWN) == Unimportant("privacy_token")


def test_the_phones_answer_about_a_file() -> None:
    proof = Node("encrypt", {}, (Node("enc_p", {}, b"p"), Node("enc_iv", {}, b"n")))
    found = read(notification("mediaretry", Node("rmr"), proof, **{"from": OWN.pn.bare}), OWN)
    assert found == MediaAnswer(message_id="7", gone=False, encrypted=b"p", nonce=b"n")
    gone = read(notification("mediaretry", Node("error", {"code": "2"}), **{"from": OWN.pn.bare}), OWN)
    assert gone == MediaAnswer(message_id="7", gone=True)
    stranger = notification("mediaretry", proof, **{"from": CUSTOMER_PN})
    assert read(stranger, OWN) == Unimportant("mediaretry")


def test_stages_of_linking() -> None:
    code = notification("link_code_companion_reg", Node("link_code_companion_reg"))
    assert read(code, None) == CodeEntered(code)
    assert read(notification("link_code_companion_reg"), None) == Unimportant("link_code_companion_reg")
    asked = notification("passkey_prologue_request", Node("passkey_request_options", {}, b"{}"))
    assert read(asked, None) == PasskeyAsked(asked)
    continued = notification("crsc_continuation")
    assert read(continued, None) == PasskeyContinued(continued)


@pytest.mark.parametrize("type_", ["passkey_prologue_request", "crsc_continuation"])
def test_a_passkey_is_asked_for_by_the_server_alone(type_: str) -> None:
    assert read(notification(type_, **{"from": CUSTOMER_PN}), None) == Unimportant(type_)


def timelock(**limits: object) -> Node:
    data = json.dumps({"data": {"xwa2_notify_account_reachout_timelock": limits}}).encode()
    return Node("update", {"op_name": "Notification"}, data)


def test_the_number_is_limited() -> None:
    update = timelock(is_active=True, enforcement_type="BIZ_QUALITY", time_enforcement_ends="1700003600")
    assert read(notification("mex", update), OWN) == Timelock(active=True, kind="BIZ_QUALITY", ends_at=1700003600)
    assert read(notification("mex", timelock(is_active=False)), OWN) == Timelock(active=False)
    odd = timelock(is_active="yes", enforcement_type=4, time_enforcement_ends=-1)
    assert read(notification("mex", odd), OWN) == Timelock(active=False)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff", b'{"data":[]}', b'{"data":{"other":{}}}', b"[" * 100_000, b" " * 300_000]
)
def test_other_changes_that_come_as_json(data: bytes) -> None:
    assert read(notification("mex", Node("update", {}, data)), OWN) == Unimportant("mex")


def test_a_stranger_cannot_limit_us() -> None:
    assert read(notification("mex", timelock(is_active=True), **{"from": CUSTOMER_PN}), OWN) == Unimportant("mex")


def test_what_needs_no_more_than_its_ack() -> None:
    collection = Node("collection", {"name": "regular", "version": "3"})
    assert read(notification("server_sync", collection), OWN) == Unimportant("server_sync")
    assert read(notification("of tomorrow"), OWN) == Unimportant("of tomorrow")
    assert read(Node("status", {"type": "encrypt"}, (Node("count"),)), OWN) == Unimportant("encrypt")


def test_somebody_rings() -> None:
    offer = Node("offer", {"call-id": "C1", "caller_pn": CUSTOMER_PN}, (Node("audio"), Node("video")))
    node = Node("call", {"id": "7", "from": CUSTOMER_LID, "t": "17"}, (offer,))
    assert read(node, OWN) == CallOffered(caller=CUSTOMER_LID, call_id="C1", at=17, video=True, learned=PAIR)
    assert read(Node("call", {"from": CUSTOMER_LID}, (Node("terminate"),)), OWN) == Unimportant("call")
    assert read(Node("call", {}, (offer,)), OWN) == Unimportant("call")


def test_broadcasts_of_information() -> None:
    ib = Node(
        "ib",
        {},
        (
            Node("offline_preview", {"count": "12", "message": "9"}),
            Node("edge_routing", {}, (Node("routing_info", {}, b"route"),)),
            Node("dirty", {"type": "account_sync"}),
            Node("downgrade_webclient"),
            Node("offline", {"count": "12"}),
            Node("edge_routing"),
        ),
    )
    assert read_ib(ib) == (
        OfflinePreview(count=12, messages=9),
        Routing(b"route"),
        Unimportant("dirty"),
        LegacyPhone(),
        OfflineEnd(12),
        Unimportant("edge_routing"),
    )
    assert read_ib(Node("ib")) == ()


@given(nodes("notification", "call", "ib"))
def test_any_notification_is_read(node: Node) -> None:
    found = read(node, OWN)
    assert not isinstance(found, MediaAnswer | OwnDevicesChanged) or OWN.has(node.jid("from"))
    assert not isinstance(read(node, None), MediaAnswer | OwnDevicesChanged)
    assert len(read_ib(node)) == len(node.children())
