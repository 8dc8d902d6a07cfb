"""Messages that say nothing in words."""

import pytest

from daemon.desk.brief import SaveLead
from tests.corpus.play import Conversation


@pytest.mark.parametrize(
    "kind",
    ["voice", "audio", "image", "video", "sticker", "reaction", "location", "contacts", "document", "order", "unknown"],
)
def test_every_kind_is_answered_with_one_question(kind: str) -> None:
    reply = Conversation().says("", kind=kind)
    assert reply.text.count("?") == 1
    assert bool(reply.effects) == (kind in ("image", "video"))


@pytest.mark.parametrize(("kind", "noted"), [("image", "mandou foto"), ("video", "mandou vídeo")])
def test_a_picture_may_be_a_trade_in_and_what_follows_is_taken_as_one(kind: str, noted: str) -> None:
    talk = Conversation()
    reply = talk.says("", kind=kind)
    [lead] = reply.effects
    assert isinstance(lead, SaveLead)
    assert lead.trade_in.startswith(noted)
    assert all(word in reply.text for word in ("modelo", "ano", "quilometragem"))
    [lead] = talk.says("é um gol 2015 com 85 mil km").effects
    assert isinstance(lead, SaveLead)
    assert "gol 2015" in lead.trade_in.lower()
    reply = talk.says("", kind="image")
    [lead] = reply.effects
    assert isinstance(lead, SaveLead)
    assert "gol 2015" in lead.trade_in.lower()
    assert "mandou foto" in lead.trade_in
    assert "modelo" not in reply.text, "that is known"


def test_a_picture_with_a_trade_in_is_noted() -> None:
    [lead] = Conversation().says("vocês aceitam meu carro na troca?", kind="image").effects
    assert isinstance(lead, SaveLead)
    assert lead.trade_in


def test_a_caption_counts_as_text() -> None:
    assert "Civic" in Conversation().says("tem civic?", kind="image").text
