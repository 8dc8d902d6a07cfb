"""What this machine can do at best: the figures the others are held against, measured in the same run.

`plainly` is what a message would cost with the libraries used plainly and nothing stored or thought: four webhooks on
Quart-Trio, two SDK calls, two POSTs to Meta with httpx.
"""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from anthropic import AsyncAnthropic

from tests.bench.process import address_of, cpu_seconds, peer

ROUNDS: Final = 500
PLAINLY: Final = "machine: a message plainly, CPU ms"


async def limits(root: Path) -> dict[str, Any]:
    """One sync of a small file, one hop to a worker thread, one bare ASGI POST, one plain SDK call, one httpx POST."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "sync.probe"
    with path.open("wb") as file:
        began = time.perf_counter()
        for number in range(ROUNDS):
            file.seek(0)
            file.write(f"{number:4096}".encode())
            file.flush()
            os.fdatasync(file.fileno())
        sync = (time.perf_counter() - began) / ROUNDS
    found: dict[str, Any] = {
        "machine: fdatasync µs": sync * 1e6,
        "machine: thread hop CPU µs": await _cpu(lambda: trio.to_thread.run_sync(int)) * 1e6,
        "machine: bare ASGI POST on hypercorn, CPU ms": await _bare_post() * 1000,
        "machine: bare Quart-Trio POST, CPU ms": await _bare_post("quart") * 1000,
        **await _calls(),
    }
    found[PLAINLY] = (
        4 * found["machine: bare Quart-Trio POST, CPU ms"]
        + 2 * found["machine: plain SDK call CPU ms"]
        + 2 * found["machine: plain httpx POST CPU ms"]
    )
    return found


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """Our figures over the machine's, where both were taken."""
    found: dict[str, float] = {}
    plain, whole = figures.get(PLAINLY), figures.get("whole way: daemon CPU ms a message, full load")
    if plain and whole:
        found["ratio: a message's CPU to the libraries used plainly"] = whole / plain
    sync, share = figures.get("machine: fdatasync µs"), figures.get("our share at 25/s, p50 ms")
    if sync and share:
        found["ratio: our share at 25/s, p50, to one fdatasync"] = share * 1000 / sync
    return found


async def _cpu(call: Callable[[], Awaitable[object]]) -> float:
    """Our own CPU seconds a call."""
    for _ in range(20):
        await call()
    began = time.process_time()
    for _ in range(ROUNDS):
        await call()
    return (time.process_time() - began) / ROUNDS


async def _bare_post(*arguments: str) -> float:
    """CPU seconds of a server that reads a small body and answers nothing."""
    server = await peer("tests.bench.bare", *arguments)
    try:
        async with httpx.AsyncClient(base_url=await address_of(server), trust_env=False) as client:
            for _ in range(20):
                await client.post("/", content=b"x" * 700)
            began = cpu_seconds(server.pid)
            for _ in range(2 * ROUNDS):
                await client.post("/", content=b"x" * 700)
            return (cpu_seconds(server.pid) - began) / (2 * ROUNDS)
    finally:
        server.kill()
        await server.wait()


async def _calls() -> dict[str, Any]:
    vendor = await peer("daemon.emulator.vendors")
    try:
        url = await address_of(vendor)
        async with (
            AsyncAnthropic(api_key="bench", base_url=url, max_retries=0) as sdk,
            httpx.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            body = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "oi"}]}
            return {
                "machine: plain SDK call CPU ms": 1000
                * await _cpu(
                    lambda: sdk.messages.create(
                        model="m", max_tokens=10, messages=[{"role": "user", "content": "tem corolla?"}]
                    )
                ),
                "machine: plain httpx POST CPU ms": 1000
                * await _cpu(lambda: client.post("/v1/messages", json=body, headers={"x-api-key": "bench"})),
            }
    finally:
        vendor.kill()
        await vendor.wait()
