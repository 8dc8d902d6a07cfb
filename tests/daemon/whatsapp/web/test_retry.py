from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web.compose import Shape
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node, pack, unpack
from daemon.whatsapp.web.outgoing import DeviceContent
from daemon.whatsapp.web.receipts import RetryRequest, read
from daemon.whatsapp.web.record import PreKey, SignedPreKey
from daemon.whatsapp.web.retry import (
    Facts,
    FreshKeys,
    Ignore,
    Resend,
    count_of,
    decide,
    resend,
    retry_receipt,
    wants_keys,
)
from daemon.whatsapp.web.stanza import Incoming, scope
from tests.support.stanzas import CUSTOMER_LID, CUSTOMER_PN, OWN

NOW = 1_700_000_000
DEVICE = Jid("222333444", "lid", 7)
KEYS = FreshKeys(
    identity=b"i" * 32,
    prekey=PreKey(0x010203, KeyPair.generate(b"p" * 32)),
    signed=SignedPreKey(7, KeyPair.generate(b"s" * 32), b"g" * 64),
    account=b"account",
)


def incoming(**attrs: Any) -> Incoming:
    enc = Node("enc", {"v": "2", "type": "msg"}, b"x")
    routing: dict[str, Any] = {"id": "3EB0AA", "from": DEVICE, "t": str(NOW)}
    found = scope(Node("message", routing | attrs, (enc,)), OWN)
    assert isinstance(found, Incoming)
    return found


# --- we ask -----------------------------------------------------------------------------------------------------------


def test_the_first_request_is_short() -> None:
    made = retry_receipt(incoming(), count=1, registration_id=258)
    assert made == Node(
        "receipt",
        {"id": "3EB0AA", "to": DEVICE, "type": "retry"},
        (
            Node("retry", {"count": "1", "id": "3EB0AA", "t": str(NOW), "v": "1"}),
            Node("registration", {}, b"\0\0\1\2"),
        ),
    )


def test_later_ones_carry_keys_and_the_reason() -> None:
    made = retry_receipt(incoming(), count=2, registration_id=258, reason=7, keys=KEYS)
    retry, _, keys = made.children()
    assert retry.get("error") == "7"
    type_, identity, key, signed, account = keys.children()
    assert (type_.data, identity.data, account.data) == (b"\5", b"i" * 32, b"account")
    assert [each.data for each in key.children()] == [b"\1\2\3", KEYS.prekey.pair.public]
    assert [each.data for each in signed.children()] == [b"\0\0\7", KEYS.signed.pair.public, b"g" * 64]
    assert unpack(pack(made)).children()[2] == keys


def test_a_request_goes_where_the_delivery_receipt_would() -> None:
    own = retry_receipt(incoming(**{"from": OWN.pn.bare, "recipient": CUSTOMER_LID}), count=1, registration_id=1)
    assert own.attrs == {"id": "3EB0AA", "to": OWN.pn.bare, "type": "retry", "recipient": CUSTOMER_LID}
    peer = retry_receipt(incoming(**{"from": OWN.pn.bare, "category": "peer"}), count=1, registration_id=1)
    assert peer.get("category") == "peer"


def test_what_we_ask_the_other_side_can_read() -> None:
    sent = retry_receipt(incoming(), count=2, registration_id=258, keys=KEYS)
    arrived = evolve(sent, attrs={"id": sent.attrs["id"], "from": OWN.pn, "type": "retry"})
    (request,) = read(arrived, OWN)
    assert isinstance(request, RetryRequest)
    assert (request.count, request.registration_id, request.at) == (2, 258, str(NOW))
    assert request.keys == sent.children()[2]


@pytest.mark.parametrize(
    ("failures", "enc_count", "count"),
    [(1, 0, 1), (2, 0, 2), (2, 1, 2), (4, 3, 4), (5, 0, None), (1, 3, 4), (1, 4, None), (0, 0, 1), (9, 9, None)],
)
def test_counting(failures: int, enc_count: int, count: int | None) -> None:
    assert count_of(failures, enc_count) == count


def test_keys_from_the_second_request_on_or_without_a_session() -> None:
    assert wants_keys(2, session=True)
    assert wants_keys(1, session=False)
    assert not wants_keys(1, session=True)


# --- we are asked -----------------------------------------------------------------------------------------------------

REQUEST = RetryRequest(id="3EB0AA", device=DEVICE, own=False, count=1, at=str(NOW))
WITH_KEYS = evolve(REQUEST, keys=Node("keys"), count=2, registration_id=258)
FACTS = Facts(sent_to=(CUSTOMER_LID, CUSTOMER_PN), known_device=True, session_registration_id=258)


def test_a_first_request_uses_the_session_there_is() -> None:
    assert decide(REQUEST, FACTS, now=NOW) == Resend(session="keep", reason="a first failure may be chance")


@pytest.mark.parametrize(
    ("request_", "facts", "session"),
    [
        (REQUEST, evolve(FACTS, session=False), "fetch"),
        (WITH_KEYS, evolve(FACTS, session=False), "from_keys"),
        (WITH_KEYS, FACTS, "from_keys"),
        (evolve(REQUEST, count=2), FACTS, "fetch"),
        (evolve(REQUEST, registration_id=999), FACTS, "fetch"),
        (evolve(WITH_KEYS, registration_id=999), evolve(FACTS, session_made_anew_at=NOW), "from_keys"),
        (evolve(REQUEST, device=Jid("5511988887777", device=7)), FACTS, "keep"),
        (evolve(REQUEST, device=Jid("222333444", "hosted.lid", 99)), FACTS, "keep"),
        (evolve(WITH_KEYS, own=True, device=OWN.pn.bare), FACTS, "from_keys"),
    ],
)
def test_which_session_is_used(request_: RetryRequest, facts: Facts, session: str) -> None:
    found = decide(request_, facts, now=NOW)
    assert isinstance(found, Resend)
    assert found.session == session


@pytest.mark.parametrize(
    ("request_", "facts", "reason"),
    [
        (REQUEST, evolve(FACTS, sent_to=()), "no such message"),
        (REQUEST, evolve(FACTS, this_device=True), "this very device"),
        (REQUEST, evolve(FACTS, sent_to=(Jid("999", "lid"),)), "somebody else"),
        (evolve(REQUEST, device=Jid("222333444", device=7)), FACTS, "somebody else"),
        (REQUEST, evolve(FACTS, known_device=False), "not on that person's list"),
        (evolve(REQUEST, count=5), FACTS, "too often"),
        (REQUEST, evolve(FACTS, requests_before=10), "too often"),
        (REQUEST, evolve(FACTS, resends_last_minute=20), "within a minute"),
    ],
)
def test_pitfall_11_messages_go_again_only_to_whom_they_were_for(
    request_: RetryRequest, facts: Facts, reason: str
) -> None:
    found = decide(request_, facts, now=NOW)
    assert isinstance(found, Ignore)
    assert reason in found.reason


def test_pitfall_11_a_session_is_made_anew_once_an_hour() -> None:
    assert decide(WITH_KEYS, evolve(FACTS, session_made_anew_at=NOW - 3599), now=NOW) == Resend(
        session="keep", reason="the session was made anew within the hour"
    )
    later = decide(WITH_KEYS, evolve(FACTS, session_made_anew_at=NOW - 3600), now=NOW)
    assert isinstance(later, Resend)
    assert later.session == "from_keys"


@given(
    st.builds(
        Facts,
        sent_to=st.sampled_from([(), (CUSTOMER_LID,), (Jid("9", "lid"),)]),
        known_device=st.booleans(),
        requests_before=st.integers(0, 12),
        resends_last_minute=st.integers(0, 30),
        session=st.booleans(),
    ),
    st.integers(1, 9),
)
def test_pitfall_11_whatever_the_facts_no_stranger_gets_anything(facts: Facts, count: int) -> None:
    if isinstance(decide(evolve(REQUEST, count=count), facts, now=NOW), Resend):
        assert facts.sent_to == (CUSTOMER_LID,)
        assert facts.known_device
        assert count < 5
        assert facts.requests_before < 10


def test_the_answer_goes_to_the_asking_device_under_the_same_id() -> None:
    content = DeviceContent(device=DEVICE, type="pkmsg", body=b"again")
    made = resend(evolve(REQUEST, count=3), content, Shape(), account=b"account")
    assert (made.get("id"), made.jid("to"), made.get("t")) == ("3EB0AA", DEVICE, str(NOW))
    assert made.children()[0].get("count") == "3"
    with pytest.raises(ValueError, match="the device that asked"):
        resend(REQUEST, evolve(content, device=CUSTOMER_LID), Shape(), account=b"account")
