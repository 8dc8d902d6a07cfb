"""What a message takes on disk: of the tenants' files and of central, after all is checkpointed.

Runs alone with `python -m tests.bench disk`; BENCH_SCALE shrinks the load.
"""

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import trio

from tests.bench.peer import TENANTS, companies, ours
from tests.bench.peer_load import Load, loaded
from tests.bench.process import Bench, memory_mb
from tests.support.stock import STOCK


async def measured(directory: Path, *, messages: int) -> dict[str, Any]:
    """Bytes a message, and bytes a tenant without any; memory of the process before and after them."""
    async with ours(directory, companies(TENANTS, STOCK)) as (daemon, side), trio.open_nursery() as nursery:
        empty = await _bytes(daemon, nursery)
        before = memory_mb(daemon.pid)

        async def work(load: Load) -> None:
            await load.post(messages, rate=None)
            await load.until_answered()
            await trio.sleep(3)  # the receipts reach central

        await loaded(side, 4, work)
        after = memory_mb(daemon.pid)
        full = await _bytes(daemon, nursery)
        nursery.cancel_scope.cancel()
    return {
        f"disk: bytes a message, after {messages}": (full - empty) / messages,
        "disk: bytes a tenant without messages": empty / TENANTS,
        "memory: MB of a process just started": before,
        f"memory: MB after {messages} messages": after,
    }


async def _bytes(daemon: Bench, nursery: trio.Nursery) -> int:
    """What a clean stop leaves of databases; the daemon runs again afterwards."""
    await daemon.stop()
    data = daemon.directory / "data"
    found = sum(path.stat().st_size for path in (data / "central.db", *(data / "shards").glob("*.db")))
    await daemon.start()
    nursery.start_soon(daemon.drain_logs)
    return found


def main() -> None:
    """Measure and print."""
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        found = trio.run(partial(measured, Path(directory) / "disk", messages=int(4_000 * scale)))
    for name, value in found.items():
        print(f"{name:<50} {value:>12,.1f}")


if __name__ == "__main__":
    main()
