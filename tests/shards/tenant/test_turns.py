"""Claims, how they end, and what a process that died left behind."""

from typing import Any

import pytest

from shards.tenant import conversations, turns
from shards.tenant.turns import Turn
from tests.support.desk_rows import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With one thread that is owed an answer."""
    desk.says("oi")
    return desk


def begin(desk: Desk, vendor: str = "") -> Turn:
    return desk(turns.claim, 1, desk.conversation().generation, 1, vendor)


def row(desk: Desk) -> Any:
    return desk.rows("SELECT state, provider, responses, asked, error, ended_at FROM turns")[-1]


def unknown(desk: Desk) -> list[str]:
    found: list[str] = desk.rows("SELECT provider FROM usage WHERE kind = 'unknown' ORDER BY seq")
    return found


def test_a_claim_takes_the_thread_off_the_list(desk: Desk) -> None:
    assert not desk(turns.any_running)
    turn = begin(desk)
    assert desk(turns.any_running)
    assert desk.conversation().due_at is None
    assert desk.conversation().owed_since is not None
    assert (turn.conversation, turn.up_to) == (1, 1)
    assert row(desk) == ("running", None, 0, 0, None, None)


def test_a_turn_ends_once(desk: Desk) -> None:
    turn = begin(desk, "anthropic")
    desk(turns.end, turn, "settled", provider="catalogue")
    desk(turns.end, turn, "failed", error="no", unknown=("anthropic",))
    assert row(desk) == ("settled", "catalogue", 0, 0, None, desk.clock.ms)
    assert unknown(desk) == []


def test_requests_without_a_response_are_counted_when_it_ends(desk: Desk) -> None:
    turn = begin(desk, "anthropic")
    desk(turns.responded, turn.seq, "anthropic", more=True)
    assert row(desk)[2:4] == (1, 2)
    desk(turns.responded, turn.seq, "anthropic", more=False)
    assert row(desk)[2:4] == (2, 2)
    desk(turns.end, turn, "failed", error="no", unknown=("openai", "openai"))
    assert row(desk) == ("failed", "anthropic", 2, 4, "no", desk.clock.ms)
    assert unknown(desk) == ["openai", "openai"]


@pytest.mark.parametrize(
    ("vendor", "responses", "expected"),
    [("", 0, []), ("anthropic", 0, ["anthropic"]), ("anthropic", 1, []), ("anthropic", 2, ["anthropic"])],
)
def test_a_process_that_died_leaves_its_open_request_as_unknown(
    desk: Desk, vendor: str, responses: int, expected: list[str]
) -> None:
    turn = begin(desk, vendor)
    for number in range(responses):
        desk(turns.responded, turn.seq, vendor, more=number > 0)
    desk.clock.move(60)
    assert desk(turns.release_running) == 1
    assert row(desk)[0] == "released"
    assert unknown(desk) == expected
    assert desk.conversation().due_at == desk.clock.ms, "what it owed is due now"
    assert desk(turns.release_running) == 0


def test_a_dead_turn_of_a_thread_that_a_person_has_waits_for_the_person(desk: Desk) -> None:
    begin(desk)
    until = desk.clock.ms + 60_000
    desk(conversations.take_over, 1, until)
    desk(turns.release_running)
    assert desk.conversation().due_at == until


def test_a_dead_turn_that_owes_nothing_makes_nothing_due(desk: Desk) -> None:
    begin(desk)
    desk(conversations.answered, 1, 1)
    desk(turns.release_running)
    assert desk.conversation().due_at is None
