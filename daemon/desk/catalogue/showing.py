"""Showing the vehicles that a burst is about: searched for, named, picked, more of them. Generators, no I/O."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve

from daemon.desk.brief import Brief, Command, GetVehicles
from daemon.desk.catalogue import offers
from daemon.desk.catalogue.beside import (
    affordable,
    against,
    cars_only,
    compare,
    keep_lead,
    other_colors,
    relative,
    similar,
)
from daemon.desk.catalogue.common_words import EVERYDAY_WORDS, FILLERS
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.finding import Finding, Found, find, find_words, nearest
from daemon.desk.catalogue.lexicon import peers
from daemon.desk.catalogue.subjects import MOST, Subject, resolve
from daemon.desk.catalogue.understanding import Understood, recalled_ids
from daemon.desk.catalogue.wish import Wish, recalled, remembered
from shards.tenant.vehicle import Vehicle
from shards.text import fold

Steps = Generator[Command, Any, None]

ABOUT: Final = ("photos", "available", "finance", "discount", "reserve", "buying", "info", "visit")
_SUPERLATIVE: Final = re.compile(r"\b(?:mais|menos|menor|maior|melhor|baratissim\w+|newest|cheapest)\b")
_ADVERTISED: Final = re.compile(
    r"\b(?:anunci\w+|vi (?:um|uma|o|a|no|na|esse|essa|ai)\b|aquel[ea]|vcs (?:postaram|colocaram)|voces (?:postaram|colocaram)"
    r"|no (?:site|face\w*|insta\w*|story|stories|olx|marketplace)|na olx|do (?:site|anuncio)|o (?:carro )?de r?\$? ?\d)"
)
_WHOLE_SHOP: Final = re.compile(r"\bd[aeo] (?:loja|estoque|patio|tudo)\b")
_ANY_CAR: Final = re.compile(r"\W*(?:tem |teria |quero |queria |procuro |busco )?(?:um |algum )?carros? (?!del|dess)")
_EXACT: Final = re.compile(
    r"\A\W*(?:e |quero |gostei d?|eh )*(?:[oa]|ess[ea]|aquel[ea])(?: carro)? (?:de|por) (?:r\$ ?)?\d"
)
_RESIDUE: Final = re.compile(r"[a-z][a-z0-9-]{2,}")
_COMMON: Final = frozenset(EVERYDAY_WORDS.split())
_EMPTY_WORDS: Final = frozenset(FILLERS.split())


def shown_for(draft: Draft, understood: Understood) -> Generator[Command, Any, Subject]:
    """Show or resolve the vehicles that the burst is about."""
    brief = draft.brief
    older = recalled(brief.memory.get("wish"))
    wish = understood.wish
    if understood.mentions:
        wish = wish.over(older) if understood.following and not understood.has(*ABOUT[:4]) else wish
        return (yield from _named(draft, understood, wish))
    if understood.has("trade", "sell") and not understood.searching and not wish.priced:
        return (yield from _quiet(brief, understood))
    more = understood.has("more") and not understood.has("other_color")
    if more and recalled_ids(brief.memory, "seen") and not understood.has("similar"):
        if wish.without("sort").empty:
            yield from _more(draft, older)
            return Subject()
        narrowed = wish if older.named and (wish.bodies or wish.options) else wish.over(older)
        others = yield from find(narrowed, limit=1, exclude=recalled_ids(brief.memory, "seen"))
        if others.items or narrowed.not_colors:
            yield from _more(draft, narrowed)
            return Subject()
        return (yield from _searched(draft, understood, narrowed))
    subject = yield from resolve(brief, understood)
    if understood.has("pricey") and subject.one is not None and wish.without("colors", "not_colors", "sort").empty:
        draft.say(draft.pick("Entendo! Dá pra ver algo mais em conta.", "Tranquilo, dá pra ver algo mais em conta."))
        cheaper = evolve(understood, wish=Wish(sort="price"))
        return (yield from similar(draft, cheaper, subject.vehicles[0].model, subject.vehicles[0].body))
    if understood.has("pricey") and len(subject.vehicles) > 1 and wish.without("sort").empty and not older.empty:
        cheap = yield from find(evolve(older, sort="price"), limit=offers.LISTED)
        if not cheap.items:
            return Subject()
        draft.say(
            draft.pick("Entendo! Os mais em conta que temos nessa linha:", "Tranquilo! Os mais em conta são estes:")
        )
        draft.say(offers.lines(cheap.items))
        draft.show(cheap.items)
        draft.ask("Até quanto você pensa em investir?", "budget")
        return Subject(vehicles=cheap.items, how="told")
    if understood.has("similar") and subject.vehicles and not wish.bodies:
        return (yield from similar(draft, understood, subject.vehicles[0].model, subject.vehicles[0].body))
    if subject.gone and subject.how == "quoted":
        yield from _gone(draft, understood, subject)
        return Subject()
    if understood.has("compare") and len(subject.vehicles) == 1 and understood.ordinal is not None:
        subject = yield from _quiet(brief, evolve(understood, wish=Wish()))
    if understood.has("compare") and len(subject.vehicles) < 2 and wish.empty:
        seen: tuple[Vehicle, ...] = yield GetVehicles(recalled_ids(brief.memory, "seen")[-3:])
        subject = Subject(vehicles=seen, how="shown") if len(seen) > 1 else subject
    if understood.has("compare") and 1 < len(subject.vehicles) <= MOST:
        compare(draft, subject.vehicles)
        return Subject()
    if understood.has("other_color") and subject.vehicles:
        yield from other_colors(draft, subject.vehicles)
        return Subject()
    rate = brief.profile.assistant.finance_rate_percent_month
    if understood.money.instalment and rate is not None and subject.one is None:
        return (yield from affordable(draft, understood, rate))
    priced_one = _EXACT.search(understood.folded) is not None and subject.how != "picked"
    if wish.max_centavos and (priced_one or (not subject.vehicles and _ADVERTISED.search(understood.folded))):
        exact = yield from find(evolve(wish, min_centavos=wish.max_centavos, around_centavos=None), limit=MOST)
        if exact.items and priced_one:
            offers.describe(draft, exact.items)
            return Subject(vehicles=exact.items, how="told")
        if exact.items:
            draft.show(exact.items)
            return Subject(vehicles=exact.items, how="quoted")
    if subject.one is not None and understood.searching and not understood.has("trade", "sell"):
        wish = relative(wish, subject.one, understood)
        understood = evolve(understood, wish=wish)
    if _is_search(understood, subject):
        merged = _with_budget(wish, older) if _is_new(understood, older) else wish.over(older)
        return (yield from _searched(draft, understood, merged))
    if _overview(understood, subject):
        _invite(draft, understood)
        return Subject()
    return subject


def _quiet(brief: Brief, understood: Understood) -> Generator[Command, Any, Subject]:
    """The vehicle in question, without saying anything of it."""
    return (yield from resolve(brief, evolve(understood, wish=Wish(), ordinal=None, picking=False)))


def _is_search(understood: Understood, subject: Subject) -> bool:
    """Whether restrictions are for a search rather than about the vehicles shown."""
    wish = understood.wish
    if wish.empty or subject.how in {"picked", "quoted"}:
        return bool(subject.how == "picked" and wish.sort and wish.without("sort").empty)
    if subject.one is not None and wish.use and wish.without("use", "bodies", "sort").empty and understood.facts:
        return False  # "é econômico?" is asked of the one in question
    if understood.has("finance", "discount", "reserve") and not (wish.bodies or wish.max_centavos):
        return False
    if subject.how == "ad" and not understood.searching:
        return False
    broad = wish.bodies or wish.priced or wish.min_year or wish.max_year or wish.max_km or wish.sort or wish.condition
    if broad:
        return True
    asks = bool(understood.facts or understood.options)
    if subject.one is not None and asks and not (wish.colors and understood.searching):
        return False
    either = re.search(
        r"\b(?:flex|diesel|manual|automatic\w*|gasolina) ou (?:flex|diesel|manual|automatic\w*|gasolina)\b",
        understood.folded,
    )
    return not (subject.vehicles and either)


def _is_new(understood: Understood, older: Wish) -> bool:
    """Whether a search begins afresh or narrows the one before."""
    wish = understood.wish
    if older.bodies == ("motorcycle",) and re.search(r"\bcarros?\b", understood.folded):
        return True
    if older.named and not wish.named and not understood.following and _ANY_CAR.match(understood.folded):
        return True
    if older.empty or understood.forget or (wish.sort and _WHOLE_SHOP.search(understood.folded)):
        return True
    return understood.searching and not understood.following and bool(wish.bodies) and not understood.has("more")


def _with_budget(wish: Wish, older: Wish) -> Wish:
    """Another kind of car for the same money."""
    if wish.priced or wish.named or not wish.bodies:
        return wish
    return evolve(
        wish,
        min_centavos=older.min_centavos,
        max_centavos=older.max_centavos,
        around_centavos=older.around_centavos,
    )


def _overview(understood: Understood, subject: Subject) -> bool:
    if not understood.has("stock"):
        return False
    return not subject.vehicles or not (understood.pointing or understood.facts or understood.has(*ABOUT))


def _named(draft: Draft, understood: Understood, wish: Wish) -> Generator[Command, Any, Subject]:
    """Vehicles of a make or model that is named."""
    if any(not mention.known.model for mention in understood.mentions) and not wish.models and wish.bodies:
        wish = evolve(wish, models=())
    subject = yield from _among_shown(draft.brief, understood)
    if subject is not None:
        return subject
    if understood.has("similar", "pricey") and len(understood.mentions) == 1 and understood.mentions[0].in_stock:
        if understood.has("pricey") and not understood.searching:
            understood = evolve(understood, wish=Wish(sort="price"))
            draft.say("Entendo! Dá pra ver algo mais em conta.")
        known = understood.mentions[0].known
        return (yield from similar(draft, understood, known.model, known.body))
    if understood.has("compare") and 1 < len(wish.models) <= 3:
        pair: list[Vehicle] = []
        for model in wish.models:
            found = yield from find(evolve(wish, models=(model,)), limit=1)
            pair.extend(found.items)
        if len(pair) > 1:
            compare(draft, tuple(pair))
            return Subject()
    if understood.has("compare") and len(wish.models) == 1 and (yield from against(draft, understood, wish)):
        return Subject()
    return (yield from _searched(draft, understood, wish))


def _among_shown(brief: Brief, understood: Understood) -> Generator[Command, Any, Subject | None]:
    """One of the vehicles shown that a name singles out, when something is asked of it."""
    asks = (
        understood.has("photos", "finance", "discount", "reserve", "visit", "buying")
        or understood.facts
        or understood.options
    )
    if not asks or understood.searching or not recalled_ids(brief.memory, "shown"):
        return None
    subject = yield from resolve(brief, understood)
    return (
        subject
        if subject.one is not None
        and understood.wish.without("makes", "models").looks_like(subject.one)
        and evolve(Wish(), models=understood.wish.models).fits(subject.one)
        else None
    )


def _searched(draft: Draft, understood: Understood, wish: Wish) -> Generator[Command, Any, Subject]:
    wish = cars_only(draft, wish)
    draft.memory["wish"] = remembered(wish.without("condition"))  # a search for new cars ends with its answer
    only_best = (
        bool(wish.sort)
        and _SUPERLATIVE.search(understood.folded) is not None
        and (understood.picking or bool(re.search(r"\b(?:qual|quero|quanto|me \w+)\b", understood.folded)))
    )
    best = only_best and not understood.searching
    found = yield from find(wish, limit=1 if best else MOST)
    if found.total > MOST or only_best:
        found = evolve(found, items=found.items[: 1 if only_best else offers.LISTED])
    if not found.items:
        found = yield from _made_in(wish)
    keep_lead(draft, wish, found)
    number = str(wish.min_year) if wish.min_year == wish.max_year and not wish.named else ""
    if not found.items and any(line.model == number for line in draft.brief.summary.lines):  # "tem 2008?": the Peugeot
        wish = evolve(wish, models=(number,), min_year=None, max_year=None)
        found = yield from find(wish, limit=MOST)
    if not found.items and (wish.named or wish.version):
        said = yield from _instead_of_missing(draft, understood, wish)
        if said.vehicles:
            return said
    if not found.items:
        body = next((mention.known.body for mention in understood.mentions if mention.known.body), "")
        alike = tuple(dict.fromkeys(peer for m in understood.mentions for peer in peers(m.known.model)))
        near = yield from nearest(wish, limit=offers.LISTED, body=body, peers=alike)
        offers.missing(draft, wish, near, understood.mentions)
        return Subject()
    asked_of_each = understood.has("photos", "available", "compare")
    left = [m for m in understood.mentions if asked_of_each and m.in_stock and m.known.model in wish.models]
    for model in dict.fromkeys(m.known.model for m in left):  # "o Compass diesel e o Commander"
        if len(wish.models) > 1 and not any(v.model == model for v in found.items) and found.total <= MOST:
            one = yield from find(Wish(models=(model,)), limit=1)
            found = evolve(found, items=(*found.items, *one.items)[:MOST], total=found.total + len(one.items))
    shown_models = {vehicle.model for vehicle in found.items}
    absent = [
        m.known.model
        for m in understood.mentions
        if m.known.model and not m.in_stock and m.known.model not in shown_models
    ]
    silent = _speaks_later(understood)
    if (silent and len(found.items) == 1) or (silent and understood.has("photos")):
        draft.show(found.items)
    else:
        if understood.has("available") and found.total == 1:
            offers.available(draft, found.items)
        else:
            offers.listing(draft, understood, found)
        if absent:
            offers.absent_models(draft, list(dict.fromkeys(absent)))
        return Subject(vehicles=found.items, how="told")
    return Subject(vehicles=found.items, how="named")


def _instead_of_missing(draft: Draft, understood: Understood, wish: Wish) -> Generator[Command, Any, Subject]:
    """Nothing is free as wished: it may be reserved, or there without the equipment on record."""
    held = yield from find(wish, limit=MOST, statuses=("reserved",))
    if held.items:
        offers.reserved(draft, held.items)
        other = yield from find(wish.without("version", "transmissions", "colors", "options"), limit=offers.LISTED)
        if other.items:
            draft.say("Disponível tenho:" if len(other.items) == 1 else "Disponíveis tenho estes:")
            draft.say(offers.lines(other.items))
            draft.show(other.items)
            draft.ask("Esse te interessa?" if len(other.items) == 1 else "Algum desses te interessa?", "which")
        else:
            draft.show(held.items)
            draft.ask("Quer que eu te mostre opções parecidas?", "more")
        return Subject(vehicles=held.items, how="told")
    if len(wish.version.split()) > 1 and wish.models:  # "o LT ou o Premier": none has both
        trims = wish.version.split()
        every = yield from find(wish.without("version"), limit=20)
        either = tuple(v for v in every.items if any(trim in fold(v.version).split() for trim in trims))[:MOST]
        if len(either) > 1:
            if understood.has("compare"):
                compare(draft, either)
                return Subject(vehicles=either, how="told")
            draft.say(offers.lines(either))
            draft.show(either)
            draft.ask("Qual deles te interessou mais?", "which")
            return Subject(vehicles=either, how="told")
    if wish.options and wish.models:
        plain = yield from find(wish.without("options"), limit=MOST)
        if plain.items:
            offers.unlisted(draft, understood, plain.items)
            return Subject(vehicles=plain.items, how="told")
    return Subject()


def _made_in(wish: Wish) -> Finding:
    """A "2020" that no model year answers may be meant of the manufacture: "2020/2021"."""
    year = wish.min_year
    if year is None or year != wish.max_year:
        return Found(wish=wish)
    later = yield from find(evolve(wish, min_year=year + 1, max_year=year + 1), limit=MOST)
    items = tuple(vehicle for vehicle in later.items if vehicle.year_manufacture == year)
    return Found(wish=wish, items=items, total=len(items))


def _speaks_later(understood: Understood) -> bool:
    """Whether something is asked of the named vehicle that is answered apart, so that it need not be shown."""
    return understood.has("photos", "discount", "reserve") or (understood.has("finance") and not understood.searching)


def _more(draft: Draft, older: Wish) -> Steps:
    seen = recalled_ids(draft.brief.memory, "seen")
    found = yield from find(older, limit=MOST, exclude=seen)
    if not found.items:
        draft.say("Dentro do que você pediu, por enquanto são esses.")
        draft.ask("Quer que eu abra um pouco a busca, com outro valor ou outro modelo?", "budget")
        return
    if found.total > MOST:
        found = evolve(found, items=found.items[: offers.LISTED])
    draft.say(draft.pick("Tem mais sim:", "Olha mais essas:"))
    draft.say(offers.lines(found.items))
    draft.show(found.items)
    draft.ask("Algum desses te agradou?", "which")


def _gone(draft: Draft, understood: Understood, subject: Subject) -> Steps:
    draft.say("Esse já não está mais no nosso estoque.")
    if subject.wish.empty:
        draft.ask("Que tipo de carro você procura, pra eu te mostrar parecidos?", "model")
        return
    found = yield from nearest(subject.wish, limit=offers.LISTED)
    if found.items:
        draft.say("Mas olha o que temos parecido:")
        draft.say(offers.lines(found.items))
        draft.show(found.items)
        draft.ask("Algum desses te interessa?", "which")


def _invite(draft: Draft, understood: Understood) -> None:
    """Somebody looks for a car and has not said which."""
    total = draft.brief.summary.total
    if (
        re.search(r"\b(?:o (?:que|q) (?:vc|vcs|voces)|quais|quantos|estoque|catalogo|lista)\b", understood.folded)
        and total
    ):
        makes = list(dict.fromkeys(line.make for line in draft.brief.summary.lines))[:6]
        draft.say(
            f"Temos {total} veículos no estoque hoje, de {', '.join(makes)} e mais."
            if len(makes) > 3
            else f"Temos {total} veículos no estoque hoje."
        )
    elif not draft.parts:
        draft.say(draft.pick("Te ajudo a achar 😊", "Bora achar o carro certo pra você 😊"))
    draft.ask("Que tipo de carro você procura (hatch, sedan, SUV, picape) e até que valor?", "budget")


def by_words(understood: Understood) -> Generator[Command, Any, Found | None]:
    """A search with words that no table here knows: the stock's own search may."""
    if not understood.searching:
        return None
    left = [word for word in _RESIDUE.findall(understood.folded) if word not in _EMPTY_WORDS][:4]
    left = [word for word in left if word not in _COMMON or len(word) > 9]
    if not left:
        return None
    return (yield from find_words(" ".join(left), limit=offers.LISTED))
