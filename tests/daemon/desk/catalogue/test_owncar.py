"""The customer's own car."""

import pytest

from daemon.desk.catalogue.lexicon import Lexicon
from daemon.desk.catalogue.owncar import own_car
from tests.corpus.play import summary


def own(text: str, *, selling: bool = True, asked: bool = False):  # type: ignore[no-untyped-def]
    return own_car(text, Lexicon(summary()).find(text), selling=selling, asked=asked)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("aceita meu gol 2015 na troca?", "gol 2015"),
        ("tenho um palio 2012 pra dar de entrada num onix", "palio 2012"),
        ("eu tenho uma caminhonete S10 dois mil e doze e queria trocar numa Hilux", "S10"),
        ("minha moto biz 2018 entra no negócio?", "biz 2018"),
        ("aceita minha strada 2019 + 50 mil?", "strada 2019"),
        ("posso dar minha biz 2020 mais 5 mil na CG?", "biz 2020"),
        ("quero vender meu carro só por 50 mil", "carro"),
        ("aceita minha twister 2015?", "twister"),
        ("o Ka ainda tem? aceita uma moto CB 300 2012 na troca?", "CB 300 2012"),
    ],
)
def test_called(text: str, called: str) -> None:
    found = own(text)
    assert found is not None
    assert found.called == called


def test_a_bike_is_feminine() -> None:
    assert own("aceita minha biz 2018?").feminine
    assert not own("aceita meu gol 2015?").feminine


def test_what_is_wanted_is_not_his() -> None:
    assert own("tem gol 2015?", selling=False) is None
    assert own("quero trocar por um onix") is None


def test_an_answer_to_our_question_is_his_car() -> None:
    found = own("gol 2014 60 mil km", selling=False, asked=True)
    assert found is not None
    assert found.called == "gol 2014"
