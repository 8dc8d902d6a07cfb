"""Comparing Portuguese text as people write it."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Lower case without accents: "Sedã AUTOMÁTICO" → "seda automatico". Length may change."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words(text: str) -> list[str]:
    """The folded words and numbers of a text: "HB-20 1.0" → ["hb", "20", "1", "0"]."""
    return _WORD.findall(fold(text))
