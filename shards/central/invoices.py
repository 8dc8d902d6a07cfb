"""Invoices: one for a tenant and month, redrawn while a draft, never changed once issued (triggers see to it)."""

from datetime import UTC, date, datetime
from typing import Any, Final

from attrs import frozen

from shards.errors import Conflict, NotFound
from shards.ids import new_id
from shards.shard import Tx

STATES: Final = ("draft", "open", "paid", "overdue", "void")


@frozen(kw_only=True)
class InvoiceLine:
    """quantity × price ÷ per, rounded half-even once to `amount_centavos`."""

    kind: str  # fee | trial | conversations | messages | tokens | voice_seconds
    text: str  # pt-BR, as the dealer reads it
    quantity: int
    price: str  # reais for `per`, an exact decimal
    per: int
    amount_centavos: int


@frozen(kw_only=True)
class Draft:
    """What an invoice is drawn from."""

    tenant: str
    period: str  # YYYY-MM
    first_day: date
    end_day: date  # not included
    start: datetime
    end: datetime
    time_zone: str
    tenant_name: str
    lines: tuple[InvoiceLine, ...]

    @property
    def total_centavos(self) -> int:
        """The sum of the lines, and nothing else."""
        return sum(line.amount_centavos for line in self.lines)


@frozen(kw_only=True)
class Invoice:
    """An invoice with what was paid and credited so far."""

    id: str
    tenant: str
    period: str
    first_day: date
    end_day: date
    start: datetime
    end: datetime
    time_zone: str
    state: str
    state_reason: str
    number: int | None
    tenant_name: str
    issuer: str
    total_centavos: int
    paid_centavos: int
    credited_centavos: int
    drawn_at: datetime
    issued_at: datetime | None
    due_day: date | None
    txid: str | None
    pix: str | None

    @property
    def balance_centavos(self) -> int:
        """What is still owed; below zero: paid too much."""
        return self.total_centavos - self.credited_centavos - self.paid_centavos


_COLUMNS: Final = (
    "id, tenant, period, first_day, end_day, start_at, end_at, time_zone, state, state_reason, number, tenant_name,"
    " issuer, total_centavos,"
    " (SELECT coalesce(sum(amount_centavos), 0) FROM payments WHERE invoice = invoices.id),"
    " (SELECT coalesce(sum(amount_centavos), 0) FROM credit_notes WHERE invoice = invoices.id),"
    " drawn_at, issued_at, due_day, txid, pix"
)


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _invoice(row: tuple[Any, ...]) -> Invoice:
    return Invoice(
        id=row[0],
        tenant=row[1],
        period=row[2],
        first_day=date.fromisoformat(row[3]),
        end_day=date.fromisoformat(row[4]),
        start=_at(row[5]),
        end=_at(row[6]),
        time_zone=row[7],
        state=row[8],
        state_reason=row[9],
        number=row[10],
        tenant_name=row[11],
        issuer=row[12],
        total_centavos=row[13],
        paid_centavos=row[14],
        credited_centavos=row[15],
        drawn_at=_at(row[16]),
        issued_at=None if row[17] is None else _at(row[17]),
        due_day=None if row[18] is None else date.fromisoformat(row[18]),
        txid=row[19],
        pix=row[20],
    )


def draw(tx: Tx, draft: Draft) -> str:
    """Write a draft, or write the tenant's draft of that month anew; its id. Raises `Conflict` if it is issued."""
    known = tx.row(
        "SELECT id, state FROM invoices WHERE tenant = ? AND period = ? AND state <> 'void'",
        (draft.tenant, draft.period),
    )
    if known is None:
        id_ = new_id(tx.now_ms)
        tx.run(
            "INSERT INTO invoices (id, tenant, period, first_day, end_day, start_at, end_at, time_zone, state,"
            " state_at, tenant_name, total_centavos, drawn_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'draft', ?, ?, ?, ?)",
            (id_, draft.tenant, draft.period, *_days(draft), tx.now_ms, *_drawn(tx, draft)),
        )
    else:
        id_, state = known
        if state != "draft":
            raise Conflict(
                f"the invoice of {draft.tenant!r} for {draft.period} is issued",
                "void it first, or give a credit note",
            )
        tx.run("DELETE FROM invoice_lines WHERE invoice = ?", (id_,))
        tx.run(
            "UPDATE invoices SET first_day = ?, end_day = ?, start_at = ?, end_at = ?, time_zone = ?, tenant_name = ?,"
            " total_centavos = ?, drawn_at = ? WHERE id = ?",
            (*_days(draft), *_drawn(tx, draft), id_),
        )
    tx.connection.executemany(
        "INSERT INTO invoice_lines (invoice, position, kind, text, quantity, price, per, amount_centavos)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (id_, position, line.kind, line.text, line.quantity, line.price, line.per, line.amount_centavos)
            for position, line in enumerate(draft.lines, start=1)
        ),
    )
    return id_


def _days(draft: Draft) -> tuple[Any, ...]:
    return (
        draft.first_day.isoformat(),
        draft.end_day.isoformat(),
        int(draft.start.timestamp() * 1000),
        int(draft.end.timestamp() * 1000),
        draft.time_zone,
    )


def _drawn(tx: Tx, draft: Draft) -> tuple[Any, ...]:
    return draft.tenant_name, draft.total_centavos, tx.now_ms


def next_number(tx: Tx) -> int:
    """The number of the invoice that is issued next; numbers have no gaps."""
    number: int = tx.value("SELECT coalesce(max(number), 0) + 1 FROM invoices")
    return number


def issue(tx: Tx, id_: str, *, number: int, due_day: date, txid: str, pix: str, issuer: str) -> None:
    """Freeze a draft and make it owed. Raises `Conflict` for anything but a draft."""
    if not tx.run(
        "UPDATE invoices SET state = 'open', state_at = ?, number = ?, issued_at = ?, due_day = ?, txid = ?, pix = ?,"
        " issuer = ? WHERE id = ? AND state = 'draft'",
        (tx.now_ms, number, tx.now_ms, due_day.isoformat(), txid, pix, issuer, id_),
    ):
        raise Conflict("the invoice is no draft", "it was issued, or voided, before")


def set_state(tx: Tx, id_: str, state: str, reason: str = "") -> None:
    """Move an invoice on; a way that states do not go is refused by the file itself."""
    tx.run(
        "UPDATE invoices SET state = ?, state_at = ?, state_reason = ? WHERE id = ?", (state, tx.now_ms, reason, id_)
    )


def get(tx: Tx, id_: str) -> Invoice:
    """One invoice. Raises `NotFound`."""
    found = find(tx, id_)
    if found is None:
        raise NotFound(f"there is no invoice {id_!r}", "list the invoices to find the id")
    return found


def find(tx: Tx, id_: str) -> Invoice | None:
    """One invoice, if there is one."""
    row = tx.row(f"SELECT {_COLUMNS} FROM invoices WHERE id = ?", (id_,))
    return None if row is None else _invoice(row)


def by_number(tx: Tx, number: int) -> Invoice | None:
    """The invoice with this number."""
    row = tx.row(f"SELECT {_COLUMNS} FROM invoices WHERE number = ?", (number,))
    return None if row is None else _invoice(row)


def lines(tx: Tx, id_: str) -> tuple[InvoiceLine, ...]:
    """The lines of an invoice in order."""
    names = ("kind", "text", "quantity", "price", "per", "amount_centavos")
    rows = tx.rows(f"SELECT {', '.join(names)} FROM invoice_lines WHERE invoice = ? ORDER BY position", (id_,))
    return tuple(InvoiceLine(**dict(zip(names, row, strict=True))) for row in rows)


def periods(tx: Tx, tenant: str) -> dict[str, str]:
    """The months that were billed to a tenant, or begun to be; void where nothing but void ones is left."""
    rows = tx.rows("SELECT period, state FROM invoices WHERE tenant = ? ORDER BY state <> 'void', drawn_at", (tenant,))
    return {row[0]: row[1] for row in rows}


def drafts(tx: Tx) -> list[Invoice]:
    """All drafts, the oldest month first."""
    return _all(tx, "state = 'draft' ORDER BY end_at, tenant, id")


def unpaid(tx: Tx) -> list[Invoice]:
    """All that are open or overdue, the one due first before the others."""
    return _all(tx, "state IN ('open', 'overdue') ORDER BY due_day, id")


def _all(tx: Tx, where: str) -> list[Invoice]:
    return [_invoice(row) for row in tx.rows(f"SELECT {_COLUMNS} FROM invoices WHERE {where}")]


def page(
    tx: Tx, *, tenant: str = "", state: str = "", period: str = "", after: str = "", limit: int = 100
) -> list[Invoice]:
    """Invoices, newest first by id, older than the invoice `after`."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM invoices WHERE (?1 = '' OR tenant = ?1) AND (?2 = '' OR state = ?2)"
        " AND (?3 = '' OR period = ?3) AND (?4 = '' OR id < ?4) ORDER BY id DESC LIMIT ?5",
        (tenant, state, period, after, limit),
    )
    return [_invoice(row) for row in rows]


def billed(tx: Tx, period: str) -> dict[str, tuple[int, int]]:
    """By tenant what was invoiced for a month and what of it was credited; drafts and void ones left out."""
    rows = tx.rows(
        "SELECT tenant, total_centavos,"
        " (SELECT coalesce(sum(amount_centavos), 0) FROM credit_notes WHERE invoice = invoices.id)"
        " FROM invoices WHERE period = ? AND state IN ('open', 'paid', 'overdue')",
        (period,),
    )
    return {tenant: (total, credited) for tenant, total, credited in rows}
