"""Figures in Portuguese text."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.desk.amounts import (
    _BLANKED,
    _BLANKED_WITH_MAIL,
    BLANKED_FIGURES,
    BLANKED_WORDS,
    Amount,
    amounts,
    flat,
    kilometres,
    reais,
)


def read(text: str) -> list[tuple[str, int]]:
    return [(amount.kind, amount.value) for amount in amounts(text)]


def money(n: int) -> tuple[str, int]:
    return ("money", n * 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R$ 89.900", [money(89_900)]),
        ("R$ 89.900,00", [money(89_900)]),
        ("R$89.900,50", [("money", 8_990_050)]),
        ("r$ 89900", [money(89_900)]),
        ("R$ 90 mil", [money(90_000)]),
        ("89.900 reais", [money(89_900)]),
        ("89.900,00", [money(89_900)]),
        ("90 mil", [money(90_000)]),
        ("90mil", [money(90_000)]),
        ("até90mil", [money(90_000)]),
        ("90k", [money(90_000)]),
        ("90 K", [money(90_000)]),
        ("90 mil reais", [money(90_000)]),
        ("noventa mil", [money(90_000)]),
        ("noventa e cinco mil reais", [money(95_000)]),
        ("cento e vinte mil", [money(120_000)]),
        ("até oitenta e nove mil e novecentos", [money(89_900)]),
        ("1,2 milhão", [money(1_200_000)]),
        ("meio milhão", [money(500_000)]),
        ("um milhão e duzentos mil", [money(1_200_000)]),
        ("85 mil e 500", [money(85_500)]),
        ("89 mil 900", [money(89_900)]),
        ("89,9 mil", [money(89_900)]),
        ("89.9 mil", [money(89_900)]),
        ("uns 80 conto", [money(80_000)]),
        ("90 pila", [money(90_000)]),
        ("entrada de 5 mil", [money(5_000)]),
        ("dou dois mil reais", [money(2_000)]),
        ("mil reais de sinal", [money(1_000)]),
        ("tem civic por 89900?", [money(89_900)]),
        ("entre 80 mil e 100 mil", [money(80_000), money(100_000)]),
        ("de 50 a 80 mil", [("number", 50), money(80_000)]),
        ("entre oitenta mil e cem mil", [money(80_000), money(100_000)]),
        ("um de noventa mil e um de oitenta mil", [money(90_000), money(80_000)]),
        ("faz por 80?", [("number", 80)]),
        ("até oitenta", [("number", 80)]),
        ("48x de R$ 1.899,90", [("number", 48), ("money", 189_990)]),
        ("60 vezes", [("number", 60)]),
        ("em quarenta e oito vezes", [("number", 48)]),
        ("36 x", [("number", 36)]),
        ("20 mil de entrada em 48x", [money(20_000), ("number", 48)]),
        ("45.000 km", [("km", 45_000)]),
        ("45.000km", [("km", 45_000)]),
        ("45 mil km", [("km", 45_000)]),
        ("45mil rodados", [("km", 45_000)]),
        ("45milkm", [("km", 45_000)]),
        ("até 50 mil km", [("km", 50_000)]),
        ("cinquenta mil quilômetros", [("km", 50_000)]),
        ("km abaixo de 60 mil", [("km", 60_000)]),
        ("quilometragem até 50.000", [("km", 50_000)]),
        ("50 mil km até 80 mil", [("km", 50_000), money(80_000)]),
        ("120k km", [("km", 120_000)]),
        ("0 km", [("km", 0)]),
        ("2019", [("year", 2019)]),
        ("gol 2015", [("year", 2015)]),
        ("2019/2020", [("year", 2019), ("year", 2020)]),
        ("2019/20", [("year", 2019), ("year", 2020)]),
        ("19/20", [("year", 2019), ("year", 2020)]),
        ("ano 19", [("year", 2019)]),
        ("ano 98", [("year", 1998)]),
        ("dois mil e dezenove", [("year", 2019)]),
        ("de dois mil e vinte pra cima", [("year", 2020)]),
        ("civic 2.0 2019", [("year", 2019)]),
        ("onix 1.0 turbo", []),
        ("1.6 16v 4 portas", [("number", 4)]),
        ("HB20 1.0", []),
        ("hb 20", []),
        ("peugeot 208", []),
        ("peugeot 2008 2020", [("year", 2020)]),
        ("Peugeot 2008 Griffe 2021", [("year", 2021)]),
        ("citroen C3", []),
        ("tiggo 7", []),
        ("fiat 500", []),
        ("T-Cross 200 TSI", []),
        ("CB 500", []),
        ("cg 160 fan", []),
        ("MT-07", []),
        ("BMW 320i", []),
        ("4x4 diesel", []),
        ("(51) 3333-0000", []),
        ("51 99999-8888", []),
        ("+55 51 99999-8888", []),
        ("5551999998888", []),
        ("dia 12/05", []),
        ("dia 15", []),
        ("sábado às 10", []),
        ("10h", []),
        ("10h30 ou 14:30", []),
        ("placa ABC-1234", []),
        ("placa ABC1D23", []),
        ("1,69% ao mês", []),
        ("150 cv", []),
        ("12 km/l", []),
        ("Av. Farrapos, 1200", [("number", 1200)]),
        ("CEP 90240-000", []),
        ("7 lugares", [("number", 7)]),
        ("Civic 2019, 45.000 km, R$ 89.900", [("year", 2019), ("km", 45_000), money(89_900)]),
        ("90 R$ mil e cem", [("number", 90), money(1_100)]),  # the sign belongs to one of them
    ],
)
def test_reads(text: str, expected: list[tuple[str, int]]) -> None:
    assert read(text) == expected


def test_says_where() -> None:
    assert amounts("Sai por R$ 89.900 à vista") == [Amount("money", 8_990_000, 8, 17, "R$ 89.900")]


def test_writes() -> None:
    assert reais(8_990_000) == "R$ 89.900"
    assert reais(189_990) == "R$ 1.899,90"
    assert reais(120_000_000) == "R$ 1.200.000"
    assert reais(-5_000) == "-R$ 50"
    assert kilometres(45_000) == "45.000 km"
    assert kilometres(0) == "0 km"


@given(st.integers(10_000, 9_999_999_99))
def test_reads_what_it_writes(centavos: int) -> None:
    assert read(reais(centavos)) == [("money", centavos)]


@given(st.integers(0, 999_999))
def test_reads_kilometres(n: int) -> None:
    assert read(kilometres(n)) == [("km", n)]


@example("𐹠 reais")  # a digit to Unicode, no number to Python
@given(st.text(max_size=300))
def test_never_raises(text: str) -> None:
    for amount in amounts(text):
        assert text[amount.start : amount.end] == amount.text


PARTS = (
    "90",
    "mil",
    "e",
    "500",
    "km",
    "R$",
    "ano",
    "2019",
    "k",
    ",",
    "/",
    "x",
    "às",
    "noventa",
    "cem",
    "10h",
)


@example(["90", "R$", "mil", "cem"])
@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_spans_do_not_overlap(parts: list[str]) -> None:
    found = amounts(" ".join(parts))
    for one, two in pairwise(found):
        assert one.end <= two.start


PLAIN = re.compile("|".join((r"https?://\S+|www\.\S+|\S+@\S+", *BLANKED_FIGURES, *BLANKED_WORDS)))
PIECES = st.sampled_from(
    (
        *"abcehksx019 :-/.,()%+@\n",
        *("http://", "www.", "55", "51 9", "9999-8888", "123.456.789-09", "90010-000", "0800 123 4567", "abc1d23"),
        *("ano-2019", "às 10", "dia 3 de", " 10 de mar", "12 km/l", "aro 17", "nº 5", "versao 2", "2008 griffe", "4x4"),
        *("15h30", "10 horas", "5,5 %", "20/08/2024", "R$ 96.900"),
    )
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_blanked_in_groups_is_what_is_blanked_side_by_side(text: str) -> None:
    plain = flat(text)
    expected = [match.span() for match in PLAIN.finditer(plain)]
    assert [match.span() for match in _BLANKED_WITH_MAIL.finditer(plain)] == expected
    if "@" not in plain:
        assert [match.span() for match in _BLANKED.finditer(plain)] == expected
