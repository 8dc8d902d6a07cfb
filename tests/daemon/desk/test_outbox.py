"""The outbox on a scripted network: in order, never twice while a status may come, nothing forgotten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.channels.sandbox import SandboxChannel
from daemon.desk.outbox import SENDERS, Brake, Outbox, StatusWatch
from daemon.desk.receive import PAUSE_FACT, Received
from daemon.errors import ChannelPaused, SendDelayed, SendRefused
from daemon.whatsapp.events import Sender
from shards.tenant import conversations, identity, messages
from tests.conftest import Logs
from tests.support.desk_rows import ANA, BIA, Desk, desk_in
from tests.support.desk_tasks import InlineShard, Mute, ScriptedChannel, passes

DAY = 24 * 60 * 60


@define
class Bench:
    """An outbox and what is around it."""

    desk: Desk
    channel: ScriptedChannel = field(factory=ScriptedChannel)
    brake: Brake = field(factory=Brake)
    watch: StatusWatch = field(init=False)
    results: list[str] = field(factory=list)
    told: list[Received] = field(factory=list)
    outbox: Outbox = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.watch = StatusWatch(started_at=self.desk.clock.ms)

    def queue(self, *texts: str, seq: int = 1, author: str = "assistant", kind: str = "text") -> list[str]:
        """Queue messages and ring the bell; their ids."""
        ids = [self.desk(messages.queue, seq, author=author, kind=kind, text=text) for text in texts]
        self.outbox.woken({seq})
        return ids

    def received(self, received: Received) -> None:
        """As the tenant does after a commit."""
        self.told.append(received)
        self.outbox.woken(received.to_send)

    def status(self, status: str, our_id: str) -> None:
        """A status webhook."""
        self.watch.seen(self.desk.clock.ms)
        self.received(self.desk.status(status, network_id=f"wamid.{our_id}", our_id=our_id))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Outbox]:
        """Start as a daemon would; cancelled at the end."""
        self.outbox = Outbox(
            shard=InlineShard(self.desk),  # type: ignore[arg-type]
            channels={"cloud": self.channel, "sandbox": SandboxChannel()},
            watch=self.watch,
            brake=self.brake,
            resend_after_ms=90_000,
            now=self.desk.clock,
            received=self.received,
            sent=self.results.append,
            voice=Mute(),
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(self.outbox.run)
            yield self.outbox
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    def states(self) -> list[str]:
        return self.desk.states()


@pytest.fixture
def bench(desk: Desk) -> Bench:
    desk.says("oi", ANA)
    desk.says("oi", BIA)
    return Bench(desk)


async def test_messages_of_a_conversation_go_out_in_order_and_conversations_side_by_side(bench: Bench) -> None:
    first = trio.Event()
    bench.channel.plan = {"a1": [first]}
    async with bench.running() as outbox:
        bench.queue("a1", "a2", "a3")
        bench.queue("b1", "b2", seq=2)
        await wait_all_tasks_blocked()
        assert sorted(bench.channel.begun) == ["a1", "b1", "b2"]
        assert not outbox.idle
        first.set()
        await wait_all_tasks_blocked()
        assert bench.channel.taken == ["b1", "b2", "a1", "a2", "a3"]
        assert outbox.idle
    assert bench.states() == ["sent"] * 5
    assert bench.results == ["sent"] * 5


async def test_a_message_carries_its_id_its_recipient_and_what_it_replies_to(bench: Bench) -> None:
    async with bench.running():
        [id_] = bench.queue("a1")
        await wait_all_tasks_blocked()
    [outgoing] = bench.channel.outgoing
    assert (outgoing.id, outgoing.phone, outgoing.user_id, outgoing.kind) == (id_, ANA.phone, ANA.user_id, "text")


async def test_no_more_than_so_many_are_on_their_way(bench: Bench) -> None:
    gate = trio.Event()
    for number in range(SENDERS + 5):
        bench.desk.says("oi", Sender(user_id=f"BR.9{number}"))
        bench.channel.plan[f"m{number}"] = [gate]
        bench.desk(messages.queue, number + 3, author="assistant", kind="text", text=f"m{number}")
    async with bench.running():
        await wait_all_tasks_blocked()
        assert len(bench.channel.begun) == SENDERS
        gate.set()
        await wait_all_tasks_blocked()
        assert len(bench.channel.taken) == SENDERS + 5


async def test_the_sandbox_takes_everything_and_counts_it(bench: Bench) -> None:
    bench.desk.in_channel("sandbox").says("oi", Sender(sandbox="visitante"))
    async with bench.running():
        bench.outbox.pause("Meta disabled the account")
        bench.queue("olá", seq=3)
        await wait_all_tasks_blocked()
    assert bench.states() == ["read"], "there is no network that could hold it up"
    assert bench.desk.rows("SELECT provider, messages FROM usage") == [("sandbox", 1)]


# Delays


async def test_a_delayed_contact_waits_alone_and_keeps_its_order(bench: Bench, mock_clock: MockClock) -> None:
    bench.channel.plan = {"a1": [SendDelayed("pair limit", 6)]}
    async with bench.running():
        bench.queue("a1", "a2")
        bench.queue("b1", seq=2)
        await wait_all_tasks_blocked()
        assert bench.channel.taken == ["b1"]
        assert bench.desk.rows("SELECT state, error FROM messages WHERE text = 'a1'") == [("queued", "pair limit")]
        await passes(bench.desk, mock_clock, 5.9)
        assert bench.channel.taken == ["b1"]
        await passes(bench.desk, mock_clock, 0.2)
        assert bench.channel.taken == ["b1", "a1", "a2"]
    assert bench.results == ["delayed", "sent", "sent", "sent"]


async def test_a_delayed_channel_holds_all_of_the_tenant(bench: Bench, mock_clock: MockClock) -> None:
    bench.channel.plan = {"a1": [SendDelayed("too many requests", 30, scope="channel")]}
    async with bench.running():
        bench.queue("a1")
        await wait_all_tasks_blocked()
        bench.queue("b1", seq=2)
        await passes(bench.desk, mock_clock, 29)
        assert bench.channel.taken == []
        await passes(bench.desk, mock_clock, 2)
        assert sorted(bench.channel.taken) == ["a1", "b1"]


async def test_a_delayed_app_holds_every_tenant(bench: Bench, mock_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "neighbour").mkdir()
    bench.channel.plan = {"a1": [SendDelayed("app limit", 30, scope="app")]}
    with contextmanager(desk_in)(tmp_path / "neighbour") as other:
        other.says("oi")
        neighbour = Bench(other, brake=bench.brake)
        async with bench.running(), neighbour.running():
            bench.queue("a1")
            await wait_all_tasks_blocked()
            neighbour.queue("n1")
            other.clock.move(29)
            await passes(bench.desk, mock_clock, 29)
            assert neighbour.channel.begun == []
            other.clock.move(2)
            await passes(bench.desk, mock_clock, 2)
            assert (bench.channel.taken, neighbour.channel.taken) == (["a1"], ["n1"])


# Refusals and pauses


async def test_a_refused_answer_goes_to_a_person_and_the_rest_goes_out(bench: Bench, logs: Logs) -> None:
    bench.channel.plan = {"a1": [SendRefused("undeliverable", code=131026)]}
    async with bench.running():
        bench.queue("a1")
        bench.queue("oi, aqui é o Beto", author="human")
        await wait_all_tasks_blocked()
    assert bench.desk.rows("SELECT state, error FROM messages WHERE direction = 'out'") == [
        ("failed", "131026 undeliverable"),
        ("sent", None),
    ]
    thread = bench.desk.conversation()
    assert (thread.state, thread.human_until, thread.due_at) == ("human", None, None)
    assert thread.owed_since is not None, "the person owes the answer"
    assert any(fields.get("state") == "failed" for told in bench.told for _, fields in told.news)
    [line] = logs.named("send_not_done")
    assert "undeliverable" in line["reason"]


@pytest.mark.parametrize(("author", "kind"), [("assistant", "image"), ("human", "text")])
async def test_a_refused_photo_or_salespersons_message_hands_nothing_over(bench: Bench, author: str, kind: str) -> None:
    bench.channel.plan = {"a1": [SendRefused("no")]}
    async with bench.running():
        bench.queue("a1", author=author, kind=kind)
        await wait_all_tasks_blocked()
    assert bench.states() == ["failed"]
    assert bench.desk.conversation().state == "assistant"


async def test_a_paused_channel_sends_nothing_until_it_is_up_again(bench: Bench, mock_clock: MockClock) -> None:
    bench.channel.plan = {"a1": [ChannelPaused("the token is dead", "set another")]}
    async with bench.running() as outbox:
        bench.queue("a1", "a2")
        await wait_all_tasks_blocked()
        bench.queue("b1", seq=2)
        await passes(bench.desk, mock_clock, 3600)
        assert bench.channel.begun == ["a1"]
        assert outbox.pause_reason == "the token is dead: set another"
        assert bench.states() == ["queued"] * 3
        outbox.pause("")
        await wait_all_tasks_blocked()
        assert sorted(bench.channel.taken) == ["a1", "a2", "b1"]
        assert [text for text in bench.channel.taken if text.startswith("a")] == ["a1", "a2"]


async def test_an_account_that_meta_paused_stays_paused_over_a_start(bench: Bench) -> None:
    bench.desk(identity.set_fact, PAUSE_FACT, "Meta disabled the account")
    async with bench.running() as outbox:
        bench.queue("a1")
        await wait_all_tasks_blocked()
        assert bench.channel.begun == []
        outbox.pause("")
        await wait_all_tasks_blocked()
        assert bench.channel.taken == ["a1"]


async def test_a_conversation_of_a_channel_that_is_gone_fails_aloud(bench: Bench) -> None:
    bench.desk(lambda tx: tx.run("UPDATE conversations SET channel = 'web'"))
    async with bench.running():
        bench.queue("a1")
        await wait_all_tasks_blocked()
    assert "no channel 'web'" in bench.desk.value("SELECT error FROM messages WHERE direction = 'out'")
    assert bench.desk.conversation().state == "human"


# The window, persons


async def test_after_a_day_the_window_is_closed_and_a_person_is_called(bench: Bench) -> None:
    bench.desk.clock.move(DAY - 59)
    async with bench.running():
        bench.queue("a1")
        await wait_all_tasks_blocked()
    assert bench.channel.begun == []
    assert bench.desk.value("SELECT error FROM messages WHERE direction = 'out'").startswith("131047")
    assert bench.desk.conversation().state == "human"
    assert bench.desk.conversation().owed_since is not None


async def test_the_window_closes_for_salespersons_too_and_they_see_it(bench: Bench) -> None:
    bench.desk.clock.move(DAY)
    async with bench.running():
        bench.queue("a1", author="human")
        await wait_all_tasks_blocked()
    assert bench.states() == ["failed"]
    assert bench.desk.conversation().state == "assistant"


async def test_what_a_person_withdrew_while_it_was_being_sent_is_not_tried_again(
    bench: Bench, mock_clock: MockClock
) -> None:
    gate = trio.Event()
    bench.channel.plan = {"a1": [(gate, SendDelayed("pair limit", 6))]}
    async with bench.running():
        bench.queue("a1", "a2")
        await wait_all_tasks_blocked()
        bench.desk(lambda tx: (conversations.take_over(tx, 1, None), messages.cancel_unsent(tx, 1, "a person")))
        gate.set()
        await passes(bench.desk, mock_clock, 60)
    assert bench.states() == ["cancelled", "cancelled"]
    assert bench.channel.begun == ["a1"]


async def test_an_erased_customers_send_ends_without_a_trace(bench: Bench) -> None:
    gates = trio.Event(), trio.Event()
    bench.channel.plan = {"a1": [(gates[0], SendRefused("no"))], "b1": [gates[1]]}
    async with bench.running():
        bench.queue("a1")
        bench.queue("b1", seq=2)
        await wait_all_tasks_blocked()
        bench.desk(lambda tx: tx.run("DELETE FROM contacts"))
        for gate in gates:
            gate.set()
        await wait_all_tasks_blocked()
    assert bench.states() == []
