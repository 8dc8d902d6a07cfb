"""10,000 messages in 10 s, ten times what one process answers: nothing is refused, nobody is forgotten.

Meta wants its 200 within a second, whenever the customer's answer comes. A webhook's time counts from when the message
was due, so it has in it the wait for one of the connections. A look at /metrics every second says how old the queue is.
"""

import time
from pathlib import Path
from typing import Any, Final

import trio

from tests.bench.traffic import Load, Town, mean, times, town

MESSAGES: Final = 10_000
SECONDS: Final = 10.0
TENANTS: Final = 50
CONNECTIONS: Final = 256
LOOK_SECONDS: Final = 1.0

Figures = dict[str, Any]


async def measured(directory: Path, scale: float) -> Figures:
    """Webhook and answer times, queue age over time, and how the dealerships fared beside one another."""
    count = max(200, int(MESSAGES * scale))
    ages: list[list[float]] = []
    loads: list[Load] = []
    async with town(directory, tenants=TENANTS) as shop, trio.open_nursery() as nursery:
        began = time.time()

        async def load() -> None:
            loads.append(await shop.load(count, rate=count / SECONDS, connections=CONNECTIONS))
            nursery.cancel_scope.cancel()

        nursery.start_soon(load)
        await _watch(shop, ages)
    burst = loads[0]
    offset = began - burst.seen.began
    found: Figures = {f"burst: messages in {SECONDS:g} s": count}
    found |= times("burst: webhook", burst.seen.webhook, 50, 99, 100)
    found["burst: webhooks refused"] = burst.seen.refused
    found["burst: unanswered"] = burst.seen.unanswered
    found["burst: seconds until all were answered"] = burst.seen.seconds
    found["burst: messages a second meanwhile"] = burst.rate
    found["burst: CPU ms a message"] = burst.cpu_ms
    found["burst: queue age at most, s"] = max((age for _, age in ages), default=0.0)
    found["burst: longest wait for an answer, s"] = max(burst.waits(), default=0.0)
    found |= _fairness(burst)
    found["burst: memory MB afterwards"] = burst.memory_mb
    return {
        **found,
        "burst: queue age s by second": [[round(at + offset, 2), round(age, 3)] for at, age in ages],
        "burst: oldest unanswered s by second": _oldest(burst),
        "burst: webhook p99 s by second": _by_second(burst),
    }


async def _watch(shop: Town, ages: list[list[float]]) -> None:
    began = trio.current_time()
    while True:
        age = await shop.daemon.sample("showroomd_queue_age_seconds")
        ages.append([trio.current_time() - began, age])
        await trio.sleep(LOOK_SECONDS)


def _fairness(burst: Load) -> Figures:
    """Mean wait of the dealership that fared best and worst, and when the last of them had its first answer."""
    waits = [mean(burst.waits([number])) for number in range(TENANTS)]
    firsts: dict[int, float] = {}
    for wait, number, at in zip(burst.seen.answer, burst.seen.number, burst.seen.at, strict=True):
        if wait is not None:
            firsts[number] = min(firsts.get(number, float("inf")), at + wait)
    return {
        "burst: mean wait s of the best dealership": min(waits),
        "burst: mean wait s of the worst dealership": max(waits),
        "burst: seconds until every dealership had an answer": max(firsts.values(), default=0.0),
    }


def _oldest(burst: Load) -> list[list[float]]:
    """How long the customer has waited who waits longest, second by second until all were answered."""
    rows = [(at, at + wait) for at, wait in zip(burst.seen.at, burst.seen.answer, strict=True) if wait is not None]
    return [
        [second, second - min((at for at, until in rows if at <= second < until), default=second)]
        for second in range(int(burst.seen.seconds) + 2)
    ]


def _by_second(burst: Load) -> list[list[float]]:
    seconds: dict[int, list[float]] = {}
    for at, took in zip(burst.seen.at, burst.seen.webhook, strict=True):
        if took is not None:
            seconds.setdefault(int(at), []).append(took)
    return [[at, sorted(took)[int(len(took) * 0.99)]] for at, took in sorted(seconds.items())]
