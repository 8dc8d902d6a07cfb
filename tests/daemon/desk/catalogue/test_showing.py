"""What a burst is shown."""

import pytest

from tests.corpus.play import Conversation, mentioned


@pytest.mark.parametrize(
    ("first", "then", "models"),
    [
        ("tem civic?", "e o preto?", {"Civic"}),
        ("tem argo?", "e automático?", {"Argo"}),
        ("quero um jetta", "e virtus?", {"Virtus"}),
        ("o corsa 2010 ainda tem?", "e o prisma?", {"Prisma"}),
    ],
)
def test_follow_ups(first: str, then: str, models: set[str]) -> None:
    talk = Conversation()
    talk.says(first)
    assert {v.model for v in mentioned(talk.says(then).text)} == models


def test_another_kind_for_the_same_money() -> None:
    talk = Conversation()
    talk.says("suv automatico até 100 mil")
    shown = mentioned(talk.says("na verdade mudei de ideia, quero sedã").text)
    assert shown
    assert all(v.body == "sedan" and (v.asking_centavos or 0) <= 10_000_000 for v in shown)


def test_more_is_new_and_ends() -> None:
    talk = Conversation()
    seen = {v.id for v in mentioned(talk.says("suv até 70 mil").text)}
    assert not seen & {v.id for v in mentioned(talk.says("tem mais?").text)}


def test_others_with_the_same_equipment() -> None:
    talk = Conversation()
    talk.says("tem spin?")
    shown = mentioned(talk.says("tá muito rodada, tem outra de 7 lugares?").text)
    assert shown
    assert all("7 lugares" in v.options and v.model != "Spin" for v in shown)


def test_an_advertised_price_names_the_vehicle() -> None:
    assert [v.id for v in mentioned(Conversation().says("vi no facebook o carro por 55.900, ainda tem?").text)] == [
        "v050"
    ]


def test_only_a_superlative_shows_one() -> None:
    assert len(mentioned(Conversation().says("quero um carro baratinho").text)) > 1
    assert [v.id for v in mentioned(Conversation().says("quero o mais barato").text)] == ["v023"]


def test_a_model_called_like_a_year() -> None:
    assert [v.model for v in mentioned(Conversation().says("tem 2008?").text)] == ["2008"]


def test_each_of_two_is_as_wished() -> None:
    shown = mentioned(Conversation().says("quero onix ou hb20 automático até 60").text)
    assert [v.id for v in shown] == ["v016"]


def test_pictures_of_two_named() -> None:
    reply = Conversation().says("manda as fotos do compass diesel e do commander")
    assert {photo.vehicle_id for photo in reply.photos} == {"v048", "v049"}


def test_either_of_two_trims() -> None:
    shown = mentioned(Conversation().says("civic touring ou exl?").text)
    assert {v.id for v in shown} == {"v001", "v003"}


def test_the_stock_in_figures() -> None:
    assert "74 veículos" in Conversation().says("quantos carros vcs tem?").text
