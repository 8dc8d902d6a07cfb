"""Totals equal the sum of the lines, whatever was sold, used and changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.billing import invoicing
from daemon.billing.invoice import lines
from daemon.billing.invoicing import Terms
from daemon.billing.periods import Period
from daemon.billing.proration import Segment
from shards.central import daily, invoices, plans, subscriptions, zones
from shards.central.daily import Used
from shards.central.plans import METERS, MeterTerms, PlanVersion
from shards.shard import Tx
from tests.support.files import memory
from tests.support.ledgers import book, receipt, tenant

NOVEMBER = Period(date(2026, 11, 1))
NOW = datetime(2027, 1, 20, tzinfo=UTC)
PLAN = PlanVersion(
    id="a",
    version=1,
    name="Essencial",
    monthly_centavos=29_900,
    meters={
        "conversations": MeterTerms(included=100, price="0.35"),
        "tokens": MeterTerms(included=1_000_000, price="0.02", per=1_000),
    },
    created_at=NOW,
)
WHOLE = Segment(first=NOVEMBER.first, end=NOVEMBER.end, plan="a", version=1, trial=False)


def used(**given: int) -> Callable[[Segment], Used]:
    return lambda _: Used(**given)


def test_a_whole_month() -> None:
    found = lines(NOVEMBER, (WHOLE,), {("a", 1): PLAN}, used(conversations=103, messages=900, tokens=1_000_001))
    assert [(one.kind, one.text, one.quantity, one.price, one.per, one.amount_centavos) for one in found] == [
        ("fee", "Mensalidade do plano Essencial", 1, "299.00", 1, 29_900),
        ("conversations", "Conversas além de 100 incluídas (103 no total)", 3, "0.35", 1, 105),
        ("tokens", "Tokens de IA além de 1.000.000 incluídos (1.000.001 no total)", 1, "0.02", 1_000, 0),
    ]


def test_a_part_of_one_and_a_trial() -> None:
    trial = evolve(WHOLE, end=date(2026, 11, 8), trial=True)
    rest = evolve(WHOLE, first=date(2026, 11, 8), end=date(2026, 11, 9))
    found = lines(NOVEMBER, (trial, rest), {("a", 1): PLAN}, used(conversations=5))
    assert [(one.text, one.quantity, one.price, one.per, one.amount_centavos) for one in found] == [
        ("Período de teste do plano Essencial, 01/11 a 07/11", 7, "0", 1, 0),
        ("Mensalidade do plano Essencial, 08/11 (1 de 30 dias)", 1, "299.00", 30, 997),
        ("Conversas além de 4 incluídas (5 no total), 08/11", 1, "0.35", 1, 35),
    ]


# Everything together, through the files

ZONES = ("America/Sao_Paulo", "America/Santiago", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia")
METER = st.builds(
    MeterTerms,
    included=st.integers(0, 50),
    price=st.sampled_from(("0", "0.005", "0.35", "0.0125", "1.999")),
    per=st.sampled_from((1, 3, 1_000)),
)
PLANS = st.lists(
    st.tuples(st.integers(0, 99_999), st.integers(0, 40), st.dictionaries(st.sampled_from(METERS), METER)),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(st.tuples(st.integers(0, 91), st.integers(-1, 2)), min_size=1, max_size=6)
USAGE = st.lists(
    st.tuples(
        st.integers(0, 92 * 24 * 60),
        st.sampled_from(("turn", "tokens", "message", "speech")),
        st.integers(0, 5_000),
        st.sampled_from(("c1", "c2")),
    ),
    max_size=60,
)
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)


@given(PLANS, STEPS, USAGE, st.lists(st.sampled_from(ZONES), min_size=1, max_size=2))
def test_any_mix_adds_up(
    sold: list[tuple[int, int, dict[str, MeterTerms]]],
    steps: list[tuple[int, int]],
    usage: list[tuple[int, str, int, str]],
    moved: list[str],
) -> None:
    with memory("central", datetime(2026, 10, 20, tzinfo=UTC)) as early:
        tenant(early)
        for zone in moved:  # a second one holds from November on
            daily.calendar(early, "auto-sul", zone)
        tx = Tx(early.connection, NOW)
        for number, (monthly, trial, meters) in enumerate(sold):
            plans.add(tx, f"p{number}", name="P", monthly_centavos=monthly, trial_days=trial, meters=meters)
        for offset, which in sorted(steps, key=lambda step: step[0]):
            day = date(2026, 10, 1) + timedelta(days=offset)
            if which >= 0:
                subscriptions.subscribe(tx, "auto-sul", f"p{which % len(sold)}", day)
            elif subscriptions.on(tx, "auto-sul", day):
                subscriptions.end(tx, "auto-sul", day)
        receipts = [_receipt(*one) for one in usage]
        book(tx, "auto-sul", *receipts, time_zone=moved[-1])
        _check(tx, receipts)


def _receipt(minute: int, kind: str, quantity: int, conversation: str) -> dict[str, Any]:
    name = {"tokens": "input_tokens", "message": "messages", "speech": "audio_ms"}.get(kind)
    amounts = {} if name is None else {name: quantity}
    return receipt(BEGIN + timedelta(minutes=minute), kind, conversation=conversation, **amounts)


def _check(tx: Tx, receipts: list[dict[str, Any]]) -> None:
    terms = Terms()
    due = invoicing.due(tx, terms)
    for one in due:
        invoicing.draw(tx, one.tenant, one.period, terms)
    assert invoicing.due(tx, terms) == []
    calendar = zones.calendar(tx, "auto-sul")
    assert calendar is not None
    assert daily.differences(tx, "auto-sul", calendar) == []
    bills = sorted(invoices.drafts(tx), key=lambda bill: bill.period)
    assert [bill.period for bill in bills] == [one.period.label for one in due]
    for before, after in pairwise(bills):
        assert before.end <= after.start
        assert (before.end == after.start) == (before.end_day == after.first_day)
    for bill in bills:
        found = invoices.lines(tx, bill.id)
        assert bill.total_centavos == sum(line.amount_centavos for line in found)
        for line in found:
            exact = Fraction(line.quantity) * Fraction(line.price) * 100 / line.per
            assert abs(exact - line.amount_centavos) <= Fraction(1, 2)
        messages = daily.used(tx, "auto-sul", bill.first_day, bill.end_day).messages
        inside = [one["messages"] for one in receipts if bill.start <= _at(one) < bill.end]
        assert messages == sum(inside)
        charged = sum(line.quantity for line in found if line.kind == "messages")
        assert charged <= messages


def _at(one: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(one["at"] / 1000, UTC)
