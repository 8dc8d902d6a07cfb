"""The whole way of a message: webhook, commit, turn with one tool call, send, read mark, three statuses, rollup."""

import random
import statistics
import time
from pathlib import Path
from typing import Any

import httpx
import trio

from daemon.emulator import deliveries
from tests.bench.process import Bench, bench, cpu_seconds, memory_mb
from tests.support.stock import STOCK

TENANTS = 8


async def measured(directory: Path, *, messages: int, share_seconds: float) -> dict[str, Any]:
    """CPU a message at full load, and our share of the answer time at 100 messages a second."""
    async with (
        bench(directory, settings="[turns]\nquiet_spell_seconds = 0\n") as daemon,
        trio.open_nursery() as nursery,
    ):
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        numbers = await _tenants(daemon)
        rng = random.Random(1)
        await _load(daemon, numbers, rng, count=min(200, messages), rate=200)  # connections and caches are warm
        found: dict[str, Any] = {}
        before = memory_mb(daemon.pid)
        cpu, seconds, _ = await _load(daemon, numbers, rng, count=messages, rate=None)
        found["whole way: daemon CPU ms a message, full load"] = cpu / messages * 1000
        found["whole way: messages a second, full load"] = messages / seconds
        for rate in (25, 100):
            count = max(20, int(rate * share_seconds))
            cpu, _, waits = await _load(daemon, numbers, rng, count=count, rate=rate)
            waits.sort()
            found[f"whole way: daemon CPU ms a message, {rate}/s"] = cpu / count * 1000
            found[f"our share: p50 ms at {rate}/s"] = statistics.median(waits) * 1000
            found[f"our share: p99 ms at {rate}/s"] = waits[int(len(waits) * 0.99)] * 1000
        found["whole way: memory growth MB"] = memory_mb(daemon.pid) - before
        nursery.cancel_scope.cancel()
    return found


async def _tenants(daemon: Bench) -> list[str]:
    numbers = []
    for index in range(TENANTS):
        number = str(200000000000100 + index)
        await daemon.call(
            "POST",
            "/v1/tenants",
            {
                "id": f"loja-{index}",
                "name": f"Loja {index}",
                "channel": {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"},
                "assistant": {"providers": ["anthropic", "catalogue"]},
            },
        )
        await daemon.call("PUT", f"/v1/tenants/loja-{index}/vehicles", STOCK)
        numbers.append(number)
    return numbers


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
