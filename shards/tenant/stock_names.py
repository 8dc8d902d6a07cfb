"""Makes and models: the vocabulary of a shard, and what a customer's spelling of a name means in it."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from attrs import frozen

from shards.shard import Tx
from shards.tenant.stock_aliases import DISTINCT_SUFFIXES, KNOWN_NAMES, MAKE_ALIASES
from shards.tenant.stock_words import STOP_WORDS, facet_of, stem
from shards.text import words

_SOUNDS: Final = (
    ("ph", "f"), ("ch", "x"), ("sh", "x"), ("ck", "c"), ("qu", "c"), ("w", "v"), ("y", "i"), ("k", "c"),
    ("q", "c"), ("z", "s"), ("ce", "se"), ("ci", "si"), ("h", ""), ("ge", "je"), ("gi", "ji"),
)  # fmt: skip
_DECIMAL: Final = re.compile(r"(\d)[.,](\d)")
_NAME_LENGTH: Final = 24
_SPELLED_WORDS: Final = 3
"""Feeds write versions into the model ("COROLLA XEI 2.0"): its first words are names too."""


@frozen(kw_only=True)
class Understood:
    """What a written name means here: the lines it stands for, and words that must be found besides."""

    lines: frozenset[int]
    shown: str  # as this stock spells it
    corrected: bool = False  # the spelling was not the stock's
    rest: tuple[str, ...] = ()


def squash(text: str) -> str:
    """Letters and digits alone, folded: "T-Cross" → "tcross"."""
    return "".join(words(text))


def make_key(make: str) -> str:
    """The key of a make under any of its names: "VW - VolksWagen", "vw" → "volkswagen"."""
    key = squash(make)
    return MAKE_ALIASES.get(key, key)


def sound(key: str) -> str:
    """How a squashed name sounds to a Brazilian ear: "volksvagem" and "volkswagen" are the same."""
    for letters, plain in _SOUNDS:
        key = key.replace(letters, plain)
    if key.endswith("m"):
        key = key[:-1] + "n"
    return key[:1] + "".join(b for a, b in pairwise(key) if a != b or b.isdigit())


def _deletes(key: str) -> set[str]:
    return {key[:at] + key[at + 1 :] for at in range(len(key)) if not key[at].isdigit()}


def distance(one: str, other: str) -> int:
    """Edits between two short words: insert, delete, replace, swap neighbours (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


def _digits(key: str) -> str:
    return "".join(char for char in key if char.isdigit())


def _tolerance(kind: str, length: int) -> int:
    """How many edits a name of so many letters may be off; makes are few and may be further off."""
    return 0 if length < 4 else 1 if length < (6 if kind == "make" else 8) else 2


# Writing the vocabulary


def line_of(tx: Tx, make: str, model: str) -> int:
    """The line of a make and model, made with its spellings if it is new."""
    make_name, model_words = make_key(make), words(model)
    model_name = "".join(model_words)
    found = tx.value("SELECT id FROM stock_lines WHERE make_key = ? AND model_key = ?", (make_name, model_name))
    if found is not None:
        return int(found)
    line: int = tx.value(
        "INSERT INTO stock_lines (make, model, make_key, model_key, model_words) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (make, model, make_name, model_name, " ".join(model_words)),
    )
    _spell(tx, "make", make_name)
    for name in _names(model_words):
        _spell(tx, "model", name)
    for word in model_words[1:4]:
        if len(word) >= 3:
            tx.run("INSERT OR IGNORE INTO stock_spellings VALUES (?, 'word', ?)", (word, model_name))
    return line


def _names(model_words: list[str]) -> list[str]:
    names = ["".join(model_words)[:_NAME_LENGTH]]
    for count in range(1, min(_SPELLED_WORDS, len(model_words) - 1) + 1):
        name = "".join(model_words[:count])
        if len(name) >= 3 or (len(name) == 2 and _digits(name)):
            names.append(name)
    return names


def _spell(tx: Tx, kind: str, name: str) -> None:
    heard = sound(name)
    keys = {heard} | (_deletes(heard) if 4 <= len(heard) <= _NAME_LENGTH else set())
    for key in keys:
        tx.run("INSERT OR IGNORE INTO stock_spellings VALUES (?, ?, ?)", (key, kind, name))


def forget_empty_lines(tx: Tx, limit: int) -> int:
    """Remove lines of which nothing is offered, at most `limit`; how many. Their spellings go with them."""
    empty = list(tx.rows("SELECT id, make_key, model_words FROM stock_lines WHERE vehicles = 0 LIMIT ?", (limit,)))
    for line, make_name, model_words in empty:
        tx.run("DELETE FROM stock_lines WHERE id = ?", (line,))
        if tx.value("SELECT 1 FROM stock_lines WHERE make_key = ?", (make_name,)) is None:
            tx.run("DELETE FROM stock_spellings WHERE name = ? AND kind = 'make'", (make_name,))
        parts = model_words.split()
        whole = "".join(parts)
        if tx.value("SELECT 1 FROM stock_lines WHERE model_key = ?", (whole,)) is None:
            tx.run("DELETE FROM stock_spellings WHERE name = ? AND kind = 'word'", (whole,))
        for name in _names(parts):
            if not _starting(tx, name, offered=0):
                tx.run("DELETE FROM stock_spellings WHERE name = ? AND kind = 'model'", (name,))
    return len(empty)


# Understanding a name


def understand_make(tx: Tx, written: str) -> Understood | None:
    """The make that is meant, or None when this stock has nothing of it."""
    key = make_key(written)
    exact = _of_make(tx, key)
    if exact or not key:
        return exact
    if key in KNOWN_NAMES or key in MAKE_ALIASES.values():
        return None
    for name in _close(tx, "make", key):
        near = _of_make(tx, name)
        if near:
            return Understood(lines=near.lines, shown=near.shown, corrected=True)
    return None


def _of_make(tx: Tx, key: str) -> Understood | None:
    rows = list(tx.rows("SELECT id, make FROM stock_lines WHERE make_key = ? AND vehicles > 0 ORDER BY id", (key,)))
    return Understood(lines=frozenset(row[0] for row in rows), shown=rows[0][1]) if rows else None


def understand_model(tx: Tx, written: str) -> Understood | None:
    """The model that is meant, or None when it is not in this stock.

    Tries the longest run of its words first: the very name, then one that sounds like it or is a letter or
    two off; words left over must be found in the vehicle's name ("onix premier").
    """
    parts = words(_DECIMAL.sub(r"\1p\2", written))[:8]
    for count in range(len(parts) - 1, 0, -1):
        if _of_make(tx, make_key("".join(parts[:count]))) or "".join(parts[:count]) in MAKE_ALIASES:
            parts = parts[count:] if not named(tx, "".join(parts)) else parts
            break
    for count in range(len(parts), 0, -1):
        name, rest = "".join(parts[:count]), tuple(part for part in parts[count:] if not _beside(part))
        found = named(tx, name) or near(tx, name, count)
        if found:
            return Understood(lines=found.lines, shown=found.shown, corrected=found.corrected, rest=rest)
    name = "".join(parts)
    return _continued(tx, name) or _inside(tx, name) or _of_make(tx, make_key(name))


def _beside(word: str) -> bool:
    """Whether a word after a model's name is no part of names: a year, a generation, "automatico"."""
    return (
        word in STOP_WORDS
        or facet_of(stem(word), "", "") is not None
        or bool(re.fullmatch(r"(19|20)\d\d|g\d|usad[oa]|nov[oa]|semi|seminov[oa]|completo", word))
    )


def named(tx: Tx, name: str) -> Understood | None:
    """The lines of exactly this squashed name: "corolla" is also "Corolla XEI 2.0", not "Corolla Cross"."""
    rows = _starting(tx, name)
    whole = [row for row in rows if row[2] == name]
    versions = [row for row in rows if row[2] != name and row[3] not in DISTINCT_SUFFIXES]
    chosen = whole + versions
    if chosen:
        shown = whole[0][1] if whole else _first_words(chosen[0][1], name)
        return Understood(lines=frozenset(row[0] for row in chosen), shown=shown)
    return None


def _first_words(model: str, name: str) -> str:
    """The beginning of a model's own spelling that squashes to `name`."""
    parts = model.split()
    return next(
        (" ".join(parts[:count]) for count in range(1, len(parts)) if squash(" ".join(parts[:count])) == name), model
    )


def _starting(tx: Tx, name: str, *, offered: int = 1) -> list[tuple[int, str, str, str]]:
    """(line, model, key, next word) of the lines whose first words are `name`, with at least `offered` vehicles."""
    found = []
    for line, model, key, spaced in tx.rows(
        "SELECT id, model, model_key, model_words FROM stock_lines"
        " WHERE model_key >= ? AND model_key < ? AND vehicles >= ? ORDER BY vehicles DESC LIMIT 400",
        (name, name + "~", offered),
    ):
        if key == name:
            found.append((line, model, key, ""))
            continue
        length = 0
        parts = spaced.split()
        for part, following in pairwise(parts):
            length += len(part)
            if length == len(name):
                found.append((line, model, key, following))
    return found


def near(tx: Tx, name: str, word_count: int = 1) -> Understood | None:
    """The lines of the name nearest to a misspelt one, if one is near enough and it is no other car's name."""
    if name in KNOWN_NAMES or name in MAKE_ALIASES or (word_count > 1 and len(name) < 6):
        return None
    for candidate in _close(tx, "model", name):
        found = named(tx, candidate)
        if found is None:  # the name begins only models that go by longer names
            rows = _starting(tx, candidate)
            if not rows:
                continue
            found = Understood(lines=frozenset(row[0] for row in rows), shown=rows[0][1])
        return Understood(lines=found.lines, shown=found.shown, corrected=True)
    return None


def _close(tx: Tx, kind: str, name: str) -> list[str]:
    """Names of the vocabulary within the tolerance, the nearest first."""
    heard = sound(name)
    if len(heard) < 3 or len(heard) > _NAME_LENGTH:
        return []
    keys = [heard, *sorted(_deletes(heard))] if len(heard) >= 4 else [heard]
    marks = ",".join("?" * len(keys))
    found = []
    for (candidate,) in tx.rows(
        f"SELECT DISTINCT name FROM stock_spellings WHERE key IN ({marks}) AND kind = ?",
        (*keys, kind),
    ):
        other = sound(candidate)
        if _digits(other) != _digits(heard):
            continue  # 208 is not 2008, Tiggo 5 is not Tiggo 7
        off = distance(heard, other)
        if off == 0 or (off <= _tolerance(kind, min(len(heard), len(other))) and heard[0] == other[0]):
            found.append((off, distance(name, candidate), candidate))
    return [candidate for _, _, candidate in sorted(found)]


def _continued(tx: Tx, name: str) -> Understood | None:
    """Models that go on where the name stops: "corolla" when there is only "Corolla Cross", "320" for "320i"."""
    rows = _starting(tx, name)
    if not rows and (len(name) >= 4 or (len(name) == 3 and name[-1].isdigit())) and name not in KNOWN_NAMES:
        rows = [
            (line, model, key, "")
            for line, model, key in tx.rows(
                "SELECT id, model, model_key FROM stock_lines WHERE model_key >= ? AND model_key < ?"
                " AND vehicles > 0 ORDER BY vehicles DESC LIMIT 40",
                (name, name + "~"),
            )
            if not (name[-1].isdigit() and key[len(name)].isdigit())
        ]
    if not rows:
        return None
    return Understood(lines=frozenset(row[0] for row in rows), shown=rows[0][1], corrected=True)


def _inside(tx: Tx, name: str) -> Understood | None:
    """Models with the word inside: "evoque" for "Range Rover Evoque"."""
    rows = _lines_by_key(
        tx, (row[0] for row in tx.rows("SELECT name FROM stock_spellings WHERE key = ? AND kind = 'word'", (name,)))
    )
    if not rows:
        return None
    return Understood(lines=frozenset(row[0] for row in rows), shown=rows[0][1], corrected=True)


def _lines_by_key(tx: Tx, keys: Iterable[str]) -> list[tuple[int, str]]:
    return [
        row
        for key in list(keys)
        for row in tx.rows("SELECT id, model FROM stock_lines WHERE model_key = ? AND vehicles > 0", (key,))
    ]
