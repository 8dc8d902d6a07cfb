from datetime import date, timedelta

import pytest
from attrs import evolve

from daemon.billing.dunning import STAGES, DunningRules, decide
from shards.central import invoices
from shards.central.invoices import Invoice
from tests.shards.central.test_invoices import issued
from tests.support.files import memory

RULES = DunningRules(remind_days=1, human_days=10, suspend_days=30)
DUE = date(2026, 12, 12)


@pytest.fixture
def invoice() -> Invoice:
    with memory("central") as tx:
        return invoices.get(tx, issued(tx))


@pytest.mark.parametrize(
    ("late", "stage"),
    [
        (-5, "current"),
        (0, "current"),
        (1, "reminded"),
        (9, "reminded"),
        (10, "human_only"),
        (29, "human_only"),
        (30, "suspended"),
        (999, "suspended"),
    ],
)
def test_stages(invoice: Invoice, late: int, stage: str) -> None:
    found = decide(DUE + timedelta(days=late), [invoice], RULES)
    assert found.stage == stage
    assert stage in STAGES
    days = "1 day" if late == 1 else f"{late} days"
    assert found.reason == ("" if stage == "current" else f"invoice 1 for 2026-11 is {days} overdue")


def test_the_oldest_decides_and_what_is_paid_does_not(invoice: Invoice) -> None:
    newer = evolve(invoice, id="newer", due_day=DUE + timedelta(days=30))
    paid = evolve(invoice, id="paid", due_day=DUE - timedelta(days=90), paid_centavos=invoice.total_centavos)
    found = decide(DUE + timedelta(days=31), [newer, paid, invoice], RULES)
    assert (found.stage, found.invoice) == ("suspended", invoice.id)
    assert decide(DUE + timedelta(days=999), [paid], RULES).stage == "current"
    assert decide(DUE, [], RULES).stage == "current"


def test_nothing_happens_before_a_day_is_over(invoice: Invoice) -> None:
    assert decide(DUE, [invoice], DunningRules(remind_days=0, human_days=0, suspend_days=0)).stage == "current"
