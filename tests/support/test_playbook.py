from collections.abc import Generator
from typing import Any

import pytest

from daemon.desk.brief import Command, GetVehicles, Note, Reply, SearchStock
from shards.tenant.vehicle import StockPage, StockQuery
from tests.support.playbook import Playbook


def asks_twice() -> Generator[Command, Any, Reply]:
    yield Note("begun")
    page = yield SearchStock(StockQuery(text="x"))
    yield Note("searched", {"total": page.total})
    yield GetVehicles(("a",))
    return Reply(text="fim", provider="p")


def test_whole_play() -> None:
    with Playbook(asks_twice()) as play:
        play << SearchStock(StockQuery(text="x")) >> StockPage((), 0)
        play << (lambda command: command.ids == ("a",)) >> ()
    assert play.reply.text == "fim"
    assert [note.event for note in play.notes] == ["begun", "searched"]


def test_unfinished_play_fails_with_its_dialogue() -> None:
    with pytest.raises(AssertionError, match=r"(?s)unfinished.*<< Note.*<< SearchStock"), Playbook(asks_twice()):
        pass


def test_unexpected_command_fails() -> None:
    with pytest.raises(AssertionError, match="expected GetVehicles"), Playbook(asks_twice()) as play:
        play << GetVehicles


def test_answer_to_an_unnamed_command_fails() -> None:
    with pytest.raises(AssertionError, match="no << has named"), Playbook(asks_twice()) as play:
        play >> StockPage((), 0)


def test_nothing_comes_after_the_end() -> None:
    with Playbook(asks_twice()) as play:
        play << SearchStock >> StockPage((), 0)
        play << GetVehicles >> ()
        with pytest.raises(AssertionError, match="has ended"):
            play << GetVehicles
