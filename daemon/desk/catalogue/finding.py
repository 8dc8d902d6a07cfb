"""Searching the stock for a wish, and for the nearest to it when there is nothing. Generators, no I/O."""

from collections.abc import Generator
from typing import Any, Final

from attrs import evolve, frozen

from daemon.desk.brief import Command, SearchStock
from daemon.desk.catalogue.wish import Wish
from shards.tenant.vehicle import StockPage, StockQuery, Vehicle

_LOOKED_THROUGH: Final = 60
"""How many vehicles are looked through for options, which the search does not filter by."""
_APART: Final = frozenset({"motorcycle", "truck", "van"})
"""Kinds that no other kind is near to."""
_DEARER: Final = 1.15
"""How much above the limit of price is still near, as a factor."""


@frozen(kw_only=True)
class Found:
    """What a search gave. `dropped` names the restrictions given up, in the order of giving up."""

    wish: Wish
    items: tuple[Vehicle, ...] = ()
    total: int = 0
    dropped: tuple[str, ...] = ()


Finding = Generator[Command, Any, Found]


def find(
    wish: Wish, *, limit: int, exclude: tuple[str, ...] = (), statuses: tuple[str, ...] = ("available",)
) -> Finding:
    """The vehicles that are as wished, the most fitting first."""
    query = wish.query(limit=_LOOKED_THROUGH if wish.narrow else limit, exclude=exclude, statuses=statuses)
    page: StockPage = yield SearchStock(query)
    if not wish.narrow:
        return Found(wish=wish, items=page.items[:limit], total=page.total)
    items = tuple(vehicle for vehicle in page.items if wish.equipped(vehicle))
    return Found(wish=wish, items=items[:limit], total=len(items))


def find_words(words: str, *, limit: int) -> Finding:
    """The vehicles that free words name, for what the lexicon does not know."""
    page: StockPage = yield SearchStock(StockQuery(text=words, limit=limit))
    return Found(wish=Wish(), items=page.items, total=page.total)


def nearest(wish: Wish, *, limit: int, body: str = "", peers: tuple[str, ...] = ()) -> Finding:
    """The nearest to a wish that nothing fits: less equipment first, then other years, dearer ones, another model
    of the same class (`peers`) or the same `body`. Never raises; gives nothing only from an empty stock."""
    dropped: list[str] = []
    current = wish
    for names in _order(wish):
        if not any(getattr(current, name) for name in names):
            continue
        current = current.without(*names)
        dropped.extend(names)
        if current.without("sort").empty:  # anything would do: that is near to nothing
            return Found(wish=wish, dropped=tuple(dropped))
        found = yield from find(current, limit=limit)
        if found.items:
            return evolve(found, dropped=tuple(dropped))
    if wish.condition == "new" and not wish.named:
        newest = yield from find(evolve(wish.without("condition"), sort="-year"), limit=limit)
        if newest.items:
            return evolve(newest, dropped=(*dropped, "condition"))
    if wish.max_centavos is not None:
        found = yield from _dearer(wish, current, limit)
        if found.items and (wish.named or wish.bodies or found.wish.max_centavos):
            return evolve(found, dropped=(*dropped, "max_centavos"))
    if wish.named:
        found = yield from _instead(wish, body, limit, peers)
        if found.items:
            return evolve(found, dropped=(*dropped, "models"))
    if not wish.named and wish.bodies and set(wish.bodies) <= _APART:
        return Found(wish=wish, dropped=tuple(dropped))
    for names in (
        ("transmissions", "fuels"),
        ("min_centavos",),
        ("max_centavos", "around_centavos"),
        ("bodies", "condition", "use"),
    ):
        if not any(getattr(current, name) for name in names):
            continue
        current = evolve(current.without(*names), sort="price" if wish.max_centavos else current.sort)
        dropped.extend(names)
        found = yield from find(current, limit=limit)
        if found.items:
            return evolve(found, dropped=tuple(dropped))
    return Found(wish=wish, dropped=tuple(dropped))


def _order(wish: Wish) -> tuple[tuple[str, ...], ...]:
    if wish.named:
        return (
            ("colors", "not_colors", "options", "doors"),
            ("version", "max_km"),
            ("min_year", "max_year"),
            ("transmissions", "fuels", "bodies", "condition"),
        )
    return (("colors", "not_colors", "doors"), ("options", "version"), ("max_km",), ("min_year", "max_year"))


def _dearer(wish: Wish, current: Wish, limit: int) -> Finding:
    """A little above the limit, else the cheapest above it."""
    assert wish.max_centavos is not None
    near = evolve(current, max_centavos=round(wish.max_centavos * _DEARER), around_centavos=None, sort="price")
    found = yield from find(near, limit=limit)
    if found.items or not (wish.named or wish.bodies):
        return found
    return (yield from find(evolve(near, max_centavos=None), limit=limit))


def _instead(wish: Wish, body: str, limit: int, peers: tuple[str, ...]) -> Finding:
    """Other models of the same class, then of the same body, within the limits if there are any."""
    other = wish.without("makes", "models", "version", "colors", "options", "min_year", "max_year", "max_km", "doors")
    if peers:
        alike = yield from find(evolve(other, models=peers, bodies=()), limit=limit)
        if alike.items:
            if len(alike.items) >= limit:
                return alike
            ids = tuple(vehicle.id for vehicle in alike.items)
            room = limit - len(ids)
            rest = yield from find(evolve(other, bodies=(body,) if body else other.bodies), limit=room, exclude=ids)
            return evolve(alike, items=(*alike.items, *rest.items), total=len(ids) + len(rest.items))
    bodies = (body,) if body and body != "other" else other.bodies
    found = yield from find(evolve(other, bodies=bodies), limit=limit)
    if not found.items and (other.transmissions or other.fuels):
        found = yield from find(evolve(other.without("transmissions", "fuels"), bodies=bodies), limit=limit)
    if not found.items and other.priced:
        found = yield from find(evolve(other, bodies=()), limit=limit)
    return found
