"""The dictionaries of binary nodes: strings that are written as one or two bytes.

Both sides must have the same edition: a connection begins with its number (`DICTIONARY_VERSION`).
"""

import json
from importlib.resources import files
from typing import Final

DICTIONARY_VERSION: Final = 3
FIRST_DICTIONARY: Final = 236
"""The tag of the first of the four dictionaries with two-byte strings; below it, a byte is a string itself."""

_DICTIONARIES: Final = 4
_DICTIONARY_SIZE: Final = 256


def _load() -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    data = json.loads((files("daemon.whatsapp.web") / "tokens.json").read_bytes())
    single, double = tuple(data["single"]), tuple(tuple(words) for words in data["double"])
    assert data["dict_version"] == DICTIONARY_VERSION
    assert len(single) == FIRST_DICTIONARY
    assert [len(words) for words in double] == [_DICTIONARY_SIZE] * _DICTIONARIES
    return single, double


SINGLE, DOUBLE = _load()
"""Strings by their byte (0 is none), and by dictionary and byte."""

ENCODED: Final[dict[str, bytes]] = {
    **{
        word: bytes((FIRST_DICTIONARY + dictionary, index))
        for dictionary, words in enumerate(DOUBLE)
        for index, word in enumerate(words)
    },
    **{word: bytes((index,)) for index, word in enumerate(SINGLE) if index},
}
"""How each of the strings is written, the shorter way first."""
