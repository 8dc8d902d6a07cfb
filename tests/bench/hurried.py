"""The daemon, told by a signal to close idle files at once, and to say what its memory is made of.

`python -m tests.bench.hurried serve --config F`. After SIGUSR1 idle files are closed and their memory is given back
within seconds instead of two minutes, until the next SIGUSR1. SIGUSR2 adds a line to `looks` beside F: a JSON object.
"""

import ctypes
import gc
import json
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import apsw

from daemon.cli import main
from shards import directory, memory

SWEEP_SECONDS: Final = 2.0
USUAL: Final = (directory.IDLE_SECONDS, memory.TRIM_SECONDS)
HURRIED: Final = (1.0, 0.0)
MB: Final = 1024 * 1024


class MallInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc, all heaps together, in bytes: mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def of_c() -> dict[str, float]:
    """What the C library's heaps hold, MB; nothing where they cannot tell. Free pages that were given back count."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return {}
    mallinfo.restype = MallInfo
    found = mallinfo()
    return {"C in use": (found.uordblks + found.hblkhd) / MB, "C free": found.fordblks / MB}


def look(looks: Path, _signal: int, _frame: FrameType | None) -> None:
    """Write down what memory is made of."""
    gc.collect()
    found: dict[str, Any] = {
        "Python's blocks": sys.getallocatedblocks(),
        "Python's containers": len(gc.get_objects()),
        "SQLite in use": apsw.memory_used() / MB,
    }
    with looks.open("a") as out:
        out.write(json.dumps(found | of_c()) + "\n")


def hurry(_signal: int, _frame: FrameType | None) -> None:
    """Close what is idle at once, or do so no more."""
    usual = (directory.IDLE_SECONDS, memory.TRIM_SECONDS) == USUAL
    directory.IDLE_SECONDS, memory.TRIM_SECONDS = HURRIED if usual else USUAL  # type: ignore[misc]


if __name__ == "__main__":
    directory.SWEEP_SECONDS = SWEEP_SECONDS  # type: ignore[misc]
    signal.signal(signal.SIGUSR1, hurry)
    signal.signal(signal.SIGUSR2, partial(look, Path(sys.argv[-1]).parent / "looks"))
    raise SystemExit(main(sys.argv[1:]))
