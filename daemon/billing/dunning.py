"""Reminding, from the day an invoice was due: a table of stages. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from attrs import frozen

from shards.central.invoices import Invoice

STAGES: Final = ("current", "reminded", "human_only", "suspended")
"""In this order; nothing is ever deleted."""


@frozen(kw_only=True)
class DunningRules:
    """After how many days past the due day each stage begins."""

    remind_days: int = 1
    human_days: int = 10
    suspend_days: int = 30


@frozen(kw_only=True)
class Decision:
    """Where a tenant stands, and why in a sentence ("" for `current`)."""

    stage: str
    invoice: str = ""
    reason: str = ""


def decide(today: date, unpaid: Sequence[Invoice], rules: DunningRules) -> Decision:
    """The stage that the invoice longest overdue leads to; paid means `current` again at once."""
    due = [invoice for invoice in unpaid if invoice.due_day is not None and invoice.balance_centavos > 0]
    oldest = min(due, key=lambda invoice: (invoice.due_day or today, invoice.id), default=None)
    if oldest is None or oldest.due_day is None:
        return Decision(stage="current")
    late = (today - oldest.due_day).days
    reached = (
        ("suspended", rules.suspend_days),
        ("human_only", rules.human_days),
        ("reminded", rules.remind_days),
    )
    stage = next((stage for stage, days in reached if late >= max(days, 1)), "current")
    if stage == "current":
        return Decision(stage="current")
    days = "1 day" if late == 1 else f"{late} days"
    return Decision(
        stage=stage, invoice=oldest.id, reason=f"invoice {oldest.number} for {oldest.period} is {days} overdue"
    )
