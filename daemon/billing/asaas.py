"""What Asaas tells of a payment, and what follows from it. Pure.

Source: docs.asaas.com, "Eventos para cobranças" and "Receba eventos do Asaas no seu endpoint de Webhook": delivered at
least once, each with an id of its own; the token comes in the header `asaas-access-token`.
"""

import hmac
import json
from decimal import Decimal
from typing import Any, Final, Literal

from attrs import frozen

MOST_BYTES: Final = 256 * 1024
_LONGEST: Final = 200
_MOST_REAIS: Final = 10**10

_PAID: Final = frozenset({"PAYMENT_RECEIVED", "PAYMENT_CONFIRMED"})
_TAKEN_BACK: Final = frozenset({"PAYMENT_REFUNDED", "PAYMENT_RECEIVED_IN_CASH_UNDONE"})
_LOOK: Final = frozenset(
    {"PAYMENT_PARTIALLY_REFUNDED", "PAYMENT_CHARGEBACK_REQUESTED", "PAYMENT_CHARGEBACK_DISPUTE", "PAYMENT_DELETED"}
)

Effect = Literal["pay", "reverse", "look", "nothing"]


class MalformedNotice(ValueError):
    """The body is no notice of Asaas."""


@frozen(kw_only=True)
class Notice:
    """One delivery."""

    id: str
    event: str
    payment: str  # the payment's id at Asaas, "" where it is about something else
    value_centavos: int
    reference: str  # the charge's externalReference: our invoice's id, or its number
    description: str


def token_ok(expected: str, given: bytes) -> bool:
    """Whether the header holds our token, in constant time; without a token of ours nothing is right."""
    return bool(expected) and hmac.compare_digest(expected.encode(), given)


def parse(body: bytes) -> Notice:
    """One delivery. Raises `MalformedNotice`. Amounts are read exactly, never as floats."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedNotice("the body is not JSON") from error
    if not isinstance(document, dict):
        raise MalformedNotice("the body is not an object")
    payment = document.get("payment")
    payment = payment if isinstance(payment, dict) else {}
    id_, event = _text(document, "id"), _text(document, "event")
    if not id_ or not event:
        raise MalformedNotice("the notice has no id or no event")
    return Notice(
        id=id_,
        event=event,
        payment=_text(payment, "id"),
        value_centavos=_centavos(payment.get("value")),
        reference=_text(payment, "externalReference"),
        description=_text(payment, "description"),
    )


def effect(notice: Notice) -> Effect:
    """What a notice asks for: PAYMENT_CONFIRMED and PAYMENT_RECEIVED of one payment are one payment."""
    if notice.event in _PAID or notice.event == "PAYMENT_RECEIVED_IN_CASH":
        return "pay" if notice.payment and notice.value_centavos > 0 else "look"
    if notice.event in _TAKEN_BACK:
        return "reverse" if notice.payment else "look"
    return "look" if notice.event in _LOOK else "nothing"


def _refuse(name: str) -> Any:
    raise MalformedNotice(f"{name} is no number")


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    text = value if isinstance(value, str) else str(value) if isinstance(value, Decimal) else ""
    return "".join(char for char in text if char.isprintable())[:_LONGEST]


def _centavos(value: Any) -> int:
    if not isinstance(value, Decimal) or not -_MOST_REAIS < value < _MOST_REAIS:
        return 0
    scaled = value * 100
    return int(scaled) if scaled == scaled.to_integral_value() else 0
