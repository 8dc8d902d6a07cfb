"""The restrictions in what customers write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.catalogue.lexicon import Lexicon
from daemon.desk.catalogue.slots import Money, read
from daemon.desk.catalogue.wish import AUTOMATIC, Wish, remembered
from shards.tenant.vehicle import StockSummary


def slots(text: str, *, money_talk: bool = False, asked: str = "") -> tuple[Wish, Money]:
    return read(text, Lexicon(StockSummary()).find(text), money_talk=money_talk, asked=asked)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("suv automático até 100 mil", {"bodies": ("suv",), "transmissions": AUTOMATIC, "max_centavos": 10_000_000}),
        ("até 40k", {"max_centavos": 4_000_000}),
        ("hatch ate 65", {"bodies": ("hatch",), "max_centavos": 6_500_000}),
        ("de 50 a 80 mil", {"min_centavos": 5_000_000, "max_centavos": 8_000_000}),
        ("entre 60 e 70 mil", {"min_centavos": 6_000_000, "max_centavos": 7_000_000}),
        ("acima de 100 mil", {"min_centavos": 10_000_000}),
        ("a partir de 2018", {"min_year": 2018}),
        ("2018 pra cima", {"min_year": 2018}),
        ("até 2018", {"max_year": 2018}),
        ("2019/2020", {"min_year": 2019, "max_year": 2020}),
        ("menos de 60 mil km", {"max_km": 60_000}),
        ("pouco rodado", {"max_km": 60_000, "sort": "mileage"}),
        ("picape diesel cabine dupla", {"bodies": ("pickup",), "fuels": ("diesel",), "options": ("cabine dupla",)}),
        ("não quero manual, tem que ser automático", {"transmissions": AUTOMATIC}),
        ("branco de 4 portas", {"colors": ("branco",), "doors": 4}),
        ("que não seja branco nem preto", {"not_colors": ("branco", "preto")}),
        ("o mais barato", {"sort": "price"}),
        ("o menos rodado", {"sort": "mileage"}),
        ("com piloto automático", {"options": ("piloto automatico",)}),
        ("vidro elétrico e direção elétrica", {}),
        ("onix 1.0 turbo", {"models": ("Onix",), "version": "1.0 turbo"}),
        ("algum da fiat", {"makes": ("Fiat",)}),
    ],
)
def test_reads_a_wish(text: str, wish: dict[str, Any]) -> None:
    assert slots(text)[0] == Wish(**wish)


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("20 mil de entrada em 48x", Money(down=2_000_000, months=48)),
        ("com 30 mil em 60 vezes", Money(down=3_000_000, months=60)),
        ("dou entrada de 15 mil", Money(down=1_500_000)),
        ("faz por 80?", Money(offer=8_000_000)),
        ("parcela de até 1200 reais", Money(instalment=120_000)),
    ],
)
def test_reads_the_figures_of_a_purchase(text: str, money: Money) -> None:
    assert slots(text, money_talk=True)[1] == money


def test_a_bare_number_answers_our_question() -> None:
    assert slots("80", asked="budget")[0].max_centavos == 8_000_000
    assert slots("30 mil", asked="down")[1].down == 3_000_000
    assert slots("80")[0].empty


def test_around_keeps_what_was_said() -> None:
    wish = slots("uns 90 mil")[0]
    assert (wish.around_centavos, wish.min_centavos, wish.max_centavos) == (9_000_000, 7_650_000, 10_350_000)


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    wish, _ = slots(text)
    assert isinstance(remembered(wish), dict)
