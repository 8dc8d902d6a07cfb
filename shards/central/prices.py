"""The price book: what vendors charge us from a day on, and the dollar's rate by day. All data, nothing in code."""

from bisect import bisect_right
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from shards.shard import Tx

UNITS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "characters",
    "audio_seconds",
    "messages",
)
CURRENCIES: Final = ("BRL", "USD")


@frozen(kw_only=True)
class Price:
    """What `per` units cost from a day on. Empty model, category or type: all without a price of their own."""

    seq: int
    provider: str
    model: str
    unit: str
    pricing_category: str
    pricing_type: str
    currency: str
    price: str  # exact decimal
    per: int
    from_day: date


@frozen(kw_only=True)
class ExchangeRate:
    """Reais for one dollar from a day on."""

    seq: int
    day: date
    usd_brl: str


@frozen
class PriceBook:
    """Every price and rate, to look up by day. Of one day the last that was written counts."""

    _prices: dict[tuple[str, ...], list[tuple[date, Price]]] = field(factory=dict)
    _rates: list[tuple[date, ExchangeRate]] = field(factory=list)

    def price(self, day: date, provider: str, model: str, unit: str, category: str, type_: str) -> Price | None:
        """The price of a day: the one that names most of model, category and type."""
        for tried_model in dict.fromkeys((model, "")):
            for tried_category in dict.fromkeys((category, "")):
                for tried_type in dict.fromkeys((type_, "")):
                    dated = self._prices.get((provider, tried_model, unit, tried_category, tried_type), [])
                    index = bisect_right(dated, day, key=lambda pair: pair[0])
                    if index:
                        return dated[index - 1][1]
        return None

    def rate(self, day: date) -> ExchangeRate | None:
        """The dollar's rate of a day: its own, or the last before it."""
        index = bisect_right(self._rates, day, key=lambda pair: pair[0])
        return self._rates[index - 1][1] if index else None


_PRICE: Final = "seq, provider, model, unit, pricing_category, pricing_type, currency, price, per, from_day"


def _price(row: tuple[Any, ...]) -> Price:
    names = ("seq", "provider", "model", "unit", "pricing_category", "pricing_type", "currency", "price", "per")
    return Price(**dict(zip(names, row[:-1], strict=True)), from_day=date.fromisoformat(row[-1]))


def _rate(row: tuple[Any, ...]) -> ExchangeRate:
    return ExchangeRate(seq=row[0], day=date.fromisoformat(row[1]), usd_brl=row[2])


def add(
    tx: Tx,
    *,
    provider: str,
    model: str,
    unit: str,
    pricing_category: str = "",
    pricing_type: str = "",
    currency: str,
    price: str,
    per: int,
    from_day: date,
) -> Price:
    """A price from a day on; it takes the place of one of the same day."""
    tx.run(
        "INSERT INTO prices (provider, model, unit, pricing_category, pricing_type, currency, price, per, from_day, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (provider, model, unit, pricing_category, pricing_type, currency, price, per, from_day.isoformat(), tx.now_ms),
    )
    return _price(tx.row(f"SELECT {_PRICE} FROM prices WHERE seq = ?", (tx.connection.last_insert_rowid(),)) or ())


def set_rate(tx: Tx, day: date, usd_brl: str) -> ExchangeRate:
    """The dollar's rate from a day on."""
    tx.run("INSERT INTO exchange_rates (day, usd_brl, at) VALUES (?, ?, ?)", (day.isoformat(), usd_brl, tx.now_ms))
    return ExchangeRate(seq=tx.connection.last_insert_rowid(), day=day, usd_brl=usd_brl)


def book(tx: Tx) -> PriceBook:
    """The whole book."""
    found = PriceBook()
    for price in map(_price, tx.rows(f"SELECT {_PRICE} FROM prices ORDER BY from_day, seq")):
        key = (price.provider, price.model, price.unit, price.pricing_category, price.pricing_type)
        found._prices.setdefault(key, []).append((price.from_day, price))
    for rate in map(_rate, tx.rows("SELECT seq, day, usd_brl FROM exchange_rates ORDER BY day, seq")):
        found._rates.append((rate.day, rate))
    return found


def page(tx: Tx, *, after: int = 0, limit: int = 100) -> list[Price]:
    """Prices in the order in which they were written."""
    return [
        _price(row)
        for row in tx.rows(f"SELECT {_PRICE} FROM prices WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
    ]


def rates(tx: Tx, *, after: int = 0, limit: int = 100) -> list[ExchangeRate]:
    """Rates in the order in which they were written."""
    sql = "SELECT seq, day, usd_brl FROM exchange_rates WHERE seq > ? ORDER BY seq LIMIT ?"
    return [_rate(row) for row in tx.rows(sql, (after, limit))]
