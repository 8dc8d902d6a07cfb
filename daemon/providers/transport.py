"""The HTTP connections to a vendor, for many requests at once."""

import logging
import socket
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpx2
import trio

from daemon import http1
from daemon.wire import Lost, NotConnected, Origin, Wire, seconds_of

STRIPES: Final = 32
"""Pools that the requests of one provider are spread over.

A pool walks through all its connections at the begin and the end of each request. With 400 requests under way one
pool costs 1.5 ms of CPU a request, thirty-two cost 0.9 ms.
"""
CONNECT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 60.0

_KEEPALIVE: Final = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5),
]


class WireTransport(httpx2.AsyncBaseTransport):
    """Sends each request over a `Wire`. Reads whole answers, no streams."""

    def __init__(self) -> None:
        self.wire = Wire(httpx2.create_ssl_context, socket_options=_KEEPALIVE)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and read the whole answer. May be cancelled: the connection is closed."""
        url, timeout = request.url, request.extensions.get("timeout")
        tls = url.scheme == "https"
        headers, body = request.headers.raw, await request.aread()
        if isinstance(request, _Unframed):
            headers = [(b"Host", url.netloc), *headers, (b"Content-Length", b"%d" % len(body))]
        try:
            answer = await self.wire.exchange(
                Origin(tls, url.raw_host.decode("ascii"), url.port or (443 if tls else 80)),
                http1.request(request.method.encode(), url.raw_path, headers, body),
                connect_seconds=seconds_of(timeout, "connect"),
                silence_seconds=seconds_of(timeout, "read"),
            )
        except NotConnected as error:
            raise (httpx2.ConnectTimeout if error.late else httpx2.ConnectError)(str(error)) from error
        except Lost as error:
            raise (httpx2.ReadTimeout if error.late else httpx2.RemoteProtocolError)(str(error)) from error
        except ValueError as error:
            raise httpx2.LocalProtocolError(str(error)) from None
        return httpx2.Response(answer.status, headers=answer.headers, content=answer.body)

    async def aclose(self) -> None:
        """Close every connection that is not in use."""
        await self.wire.aclose()


class StripedTransport(httpx2.AsyncBaseTransport):
    """For a proxy: sends each request through the pool that has the fewest under way. Whole answers, no streams."""

    def __init__(self, proxy: str | None, stripes: int = STRIPES) -> None:
        verified = httpx2.create_ssl_context()  # dear to make: shared
        # Another limit decides how many requests run; this one must never make one wait.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=IDLE_SECONDS)
        self._pools = [
            httpx2.AsyncHTTPTransport(verify=verified, limits=limits, proxy=proxy, socket_options=_KEEPALIVE)
            for _ in range(stripes)
        ]
        self._running = [0] * stripes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and read the whole answer. May be cancelled: the connection is closed."""
        stripe = min(range(len(self._pools)), key=self._running.__getitem__)
        self._running[stripe] += 1
        try:
            response = await self._pools[stripe].handle_async_request(request)
            try:
                await response.aread()
            except BaseException:
                with trio.CancelScope(shield=True):
                    await response.aclose()
                raise
            return response
        finally:
            self._running[stripe] -= 1

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


class _Unframed(httpx2.Request):
    """A POST without Host and Content-Length, which `WireTransport` adds: httpx2 takes 14 µs to put them in."""

    def __init__(self, url: httpx2.URL, headers: Any, body: bytes, timeout: dict[str, float | None]) -> None:
        super().__init__("POST", url, headers=headers, stream=httpx2.ByteStream(body), extensions={"timeout": timeout})
        self.read()


class _Client(httpx2.AsyncClient):
    """Goes to its transport without what a vendor's API has no use for: cookies, redirects, authentication, hooks."""

    def __init__(self, *, transport: httpx2.AsyncBaseTransport, timeout: httpx2.Timeout) -> None:
        super().__init__(transport=transport, timeout=timeout, trust_env=False)
        self._direct = transport
        self._frames = isinstance(transport, WireTransport)
        self._usual = timeout.as_dict()

    def build_request(self, method: str, url: Any, *, content: Any = None, **parts: Any) -> httpx2.Request:
        """As httpx2's. The SDKs give every header and nothing to be merged: that saves 0.05 ms a request."""
        if content is None or parts.get("params"):
            return super().build_request(method, url, content=content, **parts)
        timeout, headers = parts.get("timeout", self.timeout), parts.get("headers")
        seconds = self._usual if timeout is self.timeout else httpx2.Timeout(timeout).as_dict()
        if self._frames and isinstance(content, bytes) and method.upper() == "POST":
            return _Unframed(url, headers, content, seconds)
        return httpx2.Request(method, url, headers=headers, content=content, extensions={"timeout": seconds})

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """As httpx2's, always with the whole answer."""
        response = await self._direct.handle_async_request(request)
        response.request = request
        await response.aread()
        return response


def prepared(url: str, timeout: httpx2.Timeout) -> dict[str, Any]:
    """What an SDK's `post` is given each time besides the body. Options that are not given cost 0.02 ms of CPU a
    request, for pydantic copies each default deeply."""
    options = {"headers": {}, "params": {}, "max_retries": 0, "timeout": timeout}
    return {"path": url, "cast_to": httpx2.Response, "options": options}


def http_client(base_url: str, timeout_seconds: float) -> httpx2.AsyncClient:
    """An HTTP client for a vendor's SDK. The caller closes it. Heeds the proxy settings of the environment."""
    for name in ("anthropic", "openai", "httpx2", "httpcore2"):
        # Below WARNING they write a line a request, with customers' words in it.
        logging.getLogger(name).setLevel(logging.WARNING)
    proxy = _proxy(httpx2.URL(base_url))
    return _Client(
        transport=WireTransport() if proxy is None else StripedTransport(proxy),
        timeout=httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
    )


def _proxy(url: httpx2.URL) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return None if proxy is None or proxy_bypass(url.host) else proxy
