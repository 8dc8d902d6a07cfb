"""The living nursery tree: what each task of a tenant is doing, and why."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import trio
from attrs import define

from daemon.clock import Now
from daemon.control.ports import TaskReport, TaskState


def sentence(error: BaseException) -> str:
    """Why something ended, in one line: the innermost cause of a group of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split()) or "no reason given"
    return text if hasattr(error, "remedy") else f"{type(error).__name__}: {text}"


@define
class _Task:
    state: TaskState
    since: datetime
    reason: str = ""
    retry_at: datetime | None = None


class TaskBoard:
    """One tenant's tasks by name, in the order they were started."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._tasks: dict[str, _Task] = {}

    def set(self, name: str, state: TaskState, reason: str = "", retry_at: datetime | None = None) -> None:
        """Note a task's state; `since` moves only when the state does."""
        task = self._tasks.get(name)
        if task is None or task.state != state:
            self._tasks[name] = _Task(state, self._now(), reason, retry_at)
        else:
            task.reason, task.retry_at = reason, retry_at

    async def run(
        self,
        name: str,
        task: Callable[..., Awaitable[Any]],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run a task under its name; a fault is noted and goes on to the tenant's nursery."""
        self.set(name, "starting")
        try:
            await task(task_status=_Telling(self, name, task_status))
        except BaseException as error:
            if isinstance(error, trio.Cancelled):
                self.set(name, "stopped")
            else:
                self.set(name, "failed", sentence(error))
            raise
        self.set(name, "stopped")

    def reports(self) -> tuple[TaskReport, ...]:
        """All tasks as they are now."""
        return tuple(
            TaskReport(name=name, state=task.state, since=task.since, reason=task.reason, retry_at=task.retry_at)
            for name, task in self._tasks.items()
        )


class _Telling:
    """Passes `started()` on and notes it."""

    def __init__(self, board: TaskBoard, name: str, inner: trio.TaskStatus[None]) -> None:
        self._board, self._name, self._inner = board, name, inner

    def started(self, value: None = None) -> None:
        self._board.set(self._name, "running")
        self._inner.started(value)
