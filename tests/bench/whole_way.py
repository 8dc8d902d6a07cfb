"""The whole way of a message: webhook, commit, turn with one tool call, send, read mark, three statuses, rollup."""

from pathlib import Path
from typing import Any, Final

from tests.bench.traffic import FULL_LOAD, times, town

RATES: Final = (25, 50, 100)

Figures = dict[str, Any]


async def measured(directory: Path, scale: float) -> Figures:
    """CPU a message at full load, and our share of the answer time at steady rates.

    Full load keeps `FULL_LOAD` messages unanswered. The vendor answers at once and there is no quiet spell, so all that
    passes from the moment a message was due at the webhook to its answer at Meta is our share (and the peers' CPU).
    """
    messages = max(100, int(2_000 * scale))
    async with town(directory) as shop:
        asked = await shop.asked()
        full = await shop.load(messages, in_flight=FULL_LOAD)
        asked = await shop.asked() - asked
        found: Figures = {
            "whole way: daemon CPU ms a message, full load": full.cpu_ms,
            "whole way: messages a second, full load": full.rate,
            "whole way: model calls a message": asked / messages,
            "whole way: messages an hour on one core's worth of CPU": 3_600_000 / full.cpu_ms,
        }
        curve: list[list[float]] = []
        for rate in RATES:
            load = await shop.load(max(50, int(rate * 20 * scale)), rate=rate)
            found[f"whole way: daemon CPU ms a message, {rate}/s"] = load.cpu_ms
            share = times(f"our share at {rate}/s", load.waits())
            found |= share | times(f"webhook at {rate}/s", load.seen.webhook)
            curve.append([rate, *share.values()])
        at_once = await shop.load(messages)
        found[f"whole way: daemon CPU ms a message, {messages} at once"] = at_once.cpu_ms
        found[f"whole way: messages a second, {messages} at once"] = at_once.rate
    return {**found, "our share: ms by messages a second, p50 and p99": curve}
