"""What waits while deliveries press, and that it goes on."""

from contextlib import ExitStack

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from daemon.desk.fairness import FairSlots
from daemon.tenants.press import Press


class Switch:
    """Whether turns may begin."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")


def test_turns_wait_above_one_number_and_go_on_below_half_of_it() -> None:
    switch = Switch()
    press = Press(switch, turns_wait_above=4, park_above=6)
    with ExitStack() as others:
        for _ in range(4):
            others.enter_context(press.delivery())
        assert (switch.told, press.light) == ([], True)
        with press.delivery(), press.delivery():
            assert (switch.told, press.light, press.hard) == (["pause"], False, False)
            with press.delivery():
                assert (press.hard, press.under_way) == (True, 7)
            assert (press.hard, press.under_way) == (False, 6)
        assert switch.told == ["pause"], "not yet: four are under way"
    assert (switch.told, press.light, press.under_way) == (["pause", "resume"], True, 0)


def test_a_delivery_that_fails_is_over_too() -> None:
    press = Press(Switch(), turns_wait_above=0)
    with pytest.raises(ValueError, match="broken"), press.delivery():
        raise ValueError("broken")
    assert (press.under_way, press.light) == (0, True)


@given(steps=st.lists(st.booleans()), wait_above=st.integers(0, 6))
def test_with_nothing_under_way_nothing_waits(steps: list[bool], wait_above: int) -> None:
    """However deliveries begin and end: no turn is left behind."""
    switch = Switch()
    press = Press(switch, turns_wait_above=wait_above)
    under_way: list[ExitStack] = []
    for begins in steps:
        if begins:
            under_way.append(ExitStack())
            under_way[-1].enter_context(press.delivery())
        elif under_way:
            under_way.pop(0).close()
        assert not (press.under_way > wait_above and press.light)
    for each in under_way:
        each.close()
    assert press.light
    assert switch.told == ["pause", "resume"] * (len(switch.told) // 2)


async def test_who_waits_for_time_is_woken(nursery: trio.Nursery) -> None:
    press, went_on = Press(Switch(), turns_wait_above=0), trio.Event()

    async def replay() -> None:
        await press.eased()
        went_on.set()

    with press.delivery():
        nursery.start_soon(replay)
        await wait_all_tasks_blocked()
        assert not went_on.is_set()
    await went_on.wait()


async def test_turns_wait_for_deliveries_and_those_that_run_go_on(nursery: trio.Nursery) -> None:
    slots = FairSlots(8, at_once=2)
    press, end, begun = Press(slots, turns_wait_above=0), trio.Event(), []

    async def turn(number: int) -> None:
        async with slots.held("auto-sul"):
            begun.append(number)
            await end.wait()

    nursery.start_soon(turn, 0)
    await wait_all_tasks_blocked()
    with press.delivery():
        for number in range(1, 6):
            nursery.start_soon(turn, number)
        await wait_all_tasks_blocked()
        assert begun == [0]
        end.set()
        await wait_all_tasks_blocked()
        assert (begun, slots.in_use) == ([0], 0), "it ended, and nobody took its place"
    await wait_all_tasks_blocked()
    assert (sorted(begun), slots.waiting, slots.in_use) == ([0, 1, 2, 3, 4, 5], 0, 0)
