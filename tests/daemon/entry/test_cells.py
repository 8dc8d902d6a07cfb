"""One cell, seen from the entry."""

import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from daemon.control.cell import CellDoor
from daemon.control.webhooks import NUMBERS_PATH, Webhooks
from daemon.emulator import deliveries
from daemon.entry import cells
from daemon.entry.cells import Cell, CellAway
from daemon.listeners import serve_on
from daemon.wellbeing import Wellbeing
from daemon.whatsapp.cloud import signature_of
from tests.daemon.entry.sockets import NO_ANSWER, StandIn, answer, listening

SECRET = "app secret"
BODY = deliveries.delivery(deliveries.text("Oi", phone_number_id="1"))


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn(str(tmp_path / "a.sock"), numbers=["1"])


async def test_bytes_and_signature_go_over_unchanged_on_one_connection(stand_in: StandIn) -> None:
    cell = Cell(stand_in.path)
    async with listening(stand_in):
        for _ in range(3):
            assert await cell.deliver(BODY, "sha256=ab") == frozenset()
        await cell.aclose()
    assert stand_in.deliveries == [(BODY, b"sha256=ab")] * 3
    assert (stand_in.connections, cell.taken, cell.failed, cell.under_way) == (1, 3, 0, 0)


async def test_what_a_cell_does_not_own_comes_back(stand_in: StandIn) -> None:
    cell = Cell(stand_in.path)
    async with listening(stand_in):
        found = await cell.deliver(deliveries.delivery(deliveries.text("Oi", phone_number_id="9")), "s")
        await cell.aclose()
    assert found == {"9"}


async def test_it_asks_for_numbers(stand_in: StandIn) -> None:
    cell = Cell(stand_in.path)
    assert cell.numbers is None
    async with listening(stand_in):
        await cell.ask_numbers()
        await cell.aclose()
    assert (cell.numbers, cell.troubles()) == ({"1"}, [])


async def test_deliveries_stay_in_the_lane_after_a_question(tmp_path: Path) -> None:
    """On a real listener: hypercorn, which answers the question, would keep its connection."""
    by_hypercorn: list[str] = []

    async def receive(body: bytes) -> None:
        return None

    async def numbers() -> list[str]:
        return ["1"]

    door = CellDoor(Webhooks(receive, SECRET, "verify"), numbers, Wellbeing())

    async def seen(scope: Any, receive: Any, send: Any) -> None:
        by_hypercorn.append(scope["path"])
        await door(scope, receive, send)

    cell = Cell(str(tmp_path / "a.sock"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(cell.path)
        listener.listen()
        listener.setblocking(False)
        async with trio.open_nursery() as nursery:
            serve = partial(serve_on, seen, (listener,), trio.sleep_forever, graceful_seconds=1)
            await nursery.start(partial(serve, deliveries=door.webhooks))
            for _ in range(2):
                await cell.deliver(BODY, signature_of(SECRET, BODY))
                await cell.ask_numbers()
            await cell.aclose()
            nursery.cancel_scope.cancel()
    assert cell.numbers == frozenset({"1"})
    assert by_hypercorn == [NUMBERS_PATH, NUMBERS_PATH]


async def test_a_cell_that_is_not_there_keeps_what_it_said(stand_in: StandIn) -> None:
    cell = Cell(stand_in.path)
    async with listening(stand_in):
        await cell.ask_numbers()
        await cell.aclose()
    with pytest.raises(CellAway, match="does not answer"):
        await cell.ask_numbers()
    with pytest.raises(CellAway, match="does not answer"):
        await cell.deliver(BODY, "s")
    assert cell.numbers == {"1"}
    assert (cell.failed, len(cell.troubles())) == (1, 1), "the same reason is said once"
    async with listening(stand_in):
        await cell.ask_numbers()
        await cell.deliver(BODY, "s")
        await cell.aclose()
    assert cell.troubles() == []


async def test_a_connection_that_breaks_off_is_tried_once_more(stand_in: StandIn) -> None:
    cell = Cell(stand_in.path)
    stand_in.scripted = [NO_ANSWER]
    async with listening(stand_in):
        await cell.deliver(BODY, "s")
        stand_in.scripted = [NO_ANSWER, NO_ANSWER]
        with pytest.raises(CellAway):
            await cell.deliver(BODY, "s")
        await cell.aclose()
    assert len(stand_in.deliveries) == 4


async def test_a_silent_cell_is_given_up(stand_in: StandIn, autojump_clock: trio.testing.MockClock) -> None:
    cell = Cell(stand_in.path)
    stand_in.silent = True
    async with listening(stand_in):
        began = trio.current_time()
        with pytest.raises(CellAway, match="no answer for"):
            await cell.deliver(BODY, "s")
        assert trio.current_time() - began == pytest.approx(cells.DELIVER_SECONDS, abs=1)
        await cell.aclose()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(503), "answers 503"),
        (answer(403, b"bad signature\n"), "give both the same app secret"),
        (answer(400, b"no webhook\n"), r"answers 400 \(no webhook\)"),
        (answer(200, b"<html>"), "no entry socket of a cell"),
        (answer(200, b"[1]"), "no entry socket of a cell"),
    ],
)
async def test_any_other_answer_is_no_receipt(stand_in: StandIn, said: bytes, reason: str) -> None:
    cell = Cell(stand_in.path)
    stand_in.scripted = [said]
    async with listening(stand_in):
        with pytest.raises(CellAway, match=reason):
            await cell.deliver(BODY, "s")
        await cell.aclose()
    assert cell.failed == 1


@pytest.mark.parametrize(("bound", "most"), [("MOST_UNDER_WAY", 2), ("MOST_BYTES_UNDER_WAY", 2 * len(BODY))])
async def test_a_cell_that_hangs_does_not_fill_the_memory(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(cells, bound, most)
    cell = Cell(stand_in.path)
    stand_in.holding = trio.Event()
    async with listening(stand_in), trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(cell.deliver, BODY, "s")
        while cell.under_way < 2:
            await trio.lowlevel.checkpoint()
        with pytest.raises(CellAway, match="2 deliveries wait"):
            await cell.deliver(BODY, "s")
        stand_in.holding.set()
        while cell.taken < 2:
            await trio.lowlevel.checkpoint()
        await cell.aclose()
        nursery.cancel_scope.cancel()
    assert (cell.under_way, cell.bytes_under_way) == (0, 0)
