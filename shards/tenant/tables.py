"""Read models that are tables: leads, appointments, usage. Nothing here writes."""

from datetime import datetime
from typing import Any, Final

from attrs import frozen

from shards.shard import Row, Tx
from shards.tenant.views import cursor_number, maybe_time_of, time_of


@frozen(kw_only=True)
class LeadView:
    """What a customer is after."""

    id: str
    contact_id: str
    contact_name: str
    contact_phone: str
    conversation_id: str
    interest: str
    vehicle_id: str | None
    trade_in: str
    budget_centavos: int | None
    source: str
    created_at: datetime
    changed_at: datetime


@frozen(kw_only=True)
class AppointmentView:
    """A visit: with a time, or a wish for a person to confirm."""

    id: str
    contact_id: str
    contact_name: str
    contact_phone: str
    conversation_id: str
    vehicle_id: str | None
    starts_at: datetime | None
    wish: str
    state: str
    created_at: datetime


@frozen(kw_only=True)
class UsageLine:
    """What was consumed, summed over receipts of one kind."""

    kind: str
    provider: str
    model: str
    pricing_category: str
    pricing_type: str
    receipts: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    characters: int
    audio_ms: int
    messages: int


# Leads and appointments

_PERSON: Final = "k.id, k.name, k.dial_phone, c.id"
_OF_PERSON: Final = "JOIN contacts AS k ON k.seq = x.contact JOIN conversations AS c ON c.seq = x.conversation"
_LEAD: Final = (
    f"SELECT x.seq, x.id, {_PERSON}, x.interest, x.vehicle, x.trade_in, x.budget_centavos, x.source,"
    f" x.created_at, x.changed_at FROM leads AS x {_OF_PERSON}"
)
_APPOINTMENT: Final = (
    f"SELECT x.seq, x.id, {_PERSON}, x.vehicle, x.starts_at, x.wish, x.state, x.created_at"
    f" FROM appointments AS x {_OF_PERSON}"
)


def leads(tx: Tx, *, contact_id: str = "", after: str = "", limit: int = 100) -> tuple[list[LeadView], str | None]:
    """A page, newest first, of all or of one contact."""
    rows, more = _of_persons(tx, _LEAD, contact_id, after, limit)
    return [
        LeadView(
            id=id_,
            contact_id=contact_,
            contact_name=name,
            contact_phone=phone,
            conversation_id=conversation_,
            interest=interest,
            vehicle_id=vehicle,
            trade_in=trade_in,
            budget_centavos=budget,
            source=source,
            created_at=time_of(created),
            changed_at=time_of(changed),
        )
        for (
            _,
            id_,
            contact_,
            name,
            phone,
            conversation_,
            interest,
            vehicle,
            trade_in,
            budget,
            source,
            created,
            changed,
        ) in rows
    ], more


def appointments(
    tx: Tx, *, contact_id: str = "", after: str = "", limit: int = 100
) -> tuple[list[AppointmentView], str | None]:
    """A page, newest first, of all or of one contact."""
    rows, more = _of_persons(tx, _APPOINTMENT, contact_id, after, limit)
    return [
        AppointmentView(
            id=id_,
            contact_id=contact_,
            contact_name=name,
            contact_phone=phone,
            conversation_id=conversation_,
            vehicle_id=vehicle,
            starts_at=maybe_time_of(starts),
            wish=wish,
            state=state,
            created_at=time_of(created),
        )
        for _, id_, contact_, name, phone, conversation_, vehicle, starts, wish, state, created in rows
    ], more


def _of_persons(tx: Tx, select: str, contact_id: str, after: str, limit: int) -> tuple[list[Row], str | None]:
    where, values = ["1"], list[Any]()
    if (cursor := cursor_number(after)) is not None:
        where.append("x.seq < ?")
        values.append(cursor)
    if contact_id:
        where.append("k.id = ?")
        values.append(contact_id)
    rows = list(tx.rows(f"{select} WHERE {' AND '.join(where)} ORDER BY x.seq DESC LIMIT ?", (*values, limit + 1)))
    return rows[:limit], str(rows[limit - 1][0]) if len(rows) > limit else None


# Usage


def usage(tx: Tx, *, start: datetime, end: datetime, conversation_id: str = "") -> list[UsageLine]:
    """What was consumed from `start` (included) to `end` (not), of all or of one conversation."""
    only = " AND conversation = ?" if conversation_id else ""
    values = [int(start.timestamp() * 1000), int(end.timestamp() * 1000)]
    return [
        UsageLine(
            kind=row[0],
            provider=row[1],
            model=row[2],
            pricing_category=row[3],
            pricing_type=row[4],
            receipts=row[5],
            input_tokens=row[6],
            output_tokens=row[7],
            cache_read_tokens=row[8],
            cache_write_tokens=row[9],
            characters=row[10],
            audio_ms=row[11],
            messages=row[12],
        )
        for row in tx.rows(
            "SELECT kind, provider, model, pricing_category, pricing_type, count(*), sum(input_tokens),"
            " sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(characters),"
            f" sum(audio_ms), sum(messages) FROM usage WHERE at >= ? AND at < ?{only}"
            " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
            [*values, conversation_id] if conversation_id else values,
        )
    ]
