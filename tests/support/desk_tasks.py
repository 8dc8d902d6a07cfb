"""What the desk's tasks run on in tests: a shard without threads, a network that follows a script."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import trio
import trio.testing
from attrs import define, field

from daemon.channels.base import Outgoing, Receipt, Report
from shards.shard import Tx
from shards.tenant.speech import Wish
from tests.support.desk_rows import Desk

T = TypeVar("T")


@define
class InlineShard:
    """A `ShardHandle` whose transactions run in the loop, each after one checkpoint, so that nothing races."""

    desk: Desk
    tenant: str = "auto-sul"
    fails_with: Exception | None = None

    async def write(self, work: Callable[[Tx], T], *, brief: bool = False) -> T:
        await trio.lowlevel.checkpoint()
        if self.fails_with is not None:
            raise self.fails_with
        return self.desk(work)

    async def read(self, work: Callable[[Tx], T]) -> T:
        return await self.write(work)

    async def glance(self, work: Callable[[Tx], T]) -> T:
        return await self.write(work)


@define
class ScriptedChannel:
    """A network that takes every message over, unless the plan for its text says otherwise.

    A plan is a list, one entry an attempt: an exception to raise, an event to wait for, or a function to call.
    """

    kind: str = "cloud"
    plan: dict[str, list[Any]] = field(factory=dict)
    begun: list[str] = field(factory=list)
    taken: list[str] = field(factory=list)
    outgoing: list[Outgoing] = field(factory=list)
    busy: dict[str, int] = field(factory=lambda: defaultdict(int))
    marked: list[tuple[str, bool]] = field(factory=list)

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        report("up", "")
        task_status.started()
        await trio.sleep_forever()

    async def send(self, message: Outgoing) -> Receipt:
        to = message.phone or message.user_id
        assert not self.busy[to], "two messages of one conversation are on their way at once"
        self.busy[to] += 1
        self.begun.append(message.text)
        self.outgoing.append(message)
        try:
            for step in self._steps(message.text):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, trio.Event):
                    await step.wait()
                else:
                    step(message)
            await trio.lowlevel.cancel_shielded_checkpoint()
        finally:
            self.busy[to] -= 1
        self.taken.append(message.text)
        return Receipt(network_id=f"wamid.{message.id}", phone=message.phone)

    def _steps(self, text: str) -> list[Any]:
        attempts = self.plan.get(text, [])
        step = attempts.pop(0) if attempts else ()
        return list(step) if isinstance(step, tuple) else [step]

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        self.marked.append((network_id, typing))


class Mute:
    """Speaks nothing: what is to be spoken stays as it is."""

    async def sweep(self) -> None:
        await trio.lowlevel.checkpoint()

    async def decide(self, wish: Wish) -> None:
        raise AssertionError(wish)

    def outgoing(self, message: Outgoing) -> Outgoing:
        return message


async def passes(desk: Desk, clock: trio.testing.MockClock, seconds: float) -> None:
    """Let time pass for the loop and for the rows, until everybody waits again."""
    await trio.testing.wait_all_tasks_blocked()
    desk.clock.move(seconds)
    clock.jump(seconds)
    await trio.testing.wait_all_tasks_blocked()
