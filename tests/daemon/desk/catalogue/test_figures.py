"""Limits and sums in what customers write."""

from typing import Any

import pytest

from daemon.desk.amounts import flat
from daemon.desk.catalogue.figures import Money, figures
from daemon.desk.catalogue.lexicon import Lexicon
from daemon.desk.catalogue.wish import Wish
from shards.tenant.vehicle import StockSummary

NAMES = Lexicon(StockSummary())


def read(text: str, *, money_talk: bool = False, asked: str = "") -> tuple[Wish, Money]:
    return figures(text, flat(text), NAMES.find(text), money_talk=money_talk, asked=asked)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("até 90 mil", {"max_centavos": 9_000_000}),
        ("acima de 150 mil", {"min_centavos": 15_000_000}),
        ("entre 60 e 80 mil", {"min_centavos": 6_000_000, "max_centavos": 8_000_000}),
        ("uns 100 mil", {"min_centavos": 8_500_000, "max_centavos": 11_500_000, "around_centavos": 10_000_000}),
        ("civic 18", {"min_year": 2018, "max_year": 2018}),
        ("hatch 18 ou 19", {"min_year": 2018, "max_year": 2019}),
        ("de 2019 pra cá", {"min_year": 2019}),
        ("até 2015", {"max_year": 2015}),
        ("no máximo 40 mil km", {"max_km": 40_000}),
        ("rodo 120 km por dia", {}),
        ("ipva 2026 pago", {}),
        ("tenho 50 mil na mão", {"max_centavos": 5_000_000}),
    ],
)
def test_limits(text: str, limits: dict[str, Any]) -> None:
    assert read(text)[0] == Wish(**limits)


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("10 mil de entrada em 48x", {"down": 1_000_000, "months": 48}),
        ("parcela de até 1200", {"instalment": 120_000}),
        ("800 por mês", {"instalment": 80_000}),
        ("faz por 80?", {"offer": 8_000_000}),
        ("aceita 50 mil no logan?", {"offer": 5_000_000}),
    ],
)
def test_sums(text: str, money: dict[str, Any]) -> None:
    assert read(text, money_talk=True)[1] == Money(**money)


def test_cash_in_hand_is_a_limit_even_where_money_is_talked_about() -> None:
    wish, money = read("tenho 50 mil à vista, o que dá pra comprar?", money_talk=True)
    assert wish.max_centavos == 5_000_000
    assert money == Money()


def test_a_bare_number_is_a_sum_where_we_asked_for_one() -> None:
    assert read("70", asked="budget")[0].max_centavos == 7_000_000
    assert read("70")[0] == Wish()
