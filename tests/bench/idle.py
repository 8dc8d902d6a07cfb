"""Many tenants that do nothing: memory each, and the time to ready."""

from pathlib import Path
from typing import Any

import trio

from tests.bench.process import bench, memory_mb


async def measured(directory: Path, *, tenants: int) -> dict[str, Any]:
    """Memory a tenant over a daemon without any, and seconds from start to ready."""
    async with bench(directory) as daemon, trio.open_nursery() as nursery:
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        limiter = trio.CapacityLimiter(16)

        async def create(index: int) -> None:
            async with limiter:
                number = str(300000000000000 + index)
                await daemon.call(
                    "POST",
                    "/v1/tenants",
                    {
                        "id": f"loja-{index:05}",
                        "name": f"Loja {index}",
                        "channel": {
                            "kind": "cloud",
                            "phone_number_id": number,
                            "waba_id": number,
                            "access_token": "EAAG",
                        },
                    },
                )

        empty = memory_mb(daemon.pid)
        async with trio.open_nursery() as creating:
            for index in range(tenants):
                creating.start_soon(create, index)
        await daemon.stop()
        seconds = await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        await trio.sleep(5)
        full = memory_mb(daemon.pid)
        nursery.cancel_scope.cancel()
    return {
        f"idle: MB a tenant at {tenants}": (full - empty) / tenants,
        f"idle: seconds to ready with {tenants}": seconds,
    }
