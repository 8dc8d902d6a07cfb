"""Exact amounts: decimals from text, fractions in between, half-even once at the end. Pure, no floats."""

import re
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Final

from attrs import frozen

from shards.central.daily import DaySum
from shards.central.prices import Price, PriceBook

DECIMAL: Final = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,10})?$"
"""An exact price: digits, a point, at most ten decimals."""
_DECIMAL: Final = re.compile(DECIMAL, re.ASCII)

_QUANTITIES: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "characters": "characters",
    "audio_ms": "audio_seconds",
    "messages": "messages",
}
"""From what the ledger counts to what the price book prices."""

_FREE: Final = frozenset({"catalogue", "none", "sandbox", "stand-in", "web"})
"""Nobody charges us for what these did."""


_COUNTED_ALONE: Final = frozenset({("speech", "audio_seconds")})
"""What a dealer's plan counts and no vendor charges for: speech is paid for by its characters."""


def decimal(text: str) -> Fraction:
    """A price as text, exactly. Raises ValueError."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("must be an exact decimal like 0.0125")
    return Fraction(text)


def centavos(reais: Fraction) -> int:
    """Reais as centavos, half-even (`round` of a Fraction is)."""
    return round(reais * 100)


def amount(quantity: int, price: str, per: int) -> int:
    """quantity × price ÷ per in centavos, rounded half-even, once."""
    return centavos(Fraction(quantity) * decimal(price) / per)


@frozen(kw_only=True)
class Unpriced:
    """Something vendors may charge for and the book has no price (or no rate) for."""

    day: date
    provider: str
    model: str
    unit: str
    quantity: int
    reason: str


@frozen
class Cost:
    """What vendors charge for some days, and what of it nobody can say."""

    reais: Fraction
    unpriced: tuple[Unpriced, ...]


def cost(sums: Iterable[DaySum], book: PriceBook) -> Cost:
    """What these days cost by the prices and rates of each day; nothing without a price is taken for free."""
    reais, unpriced = Fraction(0), list[Unpriced]()
    for line in sums:
        for name, unit in _QUANTITIES.items():
            quantity = getattr(line, name)
            if not quantity or line.provider in _FREE or (line.kind, unit) in _COUNTED_ALONE:
                continue
            if unit == "messages" and line.kind != "message":
                continue
            price = book.price(line.day, line.provider, line.model, unit, line.pricing_category, line.pricing_type)
            found = "there is no price" if price is None else _reais(price, quantity, name, line.day, book)
            if isinstance(found, Fraction):
                reais += found
            else:
                unpriced.append(
                    Unpriced(
                        day=line.day,
                        provider=line.provider,
                        model=line.model,
                        unit=unit,
                        quantity=quantity,
                        reason=found,
                    )
                )
    return Cost(reais, tuple(unpriced))


def _reais(price: Price, quantity: int, name: str, day: date, book: PriceBook) -> Fraction | str:
    units = Fraction(quantity, 1000) if name == "audio_ms" else Fraction(quantity)
    paid = units * decimal(price.price) / price.per
    if price.currency == "BRL":
        return paid
    rate = book.rate(day)
    return "there is no exchange rate" if rate is None else paid * decimal(rate.usd_brl)
