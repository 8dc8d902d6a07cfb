import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.markdown import MAX_CHARS, to_whatsapp


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("**Corolla** e __HB20__", "*Corolla* e *HB20*"),
        ("***Corolla***", "*Corolla*"),
        ("*já certo* e _assim_", "*já certo* e _assim_"),
        ("## Opções\ntexto", "*Opções*\ntexto"),
        ("### **Opções** ##", "*Opções*"),
        ("- um\n* dois\n+ três", "• um\n• dois\n• três"),
        ("1. um\n2. dois", "1. um\n2. dois"),
        ("[site](https://a.example/x)", "site: https://a.example/x"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("![foto](https://a.example/x.jpg)veja", "veja"),
        ("| Carro | Preço |\n|---|:---:|\n| Onix | R$ 65.900 |", "Carro · Preço\nOnix · R$ 65.900"),
        ("2020 | 45.000 km", "2020 | 45.000 km"),
        ("~~R$ 70.000~~ R$ 65.900", "~R$ 70.000~ R$ 65.900"),
        ("```\ncódigo\n```", "código"),
        ("use `isto`", "use isto"),
        ("um\n\n---\n\ndois", "um\n\ndois"),
        ("linha<br/>outra <b>forte</b>", "linha\noutra forte"),
        ("<think>hmm **x**</think>Oi!", "Oi!"),
        ("<think>sem fim", ""),
        ("  \n\n Oi \r\n", "Oi"),
        ("preço < 90 mil e > 80", "preço < 90 mil e > 80"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_marks(model: str, shown: str) -> None:
    assert to_whatsapp(model) == shown


def test_long_text_ends_with_a_sentence() -> None:
    cut = to_whatsapp("Uma frase inteira. " * 400)
    assert len(cut) <= MAX_CHARS
    assert cut.endswith("inteira.")
    assert to_whatsapp("x" * 5000).endswith("…")


def test_unfinished_links_end_soon() -> None:
    text = "[a](" * 900  # once took minutes
    assert to_whatsapp(text) == text


@given(st.text(alphabet=st.sampled_from("*_#|-[]()<>`~ab \n!1."), max_size=300))
def test_any_text(text: str) -> None:
    shown = to_whatsapp(text)
    assert len(shown) <= MAX_CHARS
    assert "\n\n\n" not in shown
    assert "`" not in shown
