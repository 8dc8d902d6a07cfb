"""What holds for every test: no unexpected error in the logs, nothing left open, random from a printed seed."""

import gc
import logging
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
import trio.testing
from attrs import define, field
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SEED = int(os.environ.get("SHOWROOMD_TEST_SEED") or random.SystemRandom().randrange(2**32))
os.environ["SHOWROOMD_TEST_SEED"] = str(SEED)  # the processes of `pytest -n` draw from the same

hypothesis.settings.register_profile("showroomd", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "showroomd")


LONG = ("systemd", "faults", "journeys")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones go first, so that no process of `pytest -n` ends alone with them."""
    items.sort(key=lambda item: LONG.index(name) if (name := item.path.parent.name) in LONG else len(LONG))


class ByFile(LoadScopeScheduling):
    """A file stays with one process, and all of tests/systemd, which shares machines."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/systemd" if file.startswith("tests/systemd/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_report_header() -> str:
    return f"showroomd: again with SHOWROOMD_TEST_SEED={SEED}"


@pytest.fixture
def rng() -> random.Random:
    """Random numbers that the printed seed brings back."""
    return random.Random(SEED)


@define
class Logs:
    """What was logged during the test."""

    events: list[Any]
    expected: list[str] = field(factory=list)

    def expect_error(self, part: str) -> None:
        """An error whose event contains `part` is meant to come, at least once."""
        self.expected.append(part)

    def named(self, part: str) -> list[Any]:
        """The events that contain `part`."""
        return [event for event in self.events if part in event["event"]]


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[Logs]:
    """The log of the test. An error that was not announced with `expect_error` fails the test, so does the
    announced one that never came."""
    with structlog.testing.capture_logs() as events:
        found = Logs(events)
        yield found
    errors = [str(event["event"]) for event in events if event["log_level"] in ("error", "critical")]
    errors += [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    unexpected = [error for error in errors if not any(part in error for part in found.expected)]
    missing = [part for part in found.expected if not any(part in error for error in errors)]
    assert not unexpected, f"unexpected errors in the log: {unexpected}"
    assert not missing, f"expected errors that were not logged: {missing}"


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """No file, socket or thread outlives its test."""
    before = _open_files()
    threads = set(threading.enumerate())
    yield
    if left := _open_files() - before:
        gc.collect()  # what only waits for the collector is not a leak
        left = _open_files() - before
    assert not left, f"left open: {sorted(left)}"
    # Trio keeps its idle worker threads for a while; they are daemon threads.
    running = [thread.name for thread in set(threading.enumerate()) - threads if not thread.daemon]
    assert not running, f"threads left running: {running}"


def _open_files() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith(("/", "socket:")) and not target.startswith(("/dev/", "/proc/", "/sys/")):
            found.add(f"{entry.name} {target}")
    return found


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Commands narrow it for their process, which here is everybody's."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """pytest-trio's own jumps while a worker thread is busy; this one waits 0.2 real seconds for it."""
    return trio.testing.MockClock(autojump_threshold=0.2)
