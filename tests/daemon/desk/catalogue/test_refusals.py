"""What customers refuse and what they do not mind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import flat
from daemon.desk.catalogue.refusals import refusals


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("suv automático até 95, mas nada de branco", "nada de branco"),
        ("qualquer coisa menos fiat e renault, hatch até 55", "qualquer coisa menos fiat e renault"),
        ("não quero branco nem prata", "nao quero branco nem prata"),
        ("não dirijo manual não kkk só automático", "nao dirijo manual nao kkk"),
        ("que não seja 1.0 até 60 mil", "nao seja 1.0"),
        ("a flex, não a diesel", "nao a diesel"),
        ("suv sem teto solar", "sem teto solar"),
        ("não gostei do preto", "nao gostei do preto"),
        ("menos fiat, renault e ford, hatch", "menos fiat, renault e ford"),
    ],
)
def test_refused(text: str, refused: str) -> None:
    assert refusals(flat(text)).refused.strip() == refused


@pytest.mark.parametrize(
    "text",
    [
        "menos de 80 mil km",
        "carro menos rodado",
        "não tem automático?",
        "qual bebe menos",
        "sem entrada",
        "tem civic preto?",
        "fora de estrada",
    ],
)
def test_nothing_refused(text: str) -> None:
    parted = refusals(flat(text))
    assert not parted.refused.strip()
    assert parted.kept == flat(text)


def test_what_is_indifferent_is_neither_wanted_nor_refused() -> None:
    parted = refusals("nao precisa ser automatico, ate 60")
    assert "automatico" not in parted.kept
    assert "automatico" not in parted.refused
    assert "ate 60" in parted.kept


@given(st.text(alphabet="abnoemsqru ,.não123", max_size=80))
def test_positions_stay(text: str) -> None:
    plain = flat(text)
    parted = refusals(plain)
    assert len(parted.kept) == len(parted.refused) == len(plain)
    for kept, refused, char in zip(parted.kept, parted.refused, plain, strict=True):
        assert kept in {char, " "}
        assert refused in {char, " "}
