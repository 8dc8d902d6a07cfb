"""A process that takes commands as JSON lines on stdin and answers, or tells of events, as JSON lines on stdout.

A command is `{"do", "id", …}`, its answer `{"answer": id, …}`; lines without `answer` are events.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import orjson
import trio
from attrs import define, field

WAIT_SECONDS: Final = 30

Line = Mapping[str, Any]
P = TypeVar("P", bound="LineProcess")


class CommandFailed(Exception):
    """The process refused or failed a command."""


@define(eq=False)
class LineProcess:
    """A running process. Events are kept until they are asked for; each is given once."""

    process: trio.Process
    events: list[Line] = field(factory=list)
    failures: list[str] = field(factory=list)  # answers to what was no command
    _answers: dict[int, Line] = field(factory=dict)
    _asked: int = 0
    _news: trio.Event = field(factory=trio.Event)
    _ended: bool = False

    async def call(self, do: str, **fields: Any) -> Line:
        """Run a command. Raises `CommandFailed`."""
        self._asked += 1
        id_ = self._asked
        assert self.process.stdin is not None
        await self.process.stdin.send_all(orjson.dumps({"do": do, "id": id_, **fields}) + b"\n")
        with trio.fail_after(WAIT_SECONDS):
            while id_ not in self._answers:
                await self._heard()
        answer = self._answers.pop(id_)
        if "error" in answer:
            raise CommandFailed(answer["error"])
        return answer

    async def matching(self, condition: Callable[[Line], bool]) -> Line:
        """The oldest event for which that holds, once there is one."""
        with trio.fail_after(WAIT_SECONDS):
            while True:
                for n, event in enumerate(self.events):
                    if condition(event):
                        return self.events.pop(n)
                await self._heard()

    async def _heard(self) -> None:
        """Wait for the next line."""
        if self._ended:
            raise CommandFailed("the process has ended")
        await self._news.wait()

    async def listen(self) -> None:
        """Read what it says, until it ends."""
        assert self.process.stdout is not None
        unread = b""
        async for chunk in self.process.stdout:
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                said = orjson.loads(line)
                if "answer" in said and said["answer"] is None:
                    self.failures.append(said["error"])
                elif "answer" in said:
                    self._answers[said["answer"]] = said
                else:
                    self.events.append(said)
            self._tell()
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()


@asynccontextmanager
async def line_process(kind: type[P], command: Sequence[str], environ: Mapping[str, str]) -> AsyncIterator[P]:
    """Start the process with these additions to our environment; it is killed at the end."""
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environ}
    )
    running = kind(process)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.listen)
        try:
            yield running
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            nursery.cancel_scope.cancel()
