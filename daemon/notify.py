"""Telling the service manager how we are, and taking over the sockets it opened for us."""

import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio
from attrs import define, field

PROBE_FILE: Final = "watchdog.probe"
PROBE_BYTES: Final = 4096
PROBE_SECONDS: Final = 15.0
"""Between probes when no watchdog asks for them: a full disk is to be seen all the same."""
FIRST_SOCKET: Final = 3
EXTENSION_SECONDS: Final = 60.0
STUCK_SECONDS: Final = 1800.0
"""The longest step of a start: copying and migrating one large file."""


class Notifier:
    """Speaks sd_notify to the socket in $NOTIFY_SOCKET; says nothing where there is none."""

    def __init__(self, address: str = "") -> None:
        # A leading "@" stands for the zero byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Notifier":
        """The notifier that the environment asks for."""
        return cls(environ.get("NOTIFY_SOCKET", ""))

    def tell(self, *lines: str) -> bool:
        """Send assignments (`READY=1`) in one datagram; whether it was taken. Never raises or waits."""
        if not self._address:
            return False
        message = "\n".join(line.replace("\n", " ") for line in lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
                out.sendto(message, self._address)
        except OSError:
            return False
        return True

    def ready(self, status: str = "") -> bool:
        """We serve now, and the status is one line for `systemctl status`."""
        return self.tell("READY=1", *([f"STATUS={status}"] if status else []))

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self.tell(f"STATUS={text}")

    def stopping(self, status: str = "") -> bool:
        """We are on the way out."""
        return self.tell("STOPPING=1", *([f"STATUS={status}"] if status else []))

    def reloading(self) -> bool:
        """Settings are being read anew; `ready` follows."""
        return self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> bool:
        """Feed the watchdog."""
        return self.tell("WATCHDOG=1")


@define(eq=False)
class Start:
    """The time between the process's start and READY."""

    progress: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """(tenants up, tenants in all) so far."""
    scope: trio.CancelScope = field(factory=trio.CancelScope)

    def over(self) -> None:
        """Ask for no more time."""
        self.scope.cancel()


@asynccontextmanager
async def starting(notifier: Notifier, start: Start) -> AsyncIterator[None]:
    """While inside, and until `start.over()`, ask the service manager for the time that migrations take.

    When `start.progress()` has not changed for `STUCK_SECONDS` nothing more is asked, and the manager ends us.
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_extend, notifier, start)
        yield
        nursery.cancel_scope.cancel()


async def _extend(notifier: Notifier, start: Start) -> None:
    with start.scope:
        last, since = start.progress(), trio.current_time()
        while trio.current_time() - since < STUCK_SECONDS:
            up, all_of_them = last
            status = f"opening files, {up} of {all_of_them} tenants up" if all_of_them else "opening central.db"
            notifier.tell(f"EXTEND_TIMEOUT_USEC={int(EXTENSION_SECONDS * 1_000_000)}", f"STATUS={status}")
            await trio.sleep(EXTENSION_SECONDS / 6)
            if (found := start.progress()) != last:
                last, since = found, trio.current_time()


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of what the service manager's watchdog allows; None when it watches nobody, or not us."""
    usec, meant = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or not int(usec) or (meant and meant != str(pid)):
        return None
    return int(usec) / 2_000_000


async def watchdog(
    notifier: Notifier,
    data_dir: Path,
    report: Callable[[str], None],
    *,
    interval_seconds: float | None,
    limiter: trio.CapacityLimiter | None = None,
) -> None:
    """Feed the watchdog as long as loop, worker threads and disk answer; until cancelled.

    Each probe overwrites a preallocated block and syncs it in a worker thread. An error of the disk (it is
    full) is a finding: `report` gets a sentence ("" when all is well) and the watchdog is fed, for a restart
    would not help. Only silence starves it.
    """
    path, round_ = data_dir / PROBE_FILE, 0
    while True:
        round_ += 1
        try:
            await trio.to_thread.run_sync(_probe, path, round_, abandon_on_cancel=True, limiter=limiter)
        except OSError as error:
            report(f"the disk under {data_dir} does not take writes ({error.strerror or error}): free or mend it")
        else:
            report("")
        notifier.alive()
        await trio.sleep(interval_seconds or PROBE_SECONDS)


def _probe(path: Path, round_: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_size < PROBE_BYTES:
            os.posix_fallocate(descriptor, 0, PROBE_BYTES)
        os.pwrite(descriptor, f"{round_}\n".encode("ascii").ljust(PROBE_BYTES, b"\0"), 0)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def systemd_sockets(
    environ: Mapping[str, str], pid: int, *, first: int = FIRST_SOCKET
) -> dict[str, list[socket.socket]]:
    """The listening sockets that were handed over, by the name each unit gave them; {} without any.

    The caller owns and closes them. They are made non-inheritable and non-blocking.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(pid) or not count.isdigit():
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {}
    for index in range(int(count)):
        listener = socket.socket(fileno=first + index)
        listener.set_inheritable(False)
        listener.setblocking(False)
        found.setdefault(names[index] if index < len(names) and names[index] else "unknown", []).append(listener)
    return found
