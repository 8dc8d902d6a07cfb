"""The message handler: quiet spells, turns side by side, overtaken ones begun anew, claims given back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.desk.brief import HandOver, Reply
from daemon.desk.fairness import FairSlots
from daemon.desk.inbox import Inbox
from daemon.desk.receive import Received
from daemon.desk.settle import Claim, Settled
from daemon.desk.turn import Tally
from daemon.desk.wording import TURN_FAILED
from daemon.whatsapp.events import MessageRevoked, Sender
from shards.errors import ShardUnavailable
from shards.tenant import conversations
from tests.conftest import Logs
from tests.support.desk_rows import ANA, BIA, HANDOVER_MS, QUIET_MS, Desk, keyed_hash
from tests.support.desk_tasks import InlineShard, ScriptedChannel, passes


@define
class ScriptedThinker:
    """Answers every burst; a plan by the burst's last text says what else happens, one entry a turn."""

    plan: dict[str, list[Any]] = field(factory=dict)
    begun: list[list[str]] = field(factory=list)
    cancelled: int = 0

    def first_vendor(self) -> str:
        return "anthropic"

    async def think(self, claim: Claim, tally: Tally) -> Reply:
        texts = [message.text for message in claim.burst]
        self.begun.append(texts)
        steps = self.plan.get(texts[-1], [])
        step = steps.pop(0) if steps else None
        tally.open.append("anthropic")
        try:
            if isinstance(step, trio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            self.cancelled += 1
            raise
        tally.open.remove("anthropic")
        return step if isinstance(step, Reply) else Reply(text=f"re: {texts[-1]}", provider="catalogue")


@define
class Bench:
    """An inbox and what is around it."""

    desk: Desk
    thinker: ScriptedThinker = field(factory=ScriptedThinker)
    channel: ScriptedChannel = field(factory=ScriptedChannel)
    slots: FairSlots = field(factory=lambda: FairSlots(64))
    shard: InlineShard = field(init=False)
    inbox: Inbox = field(init=False)
    outcomes: list[str] = field(factory=list)
    over: bool = False

    def __attrs_post_init__(self) -> None:
        self.shard = InlineShard(self.desk)

    def says(self, text: str, *more: Any, **named: Any) -> None:
        """A customer writes, and the tenant wakes whom that concerns."""
        self.tell(self.desk.says(text, *more, **named))

    def tell(self, received: Received) -> None:
        self.inbox.woken(received.due, received.overtaken)

    def _settled(self, settled: Settled) -> None:
        self.inbox.woken(settled.due)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Inbox]:
        self.inbox = Inbox(
            shard=self.shard,  # type: ignore[arg-type]
            channels={"cloud": self.channel},
            thinker=self.thinker,  # type: ignore[arg-type]
            slots=self.slots,
            now=self.desk.clock,
            handover_ms=HANDOVER_MS,
            quiet_ms=QUIET_MS,
            keyed_hash=keyed_hash,
            settled=self._settled,
            ended=lambda outcome, seconds: self.outcomes.append(outcome),
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(self._run)
            yield self.inbox
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    async def _run(self, *, task_status: trio.TaskStatus[None]) -> None:
        await self.inbox.run(task_status=task_status)
        self.over = True

    def answers(self) -> list[str]:
        found: list[str] = self.desk.rows("SELECT text FROM messages WHERE direction = 'out' ORDER BY seq")
        return found


@pytest.fixture
def bench(desk: Desk) -> Bench:
    return Bench(desk)


async def test_a_burst_is_one_turn_after_the_quiet_spell(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        for text in ("oi", "tem civic?", "até 90 mil"):
            bench.says(text)
            await passes(bench.desk, mock_clock, 1)
        assert bench.thinker.begun == []
        await passes(bench.desk, mock_clock, 0.5)
        assert bench.thinker.begun == [["oi", "tem civic?", "até 90 mil"]]
    assert bench.answers() == ["re: até 90 mil"]
    assert bench.outcomes == ["settled"]
    assert bench.channel.marked == [("wamid.in.3", True)]


async def test_nobody_who_writes_on_and_on_waits_longer_than_the_ceiling(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        for number in range(6):
            bench.says(f"mensagem {number}")
            await passes(bench.desk, mock_clock, 1)
        assert len(bench.thinker.begun) == 1


async def test_conversations_run_side_by_side(bench: Bench, mock_clock: MockClock) -> None:
    gate = trio.Event()
    bench.thinker.plan = {"devagar": [gate]}
    async with bench.running() as inbox:
        bench.says("devagar", ANA)
        bench.says("oi", BIA)
        await passes(bench.desk, mock_clock, 2)
        assert bench.answers() == ["re: oi"]
        assert inbox.running == 1
        gate.set()
        await wait_all_tasks_blocked()
        assert inbox.running == 0
    assert bench.answers() == ["re: oi", "re: devagar"]


async def test_a_message_cancels_the_running_turn_and_both_are_answered_once(
    bench: Bench, mock_clock: MockClock
) -> None:
    bench.thinker.plan = {"tem civic?": [trio.Event()]}
    async with bench.running():
        bench.says("tem civic?")
        await passes(bench.desk, mock_clock, 2)
        bench.says("automático")
        await wait_all_tasks_blocked()
        assert bench.thinker.cancelled == 1
        await passes(bench.desk, mock_clock, 2)
    assert bench.thinker.begun == [["tem civic?"], ["tem civic?", "automático"]]
    assert bench.answers() == ["re: automático"]
    assert bench.outcomes == ["superseded", "settled"]
    assert bench.desk.rows("SELECT provider FROM usage WHERE kind = 'unknown'") == ["anthropic"]


async def test_a_message_that_shares_the_claims_commit_overtakes_it_too(bench: Bench, mock_clock: MockClock) -> None:
    class Crowded(InlineShard):
        """The claim's commit is shared by a message, and the message's task wakes first."""

        async def write(self, work: Any, *, brief: bool = False) -> Any:
            done = await super().write(work, brief=brief)
            if isinstance(done, Claim) and len(done.burst) == 1:
                bench.says("automático")
            return done

    bench.shard = Crowded(bench.desk)
    bench.thinker.plan = {"tem civic?": [trio.Event()]}
    async with bench.running():
        bench.says("tem civic?")
        await passes(bench.desk, mock_clock, 2)
        await passes(bench.desk, mock_clock, 2)
    assert bench.answers() == ["re: automático"]


async def test_the_third_time_the_turn_may_finish_and_the_newest_is_answered_next(
    bench: Bench, mock_clock: MockClock
) -> None:
    gate = trio.Event()
    bench.thinker.plan = {"um": [trio.Event()], "dois": [trio.Event()], "três": [gate]}
    async with bench.running():
        for text in ("um", "dois", "três", "quatro"):
            bench.says(text)
            await passes(bench.desk, mock_clock, 2)
        assert bench.thinker.cancelled == 2
        assert bench.answers() == []
        gate.set()
        await passes(bench.desk, mock_clock, 2)
    assert bench.answers() == ["re: três", "re: quatro"]
    assert bench.thinker.begun[-2:] == [["um", "dois", "três"], ["quatro"]]


async def test_a_takeover_cancels_the_turn_and_nothing_is_said(bench: Bench, mock_clock: MockClock) -> None:
    bench.thinker.plan = {"oi": [trio.Event()]}
    async with bench.running():
        bench.says("oi")
        await passes(bench.desk, mock_clock, 2)
        bench.tell(bench.desk.person_wrote("Oi, aqui é o Beto"))
        await passes(bench.desk, mock_clock, 3600)
        bench.says("e o preço?")
        await passes(bench.desk, mock_clock, 3600)
        assert bench.answers() == ["Oi, aqui é o Beto"]
        await passes(bench.desk, mock_clock, 2 * 3600)
    assert bench.answers() == ["Oi, aqui é o Beto", "re: e o preço?"], (
        "after the agreed time it is the assistant's again"
    )


async def test_a_takeover_that_the_turn_did_not_hear_of_stops_it_when_it_speaks(
    bench: Bench, mock_clock: MockClock
) -> None:
    gate = trio.Event()
    bench.thinker.plan = {"oi": [gate]}
    async with bench.running():
        bench.says("oi")
        await passes(bench.desk, mock_clock, 2)
        bench.desk(conversations.take_over, 1, None)
        gate.set()
        await wait_all_tasks_blocked()
    assert bench.answers() == []
    assert bench.outcomes == ["superseded"]


async def test_what_comes_while_a_turn_waits_for_its_slot_is_in_it(bench: Bench, mock_clock: MockClock) -> None:
    gate = trio.Event()
    bench.slots = FairSlots(1)
    bench.thinker.plan = {"devagar": [gate]}
    async with bench.running() as inbox:
        bench.says("devagar", ANA)
        await passes(bench.desk, mock_clock, 2)
        bench.says("oi", BIA)
        await passes(bench.desk, mock_clock, 2)
        assert inbox.running == 2
        bench.says("tem civic?", BIA)
        await passes(bench.desk, mock_clock, 2)
        gate.set()
        await wait_all_tasks_blocked()
    assert bench.thinker.begun == [["devagar"], ["oi", "tem civic?"]]
    assert bench.thinker.cancelled == 0
    assert bench.slots.in_use == 0


async def test_files_come_after_new_conversations_and_those_after_running_ones(
    bench: Bench, mock_clock: MockClock
) -> None:
    gate = trio.Event()
    bench.thinker.plan = {"devagar": [gate]}
    bench.slots = FairSlots(1)
    async with bench.running():
        bench.says("oi, eu de novo", BIA)
        await passes(bench.desk, mock_clock, 2)  # answered: under way from now on
        bench.says("devagar", ANA)
        await passes(bench.desk, mock_clock, 2)
        bench.says("olha a foto", Sender(phone="5511955500103"), kind="image")
        bench.says("tem civic?", Sender(phone="5511955500104"))
        bench.says("e o preço?", BIA)
        await passes(bench.desk, mock_clock, 2)
        gate.set()
        await wait_all_tasks_blocked()
    begun = [burst[-1] for burst in bench.thinker.begun]
    assert begun == ["oi, eu de novo", "devagar", "e o preço?", "tem civic?", "olha a foto"]


async def test_a_deleted_burst_is_not_answered(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("oi", id_="wamid.1")
        bench.tell(
            bench.desk.receive(MessageRevoked(network_id="r", sender=ANA, at=bench.desk.clock(), target="wamid.1"))
        )
        await passes(bench.desk, mock_clock, 10)
    assert bench.thinker.begun == []
    assert bench.outcomes == []


# Failures


async def test_a_turn_that_raises_is_tried_again_and_then_a_person_is_called(
    bench: Bench, mock_clock: MockClock, logs: Logs
) -> None:
    logs.expect_error("turn_failed")
    bench.thinker.plan = {"oi": [ValueError("no"), KeyError("no"), ZeroDivisionError("no")]}
    async with bench.running():
        bench.says("oi", ANA)
        bench.says("tem civic?", BIA)
        for _ in range(20):
            await passes(bench.desk, mock_clock, 1)
    assert bench.answers() == ["re: tem civic?", TURN_FAILED], "the neighbour is served, the customer is told"
    assert sorted(bench.outcomes) == ["failed", "failed", "failed", "settled"]
    assert bench.desk.conversation().state == "human"
    assert "ValueError: no" in bench.desk.rows("SELECT error FROM turns")


async def test_a_turn_that_recovers_answers(bench: Bench, mock_clock: MockClock, logs: Logs) -> None:
    logs.expect_error("turn_failed")
    bench.thinker.plan = {"oi": [ValueError("no")]}
    async with bench.running():
        bench.says("oi")
        for _ in range(5):
            await passes(bench.desk, mock_clock, 1)
    assert bench.answers() == ["re: oi"]


async def test_a_shard_that_fails_ends_the_inbox(bench: Bench, mock_clock: MockClock) -> None:
    with pytest.RaisesGroup(ShardUnavailable, flatten_subgroups=True):
        async with bench.running():
            bench.says("oi")
            bench.shard.fails_with = ShardUnavailable("the disk is gone")
            await passes(bench.desk, mock_clock, 2)
            await trio.sleep_forever()


async def test_a_silent_hand_over_waits_for_the_person(bench: Bench, mock_clock: MockClock) -> None:
    bench.thinker.plan = {"oi": [Reply(text="", provider="anthropic", effects=(HandOver("no answer"),))]}
    async with bench.running():
        bench.says("oi")
        await passes(bench.desk, mock_clock, 3600)
        assert bench.answers() == []
        await passes(bench.desk, mock_clock, 4 * 3600)
    assert bench.answers() == ["re: oi"], "nobody came: the customer is not forgotten"


async def test_a_conversation_of_a_channel_that_is_gone_is_answered_without_courtesy(
    bench: Bench, mock_clock: MockClock
) -> None:
    bench.desk.in_channel("web").says("oi")
    async with bench.running():
        await passes(bench.desk, mock_clock, 2)
    assert bench.outcomes == ["settled"]
    assert bench.channel.marked == []


async def test_a_message_stored_in_the_claims_own_commit_does_not_leave_the_customer_unanswered(
    bench: Bench, mock_clock: MockClock
) -> None:
    gate = trio.Event()
    bench.thinker.plan["oi"] = [gate]
    async with bench.running() as inbox:
        received = bench.desk.says("oi")
        inbox.woken(received.due)
        await passes(bench.desk, mock_clock, QUIET_MS / 1000)
        assert bench.thinker.begun == [["oi"]]
        bench.tell(received)  # whoever stored the message is woken after the turn that has it
        await passes(bench.desk, mock_clock, 1)
        assert bench.answers() == ["re: oi"]
    assert bench.outcomes == ["superseded", "settled"]
