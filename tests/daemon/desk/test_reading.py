"""Figures as a Brazilian reads them aloud."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import kilometres, reais
from daemon.desk.numerals import cardinal
from daemon.desk.reading import read_out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("R$ 89.900", "oitenta e nove mil e novecentos reais"),
        ("R$ 89.900,00", "oitenta e nove mil e novecentos reais"),
        ("R$ 1.899,90", "mil oitocentos e noventa e nove reais e noventa centavos"),
        ("R$ 0,99", "noventa e nove centavos"),
        ("R$ 1", "um real"),
        ("R$ 1.000.000", "um milhão de reais"),
        ("R$ 1,2 milhão", "um milhão e duzentos mil reais"),
        ("R$ 80 a 90 mil", "oitenta mil a noventa mil reais"),
        ("R$ 80,5 mil", "oitenta mil e quinhentos reais"),
        ("90 mil", "noventa mil"),
        ("90k", "noventa mil"),
        ("48x de R$ 1.899,90", "quarenta e oito vezes de mil oitocentos e noventa e nove reais e noventa centavos"),
        ("12x R$ 500", "doze vezes de quinhentos reais"),
        ("em até 60x", "em até sessenta vezes"),
        ("2019/2020", "dois mil e dezenove, dois mil e vinte"),
        ("2019/20", "dois mil e dezenove, dois mil e vinte"),
        ("19/20", "dois mil e dezenove, dois mil e vinte"),
        ("2020/2020", "dois mil e vinte"),
        ("1998", "mil novecentos e noventa e oito"),
        ("2015-2018", "dois mil e quinze a dois mil e dezoito"),
        ("1.0 turbo", "um ponto zero turbo"),
        ("Onix 1.0T", "Onix um ponto zero turbo"),
        ("HB20 1.6 16V", "HB vinte um ponto seis dezesseis válvulas"),
        ("BMW 320i", "BMW trezentos e vinte i"),
        ("F-250", "F duzentos e cinquenta"),
        ("45.000 km", "quarenta e cinco mil quilômetros"),
        ("0km", "zero quilômetro"),
        ("120 mil km", "cento e vinte mil quilômetros"),
        ("12,5 km/l", "doze vírgula cinco quilômetros por litro"),
        ("BR-116, km 12", "BR cento e dezesseis, quilômetro doze"),
        ("modelo, ano e km", "modelo, ano e quilometragem"),
        ("baixa km, quantos km?", "baixa quilometragem, quantos quilômetros?"),
        ("1,69%", "um vírgula sessenta e nove por cento"),
        ("100%", "cem por cento"),
        ("(51) 3333-0000", "cinquenta e um, três três três três, zero zero zero zero"),
        ("51 99666-8888", "cinquenta e um, nove nove meia meia meia, oito oito oito oito"),
        ("+555133330000", "cinquenta e um, três três três três, zero zero zero zero"),
        ("0800 726 1234", "zero oitocentos, sete dois meia, um dois três quatro"),
        ("às 14h30", "às catorze e trinta"),
        ("às 8:30", "às oito e meia"),
        ("das 08:00 às 18:00", "das oito às dezoito horas"),
        ("8h-18h", "oito às dezoito horas"),
        ("1h", "uma hora"),
        ("15/03/2026", "quinze de março de dois mil e vinte e seis"),
        ("dia 01/05", "dia primeiro de maio"),
        ("2 opções e 2 carros", "duas opções e dois carros"),
        ("21 fotos", "vinte e uma fotos"),
        ("4x4", "quatro por quatro"),
        ("4p", "quatro portas"),
        ("1º andar", "primeiro andar"),
        ("2ª via", "segunda via"),
        ("aro 17", "aro dezessete"),
        ("nº 12", "número doze"),
        ("150 cv", "cento e cinquenta cavalos"),
        ("CEP 90230-010", "CEP nove zero dois três zero, zero um zero"),
    ],
)
def test_figures_are_read(text: str, said: str) -> None:
    assert read_out(text) == said


@given(st.integers(2, 999_999))
def test_prices_and_mileages_as_we_write_them_keep_their_value(number: int) -> None:
    assert read_out(reais(number * 100)) == f"{cardinal(number)} reais"
    assert read_out(kilometres(number)) == f"{cardinal(number)} quilômetros"


FIGURES = st.text(alphabet="0123456789.,/-:%$R kmhxKvVcp()ºªàté\n", max_size=50)


@given(st.one_of(FIGURES, st.text(max_size=50)))
def test_no_digit_is_left(text: str) -> None:
    assert not re.search("[0-9]", read_out(text))
