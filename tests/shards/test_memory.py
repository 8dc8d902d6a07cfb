"""Memory goes back to the kernel after files were closed, and not too often."""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import trio
import trio.testing

from shards import memory
from shards.memory import TRIM_SECONDS, SpareMemory, map_large_blocks, trim

glibc_alone = pytest.mark.skipif(
    getattr(ctypes.CDLL(None), "mallinfo2", None) is None, reason="needs glibc 2.33 or later"
)
GIVEN_BACK = """
import re
from pathlib import Path
from shards.memory import trim

def own_kb():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

pieces = [bytes(5_000) for _ in range(8_000)]
kept = pieces[::20]
del pieces
before = own_kb()
trim()
print(before - own_kb())
"""
MAPPED = """
import ctypes
from shards.memory import LARGE_BYTES, map_large_blocks

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = type("Info", (ctypes.Structure,), {"_fields_": [(str(n), ctypes.c_size_t) for n in range(10)]})
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.malloc.argtypes = [ctypes.c_size_t]

def mapped():
    return getattr(libc.mallinfo2(), "4")

map_large_blocks()
libc.free(libc.malloc(4 << 20))  # would raise glibc's own limit to 4 MB
before = mapped()
for _ in range(64):
    libc.malloc(LARGE_BYTES - 1024)
small = mapped() - before
for _ in range(64):  # the first ones may find a gap in the heap
    libc.malloc(LARGE_BYTES + 1024)
print(small, (mapped() - before) // LARGE_BYTES)
"""


def printed(program: str) -> Iterator[int]:
    """The numbers that a process of its own prints: what it does to its heaps is for good."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


class Returns:
    """Counts instead of giving back."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def limiter() -> trio.CapacityLimiter:
    return trio.CapacityLimiter(1)


async def test_nothing_is_given_back_while_nothing_was_closed(limiter: trio.CapacityLimiter) -> None:
    returns = Returns()
    await SpareMemory(returns).give_back(limiter)
    assert returns.count == 0


async def test_what_was_closed_is_given_back_once(
    mock_clock: trio.testing.MockClock, limiter: trio.CapacityLimiter
) -> None:
    returns = Returns()
    spare = SpareMemory(returns)
    spare.left()
    spare.left()
    await spare.give_back(limiter)
    mock_clock.jump(10 * TRIM_SECONDS)
    await spare.give_back(limiter)
    assert returns.count == 1


async def test_at_most_once_a_minute_and_then_what_waits(
    mock_clock: trio.testing.MockClock, limiter: trio.CapacityLimiter
) -> None:
    returns = Returns()
    spare = SpareMemory(returns)
    spare.left()
    await spare.give_back(limiter)
    spare.left()
    mock_clock.jump(TRIM_SECONDS - 1)
    await spare.give_back(limiter)
    assert returns.count == 1
    mock_clock.jump(1)
    await spare.give_back(limiter)
    assert returns.count == 2


@glibc_alone
def test_free_pages_between_used_ones_go_back() -> None:
    (given_back_kb,) = printed(GIVEN_BACK)
    assert given_back_kb > 10_000


@glibc_alone
def test_large_blocks_are_mapped_whatever_was_freed_before() -> None:
    small, large = printed(MAPPED)
    assert small == 0
    assert large >= 32


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: SimpleNamespace())
    trim()
    map_large_blocks()
