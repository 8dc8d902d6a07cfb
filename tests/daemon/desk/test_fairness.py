"""Fair slots: the decisions as a random walk against a plain model, the shell with tasks."""

from collections import Counter

import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from daemon.desk.fairness import FairQueue, FairSlots, Waiter

TENANTS = st.sampled_from(["auto-sul", "bela", "carro", "dois", "eixo", "freio", "guia", "hora", "ipê", "jota"])


class Walk(RuleBasedStateMachine):
    """Ask, release, withdraw and resize at random; after each step the promises hold."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = FairQueue(8, ageing_seconds=5.0, at_once=3)
        self.entering: list[Waiter] = []
        self.waiting: list[tuple[float, int, Waiter]] = []
        self.held: list[Waiter] = []
        self.asked = 0

    def given(self, granted: list[Waiter]) -> None:
        """Check each grant at the moment it was made, and note it."""
        for index, waiter in enumerate(granted):
            later = granted[index + 1 :]
            line = sorted(entry for entry in self.waiting if entry[2].tenant == waiter.tenant)
            assert line[0][2] is waiter, "the most urgent of a tenant goes first"
            self.waiting.remove(line[0])
            self.held.append(waiter)
            self.entering.append(waiter)
            assert not self.queue.paused
            assert sum(one.entering for one in self.entering) <= 3
            held = sum(one.tenant == waiter.tenant for one in self.held)
            others = {entry[2].tenant for entry in self.waiting} - {waiter.tenant}
            others |= {one.tenant for one in later} - {waiter.tenant}
            if others:
                assert held <= self.queue.share, "nobody is above its share while another waits"

    @rule(tenant=TENANTS, priority=st.integers(0, 3), since=st.integers(0, 40))
    def ask(self, tenant: str, priority: int, since: int) -> None:
        waiter, granted = self.queue.ask(tenant, priority=priority, since=float(since))
        self.asked += 1
        self.waiting.append((since + priority * 5.0, self.asked, waiter))
        self.given(granted)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        waiter = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.given(self.queue.release(waiter))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        entry = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        self.given(self.queue.withdraw(entry[2]))

    @precondition(lambda self: self.held)
    @rule()
    def withdraw_granted(self) -> None:
        self.given(self.queue.withdraw(self.held.pop()))

    @precondition(lambda self: self.entering)
    @rule(data=st.data())
    def enter(self, data: st.DataObject) -> None:
        waiter = self.entering.pop(data.draw(st.integers(0, len(self.entering) - 1)))
        if waiter.granted:
            self.given(self.queue.entered(waiter))

    @rule()
    def pause(self) -> None:
        self.queue.pause()

    @rule()
    def resume(self) -> None:
        self.given(self.queue.resume())

    @rule(capacity=st.integers(1, 40))
    def resize(self, capacity: int) -> None:
        self.given(self.queue.resize(capacity))

    @invariant()
    def counts_agree(self) -> None:
        assert self.queue.held == len(self.held)
        assert self.queue.waiting == len(self.waiting)
        assert self.queue.waiting_tenants() == {entry[2].tenant for entry in self.waiting}
        for tenant, number in Counter(one.tenant for one in self.held).items():
            assert self.queue.held_by(tenant) == number

    @invariant()
    def no_slot_is_idle_without_a_reason(self) -> None:
        tenants = self.queue.waiting_tenants()
        entering = sum(one.entering for one in self.entering)
        if self.queue.held < self.queue.capacity and tenants and not self.queue.paused and entering < 3:
            assert len(tenants) > 1
            assert all(self.queue.held_by(tenant) >= self.queue.share for tenant in tenants)

    @invariant()
    def nothing_is_kept_of_who_left(self) -> None:
        if not self.waiting:
            assert not self.queue._lines
            assert not self.queue._ready
            assert not self.queue._blocked
        entries = sum(len(line.heap) for line in self.queue._lines.values())
        assert entries <= 2 * len(self.waiting)
        if not self.held:
            assert not self.queue._held_by


TestWalk = Walk.TestCase


def grants(queue: FairQueue, held: list[Waiter]) -> list[str]:
    """Release one after another; the order in which tenants got the slots."""
    order = []
    while held:
        for waiter in queue.release(held.pop(0)):
            order.append(waiter.tenant)
            held.append(waiter)
    return order


def filled(tenants: str, capacity: int = 1) -> tuple[FairQueue, list[Waiter]]:
    """A queue whose slots are taken, with these one-letter tenants waiting in this order."""
    queue = FairQueue(capacity)
    held = [queue.ask("x", priority=0, since=0.0)[0] for _ in range(capacity)]
    for at, tenant in enumerate(tenants):
        queue.ask(tenant, priority=0, since=float(at))
    return queue, held


def test_tenants_take_turns() -> None:
    assert grants(*filled("aaabbc")) == list("abcaba")


def test_one_flood_does_not_delay_the_next_tenant() -> None:
    queue, held = filled("a" * 500, capacity=16)
    queue.ask("b", priority=3, since=1000.0)
    queue.release(held[0])
    queue.release(held[1])
    assert queue.held_by("b") == 1


def test_who_waits_alone_may_have_everything() -> None:
    queue, _ = filled("", capacity=16)
    queue.resize(32)
    for at in range(40):
        queue.ask("a", priority=0, since=float(at))
    assert queue.held_by("a") == 16


def test_two_floods_leave_room_for_a_third() -> None:
    queue, held = filled("ab" * 100, capacity=80)
    for waiter in held:
        queue.release(waiter)
    assert (queue.held_by("a"), queue.held_by("b")) == (10, 10)
    third, _ = queue.ask("c", priority=0, since=500.0)
    assert third.granted


def test_age_outweighs_priority() -> None:
    queue, held = filled("", capacity=1)
    heavy, _ = queue.ask("a", priority=2, since=0.0)
    queue.ask("a", priority=0, since=4.0)
    young, _ = queue.ask("a", priority=0, since=11.0)
    assert queue.release(held[0])[0] is not heavy  # 0 + 2 × 5 s is later than 4 s
    assert heavy.granted is young.granted is False
    running = next(one for one in queue._lines["a"].heap if one[2] is heavy)
    assert running[0] == 10.0  # and before the one of 11 s


@pytest.mark.parametrize("capacity", [0, -1])
def test_no_capacity_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="use at least 1"):
        FairSlots(capacity)


async def test_never_more_than_capacity_run() -> None:
    slots = FairSlots(3)
    running = most = 0

    async def work(tenant: str) -> None:
        nonlocal running, most
        async with slots.held(tenant):
            running += 1
            most = max(most, running)
            await trio.lowlevel.checkpoint()
            running -= 1

    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(work, f"tenant-{number % 5}")
    assert most == 3
    assert (slots.in_use, slots.waiting) == (0, 0)


async def test_cancelled_while_waiting_leaves_no_trace() -> None:
    slots = FairSlots(1)
    async with slots.held("a"):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(hold_once, slots, "b")
            await trio.testing.wait_all_tasks_blocked()
            assert slots.waiting == 5
            nursery.cancel_scope.cancel()
        assert slots.waiting == 0
    assert slots.in_use == 0
    await hold_once(slots, "b")


async def hold_once(slots: FairSlots, tenant: str) -> None:
    async with slots.held(tenant):
        pass


async def test_granted_and_cancelled_in_the_same_instant_gives_the_slot_on() -> None:
    slots = FairSlots(1)
    async with trio.open_nursery() as outer:
        scope = trio.CancelScope()

        async def unlucky() -> None:
            with scope:
                await hold_once(slots, "b")

        async with slots.held("a"):
            outer.start_soon(unlucky)
            outer.start_soon(hold_once, slots, "c")
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
        # the slot went to `unlucky`, who is cancelled before it wakes
    assert (slots.in_use, slots.waiting) == (0, 0)


async def test_cancelled_before_it_came() -> None:
    slots = FairSlots(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        async with slots.held("a"):
            pytest.fail("a cancelled task holds nothing")
    assert scope.cancelled_caught
    assert slots.in_use == 0


async def test_patience_ends_without_a_trace(autojump_clock: trio.testing.MockClock) -> None:
    slots = FairSlots(1)
    async with slots.held("a"):
        with pytest.raises(trio.TooSlowError):
            await slots.take("b", patience=5.0)
        assert trio.current_time() == 5.0
        assert (slots.in_use, slots.waiting) == (1, 0)
    slot = await slots.take("b", patience=5.0)
    assert slots.held_by("b") == 1
    slots.give_back(slot)
    assert slots.in_use == 0


async def test_more_room_wakes_who_waits_and_less_takes_nothing_away() -> None:
    slots = FairSlots(1)
    done = trio.Event()

    async def second() -> None:
        async with slots.held("b"):
            done.set()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        async with slots.held("a"):
            nursery.start_soon(second)
            await trio.testing.wait_all_tasks_blocked()
            assert not done.is_set()
            slots.resize(2)
            await done.wait()
            slots.resize(1)
            assert (slots.capacity, slots.in_use, slots.held_by("b")) == (1, 2, 1)
        assert slots.in_use == 1
        nursery.cancel_scope.cancel()


async def test_a_failing_body_gives_its_slot_back() -> None:
    slots = FairSlots(1)
    with pytest.raises(KeyError):
        async with slots.held("a"):
            raise KeyError
    assert slots.in_use == 0


class Passes(trio.abc.Instrument):
    """Counts the passes of the loop."""

    count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += 1


async def test_no_more_than_so_many_begin_in_one_pass_of_the_loop() -> None:
    slots, passes = FairSlots(100, at_once=2), Passes()
    begun: list[int] = []

    async def work() -> None:
        async with slots.held("auto-sul"):
            begun.append(passes.count)

    trio.lowlevel.add_instrument(passes)
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(work)
    trio.lowlevel.remove_instrument(passes)
    assert sorted(Counter(begun).values()) == [2] * 10
    assert (slots.in_use, slots.waiting) == (0, 0)


async def test_who_is_cancelled_while_entering_lets_the_next_come() -> None:
    slots = FairSlots(100, at_once=1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await hold_once(slots, "a")
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(hold_once, slots, "a")
        await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert (slots.in_use, slots.waiting) == (0, 0)
    await hold_once(slots, "b")


async def test_nobody_begins_in_a_pause() -> None:
    slots = FairSlots(4)
    slots.pause()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(hold_once, slots, "a")
        await trio.testing.wait_all_tasks_blocked()
        assert (slots.in_use, slots.waiting) == (0, 3)
        slots.resume()
    assert (slots.in_use, slots.waiting) == (0, 0)
