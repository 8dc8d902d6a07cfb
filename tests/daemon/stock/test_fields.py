from datetime import UTC, datetime
from typing import Any

import cattrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock import fields
from daemon.stock.fields import Accepted, Refused, read_row
from shards.tenant.stock_rows import to_values
from shards.tenant.vehicle import Vehicle

NOW = datetime(2026, 11, 20, tzinfo=UTC)
GOOD: dict[str, Any] = {"id": "v1", "make": "Fiat", "model": "Uno"}


def good(**more: Any) -> Accepted:
    row = read_row(7, {**GOOD, **more}, NOW)
    assert isinstance(row, Accepted), row
    return row


def test_the_least_that_is_a_vehicle() -> None:
    assert good() == Accepted(7, Vehicle(id="v1", make="Fiat", model="Uno"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": ""}, "the vehicle has no id"),
        ({"id": "x" * 101}, "longer than 100"),
        ({"make": " "}, "the vehicle has no make"),
        ({"model": None}, "the vehicle has no model"),
        ({"price": "caro"}, "price 'caro' cannot be read"),
        ({"price": -5}, "out of range"),
        ({"year": "3020"}, "year '3020' is out of range"),
        ({"km": "muitos"}, "mileage 'muitos' cannot be read"),
    ],
)
def test_what_is_refused_says_why(change: dict[str, Any], reason: str) -> None:
    row = read_row(3, {**GOOD, **change}, NOW)
    assert isinstance(row, Refused)
    assert row.row == 3
    assert reason in row.reason


@pytest.mark.parametrize("raw", [None, 5, "text", [1], True])
def test_a_row_without_fields_is_refused(raw: object) -> None:
    assert isinstance(read_row(1, raw, NOW), Refused)


def test_utilitario_alone_is_a_van_only_where_the_model_is_one() -> None:
    suv = good(make="Jeep", model="Renegade", body="Utilitário")
    assert suv.vehicle.body == "other"
    assert suv.warnings == ("body 'Utilitário' is not known and was stored as other",)
    van = good(make="Fiat", model="Fiorino 1.4", body="UTILITARIO")
    assert (van.vehicle.body, van.warnings) == ("van", ())
    assert good(make="Jeep", model="Renegade", body="Utilitário esportivo").vehicle.body == "suv"


def test_unknown_words_are_other_with_a_warning() -> None:
    row = good(fuel="querosene", transmission="magia", body="nave", status="?", condition="?")
    assert (row.vehicle.fuel, row.vehicle.transmission, row.vehicle.body) == ("other", "other", "other")
    assert (row.vehicle.status, row.vehicle.condition) == ("available", "used")
    assert len(row.warnings) == 5
    assert "fuel 'querosene' is not known and was stored as other" in row.warnings
    assert good(fuel="other", body="").warnings == ()


def test_what_is_too_long_is_cut_with_a_warning() -> None:
    row = good(
        description="a " * 5000,
        color="x" * 100,
        options=[f"o{n}" for n in range(500)],
        photos=[f"https://fotos.example/{n}.jpg" for n in range(80)],
    )
    assert len(row.vehicle.description) <= fields.MAX_DESCRIPTION
    assert len(row.vehicle.options) == fields.MAX_OPTIONS
    assert len(row.vehicle.photos) == fields.MAX_PHOTOS
    assert len(row.warnings) == 4


def test_what_is_unusable_is_left_out_with_a_warning() -> None:
    row = good(
        doors="muitas",
        photos=["ftp://x", "https://fotos.example/1.jpg"],
        url="javascript:x",
        updated_at="ontem",
        price=10_000,
        sale_price=20_000,
    )
    assert row.vehicle.photos == ("https://fotos.example/1.jpg",)
    assert (row.vehicle.doors, row.vehicle.url, row.vehicle.updated_at, row.vehicle.sale_price_centavos) == (
        None,
        "",
        None,
        None,
    )
    assert len(row.warnings) == 5


@pytest.mark.parametrize("price", ["59,9", "R$ 89,90", 10, "999"])
def test_what_can_be_no_price_of_a_vehicle_is_not_quoted(price: object) -> None:
    row = good(price=price)
    assert row.vehicle.price_centavos is None
    assert "no price of a vehicle" in row.warnings[0]


def test_portuguese_names_with_accents_and_any_case() -> None:
    row = read_row(1, {"Código": 5, "MARCA": "VW", "Modelo": "Gol", "Preço": "30.000", "Câmbio": "Manual"}, NOW)
    assert isinstance(row, Accepted)
    assert (row.vehicle.id, row.vehicle.price_centavos, row.vehicle.transmission) == ("5", 3_000_000, "manual")


def test_our_own_document_comes_back_as_it_was() -> None:
    vehicle = Vehicle(
        id="v1",
        make="Fiat",
        model="Uno",
        version="1.0",
        year_manufacture=2014,
        year_model=2015,
        price_centavos=3_000_001,
        sale_price_centavos=2_900_000,
        mileage_km=5,
        fuel="flex",
        transmission="manual",
        body="hatch",
        color="Azul",
        doors=2,
        plate_end="4",
        vin="9BD",
        options=("Ar, quente",),
        description="x\ny",
        photos=("https://fotos.example/1.jpg",),
        condition="certified",
        status="reserved",
        fipe_code="001004-9",
        url="https://loja.example/v1",
        updated_at=NOW,
    )
    document = cattrs.Converter().unstructure(vehicle)
    document["updated_at"] = NOW.isoformat()
    document["options"] = list(vehicle.options)
    assert read_row(1, document, NOW) == Accepted(1, vehicle)


def test_only_the_last_digit_of_a_plate_is_kept() -> None:
    assert good(placa="IXY2B47").vehicle.plate_end == "7"
    assert good(final_placa=3).vehicle.plate_end == "3"


def test_years_of_two_fields_and_of_one() -> None:
    assert (
        good(ano_fabricacao=2019, ano_modelo=2020).vehicle.year_manufacture,
        good(ano="2020").vehicle.year_model,
    ) == (2019, 2020)
    both = good(ano="2019/2020").vehicle
    assert (both.year_manufacture, both.year_model) == (2019, 2020)


def test_a_model_from_the_title() -> None:
    row = read_row(1, {"id": 1, "make": "Fiat", "title": "FIAT Mobi Like"}, NOW)
    assert isinstance(row, Accepted)
    assert row.vehicle.model == "Mobi Like"
    assert row.warnings == ("the model was taken from the title",)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    sorted({name for names in fields._WAYS.values() for name in names} | {"photos", "fotos", "image[0].url"})
)


@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_any_row_is_accepted_or_refused(raw: dict[str, Any]) -> None:
    row = read_row(1, {**raw, **GOOD}, NOW)
    if isinstance(row, Accepted):
        assert row.vehicle.id
        assert row.vehicle.make
        values = to_values(row.vehicle)  # what the shard stores, all of it text that is UTF-8
        assert all(value.encode() is not None for value in values if isinstance(value, str))
    else:
        assert row.reason
        assert "\n" not in row.reason
