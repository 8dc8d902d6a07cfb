"""Finding makes and models in what customers write, misspelt or not. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from attrs import frozen

from daemon.desk.amounts import flat
from daemon.desk.catalogue.common_words import EVERYDAY_WORDS
from daemon.desk.catalogue.models import CLASSES, EVERYDAY, MAKE_SPELLINGS, TABLE
from shards.tenant.vehicle import StockSummary
from shards.text import fold


@frozen
class Known:
    """A model of the market or of the stock; `model` is "" for a make alone."""

    make: str
    model: str
    body: str = ""


@frozen
class Mention:
    """A make or model in a text; `exact` is False where spelling was corrected."""

    known: Known
    start: int
    end: int
    said: str
    exact: bool = True
    in_stock: bool = False


_WORD: Final = re.compile(r"[a-z0-9]+")
_PICK_UP: Final = re.compile(r"pick[\s-]?ups?")
_OPENERS: Final = frozenset(
    [
        "tem",
        "teria",
        "tens",
        "um",
        "uma",
        "o",
        "do",
        "no",
        "quero",
        "queria",
        "procuro",
        "procurando",
        "vende",
        "vendem",
        "sobre",
        "desse",
        "nesse",
        "esse",
        "ou",
        "pelo",
        "interesse",
        "meu",
        "ver",
        "outro",
        "vi",
        "the",
    ]
)
_BEFORE_NAMES: Final = _OPENERS | {
    "a", "da", "na", "de", "em", "e", "algum", "alguma", "pela", "essa", "dessa", "nessa", "quanto", "custa", "valor",
    "preco", "minha", "seu", "dum", "num", "vejo", "gostei", "comprar", "novo", "nova", "carro", "modelo", "ta", "qual",
    "sao", "tenho", "troco", "vendo", "tiver", "jipe", "suv", "sedan", "hatch", "picape",
}  # fmt: skip
_NEED_MAKE: Final = frozenset(
    ["tipo", "bravo", "premio", "one", "is", "tan", "han", "rio", "capture", "estilo", "ronda", "mb", "hr",
    "2008", "500", "147", "soul", "master", "expert", "partner", "edge", "pop", "onda", "land", "bm", "greta",
    "tera", "ora", "eco", "centra", "reno", "citron", "quid", "palho", "kick", "king", "civico", "acord", "a20",
    "cobalto"]
)  # fmt: skip
_NOT_AFTER_LETTER: Final = frozenset(
    ["portas", "porta", "p", "mil", "k", "x", "vezes", "anos", "lugares", "fotos", "h", "horas", "pessoas", "dias"]
)  # fmt: skip
_PEUGEOT_TRIMS: Final = frozenset(["griffe", "allure", "active", "style", "feline", "skywalker", "crossway"])
_COMMON: Final = frozenset(EVERYDAY_WORDS.split())


def squash(text: str) -> str:
    """Without spaces, hyphens, accents and case: "T-Cross" → "tcross"."""
    return "".join(_WORD.findall(text.lower() if text.isascii() else fold(text)))


@cache
def _market() -> tuple[Mapping[str, Known], Mapping[str, Known]]:
    """Spelling → model and spelling → make, of the whole market."""
    models: dict[str, Known] = {}
    make = ""
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            make = line.strip()
            continue
        body, _, names = line.strip().partition(":")
        for entry in names.split(" | "):
            name, _, others = entry.strip().partition("=")
            known = Known(make, name, body)
            models[squash(name)] = known
            for other in others.split(","):
                if squash(other):
                    models.setdefault(squash(other), known)
    makes = {
        squash(spelling): Known(name, "")
        for name, spellings in MAKE_SPELLINGS.items()
        for spelling in spellings.split(",")
    }
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            makes.setdefault(squash(line), Known(line.strip(), ""))
    return models, makes


@cache
def known_models() -> tuple[Known, ...]:
    """Every model of the market, once."""
    return tuple(dict.fromkeys(_market()[0].values()))


@cache
def peers(model: str) -> tuple[str, ...]:
    """The other models of its class: what a customer of one would also look at."""
    names = [line.strip().split(" | ") for line in CLASSES.strip().splitlines()]
    return tuple(one for line in names if model in line for one in line if one != model)


def with_make(model: str) -> str:
    """A model that would read as a year or a sum with its make before it: "2008" → "Peugeot 2008"."""
    known = _market()[0].get(squash(model)) if model.isdigit() else None
    return f"{known.make} {model}" if known else model


def is_model(name: str) -> bool:
    """Whether a squashed name is a model of the market."""
    return name in _market()[0]


def make_of(name: str) -> str:
    """A make under its usual name, squashed: "VW", "GM" → "volkswagen", "chevrolet"."""
    key = squash(name)
    known = _market()[1].get(key)
    return squash(known.make) if known else key


@cache
def _market_index() -> Mapping[tuple[str, int], tuple[str, ...]]:
    """The market's names by first letter and length, for misspelt ones."""
    return _index(squash(known.model) for known in known_models())


def _index(names: Iterable[str]) -> dict[tuple[str, int], tuple[str, ...]]:
    index: dict[tuple[str, int], tuple[str, ...]] = {}
    for name in dict.fromkeys(names):
        if name.isalpha() and len(name) >= 4 and name not in EVERYDAY:
            place = (name[0], len(name))
            index[place] = (*index.get(place, ()), name)
    return index


class Lexicon:
    """The market's names and, laid over them, those of one tenant's stock."""

    def __init__(self, summary: StockSummary) -> None:
        market, makes = _market()
        self._market, self._market_makes = market, makes
        self._renamed: dict[Known, Known] = {}  # the market's model → as the stock writes it
        self._own: dict[str, Known] = {}  # models and makes that the market does not know
        self._own_makes: dict[str, Known] = {}
        stocked: set[Known] = set()
        for line in summary.lines:
            key, make_key = squash(line.model), squash(line.make)
            if make_key and make_key not in makes:
                self._own_makes[make_key] = Known(line.make, "")
            if not key:
                continue
            before = market.get(key)
            body = line.bodies[0] if line.bodies else (before.body if before else "")
            known = Known(line.make, line.model, body)
            if before is not None and before not in self._renamed:
                self._renamed[before] = known
            elif before is None:
                self._own[key] = known
            stocked.add(known)
        self._stocked = frozenset(stocked)
        self._own_index = _index(self._own)

    def in_stock(self, known: Known) -> bool:
        """Whether the stock has (or had, when it was summed up) this model."""
        return known in self._stocked

    def model(self, text: str) -> Known | None:
        """The model of this very spelling."""
        return self._model(squash(text))

    def _model(self, key: str) -> Known | None:
        known = self._own.get(key) or self._market.get(key)
        return self._renamed.get(known, known) if known is not None else None

    def _make(self, key: str) -> Known | None:
        return self._own_makes.get(key) or self._market_makes.get(key)

    def find(self, text: str) -> list[Mention]:
        """All makes and models of a text, in order, without overlaps."""
        plain = _PICK_UP.sub(lambda match: "\0" * len(match.group()), flat(text))
        tokens = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(plain)]
        found: list[Mention] = []
        i = 0
        while i < len(tokens):
            mention, used = self._at(plain, tokens, i, found)
            if mention is not None:
                found.append(mention)
            i += used
        return found

    def _at(
        self, plain: str, tokens: list[tuple[str, int, int]], i: int, found: list[Mention]
    ) -> tuple[Mention | None, int]:
        before = found[-1] if found and _adjacent(plain, found[-1].end, tokens[i][1]) else None
        for count, key, start, end in _joined(plain, tokens, i):
            model = self._model(key) or (self._model(key[:-1]) if _plural(key) else None)
            if model is not None and self._meant(key, model, plain, tokens, i, count, before):
                return Mention(model, start, end, plain[start:end], in_stock=self.in_stock(model)), count
            make = self._make(key) or (self._make(key[:-1]) if count == 1 and _plural(key) else None)
            if make is not None and (key not in EVERYDAY or self._opened(tokens, i)):
                return Mention(make, start, end, plain[start:end]), count
        word, start, end = tokens[i]
        near = self._small(word) or (self._near(word) if self._near_fits(tokens, i) else None)
        if near is not None:
            return Mention(near, start, end, word, exact=False, in_stock=self.in_stock(near)), 1
        return None, 1

    def _opened(self, tokens: list[tuple[str, int, int]], i: int) -> bool:
        if tokens[i][0] in _NEED_MAKE:
            return False
        return len(tokens) <= 2 or (i > 0 and tokens[i - 1][0] in _OPENERS)

    def _meant(
        self,
        key: str,
        model: Known,
        plain: str,
        tokens: list[tuple[str, int, int]],
        i: int,
        count: int,
        before: Mention | None,
    ) -> bool:
        if before is not None and squash(before.known.make) == squash(model.make):
            return True
        after = tokens[i + count][0] if i + count < len(tokens) else ""
        if count > 1 and len(tokens[i][0]) == 1 and tokens[i][2] != tokens[i + 1][1]:
            # "c 4 pneus", "a 3 mil": a lone letter is mostly a word of its own
            opened = i == 0 or tokens[i - 1][0] in _BEFORE_NAMES
            hyphened = plain[tokens[i][2] : tokens[i + 1][1]] == "-"
            if tokens[i][0] in "aeo" and not hyphened:
                return False
            if after in _NOT_AFTER_LETTER or not (opened or hyphened):
                return False
        if count == 1 and key.isdigit() and after in _NOT_AFTER_LETTER | {"km", "reais", "cv", "cc"}:
            return False
        if key.isdigit() and len(key) in {3, 4} and after in _PEUGEOT_TRIMS and self.in_stock(model):
            return True
        if count == 1 and key in EVERYDAY:
            first = i == 0 and key.isdigit() and self.in_stock(model) and key not in _NEED_MAKE
            return first or self._opened(tokens, i)
        return True

    def _near_fits(self, tokens: list[tuple[str, int, int]], i: int) -> bool:
        """Whether a short word may be a misspelt name here: after "tem", "um", a make …, or almost alone."""
        return (
            len(tokens[i][0]) >= 7
            or len(tokens) <= 3
            or tokens[i - 1][0] in _BEFORE_NAMES
            or (self._make(tokens[i - 1][0]) is not None)
        )

    def _small(self, word: str) -> Known | None:
        """Pet names: "golzinho", "celtinha"."""
        for ending in ("zinho", "zinha", "zao", "inho", "inha"):
            if len(word) >= len(ending) + 3 and word.endswith(ending):
                stem = word[: -len(ending)]
                for key in (stem, stem + "a", stem + "o", stem + "e"):
                    known = self._model(key)
                    if known is not None and (key not in EVERYDAY or key in {"up"}):
                        return known
        return None

    def _near(self, word: str) -> Known | None:
        """The one model a misspelt word is closest to, or None."""
        if len(word) < 5 or not word.isalpha() or word in _COMMON or word in EVERYDAY:
            return None
        if word.endswith("s") and word[:-1] in _COMMON:
            return None
        allowed = 1 if len(word) < 8 else 2
        best: tuple[int, str] | None = None
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            for spelling in (*_market_index().get((word[0], length), ()), *self._own_index.get((word[0], length), ())):
                if len(spelling) < 5 and length != len(word) - 1:
                    continue
                away = distance(word, spelling, allowed)
                if away <= allowed and (best is None or away < best[0]):
                    best = away, spelling
        return self._model(best[1]) if best else None


def _adjacent(plain: str, end: int, start: int) -> bool:
    return not plain[end:start].strip(" -/")


def _plural(key: str) -> bool:
    return len(key) >= 5 and key.endswith("s") and key not in EVERYDAY


def _joined(plain: str, tokens: list[tuple[str, int, int]], i: int) -> Iterator[tuple[int, str, int, int]]:
    """Squashed runs of words from token `i`, longest first; a run does not cross punctuation."""
    stop = i + 1
    while stop < len(tokens) and stop - i < 4 and _adjacent(plain, tokens[stop - 1][2], tokens[stop][1]):
        stop += 1
    for j in range(stop, i, -1):
        yield j - i, "".join(word for word, _, _ in tokens[i:j]), tokens[i][1], tokens[j - 1][2]


def distance(one: str, two: str, limit: int) -> int:
    """Edits between two words (a swap of neighbours is one), or `limit` + 1 when there are more."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    older: list[int] = []
    previous = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(two, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        older, previous = previous, current
    return previous[-1]
