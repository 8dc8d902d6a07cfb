import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.asaas import MalformedNotice, effect, parse, token_ok


def notice(event: str = "PAYMENT_RECEIVED", id_: str = "evt_1", **payment: Any) -> bytes:
    """As Asaas sends it."""
    known = {"object": "payment", "id": "pay_080225913252", "value": 299.9, "externalReference": "1"}
    document = {"id": id_, "event": event, "dateCreated": "2026-12-05 16:45:03", "payment": {**known, **payment}}
    return json.dumps(document).encode()


def test_a_payment() -> None:
    found = parse(notice(description="Fatura 1"))
    assert (found.id, found.event, found.payment) == ("evt_1", "PAYMENT_RECEIVED", "pay_080225913252")
    assert (found.value_centavos, found.reference, found.description) == (29_990, "1", "Fatura 1")
    assert effect(found) == "pay"


@given(st.integers(0, 10**11))
def test_values_are_read_exactly(centavos: int) -> None:
    body = notice().replace(b"299.9", f"{centavos // 100}.{centavos % 100:02}".encode())
    assert parse(body).value_centavos == centavos


@pytest.mark.parametrize(
    ("event", "payment", "wanted"),
    [
        ("PAYMENT_CONFIRMED", {}, "pay"),
        ("PAYMENT_RECEIVED_IN_CASH", {}, "pay"),
        ("PAYMENT_RECEIVED", {"value": 1.005}, "look"),
        ("PAYMENT_RECEIVED", {"value": "12"}, "look"),
        ("PAYMENT_RECEIVED", {"id": None}, "look"),
        ("PAYMENT_REFUNDED", {}, "reverse"),
        ("PAYMENT_REFUNDED", {"id": ""}, "look"),
        ("PAYMENT_PARTIALLY_REFUNDED", {}, "look"),
        ("PAYMENT_CHARGEBACK_REQUESTED", {}, "look"),
        ("PAYMENT_CREATED", {}, "nothing"),
        ("PAYMENT_OVERDUE", {}, "nothing"),
        ("SOMETHING_NEW", {}, "nothing"),
    ],
)
def test_what_follows(event: str, payment: dict[str, Any], wanted: str) -> None:
    assert effect(parse(notice(event, **payment))) == wanted


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"id": "x"}', b'{"event": "x"}', b"\xff", b"[" * 100_000,
             b'{"id":"a","event":"b","payment":{"value":NaN}}']
)  # fmt: skip
def test_what_is_no_notice(body: bytes) -> None:
    with pytest.raises(MalformedNotice):
        parse(body)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_a_payment_of_any_shape_is_survived(payment: Any) -> None:
    body = json.dumps({"id": "e", "event": "PAYMENT_RECEIVED", "payment": payment}).encode()
    try:
        effect(parse(body))
    except MalformedNotice:
        assert b"NaN" in body or b"Infinity" in body


def test_tokens() -> None:
    assert token_ok("geheim", b"geheim")
    assert not token_ok("geheim", b"geheim2")
    assert not token_ok("geheim", b"")
    assert not token_ok("geheim", "é".encode())
    assert not token_ok("", b"")
