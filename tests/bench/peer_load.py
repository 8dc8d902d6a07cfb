"""The same traffic for showroomd and for the peer: signed webhooks in, answers read from the Graph peer."""

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import httpx
import trio
from attrs import define, field, frozen

from daemon.emulator import deliveries
from tests.bench.process import APP_SECRET, cpu_seconds

AT_ONCE: Final = 48
"""Webhooks posted side by side, as Meta does."""
REPEAT_SECONDS: Final = 0.2
QUESTIONS: Final = ("tem corolla?", "tem suv automático?", "qual o mais barato?")


@frozen(kw_only=True)
class Side:
    """One system under load: where its webhooks go, whom it answers for, what its processes spent."""

    webhook: str
    graph_url: str
    vendor_url: str
    numbers: Sequence[str]
    pids: Mapping[str, Callable[[], int]]  # a killed process comes back with another

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each of its processes so far."""
        return {name: cpu_seconds(pid()) for name, pid in self.pids.items()}

    async def think(self, seconds: float) -> None:
        """From now on each model call takes so long."""
        steps = [{"fault": "stall", "seconds": seconds, "times": 0}] if seconds else []
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.vendor_url}/control/script", json=steps)).raise_for_status()


@define(eq=False)
class Load:
    """Customers who write once each, so that no answer belongs to two messages."""

    side: Side
    rng: random.Random
    client: httpx.AsyncClient
    posted: dict[str, float] = field(factory=dict)  # phone → Unix seconds
    acknowledged: dict[str, str] = field(factory=dict)  # phone → wamid
    answers: Counter[str] = field(factory=Counter)  # phone → how many
    waits: list[float] = field(factory=list)
    pending: int = 0  # statuses on their way
    _read: int = 0

    async def post(self, count: int, *, rate: float | None) -> None:
        """Post so many messages, at a steady rate or as fast as they are taken; each until it is answered 200."""
        limiter = trio.CapacityLimiter(AT_ONCE)
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for index in range(count):
                if rate is not None:
                    await trio.sleep_until(start + index / rate)
                nursery.start_soon(self._post, self.side.numbers[index % len(self.side.numbers)], limiter)

    async def _post(self, number: str, limiter: trio.CapacityLimiter) -> None:
        phone = f"55{self.rng.randrange(10**10, 10**11)}"
        wamid = deliveries.new_wamid()
        said = self.rng.choice(QUESTIONS)
        entry = deliveries.text(said, phone=phone, phone_number_id=number, message_id=wamid, at=int(time.time()))
        body = deliveries.delivery(entry)
        headers = {"X-Hub-Signature-256": deliveries.sign(APP_SECRET, body), "Content-Type": "application/json"}
        self.posted[phone] = time.time()
        async with limiter:
            while not await self._taken(body, headers):  # noqa: ASYNC110 - another process: nothing to wait on
                await trio.sleep(REPEAT_SECONDS)
        self.acknowledged[phone] = wamid

    async def _taken(self, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            return (await self.client.post(self.side.webhook, content=body, headers=headers)).status_code == 200
        except httpx.TransportError:
            return False

    async def read(self) -> None:
        """Take in what was sent since the last look."""
        while True:
            query = {"after": self._read, "limit": 2000}
            page = (await self.client.get(f"{self.side.graph_url}/emulator/sent", params=query)).json()
            for call in page["items"]:
                self._take(call)
            self.pending = page["pending"]
            if page["next"] == self._read:
                return
            self._read = page["next"]

    def _take(self, call: Mapping[str, Any]) -> None:
        if call["kind"] != "message" or not call["wamid"] or call["to"] not in self.posted:
            return
        self.answers[call["to"]] += 1
        self.waits.append(call["at"] - self.posted[call["to"]])

    async def until_answered(self) -> None:
        """Wait until everybody was answered and every status was delivered."""
        while len(self.answers) < len(self.posted) or self.pending:
            await trio.sleep(0.05)
            await self.read()

    async def until_quiet(self, seconds: float) -> None:
        """Wait until nobody was answered for so long."""
        last, seen = trio.current_time(), -1
        while trio.current_time() - last < seconds and len(self.answers) < len(self.posted):
            if self.answers.total() != seen:
                last, seen = trio.current_time(), self.answers.total()
            await trio.sleep(0.2)
            await self.read()


async def loaded(side: Side, seed: int, work: Callable[[Load], Awaitable[None]]) -> Load:
    """A load that `work` was done with."""
    limits = httpx.Limits(max_connections=AT_ONCE + 4)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as client:
        load = Load(side, random.Random(seed), client)
        await work(load)
        return load
