"""Which vehicles are meant."""

import pytest

from daemon.desk.catalogue.subjects import Subject
from tests.corpus.play import Conversation, vehicles


@pytest.mark.parametrize(
    ("then", "id_"),
    [
        ("me fala do primeiro", 0),
        ("o segundo tem foto?", 1),
        ("a última opção, quantos km?", -1),
    ],
)
def test_ordinals(then: str, id_: int) -> None:
    talk = Conversation()
    shown = talk.says("tem civic?").memory["shown"]
    assert talk.says(then).vehicle_id == shown[id_]


@pytest.mark.parametrize(
    ("then", "id_"),
    [("o branco tem teto?", "v003"), ("o de 94 mil tem couro?", "v001"), ("o manual ta quanto?", "v002")],
)
def test_picked_by_looks_or_price(then: str, id_: str) -> None:
    talk = Conversation()
    talk.says("tem civic?")
    assert talk.says(then).vehicle_id == id_


def test_quoted() -> None:
    assert Conversation().says("esse ainda tá disponível?", quoted="Foto", vehicle="v046").vehicle_id == "v046"
    quoted = "Jeep Compass 2.0 Longitude 2019/2020 R$ 113.700"
    assert Conversation().says("qual a km desse?", quoted=quoted).vehicle_id == "v047"


def test_of_the_ad() -> None:
    talk = Conversation(ad_text="Compass Longitude 2020, R$ 113.700")
    assert talk.says("ainda tem?").vehicle_id == "v047"


def test_gone() -> None:
    reply = Conversation().says("esse ainda tem?", quoted="Fiat Uno", vehicle="v999")
    assert "não está mais" in reply.text


def test_one() -> None:
    assert Subject(vehicles=(vehicles()["v001"],)).one is vehicles()["v001"]
    assert Subject().one is None
