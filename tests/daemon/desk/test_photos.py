"""Which pictures follow a text, and what is said when they cannot be sent."""

from collections.abc import Generator
from typing import Any

import pytest

from daemon.desk.brief import Command, Photo, PreparePhotos, Reply
from daemon.desk.photos import Chosen, caption, choose, without
from tests.support.lot import COROLLA, HB20, ONIX_LT


def carried_out(steps: Generator[Command, Any, Chosen], broken: frozenset[str] = frozenset()) -> tuple[Chosen, int]:
    """What was chosen where these addresses are broken, and how often it was looked."""
    looks, answer = 0, None
    while True:
        try:
            command = steps.send(answer)
        except StopIteration as end:
            return end.value, looks
        assert isinstance(command, PreparePhotos)
        looks += 1
        answer = broken & frozenset(command.urls)


def urls(chosen: Chosen) -> list[str]:
    return [photo.url for photo in chosen.photos]


def test_one_of_each_in_turn_and_four_in_all() -> None:
    chosen, _ = carried_out(choose((), (COROLLA, ONIX_LT), 4))
    first, second = COROLLA.photos, ONIX_LT.photos
    assert urls(chosen) == [first[0], second[0], first[1], second[1]]
    assert [bool(photo.caption) for photo in chosen.photos] == [True, True, False, False]
    assert '"4 photos follow your text"' in chosen.told


def test_those_chosen_before_count_and_are_not_sent_twice() -> None:
    before, _ = carried_out(choose((), (COROLLA,), 2))
    chosen, _ = carried_out(choose(before.photos, (COROLLA,), 4))
    assert urls(chosen) == list(COROLLA.photos[:4])
    assert [bool(photo.caption) for photo in chosen.photos] == [True, False, False, False]
    assert carried_out(choose(chosen.photos, (ONIX_LT,), 4)) == (Chosen(chosen.photos, 0), 0)


def test_a_broken_one_gives_its_place_to_the_next_and_is_counted() -> None:
    chosen, looks = carried_out(choose((), (COROLLA,), 3), frozenset(COROLLA.photos[:1]))
    assert urls(chosen) == list(COROLLA.photos[1:4])
    assert chosen.photos[0].caption == caption(COROLLA), "the first that is sent has the name"
    assert (chosen.broken, looks) == (1, 2)
    assert "3 photos follow your text; 1 could not be loaded and are skipped" in chosen.told


def test_it_is_not_looked_for_ever() -> None:
    chosen, looks = carried_out(choose((), (COROLLA,), 2), frozenset(COROLLA.photos))
    assert (chosen.photos, chosen.broken, looks) == ((), 4, 2)
    assert "no photo follows your text; 4 could not be loaded" in chosen.told
    assert "salesperson" in chosen.told


def test_a_vehicle_without_pictures() -> None:
    chosen, looks = carried_out(choose((), (HB20,), 2))
    assert (chosen.photos, looks) == ((), 0)
    assert "no photos in stock data" in chosen.told


def reply(text: str, *addresses: str, **memory: str) -> Reply:
    photos = tuple(Photo("corolla", address) for address in addresses)
    return Reply(text=text, provider="catalogue", photos=photos, memory=dict(memory))


SHOWN = "Bom dia!\n\n📸 Aí vão as fotos do *Corolla*.\n\nO que achou dele?"


def test_a_reply_keeps_the_pictures_that_are_there() -> None:
    said = reply(SHOWN, "a", "b", asked="opinion")
    assert without(said, frozenset()) is said
    left = without(said, frozenset("a"))
    assert ([photo.url for photo in left.photos], left.text) == (["b"], said.text)


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (
            SHOWN,
            "opinion",
            "Bom dia!\n\nAs fotos não abriram por aqui agora 😕\n\nQuer que eu peça as fotos para um vendedor?",
        ),
        (
            "📸 Segue uma foto de cada um:\n\nQuer simular?",
            "down",
            "As fotos não abriram por aqui agora 😕\n\nQuer simular?",
        ),
        (
            "Temos sim.",
            "",
            "Temos sim.\n\nAs fotos não abriram por aqui agora 😕\n\nQuer que eu peça as fotos para um vendedor?",
        ),
    ],
)
def test_a_reply_without_any_says_so(said: str, asked: str, expected: str) -> None:
    left = without(reply(said, "a", "b", asked=asked), frozenset("ab"))
    assert (left.text, left.photos) == (expected, ())
    assert left.memory["asked"] == ("person" if "peça" in expected else asked)
