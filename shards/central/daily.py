"""The ledger summed by day: written in the same transaction as its rows, so the two never differ."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from shards.central import zones
from shards.days import Calendar, DayFinder, in_ms
from shards.shard import Tx

KEY: Final = ("kind", "provider", "model", "pricing_category", "pricing_type")
QUANTITIES: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "characters",
    "audio_ms",
    "messages",
)
_SUMS: Final = ("receipts", *QUANTITIES)
_ADD: Final = (
    f"INSERT INTO daily (tenant, day, {', '.join(KEY)}, {', '.join(_SUMS)})"
    f" VALUES ({', '.join('?' * (2 + len(KEY) + len(_SUMS)))})"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in _SUMS)}"
)
_KEPT: Final = f"{', '.join(KEY)}, {', '.join(_SUMS)}"

TRIED_OUT: Final = "sandbox"
"""Messages of this provider, and turns of this pricing type, never left the server and are not charged."""


NOBODY: Final = "none"
"""The provider of turns in which the assistant had no answer: they are not charged as conversations."""


@frozen(kw_only=True)
class DaySum:
    """What a tenant used on one day, of one kind."""

    day: date
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


@frozen(kw_only=True)
class Used:
    """What plans measure, over some days. A conversation counts once a day."""

    conversations: int = 0
    messages: int = 0
    tokens: int = 0  # in, out, read from and written to the cache
    audio_ms: int = 0


@frozen
class Difference:
    """A day on which the sums are not those of the ledger."""

    day: date
    kind: str
    provider: str
    model: str
    summed: tuple[int, ...]
    in_ledger: tuple[int, ...]


def add(tx: Tx, tenant: str, calendar: Calendar, receipts: Iterable[Mapping[str, Any]]) -> None:
    """Sum receipts that were new to the ledger. What comes after its month was billed goes to the next one."""
    closed = billed_until(tx, tenant)
    day_of = DayFinder(calendar)
    sums: dict[tuple[Any, ...], list[int]] = {}
    answered: set[tuple[str, str, str]] = set()
    for receipt in receipts:
        day = day_of(receipt["at"])
        if closed is not None and day < closed:
            day = closed
            tx.run(
                "INSERT INTO ledger_late (event_id, tenant, day) VALUES (?, ?, ?)",
                (receipt["event_id"], tenant, day.isoformat()),
            )
        key = (tenant, day.isoformat(), *(receipt[name] for name in KEY))
        sum_ = sums.setdefault(key, [0] * len(_SUMS))
        sum_[0] += 1
        for index, name in enumerate(QUANTITIES, start=1):
            sum_[index] += receipt[name]
        charged = receipt["provider"] != NOBODY and receipt["pricing_type"] != TRIED_OUT
        if receipt["kind"] == "turn" and charged and receipt["conversation"]:
            answered.add((tenant, day.isoformat(), receipt["conversation"]))
    tx.connection.executemany(_ADD, ((*key, *sum_) for key, sum_ in sums.items()))
    tx.connection.executemany(
        "INSERT INTO daily_conversations (tenant, day, conversation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", answered
    )


def calendar(tx: Tx, tenant: str, time_zone: str) -> Calendar:
    """The tenant's days, with its present zone noted; what the ledger had before they were known is summed now."""
    known, first_time = zones.keep(tx, tenant, time_zone)
    if first_time:
        _build(tx, tenant, known)
    return known


def _build(tx: Tx, tenant: str, calendar: Calendar) -> None:
    names = ("event_id", "at", "conversation", *KEY, *QUANTITIES)
    rows = tx.rows(f"SELECT {', '.join(names)} FROM ledger WHERE tenant = ? ORDER BY at", (tenant,))
    add(tx, tenant, calendar, (dict(zip(names, row, strict=True)) for row in rows))


def billed_until(tx: Tx, tenant: str) -> date | None:
    """The first day that no issued invoice covers; None before the first one."""
    found = tx.value("SELECT max(end_day) FROM invoices WHERE tenant = ? AND state <> 'draft'", (tenant,))
    return None if found is None else date.fromisoformat(found)


def used(tx: Tx, tenant: str, first: date, end: date) -> Used:
    """What plans measure, from `first` to the day before `end`."""
    days = (tenant, first.isoformat(), end.isoformat())
    conversations = tx.value("SELECT count(*) FROM daily_conversations WHERE tenant = ? AND day >= ? AND day < ?", days)
    row = tx.row(
        f"SELECT coalesce(sum(iif(provider = '{TRIED_OUT}', 0, messages)), 0),"
        " coalesce(sum(input_tokens + output_tokens + cache_read_tokens + cache_write_tokens), 0),"
        " coalesce(sum(audio_ms), 0) FROM daily WHERE tenant = ? AND day >= ? AND day < ?",
        days,
    )
    assert row is not None
    return Used(conversations=conversations, messages=row[0], tokens=row[1], audio_ms=row[2])


def tenants(tx: Tx, first: date, end: date) -> list[str]:
    """Who used anything, from `first` to the day before `end`."""
    sql = (
        "SELECT tenant FROM (SELECT DISTINCT tenant FROM billing_zones) AS known WHERE EXISTS"
        " (SELECT 1 FROM daily WHERE daily.tenant = known.tenant AND day >= ? AND day < ?) ORDER BY tenant"
    )
    return [tenant for (tenant,) in tx.rows(sql, (first.isoformat(), end.isoformat()))]


def sums(tx: Tx, tenant: str, first: date, end: date) -> list[DaySum]:
    """The rows themselves, by day."""
    rows = tx.rows(
        f"SELECT day, {_KEPT} FROM daily WHERE tenant = ? AND day >= ? AND day < ? ORDER BY day, {', '.join(KEY)}",
        (tenant, first.isoformat(), end.isoformat()),
    )
    names = ("kind", "provider", "model", "pricing_category", "pricing_type", *_SUMS)
    return [DaySum(day=date.fromisoformat(row[0]), **dict(zip(names, row[1:], strict=True))) for row in rows]


def differences(tx: Tx, tenant: str, calendar: Calendar) -> list[Difference]:
    """Every day whose sums are not those of the ledger: none, unless somebody else wrote to the file."""
    bounds = tx.row("SELECT min(at), max(at) FROM ledger WHERE tenant = ?", (tenant,))
    days = {date.fromisoformat(day) for (day,) in tx.rows("SELECT DISTINCT day FROM daily WHERE tenant = ?", (tenant,))}
    if bounds is not None and bounds[0] is not None:
        finder = DayFinder(calendar)
        first, last = finder(bounds[0]), finder(bounds[1])
        days |= {first + timedelta(days=number) for number in range((last - first).days + 1)}
    return [difference for day in sorted(days) for difference in _on(tx, tenant, calendar, day)]


def _on(tx: Tx, tenant: str, calendar: Calendar, day: date) -> list[Difference]:
    sums_ = ", ".join(("count(*)", *(f"sum({name})" for name in QUANTITIES)))
    counted = _keyed(tx.rows(f"SELECT {_KEPT} FROM daily WHERE tenant = ? AND day = ?", (tenant, day.isoformat())))
    real = _keyed(
        tx.rows(
            f"SELECT {', '.join(KEY)}, {sums_} FROM (SELECT * FROM ledger WHERE tenant = ?1 AND at >= ?2 AND at < ?3"
            " AND event_id NOT IN (SELECT event_id FROM ledger_late WHERE tenant = ?1)"
            " UNION ALL SELECT ledger.* FROM ledger_late JOIN ledger USING (event_id)"
            f" WHERE ledger_late.tenant = ?1 AND day = ?4) GROUP BY {', '.join(KEY)}",
            (tenant, *_bounds(calendar, day), day.isoformat()),
        )
    )
    zero = (0,) * len(_SUMS)
    return [
        Difference(day, key[0], key[1], key[2], counted.get(key, zero), real.get(key, zero))
        for key in sorted({*counted, *real})
        if counted.get(key, zero) != real.get(key, zero)
    ]


def _keyed(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    return {row[: len(KEY)]: row[len(KEY) :] for row in rows}


def _bounds(calendar: Calendar, day: date) -> tuple[int, int]:
    begin: datetime = calendar.start(day)
    return in_ms(begin), in_ms(calendar.start(day + timedelta(days=1)))
