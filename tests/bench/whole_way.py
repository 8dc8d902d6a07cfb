"""The whole way of a message: webhook, commit, turn with one tool call, send, read mark, three statuses, rollup."""

import random
import time
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from daemon.emulator import deliveries
from tests.bench.process import Bench, cpu_seconds
from tests.bench.traffic import FULL_LOAD, times, town

TENANTS: Final = 8
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


async def _load(
    daemon: Bench, numbers: list[str], rng: random.Random, *, count: int, rate: float | None
) -> tuple[float, float, list[float]]:
    """Post `count` customers' messages; (daemon's CPU seconds, seconds until the last answer, waits of each)."""
    posted: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=daemon.graph_url, timeout=60) as graph:
        sent = Sent(graph)
        await sent.read()
        cpu, began = cpu_seconds(daemon.pid), time.perf_counter()
        limiter = trio.CapacityLimiter(48)

        async def post(index: int, phone: str) -> None:
            entry = deliveries.text(
                rng.choice(("tem corolla?", "tem suv automático?", "qual o mais barato?")),
                phone=phone,
                phone_number_id=numbers[index % len(numbers)],
                at=int(time.time()),
            )
            body = deliveries.delivery(entry)
            posted[phone] = time.time()
            async with limiter:
                await daemon.webhook(body)

        async with trio.open_nursery() as nursery:
            start = trio.current_time()
            for index in range(count):
                if rate is not None:
                    await trio.sleep_until(start + index / rate)
                # a new customer each, so that no answer belongs to two messages
                nursery.start_soon(post, index, f"55{rng.randrange(10**10, 10**11)}")
        answers: list[dict[str, Any]] = []
        while len(answers) < count:
            await trio.sleep(0.05)
            answers += await sent.read()
        seconds = time.perf_counter() - began
        while sent.pending:  # the statuses belong to the message
            await trio.sleep(0.05)
            answers += await sent.read()
        await trio.sleep(3)  # so does the rollup
        spent = cpu_seconds(daemon.pid) - cpu
        waits = [answer["at"] - posted[answer["to"]] for answer in answers if answer["to"] in posted]
        return spent, seconds, waits


class Sent:
    """The texts (or messages of another kind) that the Graph peer took over, read page by page."""

    def __init__(self, client: httpx.AsyncClient, kind: str = "text") -> None:
        self._client = client
        self._kind = kind
        self._next = 0
        self.pending = 0

    async def read(self) -> list[dict[str, Any]]:
        """What came since the last look."""
        found: list[dict[str, Any]] = []
        while True:
            page = (await self._client.get("/emulator/sent", params={"after": self._next, "limit": 2000})).json()
            self.pending = page["pending"]
            found += [
                call for call in page["items"] if call["kind"] == "message" and call["body"].get("type") == self._kind
            ]
            if page["next"] == self._next:
                return found
            self._next = page["next"]
