"""Which intents and facts a text holds."""

import pytest

from daemon.desk.amounts import flat
from daemon.desk.catalogue.intents import COMMON_OPTIONS, OPTIONS, facts, intents, wants_out


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("bom dia", "greeting"),
        ("aceita meu gol 2015 na troca?", "trade"),
        ("minha moto entra no negócio?", "trade"),
        ("qual a taxa?", "rate"),
        ("quero falar com um vendedor", "human"),
        ("gostaria de falar com o Carlos", "human"),
        ("tem estacionamento?", "facility"),
        ("deixam carro em consignação?", "consign"),
        ("manda um vídeo", "video"),
        ("não vou poder ir mais", "call_off"),
        ("dá pra mudar pras 16h?", "move"),
        ("como eu chego aí?", "address"),
        ("achei caro", "pricey"),
    ],
)
def test_found(text: str, intent: str) -> None:
    assert intent in intents(flat(text))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("como eu chego aí?", "visit"),
        ("dá pra passar uma parte no cartão?", "visit"),
        ("chave reserva tem?", "reserve"),
        ("hilux funcionando?", "hours"),
        ("taxa de transferência", "rate"),
        ("como funciona", "hours"),
        ("entra no negócio?", "discount"),
    ],
)
def test_not_found(text: str, intent: str) -> None:
    assert intent not in intents(flat(text))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("quanto custa?", "price"),
        ("quantos km por litro faz?", "consumption"),
        ("qual o motor?", "engine"),
        ("é de único dono?", "owner"),
        ("qual o final da placa?", "plate"),
    ],
)
def test_facts(text: str, asked: str) -> None:
    assert asked in facts(flat(text))


@pytest.mark.parametrize("text", ["PARAR", "sair", "não me manda mais mensagem", "pare de me mandar mensagens"])
def test_out(text: str) -> None:
    assert wants_out(flat(text))


@pytest.mark.parametrize("text", ["pode parar de mandar foto", "quero sair com o carro hoje", "parar na loja", ""])
def test_not_out(text: str) -> None:
    assert not wants_out(flat(text))


def test_each_option_finds_its_own_name() -> None:
    for pattern, called, _ in (*OPTIONS, *COMMON_OPTIONS):
        if called not in {"direção assistida", "chave presencial", "blindagem", "rodas de liga leve"}:
            assert pattern.search(flat(called)), called
