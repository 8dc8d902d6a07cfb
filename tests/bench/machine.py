"""What this machine can do at best: the figures the others are held against."""

import os
import time
from pathlib import Path
from typing import Any

import trio

ROUNDS = 500


async def limits(root: Path) -> dict[str, Any]:
    """One sync of a small file, one hop to a worker thread and back."""
    path = root / "sync.probe"
    with path.open("wb") as file:
        began = time.perf_counter()
        for number in range(ROUNDS):
            file.seek(0)
            file.write(f"{number:4096}".encode())
            file.flush()
            os.fdatasync(file.fileno())
        sync = (time.perf_counter() - began) / ROUNDS
    cpu = time.process_time()
    for _ in range(ROUNDS):
        await trio.to_thread.run_sync(int)
    return {
        "machine: fdatasync µs": sync * 1e6,
        "machine: thread hop CPU µs": (time.process_time() - cpu) / ROUNDS * 1e6,
    }
