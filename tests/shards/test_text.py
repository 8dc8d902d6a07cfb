"""Comparing Portuguese as people write it."""

from hypothesis import given
from hypothesis import strategies as st

from shards.text import fold, words


def test_accents_and_case_do_not_count() -> None:
    assert fold("Sedã AUTOMÁTICO") == "seda automatico"
    assert fold("ÇÃO") == fold("cao")


def test_words_and_numbers() -> None:
    assert words("HB-20 1.0, até R$ 90 mil!") == ["hb", "20", "1", "0", "ate", "r", "90", "mil"]


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
