"""Whole bursts, read."""

from attrs import evolve

from daemon.desk.brief import Brief, Line
from daemon.desk.catalogue.understanding import LONGEST, Understood, clipped, recalled_ids, understand
from tests.corpus.play import NOW, PROFILE, summary


def read(*texts: str, asked: str = "") -> Understood:
    return understand(
        Brief(
            now=NOW,
            profile=PROFILE,
            contact_name="",
            contact_has_phone=True,
            history=(),
            burst=tuple(Line(author="customer", kind="text", text=text, at=NOW) for text in texts),
            memory={"asked": asked} if asked else {},
            summary=summary(),
            open_now=True,
            next_opening="",
            first_turn=True,
        )
    )


def test_a_burst_is_one_text() -> None:
    understood = read("oi", "tem civic", "até 90 mil?")
    assert understood.wish.models == ("Civic",)
    assert understood.wish.max_centavos == 9_000_000
    assert understood.searching


def test_his_own_car_is_no_wish_and_makes_a_trade() -> None:
    understood = read("aceita meu celta 2010 nele e o resto financio")
    assert understood.own_called == "celta 2010"
    assert understood.wish.empty
    assert understood.has("trade")
    assert understood.has("finance")


def test_words_of_one_intent_do_not_call_another() -> None:
    assert not read("tem alguém aí? queria saber da amarok").has("human")
    assert not read("tenho um palio 2012 pra dar de entrada num onix").has("finance")
    assert not read("não preciso de financiamento").has("finance")
    assert not read("n tenho carro na troca").has("trade")
    assert read("deixam carro em consignação aí?").has("consign")


def test_agreeing_is_no_question_of_hours() -> None:
    assert read("fechado").has("ack")
    assert not read("fechado").has("hours")
    assert read("fechado?").has("hours")
    assert not read("vou conversar com o pessoal de casa").has("human")


def test_the_price_of_his_car_is_no_limit() -> None:
    assert read("quero vender meu carro por 50 mil").wish.max_centavos is None


def test_pointing_ordinals_and_picks() -> None:
    assert read("quero esse").pointing
    assert read("o segundo tem foto?").ordinal == 1
    assert read("a última q vc mandou").ordinal == -1
    assert read("o branco tem teto?").picking


def test_age_is_a_year() -> None:
    assert read("no máximo 3 anos de uso").wish.min_year == NOW.year - 3


def test_languages() -> None:
    assert read("hi, do you have any suv?").language == "en"
    assert read("hola, tienen camionetas?").language == "es"
    assert read("oi, tem suv?").language == ""


def test_long_texts_are_clipped_at_both_ends() -> None:
    text = "a" * 5_000 + "fim"
    assert len(clipped(text)) < 2 * LONGEST
    assert clipped(text).endswith("fim")


def test_ids_of_a_strange_memory() -> None:
    assert recalled_ids({"shown": ["a", 3, None]}, "shown") == ("a",)
    assert recalled_ids({"shown": 7}, "shown") == ()


def test_a_frozen_reading() -> None:
    assert evolve(read("oi"), text="x").text == "x"
