"""The HTTP connections to Meta, for many requests at once."""

from typing import Any, Final

import httpx

from daemon import http1
from daemon.wire import Lost, NotConnected, Origin, Wire, seconds_of

IDLE_SECONDS: Final = 60.0


class GraphClient(httpx.AsyncClient):
    """Whole answers (a message, a read mark, a check, an upload) come over a `Wire`, streams through httpx's pool.

    Cookies, redirects, authentication and hooks are left out where the wire is used: they cost 0.1 ms a request.
    """

    def __init__(self) -> None:
        verified = httpx.create_ssl_context(trust_env=False)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=IDLE_SECONDS)
        super().__init__(transport=httpx.AsyncHTTPTransport(verify=verified, limits=limits), trust_env=False)
        self.wire = Wire(lambda: httpx.create_ssl_context(trust_env=False))

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """As httpx's; redirects are not followed where no stream was asked for. May be cancelled: the connection is
        closed. Raises `httpx.TransportError`s."""
        if how.get("stream") or request.method == "HEAD" or "Transfer-Encoding" in request.headers:
            return await super().send(request, **how)
        url, timeout = request.url, request.extensions.get("timeout")
        tls = url.scheme == "https"
        try:
            answer = await self.wire.exchange(
                Origin(tls, url.raw_host.decode("ascii"), url.port or (443 if tls else 80)),
                http1.request(request.method.encode(), url.raw_path, request.headers.raw, await request.aread()),
                connect_seconds=seconds_of(timeout, "connect"),
                silence_seconds=seconds_of(timeout, "read"),
            )
        except NotConnected as error:
            raise (httpx.ConnectTimeout if error.late else httpx.ConnectError)(str(error)) from error
        except Lost as error:
            raise (httpx.ReadTimeout if error.late else httpx.ReadError)(str(error)) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error)) from None
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self.wire.aclose()
        await super().aclose()

    async def __aexit__(self, *raised: Any) -> None:
        """As `aclose`."""
        await self.wire.aclose()
        await super().__aexit__(*raised)
