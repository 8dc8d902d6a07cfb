"""Money that comes in, and what it does to invoices, as functions of an open transaction of central."""

import re
from datetime import date, datetime
from typing import Final

from attrs import frozen

from daemon.billing.asaas import Notice, effect
from shards.central import invoices, payments
from shards.central.invoices import Invoice
from shards.errors import Conflict, Invalid
from shards.shard import Tx

ASAAS: Final = "asaas"
_NUMBER: Final = re.compile(r"(?:FATURA)?0*([1-9][0-9]{0,9})", re.ASCII)
_ID: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{26}", re.ASCII)


@frozen(kw_only=True)
class Taken:
    """What a notice led to: paid | reversed | nothing | seen | look (a person should see to it)."""

    outcome: str
    sentence: str = ""
    invoice: Invoice | None = None


def pay(
    tx: Tx,
    id_: str,
    amount_centavos: int | None,
    *,
    method: str,
    reference: str = "",
    paid_at: datetime | None = None,
    today: date,
) -> Invoice:
    """Note a payment (None: of all that is owed). Raises `NotFound`, `Conflict` (not owed, or noted before)."""
    invoice = invoices.get(tx, id_)
    if invoice.state not in ("open", "overdue", "paid"):
        raise Conflict(f"the invoice is {invoice.state}", "only an issued invoice is paid")
    amount = invoice.balance_centavos if amount_centavos is None else amount_centavos
    if amount <= 0:
        raise Conflict("nothing is owed of this invoice", "name the amount if more was paid")
    if payments.pay(tx, id_, amount, method=method, reference=reference, paid_at=paid_at) is None:
        raise Conflict(f"the payment {reference!r} was noted before", "each payment counts once")
    return balance(tx, id_, today)


def credit(tx: Tx, id_: str, amount_centavos: int, reason: str, *, today: date) -> Invoice:
    """Lower what is owed by a credit note. Raises `NotFound`, `Conflict`, `Invalid` beyond the invoice's total."""
    invoice = invoices.get(tx, id_)
    if invoice.state not in ("open", "overdue", "paid"):
        raise Conflict(f"the invoice is {invoice.state}", "credit notes are for issued invoices")
    if amount_centavos > invoice.total_centavos - invoice.credited_centavos:
        raise Invalid("that is more than the invoice has left", "credit its total at most", path="amount_centavos")
    payments.credit(tx, id_, amount_centavos, reason)
    return balance(tx, id_, today)


def void(tx: Tx, id_: str, reason: str) -> Invoice:
    """Take an invoice back that nobody paid. Raises `NotFound`, `Conflict`."""
    invoice = invoices.get(tx, id_)
    if invoice.state not in ("draft", "open", "overdue"):
        raise Conflict(f"the invoice is {invoice.state}", "give a credit note instead")
    if invoice.paid_centavos:
        raise Conflict("a part of the invoice is paid", "give a credit note instead")
    invoices.set_state(tx, id_, "void", reason)
    return invoices.get(tx, id_)


def balance(tx: Tx, id_: str, today: date) -> Invoice:
    """Bring an issued invoice's state in line with what is owed of it."""
    invoice = invoices.get(tx, id_)
    if invoice.balance_centavos <= 0 and invoice.state in ("open", "overdue"):
        invoices.set_state(tx, id_, "paid")
    elif invoice.balance_centavos > 0 and invoice.state == "paid":
        late = invoice.due_day is not None and invoice.due_day < today
        invoices.set_state(tx, id_, "overdue" if late else "open", "a payment was taken back")
    return invoices.get(tx, id_)


def take(tx: Tx, notice: Notice, today: date) -> Taken:
    """Take a notice of Asaas over, once however often it comes."""
    if payments.seen(tx, notice.id):
        return Taken(outcome="seen")
    taken = _take(tx, notice, today)
    payments.see(tx, notice.id, notice.event, notice.payment, taken.outcome)
    return taken


def _take(tx: Tx, notice: Notice, today: date) -> Taken:
    wanted = effect(notice)
    if wanted == "pay":
        return _paid(tx, notice, today)
    if wanted == "reverse":
        return _reversed(tx, notice, today)
    if wanted == "look":
        return Taken(outcome="look", sentence=f"{notice.event} of payment {notice.payment}: see to it at Asaas")
    return Taken(outcome="nothing")


def _paid(tx: Tx, notice: Notice, today: date) -> Taken:
    invoice = _named(tx, notice.reference) or _named(tx, notice.description)
    if invoice is None or invoice.state not in ("open", "overdue", "paid"):
        what = "names no invoice" if invoice is None else f"is for an invoice that is {invoice.state}"
        return Taken(
            outcome="look",
            sentence=f"payment {notice.payment} of {notice.value_centavos} centavos {what}: note it by hand",
        )
    if payments.pay(tx, invoice.id, notice.value_centavos, method=ASAAS, reference=notice.payment) is None:
        return Taken(outcome="nothing", invoice=invoice)  # confirmed first, received now
    return Taken(outcome="paid", invoice=balance(tx, invoice.id, today))


def _reversed(tx: Tx, notice: Notice, today: date) -> Taken:
    known = payments.find(tx, ASAAS, notice.payment)
    if known is None:
        return Taken(outcome="look", sentence=f"payment {notice.payment} was taken back, and was never noted")
    id_, amount = known
    if payments.pay(tx, id_, -amount, method=ASAAS, reference=f"{notice.payment}:{notice.event}") is None:
        return Taken(outcome="nothing")
    return Taken(outcome="reversed", invoice=balance(tx, id_, today))


def _named(tx: Tx, text: str) -> Invoice | None:
    """The invoice that a charge names by its id, its number or its txid."""
    if _ID.fullmatch(text):
        return invoices.find(tx, text)
    number = _NUMBER.fullmatch(text)
    return invoices.by_number(tx, int(number[1])) if number else None
