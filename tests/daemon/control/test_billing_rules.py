import pytest

from daemon.control.billing_rules import BILLING_RULES, _day, _month
from daemon.control.billing_shapes import CorrectionIn, PriceIn
from daemon.control.strict import BadRequestBody, structure


@pytest.mark.parametrize("text", ["2026-02-29", "20260101", "2026-1-1", "1999-12-31", "2200-01-01", "", "2026-W01-1"])
def test_what_is_no_day(text: str) -> None:
    assert _day(text)


def test_days_and_months() -> None:
    assert _day("2024-02-29") == _month("2026-11") == _month("") == ""
    assert _month("2026-13")


def test_every_fault_is_named() -> None:
    body = {"provider": "", "unit": "tokens", "currency": "BRL", "price": "-1", "per": 0, "from_day": "x"}
    with pytest.raises(BadRequestBody) as raised:
        structure({**body, "unit": "messages"}, PriceIn, BILLING_RULES)
    assert {fault.path for fault in raised.value.faults} == {"provider", "price", "per", "from_day"}
    structure({"tenant": "a1", "kind": "tokens", "provider": "x", "reason": "y"}, CorrectionIn, BILLING_RULES)
