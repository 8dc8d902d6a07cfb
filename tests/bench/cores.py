"""Both cores: one process alone, then one and two cells behind the webhook entry, the whole way of a message each.

    python -m tests.bench cores

The peers (customers, Meta, the vendor) share the machine's cores with what is measured, so messages a second say what
the machine does with all of them on it; CPU a message says what the cells and the entry would do without them.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import trio
from attrs import frozen

from tests.bench.process import Bench, address_of, cpu_seconds, daemon_beside, ended, memory_mb, peer
from tests.bench.traffic import AT_ONCE_ANSWERED, FULL_LOAD, SETTLE_SECONDS, Customers, Town
from tests.support.rig import free_port

TENANTS: Final = 8
WARM: Final = 200
MESSAGES: Final = 3_000

Figures = dict[str, Any]


@frozen
class Desk:
    """Cells with their dealerships, and the port that webhooks go to: the entry's, or that of the only process."""

    customers: Customers
    port: int
    cells: Sequence[Bench]
    entry: trio.Process | None
    numbers: Sequence[str]

    async def load(self, count: int) -> tuple[float, float, float]:
        """Have so many write, all cells kept busy: messages a second, CPU seconds of the cells, of the entry."""
        webhook = f"http://127.0.0.1:{self.port}/webhooks/whatsapp"
        pids = [cell.pid for cell in self.cells]
        of_cells = sum(map(cpu_seconds, pids))
        of_entry = cpu_seconds(self.entry.pid) if self.entry else 0.0
        seen = await self.customers.write(webhook, self.numbers, count, in_flight=FULL_LOAD * len(pids))
        await trio.sleep(SETTLE_SECONDS)
        assert not seen.unanswered
        of_entry = cpu_seconds(self.entry.pid) - of_entry if self.entry else 0.0
        return count / seen.seconds, sum(map(cpu_seconds, pids)) - of_cells, of_entry


@asynccontextmanager
async def desk(directory: Path, *, cells: int, entry: bool) -> AsyncIterator[Desk]:
    """So many cells, with or without an entry, everything running."""
    directory.mkdir(parents=True)
    port = free_port()
    meta, vendor = await peer("tests.bench.meta"), await peer("tests.bench.vendor")
    try:
        graph_url, vendor_url = await address_of(meta), await address_of(vendor)
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            made: list[Bench] = []
            numbers: list[str] = []
            for index in range(cells):
                place = directory / f"cell-{index + 1}"
                cell = await stack.enter_async_context(
                    daemon_beside(
                        place,
                        graph_url,
                        vendor_url,
                        port=free_port() if entry else port,
                        settings=AT_ONCE_ANSWERED,
                        http=f'entry_socket = "{place}/entry.sock"' if entry else "",
                    )
                )
                made.append(cell)
                town = Town(cell, Customers(meta), vendor_url, nursery, numbers)
                await town.start()
                await town.settle(TENANTS // cells)
                numbers = town.numbers
            front = await _entry(directory, port, made) if entry else None
            try:
                if front is not None:
                    nursery.start_soon(_drained, front)
                yield Desk(Customers(meta), port, made, front, numbers)
            finally:
                if front is not None:
                    await ended(front)
            nursery.cancel_scope.cancel()
    finally:
        await ended(meta, vendor)


async def _entry(directory: Path, port: int, cells: Sequence[Bench]) -> trio.Process:
    """The webhook entry, ready: it has asked the cells for their numbers."""
    (directory / "entry.toml").write_text(
        f"""[daemon]
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
[entry]
cells = {[f"{cell.directory}/entry.sock" for cell in cells]}
status = "127.0.0.1:{free_port()}"
"""
    )
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "daemon", "entry", "--config", str(directory / "entry.toml")],
        env=cells[0].environ,
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


async def _measured(name: str, directory: Path, *, cells: int, entry: bool, messages: int) -> Figures:
    async with desk(directory, cells=cells, entry=entry) as made:
        await made.load(WARM)
        rate, of_cells, of_entry = await made.load(messages)
        cores = 2 if entry else 1
        # with one cell each of the two has a core, and the dearer one is the limit
        busy = max(of_cells, of_entry) * cores if cells == 1 else of_cells + of_entry
        found: Figures = {
            f"{name}: messages a second": rate,
            f"{name}: cells' CPU ms a message": of_cells / messages * 1000,
            f"{name}: entry's CPU ms a message": of_entry / messages * 1000,
            f"{name}: messages a second by CPU time alone": cores * messages / busy,
        }
        if made.entry is not None:
            found[f"{name}: entry's memory MB"] = memory_mb(made.entry.pid)
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
            return await measured(Path(folder), messages=int(MESSAGES * scale))

        printed(trio.run(run))
