"""Requests on kept connections, for the calls that every message makes.

httpx's own pool costs 0.45 ms of CPU a request, this 0.1 ms: it asks one question of an idle connection, reads with
`daemon/http1.py` and has one deadline for both directions. No proxies, no HTTP/2, no streams.
"""

import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio
from attrs import define, frozen

from daemon.http1 import NotHttp, Response, ResponseReader

RECEIVE_BYTES: Final = 64 * 1024
MAX_BODY: Final = 16 * 1024 * 1024
IDLE_SECONDS: Final = 60.0
MOST_IDLE: Final = 256
"""Connections to one origin that are kept while nobody uses them."""


class NotConnected(Exception):
    """No byte of the request was written. `late`: because the time was over."""

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


class Lost(Exception):
    """The request was begun and its answer did not come whole; nobody knows what became of it."""

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


@frozen
class Origin:
    """Where a request goes: to a host and port, or, with a `path`, to that unix socket."""

    tls: bool
    host: str
    port: int
    path: str = ""


@define(eq=False)
class _Idle:
    stream: trio.abc.Stream
    socket: trio.socket.SocketType
    since: float


class Wire:
    """The connections of one kind of peer. `aclose` ends it."""

    def __init__(
        self, tls: Callable[[], ssl.SSLContext], *, socket_options: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        """`tls` makes the context, when the first such connection is opened; it is shared (dear to make)."""
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._socket_options = socket_options
        self._idle: defaultdict[Origin, list[_Idle]] = defaultdict(list)  # the latest used last
        self.opened = 0

    @property
    def idle(self) -> int:
        """Connections that are kept and not in use."""
        return sum(map(len, self._idle.values()))

    async def exchange(
        self, origin: Origin, request: bytes, *, connect_seconds: float, silence_seconds: float
    ) -> Response:
        """Send a whole request and read its whole answer; `silence_seconds` is how long nothing may move.

        Raises `NotConnected` or `Lost`. May be cancelled: the connection is closed then.
        """
        used = await self._reusable(origin)
        stream, socket = (used.stream, used.socket) if used else await self._connect(origin, connect_seconds)
        try:
            response = await self._asked(stream, request, silence_seconds)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        kept = self._idle[origin]
        if response.reusable and len(kept) < MOST_IDLE:
            kept.append(_Idle(stream, socket, trio.current_time()))
        else:
            await trio.aclose_forcefully(stream)
        return response

    async def _asked(self, stream: trio.abc.Stream, request: bytes, silence_seconds: float) -> Response:
        reader = ResponseReader(MAX_BODY)
        try:
            with trio.move_on_after(silence_seconds) as patience:
                await stream.send_all(request)
                while (response := reader.feed(await stream.receive_some(RECEIVE_BYTES))) is None:
                    patience.deadline = trio.current_time() + silence_seconds
                return response
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise Lost(f"the connection broke ({error})") from error
        except NotHttp as error:
            raise Lost(str(error)) from None
        raise Lost(f"no answer for {silence_seconds:g} s", late=True)

    async def _reusable(self, origin: Origin) -> _Idle | None:
        """The connection that was used last, if it is still good. One that is readable was closed by the peer."""
        kept = self._idle[origin]
        while kept:
            one = kept.pop()
            if trio.current_time() - one.since < IDLE_SECONDS:
                if not one.socket.is_readable():
                    return one
            else:
                stale, kept[:] = [one, *kept], []  # those below were used even earlier
                for each in stale[1:]:
                    await trio.aclose_forcefully(each.stream)
            await trio.aclose_forcefully(one.stream)
        return None

    async def _connect(self, origin: Origin, seconds: float) -> tuple[trio.abc.Stream, trio.socket.SocketType]:
        with trio.move_on_after(seconds):
            try:
                if origin.path:
                    tcp = await trio.open_unix_socket(origin.path)
                else:
                    tcp = await trio.open_tcp_stream(origin.host, origin.port)
            except OSError as error:
                raise NotConnected(f"cannot connect ({error})") from error
            try:
                for level, option, value in self._socket_options:
                    tcp.setsockopt(level, option, value)
                stream = await self._wrapped(tcp, origin.host) if origin.tls else tcp
            except (OSError, trio.BrokenResourceError) as error:
                await trio.aclose_forcefully(tcp)
                raise NotConnected(f"cannot connect ({error.__cause__ or error})") from error
            except BaseException:
                await trio.aclose_forcefully(tcp)
                raise
            self.opened += 1
            return stream, tcp.socket
        raise NotConnected(f"no connection within {seconds:g} s", late=True)

    async def _wrapped(self, tcp: trio.SocketStream, host: str) -> "trio.SSLStream[trio.SocketStream]":
        if self._tls is None:
            self._tls = self._make_tls()
            self._tls.set_alpn_protocols(["http/1.1"])
        stream = trio.SSLStream(tcp, self._tls, server_hostname=host, https_compatible=True)
        await stream.do_handshake()
        return stream

    async def aclose(self) -> None:
        """Close the connections that are not in use."""
        with trio.CancelScope(shield=True):
            for kept in self._idle.values():
                for one in kept:
                    await trio.aclose_forcefully(one.stream)
            self._idle.clear()


def seconds_of(timeout: Any, name: str) -> float:
    """One of the time-outs in httpx's request extensions; none is for ever."""
    found = timeout.get(name) if isinstance(timeout, dict) else None
    return float("inf") if found is None else float(found)
