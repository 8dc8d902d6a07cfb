"""One dealership has half of the traffic of eight: do the others' customers notice?

Twice: at a rate that can be borne, and all at once, where everybody has to wait and the question is for whom.
"""

from pathlib import Path
from typing import Any, Final

from tests.bench.traffic import Load, mean, times, town

RATE: Final = 50.0

Figures = dict[str, Any]


async def measured(directory: Path, scale: float) -> Figures:
    """Answer times of the hot dealership and of the others."""
    async with town(directory) as shop:
        even = await shop.load(max(50, int(RATE * 15 * scale)), rate=RATE)
        steady = await shop.load(max(50, int(RATE * 15 * scale)), rate=RATE, hot=0.5)
        burst = await shop.load(max(100, int(1_000 * scale)), hot=0.5, connections=256)
    found = times(f"skew: answer at {RATE:g}/s, all alike", even.waits())
    for name, load in ((f"at {RATE:g}/s", steady), (f"{burst.count} at once", burst)):
        found |= times(f"skew: answer {name}, the hot one", load.waits([0]))
        found |= times(f"skew: answer {name}, the others", load.waits(range(1, 8)))
    found[f"skew: mean wait s {burst.count} at once, the hot one"] = mean(burst.waits([0]))
    found[f"skew: mean wait s {burst.count} at once, the others"] = mean(burst.waits(range(1, 8)))
    return {**found, "skew: unanswered": _unanswered(even, steady, burst)}


def _unanswered(*loads: Load) -> int:
    return sum(load.seen.unanswered for load in loads)
