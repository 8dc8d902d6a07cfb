"""Messages that say nothing in words."""

import pytest

from tests.corpus.play import Conversation


@pytest.mark.parametrize(
    "kind",
    ["voice", "audio", "image", "video", "sticker", "reaction", "location", "contacts", "document", "order", "unknown"],
)
def test_every_kind_is_answered_with_one_question(kind: str) -> None:
    reply = Conversation().says("", kind=kind)
    assert reply.text.count("?") == 1
    assert not reply.effects


def test_a_caption_counts_as_text() -> None:
    assert "Civic" in Conversation().says("tem civic?", kind="image").text
