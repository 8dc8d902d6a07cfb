"""Comparing Portuguese text as people write it."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Lower case without accents: "Sedã AUTOMÁTICO" → "seda automatico". Length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def words(text: str) -> list[str]:
    """The folded words and numbers of a text: "HB-20 1.0" → ["hb", "20", "1", "0"]."""
    return _WORD.findall(fold(text))
