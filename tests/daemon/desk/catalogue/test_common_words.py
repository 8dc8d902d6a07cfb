"""Everyday words are never taken for misspelt models."""

from daemon.desk.catalogue.common_words import EVERYDAY_WORDS, FILLERS
from daemon.desk.catalogue.lexicon import Lexicon, squash
from shards.tenant.vehicle import StockSummary


def test_everyday_words_are_no_models() -> None:
    names = Lexicon(StockSummary())
    for word in EVERYDAY_WORDS.split():
        taken = [mention.said for mention in names.find(f"tem um {word} ai na loja") if not mention.exact]
        assert not taken, word


def test_words_are_folded() -> None:
    for word in (*EVERYDAY_WORDS.split(), *FILLERS.split()):
        assert word == squash(word)
