"""Rollup and invoicing under kill -9: before and after every commit no receipt and no invoice is doubled or missing.

`FAULT_RUNS` sets how many times the process is killed (12 where nothing is said, 240 by `make faults`).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from shards.central import daily, invoices, subscriptions, zones
from shards.shard import Tx
from shards.tenant import identity, profile, usage
from tests.support.ledgers import plan, tenant
from tests.support.shards import HandClock, open_shard, tenant_profile, within

RUNS = int(os.environ.get("FAULT_RUNS", "12"))
ATTEMPTS = 3
"""Kills that are tried at each hour of a life."""
TENANTS = ("auto-norte", "auto-sul", "auto-leste")
HOURS = [datetime(2026, 11, 15, 12, tzinfo=UTC) + timedelta(days=days) for days in (0, 20, 21, 40, 60, 90)]
"""November in the middle, over, issued, overdue, and two months on."""


def furnish(data_dir: Path, rng: random.Random) -> None:
    """Three tenants with a plan, and receipts over two months, in their files."""
    clock = HandClock(HOURS[0])
    (data_dir / "shards").mkdir(parents=True)
    central = open_shard(data_dir / "central.db", clock, "central")
    within(central, lambda tx: plan(tx), clock)
    for name in TENANTS:
        within(central, lambda tx, name=name: tenant(tx, name), clock)  # type: ignore[misc]
        first = date(2026, 11, rng.randint(1, 20))
        within(
            central,
            lambda tx, name=name, first=first: subscriptions.subscribe(tx, name, "essencial", first),  # type: ignore[misc]
            clock,
        )
        shard = open_shard(data_dir / "shards" / f"{name}.db", clock)
        within(shard, lambda tx, name=name: identity.establish(tx, name), clock)  # type: ignore[misc]
        within(shard, lambda tx, name=name: profile.save(tx, tenant_profile(name)), clock)  # type: ignore[misc]
        for _ in range(1_500):
            at = HandClock(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(80_000)))
            within(shard, lambda tx: usage.record(tx, "message", "whatsapp", messages=1), at)
        shard.close()
    central.close()


def run(data_dir: Path, hour: datetime, **environ: str) -> int:
    """One process; how it ended."""
    arguments = [sys.executable, "-m", "tests.faults.billing_process", str(data_dir), hour.isoformat()]
    return subprocess.run(arguments, env={**os.environ, **environ}, capture_output=True, check=False).returncode


def test_kill_at_any_commit_leaves_no_double_and_no_missing_row(
    tmp_path: Path, rng: random.Random, capsys: Any
) -> None:
    seed = rng.random()
    calm = tmp_path / "calm"
    furnish(calm, random.Random(seed))
    for hour in HOURS:
        assert run(calm, hour) == 0
    wanted = state(calm)
    kills = lives = 0
    while kills < RUNS:
        lives += 1
        killed = tmp_path / f"killed{lives}"
        furnish(killed, random.Random(seed))
        for hour in HOURS:
            kills += sum(_killed(killed, hour, rng) for _ in range(ATTEMPTS))
            assert run(killed, hour) == 0
        assert state(killed) == wanted
        shutil.rmtree(killed)
    with capsys.disabled():
        print(f"\nkilled {kills} times in {lives} lives; {len(wanted['invoices'])} invoices each, as without")


def _killed(data_dir: Path, hour: datetime, rng: random.Random) -> bool:
    fault = f"{rng.randint(1, 5)}:{rng.choice(('before', 'after'))}"
    return run(data_dir, hour, SHOWROOMD_KILL_AT_COMMIT=fault) == -signal.SIGKILL


def state(data_dir: Path) -> dict[str, Any]:
    """Everything that must be the same, without ids and times of writing; each file is checked on the way."""
    connection = apsw.Connection(str(data_dir / "central.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tx = Tx(connection, HOURS[-1])
        ledger = [row[0] for row in tx.rows("SELECT tenant FROM ledger ORDER BY tenant")]
        assert ledger == sorted(TENANTS * 1_500)
        for name in TENANTS:
            calendar = zones.calendar(tx, name)
            assert calendar is not None
            assert daily.differences(tx, name, calendar) == []
        bills = sorted(invoices.page(tx, limit=500), key=lambda bill: (bill.period, bill.tenant))
        numbers = [bill.number for bill in bills if bill.number is not None]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        steps = "SELECT tenant, stage FROM dunning_steps ORDER BY tenant, seq"
        return {
            "invoices": [(bill.tenant, bill.period, bill.state, bill.due_day, bill.total_centavos) for bill in bills],
            "lines": [invoices.lines(tx, bill.id) for bill in bills],
            "steps": list(tx.rows(steps)),
            "tenants": list(tx.rows("SELECT id, state, reason FROM tenants ORDER BY id")),
        }
    finally:
        connection.close()
