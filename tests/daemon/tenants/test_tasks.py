from typing import Any

import pytest
import trio
import trio.testing

from daemon.errors import ShowroomError
from daemon.tenants.tasks import TaskBoard, sentence
from shards.errors import ShardCorrupt
from tests.support.shards import HandClock


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ShowroomError("it broke", "mend it"), "it broke: mend it"),
        (ShardCorrupt("a.db is damaged", "restore it"), "a.db is damaged: restore it"),
        (ValueError("odd\nvalue"), "ValueError: odd value"),
        (KeyError(), "KeyError: no reason given"),
        (ExceptionGroup("all", [ExceptionGroup("some", [ShowroomError("deep")]), ValueError("other")]), "deep"),
    ],
)
def test_a_reason_is_one_line(error: BaseException, expected: str) -> None:
    assert sentence(error) == expected


async def test_a_task_is_shown_from_its_start_to_its_end(nursery: trio.Nursery) -> None:
    clock = HandClock()
    board = TaskBoard(clock)
    go, end = trio.Event(), trio.Event()

    async def task(*, task_status: trio.TaskStatus[None]) -> None:
        await go.wait()
        task_status.started()
        await end.wait()

    nursery.start_soon(board.run, "channel", task)
    await trio.testing.wait_all_tasks_blocked()
    assert [(report.name, report.state) for report in board.reports()] == [("channel", "starting")]
    go.set()
    await trio.testing.wait_all_tasks_blocked()
    assert board.reports()[0].state == "running"
    end.set()
    await trio.testing.wait_all_tasks_blocked()
    assert board.reports()[0].state == "stopped"


async def test_a_fault_is_noted_and_goes_on() -> None:
    board = TaskBoard(HandClock())

    async def task(*, task_status: Any) -> None:
        await trio.lowlevel.checkpoint()
        raise ShowroomError("it broke", "mend it")

    with pytest.raises(ShowroomError):
        await board.run("outbox", task)
    [report] = board.reports()
    assert (report.state, report.reason) == ("failed", "it broke: mend it")


async def test_a_cancel_is_a_stop() -> None:
    board = TaskBoard(HandClock())

    async def task(*, task_status: Any) -> None:
        await trio.sleep_forever()

    with trio.move_on_after(0):
        await board.run("outbox", task)
    assert board.reports()[0].state == "stopped"


def test_since_moves_only_with_the_state() -> None:
    clock = HandClock()
    board = TaskBoard(clock)
    board.set("channel", "waiting", "no network")
    began = clock()
    clock.move(60)
    board.set("channel", "waiting", "no network yet", retry_at=clock())
    [report] = board.reports()
    assert (report.since, report.reason, report.retry_at) == (began, "no network yet", clock())
    board.set("channel", "running")
    assert (board.reports()[0].since, board.reports()[0].reason) == (clock(), "")
