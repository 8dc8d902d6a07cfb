"""Financing, trade-in and price talks: figures as estimates, never a promise."""

import pytest
from attrs import evolve

from daemon.desk.brief import HandOver, SaveLead
from daemon.desk.catalogue.deals import named, percent_words, upper_first
from tests.corpus.play import PROFILE, Conversation, vehicles


def test_words() -> None:
    assert named(vehicles()["v011"]) == "a *Toyota Hilux 2.8 SRX 4x4 Diesel* 2020"
    assert upper_first("") == ""
    assert percent_words(1.69) == "1,69%"


def test_the_rate_alone_is_a_reference() -> None:
    text = Conversation().says("qual a taxa de juros?").text
    assert "1,69%" in text
    assert "análise" in text


def test_no_rate_no_figures() -> None:
    profile = evolve(PROFILE, assistant=evolve(PROFILE.assistant, finance_rate_percent_month=None))
    text = Conversation(profile=profile).says("simula o kwid em 48x sem entrada").text
    assert "48x" not in text
    assert "consultor" in text


@pytest.mark.parametrize(
    ("text", "entry"), [("20% de entrada no creta prestige", "18.860"), ("com 10 mil de entrada no kwid", "10.000")]
)
def test_down_payments(text: str, entry: str) -> None:
    assert f"entrada de R$ {entry}" in Conversation().says(text).text


def test_a_down_payment_above_the_price() -> None:
    assert "nem precisa financiar" in Conversation().says("50 mil de entrada no kwid").text


def test_how_much_down_is_the_banks_matter() -> None:
    text = Conversation().says("quanto preciso dar de entrada no onix premier?").text
    assert "banco" in text
    assert "48x" not in text


def test_a_trade_in_gets_no_figure() -> None:
    reply = Conversation().says("aceita meu gol 2015 na troca?")
    assert "R$" not in reply.text
    assert [e.trade_in for e in reply.effects if isinstance(e, SaveLead)] == ["gol 2015"]


def test_a_car_not_paid_off() -> None:
    text = Conversation().says("meu carro ainda tá financiado, dá pra trocar?").text
    assert "quitação" in text
    assert "Trabalhamos com financiamento" not in text


def test_her_gender_in_a_price_talk() -> None:
    reply = Conversation().says("consigo um desconto na spin?")
    assert "está anunciada por" in reply.text
    assert any(isinstance(effect, HandOver) for effect in reply.effects)
    assert "está anunciado por" in Conversation().says("consigo um desconto no kwid?").text


def test_a_reservation_is_handed_over() -> None:
    reply = Conversation().says("segura a strada pra mim?")
    assert any(isinstance(effect, HandOver) for effect in reply.effects)
    assert "reservada para" not in reply.text
