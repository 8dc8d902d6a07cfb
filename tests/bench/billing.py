"""A year of usage for many tenants: rolled up from their files, invoiced month by month, with flat memory.

Runs alone with `python -m tests.bench.billing`; BENCH_SCALE shrinks the receipts (1: five million, 500 tenants).
"""

import logging
import os
import random
import resource
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import trio

from daemon.billing.collection import Around, Collector
from daemon.billing.dunning import DunningRules
from daemon.billing.invoicing import Terms
from daemon.billing.periods import Period, months
from daemon.billing.pricing import cost
from daemon.billing.rollup import Rollup
from shards.central import daily, invoices, prices, subscriptions, zones
from shards.directory import ShardDirectory
from shards.shard import Shard, Tx
from shards.tenant import identity, profile
from shards.tenant.usage import COLUMNS
from tests.support.ledgers import plan, tenant
from tests.support.shards import HandClock, open_shard, tenant_profile, within

YEAR = date(2026, 1, 1)
MINUTES = 365 * 24 * 60
PERIODS = months(Period(YEAR), Period(date(2026, 12, 1)))


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def receipts(rng: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    """A year of one tenant, in order of time: two token receipts, a turn and three messages an answer."""
    begin = int(datetime(2026, 1, 1, 3, tzinfo=UTC).timestamp() * 1000)
    kinds = (("tokens", "anthropic", "haiku"), ("tokens", "anthropic", "haiku"), ("turn", "anthropic", ""))
    kinds += (("message", "whatsapp", ""),) * 3
    minutes = sorted(rng.randrange(MINUTES) for _ in range(count))
    for number, minute in enumerate(minutes):
        kind, provider, model = kinds[number % len(kinds)]
        spent = (rng.randrange(3_000), rng.randrange(300), 2_000, 0) if kind == "tokens" else (0, 0, 0, 0)
        event_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        conversation = f"c{minute // 600}"
        sent = int(kind == "message")
        yield (event_id, begin + minute * 60_000, kind, provider, model, conversation, *spent, 0, 0, sent, "", "")


def furnish(root: Path, tenants: int, each: int) -> None:
    """Central with everybody's plan, and everybody's file with a year in it."""
    clock = HandClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
    central = open_shard(root / "central.db", clock, "central")
    within(central, plan, clock)
    rng = random.Random(3)
    for number in range(tenants):
        name = f"loja-{number:03}"
        within(central, partial(tenant, id_=name), clock)
        within(central, partial(subscriptions.subscribe, tenant=name, plan="essencial", day=YEAR), clock)
        shard = open_shard(root / "shards" / f"{name}.db", clock)
        within(shard, partial(_fill, name=name, rows=receipts(rng, each)), clock)
        shard.close()
    central.close()


def _fill(tx: Tx, name: str, rows: Iterator[tuple[Any, ...]]) -> None:
    identity.establish(tx, name)
    profile.save(tx, tenant_profile(name))
    marks = ", ".join("?" * len(COLUMNS))
    tx.connection.executemany(f"INSERT INTO usage ({', '.join(COLUMNS)}) VALUES ({marks})", rows)


async def measured(root: Path, *, tenants: int, rows: int) -> dict[str, Any]:
    """Seconds, and memory at the beginning, after a tenth and at the most."""
    each = rows // tenants
    (root / "shards").mkdir(parents=True)
    await trio.to_thread.run_sync(furnish, root, tenants, each)
    limiter = trio.CapacityLimiter(4)
    clock = HandClock(datetime(2027, 1, 1, 12, tzinfo=UTC))
    central = Shard.open(root / "central.db", "central", create=False, limiter=limiter, now=clock)
    directory = ShardDirectory(root, limiter=limiter, now=clock, limit=64)  # so that open files do not count
    found: dict[str, Any] = {"billing: receipts": each * tenants, "billing: tenants": tenants}
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        found |= await _rolled_up(central, directory, tenants, each)
        found |= await _invoiced(central, clock)
        nursery.cancel_scope.cancel()
    central.close()
    return found


async def _rolled_up(central: Shard, directory: ShardDirectory, tenants: int, each: int) -> dict[str, Any]:
    rollup = Rollup(central, directory, print)
    began, before, copied, tenth = time.perf_counter(), resident_mb(), 0, 0.0
    most = before
    for number in range(tenants):
        rollup.mark(f"loja-{number:03}")
        if rollup.waiting == 64 or number == tenants - 1:
            while rollup.waiting:
                copied += await rollup.round()
                most = max(most, resident_mb())
            tenth = tenth or (resident_mb() if copied >= tenants * each / 10 else 0.0)
    assert copied == tenants * each
    return {
        "billing: rollup, seconds": time.perf_counter() - began,
        "billing: memory before, MB": before,
        "billing: memory after a tenth, MB": tenth,
        "billing: memory at most while rolling up, MB": most,
    }


async def _invoiced(central: Shard, clock: HandClock) -> dict[str, Any]:
    around = Around(
        terms=lambda: Terms(draft_hours=1),
        rules=lambda: DunningRules(remind_days=3_000, human_days=3_000, suspend_days=3_000),
        suspend=_nothing,
        resume=_nothing,
        say=lambda *_: None,
        trouble=print,
    )
    collector, most = Collector(central, around), resident_mb()
    began = time.perf_counter()
    for period in PERIODS:
        for hours in (12, 36):
            clock.at = datetime.combine(period.end, datetime.min.time(), UTC) + timedelta(hours=hours)
            await collector.bill()
            most = max(most, resident_mb())
    took = time.perf_counter() - began
    bills, differing, reports = await central.read(_checked)
    return {
        "billing: invoices": bills,
        "billing: invoicing a year, seconds": took,
        "billing: memory at most while invoicing, MB": most,
        "billing: days that differ from the ledger": differing,
        "billing: a month's report of all, seconds": reports,
    }


async def _nothing(*_: str) -> None:
    await trio.lowlevel.checkpoint()


def _checked(tx: Tx) -> tuple[int, int, float]:
    """How many invoices, how many days differ (of some tenants), and how long a report of December takes."""
    bills = tx.value("SELECT count(*) FROM invoices WHERE state = 'open'")
    differing = 0
    everyone = subscriptions.tenants(tx)
    for name in everyone[:: max(1, len(everyone) // 20)]:
        calendar = zones.calendar(tx, name)
        assert calendar is not None
        differing += len(daily.differences(tx, name, calendar))
    for bill in invoices.page(tx, limit=500):
        assert bill.total_centavos == sum(line.amount_centavos for line in invoices.lines(tx, bill.id))
    began = time.perf_counter()
    book = prices.book(tx)
    for name in everyone:
        cost(daily.sums(tx, name, date(2026, 12, 1), date(2027, 1, 1)), book)
    return bills, differing, time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    scale = float(os.environ.get("BENCH_SCALE", "1"))
    with tempfile.TemporaryDirectory(prefix="showroomd-bench-") as directory:
        found = trio.run(partial(measured, Path(directory), tenants=500, rows=int(5_000_000 * scale)))
    for name, value in found.items():
        print(f"{name:<50} {value:>14,.2f}" if isinstance(value, float) else f"{name:<50} {value:>14,}")


if __name__ == "__main__":
    main()
