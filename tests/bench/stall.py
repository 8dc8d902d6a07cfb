"""A vendor stops answering for 20 s: who waits, and does anybody wait who asked another vendor?

Half of the dealerships ask Anthropic, half OpenAI. For the length of the stall every request to Anthropic hangs, and is
answered when it ends; the time-out of 30 s is not reached, so those customers wait and nobody gives up on the vendor.
"""

from pathlib import Path
from typing import Any, Final

import trio

from tests.bench.traffic import AT_ONCE_ANSWERED, Load, Town, times, town

STALL_SECONDS: Final = 20.0
BEFORE_SECONDS: Final = 10.0
AFTER_SECONDS: Final = 15.0
RATE: Final = 30.0
HALF: Final = 4

Figures = dict[str, Any]


async def measured(directory: Path, scale: float) -> Figures:
    """Answer times before, in and after the stall, of those it hits and of the others; turns that ran at most."""
    rate = max(4.0, RATE * min(scale, 1))
    async with town(directory, tenants=0, settings=AT_ONCE_ANSWERED, warm=0) as shop:
        await _two_vendors(shop)
        await shop.load(100, in_flight=32)
        most = [0.0]
        loads: list[Load] = []
        async with trio.open_nursery() as during:

            async def load() -> None:
                count = int(rate * (BEFORE_SECONDS + STALL_SECONDS + AFTER_SECONDS))
                loads.append(await shop.load(count, rate=rate))
                during.cancel_scope.cancel()

            async def stall() -> None:
                await trio.sleep(BEFORE_SECONDS)
                ends = trio.current_time() + STALL_SECONDS
                while (left := ends - trio.current_time()) > 0:
                    # each request hangs until the stall's end, whenever it comes
                    await shop.script({"fault": "stall", "vendor": "anthropic", "seconds": left, "times": 0})
                    most[0] = max(most[0], await shop.daemon.sample("showroomd_turns_running"))
                    await trio.sleep(min(left, 0.5))
                await shop.script()

            during.start_soon(load)
            during.start_soon(stall)
    seen = loads[0]
    spans = {
        "before": (0.0, BEFORE_SECONDS),
        "in the stall": (BEFORE_SECONDS + 1, BEFORE_SECONDS + STALL_SECONDS - 1),
        "after it": (BEFORE_SECONDS + STALL_SECONDS + 5, 1e9),
    }
    found: Figures = {"stall: messages a second": rate}
    for name, span in spans.items():
        found |= times(f"stall: other vendor's, {name}", seen.waits(range(HALF, 2 * HALF), between=span))
        found |= times(f"stall: stalled vendor's, {name}", seen.waits(range(HALF), between=span), 50, 99, 100)
    found |= times("stall: webhooks", seen.seen.webhook)
    found["stall: turns that ran at most"] = most[0]
    found["stall: unanswered"] = seen.seen.unanswered
    return found


async def _two_vendors(shop: Town) -> None:
    await shop.daemon.stop()
    config = shop.daemon.directory / "showroomd.toml"
    config.write_text(f'{config.read_text()}[providers.openai]\nbase_url = "{shop.vendor_url}/v1"\n')
    shop.daemon.environ["OPENAI_API_KEY"] = "bench"
    await shop.start()
    await shop.settle(HALF, providers=("anthropic", "catalogue"))
    await shop.settle(HALF, providers=("openai", "catalogue"))
