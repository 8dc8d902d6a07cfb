from datetime import UTC, datetime

from attrs import evolve

from shards.tenant import stock_rows
from shards.tenant.stock_rows import by_numbers, digest, next_import, store, to_values, withdraw
from tests.support.stock_shard import car, memory_tx

FULL = car(
    "Citroën",
    "C4 Cactus",
    version="Feel 1.6",
    year_manufacture=2019,
    year_model=2020,
    price_centavos=8_490_000,
    sale_price_centavos=8_190_000,
    mileage_km=43_210,
    fuel="flex",
    transmission="automatic",
    body="suv",
    color="Cinza Artense",
    doors=4,
    plate_end="7",
    vin="935SUNFN1LB500001",
    options=("Ar-condicionado digital", "Câmera de ré"),
    description="Único dono.\nRevisões em dia.",
    photos=("https://fotos.example/c4-1.jpg",),
    condition="certified",
    status="reserved",
    fipe_code="011148-8",
    url="https://loja.example/c4",
    updated_at=datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
)


def test_what_is_stored_comes_back() -> None:
    tx = memory_tx()
    assert store(tx, FULL, next_import(tx)) == "created"
    assert by_numbers(tx, [1, 99]) == [FULL]


def test_storing_tells_what_it_did() -> None:
    tx = memory_tx()
    number = next_import(tx)
    assert store(tx, FULL, number, twice=False) == "created"
    assert store(tx, FULL, number, twice=False) == "repeated"
    number = next_import(tx)
    assert store(tx, FULL, number) == "unchanged"
    assert store(tx, evolve(FULL, mileage_km=44_000), number) == "updated"
    withdraw(tx, 1)
    assert store(tx, FULL, next_import(tx)) == "updated"
    assert tx.row("SELECT offered, withdrawn_at FROM vehicles") == (1, None)


def test_every_field_counts_for_a_change() -> None:
    marks = {digest(to_values(FULL))}
    for name, value in (("doors", 2), ("photos", ()), ("status", "sold"), ("updated_at", None), ("description", "")):
        marks.add(digest(to_values(evolve(FULL, **{name: value}))))
    assert len(marks) == 6


def test_a_withdrawn_vehicle_is_history_alone() -> None:
    tx = memory_tx([FULL])
    withdraw(tx, 1)
    assert tx.value("SELECT count(*) FROM stock_offers") == 0
    assert tx.value("SELECT rowid FROM stock_text WHERE stock_text MATCH 'cactus'") is None
    assert tx.value("SELECT vehicles FROM stock_lines") == 0
    assert tx.row("SELECT offered, make FROM vehicles") == (0, "Citroën")


def test_the_columns_are_those_of_the_table() -> None:
    tx = memory_tx()
    columns = [row[1] for row in tx.rows("PRAGMA table_info(vehicles)")]
    assert columns[1:25] == list(stock_rows._FIELDS)
