"""Many tenants that do nothing: memory each, and the time to ready.

The memory is taken twice: when the start has just opened every shard, and after `shards.directory.IDLE_SECONDS`, when
the directory has closed them. The budget is about the second: an idle tenant's file is closed.
"""

from pathlib import Path
from typing import Any

import trio

from shards.directory import IDLE_SECONDS, SWEEP_SECONDS
from tests.bench.process import Bench, bench, cpu_seconds, memory_mb


async def closed(daemon: Bench) -> None:
    """Wait until the directory has closed the idle shards."""
    with trio.fail_after(IDLE_SECONDS + 4 * SWEEP_SECONDS):
        while await daemon.sample("showroomd_open_shards"):  # noqa: ASYNC110 - another process: nothing to wait on
            await trio.sleep(1)
    await trio.sleep(1)


async def populate(daemon: Bench, tenants: int) -> None:
    """Make many tenants on the Cloud API."""
    limiter = trio.CapacityLimiter(16)

    async def create(index: int) -> None:
        async with limiter:
            number = str(300000000000000 + index)
            channel = {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"}
            tenant = {"id": f"idle-{index:05}", "name": f"Loja {index}", "channel": channel}
            await daemon.call("POST", "/v1/tenants", tenant)

    async with trio.open_nursery() as creating:
        for index in range(tenants):
            creating.start_soon(create, index)


async def measured(directory: Path, *, tenants: int) -> dict[str, Any]:
    """Memory a tenant over a daemon without any, and seconds from start to ready."""
    async with bench(directory) as daemon, trio.open_nursery() as nursery:
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        empty = memory_mb(daemon.pid)
        await populate(daemon, tenants)
        await daemon.stop()
        seconds = await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        await trio.sleep(5)
        opened = await daemon.sample("showroomd_open_shards")
        fresh = memory_mb(daemon.pid)
        await closed(daemon)
        full = memory_mb(daemon.pid)
        cpu = cpu_seconds(daemon.pid)
        await trio.sleep(10)
        cpu = (cpu_seconds(daemon.pid) - cpu) / 10
        nursery.cancel_scope.cancel()
    return {
        f"idle: MB a tenant at {tenants}": (full - empty) / tenants,
        f"idle: MB a tenant at {tenants}, {opened:.0f} shards still open": (fresh - empty) / tenants,
        f"idle: CPU % of a core at {tenants}": cpu * 100,
        f"idle: seconds to ready with {tenants}": seconds,
    }
