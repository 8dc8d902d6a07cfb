"""One tenant's fault is its own: restarted with back-off and a sentence, while the others run on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from attrs import define, field

from daemon.assembly import Parts
from daemon.errors import ShowroomError
from daemon.tenants import supervisor as subject
from daemon.tenants.supervisor import STEADY_SECONDS, Supervisor
from daemon.tenants.tasks import TaskBoard
from shards.tenant import identity
from tests.support.house import around, house, sandbox_profile, until
from tests.support.shards import HandClock


class Broken(ShowroomError):
    """What a tenant of these tests dies of."""


@define(eq=False)
class Actor:
    """A tenant that lives until it is told to die."""

    id: str
    surroundings: Any
    board: TaskBoard = field(init=False)
    profile: Any = None
    inbox: Any = None
    channel_state: str = "up"
    credentials_needed: str = ""
    drained: bool = True
    draining: bool = False
    dies: trio.Event = field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.board = TaskBoard(self.surroundings.now)
        STAGE.setdefault(self.id, []).append(self)

    async def run(self, *, connect: Any, task_status: trio.TaskStatus[None]) -> None:
        if self.id in UNSTARTABLE:
            raise Broken("it cannot start", "mend it")
        task_status.started()
        await self.dies.wait()
        raise ExceptionGroup("tasks", [Broken("the channel broke", "look at it")])

    def drain(self) -> None:
        self.draining = True


STAGE: dict[str, list[Actor]] = {}
UNSTARTABLE: set[str] = set()


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> None:
    STAGE.clear()
    UNSTARTABLE.clear()
    monkeypatch.setattr(subject, "Tenant", Actor)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path, running=False) as made:
        yield made


async def nothing(tenant: str) -> None:
    await trio.lowlevel.checkpoint()


async def test_one_fails_the_other_runs_on(parts: Parts, nursery: trio.Nursery) -> None:
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-norte", "auto-sul"])
    [north], [south] = STAGE["auto-norte"], STAGE["auto-sul"]
    south.dies.set()
    await until(lambda: supervisor.running("auto-sul") is None)
    report = supervisor.report("auto-sul")
    assert report is not None
    assert (report.state, report.reason) == ("failed", "the channel broke: look at it")
    assert report.retry_at is not None
    assert report.retry_at > around(parts).now()
    assert supervisor.running("auto-norte") is north
    assert supervisor.count() == (1, 2)
    other = supervisor.report("auto-norte")
    assert other is not None
    assert other.state == "active"
    supervisor.kick("auto-sul")
    await until(lambda: supervisor.running("auto-sul") is not None)
    report = supervisor.report("auto-sul")
    assert report is not None
    assert (report.state, report.reason, report.retry_at) == ("active", "", None)
    assert supervisor.running("auto-norte") is north, "it was never touched"
    assert len(STAGE["auto-norte"]) == 1


async def test_pauses_grow_until_it_was_steady(parts: Parts, mock_clock: trio.testing.MockClock) -> None:
    UNSTARTABLE.add("auto-sul")
    supervisor = Supervisor(around(parts), nothing)
    pauses = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run, ["auto-sul"])
        for attempt in range(1, 6):
            await trio.testing.wait_all_tasks_blocked()
            report = supervisor.report("auto-sul")
            assert report is not None
            assert report.retry_at is not None
            assert supervisor._places["auto-sul"].failures == attempt
            pauses.append((report.retry_at - around(parts).now()).total_seconds())
            mock_clock.jump(pauses[-1] * 0.99)
            await trio.testing.wait_all_tasks_blocked()
            assert supervisor._places["auto-sul"].failures == attempt, "not before its time"
            if attempt == 5:
                UNSTARTABLE.clear()
            mock_clock.jump(pauses[-1] * 0.02)
        assert all(2.0**n / 2 <= pause <= 2.0**n for n, pause in enumerate(pauses)), pauses
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.running("auto-sul") is not None
        mock_clock.jump(STEADY_SECONDS + 1)
        STAGE["auto-sul"][-1].dies.set()
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor._places["auto-sul"].failures == 1, "what lies behind it is forgotten"
        nursery.cancel_scope.cancel()


async def test_it_is_ready_when_each_was_tried_once(parts: Parts, nursery: trio.Nursery) -> None:
    UNSTARTABLE.add("auto-sul")
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-norte", "auto-sul"])
    assert supervisor.count() == (1, 2), "the broken one does not hold the start up"


async def test_what_comes_before_the_start_may_fail_too(parts: Parts, nursery: trio.Nursery) -> None:
    async def replay(tenant: str) -> None:
        await trio.lowlevel.checkpoint()
        raise Broken("still parked")

    supervisor = Supervisor(around(parts), replay)
    await nursery.start(supervisor.run, ["auto-sul"])
    report = supervisor.report("auto-sul")
    assert report is not None
    assert (report.state, report.reason) == ("failed", "still parked")
    assert "auto-sul" not in STAGE


async def test_stop_waits_for_the_end_and_start_begins_anew(parts: Parts, nursery: trio.Nursery) -> None:
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-sul"])
    supervisor.start("auto-sul")
    assert len(STAGE["auto-sul"]) == 1, "it runs already"
    await supervisor.stop("auto-sul")
    assert supervisor.report("auto-sul") is None
    await supervisor.stop("auto-sul")
    supervisor.kick("auto-sul")
    supervisor.start("auto-sul")
    await supervisor.tried("auto-sul")
    assert supervisor.running("auto-sul") is STAGE["auto-sul"][1]


async def test_stop_ends_a_pause(parts: Parts, nursery: trio.Nursery) -> None:
    UNSTARTABLE.add("auto-sul")
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-sul"])
    await supervisor.stop("auto-sul")
    assert supervisor.count() == (0, 0)


async def test_draining_reaches_those_that_start_meanwhile(parts: Parts, nursery: trio.Nursery) -> None:
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-sul"])
    [first] = STAGE["auto-sul"]
    first.drained = False
    nursery.start_soon(supervisor.drain)
    await until(lambda: first.draining)
    supervisor.start("auto-norte")
    await supervisor.tried("auto-norte")
    assert STAGE["auto-norte"][0].draining
    first.drained = True


async def test_the_drain_has_a_deadline_of_its_callers(
    parts: Parts, nursery: trio.Nursery, mock_clock: trio.testing.MockClock
) -> None:
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-sul"])
    STAGE["auto-sul"][0].drained = False
    ended = trio.Event()

    async def drain() -> None:
        with trio.move_on_after(20) as scope:
            await supervisor.drain()
        assert scope.cancelled_caught
        ended.set()

    nursery.start_soon(drain)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(19)
    await trio.testing.wait_all_tasks_blocked()
    assert not ended.is_set()
    mock_clock.jump(2)
    await ended.wait()
    assert supervisor.running("auto-sul") is not None, "what to do then is the caller's business"


async def test_how_it_is_counted(parts: Parts, nursery: trio.Nursery) -> None:
    clock = around(parts).now
    assert isinstance(clock, HandClock)
    supervisor = Supervisor(around(parts), nothing)
    await nursery.start(supervisor.run, ["auto-norte", "auto-sul"])
    assert supervisor.queue_age_seconds() == 0

    @define
    class Queue:
        due: int | None

        def oldest_due_ms(self) -> int | None:
            return self.due

    STAGE["auto-norte"][0].inbox = Queue(clock.ms - 7_000)
    STAGE["auto-sul"][0].inbox = Queue(None)
    assert supervisor.queue_age_seconds() == pytest.approx(7)
    STAGE["auto-norte"][0].inbox = Queue(clock.ms + 7_000)
    assert supervisor.queue_age_seconds() == 0
    STAGE["auto-sul"][0].profile = sandbox_profile("auto-sul")
    assert supervisor.channels() == [("sandbox", "up")]


async def test_a_file_of_another_tenant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    async with house(tmp_path) as parts:
        for tenant in ("auto-norte", "auto-sul"):
            await parts.service.create(sandbox_profile(tenant), {})
        await parts.service.suspend("auto-sul", "")
        await parts.directory.handle("auto-sul").write(
            lambda tx: identity.set_fact(tx, "tenant", "auto-norte"),
        )
        report = await parts.service.resume("auto-sul")
        assert report.state == "failed"
        assert report.reason == "the file of auto-sul belongs to auto-norte: put the right file in its place"
        assert parts.service.report("auto-norte").state == "active"
