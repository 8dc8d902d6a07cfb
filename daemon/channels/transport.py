"""The HTTP connections to Meta, for many requests at once."""

from typing import Final

import httpx
import trio

STRIPES: Final = 16
"""Pools that the requests are spread over: httpcore walks through all connections of a pool at the begin and the end
of each request, and asks the kernel about every idle one."""
IDLE_SECONDS: Final = 60.0


class StripedTransport(httpx.AsyncBaseTransport):
    """Sends each request through the pool that has the fewest under way. An answer's stream ends with its pool's."""

    def __init__(self, stripes: int = STRIPES) -> None:
        verified = httpx.create_ssl_context(trust_env=False)  # dear to make: shared
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=IDLE_SECONDS)
        self._pools = [httpx.AsyncHTTPTransport(verify=verified, limits=limits) for _ in range(stripes)]
        self._running = [0] * stripes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the answer's body may still be coming. May be cancelled: the connection is closed."""
        stripe = min(range(len(self._pools)), key=self._running.__getitem__)
        self._running[stripe] += 1
        try:
            return await self._pools[stripe].handle_async_request(request)
        finally:
            self._running[stripe] -= 1

    async def aclose(self) -> None:
        """Close every connection."""
        with trio.CancelScope(shield=True):
            for pool in self._pools:
                await pool.aclose()
