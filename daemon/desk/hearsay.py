"""Figures that others brought in: the customer's own words, the tenant's own words. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from attrs import frozen

from daemon.desk.amounts import amounts, flat
from daemon.desk.claims import claims, normalised
from daemon.desk.cues import COMMON, WORD, lines, sentences
from daemon.desk.naming import MAX_HEARD


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


def customer_values(words: Iterable[str]) -> dict[str, frozenset[int]]:
    """Every figure customers wrote, as a price, a year, a mileage: short ones in all their senses."""
    each = [_values_of(text) for text in words]
    kinds = ("price", "year", "mileage")
    return {kind: frozenset().union(*(one[i] for one in each)) for i, kind in enumerate(kinds)}


@lru_cache(maxsize=4096)
def _values_of(text: str) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """The prices, years and mileages that one message may have meant."""
    prices: set[int] = set()
    years: set[int] = set()
    kms: set[int] = set()
    clean = normalised(text[:MAX_HEARD])
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
            if amount.value < 100:
                years.add(amount.value + (2000 if amount.value <= 35 else 1900))
    for claim in claims(clean, flat(clean)):
        target = prices if claim.kind == "price" else years if claim.kind == "year" else kms
        target.update(claim.values)
    return frozenset(prices), frozenset(years), frozenset(kms)
