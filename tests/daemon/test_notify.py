import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.notify import (
    EXTENSION_SECONDS,
    PROBE_BYTES,
    PROBE_FILE,
    STUCK_SECONDS,
    Notifier,
    Start,
    starting,
    systemd_sockets,
    watchdog,
    watchdog_seconds,
)


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    address = str(tmp_path / "n") if request.param == "path" else f"@showroomd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.setblocking(False)
        inbox.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        yield inbox, address


def test_what_is_told_arrives(manager: tuple[socket.socket, str]) -> None:
    inbox, address = manager
    notifier = Notifier.of({"NOTIFY_SOCKET": address})
    told: list[tuple[Callable[[], bool], str]] = [
        (lambda: notifier.ready("3 tenants\nup"), "READY=1\nSTATUS=3 tenants up"),
        (lambda: notifier.status("a"), "STATUS=a"),
        (lambda: notifier.stopping(), "STOPPING=1"),
        (lambda: notifier.alive(), "WATCHDOG=1"),
    ]
    for tell, said in told:
        assert tell()
        assert inbox.recv(1000).decode() == said
    assert notifier.reloading()
    assert inbox.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    assert not Notifier.of({}).ready()
    assert not Notifier(str(tmp_path / "gone")).ready()


def test_the_watchdog_is_fed_twice_as_often_as_asked() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 7) == 15
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000"}, 7) == 15
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 7) is None
    assert watchdog_seconds({"WATCHDOG_USEC": "x"}, 7) is None
    assert watchdog_seconds({}, 7) is None


class Written(Notifier):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def tell(self, *lines: str) -> bool:
        self.lines += lines
        return True


async def _later(clock: trio.testing.MockClock, seconds: float) -> None:
    for _ in range(int(seconds)):
        clock.jump(1)
        await trio.testing.wait_all_tasks_blocked()


async def test_a_start_gets_the_time_it_needs_while_it_gets_on(mock_clock: trio.testing.MockClock) -> None:
    notifier, start = Written(), Start()
    async with starting(notifier, start):
        await _later(mock_clock, 30)
        start.progress = lambda: (int(trio.current_time()) // 100, 43)
        await _later(mock_clock, STUCK_SECONDS * 2)
        assert notifier.lines[:2] == [
            f"EXTEND_TIMEOUT_USEC={int(EXTENSION_SECONDS * 1e6)}",
            "STATUS=opening central.db",
        ]
        assert "STATUS=opening files, 7 of 43 tenants up" in notifier.lines
        assert len(notifier.lines) > 2 * STUCK_SECONDS * 2 / EXTENSION_SECONDS  # never a gap
        start.over()
        told = len(notifier.lines)
        await _later(mock_clock, EXTENSION_SECONDS * 2)
        assert len(notifier.lines) == told


async def test_a_start_that_is_stuck_gets_no_more(mock_clock: trio.testing.MockClock) -> None:
    notifier, start = Written(), Start()
    async with starting(notifier, start):
        await _later(mock_clock, STUCK_SECONDS + EXTENSION_SECONDS)
        told = len(notifier.lines)
        await _later(mock_clock, EXTENSION_SECONDS * 2)
        assert len(notifier.lines) == told


class Counted(Notifier):
    """Tells nobody, and lets a test wait for the n-th time."""

    def __init__(self) -> None:
        super().__init__()
        self.fed, self.release = trio.open_memory_channel[None](100)

    def alive(self) -> bool:
        self.fed.send_nowait(None)
        return True


async def fed(notifier: Counted, times: int) -> None:
    with trio.fail_after(30):
        for _ in range(times):
            await notifier.release.receive()


async def test_a_good_disk_feeds_it(tmp_path: Path) -> None:
    notifier, reports = Counted(), list[str]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: watchdog(notifier, tmp_path, reports.append, interval_seconds=0.001))
        await fed(notifier, 3)
        nursery.cancel_scope.cancel()
    assert set(reports) == {""}
    assert (tmp_path / PROBE_FILE).stat().st_size == PROBE_BYTES
    assert int((tmp_path / PROBE_FILE).read_bytes().split(b"\n")[0]) >= 3


async def test_an_error_is_reported_and_still_feeds_it(tmp_path: Path) -> None:
    notifier, reports = Counted(), list[str]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: watchdog(notifier, tmp_path / "gone", reports.append, interval_seconds=0.001))
        await fed(notifier, 1)
        (tmp_path / "gone").mkdir()
        await fed(notifier, 50)
        nursery.cancel_scope.cancel()
    assert "does not take writes (No such file" in reports[0]
    assert reports[-1] == ""


async def test_silence_of_the_threads_starves_it(tmp_path: Path) -> None:
    notifier, reports = Counted(), list[str]()
    limiter = trio.CapacityLimiter(1)
    limiter.acquire_on_behalf_of_nowait("a stuck thread")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            lambda: watchdog(notifier, tmp_path, reports.append, interval_seconds=0.001, limiter=limiter)
        )
        await trio.testing.wait_all_tasks_blocked()
        assert notifier.release.statistics().current_buffer_used == 0
        limiter.release_on_behalf_of("a stuck thread")
        await fed(notifier, 1)
        nursery.cancel_scope.cancel()


def test_sockets_are_taken_over_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        first = 200
        os.dup2(one.fileno(), first)
        os.dup2(two.fileno(), first + 1)
        environ = {"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "public:"}
        assert systemd_sockets(environ, 8, first=first) == {}
        found = systemd_sockets(environ, 7, first=first)
        try:
            assert {name: [s.getsockname() for s in sockets] for name, sockets in found.items()} == {
                "public": [one.getsockname()],
                "unknown": [two.getsockname()],
            }
            assert not any(s.get_inheritable() or s.getblocking() for s in (*found["public"], *found["unknown"]))
        finally:
            for sockets in found.values():
                for listener in sockets:
                    listener.close()
    assert systemd_sockets({}, 7) == {}
