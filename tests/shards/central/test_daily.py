"""The daily sums never differ from the ledger."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.central import daily, ledger, zones
from shards.central.daily import Used
from shards.shard import Tx
from tests.support.files import memory
from tests.support.ledgers import SAO_PAULO, book, noon, receipt

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
SOME = st.builds(
    receipt,
    st.datetimes(datetime(2026, 10, 25), datetime(2026, 12, 5), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    st.sampled_from(("turn", "tokens", "message", "speech")),
    st.sampled_from(("anthropic", "catalogue", "none", "sandbox", "whatsapp")),
    model=st.sampled_from(("", "mini")),
    pricing_type=st.sampled_from(("", "regular", "sandbox")),
    conversation=st.sampled_from(("", "c1", "c2")),
    input_tokens=st.integers(0, 10**6),
    cache_write_tokens=st.integers(0, 10**6),
    audio_ms=st.integers(0, 10**6),
    messages=st.integers(0, 3),
)


def invoice(tx: Tx, tenant: str, state: str = "open", end: date = DECEMBER) -> None:
    tx.run(
        "INSERT INTO invoices (id, tenant, period, first_day, end_day, start_at, end_at, time_zone, state, state_at,"
        " tenant_name, total_centavos, drawn_at) VALUES (?, ?, ?, ?, ?, 0, 0, '', ?, 0, '', 0, 0)",
        (f"{tenant}{end}", tenant, f"{end:%Y-%m}", NOVEMBER.isoformat(), end.isoformat(), state),
    )


@given(
    st.lists(SOME, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from((SAO_PAULO, "America/Santiago", "Asia/Kathmandu", "America/New_York")),
    st.booleans(),
)
def test_sums_equal_the_ledger(receipts: list[dict[str, object]], cuts: list[int], zone: str, billed: bool) -> None:
    with memory("central") as tx:
        edges = sorted({0, len(receipts), *(cut for cut in cuts if cut < len(receipts))})
        for begin, end in pairwise(edges):
            book(tx, "a", *receipts[begin:end], time_zone=zone)
            book(tx, "a", *receipts[:end:3], time_zone=zone)  # some come twice
            if billed and begin == 0:
                invoice(tx, "a")
        calendar = zones.calendar(tx, "a")
        if calendar is None:
            assert not receipts
            return
        assert daily.differences(tx, "a", calendar) == []
        everything = daily.sums(tx, "a", date(2026, 1, 1), JANUARY)
        assert sum(one.receipts for one in everything) == len(receipts)
        assert sum(one.audio_ms for one in everything) == sum(int(str(one["audio_ms"])) for one in receipts)


def test_what_plans_measure() -> None:
    with memory("central") as tx:
        day = noon(date(2026, 11, 2))
        book(
            tx,
            "a",
            receipt(day, "turn", "catalogue", conversation="c1"),
            receipt(day, "turn", "anthropic", conversation="c1"),
            receipt(day + timedelta(days=1), "turn", "anthropic", conversation="c1"),
            receipt(day, "turn", "none", conversation="c2"),
            receipt(day, "turn", "catalogue", conversation="c3", pricing_type="sandbox"),
            receipt(day, input_tokens=1, output_tokens=20, cache_read_tokens=300, cache_write_tokens=4000),
            receipt(day, "message", "whatsapp", messages=1),
            receipt(day, "message", "sandbox", messages=1),
            receipt(day, "speech", "elevenlabs", audio_ms=1500, characters=9),
        )
        book(tx, "b", receipt(day, "message", "whatsapp", messages=1))
        assert daily.used(tx, "a", NOVEMBER, DECEMBER) == Used(conversations=2, messages=1, tokens=4321, audio_ms=1500)
        assert daily.used(tx, "a", NOVEMBER, date(2026, 11, 2)) == Used()
        assert daily.tenants(tx, NOVEMBER, DECEMBER) == ["a", "b"]
        assert daily.tenants(tx, DECEMBER, JANUARY) == []


def test_a_receipt_after_its_invoice_goes_to_the_next_month() -> None:
    with memory("central") as tx:
        late = receipt(noon(date(2026, 11, 30)), "message", "whatsapp", messages=1)
        book(tx, "a", receipt(noon(date(2026, 11, 30)), "message", "whatsapp", messages=1))
        invoice(tx, "a", "draft", DECEMBER)
        assert daily.billed_until(tx, "a") is None
        tx.run("UPDATE invoices SET state = 'open'")
        assert daily.billed_until(tx, "a") == DECEMBER
        book(tx, "a", late)
        assert daily.used(tx, "a", NOVEMBER, DECEMBER).messages == 1
        assert daily.used(tx, "a", DECEMBER, JANUARY).messages == 1


def test_a_tenant_whose_ledger_is_older_than_its_days() -> None:
    with memory("central") as tx:
        old = [receipt(noon(date(2026, 11, day)), messages=day) for day in (1, 2, 2)]
        ledger.append(tx, "a", "epoch", old)
        calendar = daily.calendar(tx, "a", SAO_PAULO)
        assert daily.differences(tx, "a", calendar) == []
        assert [(one.day.day, one.messages) for one in daily.sums(tx, "a", NOVEMBER, DECEMBER)] == [(1, 1), (2, 4)]


def test_a_difference_is_named() -> None:
    with memory("central") as tx:
        book(tx, "a", receipt(noon(NOVEMBER), model="mini", input_tokens=5))
        tx.run("UPDATE daily SET input_tokens = 6")
        [found] = daily.differences(tx, "a", daily.calendar(tx, "a", SAO_PAULO))
        assert (found.day, found.kind, found.provider, found.model) == (NOVEMBER, "tokens", "anthropic", "mini")
        assert (found.summed[1], found.in_ledger[1]) == (6, 5)


@pytest.mark.parametrize("sql", ["UPDATE ledger SET input_tokens = 0", "DELETE FROM ledger"])
def test_the_ledger_is_append_only(sql: str) -> None:
    with memory("central") as tx:
        book(tx, "a", receipt(noon(NOVEMBER)))
        with pytest.raises(apsw.ConstraintError, match="append only"):
            tx.run(sql)
