"""Figures that others brought in: the customer's own words, the tenant's own words. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

from attrs import field, frozen

from daemon.desk.amounts import NEWEST_YEAR, OLDEST_YEAR, amounts, flat
from daemon.desk.catalogue.common_words import EVERYDAY_WORDS
from daemon.desk.catalogue.lexicon import distance
from daemon.desk.claims import claims, normalised
from daemon.desk.cues import COMMON, WORD, lines, sentences
from daemon.desk.naming import MAX_HEARD, compact, lexicon

_TOKEN: Final = re.compile(r"[a-z0-9]+")
_RUN: Final = 5
_SMALL: Final = re.compile(r"(?P<stem>.{2,}?)z?inh[oa]s?")
_COMMON: Final = frozenset(EVERYDAY_WORDS.split())
_DIGITS: Final = {
    "zero": "0", "um": "1", "dois": "2", "tres": "3", "quatro": "4", "cinco": "5", "seis": "6", "meia": "6",
    "sete": "7", "oito": "8", "nove": "9",
}  # fmt: skip
_UNITS: Final = r"(?:uma?|dois|duas|tres|quatro|cinco|seis|sete|oito|nove)"
_TENS: Final = r"(?:vinte|trinta|quarenta|cin[cq]u?o?enta|sessenta|setenta|oitenta|noventa)"
_TEENS: Final = r"(?:dezess?eis|dezess?ete|dezassete|dezoito|dezenove|dez|onze|doze|treze|quatorze|catorze|quinze)"
_HUNDREDS: Final = r"(?:cem|cento|(?:duz|trez|quatroc|quinh|seisc|setec|oitoc|novec)ent[oa]s)"
_BELOW: Final = rf"(?:{_TENS}(?:\s+e\s+{_UNITS})?|{_TEENS}|{_UNITS})"
_HUNDRED: Final = rf"(?:{_HUNDREDS}(?:\s+e\s+{_BELOW})?|{_BELOW})"
_WRITTEN: Final = re.compile(rf"\b(?:(?:{_HUNDRED}\s+|(?<!\d\s))mil(?:\s+(?:e\s+)?{_HUNDRED})?|{_HUNDRED})\b")
_SPELT: Final = re.compile(rf"\b(?:{'|'.join(_DIGITS)})(?:\s+(?:{'|'.join(_DIGITS)}))+\b")
_LETTERS: Final = {
    "be": "b", "ce": "c", "de": "d", "efe": "f", "ge": "g", "aga": "h", "jota": "j", "ca": "k", "ele": "l",
    "que": "q", "erre": "r", "esse": "s", "te": "t", "ve": "v", "dabliu": "w", "dablio": "w", "xis": "x", "chis": "x",
}  # fmt: skip
_SHORT: Final = re.compile(
    r"(?<![\d.,/])(?P<named>\b(?:anos?|modelo|mod\.?)\W{0,3})?'?(?P<first>\d{1,2})(?:\s?/\s?(?P<second>\d{2}))?"
    r"(?![\d/]|[.,]\d|\s*(?:mil|k|kms?|reais|x|vezes|parcelas?|meses|pila|contos?|paus?)\b|\s*%)"
)
_FULL: Final = re.compile(r"(?<![\d.,])(?:19|20)\d{2}(?![\d.,]\d)(?!\d)")
_YOUR: Final = re.compile(r"\b(?:seu|sua|teu|tua)\b(?!\s+(?:nov|proxim|futur))")
_BESIDE: Final = frozenset(
    {
        "carro", "carrinho", "moto", "veiculo", "usado", "ano", "anos", "modelo", "marca", "de", "do", "da", "com",
        "um", "uma", "o", "a", "e", "tem", "que", "km", "mil", "rodados",
    }
)  # fmt: skip


@frozen
class Own:
    """A figure of the tenant's own words, and the words around it."""

    kind: str
    value: int
    words: frozenset[str]


@lru_cache(maxsize=1024)
def own_figures(texts: tuple[str, ...]) -> tuple[Own, ...]:
    """The figures of a tenant's own words."""
    found: list[Own] = []
    for text in texts:
        for line in lines(normalised(text)):
            for sentence in sentences(line):
                plain = flat(sentence)
                words = frozenset(WORD.findall(plain)) - COMMON
                for claim in claims(sentence, plain):
                    found += [Own(claim.kind, value, words) for value in claim.values]
    return tuple(found)


@frozen
class Customer:
    """What one customer's own messages name, in any spelling, and the figures they hold in all their senses."""

    names: frozenset[str] = frozenset()  # compact words, runs of words, canonical makes and models
    misspelt: frozenset[str] = frozenset()  # words that may be a name spelt as nobody foresaw
    values: dict[str, frozenset[int]] = field(factory=lambda: customer_values(()))
    said: tuple[str, ...] = ()  # the messages, compact

    @classmethod
    def of(cls, words: Iterable[str]) -> "Customer":
        """Hear a conversation's messages; the first 2,000 characters of each."""
        heard = tuple(words)
        each = [_names_of(text) for text in heard]
        return cls(
            frozenset().union(*(names for names, _ in each)),
            frozenset().union(*(misspelt for _, misspelt in each)),
            customer_values(heard),
            tuple(compact(text[:MAX_HEARD]) for text in heard),
        )

    def named(self, *spoken: str) -> bool:
        """Whether the customer named this model or make under any of these names, however he spelt it."""
        return any(self._heard(name) for name in spoken)

    def _heard(self, name: str) -> bool:
        words = _TOKEN.findall(flat(name))
        key = "".join(words)
        if not key or key in self.names or any(_alike(key, word) for word in self.misspelt):
            return bool(key)
        return len(words) > 1 and all(self._heard(word) for word in words)

    def owns(self, before: str) -> bool:
        """Whether the (flat) words that lead to a figure speak of the customer's car in his own words: "seu
        golzinho ", "sua s10 cabine dupla com "."""
        start = max((match.end() for match in _YOUR.finditer(before)), default=None)
        if start is None or len(before) - start > 60:
            return False
        words = _TOKEN.findall(before[start:])
        return bool(words) and all(
            word in _BESIDE or word.isdigit() or word in self.names or self.named(word) for word in words
        )

    def wrote(self, words: str) -> bool:
        """Whether the customer wrote these very words one after the other."""
        key = compact(words)
        return bool(key) and any(key in text for text in self.said)


def customer_names(words: Iterable[str]) -> frozenset[str]:
    """The compact canonical models (and makes) that customers named, in any spelling, and their own words."""
    return frozenset().union(*(_names_of(text)[0] for text in words))


def customer_values(words: Iterable[str]) -> dict[str, frozenset[int]]:
    """Every figure customers wrote, as a price, a year, a mileage: short ones in all their senses."""
    each = [_values_of(text) for text in words]
    kinds = ("price", "year", "mileage")
    return {kind: frozenset().union(*(one[i] for one in each)) for i, kind in enumerate(kinds)}


@lru_cache(maxsize=4096)
def _names_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of one message, and the words that may be misspelt names."""
    book = lexicon()
    named: set[str] = set()
    plain = flat(text[:MAX_HEARD])
    written = _TOKEN.findall(plain)
    figured = _TOKEN.findall(in_figures(plain))
    lettered = [_LETTERS.get(token, token) for token in figured]
    for tokens in (written, figured, lettered):
        for index in range(len(tokens)):
            key = ""
            for token in tokens[index : index + _RUN]:
                key += token
                name = book.spellings.get(key)
                if name is not None:
                    named.add(compact(name.model or name.make))
                named.add(key)
    single = {token for token in (*written, *figured) if len(token) >= 4}
    paired = {a + b for a, b in pairwise(written) if len(a) <= 5 and len(a + b) >= 4}
    misspelt = {
        word for word in single | paired if word not in _COMMON and word not in book.spellings and not word.isdigit()
    }
    return frozenset(named), frozenset(misspelt)


def _alike(key: str, word: str) -> bool:
    """Whether a word is a name misspelt, or its pet form: "celtinha", "golzinho", "corollinha", "Montnaa"."""
    if len(key) < 2 or key[0] != word[0]:
        return False
    small = _SMALL.fullmatch(word)
    if small is not None:
        stem = small["stem"]
        if key.startswith(stem) and len(key) - len(stem) <= 2:
            return True
        if len(stem) >= 4 and distance(key[: len(stem)], stem, 1) <= 1 and abs(len(key) - len(stem)) <= 2:
            return True
    if len(key) < 4 or not key.isalpha():
        return False
    allowed = 1 if len(key) < 8 else 2
    return distance(key, word, allowed) <= allowed


def in_figures(plain: str) -> str:
    """A (flat) text with its written numbers in figures: "s dez dois mil e doze" → "s 10 2012"; digits that are
    read one by one are joined: "dois zero oito" → "208"."""
    plain = _SPELT.sub(lambda match: "".join(_DIGITS[word] for word in match.group().split()), plain)
    return _WRITTEN.sub(_figures, plain)


def _figures(match: re.Match[str]) -> str:
    read = amounts(f"{match.group()} reais")
    if len(read) != 1 or read[0].kind != "money" or read[0].start:
        return match.group()
    return str(read[0].value // 100)


@lru_cache(maxsize=4096)
def _values_of(text: str) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """The prices, years and mileages that one message may have meant."""
    prices: set[int] = set()
    kms: set[int] = set()
    clean = normalised(text[:MAX_HEARD])
    plain = flat(clean)
    years = _years_of(plain)
    for amount in amounts(clean):
        if amount.kind == "money":
            prices.add(amount.value)
            kms.add(amount.value // 100)
        elif amount.kind == "km":
            kms.add(amount.value)
        elif amount.kind == "year":
            years.add(amount.value)
        else:
            prices |= {amount.value * 100, amount.value * 100_000}
            kms |= {amount.value, amount.value * 1000}
    for claim in claims(clean, plain):
        target = prices if claim.kind == "price" else years if claim.kind == "year" else kms
        target.update(claim.values)
    return frozenset(prices), frozenset(years), frozenset(kms)


def _years_of(plain: str) -> set[int]:
    """The years a (flat) text may mean: "2013", "13/14", "ano doze", "dois mil e treze"."""
    figured = in_figures(plain)
    years = {int(match.group()) for match in _FULL.finditer(figured)}
    for match in _SHORT.finditer(figured):
        first, second = match["first"], match["second"]
        if len(first) < 2 and not match["named"] and not second:
            continue
        years.add(_century(int(first)))
        if second:
            years.add(_century(int(second)))
    return {year for year in years if OLDEST_YEAR <= year <= NEWEST_YEAR}


def _century(two: int) -> int:
    return two + (2000 if two <= NEWEST_YEAR - 2000 else 1900)
