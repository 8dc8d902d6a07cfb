"""Does memory grow with the messages? Slices of full load, with the daemon's own memory after each.

`make bench` runs it short; `python -m tests.bench long` sends 200,000 messages, each of a new customer.
"""

from pathlib import Path
from typing import Any, Final

from tests.bench.traffic import FULL_LOAD, mean, town

MESSAGES: Final = 200_000
SHORT: Final = 20_000
SLICES: Final = 20
SHORT_SLICES: Final = 10

Figures = dict[str, Any]


async def measured(directory: Path, scale: float, *, messages: int = MESSAGES, slices: int = SLICES) -> Figures:
    """Memory by messages, and CPU a message at the beginning and at the end."""
    a_slice = max(20, int(messages * scale / slices))
    memory: list[list[float]] = []
    cpu: list[float] = []
    unanswered = refused = 0
    async with town(directory) as shop:
        for number in range(slices):
            load = await shop.load(a_slice, in_flight=FULL_LOAD)
            memory.append([(number + 1) * a_slice, load.memory_mb])
            cpu.append(load.cpu_ms)
            unanswered += load.seen.unanswered
            refused += load.seen.refused
    half = memory[slices // 2 :]
    grown = half[-1][1] - half[0][1]
    fifth = slices // 5
    return {
        "long: messages": slices * a_slice,
        "long: memory MB after the first slice": memory[0][1],
        "long: memory MB after half": half[0][1],
        "long: memory MB at the end": memory[-1][1],
        "long: bytes kept a message in the second half": grown * 2**20 / (half[-1][0] - half[0][0]),
        "long: CPU ms a message, first fifth": mean(cpu[:fifth]),
        "long: CPU ms a message, last fifth": mean(cpu[-fifth:]),
        "long: unanswered": unanswered,
        "long: webhooks refused": refused,
        "long: memory MB by messages": memory,
    }
