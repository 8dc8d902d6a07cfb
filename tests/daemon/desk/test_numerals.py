"""Numbers in words, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.numerals import LARGEST, cardinal, decimal, one_by_one, ordinal


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (16, "dezesseis"),
        (21, "vinte e um"),
        (100, "cem"),
        (101, "cento e um"),
        (1000, "mil"),
        (1100, "mil e cem"),
        (1899, "mil oitocentos e noventa e nove"),
        (1990, "mil novecentos e noventa"),
        (2019, "dois mil e dezenove"),
        (89_900, "oitenta e nove mil e novecentos"),
        (118_950, "cento e dezoito mil novecentos e cinquenta"),
        (1_000_000, "um milhão"),
        (1_200_000, "um milhão e duzentos mil"),
        (1_250_000, "um milhão duzentos e cinquenta mil"),
        (2_000_001, "dois milhões e um"),
        (3_000_000_000, "três bilhões"),
    ],
)
def test_numbers_are_said_as_brazilians_say_them(number: int, said: str) -> None:
    assert cardinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "uma"), (2, "duas"), (22, "vinte e duas"), (200, "duzentas"), (2000, "duas mil")]
)
def test_what_is_counted_may_be_feminine(number: int, said: str) -> None:
    assert cardinal(number, feminine=True) == said


WORTH = {cardinal(number): number for number in [*range(20), *range(20, 100, 10), *range(100, 1000, 100)]} | {
    "cento": 100
}
SIZES = {"mil": 10**3, "milhão": 10**6, "milhões": 10**6, "bilhão": 10**9, "bilhões": 10**9}


def heard(said: str) -> int:
    """The number that somebody writes down who hears it."""
    total = group = 0
    for word in said.replace(" e ", " ").split():
        if word in SIZES:
            total += max(group, 1) * SIZES[word]
            group = 0
        else:
            group += WORTH[word]
    return total + group


@given(st.one_of(st.integers(0, 10_000), st.integers(0, 10**6), st.integers(0, LARGEST)))
def test_what_is_said_is_heard_as_the_same_number(number: int) -> None:
    assert heard(cardinal(number)) == number


def test_ordinals_fractions_and_digits() -> None:
    assert ordinal(1) == "primeiro"
    assert ordinal(22, feminine=True) == "vigésima segunda"
    assert ordinal(120) == "cento e vinte"
    assert decimal(1, "69") == "um vírgula sessenta e nove"
    assert decimal(1, "05") == "um vírgula zero cinco"
    assert decimal(0, "12345") == "zero vírgula um dois três quatro cinco"
    assert one_by_one("9966", six="meia") == "nove nove meia meia"
