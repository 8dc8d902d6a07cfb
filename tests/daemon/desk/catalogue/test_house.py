"""Answers about the dealership, from its profile alone."""

import pytest
from attrs import evolve

from daemon.desk.catalogue.house import TERMS, spoken_phone
from tests.corpus.play import PROFILE, Conversation


def test_phones() -> None:
    assert spoken_phone("+555133330000") == "(51) 3333-0000"
    assert spoken_phone("+5551999990000") == "(51) 99999-0000"
    assert spoken_phone("0800 111") == "0800 111"


def test_place_phone_and_hours() -> None:
    text = Conversation().says("onde fica, qual o telefone e que horas fecha hoje?").text
    assert "Farrapos" in text
    assert "3333-0000" in text
    assert "18h" in text


@pytest.mark.parametrize(
    "text",
    [
        "tem estacionamento?",
        "vcs tem site?",
        "tem promoção?",
        "aceitam consignação?",
        "carro pra pcd?",
        "tem garantia?",
    ],
)
def test_what_the_profile_does_not_say_a_person_confirms(text: str) -> None:
    assert "vendedor" in Conversation().says(text).text


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("tem estacionamento?", "Estacionamento na frente da loja."),
        ("vcs tem site?", "Nosso site está na placa da loja."),
        ("tem garantia?", "Garantia de 3 meses."),
        ("aceitam consignação?", "Fazemos consignação com 5 dias de anúncio."),
    ],
)
def test_the_profiles_own_words(text: str, fact: str) -> None:
    profile = evolve(PROFILE, assistant=evolve(PROFILE.assistant, facts=fact))
    assert fact in Conversation(profile=profile).says(text).text


def test_without_an_address() -> None:
    assert "vendedor" in Conversation(profile=evolve(PROFILE, address="")).says("onde fica?").text


def test_terms_have_a_name_or_words_of_their_own() -> None:
    assert all(called or intent == "documents" for intent, (_, called) in TERMS.items())
