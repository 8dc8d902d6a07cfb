"""Does a message cost more where there are more dealerships? The same load over 1, 100 and 2,000 of them.

Every message comes from a new customer of a dealership at random, and each dealership has had about one before the
measuring begins. With more dealerships than `open_shards` some messages open a file and close another: that is in it.
"""

from pathlib import Path
from typing import Any, Final

from tests.bench.traffic import FULL_LOAD, times, town

COUNTS: Final = (1, 100, 2_000)
STEADY: Final = 20.0

Figures = dict[str, Any]


def counts(scale: float) -> list[int]:
    """How many dealerships there are in turn."""
    return sorted({max(1, int(count * min(scale, 1))) if count > 1 else 1 for count in COUNTS})


async def measured(directory: Path, scale: float) -> Figures:
    """CPU a message at full load and answer times at a steady rate, for each number of dealerships."""
    messages = max(100, int(2_000 * scale))
    found: Figures = {}
    curve: list[list[float]] = []
    async with town(directory, tenants=1) as shop:
        for count in counts(scale):
            await shop.settle(count - len(shop.numbers))
            await shop.load(max(count, min(messages, 200)), in_flight=FULL_LOAD)  # files are open, caches warm
            full = await shop.load(messages, in_flight=FULL_LOAD)
            steady = await shop.load(max(40, int(STEADY * 10 * scale)), rate=STEADY)
            curve.append([count, full.cpu_ms])
            found[f"tenants: CPU ms a message at {count}"] = full.cpu_ms
            found[f"tenants: messages a second at {count}"] = full.rate
            found[f"tenants: memory MB at {count}"] = full.memory_mb
            found |= times(f"tenants: answer at {STEADY:g}/s at {count}", steady.waits())
            found[f"tenants: unanswered at {count}"] = full.seen.unanswered + steady.seen.unanswered
    dearer = curve[-1][1] / curve[0][1]
    return {**found, f"tenants: cost at {curve[-1][0]:g} over that at 1": dearer, "tenants: curve": curve}
