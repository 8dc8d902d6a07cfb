"""Memory over messages: what the daemon holds, its tenants' files closed, after so and so many of them.

`python -m tests.bench at_rest` writes to tenants on `sandbox`, GROWTH_CHANNEL=web to as many on `web`; GROWTH_TENANTS
and GROWTH_MESSAGES say to how many and how much, BENCH_SCALE shrinks both. Prints a line a look, then a chart. (`long`
looks at the memory under load.)
"""

import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import trio
from attrs import define, frozen

from tests.bench import web
from tests.bench.process import HURRIED, Bench, bench, cpu_seconds, memory_mb
from tests.support.stock import STOCK
from tests.support.web_server import web_server

TENANTS: Final = 40
MESSAGES: Final = 12_000
FIRST_MESSAGES: Final = 400
"""Before the first look; at least each question once to each tenant, so that its cache holds all vehicles asked for."""
LOOKS: Final = 6
SETTLED: Final = 2
"""From this look on what is bounded has been filled: the ring of the last 4,096 events, the caches of words."""
AT_ONCE: Final = 16
PATIENCE_SECONDS: Final = 600.0
CHART_WIDTH: Final = 60
LOOP_LAG: Final = "showroomd_loop_lag_seconds"
"""Sampling it begins it anew."""


class Place(Protocol):
    """Tenants whose customers write."""

    daemon: Bench
    tenants: int

    async def rounds(self, count: int) -> float:
        """Every customer writes that often and is answered; the daemon's CPU seconds."""
        ...


@define(eq=False)
class Street:
    """Tenants on `sandbox`, no process but the daemon."""

    daemon: Bench
    tenants: int
    written: int = 0

    async def for_all(self, work: Callable[[str], Any]) -> None:
        """Do that for each tenant, several at a time."""
        limiter = trio.CapacityLimiter(AT_ONCE)

        async def one(tenant: str) -> None:
            async with limiter:
                await work(tenant)

        async with trio.open_nursery() as nursery:
            for index in range(self.tenants):
                nursery.start_soon(one, f"loja-{index:05}")

    async def settle(self, tenant: str) -> None:
        """Make the tenant."""
        assistant = {"providers": ["catalogue"], "quiet_spell_seconds": 0.0}
        body = {"id": tenant, "name": tenant, "channel": {"kind": "sandbox"}, "assistant": assistant}
        await self.daemon.call("POST", "/v1/tenants", body)
        await self.daemon.call("PUT", f"/v1/tenants/{tenant}/vehicles", STOCK)

    async def rounds(self, count: int) -> float:
        """As `Place.rounds`."""
        cpu = cpu_seconds(self.daemon.pid)
        for _ in range(count):
            message = {"from": "cliente", "text": web.QUESTIONS[self.written % len(web.QUESTIONS)]}
            await self.for_all(
                lambda tenant, message=message: self.daemon.call(  # type: ignore[misc]
                    "POST", f"/v1/tenants/{tenant}/sandbox/messages", message
                )
            )
            self.written += 1
            with trio.fail_after(PATIENCE_SECONDS):
                while await self.daemon.sample("showroomd_turns_total") < self.written * self.tenants:  # noqa: ASYNC110
                    await trio.sleep(0.1)
        return cpu_seconds(self.daemon.pid) - cpu


@frozen
class Look:
    """What was found after so many messages."""

    messages: int
    own_mb: float
    parts: dict[str, float]

    def line(self) -> str:
        """For a person."""
        parts = ", ".join(f"{name} {round(value, 1):,}" for name, value in self.parts.items())
        return f"{self.messages:>8,} messages  {self.own_mb:7.1f} MB own  ({parts})"


@asynccontextmanager
async def street(directory: Path, tenants: int) -> AsyncIterator[Place]:
    """A daemon that has been started anew, and its tenants on `sandbox`."""
    async with bench(directory / "desk") as daemon, trio.open_nursery() as nursery:
        daemon.program = HURRIED
        place = Street(daemon, tenants)
        for furnish in (True, False):
            await daemon.start()
            nursery.start_soon(daemon.drain_logs)
            if furnish:
                await place.for_all(place.settle)
                await daemon.stop()
        yield place
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def town(directory: Path, tenants: int) -> AsyncIterator[Place]:
    """The same on `web`, with WhatsApp's side."""
    async with (
        web_server() as whatsapp,
        web.tls_before(whatsapp.url, directory) as url,
        web.town(directory, whatsapp, url, tenants) as place,
        trio.open_nursery() as nursery,
    ):
        await place.for_all(place.settle)
        await place.for_all(place.pair)
        await place.restart(nursery)
        await place.all_up()
        yield place
        nursery.cancel_scope.cancel()


async def looked(place: Place, messages: int) -> Look:
    """Close the files and look."""
    daemon = place.daemon
    await daemon.sample(LOOP_LAG)
    await daemon.close_files()
    own, looks, lag = memory_mb(daemon.pid), daemon.directory / "looks", await daemon.sample(LOOP_LAG)
    known = looks.stat().st_size if looks.exists() else 0
    os.kill(daemon.pid, signal.SIGUSR2)
    with trio.fail_after(60):
        while not looks.exists() or looks.stat().st_size == known:  # noqa: ASYNC110 - another process
            await trio.sleep(0.1)
    parts = json.loads(looks.read_text().splitlines()[-1])
    return Look(messages, own, {**parts, "ms the loop was held up while closing": lag * 1000})


async def measured(directory: Path, channel: str, *, tenants: int, messages: int) -> list[Look]:
    """A look before any message, one after the first, and `LOOKS` spread evenly over the rest."""
    directory.mkdir(parents=True)
    async with (town if channel == "web" else street)(directory, tenants) as place:
        found, written = [await looked(place, 0)], 0
        first = max(len(web.QUESTIONS), -(-FIRST_MESSAGES // tenants))
        each = max(1, round((messages / tenants - first) / LOOKS))
        for rounds in (first, *[each] * LOOKS):
            print(found[-1].line(), flush=True)
            await place.rounds(rounds)
            written += rounds * tenants
            found.append(await looked(place, written))
        print(found[-1].line(), flush=True)
    return found


def chart(looks: list[Look]) -> str:
    """A bar for each look."""
    most = max(look.own_mb for look in looks)
    return "\n".join(
        f"{look.messages:>8,} {'█' * round(look.own_mb / most * CHART_WIDTH)} {look.own_mb:.1f}" for look in looks
    )


def main() -> None:
    """Measure and print."""
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    tenants = max(2, int(int(os.environ.get("GROWTH_TENANTS", TENANTS)) * scale))
    messages = int(int(os.environ.get("GROWTH_MESSAGES", MESSAGES)) * scale)
    channel = os.environ.get("GROWTH_CHANNEL", "sandbox")
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        looks = trio.run(partial(measured, Path(directory) / "growth", channel, tenants=tenants, messages=messages))
    print(chart(looks))
    settled, last = looks[SETTLED], looks[-1]
    print(f"from {settled.messages:,} to {last.messages:,} messages: {last.own_mb - settled.own_mb:+.1f} MB own")


if __name__ == "__main__":
    main()
