"""Which vehicles a text names: those it may name, and makes and models of the market it may not. Pure."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from attrs import field, frozen

from daemon.desk.amounts import flat
from daemon.desk.catalogue.models import EVERYDAY, MAKE_SPELLINGS, TABLE
from shards.tenant.vehicle import StockLine, StockSummary, Vehicle

_TOKEN: Final = re.compile(r"[a-z0-9]+")
TELLING: Final = re.compile(r"(?<![\d.,])\d\.\d(?![\d.])|\b[a-z0-9]*[a-z][a-z0-9]*\b")
"""Words and engine sizes, which tell versions apart; other numbers do not."""

_FOLLOWING: Final = re.compile(r"[ ,]{1,2}([a-z0-9.]+)")
_UNIT: Final = re.compile(r"\s*(?:km|mil\b|reais|fotos|opc|carros|unidades|x\b|,\d|\.\d|/|%)")
_APART: Final = re.compile(r"[,;:\n•|]|\s(?:e|ou|nem|mas|tambem)\s|[.!?]\s")
_VERSION: Final = re.compile(r"\bversao (?:e |:)?(?:\S+ ){0,2}$")
_GAP: Final = re.compile(r"[ \-./+'!]{0,2}")
_LONGEST: Final = 5

MAX_HEARD: Final = 2_000
"""Characters of a customer's message that are heard; models are shown no more."""

_ARTICLE: Final = re.compile(
    r"(?:\b(?:o|a|um|uma|do|da|no|na|ao|pelo|esse|este|desse|deste|nesse|neste|seu|meu|nosso|outro)|^|\n)\W*$"
)
_CHOICE: Final = re.compile(r"\b(?:opc\w+|ess[ae]s) de $")
_SHORT_MAKES: Final = frozenset({"vw", "volks", "gm", "chevy", "mercedes", "chery", "caoa"})
_PLAIN_WORDS: Final = frozenset({"mini", "smart", "ram", "land", "cherry", "reno", "bid", "jipe"})


@frozen
class Name:
    """An entry of the lexicon; `model` is "" for a make alone."""

    make: str
    model: str


@frozen
class Mention:
    """A place where a text names a make or model. `vehicles` are those of the sources it may mean, `lines`
    those of the stock summary; without either it is `foreign`."""

    start: int
    end: int
    said: str
    name: str
    make_only: bool
    vehicles: tuple[Vehicle, ...] = ()
    lines: tuple[StockLine, ...] = ()

    @property
    def foreign(self) -> bool:
        return not self.vehicles and not self.lines


def compact(text: str) -> str:
    """A name as it is compared: "T-Cross" → "tcross"."""
    return "".join(_TOKEN.findall(flat(text)))


@frozen
class Lexicon:
    """Makes and models of the market by compact name: `names` as they are written, `spellings` as customers
    write them too."""

    names: Mapping[str, Name]
    spellings: Mapping[str, Name]
    everyday: frozenset[str]

    def spellings_of(self, model: str) -> tuple[str, ...]:
        """The unmistakable spellings of a canonical model name."""
        return tuple(key for key, name in self.spellings.items() if name.model == model and key not in self.everyday)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon of the catalogue, read once."""
    names: dict[str, Name] = {}
    spellings: dict[str, Name] = {}
    make = ""
    for line in TABLE.splitlines():
        if line and not line.startswith(" "):
            make = line.strip()
        elif line.strip():
            for entry in line.partition(":")[2].split("|"):
                canonical, _, others = entry.strip().partition("=")
                name = Name(make, canonical)
                names.setdefault(compact(canonical), name)
                for spelling in (canonical, *others.split(",")):
                    if compact(spelling):
                        spellings.setdefault(compact(spelling), name)
    for make, said in MAKE_SPELLINGS.items():
        for spelling in (make, *said.split(",")):
            key = compact(spelling)
            spellings.setdefault(key, Name(make, ""))
            if key == compact(make) or key in _SHORT_MAKES:
                names.setdefault(key, Name(make, ""))
    return Lexicon(names, spellings, frozenset(map(compact, EVERYDAY)) | _PLAIN_WORDS)


def make_of(text: str) -> str:
    """A make in its canonical spelling: "VW" → "Volkswagen"; as given when it is not in the lexicon."""
    name = lexicon().spellings.get(compact(text))
    return name.make if name and not name.model else text


@lru_cache(maxsize=1024)
def _make_key(text: str) -> str:
    """A make as makes are compared, in whatever spelling it came."""
    return compact(make_of(text))


@frozen
class Register:
    """The names of one text's sources, ready to be found in it."""

    vehicles: Mapping[str, tuple[Vehicle, ...]]
    lines: Mapping[str, tuple[StockLine, ...]]
    makes: Mapping[str, tuple[Vehicle, ...]]
    make_lines: Mapping[str, tuple[StockLine, ...]]
    words: Mapping[str, frozenset[str]] = field(factory=dict)  # vehicle id → folded words of all it is called

    def has(self, key: str) -> bool:
        """Whether these letters are a name here or in the lexicon."""
        return key in self.vehicles or key in self.lines or key in self.makes or key in lexicon().names

    @classmethod
    def of(cls, vehicles: Iterable[Vehicle], summary: StockSummary) -> "Register":
        by_name: dict[str, list[Vehicle]] = {}
        by_make: dict[str, list[Vehicle]] = {}
        words: dict[str, frozenset[str]] = {}
        for vehicle in vehicles:
            for key in _keys(vehicle.make, vehicle.model, vehicle.version):
                by_name.setdefault(key, []).append(vehicle)
            by_make.setdefault(_make_key(vehicle.make), []).append(vehicle)
            words[vehicle.id] = called(vehicle)
        lines: dict[str, list[StockLine]] = {}
        make_lines: dict[str, list[StockLine]] = {}
        for line in summary.lines:
            for key in _keys(line.make, line.model, ""):
                lines.setdefault(key, []).append(line)
            make_lines.setdefault(_make_key(line.make), []).append(line)
        return cls(
            {key: tuple(found) for key, found in by_name.items()},
            {key: tuple(found) for key, found in lines.items()},
            {key: tuple(found) for key, found in by_make.items()},
            {key: tuple(found) for key, found in make_lines.items()},
            words,
        )


def called(vehicle: Vehicle) -> frozenset[str]:
    """The folded words of a vehicle's model, version, options and colour."""
    return _called((vehicle.model, vehicle.version, vehicle.color, *vehicle.options))


@lru_cache(maxsize=4096)
def _called(texts: tuple[str, ...]) -> frozenset[str]:
    plain = flat(" ".join(texts))
    return frozenset((*_TOKEN.findall(plain), *TELLING.findall(plain)))


@lru_cache(maxsize=4096)
def _keys(make: str, model: str, version: str) -> tuple[str, ...]:
    """The compact names a vehicle goes by: its model, and market names at the start of model and version."""
    tokens = _TOKEN.findall(flat(model))
    longer = [*tokens, *_TOKEN.findall(flat(version))]
    if tokens and _make_key(tokens[0]) == _make_key(make) and len(tokens) > 1:
        tokens, longer = tokens[1:], longer[1:]
    keys = {"".join(tokens)}
    book = lexicon()
    for count in range(1, min(len(longer), _LONGEST) + 1):
        key = "".join(longer[:count])
        name = book.names.get(key)
        if name and name.model and compact(name.make) == _make_key(make):
            keys.add(key)
    whole = compact(make) + "".join(tokens)  # make "Ram", model "1500": the market calls it "RAM 1500"
    if tokens and whole in book.names:
        keys.add(whole)
    if keys == {"".join(tokens)} and len(tokens) > 1 and len(tokens[0]) > 2 and not tokens[0].isdigit():
        keys.add(tokens[0])
    for key in tuple(keys):
        name = book.names.get(key)
        if name and name.model:
            keys.update(book.spellings_of(name.model))
    return tuple(key for key in keys if key)


def find(text: str, plain: str, register: Register) -> list[Mention]:
    """The mentions of `text` in order; `plain` is its `flat` form. A make right before a model joins it."""
    tokens = list(_TOKEN.finditer(plain))
    runs = _runs(plain, tokens)
    found: list[Mention] = []
    index = 0
    while index < len(tokens):
        mention, used = _at(text, plain, tokens[index : index + runs[index]], register, found)
        if mention is None:
            index += 1
            continue
        before = found[-1] if found else None
        joins = before and before.make_only and _GAP.fullmatch(plain[before.end : mention.start])
        if joins and before is not None and not mention.make_only:
            found[-1] = _joined(text, before, mention)
        else:
            found.append(mention)
        index += used
    return found


def _runs(plain: str, tokens: list[re.Match[str]]) -> list[int]:
    """How many tokens from each one on may make one name: no more than a gap stands between them."""
    runs = [1] * len(tokens)
    for index in range(len(tokens) - 2, -1, -1):
        if _GAP.fullmatch(plain, tokens[index].end(), tokens[index + 1].start()):
            runs[index] = min(_LONGEST, runs[index + 1] + 1)
    return runs


def _joined(text: str, make: Mention, model: Mention) -> Mention:
    canonical = compact(make.name)
    vehicles = tuple(v for v in model.vehicles if _make_key(v.make) == canonical)
    lines = tuple(line for line in model.lines if _make_key(line.make) == canonical)
    said = text[make.start : model.end]
    return Mention(make.start, model.end, said, model.name, False, vehicles, lines)


def _at(
    text: str, plain: str, tokens: list[re.Match[str]], register: Register, found: list[Mention]
) -> tuple[Mention | None, int]:
    """The longest name that begins with the first of these tokens, and how many of them it takes."""
    key = ""
    names: list[tuple[int, str]] = []  # few: most words begin none, and this is asked at every word
    for count, token in enumerate(tokens, 1):
        key += token.group()
        if register.has(key):
            names.append((count, key))
    for count, key in reversed(names):
        mention = _named(text, plain, tokens[:count], key, register, found)
        if mention is not None:
            return mention, count
    return None, 0


def _named(
    text: str,
    plain: str,
    run: list[re.Match[str]],
    key: str,
    register: Register,
    found: list[Mention],
) -> Mention | None:
    vehicles, lines = register.vehicles.get(key, ()), register.lines.get(key, ())
    known = lexicon().names.get(key)
    ours = bool(vehicles or lines)
    start, end = run[0].start(), run[-1].end()
    own_make = known is not None and not known.model and compact(known.make) in register.makes
    if len(run) > 1 and len(run[0].group()) == 1 and run[0].group() in "aeo" and " " in plain[start:end]:
        return None  # "a 3 km", "e 250 mil"
    last = found[-1] if found else None
    after_make = last is not None and last.make_only and _GAP.fullmatch(plain[last.end : start]) is not None
    if not after_make and not _stands_out(text, plain, start, end, key, vehicles, ours or own_make):
        return None
    if last is not None and not last.make_only and _of_version(plain[last.end : start], run, last, register):
        return None
    make_only = not ours and (known is None or not known.model)
    if make_only:
        name = known.make if known else key
        canon = compact(name)
        return Mention(
            start,
            end,
            text[start:end],
            name,
            True,
            register.makes.get(canon, ()) or register.makes.get(key, ()),
            register.make_lines.get(canon, ()),
        )
    if not ours and len(run) > 1 and _shorter_is_ours(run, register):
        return None
    name = known.model if known else text[start:end]
    return Mention(start, end, text[start:end], name, False, vehicles, lines)


def _of_version(between: str, run: list[re.Match[str]], last: Mention, register: Register) -> bool:
    """Whether these words belong to the version of the vehicle named before: "Saveiro Cross", "Creta Pulse"."""
    if _APART.search(between) and not _VERSION.search(between):
        return False
    return any(all(token.group() in register.words[vehicle.id] for token in run) for vehicle in last.vehicles)


def _shorter_is_ours(run: list[re.Match[str]], register: Register) -> bool:
    """Whether "Onix Plus" is an Onix of the sources whose version says Plus."""
    for count in range(len(run) - 1, 0, -1):
        rest = {token.group() for token in run[count:]}
        for vehicle in register.vehicles.get("".join(token.group() for token in run[:count]), ()):
            if rest <= register.words[vehicle.id]:
                return True
    return False


def _is_name(rest: str, key: str, vehicles: Iterable[Vehicle]) -> bool:
    """Whether a number is a model's name, by what follows it: a year needs a word of the version, "2008 Griffe"."""
    if 1950 <= int(key) <= 2035:
        following = _FOLLOWING.match(rest)
        return following is not None and any(following.group(1) in called(vehicle) for vehicle in vehicles)
    return _UNIT.match(rest) is None


def _stands_out(
    text: str, plain: str, start: int, end: int, key: str, vehicles: tuple[Vehicle, ...], ours: bool
) -> bool:
    """Whether these letters are a name here, not an everyday word or a number."""
    if key.isdigit():
        before = plain[max(0, start - 20) : start]
        if not vehicles:
            return False
        if _CHOICE.search(before) and plain[end : end + 1] == ":":
            return True
        return _ARTICLE.search(before) is not None and _is_name(plain[end:], key, vehicles)
    book = lexicon()
    capital = text[start].isupper() or any(char.isdigit() for char in key)
    if key in book.everyday:
        return capital and (ours or len(key) > 3) and (ours or not _sentence_start(plain, start))
    return ours or capital


def _sentence_start(plain: str, start: int) -> bool:
    return re.search(r"(?:^|[.!?\n:•-])\W*$", plain[max(0, start - 20) : start]) is not None
