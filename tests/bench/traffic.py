"""The daemon among cheap peers: Meta (`tests.bench.meta`) and the vendors (`tests.bench.vendor`), a process each."""

import json
import statistics
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import asdict, define, field, frozen

from tests.bench.meta import Order, Seen
from tests.bench.process import APP_SECRET, Bench, address_of, cpu_seconds, daemon_beside, ended, memory_mb, peer
from tests.support.rig import free_port
from tests.support.stock import STOCK

AT_ONCE: Final = 12
FULL_LOAD: Final = 96
"""Unanswered messages under way when the daemon is kept busy and no more than that."""
SETTLE_SECONDS: Final = 6.0
"""The rollup follows its messages by this much at most, and belongs to them."""
AT_ONCE_ANSWERED: Final = "[turns]\nquiet_spell_seconds = 0\n"


@frozen
class Load:
    """What a load cost and what customers saw of it."""

    seen: Seen
    cpu_seconds: float  # the daemon's
    memory_mb: float  # the daemon's, afterwards

    @property
    def count(self) -> int:
        """How many messages."""
        return len(self.seen.at)

    @property
    def cpu_ms(self) -> float:
        """CPU of the daemon a message."""
        return self.cpu_seconds / self.count * 1000

    @property
    def rate(self) -> float:
        """Answers a second."""
        return (self.count - self.seen.unanswered) / self.seen.seconds

    def waits(
        self, numbers: Iterable[int] | None = None, *, between: tuple[float, float] = (0, float("inf"))
    ) -> list[float]:
        """Sorted seconds until the answer: of these dealerships, written between these times of the load."""
        wanted = None if numbers is None else set(numbers)
        rows = zip(self.seen.answer, self.seen.number, self.seen.at, strict=True)
        return sorted(
            wait
            for wait, number, at in rows
            if wait is not None and (wanted is None or number in wanted) and between[0] <= at < between[1]
        )


def times(name: str, seconds: Sequence[float | None], *shares: float) -> dict[str, float]:
    """Percentiles in ms of what came, named so: p50 and p99 where nothing else is asked for."""
    came = sorted(each for each in seconds if each is not None)
    if not came:
        return {}
    return {
        f"{name}, p{share:g} ms": came[min(len(came) - 1, int(len(came) * share / 100))] * 1000
        for share in shares or (50, 99)
    }


@define(eq=False)
class Customers:
    """Those who write, and Meta between them and the daemon: one process. One load at a time."""

    process: trio.Process
    _seed: int = 0

    async def write(self, webhook: str, numbers: Sequence[str], count: int, **order: Any) -> Seen:
        """Have so many write to these dealerships and wait until all is over; see `Order`."""
        self._seed += 1  # so that nobody of an earlier load writes again
        given = Order(webhook=webhook, secret=APP_SECRET, numbers=numbers, count=count, seed=self._seed, **order)
        assert self.process.stdin is not None
        await self.process.stdin.send_all(json.dumps(asdict(given)).encode() + b"\n")
        seen = Seen(**json.loads(await self._line()))
        assert not seen.wrong, f"{seen.wrong} requests that Meta would refuse"
        return seen

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        chunks: list[bytes] = []
        while not chunks or not chunks[-1].endswith(b"\n"):
            chunk = await self.process.stdout.receive_some()
            assert chunk, "the Meta process has ended"
            chunks.append(bytes(chunk))
        return b"".join(chunks)


@define(eq=False)
class Town:
    """The daemon and its dealerships."""

    daemon: Bench
    customers: Customers
    vendor_url: str
    nursery: trio.Nursery
    numbers: list[str] = field(factory=list)

    async def start(self) -> float:
        """Start the daemon; seconds until it is ready."""
        seconds = await self.daemon.start()
        self.nursery.start_soon(self.daemon.drain_logs)
        return seconds

    async def settle(self, tenants: int, *, providers: Sequence[str] = ("anthropic", "catalogue")) -> None:
        """Make more dealerships, each with the small stock."""
        limiter = trio.CapacityLimiter(AT_ONCE)
        first = len(self.numbers)

        async def create(index: int) -> None:
            async with limiter:
                number = self.numbers[index]
                channel = {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"}
                tenant = {"id": f"loja-{index:05}", "name": f"Loja {index}", "channel": channel}
                await self.daemon.call("POST", "/v1/tenants", {**tenant, "assistant": {"providers": list(providers)}})
                await self.daemon.call("PUT", f"/v1/tenants/loja-{index:05}/vehicles", STOCK)

        self.numbers += [str(200000000000100 + index) for index in range(first, first + tenants)]
        async with trio.open_nursery() as creating:
            for index in range(first, first + tenants):
                creating.start_soon(create, index)

    async def load(self, count: int, **order: Any) -> Load:
        """Have customers write and wait until all is over; see `Order`. One at a time."""
        webhook = f"http://127.0.0.1:{self.daemon.port}/webhooks/whatsapp"
        began = cpu_seconds(self.daemon.pid)
        seen = await self.customers.write(webhook, order.pop("numbers", self.numbers), count, **order)
        await trio.sleep(SETTLE_SECONDS)
        return Load(seen, cpu_seconds(self.daemon.pid) - began, memory_mb(self.daemon.pid))

    async def script(self, *steps: dict[str, Any]) -> None:
        """What the vendors do wrong from now on (`daemon.emulator.scripts.Step`)."""
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.vendor_url}/control/script", json=list(steps))).raise_for_status()

    async def asked(self) -> int:
        """How many requests the vendors had so far."""
        async with httpx.AsyncClient() as client:
            seen = (await client.get(f"{self.vendor_url}/control/seen")).raise_for_status().json()
        return sum(seen["asked"].values())


@asynccontextmanager
async def town(
    directory: Path, *, tenants: int = 8, settings: str = AT_ONCE_ANSWERED, warm: int = 200
) -> AsyncIterator[Town]:
    """A daemon that runs among its peers, with dealerships and warm connections and caches."""
    meta, vendor = await peer("tests.bench.meta"), await peer("tests.bench.vendor")
    try:
        graph_url, vendor_url = await address_of(meta), await address_of(vendor)
        async with (
            daemon_beside(directory, graph_url, vendor_url, port=free_port(), settings=settings) as daemon,
            trio.open_nursery() as nursery,
        ):
            made = Town(daemon, Customers(meta), vendor_url, nursery)
            await made.start()
            await made.settle(tenants)
            if warm:
                await made.load(warm, in_flight=FULL_LOAD)
            yield made
            nursery.cancel_scope.cancel()
    finally:
        await ended(meta, vendor)


def mean(values: Iterable[float]) -> float:
    """0 of none."""
    found = list(values)
    return statistics.fmean(found) if found else 0.0
