import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from daemon.emulator import showroom
from daemon.emulator.showroom import PROFILES, VIEWS, accent_of, stock_file, vehicle_shown, vehicles
from daemon.stock.importing import import_stock
from shards.directory import ShardDirectory
from shards.errors import NotFound
from shards.tenant import stock_search
from shards.tenant.profile import DAYS, TenantProfile, converter
from shards.tenant.vehicle import BODIES, CONDITIONS, FUELS, STATUSES, TRANSMISSIONS, StockQuery, Vehicle

BASE = "http://127.0.0.1:8420"
TENANTS = [profile.id for profile in PROFILES]
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def everything() -> list[Vehicle]:
    return [vehicle for tenant in TENANTS for vehicle in vehicles(tenant, BASE)]


@pytest.mark.parametrize("profile", PROFILES, ids=TENANTS)
def test_a_dealership_is_complete(profile: TenantProfile) -> None:
    assert converter.structure(converter.unstructure(profile), TenantProfile) == profile
    assert profile.channel.kind == "sandbox"
    assert profile.address
    assert re.fullmatch(r"\+55\d{10,11}", profile.phone)
    voice = profile.assistant
    assert voice.persona
    assert voice.greeting
    assert voice.facts
    assert voice.finance_rate_percent_month
    assert set(voice.hours) == set(DAYS)
    assert all(re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", part) for parts in voice.hours.values() for part in parts)
    assert re.fullmatch(r"#[0-9a-f]{6}", accent_of(profile.id))


def test_dealerships_differ() -> None:
    assert len({profile.name for profile in PROFILES}) == len(PROFILES)
    assert len({profile.assistant.persona for profile in PROFILES}) == len(PROFILES)
    typical = [Counter(v.body for v in vehicles(tenant, BASE)).most_common(1) for tenant in TENANTS]
    middle = [sorted(v.asking_centavos or 0 for v in vehicles(tenant, BASE))[30] for tenant in TENANTS]
    assert max(middle) > 2 * min(middle), typical


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_stock_is_believable(tenant: str) -> None:
    stock = vehicles(tenant, BASE)
    assert len(stock) >= 64
    assert len({vehicle.id for vehicle in stock}) == len(stock)
    for vehicle in stock:
        assert vehicle.body in BODIES
        assert vehicle.fuel in FUELS
        assert vehicle.transmission in TRANSMISSIONS
        assert vehicle.condition in CONDITIONS
        assert vehicle.status in STATUSES
        assert vehicle.year_model is not None
        assert vehicle.year_manufacture is not None
        assert vehicle.year_model - vehicle.year_manufacture in (0, 1)
        assert vehicle.price_centavos is not None
        assert 25_000_00 <= vehicle.price_centavos <= 1_100_000_00
        assert vehicle.sale_price_centavos is None or vehicle.sale_price_centavos < vehicle.price_centavos
        assert vehicle.mileage_km is not None
        assert 100 < vehicle.mileage_km < 230_000
        assert len(vehicle.options) >= 5
        assert len(set(vehicle.options)) == len(vehicle.options)
        assert vehicle.model in vehicle.description
        assert str(vehicle.year_model) in vehicle.description
        assert len(vehicle.photos) == VIEWS
    assert sum(vehicle.status == "available" for vehicle in stock) >= 60


def test_descriptions_promise_no_credit_and_name_no_other_tenant() -> None:
    names = [profile.name for profile in PROFILES]
    for vehicle in everything():
        assert not re.search(r"aprovad[oa] na hora|sem consulta|crédito garantido|nome sujo", vehicle.description)
        assert not any(name in vehicle.description for name in names)


def test_the_same_at_every_start() -> None:
    again = {tenant: vehicles(tenant, BASE) for tenant in TENANTS}
    showroom._stock.cache_clear()
    assert again == {tenant: vehicles(tenant, BASE) for tenant in TENANTS}


def test_photos_stand_below_the_base_address() -> None:
    vehicle = vehicles("auto-sul", BASE + "/")[0]
    assert vehicle.photos[0] == f"{BASE}/demo/photos/auto-sul/{vehicle.id}-1.svg"
    assert vehicle_shown("auto-sul", vehicle.id).model == vehicle.model


def test_unknown_names_are_not_found() -> None:
    with pytest.raises(NotFound):
        vehicles("nobody", BASE)
    with pytest.raises(NotFound):
        accent_of("nobody")
    with pytest.raises(NotFound):
        vehicle_shown("auto-sul", "zz999")


def test_the_stock_file_leaves_out_what_is_not_known() -> None:
    rows = json.loads(stock_file(vehicles("auto-sul", BASE)))
    assert len(rows) == len(vehicles("auto-sul", BASE))
    assert all(value not in (None, "", []) for row in rows for value in row.values())


AUTOMATIC = ("automatic", "cvt", "automated")

WANTED = {
    "suv automático até 100 mil": (
        "auto-sul",
        StockQuery(bodies=("suv",), transmissions=AUTOMATIC, max_price_centavos=100_000_00),
        5,
    ),
    "hb20 até 70 mil": ("auto-sul", StockQuery(models=("hb20",), max_price_centavos=70_000_00), 2),
    "picape diesel 4x4": ("sertao-motors", StockQuery(bodies=("pickup",), fuels=("diesel",), text="4x4"), 8),
    "sedã automático 2020": (
        "auto-sul",
        StockQuery(bodies=("sedan",), transmissions=AUTOMATIC, min_year=2020, max_year=2020),
        1,
    ),
    "popular até 50 mil": ("sertao-motors", StockQuery(max_price_centavos=50_000_00), 5),
    "suv híbrido": ("garagem-paulista", StockQuery(bodies=("suv",), fuels=("hybrid", "plugin_hybrid")), 3),
    "conversível": ("garagem-paulista", StockQuery(bodies=("convertible",)), 1),
    "x1": ("garagem-paulista", StockQuery(models=("x1",)), 1),
    "strada": ("sertao-motors", StockQuery(models=("strada",)), 2),
}


async def test_the_real_importer_takes_it_all_and_the_real_search_finds_it(tmp_path: Path) -> None:
    limiter = trio.CapacityLimiter(4)
    directory = ShardDirectory(tmp_path, limiter=limiter, now=lambda: NOW)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        for tenant in TENANTS:
            handle = await directory.create(tenant)
            stock = vehicles(tenant, BASE)
            report = await import_stock(
                handle, stock_file(stock), content_type="application/json", mode="replace", now=NOW
            )
            assert report.refused == 0, report
            assert not report.warnings, report.warnings[:3]
            assert report.created == len(stock)
            motorcycles = await handle.read(lambda tx: stock_search.search(tx, StockQuery(bodies=("motorcycle",))))
            assert motorcycles.total == 0
        for words, (tenant, query, least) in WANTED.items():
            page = await directory.handle(tenant).read(lambda tx, query=query: stock_search.search(tx, query))
            assert page.total >= least, words
        nursery.cancel_scope.cancel()
