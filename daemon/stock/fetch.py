"""Fetching feeds and photos from addresses that strangers chose, without being led into our own network.

The host is resolved once, every address is checked, and the connection goes to a checked address (so that a name
that resolves differently the next moment gains nothing); each redirect is a new address and is checked anew.
"""

import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final, cast
from urllib.parse import urljoin

import httpx
import trio
from attrs import frozen

from daemon.errors import FetchError
from daemon.stock.addresses import AllowedPrivate, forbidden
from daemon.stock.inflate import InflateError, Inflater

MAX_REDIRECTS: Final = 5
_TRIED_ADDRESSES: Final = 3
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_LONGEST_URL: Final = 4_000
_BLOCK: Final = 64 * 1024

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to addresses as text. Raises `OSError`."""


async def resolve_name(host: str, port: int) -> list[str]:
    """The system's resolver. May be cancelled (the thread is left to end by itself)."""
    rows = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


@frozen
class Opened:
    """An answer whose body is still to be read; `chunks` may be iterated once and raises `FetchError`."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    url: str  # after redirects
    chunks: AsyncIterator[bytes]


@frozen
class Fetched:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes


class Fetcher:
    """Fetches under the rules. One per process; `aclose` or `async with` ends it."""

    def __init__(
        self,
        *,
        allow_private: Sequence[str] = (),
        connect_seconds: float = 10,
        read_seconds: float = 20,
        total_seconds: float = 120,
        resolve: Resolve = resolve_name,
        verify: ssl.SSLContext | bool = True,
        user_agent: str = "showroomd",
    ) -> None:
        """`allow_private` as in the configuration's `[fetch]`. Raises `ConfigError`."""
        self._allowed = AllowedPrivate.parse(allow_private)
        self._resolve = resolve
        self._total = total_seconds
        self._agent = user_agent
        self._client = httpx.AsyncClient(
            verify=verify,
            trust_env=False,  # a proxy would connect where we have not looked
            follow_redirects=False,
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            # A kept connection belongs to an address, not to a name: never reuse one for another host.
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
        )

    def allow(self, allow_private: Sequence[str]) -> None:
        """Other exceptions from now on; fetches under way go on. Raises `ConfigError`."""
        self._allowed = AllowedPrivate.parse(allow_private)

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def get(self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None) -> Fetched:
        """The whole answer, unpacked, at most `max_bytes`. Raises `FetchError`, also for a longer body.

        A status of 400 and above is an answer, not an error. May be cancelled.
        """
        async with self.open(url, max_bytes=max_bytes, headers=headers) as opened:
            blocks = [block async for block in opened.chunks]
            return Fetched(opened.status, opened.headers, opened.url, b"".join(blocks))

    @asynccontextmanager
    async def open(
        self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Opened]:
        """The answer after at most five redirects, with its body to be read inside the block; as `get` otherwise."""
        deadline = trio.current_time() + self._total
        response: httpx.Response | None = None
        with trio.move_on_at(deadline):
            response, final = await self._follow(url, dict(headers or {}))
        if response is None:
            raise FetchError(f"{_shown(url)} took longer than {self._total:g} s", "try again later")
        try:
            async with aclosing(_body(response, final, max_bytes, deadline)) as chunks:
                yield Opened(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    final,
                    chunks,
                )
        finally:
            with trio.CancelScope(shield=True):
                await response.aclose()

    async def _follow(self, url: str, headers: dict[str, str]) -> tuple[httpx.Response, str]:
        current = url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._request(current, headers)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response, current
            await response.aclose()
            try:
                current = urljoin(current, location)
            except ValueError as error:
                raise FetchError(f"{_shown(current)} redirects to no usable address") from error
        raise FetchError(f"{_shown(url)} redirects more than {MAX_REDIRECTS} times", "check the address")

    async def _request(self, url: str, headers: dict[str, str]) -> httpx.Response:
        parsed = _parsed(url)
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        addresses = await self._checked(parsed, port)
        last: httpx.HTTPError | None = None
        for address in addresses[:_TRIED_ADDRESSES]:
            request = self._client.build_request(
                "GET",
                parsed.copy_with(host=address, port=port, userinfo=b""),
                headers={
                    "User-Agent": self._agent,
                    "Accept": "*/*",
                    **headers,
                    "Accept-Encoding": "gzip",
                    "Host": parsed.netloc.decode("ascii").rpartition("@")[2],
                },
                extensions={"sni_hostname": parsed.raw_host.decode("ascii")},
            )
            auth = httpx.BasicAuth(parsed.username, parsed.password) if parsed.userinfo else None
            try:
                return await self._client.send(request, stream=True, auth=auth)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                last = error
            except httpx.HTTPError as error:
                raise _failed(url, error) from error
        assert last is not None
        raise _failed(url, last) from last

    async def _checked(self, parsed: httpx.URL, port: int) -> Sequence[str]:
        host = parsed.raw_host.decode("ascii").strip("[]")
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"{_shown(str(parsed))} cannot be found ({error})", "check the address") from error
        if not found:
            raise FetchError(f"{_shown(str(parsed))} has no address", "check the address")
        bad = forbidden(host, port, found, self._allowed)
        if bad:
            raise FetchError(
                f"{_shown(str(parsed))} is at {bad}, which is not a public address",
                f"list {host}:{port} in [fetch] allow_private if that is meant",
            )
        return found


def _parsed(url: str) -> httpx.URL:
    if len(url) > _LONGEST_URL:
        raise FetchError(f"the address is longer than {_LONGEST_URL:,} characters")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(f"{url[:100]!r} is no address", "use http:// or https://") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or "%" in parsed.host:
        raise FetchError(f"{url[:100]!r} cannot be fetched", "use an http:// or https:// address")
    return parsed


def _shown(url: str) -> str:
    """An address for messages: without query and credentials, which may be secrets."""
    try:
        parsed = httpx.URL(url)
        return f"{parsed.scheme}://{parsed.host}{parsed.path}"[:200]
    except (httpx.InvalidURL, ValueError):
        return "the address"


def _failed(url: str, error: httpx.HTTPError) -> FetchError:
    if isinstance(error, httpx.ConnectTimeout):
        why = "did not accept the connection in time"
    elif isinstance(error, httpx.ReadTimeout):
        why = "did not answer in time"
    elif isinstance(error, httpx.ConnectError):
        why = f"could not be connected to ({error})"
    else:
        why = f"broke the connection ({str(error) or type(error).__name__})"
    return FetchError(f"{_shown(url)} {why}", "try again later")


async def _body(response: httpx.Response, address: str, max_bytes: int, deadline: float) -> AsyncGenerator[bytes, None]:
    """The unpacked body; packed or not, never more than the limit."""
    url = _shown(address)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise FetchError(f"{url} answered in the encoding {encoding[:40]!r}, which was not asked for")
    inflater = Inflater(max_bytes) if encoding.endswith("gzip") else None
    length = response.headers.get("content-length", "")
    too_long = FetchError(f"the answer of {url} is longer than {max_bytes / 1_000_000:g} MB")
    if length.isdigit() and int(length) > max_bytes:
        raise too_long
    taken = 0
    try:
        raw = cast("AsyncGenerator[bytes, None]", response.aiter_raw(_BLOCK))
        async with aclosing(raw) as blocks:
            async for block in blocks:
                if trio.current_time() > deadline:  # the time-out of single reads is httpx's
                    raise FetchError(f"the answer of {url} came too slowly", "try again later")
                taken += len(block)
                if taken > max_bytes:
                    raise too_long
                if inflater is None:
                    yield block
                else:
                    for piece in inflater.feed(block):
                        yield piece
        if inflater is not None:
            inflater.finish()
    except InflateError as error:
        raise FetchError(f"the answer of {url} cannot be unpacked: {error}") from error
    except httpx.HTTPError as error:
        raise _failed(address, error) from error
