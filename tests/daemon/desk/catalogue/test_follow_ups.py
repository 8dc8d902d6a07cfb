"""What newcomers tripped over: follow-ups, terms, trade-ins, odd words, as whole conversations."""

import pytest
from attrs import evolve

from daemon.desk.brief import CancelVisit, HandOver, SaveLead
from daemon.desk.catalogue.lexicon import Lexicon, peers
from shards.text import fold
from tests.corpus.play import PROFILE, Conversation, mentioned, summary


def models(text: str) -> list[str]:
    return [vehicle.model for vehicle in mentioned(text)]


def shop(facts: str) -> Conversation:
    return Conversation(profile=evolve(PROFILE, assistant=evolve(PROFILE.assistant, facts=facts)))


def test_a_search_for_new_cars_ends_with_its_answer() -> None:
    talk = Conversation()
    assert "0 km não temos" in talk.says("tem zero km?").text
    assert "não temos" not in talk.says("carro popular até 50").text


def test_how_many_kilometres_is_no_limit() -> None:
    talk = Conversation()
    talk.says("tem logan?")
    assert "83.200 km" in talk.says("ah esse mesmo e ele tá com quantos mil rodados").text


@pytest.mark.parametrize("said", ["e se eu der vinte mil", "entrando com 20 mil fica quanto?"])
def test_money_given_is_a_down_payment(said: str) -> None:
    talk = Conversation()
    talk.says("tem logan?")
    assert "entrada de R$ 20.000" in talk.says(said).text


def test_a_bare_term_and_a_share() -> None:
    talk = Conversation()
    talk.says("tem logan?")
    assert "36x de" in talk.says("em trinta e seis").text
    text = talk.says("e dando 50%?").text
    assert "entrada de R$ 22.800" in text
    assert "36x de" in text


def test_the_shops_own_longest_term() -> None:
    text = shop("Financiamento em até 48 vezes.").says("simula o logan em 72 vezes com 10 mil de entrada").text
    assert "vai até 48 vezes" in text
    assert "48x de" in text
    assert "72x" not in text


def test_several_in_question_are_each_reckoned() -> None:
    talk = Conversation()
    talk.says("tem t-cross?")
    text = talk.says("quanto fica em 48x com 30 mil de entrada?").text
    assert text.count("48x de") == 2
    assert not [note for note in talk.notes if note.event == "turn.provider_failed"]


def test_an_instalment_that_buys_nothing() -> None:
    text = Conversation().says("parcela de 300 dá?").text
    assert "com uma entrada pode caber" in text
    assert models(text)


def test_the_state_of_his_car_is_no_search() -> None:
    talk = Conversation()
    talk.says("aceita troca?")
    talk.says("gol 2012")
    reply = talk.says("80 mil km, impecável")
    assert not mentioned(reply.text)
    assert reply.effects == (SaveLead(trade_in="gol 2012; 80 mil km, impecável"),)


@pytest.mark.parametrize("said", ["meu carro é um palio 2009, vale quanto?", "quanto vocês pagam no meu palio 2009?"])
def test_his_own_car_is_not_looked_for(said: str) -> None:
    reply = Conversation().says(said)
    assert "avalia" in fold(reply.text)
    assert not mentioned(reply.text)


def test_a_name_is_used() -> None:
    assert "Prazer, Sebastião!" in Conversation().says("meu nome é Sebastião").text


def test_a_fleet_is_no_matter_of_trust() -> None:
    reply = Conversation().says("preciso de 5 veículos para frota, faturamento CNPJ")
    assert "empresa" in reply.text
    assert "tranquilo" not in reply.text


def test_praise_is_no_answer_to_a_question() -> None:
    talk = Conversation()
    talk.says("tem dolphin?")
    assert "não constam no anúncio" in talk.says("quanto tempo a bateria dura?").text
    assert "não constam no anúncio" in talk.says("qual potência e torque?").text


def test_colours_refused_after_a_comma() -> None:
    found = mentioned(Conversation().says("suv automático até 100 mil, não branco nem preto").text)
    assert found
    assert not {fold(vehicle.color)[:5] for vehicle in found} & {"branc", "preto", "preta"}


def test_swearing_at_a_car_gets_its_price() -> None:
    reply = Conversation().says("quanto custa essa merda de jetta")
    assert "97.600" in reply.text
    assert not any(isinstance(effect, HandOver) for effect in reply.effects)
    insulted = Conversation().says("seu idiota, quanto custa o jetta")
    assert any(isinstance(effect, HandOver) for effect in insulted.effects)


def test_another_class_begins_without_the_last_cars_year() -> None:
    talk = Conversation()
    talk.says("tem civic prata 2019?")
    assert models(talk.says("suv diesel").text) == ["Compass", "SW4"]


def test_the_other_of_two() -> None:
    talk = Conversation()
    both = models(talk.says("tem nivus ou taos ou jetta?").text)
    assert sorted(both) == ["Jetta", "Nivus"]
    talk.says("o primeiro")
    assert models(talk.says("não esse, o outro").text) == [both[1]]


def test_an_exact_price_is_looked_for_in_all_the_stock() -> None:
    talk = Conversation()
    talk.says("tem hilux?")
    assert models(talk.says("o de 69.700").text) == ["EcoSport"]


def test_the_fallback_stays_with_the_car_in_question() -> None:
    talk = Conversation()
    talk.says("tem versa?")
    text = talk.says("zzz qqq").text
    assert "Versa" in text
    assert "SUV automático" not in text


def test_cancel_is_of_the_visit_alone() -> None:
    talk = Conversation()
    talk.says("quero ver o versa amanhã às 10h")
    assert talk.says("cancela!").effects == (CancelVisit(),)
    assert not Conversation().says("cancela!").effects


def test_peers_come_first_where_a_model_is_missing() -> None:
    assert peers("Civic")[0] == "Corolla"
    assert peers("no model") == ()
    assert models(Conversation().says("tem corolla?").text)[0] in peers("Corolla")
    (mention,) = Lexicon(summary()).find("tem tesla model 3")[-1:]
    assert mention.known.model == "Model 3"
