from datetime import date
from typing import Any

import apsw
import pytest

from shards.central import prices
from shards.shard import Tx
from tests.support.files import memory

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


def price(tx: Tx, price_: str, day: date = JUNE, **more: Any) -> None:
    fields = {"provider": "anthropic", "model": "", "unit": "input_tokens", "currency": "USD", "per": 10**6, **more}
    prices.add(tx, price=price_, from_day=day, **fields)


def test_a_price_holds_from_its_day_until_the_next() -> None:
    with memory("central") as tx:
        price(tx, "1")
        price(tx, "2", JULY)
        price(tx, "3", JULY)  # the last word about the same day
        book = prices.book(tx)

        def at(day: date) -> str | None:
            found = book.price(day, "anthropic", "haiku", "input_tokens", "", "")
            return found.price if found else None

        assert [at(day) for day in (date(2026, 5, 31), JUNE, date(2026, 6, 30), JULY)] == [None, "1", "1", "3"]
        assert [one.price for one in prices.page(tx, after=1)] == ["2", "3"]


def test_the_price_that_names_most_is_taken() -> None:
    with memory("central") as tx:
        price(tx, "1")
        price(tx, "2", model="haiku")
        price(tx, "3", provider="whatsapp", unit="messages", pricing_category="utility")
        price(tx, "4", provider="whatsapp", unit="messages", pricing_category="utility", pricing_type="free")
        book = prices.book(tx)
        wanted = [
            (("anthropic", "haiku", "input_tokens", "", ""), "2"),
            (("anthropic", "opus", "input_tokens", "", ""), "1"),
            (("whatsapp", "", "messages", "utility", "free"), "4"),
            (("whatsapp", "", "messages", "utility", "regular"), "3"),
            (("whatsapp", "", "messages", "service", "regular"), None),
            (("anthropic", "haiku", "output_tokens", "", ""), None),
        ]
        for asked, expected in wanted:
            found = book.price(JULY, *asked)
            assert (found.price if found else None) == expected, asked


def test_rates() -> None:
    with memory("central") as tx:
        prices.set_rate(tx, JULY, "5.50")
        prices.set_rate(tx, JUNE, "5.40")
        prices.set_rate(tx, JULY, "5.55")
        book = prices.book(tx)
        rates = [book.rate(day) for day in (date(2026, 5, 31), JUNE, JULY, date(2027, 1, 1))]
        assert [one and one.usd_brl for one in rates] == [None, "5.40", "5.55", "5.55"]
        assert [one.seq for one in prices.rates(tx, limit=2)] == [1, 2]
        price(tx, "1")
        for table in ("prices", "exchange_rates"):
            for sql in (f"UPDATE {table} SET at = 0", f"DELETE FROM {table}"):
                with pytest.raises(apsw.ConstraintError, match="corrected"):
                    tx.run(sql)
