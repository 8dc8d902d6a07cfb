"""Leads and appointments, as JSON or as a table for a spreadsheet."""

import csv
import io
from collections.abc import Callable
from typing import Any, Final

import attrs

from daemon.control.call import Answer, Call, Route, listed, plain, shown
from daemon.control.queries import TableQuery
from daemon.control.shapes import AppointmentOut, LeadOut
from shards.shard import Tx
from shards.tenant import tables

CSV: Final = "text/csv; charset=utf-8"
_PAGE: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

_Page = Callable[..., tuple[list[Any], str | None]]


async def leads(call: Call) -> Answer:
    return await _table(call, tables.leads, LeadOut, "leads")


async def appointments(call: Call) -> Answer:
    return await _table(call, tables.appointments, AppointmentOut, "appointments")


async def _table(call: Call, page: _Page, kind: type[Any], name: str) -> Answer:
    query: TableQuery = call.query
    if not wants_csv(query.format, call.request.headers.get("Accept", "")):
        items, more = await call.shard.read(lambda tx: page(tx, after=query.after, limit=query.limit))
        return listed([shown(view, kind) for view in items], more)
    body = await call.shard.read(lambda tx: to_csv(_all(tx, page), kind))
    headers = (("Content-Disposition", f'attachment; filename="{call.tenant}-{name}.csv"'),)
    return Answer(body=body, content_type=CSV, headers=headers)


def wants_csv(asked: str, accept: str) -> bool:
    """`format` decides; without it an Accept header that names text/csv and not JSON before it."""
    if asked:
        return asked == "csv"
    types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/csv" in types and "application/json" not in types[: types.index("text/csv")]


def _all(tx: Tx, page: _Page) -> list[Any]:
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        items, after = page(tx, after=after, limit=_PAGE)
        found.extend(items)
    return found


def to_csv(rows: list[Any], kind: type[Any]) -> bytes:
    """A table with a header; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    names = [one.name for one in attrs.fields(kind)]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(plain(getattr(row, name))) for name in names])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/tenants/{t}/leads",
        name="listLeads",
        tag="leads",
        summary="What customers are after, newest first; JSON or CSV.",
        handler=leads,
        query=TableQuery,
        answer=LeadOut,
        listed=True,
        also=("text/csv",),
    ),
    Route(
        method="GET",
        path="/v1/tenants/{t}/appointments",
        name="listAppointments",
        tag="leads",
        summary="Visits asked for, newest first; JSON or CSV.",
        handler=appointments,
        query=TableQuery,
        answer=AppointmentOut,
        listed=True,
        also=("text/csv",),
    ),
)
