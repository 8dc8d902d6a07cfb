from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.pricing import amount, centavos, cost, decimal
from shards.central import daily, prices
from shards.central.daily import DaySum
from tests.support.files import memory
from tests.support.ledgers import SAO_PAULO, book, noon, receipt

DAY = date(2026, 11, 2)
PRICES = st.decimals(0, 10**6, places=6).map(lambda value: f"{value:f}")


@given(st.integers(-(10**12), 10**12), PRICES, st.integers(1, 10**9))
def test_an_amount_is_exact_and_rounded_half_even(quantity: int, price: str, per: int) -> None:
    with localcontext() as context:
        context.prec = 80
        exact = Decimal(quantity) * Decimal(price) * 100 / per
        nearest = exact.quantize(Decimal(1), ROUND_HALF_EVEN)
    assert amount(quantity, price, per) == int(nearest)


@pytest.mark.parametrize(("text", "cents"), [("0.005", 0), ("0.015", 2), ("0.025", 2), ("0.035", 4), ("1.005", 100)])
def test_half_a_centavo_goes_to_the_even_one(text: str, cents: int) -> None:
    assert amount(1, text, 1) == cents
    assert centavos(-Fraction(text)) == -cents


@pytest.mark.parametrize("text", ["", "1,5", "1e3", ".5", "5.", "-1", "01", "1.12345678901", "٣", "nan", "1\n", " 1"])
def test_what_is_no_decimal(text: str) -> None:
    with pytest.raises(ValueError, match="exact decimal"):
        decimal(text)


def sums(*receipts: dict[str, Any]) -> list[DaySum]:
    with memory("central") as tx:
        book(tx, "a", *receipts)
        daily.calendar(tx, "a", SAO_PAULO)
        return daily.sums(tx, "a", date(2026, 11, 1), date(2026, 12, 1))


def test_a_day_costs_what_the_book_says_of_it() -> None:
    with memory("central") as tx:
        common: dict[str, Any] = {"from_day": date(2026, 11, 1)}
        for unit, price in (("input_tokens", "1"), ("output_tokens", "5"), ("cache_read_tokens", "0.10")):
            prices.add(tx, provider="anthropic", model="", unit=unit, currency="USD", price=price, per=10**6, **common)
        prices.add(tx, provider="whatsapp", model="", unit="messages", currency="BRL", price="0.04", per=1, **common)
        prices.add(
            tx, provider="elevenlabs", model="", unit="audio_seconds", currency="USD", price="0.40", per=3600, **common
        )
        prices.set_rate(tx, date(2026, 11, 1), "5.50")
        prices.set_rate(tx, date(2026, 11, 3), "6")
        known = prices.book(tx)
    found = cost(
        sums(
            receipt(noon(DAY), input_tokens=2_000_000, output_tokens=100_000, cache_read_tokens=500_000),
            receipt(noon(date(2026, 11, 3)), input_tokens=1_000_000),
            receipt(noon(DAY), "message", "whatsapp", messages=3),
            receipt(noon(DAY), "transcription", "elevenlabs", audio_ms=1_800_500),
            receipt(noon(DAY), "turn", "catalogue", conversation="c"),
        ),
        known,
    )
    expected = (2 + Fraction(1, 2) + Fraction(1, 20)) * Fraction("5.5") + 6 + Fraction("0.12")
    expected += Fraction("1800.5") * Fraction("0.4") / 3600 * Fraction("5.5")
    assert found.reais == expected
    assert found.unpriced == ()


def test_what_has_no_price_is_named_and_not_free() -> None:
    with memory("central") as tx:
        prices.add(tx, provider="openai", model="", unit="input_tokens", currency="USD", price="1", per=1, from_day=DAY)
        known = prices.book(tx)
    found = cost(
        sums(
            receipt(noon(DAY), "tokens", "openai", model="mini", input_tokens=7, output_tokens=8),
            receipt(noon(DAY), "message", "sandbox", messages=1),
        ),
        known,
    )
    assert found.reais == 0
    assert [(one.provider, one.unit, one.quantity, one.reason) for one in found.unpriced] == [
        ("openai", "input_tokens", 7, "there is no exchange rate"),
        ("openai", "output_tokens", 8, "there is no price"),
    ]


def test_speech_is_paid_for_by_its_characters_and_not_by_its_length() -> None:
    with memory("central") as tx:
        prices.add(
            tx, provider="elevenlabs", model="", unit="characters", currency="BRL", price="1", per=100, from_day=DAY
        )
        known = prices.book(tx)
    found = cost(sums(receipt(noon(DAY), "speech", "elevenlabs", characters=250, audio_ms=17_000)), known)
    assert (found.reais, found.unpriced) == (Fraction("2.5"), ())
