"""`make bench`: what was promised, measured on the real process with its peers in other processes.

Only the daemon's own CPU is counted (user + system, from /proc). Prints each part's figures as it ends, then the table
of budgets; writes `bench.json` into $BENCH_OUT (default: a temporary directory) after each part and prints its path
last. BENCH_SCALE shrinks or stretches the load (default 1, about 25 minutes).

`python -m tests.bench NAME` measures one part alone and adds it to the bench.json that is there. `web` (the whole `web`
channel, of which `sockets` is a part), `long` (200,000 messages), `peer`, `disk`, `billing`, `cores` and `at_rest` are
not in `make bench`, for each takes half an hour or another program. The last five have a table of their own and are in
no bench.json.
`python -m tests.bench plots bench.json DIRECTORY` draws.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import trio

from tests.bench import (
    budgets,
    burst,
    conversations,
    copies,
    idle,
    long,
    machine,
    plots,
    skew,
    stages,
    stall,
    stock_search,
    tenants,
    voice,
    web,
    whole_way,
)

Figures = dict[str, Any]
Part = Callable[[Path, float], Awaitable[Figures]]


PARTS: Final[dict[str, Part]] = {
    "machine": lambda directory, _: machine.limits(directory),
    "stock": lambda directory, scale: stock_search.measured(directory, vehicles=int(50_000 * min(scale, 1))),
    "whole-way": whole_way.measured,
    "stages": stages.measured,
    "tenants": tenants.measured,
    "conversations": conversations.measured,
    "skew": skew.measured,
    "stall": stall.measured,
    "burst": burst.measured,
    "growth": partial(long.measured, messages=long.SHORT, slices=long.SHORT_SLICES),
    "voice": lambda directory, scale: voice.measured(directory, turns=max(20, int(100 * scale))),
    "idle": lambda directory, scale: idle.measured(directory, tenants=max(10, int(2_000 * min(scale, 1)))),
    "sockets": lambda directory, scale: web.sockets(directory, tenants=max(10, int(200 * min(scale, 1)))),
    "copies": lambda directory, scale: copies.measured(
        directory, tenants=max(10, int(2_000 * min(scale, 1))), seconds=max(5, 30 * scale)
    ),
}
"""Those of `make bench`, in their order."""
APART: Final[dict[str, Part]] = {
    "web": lambda directory, scale: web.measured(directory, scale=scale),
    "long": long.measured,
}
ALONE: Final = ("peer", "disk", "billing", "cores", "at_rest")
"""Modules with a `main` and a table of their own."""


def printed(found: Figures) -> None:
    """A table a person can read; series are for the plots."""
    width = max(len(name) for name in found)
    for name, value in found.items():
        if not isinstance(value, list):
            text = f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
            print(f"{name:<{width}}  {text:>14}", flush=True)


def written(path: Path, found: Figures, scale: float) -> None:
    """All that is known so far, as JSON."""
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": scale,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "figures": found,
        "budgets": budgets.kept(found),
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def measure(names: Iterable[str], scale: float, path: Path, found: Figures) -> Figures:
    """One part after the other, beside what is known; each has a directory of its own, which is gone afterwards."""
    found = {**found, "machine: load average at the start": os.getloadavg()[0]}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
            part = {**PARTS, **APART}[name]
            measured = trio.run(_timed, part, Path(directory) / name, scale)
        printed(measured)
        found |= measured
        written(path, found, scale)
    found |= machine.ratios(found)
    written(path, found, scale)
    return found


async def _timed(part: Part, directory: Path, scale: float) -> Figures:
    began = trio.current_time()
    found = await part(directory, scale)
    return {**found, f"{directory.name}: took s": trio.current_time() - began}


def main() -> None:
    """Measure, print, write; or draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure.")
    parser.add_argument("part", nargs="?", choices=(*PARTS, *APART, *ALONE, "plots"), help="this part alone")
    parser.add_argument("paths", nargs="*", type=Path, help="plots: bench.json and the directory to draw into")
    given = parser.parse_args()
    if given.part == "plots":
        if len(given.paths) != 2:
            parser.error("plots needs bench.json and a directory")
        plots.drawn(json.loads(given.paths[0].read_text())["figures"], given.paths[1])
    elif given.part in ALONE:
        import_module(f"tests.bench.{given.part}").main()
    else:
        scale = float(os.environ.get("BENCH_SCALE", "1"))
        out = Path(os.environ.get("BENCH_OUT") or tempfile.mkdtemp(prefix="showroomd-bench-"))
        out.mkdir(parents=True, exist_ok=True)
        path = out / "bench.json"
        known = json.loads(path.read_text())["figures"] if given.part and path.exists() else {}
        found = measure([given.part] if given.part else PARTS, scale, path, known)
        print(f"\n{budgets.table(found)}\n")
        print(path)


if __name__ == "__main__":
    main()
