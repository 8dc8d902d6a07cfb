"""Searching what is offered: filters on small covering indexes, words on FTS5, pages by key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import define, field, frozen

from shards.errors import Invalid
from shards.shard import Tx
from shards.tenant import stock_codes as codes
from shards.tenant.stock_names import Understood, understand_make, understand_model
from shards.tenant.stock_rows import by_numbers
from shards.tenant.stock_text import TextMeaning, read_text
from shards.tenant.stock_words import color_family, facet_of, meaningful, tokens
from shards.tenant.vehicle import StockPage, StockQuery

COUNT_CAP: Final = 1_000
MAX_LIMIT: Final = 100
_HUGE: Final = 2**62
"""Larger than anything stored, and SQLite still takes it."""
_PROBES: Final = 60
"""So few filtered vehicles are each asked for the text (15 to 30 µs); more are compared with all its matches."""
_FREQUENT: Final = 8_000
"""Matches of a text from which on a walk in order meets one soon, so that it asks row by row."""
_DENSE: Final = 5
"""At least every so many-th vehicle has the text: then nothing need be counted."""
_MATCHES: Final = "SELECT rowid FROM stock_text WHERE stock_text MATCH ?"

# sort → (column, descending, index to walk, condition that tells the known values)
_SORTS: Final = {
    "relevance": ("merit", True, "stock_offers_by_merit"),
    "-year": ("merit", True, "stock_offers_by_merit"),
    "year": ("year", False, "stock_offers_by_year"),
    "price": ("asking", False, "stock_offers_by_price"),
    "-price": ("asking", True, "stock_offers_by_price"),
    "mileage": ("mileage", False, "stock_offers_by_mileage"),
    "updated": ("updated", True, "stock_offers_by_update"),
}
SORTS: Final = tuple(_SORTS)

Key = tuple[Any, int]  # (value of the sort column or None, vehicle number)


@define
class _Filter:
    """Conditions on `stock_offers o`, all of which must hold."""

    parts: list[str] = field(factory=list)
    values: list[Any] = field(factory=list)

    def add(self, part: str, *values: Any) -> None:
        self.parts.append(part)
        self.values.extend(values)

    def among(self, column: str, numbers: Iterable[int]) -> None:
        self.parts.append(f"o.{column} IN ({','.join(str(int(number)) for number in sorted(numbers))})")

    def code(self, column: str, table: Mapping[str, int], wanted: Iterable[str]) -> None:
        self.among(column, {table[word] for word in wanted if word in table} or {-1})

    @property
    def sql(self) -> str:
        return "".join(f" AND {part}" for part in self.parts)


@frozen
class _Plan:
    """A query understood: nothing matches when `nothing`."""

    where: _Filter  # without the status
    statuses: tuple[int, ...]
    match: str  # FTS5 expression, "" for none
    index: str  # index of the filters, "" when any will do
    corrected: tuple[tuple[str, str], ...]
    nothing: bool = False


def search(tx: Tx, query: StockQuery) -> StockPage:
    """One page of what matches. Raises `Invalid` for an unknown sort or a cursor that is none.

    Names may be misspelt (`corrected` tells what they were taken for); a make or model that is not in stock
    gives no items. A vehicle without a price, year or mileage never satisfies a limit on it and sorts last.
    """
    if query.sort not in _SORTS:
        raise Invalid(f"there is no order {query.sort!r}", f"use one of {', '.join(SORTS)}", path="sort")
    after = _parse_cursor(query.after)
    limit = max(1, min(query.limit, MAX_LIMIT))
    plan = _understand(tx, query)
    if plan.nothing:
        return StockPage(items=(), total=0, corrected=plan.corrected)
    total, keys = _find(tx, plan, query.sort, after, limit + 1)
    following = None
    if len(keys) > limit:
        keys = keys[:limit]
        following = _cursor(keys[-1])
    items = by_numbers(tx, [number for _, number in keys])
    return StockPage(items=tuple(items), total=min(total, COUNT_CAP), next=following, corrected=plan.corrected)


# Understanding


def _understand(tx: Tx, query: StockQuery) -> _Plan:
    where = _Filter()
    corrected: list[tuple[str, str]] = []
    lines, rests, nothing = _lines(tx, query, corrected)
    text = read_text(tx, query.text) if query.text.strip() else TextMeaning()
    corrected.extend(text.corrected)
    if text.lines is not None:
        lines = text.lines if lines is None else lines & text.lines
        nothing = nothing or not lines
    terms = [*(f"{{name}} : {_quoted(term)}" for term in _name_terms(query.version)), *map(_quoted, text.terms)]
    if rests and lines is not None:
        terms.append("(" + " OR ".join(rests) + ")")
    if lines is not None:
        where.among("line", lines or {-1})
    bodies = _both(query.bodies, text.bodies)
    transmissions = _both(query.transmissions, text.transmissions)
    fuels = _both(query.fuels, text.fuels)
    for column, table, wanted in (
        ("body", codes.BODY, bodies),
        ("transmission", codes.TRANSMISSION, transmissions),
        ("fuel", codes.FUEL, fuels),
    ):
        if wanted:
            where.code(column, table, wanted)
    _colors(where, terms, (*query.colors, *text.colors))
    _ranges(where, query, text)
    _exclude(tx, where, query.exclude)
    index = "line" if lines is not None else "body" if bodies else "price"
    match = " AND ".join(terms)
    statuses = tuple(sorted({codes.STATUS[status] for status in query.statuses if status in codes.STATUS}))
    return _Plan(
        where,
        statuses,
        match,
        f"stock_offers_by_{index}",
        tuple(dict.fromkeys(corrected)),
        nothing or not statuses,
    )


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """What both allow; the explicit wish wins where they contradict each other."""
    return tuple(word for word in one if word in other) or one or other


def _lines(
    tx: Tx, query: StockQuery, corrected: list[tuple[str, str]]
) -> tuple[frozenset[int] | None, list[str], bool]:
    """The lines that makes and models stand for, FTS conditions of words left over, and whether none is left."""
    makes = _understood(tx, query.makes, understand_make, corrected)
    models = _understood(tx, query.models, understand_model, corrected)
    lines: frozenset[int] | None = None
    if query.makes:
        lines = frozenset().union(*(found.lines for found in makes))
    rests: list[str] = []
    if query.models:
        of_models = frozenset[int]().union(*(found.lines for found in models))
        if any(found.rest for found in models):
            rests = [_rest_terms(tx, found) for found in models]
        both = of_models if lines is None else lines & of_models
        if not both and lines is not None and of_models and not any(found.corrected for found in models):
            both = of_models  # "fiat onix": the model tells more than the make
            make = tx.value("SELECT make FROM stock_lines WHERE id = ?", (min(of_models),))
            corrected.append((" ".join(query.makes), make))
        lines = both
    return lines, rests, lines is not None and not lines


def _understood(tx: Tx, written: tuple[str, ...], how: Any, corrected: list[tuple[str, str]]) -> list[Understood]:
    found = []
    for name in written:
        understood: Understood | None = how(tx, name)
        if understood is not None:
            found.append(understood)
            if understood.corrected:
                corrected.append((name, understood.shown))
    return found


def _rest_terms(tx: Tx, found: Understood) -> str:
    """An FTS condition: one of the model's own names and all the words left over, in the vehicle's name."""
    names = set()
    for line in sorted(found.lines)[:40]:
        model = tx.value("SELECT model FROM stock_lines WHERE id = ?", (line,))
        names.add("(" + " AND ".join(_quoted(word) for word in tokens(model)) + ")")
    model_part = f"{{name}} : ({' OR '.join(sorted(names))})"
    rest = " AND ".join(_quoted(word) for part in found.rest for word in tokens(part))
    return f"({model_part} AND {{name}} : ({rest}))" if rest else f"({model_part})"


def _name_terms(version: str) -> list[str]:
    """What a version's name must hold; "automático" and the like are no part of names."""
    return [token for token in meaningful(tokens(version)) if facet_of(token, "", "") is None][:8]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', "") + '"'


def _colors(where: _Filter, terms: list[str], colors: tuple[str, ...]) -> None:
    families = {codes.COLOR[family] for color in colors if (family := color_family(color))}
    others = [color for color in colors if not color_family(color)]
    if families:
        where.among("color", families)
    elif others:  # a paint that is no plain colour: its name must be found
        alternatives = [" AND ".join(map(_quoted, found)) for color in others if (found := tokens(color))]
        if alternatives:
            terms.append("(" + " OR ".join(f"({alternative})" for alternative in alternatives) + ")")


def _ranges(where: _Filter, query: StockQuery, text: TextMeaning) -> None:
    for part, value in (
        ("o.asking >= ?", query.min_price_centavos),
        ("o.asking <= ?", query.max_price_centavos),
        ("o.year >= ?", query.min_year),
        ("o.year <= ?", query.max_year),
        ("o.mileage <= ?", query.max_mileage_km),
        ("o.doors = ?", query.doors),
    ):
        if value is not None:
            where.add(part, max(-_HUGE, min(value, _HUGE)))
    if text.years and query.min_year is None and query.max_year is None:
        where.among("year", text.years)
    if query.condition:
        where.code("condition", codes.CONDITION, (query.condition,))


def _exclude(tx: Tx, where: _Filter, ids: tuple[str, ...]) -> None:
    numbers = {tx.value("SELECT seq FROM vehicles WHERE id = ?", (one,)) for one in ids[:500]} - {None}
    if numbers:
        where.parts.append(f"o.vehicle NOT IN ({','.join(map(str, sorted(numbers)))})")


# Finding


def _find(tx: Tx, plan: _Plan, sort: str, after: Key | None, count: int) -> tuple[int, list[Key]]:
    """How many match (at most a little over the cap) and the keys of the page that begins after `after`."""
    column, descending, _ = _SORTS[sort]
    statuses = f"o.status IN ({','.join(map(str, plan.statuses))})"
    offers = list(
        tx.rows(
            f"SELECT o.{column}, o.vehicle FROM stock_offers o INDEXED BY {plan.index}"
            f" WHERE {statuses}{plan.where.sql} LIMIT {COUNT_CAP + 1}",
            plan.where.values,
        )
    )
    if not plan.match:
        if len(offers) <= COUNT_CAP:
            return len(offers), _cut(offers, descending, after, count)
        return len(offers), _walk(tx, plan, sort, after, count)
    if len(offers) <= _PROBES:
        offers = [key for key in offers if _has_text(tx, plan.match, key[1])]
        return len(offers), _cut(offers, descending, after, count)
    if len(offers) <= COUNT_CAP:
        tables = f"stock_offers o INDEXED BY {plan.index}"
        text = f"o.vehicle IN ({_MATCHES})"
    else:  # stops early where text and filters are both wide
        tables = "stock_text t CROSS JOIN stock_offers o ON o.vehicle = t.rowid"
        text = "stock_text MATCH ?"
    matches = list(
        tx.rows(
            f"SELECT o.{column}, o.vehicle FROM {tables} WHERE {text} AND {statuses}{plan.where.sql}"
            f" LIMIT {COUNT_CAP + 1}",
            (plan.match, *plan.where.values),
        )
    )
    if len(matches) > COUNT_CAP:  # they came in the order of their numbers: close together means frequent
        dense = matches[-1][1] - matches[0][1] < _DENSE * COUNT_CAP
        return len(matches), _walk(tx, plan, sort, after, count, dense=dense)
    return len(matches), _cut(matches, descending, after, count)


def _has_text(tx: Tx, match: str, number: int) -> bool:
    return tx.value("SELECT 1 FROM stock_text WHERE stock_text MATCH ? AND rowid = ?", (match, number)) is not None


def _cut(keys: list[Key], descending: bool, after: Key | None, count: int) -> list[Key]:
    """Sort a whole result in memory, unknown values last, and cut the page out of it."""
    known = sorted((key for key in keys if key[0] is not None), reverse=descending)
    unknown = sorted((key for key in keys if key[0] is None), key=lambda key: key[1], reverse=descending)
    if after is not None:
        value, number = after
        if value is None:
            known = []
            unknown = [key for key in unknown if (key[1] < number if descending else key[1] > number)]
        else:
            known = [key for key in known if (key < after if descending else key > after)]
    return (known + unknown)[:count]


def _walk(tx: Tx, plan: _Plan, sort: str, after: Key | None, count: int, *, dense: bool = False) -> list[Key]:
    """Read a large result in its order from the order's index: known values first, then the unknown."""
    _, descending, _ = _SORTS[sort]
    text = ""
    if plan.match:
        frequent = dense or tx.value(f"SELECT count(*) FROM ({_MATCHES} LIMIT {_FREQUENT})", (plan.match,)) == _FREQUENT
        text = f" AND EXISTS ({_MATCHES} AND rowid = o.vehicle)" if frequent else f" AND o.vehicle IN ({_MATCHES})"
    keys: list[Key] = []
    if after is None or after[0] is not None:
        keys = [
            key for status in plan.statuses for key in _stretch(tx, plan, text, sort, status, after, count, known=True)
        ]
    if len(keys) < count:
        start = after if after is not None and after[0] is None else None
        for status in plan.statuses:
            keys.extend(_stretch(tx, plan, text, sort, status, start, count, known=False))
    return _cut(keys, descending, None, count)


def _stretch(
    tx: Tx, plan: _Plan, text: str, sort: str, status: int, after: Key | None, count: int, *, known: bool
) -> Iterator[Key]:
    """The next keys of one status, straight from the index of the order."""
    column, descending, index = _SORTS[sort]
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    values: list[Any] = [status]
    if known:
        condition, order = f"o.{column} IS NOT NULL", f"o.{column} {direction}, o.vehicle {direction}"
        if after is not None:
            condition = f"(o.{column}, o.vehicle) {beyond} (?, ?)"
            values.extend(after)
    else:
        condition, order = f"o.{column} IS NULL", f"o.vehicle {direction}"
        if after is not None:
            condition += f" AND o.vehicle {beyond} ?"
            values.append(after[1])
    values.extend(plan.where.values)
    if text:
        values.append(plan.match)
    return tx.rows(
        f"SELECT o.{column}, o.vehicle FROM stock_offers o INDEXED BY {index}"
        f" WHERE o.status = ? AND {condition}{plan.where.sql}{text} ORDER BY {order} LIMIT {count}",
        values,
    )


# Cursors


def _cursor(key: Key) -> str:
    return f"{'' if key[0] is None else key[0]}.{key[1]}"


def _parse_cursor(text: str) -> Key | None:
    if not text:
        return None
    value, dot, number = text.partition(".")
    try:
        if not dot or len(text) > 40:
            raise ValueError(text)
        key = (int(value) if value else None, int(number))
        if max(abs(key[0] or 0), abs(key[1])) > _HUGE:
            raise ValueError(text)
        return key
    except ValueError:
        raise Invalid("the cursor is not one of this list", "use `next` of the page before", path="after") from None
