"""What was promised (the design's budgets) beside what was measured."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import frozen

Verdict = Literal["met", "NOT met", "not measured"]

Figures = Mapping[str, Any]


@frozen
class Budget:
    """A limit of one figure. A `#` in its name is any number; of several such the last counts, at the greatest load."""

    what: str
    figure: str
    limit: float
    unit: str
    why: str = ""
    """Printed where it is not met: the reason, and what was tried."""

    def found(self, figures: Figures) -> float | None:
        """The figure, None where this run has none."""
        name = re.compile(re.escape(self.figure).replace(r"\#", r"\d+"))
        values = [value for key, value in figures.items() if name.fullmatch(key)]
        value = values[-1] if values else None
        return value if isinstance(value, int | float) else None

    def verdict(self, figures: Figures) -> Verdict:
        """Whether it is kept."""
        value = self.found(figures)
        return "not measured" if value is None else "met" if value <= self.limit else "NOT met"


CPU: Final = """\
CPU: four webhooks, two SDK calls and two POSTs cost "machine: a message plainly" with the libraries used plainly. Done:
own connections for POSTs, webhooks past hypercorn, brief writes in the loop and without savepoints, 76 statements a
message instead of 116, small searches in the loop, gc frozen, the SDKs' options given once. Tried without gain: gc
thresholds, statuses gathered (pays only with few dealerships), hmac.digest, a parsed address for the SDKs (OpenAI's
breaks on it). What is left is spread: the SDKs and their wire are a fifth, everything else less."""
SHARE: Final = """\
Our share at 100/s: daemon, Meta, the vendor and the load share these cores; near full load each waits for the others.
Two cells (`python -m tests.bench cores`) halve it where there is a core for each."""
START: Final = """\
Start: imports, then 2,000 files opened and their profiles read. Done: each opened once and by one connection, channels
afterwards, no garbage collection. Tried without gain: fewer or more at a time."""
BURST: Final = """\
Burst: 1,000 messages a second arrive where one process receives some 500 a second."""
TENANTS: Final = """\
Cost by tenants: a file of its own has commits of its own (3 a message over 8 files, 8 over 100) and caches of its own,
and beyond `open_shards` every second message opens a file. Done: receipts are fetched while the file is open, one
connection until a second is needed, 256 compiled statements kept. Tried: 2,500 open files save 3 ms a message for up
to 1 MB each; the default of 1,024 is the contract's. Not done: one commit for several files, which SQLite has not."""
GROWTH: Final = """\
Long run: Python's objects and SQLite's memory are the same after 10,000 messages as later; what rises are free parts of
the C library's heaps, to the most that was ever in use at once, in the loop and in each thread. Done: no savepoint for
a write alone (it held up to 20 MB), receipts' ids by time, small caches for copies."""

BUDGETS: Final = (
    Budget("daemon CPU a message, full load", "whole way: daemon CPU ms a message, full load", 3.6, "ms", CPU),
    Budget("our share at 100 messages a second, p50", "our share at 100/s, p50 ms", 20, "ms", SHARE),
    Budget("our share at 100 messages a second, p99", "our share at 100/s, p99 ms", 100, "ms", SHARE),
    Budget("memory a tenant on cloud, idle", "idle: MB a tenant at #", 0.25, "MB"),
    Budget("memory a tenant on web, idle", "web: MB own an idle socket", 0.5, "MB"),
    Budget("start to ready, most tenants", "idle: seconds to ready with #", 10, "s", START),
    Budget("stock search, 50,000 vehicles, p99", "stock: search p99 ms", 5, "ms"),
    Budget("burst of 10,000 in 10 s: webhook p99", "burst: webhook, p99 ms", 1_000, "ms", BURST),
    Budget("burst: webhooks refused", "burst: webhooks refused", 0, ""),
    Budget("burst: customers not answered", "burst: unanswered", 0, ""),
    Budget("cost at most tenants over cost at one", "tenants: cost at # over that at 1", 1.25, "×", TENANTS),
    Budget("long run: bytes kept a message", "long: bytes kept a message in the second half", 250, "B", GROWTH),
    Budget("2,000 tenants: customers not answered", "tenants: unanswered at #", 0, ""),
)


def kept(figures: Figures) -> list[dict[str, Any]]:
    """Every budget with its figure and verdict."""
    return [
        {
            "what": each.what,
            "budget": each.limit,
            "unit": each.unit,
            "measured": each.found(figures),
            "verdict": each.verdict(figures),
        }
        for each in BUDGETS
    ]


def table(figures: Figures) -> str:
    """The same for a person."""
    rows = []
    for each in BUDGETS:
        value = each.found(figures)
        shown = "–" if value is None else f"{value:,.2f} {each.unit}"
        rows.append((each.what, f"≤ {each.limit:g} {each.unit}", shown, each.verdict(figures)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{what:<{widths[0]}}  {limit:>{widths[1]}}  {value:>{widths[2]}}  {verdict}"
        for what, limit, value, verdict in rows
    ]
    missed = dict.fromkeys(each.why for each in BUDGETS if each.verdict(figures) == "NOT met" and each.why)
    return "\n".join([*lines, *("\n" + why for why in missed)])
