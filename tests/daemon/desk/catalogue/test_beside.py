"""Vehicles beside those asked for."""

from tests.corpus.play import Conversation, mentioned, vehicles


def test_alike_and_cheaper() -> None:
    shown = mentioned(Conversation().says("tem algo tipo compass mais barato?").text)
    compass = min(v.asking_centavos or 0 for v in vehicles().values() if v.model == "Compass")
    assert shown
    assert all(v.body == "suv" and v.model != "Compass" and (v.asking_centavos or 0) <= compass for v in shown)


def test_what_an_instalment_buys() -> None:
    reply = Conversation().says("parcela de até 1200 com 10 mil de entrada")
    assert mentioned(reply.text)
    assert all((v.asking_centavos or 0) <= 6_100_000 for v in mentioned(reply.text))
    assert "análise de crédito" in reply.text


def test_an_instalment_without_a_rate_promises_nothing() -> None:
    from attrs import evolve

    from tests.corpus.play import PROFILE

    profile = evolve(PROFILE, assistant=evolve(PROFILE.assistant, finance_rate_percent_month=None))
    assert not mentioned(Conversation(profile=profile).says("tem carro de 800 por mês?").text)


def test_newer_in_the_same_range() -> None:
    talk = Conversation()
    talk.says("tem versa?")
    shown = mentioned(talk.says("esse é muito antigo, tem um sedan mais novo na mesma faixa?").text)
    assert shown
    assert all(v.body == "sedan" and (v.year or 0) > 2018 and (v.asking_centavos or 0) < 6_800_000 for v in shown)


def test_two_compared() -> None:
    reply = Conversation().says("compara pra mim o nivus e o virtus")
    assert [v.model for v in mentioned(reply.text)] == ["Nivus", "Virtus"]
    assert "Virtus 1.0 TSI Highline* 2018/2019 é o mais em conta" in reply.text


def test_too_dear() -> None:
    talk = Conversation()
    talk.says("gostei do civic prata")
    shown = mentioned(talk.says("achei caro").text)
    assert shown
    assert all((v.asking_centavos or 0) < 9_490_000 for v in shown)
