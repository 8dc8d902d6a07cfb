"""What the kill tests of billing run: the rollup and the billing task on a data directory, at a given hour, then exit.

Arguments: the data directory, and the wall clock as an RFC 3339 time.
"""

import sys
from datetime import datetime
from pathlib import Path

import trio

from daemon.billing.collection import Around, Collector
from daemon.billing.dunning import DunningRules
from daemon.billing.invoicing import Terms
from daemon.billing.rollup import Rollup
from shards.central import tenants
from shards.directory import ShardDirectory
from shards.shard import Shard

TERMS = Terms(issuer="Nós", pix_key="pix@example.com", pix_city="Porto Alegre", draft_hours=1)


async def work(data_dir: Path, now: datetime) -> None:
    """One round of everything."""
    limiter = trio.CapacityLimiter(4)
    central = Shard.open(data_dir / "central.db", "central", create=True, limiter=limiter, now=lambda: now)
    directory = ShardDirectory(data_dir, limiter=limiter, now=lambda: now)
    rollup = Rollup(central, directory, print)

    async def suspend(tenant: str, reason: str) -> None:
        await central.write(lambda tx: tenants.set_state(tx, tenant, "suspended", reason))

    async def resume(tenant: str) -> None:
        await central.write(lambda tx: tenants.set_state(tx, tenant, "active"))

    around = Around(
        terms=lambda: TERMS,
        rules=DunningRules,
        suspend=suspend,
        resume=resume,
        say=lambda *_: None,
        trouble=lambda _: None,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        for tenant in await central.read(tenants.ids):
            rollup.mark(tenant)
        while rollup.waiting:
            await rollup.round()
        await Collector(central, around).round()
        nursery.cancel_scope.cancel()
    central.close()


if __name__ == "__main__":
    trio.run(work, Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
