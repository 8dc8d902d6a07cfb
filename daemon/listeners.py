"""The listening sockets: handed over by systemd, or made here."""

import errno
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import trio
from attrs import frozen
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState
from hypercorn.utils import wrap_app

from daemon.config import Config
from daemon.control.lane import Deliveries, Lane
from daemon.errors import ShowroomError
from daemon.notify import systemd_sockets
from daemon.setting import Bind

BACKLOG: Final = 1024
ADMIN_NAME: Final = "admin"
"""`FileDescriptorName=` of the admin socket; every other one but the entry's is public."""
ENTRY_NAME: Final = "entry"
"""`FileDescriptorName=` of a cell's entry socket."""
KEEP_ALIVE_SECONDS: Final = 75.0
PROBE_SECONDS: Final = 1.0
LINGER_SECONDS: Final = 0.25
ACCEPTED_AT_ONCE: Final = 64
GONE_BEFORE_ACCEPTED: Final = frozenset({errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EINTR})
"""accept(2): the connection's fault, not the listener's."""
KEEP_ALIVE_REQUESTS: Final = 1_000_000
"""A proxy keeps its connections; closing one every thousand webhooks loses those on their way."""


class CannotListen(ShowroomError):
    """An address cannot be listened on."""


Sockets = tuple[socket.socket, ...]


@frozen
class Listeners:
    """Open sockets, listening. The context that made them closes them."""

    public: tuple[socket.socket, ...]
    admin: tuple[socket.socket, ...]
    entry: tuple[socket.socket, ...] = ()


@contextmanager
def opened(config: Config, environ: Mapping[str, str]) -> Iterator[Listeners]:
    """The sockets of the configuration; those of systemd win. Raises `CannotListen`."""
    given = systemd_sockets(environ, os.getpid())
    with ExitStack() as stack:
        for listener in (each for listeners in given.values() for each in listeners):
            stack.enter_context(listener)
        admin, entry = given.pop(ADMIN_NAME, []), given.pop(ENTRY_NAME, [])
        public = [listener for listeners in given.values() for listener in listeners]
        if not public:
            public = [stack.enter_context(_kept(bind, "http.bind")) for bind in config.binds]
        if not admin:
            admin = [stack.enter_context(_unix(config.admin_socket, 0o600))]
            stack.callback(config.admin_socket.unlink, missing_ok=True)
        if config.http.entry_socket and not entry:
            path = Path(config.http.entry_socket)
            entry = [stack.enter_context(_unix(path, 0o660))]
            stack.callback(path.unlink, missing_ok=True)
        yield Listeners(tuple(public), tuple(admin), tuple(entry))


@contextmanager
def entry_opened(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[Sockets, Sockets]]:
    """The public and the status sockets of `showroomd entry`; public ones of systemd win. Raises `CannotListen`."""
    given = systemd_sockets(environ, os.getpid())
    with ExitStack() as stack:
        public = [stack.enter_context(listener) for listeners in given.values() for listener in listeners]
        if not public:
            public = [stack.enter_context(_kept(bind, "http.bind")) for bind in config.binds]
        yield tuple(public), (stack.enter_context(_kept(Bind.parse(config.entry.status), "entry.status")),)


@contextmanager
def _kept(bind: Bind, setting: str) -> Iterator[socket.socket]:
    """A socket of that setting, whose file goes with it."""
    with _bound(bind, setting) as listener:
        try:
            yield listener
        finally:
            if bind.path:
                Path(bind.path).unlink(missing_ok=True)


def _bound(bind: Bind, setting: str) -> socket.socket:
    if bind.path:
        return _unix(Path(bind.path), 0o660)
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind.host, bind.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"cannot listen on {bind.host}:{bind.port} ({error.strerror})", f"choose another address in {setting}"
        ) from error
    listener.setblocking(False)
    return listener


def _unix(path: Path, mode: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~mode)
    try:
        _make_way(path)
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"cannot listen on {path} ({error.strerror or error})", "check that its directory is there and writable"
        ) from error
    except CannotListen:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener


def _make_way(path: Path) -> None:
    """Remove what a killed daemon left; never a file that is no socket, nor a socket that somebody serves."""
    if not path.is_socket():
        return  # and `bind` fails if there is something else
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise CannotListen(f"cannot listen on {path} (somebody does already)", "choose another path")


def address(listener: socket.socket) -> str:
    """Where a socket listens, as `http.bind` would say it: "127.0.0.1:8420", "[::1]:8420", "unix:/run/a.sock"."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{name}"
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if listener.family == socket.AF_INET6 else f"{host}:{port}"


class Accepting(trio.abc.Listener[trio.SocketStream]):
    """Accepts all connections that wait, up to `ACCEPTED_AT_ONCE`, in one pass of the loop.

    Trio's own listener accepts one in a pass. When passes are long because much is to be done, that is when a burst
    opens connections: 256 of them waited 2.5 s so, and 0.1 s now.
    """

    def __init__(self, listener: socket.socket) -> None:
        """Closes `listener` in the end; it must not block."""
        self._listener = listener
        self._accepted: deque[socket.socket] = deque()

    async def accept(self) -> trio.SocketStream:
        """The next connection. A checkpoint only where none was accepted before.

        Raises what accept(2) does where nothing could be accepted, `ClosedResourceError` once closed. A cancellation
        loses no connection.
        """
        while not self._accepted:
            await trio.lowlevel.wait_readable(self._listener)
            self._accept_waiting()
        return trio.SocketStream(trio.socket.from_stdlib_socket(self._accepted.popleft()))

    def _accept_waiting(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in GONE_BEFORE_ACCEPTED:
                    continue
                if self._accepted:
                    return
                raise
            self._accepted.append(connection)

    async def aclose(self) -> None:
        """Listen no more."""
        trio.lowlevel.notify_closing(self._listener)
        self._listener.close()
        while self._accepted:
            self._accepted.popleft().close()
        await trio.lowlevel.checkpoint()


async def serve_on(
    app: ASGIFramework,
    sockets: tuple[socket.socket, ...],
    stopping: Callable[[], Awaitable[object]],
    *,
    graceful_seconds: float,
    linger_seconds: float = LINGER_SECONDS,
    deliveries: Deliveries | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve an application until `stopping()` returns; then requests under way get `graceful_seconds`.

    From then on nothing is accepted any more, but what was accepted an instant ago may not have been read yet: for
    `linger_seconds` idle connections are still answered. hypercorn's own `serve` closes them at once, and a request
    on its way is lost. `deliveries`: takes Meta's webhooks without hypercorn (`control/lane.py`).
    """
    config = _hypercorn_config(graceful_seconds)
    context = WorkerContext(None)
    serving: Callable[..., Awaitable[object]]
    serving = partial(TCPServer, wrap_app(app, 0, "asgi"), config, context, ConnectionState({}))
    lane = None if deliveries is None else Lane(deliveries, serving, KEEP_ALIVE_SECONDS)
    listeners = [Accepting(each.dup()) for each in sockets]
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            handler = serving if lane is None else lane.serve
            accepting.start_soon(partial(trio.serve_listeners, handler, listeners, handler_nursery=connections))
            task_status.started()
            await stopping()
            accepting.cancel_scope.cancel()
        await trio.sleep(linger_seconds)
        await context.terminated.set()
        if lane is not None:
            lane.close_idle()
        connections.cancel_scope.deadline = trio.current_time() + graceful_seconds


def _hypercorn_config(graceful_seconds: float) -> HypercornConfig:
    config = HypercornConfig()
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    config.graceful_timeout = graceful_seconds
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = None
    return config
