"""What showroomd replaces, rebuilt in `tests/bench/peer/`, beside showroomd: the same traffic, one run.

Runs alone with `python -m tests.bench peer`; BENCH_SCALE shrinks the load. Both sides share this machine's cores with
their Graph and vendor peers and with this process; each side runs alone. See peer/README.md for what was decided.
"""

import json
import os
import random
import statistics
import tempfile
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from attrs import frozen

from daemon.emulator import showroom
from tests.bench.idle import closed
from tests.bench.peer_load import Load, Side, loaded
from tests.bench.peer_process import NodePeer, missing, node_peer
from tests.bench.process import Bench, bench, memory_mb
from tests.support.stock import STOCK

TENANTS: Final = 8
RATE: Final = 10.0
THINKS_SECONDS: Final = 0.5
KILL_THINKS_SECONDS: Final = 0.2
RESEND_SECONDS: Final = 12
STOCKS: Final = (100, 1_000)
SETTINGS: Final = f"""[turns]
quiet_spell_seconds = 0
[outbox]
resend_after_seconds = {RESEND_SECONDS}
"""

Json = dict[str, Any]
Figures = dict[str, Any]


@frozen(kw_only=True)
class Sizes:
    """How much is done."""

    messages: int
    steady: int
    thinking: int
    kills: int
    tenants: int

    @classmethod
    def of(cls, scale: float) -> "Sizes":
        return cls(
            messages=max(80, int(2_000 * scale)),
            steady=max(50, int(300 * scale)),
            thinking=max(40, int(160 * scale)),
            kills=max(1, int(10 * scale)),
            tenants=max(5, int(100 * min(scale, 0.5))),
        )


def companies(count: int, stock: list[Json]) -> list[Json]:
    """Dealerships with the same stock; `phone_number_id` tells them apart."""
    return [
        {
            "id": index,
            "name": f"Loja {index}",
            "phone_number_id": str(200000000000100 + index),
            "access_token": "EAAG",
            "vehicles": stock,
        }
        for index in range(count)
    ]


def vehicles(count: int) -> list[Json]:
    """The demo's vehicles again and again, each with an id and a price of its own."""
    rng = random.Random(5)
    shops = (showroom.vehicles(profile.id, "https://example.com") for profile in showroom.PROFILES)
    known = [vehicle for shop in shops for vehicle in json.loads(showroom.stock_file(shop))]
    return [
        {**known[index % len(known)], "id": f"v{index}", "price_centavos": rng.randrange(20_000, 400_000) * 100}
        for index in range(count)
    ]


@asynccontextmanager
async def ours(directory: Path, dealerships: list[Json]) -> AsyncIterator[tuple[Bench, Side]]:
    """showroomd with these dealerships, started. Its model is asked through the OpenAI SDK, as the peer's is."""
    async with bench(directory, settings=SETTINGS) as daemon, trio.open_nursery() as nursery:
        config = directory / "showroomd.toml"
        vendor_url = tomllib.loads(config.read_text())["providers"]["anthropic"]["base_url"]
        config.write_text(f'{config.read_text()}[providers.openai]\nbase_url = "{vendor_url}/v1"\n')
        daemon.environ["OPENAI_API_KEY"] = "bench"
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        for each in dealerships:
            number = each["phone_number_id"]
            channel = {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"}
            tenant = {"id": f"loja-{each['id']}", "name": each["name"], "channel": channel}
            await daemon.call("POST", "/v1/tenants", {**tenant, "assistant": {"providers": ["openai", "catalogue"]}})
            if each["vehicles"]:
                await daemon.call("PUT", f"/v1/tenants/loja-{each['id']}/vehicles", each["vehicles"])
        side = Side(
            webhook=f"http://127.0.0.1:{daemon.port}/webhooks/whatsapp",
            graph_url=daemon.graph_url,
            vendor_url=vendor_url,
            numbers=[each["phone_number_id"] for each in dealerships],
            pids={"showroomd": lambda: daemon.pid},
        )
        yield daemon, side
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def theirs(
    directory: Path, dealerships: list[Json], acknowledge: str = "first"
) -> AsyncIterator[tuple[NodePeer, Side]]:
    """The peer with these dealerships, started."""
    async with node_peer(directory, dealerships) as node:
        await node.start(acknowledge=acknowledge)
        side = Side(
            webhook=f"http://127.0.0.1:{node.port}/webhooks/whatsapp",
            graph_url=node.graph_url,
            vendor_url=node.vendor_url,
            numbers=[each["phone_number_id"] for each in dealerships],
            pids={"Node.js": lambda: node.pid, "MariaDB": lambda: node.database.pid},
        )
        yield node, side


async def traffic(side: Side, sizes: Sizes) -> Figures:
    """Messages an hour and CPU at full load, answer times at a steady rate, and both again with a vendor who thinks."""
    rng = random.Random(1)  # no two loads have a customer in common
    await _run(side, rng, min(200, sizes.messages), None)  # connections, caches and the compiler are warm
    found: Figures = {}
    load, seconds, spent = await _run(side, rng, sizes.messages, None)
    found["messages an hour, vendor answers at once"] = sizes.messages / seconds * 3600
    for name, cpu in spent.items():
        found[f"CPU ms a message, {name}"] = cpu / sizes.messages * 1000
    found["CPU ms a message"] = sum(spent.values()) / sizes.messages * 1000
    load, _, _ = await _run(side, rng, sizes.steady, RATE)
    found |= _times(f"answer time at {RATE:g}/s", load)
    await side.think(THINKS_SECONDS)
    load, seconds, _ = await _run(side, rng, sizes.thinking, None)
    found[f"messages an hour, {TENANTS} dealerships, vendor thinks {THINKS_SECONDS:g} s a call"] = (
        sizes.thinking / seconds * 3600
    )
    load, _, _ = await _run(side, rng, sizes.steady, RATE / 2)
    found |= _times(f"answer time at {RATE / 2:g}/s, vendor thinks {THINKS_SECONDS:g} s a call", load)
    await side.think(0)
    return found


async def _run(side: Side, rng: random.Random, count: int, rate: float | None) -> tuple[Load, float, dict[str, float]]:
    """The load, the seconds until the last answer and what each process spent."""
    before = side.cpu()
    seconds = 0.0

    async def work(load: Load) -> None:
        nonlocal seconds
        began = trio.current_time()
        await load.post(count, rate=rate)
        while len(load.answers) < count:
            await trio.sleep(0.05)
            await load.read()
        seconds = trio.current_time() - began
        await load.until_answered()
        await trio.sleep(3)  # what follows an answer belongs to it

    load = await loaded(side, rng.randrange(2**32), work)
    return load, seconds, {name: now - before[name] for name, now in side.cpu().items()}


def _times(name: str, load: Load) -> Figures:
    waits = sorted(load.waits)
    return {
        f"{name}, p50 ms": statistics.median(waits) * 1000,
        f"{name}, p99 ms": waits[int(len(waits) * 0.99)] * 1000,
    }


async def killed(side: Side, sizes: Sizes, kill: Callable[[], Any], start: Callable[[], Any]) -> tuple[Figures, Load]:
    """Kill -9 in the middle of traffic, several times; what became of the messages that were answered 200."""
    await side.think(KILL_THINKS_SECONDS)
    rng = random.Random(9)

    async def work(load: Load) -> None:
        for _ in range(sizes.kills):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(load.post, int(RATE * 4), rate=RATE))
                await trio.sleep(rng.uniform(1, 3))
                await kill()
                await start()
        await load.until_quiet(3 * RESEND_SECONDS)
        await trio.sleep(3)
        await load.read()

    load = await loaded(side, 11, work)
    return {
        "kill -9: times": sizes.kills,
        "kill -9: messages answered 200": len(load.acknowledged),
        "kill -9: of these never answered": sum(not load.answers[phone] for phone in load.acknowledged),
        "kill -9: of these answered twice": sum(load.answers[phone] > 1 for phone in load.acknowledged),
    }, load


async def of_ours(root: Path, sizes: Sizes) -> Figures:
    """All figures of showroomd."""
    async with ours(root / "traffic", companies(TENANTS, STOCK)) as (_, side):
        found = await traffic(side, sizes)
    async with ours(root / "killed", companies(TENANTS, STOCK)) as (daemon, side), trio.open_nursery() as nursery:

        async def kill() -> None:
            assert daemon.process is not None
            daemon.process.kill()
            await daemon.process.wait()

        async def start() -> None:
            await daemon.start()
            nursery.start_soon(daemon.drain_logs)

        lost, load = await killed(side, sizes, kill, start)
        stored = sum([await _conversations(daemon, f"loja-{index}") for index in range(TENANTS)])
        nursery.cancel_scope.cancel()
    found |= lost | {"kill -9: of these not stored": len(load.acknowledged) - stored}
    empty = await _our_memory(root / "empty", [])
    for size in STOCKS:
        full = await _our_memory(root / f"stock{size}", companies(sizes.tenants, vehicles(size)))
        found[f"MB a dealership, {size} vehicles"] = (full - empty) / sizes.tenants
    return found


async def _conversations(daemon: Bench, tenant: str) -> int:
    """How many there are: one for each customer."""
    count, after = 0, ""
    while after is not None:
        page = await daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=200&after={after}")
        count, after = count + len(page["items"]), page["next"]
    return count


async def _our_memory(directory: Path, dealerships: list[Json]) -> float:
    """MB of the process started anew, once it has closed its idle files."""
    async with ours(directory, dealerships) as (daemon, _), trio.open_nursery() as nursery:
        await daemon.stop()
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        await closed(daemon)
        nursery.cancel_scope.cancel()
        return memory_mb(daemon.pid)


async def of_theirs(root: Path, sizes: Sizes, acknowledge: str) -> Figures:
    """All figures of the peer; those that do not depend on when it acknowledges only for `first`."""
    found: Figures = {}
    async with theirs(root / "traffic", companies(TENANTS, STOCK), acknowledge) as (_, side):
        found |= await traffic(side, sizes)
    async with theirs(root / "killed", companies(TENANTS, STOCK), acknowledge) as (node, side):
        lost, load = await killed(side, sizes, node.kill, partial(node.start, acknowledge=acknowledge))
        rows = [row for number in side.numbers for row in await node.messages(number)]
        known = {row["wamid"] for row in rows}
        found |= lost | {
            "kill -9: of these not stored": sum(wamid not in known for wamid in load.acknowledged.values())
        }
    if acknowledge == "first":
        empty = await _their_memory(root / "empty", [])
        for size in STOCKS:
            full = await _their_memory(root / f"stock{size}", companies(sizes.tenants, vehicles(size)))
            found[f"MB a dealership, {size} vehicles"] = (full - empty) / sizes.tenants
    return found


async def _their_memory(directory: Path, dealerships: list[Json]) -> float:
    """MB of Node.js alone, some seconds after its start; MariaDB's is not counted."""
    async with theirs(directory, dealerships) as (node, _):
        await trio.sleep(10)
        return memory_mb(node.pid)


async def measured(root: Path, scale: float) -> dict[str, Figures]:
    """Each side's figures, one side after the other."""
    sizes = Sizes.of(scale)
    return {
        "showroomd": await of_ours(root / "ours", sizes),
        "peer": await of_theirs(root / "first", sizes, "first"),
        "peer, stores first": await of_theirs(root / "stored", sizes, "stored"),
    }


def printed(found: dict[str, Figures]) -> None:
    """Side by side."""
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    width = max(map(len, names))
    print(f"{'':<{width}}" + "".join(f"  {side:>18}" for side in found))
    for name in names:
        cells = [figures.get(name, "") for figures in found.values()]
        shown = [f"{cell:,.2f}" if isinstance(cell, float) and cell < 1000 else f"{cell:,.0f}" if cell != "" else ""
                 for cell in cells]  # fmt: skip
        print(f"{name:<{width}}" + "".join(f"  {cell:>18}" for cell in shown))


def main() -> None:
    """Measure, print; `peer.json` into $BENCH_OUT if that is set."""
    if why := missing():
        raise SystemExit(f"the peer cannot run: {why}")
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        found = trio.run(partial(measured, Path(directory), scale))
    printed(found)
    if out := os.environ.get("BENCH_OUT"):
        Path(out).mkdir(parents=True, exist_ok=True)
        (Path(out) / "peer.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
