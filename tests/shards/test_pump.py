"""Commits in few threads: none lost, none cut off, no thread per job."""

import threading
import time

import pytest
import trio
import trio.testing

from shards.pump import BACKLOG, Pump, pump_of


async def test_every_job_is_done_once_and_its_fault_comes_out() -> None:
    pump, done = Pump(4), list[int]()

    def fail() -> None:
        raise ValueError("no")

    async with trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(pump.carry, lambda number=number: done.append(number))
    with pytest.raises(ValueError, match="no"):
        await pump.carry(fail)
    assert sorted(done) == list(range(200))


async def test_jobs_that_come_meanwhile_wake_no_further_thread() -> None:
    pump, threads, gate = Pump(8), set[int](), threading.Event()

    def held() -> None:
        gate.wait(10)
        threads.add(threading.get_ident())

    async with trio.open_nursery() as nursery:
        for _ in range(1 + BACKLOG):
            nursery.start_soon(pump.carry, held)
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
    assert 1 <= len(threads) <= 2


async def test_slow_jobs_get_more_threads_up_to_the_limit() -> None:
    pump, running, most, lock = Pump(3), 0, 0, threading.Lock()

    def slow() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)  # a disk
        with lock:
            running -= 1

    async with trio.open_nursery() as nursery:
        for _ in range(60):
            nursery.start_soon(pump.carry, slow)
    assert most == 3


async def test_a_job_is_finished_though_its_task_is_cancelled() -> None:
    pump, done = Pump(1), list[str]()
    with trio.CancelScope() as scope:
        scope.cancel()
        await pump.carry(lambda: done.append("kept"))
    assert done == ["kept"]


async def test_one_pump_stands_for_one_limiter() -> None:
    limiter = trio.CapacityLimiter(2)
    assert pump_of(limiter) is pump_of(limiter)
    assert pump_of(limiter) is not pump_of(trio.CapacityLimiter(2))
