"""The plots of docs/reference/benchmarks.md, of one bench.json: `python -m tests.bench plots bench.json DIRECTORY`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.charts import Axis, bars, lines

STAGE: Final = "stages: CPU ms, "

Figures = Mapping[str, Any]


def _stages(figures: Figures) -> str:
    parts = [(name.removeprefix(STAGE), value) for name, value in figures.items() if name.startswith(STAGE)]
    return bars("Where a message's CPU goes, full load", "CPU, ms a message", parts)


def _share(figures: Figures) -> str:
    rows = figures["our share: ms by messages a second, p50 and p99"]
    return lines(
        "Our share of the answer time",
        Axis("messages a second"),
        Axis("ms", log=True),
        [("p50", [(rate, p50) for rate, p50, _ in rows]), ("p99", [(rate, p99) for rate, _, p99 in rows])],
        limits=[("budget p50", 20), ("budget p99", 100)],
    )


def _tenants(figures: Figures) -> str:
    curve = figures["tenants: curve"]
    x = Axis("dealerships", log=True)
    return lines("What a message costs by the number of dealerships", x, Axis("CPU, ms a message"), [("", curve)])


def _memory(figures: Figures) -> str:
    curve = figures["long: memory MB by messages"]
    return lines("Memory of the daemon", Axis("messages so far"), Axis("MB"), [("", curve)])


def _burst_webhooks(figures: Figures) -> str:
    x, y = Axis("second in which the message was due"), Axis("p99 of the webhook, s", log=True)
    points = figures["burst: webhook p99 s by second"]
    return lines("10,000 messages in 10 s: until Meta has its 200", x, y, [("", points)], limits=[("budget", 1)])


def _burst_queue(figures: Figures) -> str:
    waiting = figures["burst: oldest unanswered s by second"]
    due = [point for point in figures["burst: queue age s by second"] if point[0] >= 0]
    x, y = Axis("seconds since the first message"), Axis("has waited, s")
    series = [("oldest unanswered", waiting), ("queue age (no turn yet)", due)]
    return lines("10,000 messages in 10 s: how long the oldest waits", x, y, series)


PLOTS: Final = {
    "cpu-by-stage": (STAGE, _stages),
    "share": ("our share: ms by", _share),
    "tenants": ("tenants: curve", _tenants),
    "memory": ("long: memory MB by messages", _memory),
    "burst-webhooks": ("burst: webhook p99 s", _burst_webhooks),
    "burst-queue": ("burst: queue age s", _burst_queue),
}
"""File name → what its figures' names begin with, and who draws it."""


def drawn(figures: Figures, directory: Path) -> None:
    """Draw what there are figures for; says what is drawn and what is not."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, (needed, draw) in PLOTS.items():
        if any(key.startswith(needed) for key in figures):
            path = directory / f"{name}.svg"
            path.write_text(draw(figures))
            print(path)
        else:
            print(f"{name}: bench.json has no figures for it")
