"""The stock of a dealership: single vehicles, the summary, imports, the feed's state. Searching is beside it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import evolve, field, frozen

from shards.errors import NotFound
from shards.shard import Tx
from shards.tenant.stock_codes import BODY, STATUS
from shards.tenant.stock_names import forget_empty_lines
from shards.tenant.stock_rows import COLUMNS, by_numbers, from_row, mark_changed, next_import, store, withdraw
from shards.tenant.stock_search import search
from shards.tenant.vehicle import StockLine, StockSummary, Vehicle

__all__ = [
    "FeedState",
    "Merged",
    "begin_import",
    "clean_up",
    "feed_state",
    "get",
    "hot",
    "keep",
    "merge_rows",
    "one",
    "put",
    "remove",
    "save_feed_state",
    "search",
    "stock_changed_at",
    "summary",
    "withdraw_unseen",
]

SUMMARY_LINES: Final = 400
_BODY_NAMES: Final = {code: name for name, code in BODY.items()}


def get(tx: Tx, ids: Iterable[str]) -> tuple[Vehicle, ...]:
    """The offered vehicles of these ids (any status), in the order asked; unknown and withdrawn ones left out."""
    found = []
    for vehicle_id in dict.fromkeys(ids):
        row = tx.row(f"SELECT {COLUMNS} FROM vehicles v WHERE id = ? AND offered = 1", (vehicle_id,))
        if row is not None:
            found.append(from_row(row))
    return tuple(found)


def one(tx: Tx, vehicle_id: str) -> Vehicle:
    """The offered vehicle of this id. Raises `NotFound`."""
    found = get(tx, (vehicle_id,))
    if not found:
        raise NotFound(f"vehicle {vehicle_id!r} is not in this stock", "list the vehicles to see their ids")
    return found[0]


def put(tx: Tx, vehicle: Vehicle) -> bool:
    """Write one vehicle, offering it again if it was withdrawn; True when its id was not offered before."""
    known = tx.value("SELECT 1 FROM vehicles WHERE id = ? AND offered = 1", (vehicle.id,))
    if store(tx, vehicle, next_import(tx)) != "unchanged":
        mark_changed(tx)
    return known is None


def remove(tx: Tx, vehicle_id: str) -> None:
    """Offer the vehicle no longer; it is kept for history. Raises `NotFound`."""
    seq = tx.value("SELECT seq FROM vehicles WHERE id = ? AND offered = 1", (vehicle_id,))
    if seq is None:
        raise NotFound(f"vehicle {vehicle_id!r} is not in this stock", "list the vehicles to see their ids")
    withdraw(tx, seq)
    mark_changed(tx)


def hot(tx: Tx, count: int) -> tuple[Vehicle, ...]:
    """The vehicles that are asked for first: available, best of "relevance"."""
    numbers = tx.rows(
        "SELECT vehicle FROM stock_offers INDEXED BY stock_offers_by_merit WHERE status = ?"
        " ORDER BY merit DESC, vehicle DESC LIMIT ?",
        (STATUS["available"], count),
    )
    return tuple(by_numbers(tx, [row[0] for row in numbers]))


def stock_changed_at(tx: Tx) -> datetime | None:
    """When what is offered last changed."""
    at = tx.value("SELECT changed_at FROM stock_state")
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)


def summary(tx: Tx) -> StockSummary:
    """All available vehicles by make and model, the most frequent first; one pass over an index."""
    figures = tx.rows(
        "SELECT line, count(*) AS n, min(asking), max(asking), min(year), max(year), group_concat(DISTINCT body)"
        " FROM stock_offers INDEXED BY stock_offers_by_line WHERE status = ?"
        " GROUP BY line ORDER BY n DESC, line",
        (STATUS["available"],),
    )
    total = 0
    lines: list[StockLine] = []
    for line, count, cheapest, dearest, oldest, newest, bodies in figures:
        total += count
        if len(lines) < SUMMARY_LINES:
            make, model = tx.row("SELECT make, model FROM stock_lines WHERE id = ?", (line,)) or ("", "")
            names = tuple(sorted(_BODY_NAMES[int(code)] for code in bodies.split(",")))
            lines.append(StockLine(make, model, count, cheapest, dearest, oldest, newest, names))
    return StockSummary(total=total, lines=tuple(lines), changed_at=stock_changed_at(tx))


def summary_of_few(tx: Tx, limit: int) -> StockSummary | None:
    """As `summary`, for the event loop: None where more than `limit` vehicles are available."""
    sql = "SELECT 1 FROM stock_offers INDEXED BY stock_offers_by_line WHERE status = ? LIMIT 1 OFFSET ?"
    return None if tx.row(sql, (STATUS["available"], limit)) else summary(tx)


# Imports: many bounded transactions. One that dies half-way has merged what it had and withdrawn nothing.


@frozen(kw_only=True)
class Merged:
    """What a chunk of an import did; `repeated` are the positions whose id the import had brought before."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: tuple[int, ...] = ()


def begin_import(tx: Tx) -> int:
    """The number that marks what this import brings."""
    return next_import(tx)


def merge_rows(tx: Tx, number: int, vehicles: Sequence[Vehicle]) -> Merged:
    """Write a chunk of import `number`; of vehicles with one id the first is kept."""
    results = [store(tx, vehicle, number, twice=False) for vehicle in vehicles]
    merged = Merged(
        created=results.count("created"),
        updated=results.count("updated"),
        unchanged=results.count("unchanged"),
        repeated=tuple(at for at, result in enumerate(results) if result == "repeated"),
    )
    if merged.created or merged.updated:
        mark_changed(tx)
    return merged


def keep(tx: Tx, number: int, ids: Iterable[str]) -> None:
    """Let import `number` not withdraw these: the file names them, though their rows cannot be used.

    After the last `merge_rows`, before `withdraw_unseen`.
    """
    for vehicle_id in ids:
        tx.run(
            "UPDATE stock_offers SET seen_in = ?"
            " WHERE vehicle = (SELECT seq FROM vehicles WHERE id = ?) AND seen_in < ?",
            (number, vehicle_id, number),
        )


def withdraw_unseen(tx: Tx, number: int, limit: int) -> int:
    """Withdraw at most `limit` vehicles that neither import `number` nor a later change brought; how many.

    Call it until it returns 0. Only for a whole import in which at least one vehicle was good.
    """
    unseen = [row[0] for row in tx.rows("SELECT vehicle FROM stock_offers WHERE seen_in < ? LIMIT ?", (number, limit))]
    for seq in unseen:
        withdraw(tx, seq)
    if unseen:
        mark_changed(tx)
    return len(unseen)


def clean_up(tx: Tx, limit: int) -> int:
    """Forget at most `limit` makes and models of which nothing is offered any more; how many."""
    return forget_empty_lines(tx, limit)


# The polled feed


@frozen(kw_only=True)
class FeedState:
    """How the last round of polling ended. `result` is a sentence; the counts are those of the last import."""

    url: str
    etag: str = ""
    last_modified: str = ""
    checked_at: datetime | None = field(default=None)
    ok: bool = True
    result: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    refused: int = 0


def feed_state(tx: Tx, url: str) -> FeedState:
    """The state of polling `url`; an empty one when it was never polled (or another address was)."""
    row = tx.row(
        "SELECT url, etag, last_modified, checked_at, ok, result, created, updated, unchanged, withdrawn, refused"
        " FROM stock_feed WHERE url = ?",
        (url,),
    )
    if row is None:
        return FeedState(url=url)
    names = ("etag", "last_modified", "checked_at", "ok", "result")
    state = FeedState(
        url=url,
        **dict(zip(("created", "updated", "unchanged", "withdrawn", "refused"), row[6:], strict=True)),
    )
    values = dict(zip(names, row[1:6], strict=True))
    values["checked_at"] = datetime.fromtimestamp(values["checked_at"] / 1000, UTC)
    values["ok"] = bool(values["ok"])
    return evolve(state, **values)


def save_feed_state(tx: Tx, state: FeedState) -> None:
    """Keep how a round of polling ended; `checked_at` is the transaction's time unless given."""
    at = tx.now_ms if state.checked_at is None else int(state.checked_at.timestamp() * 1000)
    tx.run(
        "INSERT OR REPLACE INTO stock_feed (one, url, etag, last_modified, checked_at, ok, result,"
        " created, updated, unchanged, withdrawn, refused) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            state.url, state.etag, state.last_modified, at, int(state.ok), state.result,
            state.created, state.updated, state.unchanged, state.withdrawn, state.refused,
        ),
    )  # fmt: skip
