"""Payments, credit notes and the bank's notices: append only, each once."""

from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from shards.ids import new_id
from shards.shard import Tx


@frozen(kw_only=True)
class Payment:
    """Money for an invoice; below zero: a payment that was taken back."""

    id: str
    invoice: str
    amount_centavos: int
    method: str  # pix | asaas | …
    reference: str  # the payment's id where it was made, "" if none
    paid_at: datetime


@frozen(kw_only=True)
class CreditNote:
    """What an issued invoice was lowered by, and why."""

    id: str
    invoice: str
    amount_centavos: int
    reason: str
    at: datetime


def pay(
    tx: Tx, invoice: str, amount_centavos: int, *, method: str, reference: str = "", paid_at: datetime | None = None
) -> Payment | None:
    """Note a payment; None if it was noted before (same method and reference)."""
    paid = paid_at or tx.now
    id_ = new_id(tx.now_ms)
    done = tx.run(
        "INSERT INTO payments (id, invoice, amount_centavos, method, reference, paid_at, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (method, reference) WHERE reference <> '' DO NOTHING",
        (id_, invoice, amount_centavos, method, reference, int(paid.timestamp() * 1000), tx.now_ms),
    )
    return next(one for one in of(tx, invoice) if one.id == id_) if done else None


def find(tx: Tx, method: str, reference: str) -> tuple[str, int] | None:
    """The invoice and amount of a payment by its id where it was made."""
    row = tx.row(
        "SELECT invoice, amount_centavos FROM payments WHERE method = ? AND reference = ?", (method, reference)
    )
    return None if row is None else (row[0], row[1])


def of(tx: Tx, invoice: str) -> list[Payment]:
    """The payments of an invoice in the order they were noted."""
    rows = tx.rows(
        "SELECT id, invoice, amount_centavos, method, reference, paid_at FROM payments WHERE invoice = ?"
        " ORDER BY at, id",
        (invoice,),
    )
    return [
        Payment(id=r[0], invoice=r[1], amount_centavos=r[2], method=r[3], reference=r[4], paid_at=_at(r[5]))
        for r in rows
    ]


def credit(tx: Tx, invoice: str, amount_centavos: int, reason: str) -> CreditNote:
    """Lower what is owed of an invoice."""
    id_ = new_id(tx.now_ms)
    tx.run(
        "INSERT INTO credit_notes (id, invoice, amount_centavos, reason, at) VALUES (?, ?, ?, ?, ?)",
        (id_, invoice, amount_centavos, reason, tx.now_ms),
    )
    return CreditNote(id=id_, invoice=invoice, amount_centavos=amount_centavos, reason=reason, at=_at(tx.now_ms))


def credits(tx: Tx, invoice: str) -> list[CreditNote]:  # noqa: A001 - the word for them
    """The credit notes of an invoice in order."""
    rows = tx.rows(
        "SELECT id, invoice, amount_centavos, reason, at FROM credit_notes WHERE invoice = ? ORDER BY at, id",
        (invoice,),
    )
    return [CreditNote(id=r[0], invoice=r[1], amount_centavos=r[2], reason=r[3], at=_at(r[4])) for r in rows]


_SEEN: Final = "SELECT 1 FROM asaas_events WHERE id = ?"


def seen(tx: Tx, event_id: str) -> bool:
    """Whether this notice was taken over before."""
    return tx.value(_SEEN, (event_id,)) is not None


def see(tx: Tx, event_id: str, event: str, payment: str, outcome: str) -> None:
    """Note a notice, with what came of it."""
    tx.run(
        "INSERT INTO asaas_events (id, event, payment, outcome, at) VALUES (?, ?, ?, ?, ?)",
        (event_id, event, payment, outcome, tx.now_ms),
    )


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
