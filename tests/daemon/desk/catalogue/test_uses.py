"""Uses: how they are said, and which vehicles serve them."""

import pytest

from daemon.desk.catalogue.uses import USES, litres, use_called, use_in
from tests.corpus.play import vehicles


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("quero rodar de uber", "uber"),
        ("pra familia", "family"),
        ("meu primeiro carro", "first"),
        ("estrada de chao, atoleiro", "rough"),
        ("pra carregar material de obra", "cargo"),
        ("que beba pouco", "economy"),
        ("carro economico", "economy"),
        ("porta malas grande", "trunk"),
        ("facil de estacionar", "city"),
        ("um carro potente", "strong"),
        ("pra trabalhar", "work"),
    ],
)
def test_said(text: str, name: str) -> None:
    use = use_in(text)
    assert use is not None
    assert use.name == name
    assert use_called(name) is use


@pytest.mark.parametrize("text", ["tem civic?", "em qual cidade fica a loja", "ate 60 mil", ""])
def test_not_said(text: str) -> None:
    assert use_in(text) is None


def test_litres_are_of_the_version() -> None:
    assert litres(vehicles()["v001"]) == 2.0
    assert litres(vehicles()["v073"]) is None


def test_each_use_is_served_by_some_of_the_stock_but_not_by_all() -> None:
    for use in USES:
        served = [v for v in vehicles().values() if (not use.bodies or v.body in use.bodies) and use.serves(v)]
        assert 0 < len(served) < len(vehicles()), use.name


def test_thrift_is_a_small_engine_or_a_battery() -> None:
    economy = use_called("economy")
    assert economy is not None
    assert economy.serves(vehicles()["v056"])
    assert economy.serves(vehicles()["v073"])
    assert not economy.serves(vehicles()["v011"])
