"""The HTTP connections to Meta, for many requests at once."""

from typing import Any, Final

import httpx
import trio

from daemon import http1
from daemon.wire import Lost, NotConnected, Origin, Wire, seconds_of

IDLE_SECONDS: Final = 60.0


class GraphTransport(httpx.AsyncBaseTransport):
    """POSTs (a message, a read mark, an upload) go over a `Wire`; the rest, which is rare, through httpx's pool."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=IDLE_SECONDS)
        verified = httpx.create_ssl_context(trust_env=False)
        self._pool = httpx.AsyncHTTPTransport(verify=verified, limits=limits)
        self.wire = Wire(lambda: httpx.create_ssl_context(trust_env=False))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. A POST's answer is whole, another's body may still be coming. May be cancelled: the
        connection is closed. Raises `httpx.TransportError`s."""
        if request.method != "POST" or "Transfer-Encoding" in request.headers:
            return await self._pool.handle_async_request(request)
        url, timeout = request.url, request.extensions.get("timeout")
        tls = url.scheme == "https"
        try:
            answer = await self.wire.exchange(
                Origin(tls, url.raw_host.decode("ascii"), url.port or (443 if tls else 80)),
                http1.request(b"POST", url.raw_path, request.headers.raw, await request.aread()),
                connect_seconds=seconds_of(timeout, "connect"),
                silence_seconds=seconds_of(timeout, "read"),
            )
        except NotConnected as error:
            raise (httpx.ConnectTimeout if error.late else httpx.ConnectError)(str(error)) from error
        except Lost as error:
            raise (httpx.ReadTimeout if error.late else httpx.ReadError)(str(error)) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error)) from None
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    async def aclose(self) -> None:
        """Close every connection."""
        with trio.CancelScope(shield=True):
            await self.wire.aclose()
            await self._pool.aclose()


class GraphClient(httpx.AsyncClient):
    """A client whose POSTs skip what they have no use for: cookies, redirects, authentication, hooks (0.1 ms each)."""

    def __init__(self) -> None:
        self._graph = GraphTransport()
        super().__init__(transport=self._graph, trust_env=False)

    @property
    def wire(self) -> Wire:
        """The connections of its POSTs."""
        return self._graph.wire

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """As httpx's; redirects of a POST are not followed."""
        if request.method != "POST" or how.get("stream"):
            return await super().send(request, **how)
        response = await self._graph.handle_async_request(request)
        response.request = request
        await response.aread()
        return response
