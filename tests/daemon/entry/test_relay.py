"""From a webhook's bytes to every cell it concerns. The clock is the test's."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.emulator import deliveries
from daemon.entry.cells import Cell
from daemon.entry.relay import Relay
from daemon.whatsapp.cloud import MalformedDelivery, signature_of
from shards.errors import ShardUnavailable
from tests.conftest import Logs
from tests.daemon.entry.sockets import StandIn, answer, listen, listening

SECRET = "app secret"


@pytest.fixture
def one(tmp_path: Path) -> StandIn:
    return StandIn(str(tmp_path / "one.sock"), numbers=["1"], accounts=["W"])


@pytest.fixture
def other(tmp_path: Path) -> StandIn:
    return StandIn(str(tmp_path / "other.sock"), numbers=["2"])


def relay_of(*cells: StandIn) -> Relay:
    return Relay([Cell(cell.path) for cell in cells], SECRET, refresh_seconds=10)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    """The relay at work, each cell asked once."""
    async with trio.open_nursery() as nursery:
        await nursery.start(relay.run)
        yield
        nursery.cancel_scope.cancel()


def said(*numbers: str) -> bytes:
    return deliveries.delivery(
        *(deliveries.text("Oi", phone_number_id=number, message_id="wamid.1") for number in numbers)
    )


ACCOUNT = deliveries.delivery(deliveries.entry({"event": "DISABLED_UPDATE"}, field="account_update", waba_id="W"))


async def test_each_delivery_goes_to_its_owner_alone_as_it_came(one: StandIn, other: StandIn) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        await relay.receive(said("1"))
        await relay.receive(said("2"))
    assert one.deliveries == [(said("1"), signature_of(SECRET, said("1")).encode())]
    assert [body for body, _ in other.deliveries] == [said("2")]
    assert (one.asked, other.asked) == (1, 1)
    assert (relay.ready(), relay.degraded(), relay.ignored) == ([], [], {})
    assert relay.status() == "2 of 2 cells answer"


async def test_a_mixed_batch_goes_whole_to_both(one: StandIn, other: StandIn) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        await relay.receive(said("1", "2"))
    assert [len(cell.deliveries) for cell in (one, other)] == [1, 1]
    assert relay.ignored == {}, "what one does not own is the other's, and no unknown number"


async def test_what_concerns_a_whole_account_goes_to_all(one: StandIn, other: StandIn) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        await relay.receive(ACCOUNT)
    assert [len(cell.deliveries) for cell in (one, other)] == [1, 1]
    assert relay.ignored == {}


async def test_a_number_nobody_has_is_counted_once_all_were_asked_anew(one: StandIn, other: StandIn) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        await relay.receive(said("9"))
    assert relay.ignored == {"unknown_number": 1}
    assert (one.deliveries, other.deliveries) == ([], [])
    assert (one.asked, other.asked) == (2, 2)


async def test_a_number_that_is_new_is_found_by_asking(one: StandIn, other: StandIn) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        other.numbers.append("3")
        await relay.receive(said("3"))
    assert [body for body, _ in other.deliveries] == [said("3")]
    assert relay.ignored == {}


async def test_a_number_that_moved_is_not_lost_to_its_old_cell(one: StandIn, other: StandIn) -> None:
    """The table is stale: the old cell says that the number is not its own."""
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        one.numbers, other.numbers = [], ["2", "1"]
        await relay.receive(said("1"))
    assert [body for body, _ in other.deliveries] == [said("1")]
    assert relay.ignored == {}


async def test_a_number_is_not_unknown_while_a_cell_is_silent(one: StandIn, other: StandIn, logs: Logs) -> None:
    logs.expect_error("cell_away")
    relay = relay_of(one, other)
    async with listening(one), running(relay):  # the other never said its numbers
        await relay.receive(said("1"))
        with pytest.raises(ShardUnavailable, match="nobody knows whose number it is"):
            await relay.receive(said("2"))
        assert len(relay.ready()) == 1
        assert "does not answer" in relay.degraded()[0]
        assert relay.status().startswith("1 of 2 cells answer; ")
    assert relay.ignored == {}


async def test_a_batch_with_a_dead_cell_is_asked_for_again_and_the_living_one_has_its_part(
    one: StandIn, other: StandIn
) -> None:
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        other.scripted = [answer(503)]
        with pytest.raises(ShardUnavailable, match="answers 503"):
            await relay.receive(said("1", "2"))
        assert len(one.deliveries) == 1
        await relay.receive(said("1", "2"))
    assert [len(cell.deliveries) for cell in (one, other)] == [2, 2]


async def test_a_cell_that_does_not_take_its_own_number_never_makes_a_200(one: StandIn) -> None:
    relay = relay_of(one)
    async with listening(one), running(relay):
        one.scripted = [answer(200, b'["1"]')] * 2
        with pytest.raises(ShardUnavailable, match="calls its own"):
            await relay.receive(said("1"))
    assert relay.ignored == {}


async def test_a_cell_that_comes_back_is_found_without_a_delivery(
    one: StandIn, other: StandIn, logs: Logs, autojump_clock: trio.testing.MockClock
) -> None:
    logs.expect_error("cell_away")
    relay = relay_of(one, other)
    async with listening(one) as nursery, running(relay):
        assert relay.ready()
        await nursery.start(listen, other)
        await until(lambda: not relay.ready())
        await relay.receive(said("2"))
    assert len(logs.named("cell_away")) == 1, "said once, not at each question"
    assert len(logs.named("cell_back")) == 1


async def test_two_cells_with_one_number_are_told_of(
    one: StandIn, other: StandIn, logs: Logs, autojump_clock: trio.testing.MockClock
) -> None:
    logs.expect_error("number_in_two_cells")
    other.numbers.append("1")
    relay = relay_of(one, other)
    async with listening(one, other), running(relay):
        await relay.receive(said("1"))
        assert (len(one.deliveries), len(other.deliveries)) == (1, 0), "the first of the settings has it"
        sentence = f"the number 1 is in {one.path} and {other.path}, and {one.path} gets its messages"
        assert relay.degraded() == [f"{sentence}: take it out of the other"]
        asked = one.asked
        await until(lambda: one.asked > asked + 1)
        assert len(logs.named("number_in_two_cells")) == 1
        other.numbers.remove("1")
        await until(lambda: relay.shared == 0)
        assert relay.degraded() == []


async def test_what_is_no_webhook_is_said_to_be_none_and_bad_items_are_counted_here(one: StandIn) -> None:
    relay = relay_of(one)
    async with listening(one), running(relay):
        for body in (b"", b"[]", b'{"object": "page"}'):
            with pytest.raises(MalformedDelivery):
                await relay.receive(body)
        await relay.receive(deliveries.delivery({"id": "W"}))
    assert one.deliveries == []
    assert relay.ignored == {"bad_item": 1}


async def test_many_that_wait_share_a_question(one: StandIn, autojump_clock: trio.testing.MockClock) -> None:
    relay = relay_of(one)
    async with listening(one), running(relay), trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(relay.receive, said("9"))
    assert relay.ignored == {"unknown_number": 50}
    assert one.asked <= 3


async def until(look: Callable[[], bool]) -> None:
    """Let the test's clock go on until `look` is satisfied."""
    with trio.fail_after(300):
        while True:
            if look():
                return
            await trio.sleep(5)
