"""Searching for a wish and for what is nearest, as a dialogue of commands."""

from typing import Any

from daemon.desk.brief import SearchStock
from daemon.desk.catalogue.finding import Found, find, find_words, nearest
from daemon.desk.catalogue.wish import AUTOMATIC, Wish
from shards.tenant import stock
from tests.corpus.play import shard


def carried_out(steps: Any) -> tuple[Found, list[SearchStock]]:
    asked: list[SearchStock] = []
    result: Any = None
    while True:
        try:
            command = steps.send(result)
        except StopIteration as end:
            return end.value, asked
        assert isinstance(command, SearchStock)
        asked.append(command)
        result = stock.search(shard(), command.query)


def test_a_plain_wish_is_one_search() -> None:
    found, asked = carried_out(find(Wish(bodies=("suv",), max_centavos=7_000_000), limit=2))
    assert len(asked) == 1
    assert len(found.items) == 2
    assert found.total == 3


def test_what_a_search_does_not_look_at_is_looked_at_afterwards() -> None:
    found, _ = carried_out(find(Wish(bodies=("suv",), options=("teto",), not_colors=("branco",)), limit=4))
    assert found.items
    assert all("teto" in " ".join(v.options) and v.color != "Branco" for v in found.items)


def test_refused_makes_and_uses() -> None:
    found, _ = carried_out(find(Wish(bodies=("hatch",), not_named=("Fiat", "Kwid")), limit=20))
    assert found.items
    assert not any(v.make == "Fiat" or v.model == "Kwid" for v in found.items)
    thrifty, _ = carried_out(find(Wish(use="economy", bodies=("hatch",)), limit=20))
    assert thrifty.total < 20


def test_reserved_ones_only_when_asked_for() -> None:
    longitude = Wish(models=("Renegade",), version="longitude")
    assert not carried_out(find(longitude, limit=4))[0].items
    held, _ = carried_out(find(longitude, limit=4, statuses=("reserved",)))
    assert [v.id for v in held.items] == ["v045"]


def test_nearest_gives_up_the_least_first() -> None:
    found, _ = carried_out(nearest(Wish(models=("Civic",), colors=("verde",)), limit=3))
    assert "colors" in found.dropped
    assert {v.model for v in found.items} == {"Civic"}


def test_nearest_in_price() -> None:
    found, _ = carried_out(nearest(Wish(max_centavos=2_000_000, transmissions=AUTOMATIC, cars_only=True), limit=3))
    assert found.items
    found, _ = carried_out(nearest(Wish(models=("Corolla",)), limit=3, body="sedan"))
    assert {v.body for v in found.items} == {"sedan"}


def test_no_car_is_near_to_a_van() -> None:
    assert not carried_out(nearest(Wish(bodies=("truck",)), limit=3))[0].items


def test_words() -> None:
    found, asked = carried_out(find_words("giratória", limit=3))
    assert asked[0].query.text == "giratória"
    assert [v.id for v in found.items] == ["v073"]
