"""What of an answer is said, and what is written besides."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.spoken import MAX_SAID, aloud, script
from tests.corpus.play import Conversation

LIST = """Temos sim! Olha essas opções de sedã:

🚗 *Honda Civic 2.0 EXL* · 2019/2020 · 61.200 km · prata · *R$ 94.900*
🚗 *Toyota Corolla 2.0 XEi* · 2018 · 70.000 km · branco · *R$ 99.900*
🚗 *VW Jetta 1.4 TSI* · 2018/2019 · 63.700 km · branco · *R$ 97.600*

Qual deles te interessou mais?"""
CARD = """Temos sim! Olha só:

🚗 *Honda Civic 2.0 EXL* · 2019/2020 · 61.200 km · *R$ 94.900*
• prata, câmbio automático, flex
• multimídia, bancos de couro

Quer ver as fotos?"""


def test_marks_and_emojis_are_dropped_and_pauses_kept() -> None:
    said = aloud("Oi, Ana! 😊 Temos o *Corolla* por ~R$ 95.000~ *R$ 89.900* (à vista) 🚗💨 Quer vir ver?")
    assert said == ("Oi, Ana! Temos o Corolla por oitenta e nove mil e novecentos reais, à vista. Quer vir ver?")


def test_an_emoji_between_two_sentences_is_a_stop() -> None:
    assert aloud("Vai ser um prazer 😊 Quer marcar?") == "Vai ser um prazer. Quer marcar?"
    assert aloud("é 😊 isso") == "é isso."


def test_a_plain_answer_is_said_whole() -> None:
    found = script("Oi! O *Onix* está por R$ 59.900.\nQuer vir ver?")
    assert found is not None
    assert found.said == "Oi! O Onix está por cinquenta e nove mil e novecentos reais. Quer vir ver?"
    assert found.written == ""


def test_a_list_is_written_and_the_voice_says_so() -> None:
    found = script(LIST)
    assert found is not None
    assert found.said == (
        "Temos sim! Olha essas opções de sedã: te mandei por escrito aqui embaixo. Qual deles te interessou mais?"
    )
    assert found.written.splitlines()[0] == "Temos sim! Olha essas opções de sedã:"
    assert found.written.count("🚗") == 3
    assert "Qual deles" not in found.written


def test_one_vehicle_is_said_and_its_details_are_written() -> None:
    found = script(CARD)
    assert found is not None
    assert found.said == (
        "Temos sim! Olha só: Honda Civic dois ponto zero EXL, dois mil e dezenove, dois mil e vinte, sessenta e um mil"
        " e duzentos quilômetros, noventa e quatro mil e novecentos reais. Te mandei os detalhes por escrito aqui"
        " embaixo. Quer ver as fotos?"
    )
    assert "multimídia" in found.written


def test_a_link_is_written_and_never_read() -> None:
    found = script("Claro! Segue o link: https://exemplo.com.br/civic?id=9\nQualquer dúvida me chama 😉")
    assert found is not None
    assert found.said == "Claro! Te mandei o link por escrito aqui embaixo. Qualquer dúvida me chama."
    assert found.written == "Claro! Segue o link: https://exemplo.com.br/civic?id=9"


def test_a_telephone_and_an_address_are_said_and_written() -> None:
    found = script("📞 Nosso telefone é (51) 3333-0000.\n📍 Av. Farrapos, 1200")
    assert found is not None
    assert found.said.startswith("Nosso telefone é cinquenta e um, três três três três")
    assert found.said.endswith("Avenida Farrapos, mil e duzentos.")
    assert found.written == "📞 Nosso telefone é (51) 3333-0000.\n📍 Av. Farrapos, 1200"


def test_what_is_too_long_or_says_nothing_is_not_spoken() -> None:
    assert script("palavra " * 200) is None
    assert script("😊") is None
    assert script("") is None


@pytest.mark.parametrize(
    "said",
    [
        "oi, tem corolla?",
        "simula o primeiro em 48x com 20 mil de entrada",
        "posso ir amanhã às 14h30?",
        "qual o telefone?",
    ],
)
def test_the_catalogues_answers_can_be_spoken(said: str) -> None:
    talk = Conversation()
    talk.says("tem suv automático até 120 mil?", kind="voice")
    found = script(talk.says(said, kind="voice").text)
    assert found is not None
    assert not re.search(r"[\d*_🚗·]|R\$", found.said)


MIXED = st.text(alphabet="0123456789.,/-:%$R kmhxK()*_~#\n🚗😊aeçãoºª+&=|·•\"'", max_size=80)


@given(st.one_of(MIXED, st.text(max_size=80)))
def test_speech_is_words_alone(text: str) -> None:
    said = aloud(text)
    assert not re.search(r"[0-9*_~#🚗😊$%+=|·•\n]", said)
    assert said == " ".join(said.split())


@given(st.lists(st.one_of(MIXED, st.just("• item"), st.just("veja https://x.com/a")), max_size=8))
def test_a_script_says_no_more_than_fits_and_writes_lines_of_the_answer(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = script(text)
    if found is not None:
        assert 0 < len(found.said) <= MAX_SAID
        assert set(found.written.splitlines()) <= {line.strip() for line in text.splitlines()} | {""}
        assert "https:" not in found.said
