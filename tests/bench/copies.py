"""What a round of copies of many tenants costs: its time, its disk, and what customers notice of it."""

import random
import statistics
import time
from pathlib import Path
from typing import Any

import trio

from tests.bench.idle import populate
from tests.bench.process import bench
from tests.bench.whole_way import _load, _tenants

RATE = 10.0
SETTINGS = """[turns]
quiet_spell_seconds = 0
[storage]
copy_every_seconds = 86400
"""


async def measured(directory: Path, *, tenants: int, seconds: float) -> dict[str, Any]:
    """Our share of the answer time at a steady rate, without and during the first round of copies."""
    async with bench(directory, settings=SETTINGS) as daemon, trio.open_nursery() as nursery:
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        numbers = await _tenants(daemon)
        await populate(daemon, tenants)
        rng = random.Random(2)
        await _load(daemon, numbers, rng, count=20, rate=RATE)
        _, _, quiet = await _load(daemon, numbers, rng, count=int(RATE * seconds), rate=RATE)
        took: list[float] = []

        async def copy() -> None:
            began = time.perf_counter()
            await daemon.call("POST", "/v1/copies")
            took.append(time.perf_counter() - began)

        async with trio.open_nursery() as busy:
            busy.start_soon(copy)
            _, _, copying = await _load(daemon, numbers, rng, count=int(RATE * seconds), rate=RATE)
        disk = sum(path.stat().st_size for path in (daemon.directory / "data" / "copies").rglob("*.db"))
        nursery.cancel_scope.cancel()
    found: dict[str, Any] = {
        f"copies: seconds for {tenants} tenants": took[0],
        "copies: MB on disk": disk / 1e6,
    }
    for name, waits in (("without", quiet), ("during", copying)):
        waits.sort()
        found[f"our share: p50 ms at {RATE:g}/s {name} a round of copies"] = statistics.median(waits) * 1000
        found[f"our share: p99 ms at {RATE:g}/s {name} a round of copies"] = waits[int(len(waits) * 0.99)] * 1000
    return found
