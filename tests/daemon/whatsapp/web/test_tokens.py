"""The dictionaries: whole, without doubles, and the edition that connections begin with."""

from daemon.whatsapp.web.frame import INTRO
from daemon.whatsapp.web.tokens import DICTIONARY_VERSION, DOUBLE, ENCODED, FIRST_DICTIONARY, SINGLE


def test_sizes() -> None:
    assert len(SINGLE) == FIRST_DICTIONARY == 236
    assert [len(words) for words in DOUBLE] == [256] * 4


def test_the_edition_is_told_at_the_start() -> None:
    assert INTRO == b"WA\x06\x03"
    assert INTRO[3] == DICTIONARY_VERSION


def test_every_word_is_written_as_it_is_read() -> None:
    for index, word in enumerate(SINGLE[1:], 1):
        assert ENCODED[word] == bytes([index])
    for dictionary, words in enumerate(DOUBLE):
        for index, word in enumerate(words):
            assert ENCODED[word] == bytes([236 + dictionary, index])


def test_no_word_is_there_twice_and_none_is_empty() -> None:
    assert len(ENCODED) == 235 + 4 * 256
    assert "" not in ENCODED


def test_some_words_where_everybody_has_them() -> None:
    assert ENCODED["s.whatsapp.net"] == b"\x03"
    assert ENCODED["iq"] == b"\x19"
    assert SINGLE[0] == ""
