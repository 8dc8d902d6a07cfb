"""A vehicle as rows: written to, read from and withdrawn out of the stock's tables."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from shards.shard import Tx
from shards.tenant.stock_codes import (
    BODY,
    CONDITION,
    FUEL,
    STATUS,
    TRANSMISSION,
    color_code,
    merit,
)
from shards.tenant.stock_names import line_of
from shards.tenant.stock_words import tokens
from shards.tenant.vehicle import Vehicle

_FIELDS: Final = (
    "id", "make", "model", "version", "year_manufacture", "year_model", "price_centavos", "sale_price_centavos",
    "mileage_km", "fuel", "transmission", "body", "color", "doors", "plate_end", "vin", "options", "description",
    "photos", "condition", "status", "fipe_code", "url", "updated_at",
)  # fmt: skip
# a feed that tells no time of change leaves ours
COLUMNS: Final = ", ".join(f"v.{name}" for name in _FIELDS[:-1]) + ", coalesce(v.updated_at, v.changed_at)"
_INSERT: Final = (
    f"INSERT INTO vehicles ({', '.join(_FIELDS)}, digest, created_at, changed_at)"
    f" VALUES ({', '.join('?' * (len(_FIELDS) + 3))}) RETURNING seq"
)
_UPDATE: Final = (
    f"UPDATE vehicles SET {', '.join(f'{name} = ?' for name in _FIELDS)}, digest = ?, changed_at = ?,"
    " offered = 1, withdrawn_at = NULL WHERE seq = ?"
)
_BODY_TEXT: Final = {
    "hatch": "hatch", "sedan": "seda", "suv": "suv", "pickup": "picape", "wagon": "perua", "minivan": "minivan",
    "coupe": "cupe", "convertible": "conversivel", "van": "furgao", "motorcycle": "moto", "truck": "caminhao",
}  # fmt: skip
_LONGEST_TEXT: Final = 4_000
"""Characters of a description that are indexed; more is repetition."""


def to_values(vehicle: Vehicle) -> list[Any]:
    """The columns of a vehicle in the order of the table."""
    at = vehicle.updated_at
    return [
        *(getattr(vehicle, name) for name in _FIELDS[:16]),
        json.dumps(vehicle.options, ensure_ascii=False),
        vehicle.description,
        json.dumps(vehicle.photos, ensure_ascii=False),
        vehicle.condition,
        vehicle.status,
        vehicle.fipe_code,
        vehicle.url,
        None if at is None else int(at.timestamp() * 1000),
    ]


def from_row(row: Sequence[Any]) -> Vehicle:
    """The vehicle of a row of `COLUMNS`."""
    values = dict(zip(_FIELDS, row, strict=False))
    at = values["updated_at"]
    values["options"] = tuple(json.loads(values["options"]))
    values["photos"] = tuple(json.loads(values["photos"]))
    values["updated_at"] = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    return Vehicle(**values)


def by_numbers(tx: Tx, numbers: Iterable[int]) -> list[Vehicle]:
    """The vehicles of these row numbers, in their order."""
    found = []
    for number in numbers:
        row = tx.row(f"SELECT {COLUMNS} FROM vehicles v WHERE seq = ?", (number,))
        if row is not None:
            found.append(from_row(row))
    return found


def digest(values: Sequence[Any]) -> bytes:
    """A fingerprint of a vehicle's columns."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def next_import(tx: Tx) -> int:
    """A number above all imports and changes before."""
    return int(tx.value("UPDATE stock_state SET imports = imports + 1 WHERE one = 1 RETURNING imports"))


def mark_changed(tx: Tx) -> None:
    """Note that what is offered is another than before."""
    tx.run("UPDATE stock_state SET changed_at = ? WHERE one = 1", (tx.now_ms,))


def store(tx: Tx, vehicle: Vehicle, number: int, *, twice: bool = True) -> str:
    """Write one vehicle as seen in import `number`: "created", "updated", "unchanged" or "repeated".

    "repeated" (only without `twice`) means that the same import brought the id before: nothing is written.
    """
    found = tx.row(
        "SELECT v.seq, v.digest, o.seen_in FROM vehicles v LEFT JOIN stock_offers o ON o.vehicle = v.seq"
        " WHERE v.id = ?",
        (vehicle.id,),
    )
    values = to_values(vehicle)
    mark = digest(values)
    if found is None:
        seq = int(tx.value(_INSERT, (*values, mark, tx.now_ms, tx.now_ms)))
        _offer(tx, seq, vehicle, number)
        return "created"
    seq, old_mark, seen_in = found
    if seen_in == number and not twice:
        return "repeated"
    number = max(number, seen_in or 0)
    if seen_in is not None and mark == old_mark:
        tx.run("UPDATE stock_offers SET seen_in = ? WHERE vehicle = ?", (number, seq))
        return "unchanged"
    if seen_in is not None:
        take_down(tx, seq)
    tx.run(_UPDATE, (*values, mark, tx.now_ms, seq))
    _offer(tx, seq, vehicle, number)
    return "updated"


def _offer(tx: Tx, seq: int, vehicle: Vehicle, number: int) -> None:
    line = line_of(tx, vehicle.make, vehicle.model)
    updated = vehicle.updated_at
    tx.run(
        "INSERT INTO stock_offers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq, line, STATUS[vehicle.status], merit(vehicle), vehicle.asking_centavos, vehicle.year,
            vehicle.mileage_km, BODY[vehicle.body], TRANSMISSION[vehicle.transmission], FUEL[vehicle.fuel],
            color_code(vehicle.color), vehicle.doors, CONDITION[vehicle.condition],
            tx.now_ms if updated is None else int(updated.timestamp() * 1000), number,
        ),
    )  # fmt: skip
    tx.run("UPDATE stock_lines SET vehicles = vehicles + 1 WHERE id = ?", (line,))
    name = tokens(f"{vehicle.make} {vehicle.model} {vehicle.version}")
    more = tokens(
        " ".join(
            (
                *vehicle.options, vehicle.color, _BODY_TEXT.get(vehicle.body, ""), str(vehicle.year or ""),
                vehicle.description[:_LONGEST_TEXT],
            )
        )
    )  # fmt: skip
    tx.run(
        "INSERT INTO stock_text (rowid, name, more) VALUES (?, ?, ?)",
        (seq, " ".join(dict.fromkeys(name)), " ".join(dict.fromkeys(more))),
    )


def take_down(tx: Tx, seq: int) -> None:
    """Take a vehicle out of everything that searches read; its row in `vehicles` is the caller's."""
    line = tx.value("DELETE FROM stock_offers WHERE vehicle = ? RETURNING line", (seq,))
    tx.run("UPDATE stock_lines SET vehicles = vehicles - 1 WHERE id = ?", (line,))
    tx.run("DELETE FROM stock_text WHERE rowid = ?", (seq,))


def withdraw(tx: Tx, seq: int) -> None:
    """Offer a vehicle no longer and keep it for history."""
    take_down(tx, seq)
    tx.run("UPDATE vehicles SET offered = 0, withdrawn_at = ? WHERE seq = ?", (tx.now_ms, seq))
