from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import flat
from daemon.desk.hearsay import customer_names
from daemon.desk.naming import Register, called, compact, find, lexicon, make_of
from shards.tenant.vehicle import StockSummary, Vehicle
from tests.support.lot import SUMMARY, VEHICLES

CARS = (
    *VEHICLES,
    Vehicle(id="2008", make="Peugeot", model="2008", version="Griffe"),
    Vehicle(id="saveiro", make="Volkswagen", model="Saveiro", version="1.6 Cross"),
    Vehicle(id="plus", make="Chevrolet", model="Onix", version="Plus LTZ"),
    Vehicle(id="ram", make="Ram", model="1500", version="5.7 V8 Rebel"),
    Vehicle(id="zontes", make="Zontes", model="310 T", version=""),
)
REGISTER = Register.of(CARS, SUMMARY)


def named(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(mention.said, tuple(v.id for v in mention.vehicles)) for mention in find(text, flat(text), REGISTER)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("o Toyota Corolla e o hb 20", [("Toyota Corolla", ("corolla",)), ("hb 20", ("hb20",))]),
        ("T-Cross, t cross", [("T-Cross", ("t-cross",)), ("t cross", ("t-cross",))]),
        ("Volkswagen T-Cross", [("Volkswagen T-Cross", ("t-cross",))]),
        ("Corolla Cross", [("Corolla Cross", ())]),
        ("Onix Plus LTZ", [("Onix Plus", ("plus",))]),
        ("Saveiro Cross", [("Saveiro", ("saveiro",))]),
        ("o 208 lindo", [("208", ("208",))]),
        ("208 km", []),
        ("ano 2008", []),
        ("Peugeot 2008 Griffe", [("Peugeot 2008", ("2008",))]),
        ("2008/2008 | 503 km", []),
        ("a 3 km daqui", []),
        ("esse é o tipo de carro", []),
        ("fiz um bom negócio, foi um gol de placa", []),
        ("um toyota bom", [("toyota", ("corolla",))]),
        ("Ram 1500 5.7 V8 Rebel", [("Ram 1500", ("ram",))]),
        ("opções de 2008:", [("2008", ("2008",))]),
        ("opções de 2008 e 2009:", []),
        ("Peugeot 2008 2022: a versão é Griffe", [("Peugeot 2008", ("2008",))]),
        ("Saveiro 2020: a versão é 1.6 Cross", [("Saveiro", ("saveiro",))]),
        ("Toyota Civic", [("Toyota Civic", ())]),
        ("Fusca", [("Fusca", ())]),
    ],
)
def test_found(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert named(text) == expected


def test_summary_knows_models_without_vehicles() -> None:
    (mention,) = find("Civic", "civic", REGISTER)
    assert not mention.foreign
    assert [line.model for line in mention.lines] == ["Civic"]


def test_nothing_of_an_empty_stock() -> None:
    empty = Register.of((), StockSummary())
    (mention,) = find("Temos Corolla", "temos corolla", empty)
    assert mention.foreign


def test_customers_are_understood_misspelt() -> None:
    names = customer_names(["vcs tem corola ou hb vinte?", "aceita meu gol 2015"])
    assert {"corolla", "hb20", "gol"} <= names
    assert "civic" not in names


def test_spellings() -> None:
    assert compact("T-Cross 1.0") == "tcross10"
    assert make_of("vw") == "Volkswagen"
    assert make_of("Zontes") == "Zontes"
    assert "evoque" in lexicon().spellings_of("Range Rover Evoque")
    assert {"lt", "1.0", "prata"} <= called(VEHICLES[0])


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    mentions = find(text, flat(text), REGISTER)
    assert all(a.end <= b.start for a, b in pairwise(mentions))
