import random
from collections.abc import Callable

import pytest
from attrs import evolve

from shards.errors import Invalid
from shards.shard import Tx
from shards.tenant import stock, stock_search
from shards.tenant.vehicle import StockQuery, Vehicle
from tests.support.stock_shard import car, memory_tx

MODELS = [("Toyota", "Corolla"), ("Fiat", "Uno"), ("Jeep", "Compass"), ("Volkswagen", "T-Cross"), ("Honda", "City")]


def some(count: int, rng: random.Random) -> list[Vehicle]:
    return [
        car(
            *rng.choice(MODELS),
            f"v{number}",
            version=rng.choice(["1.0", "2.0 XEi", "Highline"]),
            year_model=rng.choice([None, *range(2012, 2026)]),
            price_centavos=rng.choice([None, *(rng.randrange(20_000, 200_000) * 100 for _ in range(5))]),
            mileage_km=rng.choice([None, *(rng.randrange(150_000) for _ in range(5))]),
            body=rng.choice(["hatch", "sedan", "suv"]),
            transmission=rng.choice(["manual", "automatic", "cvt"]),
            fuel=rng.choice(["flex", "diesel"]),
            color=rng.choice(["Preto", "Prata Sirius", "Furta-cor"]),
            doors=rng.choice([2, 4]),
            status=rng.choice(["available", "available", "reserved", "sold"]),
            options=tuple(rng.sample(["Teto solar", "Bancos de couro", "Airbag", "Câmera de ré"], 2)),
        )
        for number in range(count)
    ]


def ids(tx: Tx, **query: object) -> list[str]:
    return [vehicle.id for vehicle in stock.search(tx, StockQuery(limit=100, **query)).items]  # type: ignore[arg-type]


def all_pages(tx: Tx, query: StockQuery) -> list[str]:
    found: list[str] = []
    while True:
        page = stock.search(tx, query)
        found.extend(vehicle.id for vehicle in page.items)
        if page.next is None:
            return found
        query = evolve(query, after=page.next)


def under(value: int | None, limit: int) -> bool:
    return value is not None and value <= limit


CASES: list[tuple[StockQuery, Callable[[Vehicle], bool]]] = [
    (StockQuery(), lambda v: True),
    (StockQuery(statuses=("available", "reserved", "sold")), lambda v: True),
    (StockQuery(makes=("toyota",), models=("corola",)), lambda v: v.model == "Corolla"),
    (StockQuery(models=("uno", "compas")), lambda v: v.model in ("Uno", "Compass")),
    (StockQuery(max_price_centavos=9_000_000), lambda v: under(v.price_centavos, 9_000_000)),
    (
        StockQuery(max_price_centavos=12_000_000, bodies=("suv",), transmissions=("automatic", "cvt")),
        lambda v: under(v.price_centavos, 12_000_000) and v.body == "suv" and v.transmission in ("automatic", "cvt"),
    ),
    (StockQuery(min_year=2018, max_year=2020), lambda v: v.year_model in (2018, 2019, 2020)),
    (
        StockQuery(max_mileage_km=30_000, colors=("prata",)),
        lambda v: under(v.mileage_km, 30_000) and "Prata" in v.color,
    ),
    (StockQuery(colors=("furta-cor",)), lambda v: v.color == "Furta-cor"),
    (StockQuery(text="teto solar"), lambda v: "Teto solar" in v.options),
    (StockQuery(text="suvs com couro"), lambda v: v.body == "suv" and "Bancos de couro" in v.options),
    (
        StockQuery(text="corola 2.0", fuels=("flex",)),
        lambda v: v.model == "Corolla" and "2.0" in v.version and v.fuel == "flex",
    ),
    (StockQuery(version="highline", doors=4), lambda v: v.version == "Highline" and v.doors == 4),
    (StockQuery(models=("t cross highline",)), lambda v: v.model == "T-Cross" and v.version == "Highline"),
    (StockQuery(text="ferrari"), lambda v: False),
    (StockQuery(models=("ferrari",)), lambda v: False),
    (StockQuery(makes=("bmw",)), lambda v: False),
    (StockQuery(text="uno", makes=("toyota",)), lambda v: False),
]


@pytest.mark.parametrize(
    ("sort", "size"),
    [
        *((sort, 60) for sort in stock_search.SORTS),
        *((sort, 2_500) for sort in ("relevance", "price", "-price", "year")),
    ],
)
def test_pages_hold_exactly_what_a_plain_filter_finds_in_order(sort: str, size: int, rng: random.Random) -> None:
    vehicles = some(size, rng)
    tx = memory_tx()
    stock.merge_rows(tx, stock.begin_import(tx), vehicles)
    by_id = {vehicle.id: vehicle for vehicle in vehicles}
    for query, matches in CASES:
        found = all_pages(tx, evolve(query, sort=sort, limit=100))
        expected = {v.id for v in vehicles if matches(v) and v.status in query.statuses}
        assert len(found) == len(set(found)), query
        assert set(found) == expected, query
        page = stock.search(tx, evolve(query, sort=sort))
        assert page.total == min(len(expected), 1_000)
        values = [_value(by_id[one], sort) for one in found]
        known = [value for value in values if value is not None]
        assert values == known + [None] * (len(values) - len(known)), "unknown values come last"
        assert known == sorted(known, reverse=sort.startswith("-") or sort in ("relevance", "updated"))


def _value(vehicle: Vehicle, sort: str) -> int | None:
    if sort in ("price", "-price"):
        return vehicle.asking_centavos
    if sort == "year":
        return vehicle.year
    return vehicle.mileage_km if sort == "mileage" else (vehicle.year or 0) if sort != "updated" else 0


def test_accents_plurals_and_spellings_do_not_matter() -> None:
    tx = memory_tx([car("Citroën", "C4 Cactus", body="suv", transmission="automatic", options=("Câmera de ré",))])
    for text in ("citroen", "CITROËN", "c4 cactus", "suvs automáticos", "camera de re", "cameras"):
        assert ids(tx, text=text) == ["citroën-c4-cactus"], text


def test_a_correction_is_reported() -> None:
    tx = memory_tx([car("Toyota", "Corolla")])
    assert stock.search(tx, StockQuery(models=("corola",))).corrected == (("corola", "Corolla"),)
    assert stock.search(tx, StockQuery(models=("Corolla",))).corrected == ()


def test_the_model_tells_more_than_a_wrong_make() -> None:
    tx = memory_tx([car("Chevrolet", "Onix"), car("Fiat", "Uno")])
    page = stock.search(tx, StockQuery(makes=("fiat",), models=("onix",)))
    assert [vehicle.model for vehicle in page.items] == ["Onix"]
    assert page.corrected == (("fiat", "Chevrolet"),)


def test_a_model_with_more_words_needs_them_all() -> None:
    tx = memory_tx([car("CAOA Chery", "Tiggo 5X", version="1.5 Turbo"), car("Chevrolet", "Onix", version="1.0 LT")])
    for written in ("tiggo 8", "tiggo 7 pro", "onix plus", "onix 1.4"):
        assert ids(tx, models=(written,)) == [], written
    for written in ("tiggo 5x 1.5", "tiggo 5x turbo", "tiggo"):
        assert ids(tx, models=(written,)) == ["caoa-chery-tiggo-5x"], written
    assert ids(tx, models=("onix lt 1.0", "tiggo 8")) == ["chevrolet-onix"]


def test_the_sale_price_is_what_counts() -> None:
    tx = memory_tx([car("Fiat", "Uno", price_centavos=5_000_000, sale_price_centavos=4_500_000)])
    assert ids(tx, max_price_centavos=4_600_000) == ["fiat-uno"]
    assert ids(tx, min_price_centavos=4_800_000) == []


def test_an_unknown_price_is_under_no_ceiling() -> None:
    tx = memory_tx([car("Fiat", "Uno"), car("Fiat", "Argo", price_centavos=9_000_000)])
    assert ids(tx, max_price_centavos=99_000_000) == ["fiat-argo"]
    assert ids(tx, sort="price") == ids(tx, sort="-price") == ["fiat-argo", "fiat-uno"]


def test_excluded_reserved_and_withdrawn_are_not_shown() -> None:
    tx = memory_tx(
        [car("Fiat", "Uno"), car("Fiat", "Argo"), car("Fiat", "Mobi", status="reserved"), car("Fiat", "Toro")]
    )
    stock.remove(tx, "fiat-toro")
    assert ids(tx, makes=("fiat",), exclude=("fiat-uno", "nobody")) == ["fiat-argo"]
    assert ids(tx, statuses=("reserved",)) == ["fiat-mobi"]
    assert ids(tx, statuses=()) == []


def test_wrong_questions_are_refused() -> None:
    tx = memory_tx([car("Fiat", "Uno")])
    for wrong in (
        StockQuery(sort="beauty"),
        StockQuery(after="x"),
        StockQuery(after="1.2.3"),
        StockQuery(after="9" * 50),
        StockQuery(after="1." + "9" * 30),
    ):
        with pytest.raises(Invalid):
            stock.search(tx, wrong)


@pytest.mark.parametrize(
    "text", ['"', "' OR 1=1 --", "NEAR(a b)", "name:x", "*", "a" * 5000, "{more} : x", "-", "\x00"]
)
def test_texts_that_look_like_syntax_are_only_words(text: str) -> None:
    tx = memory_tx([car("Fiat", "Uno")])
    for query in (
        StockQuery(text=text),
        StockQuery(version=text),
        StockQuery(models=(text,)),
        StockQuery(colors=(text,)),
    ):
        stock.search(tx, query)


def test_huge_numbers_are_only_huge() -> None:
    tx = memory_tx([car("Fiat", "Uno", price_centavos=5, mileage_km=1, year_model=2020)])
    assert ids(tx, max_price_centavos=10**40, max_mileage_km=10**40, min_year=-(10**40)) == ["fiat-uno"]
    assert ids(tx, min_price_centavos=10**40) == []


def test_a_version_may_tell_the_gearbox() -> None:
    tx = memory_tx([car("Fiat", "Argo", version="Drive 1.3")])
    assert ids(tx, version="Drive 1.3 automático") == ["fiat-argo"]
    assert ids(tx, version="Trekking") == []


def test_a_limit_is_kept_within_bounds() -> None:
    tx = memory_tx([car("Fiat", f"Uno {number}") for number in range(150)])
    assert len(stock.search(tx, StockQuery(limit=1_000)).items) == stock_search.MAX_LIMIT
    assert len(stock.search(tx, StockQuery(limit=0)).items) == 1


def test_every_order_walks_its_index_without_sorting() -> None:
    tx = memory_tx([car("Fiat", "Uno")])
    plans = []
    tx.connection.exec_trace = lambda _, sql, bindings: plans.append((sql, bindings)) or True
    plan = stock_search._understand(tx, StockQuery())
    for sort in stock_search.SORTS:
        list(stock_search._stretch(tx, plan, "", sort, 1, None, 5, known=True))
    tx.connection.exec_trace = None
    for sql, bindings in plans:
        steps = " ".join(row[3] for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", bindings))
        assert "USE TEMP B-TREE" not in steps, (sql, steps)
