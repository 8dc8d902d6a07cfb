"""What car desks abbreviate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.abbreviations import written_out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("completo c/ ar e dir. hid.", "completo com ar e direção hidráulica."),
        ("s/ entrada", "sem entrada"),
        ("2.0 Flex Aut. 2019", "2.0 Flex automático 2019"),
        ("Av. Farrapos, s/n", "Avenida Farrapos, sem número"),
        ("R. das Flores", "Rua das Flores"),
        ("seg a sex e sáb.", "segunda a sexta e sábado."),
        ("2ª a 6ª", "segunda a sexta"),
        ("ar, VE e TE", "ar, vidros elétricos e travas elétricas"),
        ("taxa de 1,69% a.m., 20% a.a.", "taxa de 1,69% ao mês, 20% ao ano."),
        ("vc vem hj?", "você vem hoje?"),
        ("e/ou", "ou"),
    ],
)
def test_abbreviations_are_written_out(text: str, said: str) -> None:
    assert written_out(text) == said


@pytest.mark.parametrize(
    "text", ["Quero ver um carro.", "o mecânico e o manual", "T-Cross e Corolla", "ele vai ter um", "al lado de r. x"]
)
def test_plain_words_stay(text: str) -> None:
    assert written_out(text) == text


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(written_out(text), str)
