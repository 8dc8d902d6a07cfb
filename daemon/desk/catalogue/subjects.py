"""Which vehicles a burst is about: named, quoted, pointed at, picked out of those shown, or of the ad. Generators."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve, field, frozen

from daemon.desk.amounts import amounts
from daemon.desk.brief import Brief, Command, GetVehicles
from daemon.desk.catalogue.details import name
from daemon.desk.catalogue.finding import find
from daemon.desk.catalogue.lexicon import Lexicon
from daemon.desk.catalogue.understanding import Understood, read_burst, recalled_ids
from daemon.desk.catalogue.wish import Wish
from shards.tenant.vehicle import Vehicle
from shards.text import fold, words

MOST: Final = 4


@frozen(kw_only=True)
class Subject:
    """The vehicles meant. `how`: named | quoted | picked | focus | shown | ad | "" (none). `gone`: what was
    pointed at is no longer in stock."""

    vehicles: tuple[Vehicle, ...] = ()
    how: str = ""
    gone: bool = False
    wish: Wish = field(factory=Wish)

    @property
    def one(self) -> Vehicle | None:
        """The vehicle, where it is one."""
        return self.vehicles[0] if len(self.vehicles) == 1 else None


Resolving = Generator[Command, Any, Subject]


def resolve(brief: Brief, understood: Understood) -> Resolving:
    """What "ele", "o segundo", "o branco", a quoted message or the ad mean. Names in the text are not looked at."""
    quoted = yield from _quoted(brief)
    if quoted.how:
        return quoted
    shown: tuple[Vehicle, ...] = ()
    ids = recalled_ids(brief.memory, "shown")
    focus = brief.memory.get("focus")
    wanted = tuple(dict.fromkeys((*ids, *([focus] if isinstance(focus, str) else []))))[:20]
    if wanted:
        shown = yield GetVehicles(wanted)
    beside = recalled_ids(brief.memory, "beside")
    if understood.has("other_one") and beside:
        others: tuple[Vehicle, ...] = yield GetVehicles(beside)
        if others:
            return Subject(vehicles=others[:MOST], how="picked")
    picked = pick(shown, understood, focus if isinstance(focus, str) else "")
    if picked.how:
        return picked
    if wanted and not shown:
        return Subject(gone=True)
    if not wanted and brief.ad_text and not understood.wish.named:
        return (yield from _of_ad(brief))
    return Subject()


def _quoted(brief: Brief) -> Resolving:
    for line in reversed(brief.burst):
        if line.vehicle_id:
            vehicles: tuple[Vehicle, ...] = yield GetVehicles((line.vehicle_id,))
            offered = tuple(vehicle for vehicle in vehicles if vehicle.status != "sold")
            if offered:
                return Subject(vehicles=offered, how="quoted")
            wish = _wish_of(line.quoted, brief)
            return Subject(gone=True, how="quoted", wish=wish)
        if line.quoted:
            ids = recalled_ids(brief.memory, "seen")
            if ids:
                seen: tuple[Vehicle, ...] = yield GetVehicles(ids[-20:])
                said = fold(line.quoted)
                named = tuple(vehicle for vehicle in seen if fold(name(vehicle)) in said)
                if named and len(named) <= MOST:
                    return Subject(vehicles=named, how="quoted")
            found = yield from _of_text(line.quoted, brief)
            if found:
                return Subject(vehicles=found, how="quoted")
    return Subject()


def _wish_of(text: str, brief: Brief) -> Wish:
    return read_burst(text[:400], brief, asked="").wish if text else Wish()


def _of_text(text: str, brief: Brief) -> Generator[Command, Any, tuple[Vehicle, ...]]:
    """The vehicles that a quoted or advertised text names best."""
    mentions = [mention for mention in Lexicon(brief.summary).find(text[:600]) if mention.known.model]
    if not mentions:
        return ()
    models = tuple(dict.fromkeys(mention.known.model for mention in mentions))
    found = yield from find(Wish(models=models), limit=40)
    if not found.items:
        return ()
    said = set(words(text))
    years = {amount.value for amount in amounts(text) if amount.kind == "year"}
    prices = {amount.value for amount in amounts(text) if amount.kind == "money"}

    def likeness(vehicle: Vehicle) -> tuple[int, int, int]:
        own = set(words(f"{vehicle.version} {vehicle.color} {' '.join(vehicle.options)}"))
        own |= {fold(vehicle.fuel), "automatica" if vehicle.transmission != "manual" else "manual"}
        near = int(vehicle.year in years or vehicle.year_manufacture in years)
        return int(vehicle.asking_centavos in prices), near, len(own & said)

    best = max(map(likeness, found.items))
    return tuple(vehicle for vehicle in found.items if likeness(vehicle) == best)[:MOST]


def _of_ad(brief: Brief) -> Resolving:
    found = yield from _of_text(brief.ad_text, brief)
    return Subject(vehicles=found, how="ad") if found else Subject()


def pick(shown: tuple[Vehicle, ...], understood: Understood, focus: str) -> Subject:
    """Which of the vehicles shown are meant. Pure."""
    if not shown:
        return Subject()
    if understood.ordinal is not None and -len(shown) <= understood.ordinal < len(shown):
        return Subject(vehicles=(shown[understood.ordinal],), how="picked")
    priced = [
        a.value * (1 if a.kind == "money" else 100_000)
        for a in amounts(understood.text)
        if a.kind in {"money", "number"}
    ]
    matches = tuple(vehicle for vehicle in shown if _picked(vehicle, understood, priced))
    asks = understood.facts or understood.has(
        "photos", "finance", "discount", "reserve", "buying", "visit", "available"
    )
    if matches and len(matches) < len(shown) and (understood.picking or (asks and not understood.searching)):
        return Subject(vehicles=matches, how="picked")
    if matches and len(matches) == len(shown) == 1:
        return Subject(vehicles=matches, how="focus")
    at_focus = tuple(vehicle for vehicle in shown if vehicle.id == focus)
    if at_focus:
        return Subject(vehicles=at_focus, how="focus")
    return Subject(vehicles=shown[:MOST], how="focus" if len(shown) == 1 else "shown")


def _picked(vehicle: Vehicle, understood: Understood, priced: list[int]) -> bool:
    """Whether the words of the burst single this vehicle out."""
    wish = understood.wish
    if wish.named and not evolve(Wish(), makes=wish.makes, models=wish.models).fits(vehicle):
        return False
    years = {wish.min_year, wish.max_year} - {None}
    if years and not years & {vehicle.year_model, vehicle.year_manufacture}:
        return False
    if understood.picking and priced and re.search(r"\bde (?:r\$ ?)?\d", understood.folded):
        near = vehicle.asking_centavos is not None and any(
            abs(vehicle.asking_centavos - one) < 200_000 for one in priced
        )
        if not near:
            return False
    looks = wish.without("sort", "min_year", "max_year", "min_centavos", "max_centavos", "around_centavos", "max_km")
    if looks.empty and not years and not priced:
        return True
    return looks.looks_like(vehicle)
