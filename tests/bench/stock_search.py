"""Search in one shard with 50,000 vehicles."""

import random
import time
from pathlib import Path
from typing import Any

import trio
from attrs import evolve

from daemon.emulator import showroom
from shards.shard import Shard
from shards.tenant import stock
from shards.tenant.vehicle import StockQuery, Vehicle

QUERIES = (
    StockQuery(models=("corolla",)),
    StockQuery(models=("corola",)),
    StockQuery(models=("hb 20",), max_price_centavos=7_000_000),
    StockQuery(bodies=("suv",), transmissions=("automatic",), max_price_centavos=10_000_000, sort="price"),
    StockQuery(text="teto solar couro"),
    StockQuery(makes=("vw",), min_year=2020, sort="-year"),
    StockQuery(fuels=("diesel",), bodies=("pickup",), sort="mileage"),
    StockQuery(sort="price"),
)
ROUNDS = 400


async def measured(root: Path, *, vehicles: int) -> dict[str, Any]:
    """p50 and p99 of a mixed set of searches, ms."""
    directory = root / "search"
    directory.mkdir(parents=True)
    shard = Shard.open(directory / "s.db", "tenant", create=True, limiter=trio.CapacityLimiter(4))
    try:
        rng = random.Random(3)
        made = _vehicles(rng, vehicles)
        began = time.perf_counter()
        await _fill(shard, made)
        filled = time.perf_counter() - began
        waits = await _search(shard, rng)
    finally:
        shard.close()
    waits.sort()
    return {
        f"stock: seconds to import {vehicles}": filled,
        "stock: search p50 ms": waits[len(waits) // 2] * 1000,
        "stock: search p99 ms": waits[int(len(waits) * 0.99)] * 1000,
    }


def _vehicles(rng: random.Random, count: int) -> list[Vehicle]:
    """The demo's vehicles again and again, each with an id, a year, a price and a mileage of its own."""
    known = [one for each in showroom.DEALERSHIPS for one in showroom.vehicles(each.profile.id, "https://example.com")]
    made = []
    for number in range(count):
        vehicle = rng.choice(known)
        made.append(
            evolve(
                vehicle,
                id=f"v{number}",
                year_model=rng.randint(2008, 2026),
                price_centavos=rng.randint(20_000, 400_000) * 100,
                mileage_km=rng.randint(0, 200_000),
            )
        )
    return made


async def _fill(shard: Shard, vehicles: list[Vehicle]) -> None:
    number = await shard.write(stock.begin_import)
    for start in range(0, len(vehicles), 500):
        chunk = vehicles[start : start + 500]
        await shard.write(lambda tx, chunk=chunk: stock.merge_rows(tx, number, chunk))  # type: ignore[misc]


async def _search(shard: Shard, rng: random.Random) -> list[float]:
    waits = []
    for _ in range(ROUNDS):
        query = rng.choice(QUERIES)
        began = time.perf_counter()
        await shard.read(lambda tx, query=query: stock.search(tx, query))  # type: ignore[misc]
        waits.append(time.perf_counter() - began)
    return waits
