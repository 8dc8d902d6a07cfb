"""`make bench`: what DESIGN 12 budgets, measured on the real process with its peers in other processes.

Only the daemon's own CPU is counted (user + system, from /proc). Prints a table, writes `bench.json` into $BENCH_OUT
(default: a temporary directory) and prints its path last. BENCH_SCALE shrinks or stretches the load (default 1).

`python -m tests.bench web` measures the `web` channel alone; `make bench` leaves it out, for it takes half an hour.
`voice` measures voice turns alone. `peer`, `disk` and `billing` run alone too, with a table of their own.
"""

import argparse
import json
import os
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import trio

from tests.bench import copies, idle, machine, stock_search, voice, web, whole_way

Figures = dict[str, Any]
ALONE: Final = ("peer", "disk", "billing")


async def measured_web(scale: float) -> Figures:
    """Those of the `web` channel."""
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        return await web.measured(Path(directory) / "web", scale=scale)


async def measured_voice(scale: float) -> Figures:
    """Those of voice turns."""
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        return await voice.measured(Path(directory) / "voice", turns=max(20, int(200 * scale)))


async def measured(scale: float) -> Figures:
    """All others, in the order they are printed."""
    found: Figures = {}
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        root = Path(directory)
        found |= await machine.limits(root)
        found |= await stock_search.measured(root, vehicles=int(50_000 * min(scale, 1)))
        found |= await whole_way.measured(root / "way", messages=int(2_000 * scale), share_seconds=20 * scale)
        found |= await voice.measured(root / "voice", turns=max(20, int(200 * scale)))
        for tenants in (500, 2_000):
            count = max(10, int(tenants * min(scale, 1)))
            found |= await idle.measured(root / f"idle{count}", tenants=count)
        found |= await copies.measured(root / "copies", tenants=count, seconds=max(5, 45 * scale))
    return found


PARTS: Final = {"web": measured_web, "voice": measured_voice}


def printed(found: Figures) -> None:
    """A table a person can read."""
    width = max(len(name) for name in found)
    for name, value in found.items():
        text = f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
        print(f"{name:<{width}}  {text:>14}")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure.")
    parser.add_argument("part", nargs="?", choices=(*PARTS, *ALONE), help="this part alone")
    part = parser.parse_args().part
    if part in ALONE:
        import_module(f"tests.bench.{part}").main()
        return
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    found = trio.run(partial(PARTS[part] if part else measured, scale))
    printed(found)
    out: Final = Path(os.environ.get("BENCH_OUT") or tempfile.mkdtemp(prefix="showroomd-bench-"))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "bench.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(path)


if __name__ == "__main__":
    main()
