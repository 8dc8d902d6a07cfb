"""Brings signed webhooks to their address, again and again until they are answered 200, as Meta does."""

import math
import random
from typing import Final

import httpx
import trio

from daemon.backoff import delay_seconds
from daemon.emulator.deliveries import sign

TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0, pool=60.0)
Job = tuple[bytes, ...]
"""Bodies that are delivered one after the other."""


class Courier:
    """Posts webhooks in the background. `run` in a nursery; `hand_over` from anywhere in the same loop.

    After a failure it waits `pause_seconds`, and twice as long after each next, 2 s at most.
    """

    def __init__(
        self,
        webhook: str,
        app_secret: str,
        *,
        workers: int = 16,
        rng: random.Random,
        pause_seconds: float = 0.1,
    ) -> None:
        self._webhook = webhook
        self._secret = app_secret
        self._workers = workers
        self._rng = rng
        self._pause_seconds = pause_seconds
        self._client: httpx.AsyncClient | None = None
        self._jobs, self._waiting = trio.open_memory_channel[Job](math.inf)
        self._pending = 0
        self._idle = trio.Event()
        self.delivered = 0
        self.failures = 0

    @property
    def pending(self) -> int:
        """Bodies handed over and not yet answered 200."""
        return self._pending

    def hand_over(self, *bodies: bytes) -> None:
        """Have these bodies delivered in this order. Never blocks."""
        self._pending += len(bodies)
        self._jobs.send_nowait(bodies)

    async def until_idle(self) -> None:
        """Wait until everything handed over was answered 200."""
        while self._pending:
            await self._idle.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Deliver until cancelled."""
        limits = httpx.Limits(max_connections=self._workers, max_keepalive_connections=self._workers)
        async with httpx.AsyncClient(limits=limits) as client, trio.open_nursery() as nursery:
            self._client = client
            for _ in range(self._workers):
                nursery.start_soon(self._work)
            task_status.started()

    async def _work(self) -> None:
        async for job in self._waiting:
            for body in job:
                await self.deliver(body)
                self._pending -= 1
                if not self._pending:
                    self._idle.set()
                    self._idle = trio.Event()

    async def deliver(self, body: bytes, *, attempts: int | None = None) -> bool:
        """Post one body until it is answered 200, at most `attempts` times; whether it was. `run` must be running."""
        assert self._client is not None, "the courier is not running"
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(self._secret, body)}
        attempt = 0
        while attempts is None or attempt < attempts:
            attempt += 1
            try:
                response = await self._client.post(self._webhook, content=body, headers=headers, timeout=TIMEOUT)
                if response.status_code == 200:
                    self.delivered += 1
                    return True
            except httpx.HTTPError:
                pass
            self.failures += 1
            await trio.sleep(delay_seconds(attempt, self._rng, first_seconds=self._pause_seconds, longest_seconds=2.0))
        return False
