"""What a round of copies of many tenants costs: its time, its disk, and what customers notice of it."""

import time
from pathlib import Path
from typing import Any, Final

import trio

from tests.bench.idle import populate
from tests.bench.traffic import times, town

RATE: Final = 10.0
SETTINGS: Final = """[turns]
quiet_spell_seconds = 0
[storage]
copy_every_seconds = 86400
"""


async def measured(directory: Path, *, tenants: int, seconds: float) -> dict[str, Any]:
    """Our share of the answer time at a steady rate, without and during the first round of copies."""
    count = int(RATE * seconds)
    async with town(directory, settings=SETTINGS) as shop:
        await populate(shop.daemon, tenants)
        quiet = await shop.load(count, rate=RATE)
        took: list[float] = []

        async def copy() -> None:
            began = time.perf_counter()
            await shop.daemon.call("POST", "/v1/copies")
            took.append(time.perf_counter() - began)

        async with trio.open_nursery() as busy:
            busy.start_soon(copy)
            copying = await shop.load(count, rate=RATE)
        disk = sum(path.stat().st_size for path in (shop.daemon.directory / "data" / "copies").rglob("*.db"))
    return {
        f"copies: seconds for {tenants} tenants": took[0],
        "copies: MB on disk": disk / 1e6,
        **times(f"our share at {RATE:g}/s without a round of copies", quiet.waits()),
        **times(f"our share at {RATE:g}/s during a round of copies", copying.waits()),
    }
