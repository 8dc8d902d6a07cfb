"""What free words mean in this stock: names, plain restrictions, years, and words to be found."""

from itertools import chain
from typing import Final

from attrs import define, field

from shards.shard import Tx
from shards.tenant.stock_aliases import KNOWN_NAMES
from shards.tenant.stock_names import Understood, make_key, named, near, understand_make
from shards.tenant.stock_words import STOP_WORDS, facet_of, stem, tokens
from shards.text import words

MAX_WORDS: Final = 16
_FIRST_YEAR: Final = 1950
_LAST_YEAR: Final = 2049


@define
class TextMeaning:
    """Free words sorted out. `lines` is None when they name no make or model."""

    lines: frozenset[int] | None = None
    bodies: tuple[str, ...] = ()
    transmissions: tuple[str, ...] = ()
    fuels: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    years: frozenset[int] = frozenset()
    terms: list[str] = field(factory=list)  # prepared words, all of which must be found
    corrected: list[tuple[str, str]] = field(factory=list)


def read_text(tx: Tx, text: str) -> TextMeaning:
    """Sort out at most `MAX_WORDS` words of a search."""
    meaning = TextMeaning()
    parts = words(text[:400])[:MAX_WORDS]
    makes: list[Understood] = []
    models: list[Understood] = []
    left: list[str] = []
    at = 0
    while at < len(parts):
        taken, found, is_make = _name_at(tx, parts, at)
        if found is None:
            left.append(parts[at])
            at += 1
            continue
        (makes if is_make else models).append(found)
        if found.corrected:
            meaning.corrected.append((" ".join(parts[at : at + taken]), found.shown))
        left.append("")  # a name stood here: its neighbours are no neighbours of each other
        at += taken
    _lines(meaning, makes, models)
    _rest(tx, meaning, left, text)
    return meaning


def _name_at(tx: Tx, parts: list[str], at: int) -> tuple[int, Understood | None, bool]:
    """(words taken, the name, whether it is a make) of a make or model that begins at this word."""
    for count in (3, 2, 1):
        run = parts[at : at + count]
        if len(run) < count or run[0] in STOP_WORDS or run[-1] in STOP_WORDS:
            continue
        name = "".join(run)
        if count == 1 and (facet_of(stem(name), "", "") or len(name) < 2):
            continue
        found = named(tx, name)
        if found:
            return count, found, False
        if make_key(name) != name or len(name) > 2:
            make = understand_make(tx, name) if make_key(name) != name else None
            make = make or _exact_make(tx, name)
            if make:
                return count, make, True
    word = parts[at]
    if len(word) >= 4 and word not in STOP_WORDS and not _is_word_of_stock(tx, word):
        pair = "".join(parts[at : at + 2])
        for count, name in ((2, pair), (1, word)):
            if count <= len(parts) - at and (found := near(tx, name, count)):
                return count, found, False
        if len(word) >= 5 and (make := understand_make(tx, word)):
            return 1, make, True
    return 1, None, False


def _exact_make(tx: Tx, name: str) -> Understood | None:
    found = understand_make(tx, name)
    return found if found and not found.corrected else None


def _is_word_of_stock(tx: Tx, word: str) -> bool:
    """Whether the word is of the trade, or stands as written in any vehicle, and so is no misspelt name."""
    token = stem(word)
    if word in KNOWN_NAMES or word.isdigit() or facet_of(token, "", ""):
        return True
    return tx.value("SELECT rowid FROM stock_text WHERE stock_text MATCH ? LIMIT 1", (f'"{token}"',)) is not None


def _lines(meaning: TextMeaning, makes: list[Understood], models: list[Understood]) -> None:
    of_makes = frozenset(chain.from_iterable(found.lines for found in makes))
    of_models = frozenset(chain.from_iterable(found.lines for found in models))
    if models:
        meaning.lines = (of_models & of_makes) or of_models
    elif makes:
        meaning.lines = of_makes


def _rest(tx: Tx, meaning: TextMeaning, left: list[str], text: str) -> None:
    """Plain restrictions and years out of the words that are no names; the others must be found."""
    kept = {part for part in left if part}
    decimals = [token for token in tokens(text[:400]) if "p" in token and token.replace("p", "").isdigit()]
    inside_decimals = {digits for token in decimals for digits in token.split("p")}
    meaning.terms.extend(dict.fromkeys(decimals))
    stems = [stem(part) for part in left]
    for at, token in enumerate(stems):
        if not token or left[at] in STOP_WORDS or token in STOP_WORDS or token in inside_decimals:
            continue
        before = stems[at - 1] if at else ""
        after = stems[at + 1] if at + 1 < len(stems) else ""
        facet = facet_of(token, before, after)
        if facet is not None:
            name, allowed = facet
            setattr(meaning, name, tuple(dict.fromkeys((*getattr(meaning, name), *allowed))))
        elif len(token) == 4 and token.isdigit() and _FIRST_YEAR <= int(token) <= _LAST_YEAR:
            meaning.years |= {int(token)}
        elif left[at] in kept and token not in meaning.terms:
            meaning.terms.append(token)
