"""Both cores: one process alone, then one and two cells behind the webhook entry, the whole way of a message each.

    python -m tests.bench cores

The peers (customers, Meta, the vendor) share the machine's cores with what is measured, so messages a second say what
the machine does with all of them on it; CPU a message says what the cells and the entry would do without them.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import frozen

from tests.bench.process import APP_SECRET, Bench, address_of, cpu_seconds, memory_mb, peer
from tests.bench.whole_way import TENANTS, _load
from tests.support.rig import free_port
from tests.support.stock import STOCK

ENVIRON = {
    "PATH": os.environ["PATH"],
    "LOG_LEVEL": "info",
    "SHOWROOMD_MASTER_KEY": "A" * 43 + "=",
    "SHOWROOMD_WHATSAPP_APP_SECRET": APP_SECRET,
    "SHOWROOMD_WHATSAPP_VERIFY_TOKEN": "bench",
    "ANTHROPIC_API_KEY": "bench",
}
WARM = 200

Figures = dict[str, Any]


@frozen
class Desk:
    """Cells with their dealerships, and whom the load goes to: the entry, or the only process there is."""

    front: Bench
    cells: list[Bench]
    numbers: list[str]

    @property
    def entry_pid(self) -> int | None:
        """Of the entry, if there is one."""
        return None if self.front in self.cells else self.front.pid


@asynccontextmanager
async def desk(directory: Path, *, cells: int, entry: bool) -> AsyncIterator[Desk]:
    """So many cells, with or without an entry, everything running."""
    directory.mkdir(parents=True)
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/whatsapp"
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        graph = await peer("daemon.emulator.graph", "--webhook", webhook, "--app-secret", APP_SECRET)
        vendor = await peer("daemon.emulator.vendors")
        graph_url, vendor_url = await address_of(graph), await address_of(vendor)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=httpx.Limits(max_connections=64))
        )
        made: list[Bench] = []
        front: trio.Process | None = None
        try:
            for index in range(cells):
                place = directory / f"cell-{index + 1}"
                place.mkdir()
                own_port = free_port() if entry else port
                (place / "showroomd.toml").write_text(_settings(place, own_port, graph_url, vendor_url))
                cell = Bench(place, own_port, graph_url, ENVIRON, client)
                made.append(cell)
                await cell.start()
                nursery.start_soon(cell.drain_logs)
            if entry:
                front = await _entry(directory, port, made)
                nursery.start_soon(_drained, front)
            numbers = [number for index in range(TENANTS) for number in [await _tenant(made[index % cells], index)]]
            whole = Bench(directory, port, graph_url, ENVIRON, client, process=front) if front else made[0]
            if front:
                await trio.sleep(2.5)  # the entry has asked for the numbers
            yield Desk(whole, made, numbers)
        finally:
            with trio.CancelScope(shield=True):
                if front is not None:
                    front.terminate()
                    await front.wait()
                for cell in made:
                    await cell.stop()
                    await cell.admin.aclose()
                for each in (graph, vendor):
                    each.kill()
                    await each.wait()
            nursery.cancel_scope.cancel()


def _settings(place: Path, port: int, graph_url: str, vendor_url: str) -> str:
    return f"""[daemon]
data_dir = "{place}/data"
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
entry_socket = "{place}/entry.sock"
[whatsapp.cloud]
graph_url = "{graph_url}"
[providers.anthropic]
base_url = "{vendor_url}"
[turns]
quiet_spell_seconds = 0
"""


async def _entry(directory: Path, port: int, cells: list[Bench]) -> trio.Process:
    """The webhook entry, ready."""
    (directory / "entry.toml").write_text(
        f"""[daemon]
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
[entry]
cells = {[f"{cell.directory}/entry.sock" for cell in cells]}
status = "127.0.0.1:{free_port()}"
refresh_seconds = 2
"""
    )
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "daemon", "entry", "--config", str(directory / "entry.toml")],
        env=ENVIRON,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    seen = b""
    while b'"ready"' not in seen:
        chunk = await process.stderr.receive_some()
        assert chunk, seen.decode(errors="replace")
        seen += chunk
    return process


async def _drained(process: trio.Process) -> None:
    assert process.stderr is not None
    async for _ in process.stderr:
        pass


async def _tenant(cell: Bench, index: int) -> str:
    number = str(200000000000100 + index)
    channel = {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"}
    assistant = {"providers": ["anthropic", "catalogue"]}
    tenant = {"id": f"loja-{index}", "name": f"Loja {index}", "channel": channel, "assistant": assistant}
    await cell.call("POST", "/v1/tenants", tenant)
    await cell.call("PUT", f"/v1/tenants/loja-{index}/vehicles", STOCK)
    return number


async def _measured(name: str, directory: Path, *, cells: int, entry: bool, messages: int) -> Figures:
    async with desk(directory, cells=cells, entry=entry) as made:
        rng = random.Random(1)
        await _load(made.front, made.numbers, rng, count=min(WARM, messages), rate=WARM)
        before = [cpu_seconds(cell.pid) for cell in made.cells]
        spent, seconds, _ = await _load(made.front, made.numbers, rng, count=messages, rate=None)
        of_cells = sum(cpu_seconds(cell.pid) for cell in made.cells) - sum(before)
        of_entry = spent if made.entry_pid else 0.0
        found: Figures = {
            f"{name}: messages a second": messages / seconds,
            f"{name}: cells' CPU ms a message": of_cells / messages * 1000,
            f"{name}: entry's CPU ms a message": of_entry / messages * 1000,
        }
        cores = min(len(made.cells), 2) if not entry else 2
        by_cpu = cores * messages / (of_cells + of_entry)
        if entry and cells == 1:
            by_cpu = messages / max(of_cells, of_entry)  # each has a core, the dearer one is the limit
        found[f"{name}: messages a second by CPU time alone"] = by_cpu
        if made.entry_pid:
            found[f"{name}: entry's memory MB"] = memory_mb(made.entry_pid)
        return found


async def measured(directory: Path, *, messages: int) -> Figures:
    """All three, one after the other."""
    found = await _measured("one process", directory / "alone", cells=1, entry=False, messages=messages)
    found |= await _measured("one cell and the entry", directory / "one", cells=1, entry=True, messages=messages)
    found |= await _measured("two cells and the entry", directory / "two", cells=2, entry=True, messages=messages)
    for ending in ("messages a second", "messages a second by CPU time alone"):
        found[f"gain, {ending}"] = found[f"two cells and the entry: {ending}"] / found[f"one process: {ending}"]
    return found


def main() -> None:
    """Measure and print."""
    from tests.bench.__main__ import printed  # late: it imports us by name

    scale = float(os.environ.get("BENCH_SCALE", "1"))
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as folder:

        async def run() -> Figures:
            return await measured(Path(folder), messages=int(2_000 * scale))

        printed(trio.run(run))
