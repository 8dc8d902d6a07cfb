"""Showing the vehicles that a burst is about: searched for, named, picked, more of them. Generators, no I/O."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve

from daemon.desk import finance
from daemon.desk.brief import Brief, Command, GetVehicles
from daemon.desk.catalogue import deals, figures, offers
from daemon.desk.catalogue.common_words import EVERYDAY_WORDS, FILLERS
from daemon.desk.catalogue.details import article, card, name, year_words
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.finding import Finding, Found, find, find_words, nearest
from daemon.desk.catalogue.subjects import MOST, Subject, resolve
from daemon.desk.catalogue.understanding import Understood, recalled_ids
from daemon.desk.catalogue.wish import Wish, described, recalled, remembered
from shards.tenant.vehicle import Vehicle

Steps = Generator[Command, Any, None]

ABOUT: Final = ("photos", "available", "finance", "discount", "reserve", "buying", "info", "visit")
_SUPERLATIVE: Final = re.compile(r"\b(?:mais|menos|menor|maior|melhor|baratissim\w+|newest|cheapest)\b")
_ADVERTISED: Final = re.compile(
    r"\b(?:anunci\w+|vi (?:um|uma|o|a|no|na|esse|essa|ai)\b|aquel[ea]|vcs (?:postaram|colocaram)|voces (?:postaram|colocaram)"
    r"|no (?:site|face\w*|insta\w*|story|stories|olx|marketplace)|na olx|do (?:site|anuncio)|o (?:carro )?de r?\$? ?\d)"
)
_SAME_MONEY: Final = re.compile(r"\bmesm[ao] (?:faixa|preco|valor|media)\b|\bn[eo]ss[ea] (?:faixa|preco|valor)\b")
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
        narrowed = wish.without("sort")
        yield from _more(draft, older if narrowed.empty else wish if older.named else wish.over(older))
        return Subject()
    subject = yield from resolve(brief, understood)
    if understood.has("similar") and subject.vehicles and not wish.bodies:
        return (yield from _similar(draft, understood, subject.vehicles[0].model, subject.vehicles[0].body))
    if subject.gone and subject.how == "quoted":
        yield from _gone(draft, understood, subject)
        return Subject()
    if understood.has("compare") and len(subject.vehicles) == 1 and understood.ordinal is not None:
        subject = yield from _quiet(brief, evolve(understood, wish=Wish()))
    if understood.has("compare") and len(subject.vehicles) < 2 and wish.empty:
        seen: tuple[Vehicle, ...] = yield GetVehicles(recalled_ids(brief.memory, "seen")[-3:])
        subject = Subject(vehicles=seen, how="shown") if len(seen) > 1 else subject
    if understood.has("compare") and 1 < len(subject.vehicles) <= MOST:
        _compare(draft, subject.vehicles)
        return Subject()
    if understood.has("other_color") and subject.vehicles:
        yield from _other_colors(draft, subject.vehicles)
        return Subject()
    rate = brief.profile.assistant.finance_rate_percent_month
    if understood.money.instalment and rate is not None and not subject.vehicles:
        return (yield from _affordable(draft, understood, rate))
    if not subject.vehicles and wish.max_centavos and _ADVERTISED.search(understood.folded):
        exact = yield from find(evolve(wish, min_centavos=wish.max_centavos, around_centavos=None), limit=MOST)
        if exact.items:
            draft.show(exact.items)
            return Subject(vehicles=exact.items, how="quoted")
    if subject.one is not None and understood.searching and not understood.has("trade", "sell"):
        wish = _relative(wish, subject.one, understood)
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
    if older.empty or understood.forget:
        return True
    wish = understood.wish
    return understood.searching and not understood.following and bool(wish.bodies) and not understood.has("more")


def _relative(wish: Wish, vehicle: Vehicle, understood: Understood) -> Wish:
    """ "Tem um mais novo na mesma faixa?" compares with the vehicle in question."""
    asking, year, km = vehicle.asking_centavos, vehicle.year, vehicle.mileage_km
    if _SAME_MONEY.search(understood.folded) and asking and not wish.priced:
        near = figures.NEAR
        wish = evolve(
            wish,
            min_centavos=round(asking * (1 - near)),
            max_centavos=round(asking * (1 + near)),
            around_centavos=asking,
        )
    if wish.without("sort").empty:
        return wish
    if wish.sort == "-year" and year and wish.min_year is None:
        wish = evolve(wish, min_year=year + 1)
    elif wish.sort == "price" and asking and not wish.priced:
        wish = evolve(wish, max_centavos=asking - 100)
    elif wish.sort == "mileage" and km and wish.max_km is None:
        wish = evolve(wish, max_km=km - 1)
    return wish


def _similar(draft: Draft, understood: Understood, model: str, body: str) -> Generator[Command, Any, Subject]:
    """Others of the kind of a model that is in stock, cheaper ones where that is asked."""
    line = next((line for line in draft.brief.summary.lines if line.model == model), None)
    wish = evolve(understood.wish, models=(), makes=(), not_named=(model,), bodies=(body,) if body else ())
    if wish.sort == "price" and not wish.priced and line is not None and line.min_price_centavos:
        wish = evolve(wish, max_centavos=line.min_price_centavos, sort="-price")
    found = yield from find(wish, limit=offers.LISTED)
    if not found.items:
        return Subject()
    draft.memory["wish"] = remembered(evolve(wish, sort=""))
    _keep_lead(draft, evolve(wish, sort=""), found)
    draft.say(draft.pick("Nessa linha temos também:", "Parecidos com ele temos estes:"))
    draft.say(offers.lines(found.items))
    draft.show(found.items)
    draft.ask("Algum desses te agrada?", "which")
    return Subject(vehicles=found.items, how="told")


def _affordable(draft: Draft, understood: Understood, rate: float) -> Generator[Command, Any, Subject]:
    """What an instalment the customer can pay may buy, by the tenant's rate."""
    months = min(max(understood.money.months or deals.LONG_MONTHS, finance.MONTHS[0]), finance.MONTHS[1])
    share = rate / 100
    worth = (1 - (1 + share) ** -months) / share if share else float(months)
    limit = (understood.money.down or 0) + int((understood.money.instalment or 0) * worth)
    wish = evolve(understood.wish, max_centavos=limit, min_centavos=None, around_centavos=None, sort="-price")
    wish = _cars_only(draft, wish)
    found = yield from find(wish, limit=offers.LISTED)
    if not found.items:
        return Subject()
    draft.memory["wish"] = remembered(evolve(wish, sort=""))
    draft.say(f"Pensando nessa parcela em {months}x, olha o que se aproxima:")
    draft.say(offers.lines(found.items))
    draft.show(found.items)
    return Subject(vehicles=found.items, how="told")


def _cars_only(draft: Draft, wish: Wish) -> Wish:
    kinds = {body in {"motorcycle", "truck"} for line in draft.brief.summary.lines for body in line.bodies}
    return evolve(wish, cars_only=len(kinds) == 2)


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
    if understood.has("similar") and len(understood.mentions) == 1 and understood.mentions[0].in_stock:
        known = understood.mentions[0].known
        return (yield from _similar(draft, understood, known.model, known.body))
    if understood.has("compare") and 1 < len(wish.models) <= 3:
        pair: list[Vehicle] = []
        for model in wish.models:
            found = yield from find(evolve(wish, models=(model,)), limit=1)
            pair.extend(found.items)
        if len(pair) > 1:
            _compare(draft, tuple(pair))
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
    wish = _cars_only(draft, wish)
    draft.memory["wish"] = remembered(wish)
    only_best = (
        bool(wish.sort)
        and _SUPERLATIVE.search(understood.folded) is not None
        and (understood.picking or bool(re.search(r"\b(?:qual|quero|me (?:mostra|fala))\b", understood.folded)))
    )
    best = only_best and not understood.searching
    found = yield from find(wish, limit=1 if best else MOST)
    if found.total > MOST or only_best:
        found = evolve(found, items=found.items[: 1 if only_best else offers.LISTED])
    if not found.items:
        found = yield from _made_in(wish)
    _keep_lead(draft, wish, found)
    if not found.items and (year := wish.min_year) == wish.max_year and year is not None and not wish.named:
        if any(line.model == str(year) for line in draft.brief.summary.lines):  # "tem 2008?": the Peugeot
            wish = evolve(wish, models=(str(year),), min_year=None, max_year=None)
            found = yield from find(wish, limit=MOST)
    if not found.items and (wish.named or wish.version):
        said = yield from _instead_of_missing(draft, understood, wish)
        if said.vehicles:
            return said
    if not found.items:
        body = next((mention.known.body for mention in understood.mentions if mention.known.body), "")
        near = yield from nearest(wish, limit=offers.LISTED, body=body)
        offers.missing(draft, wish, near, understood.mentions)
        return Subject()
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


def _keep_lead(draft: Draft, wish: Wish, found: Found) -> None:
    if wish.named or wish.max_centavos or wish.bodies or wish.use:
        only = found.items[0] if found.total == 1 and found.items else None
        interest = (
            f"{name(only)} {year_words(only)}".strip() if only and wish.named else described(wish.without("sort"))
        )
        draft.lead(interest=interest, vehicle_id=only.id if only else None, budget_centavos=wish.max_centavos)


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


def _other_colors(draft: Draft, vehicles: tuple[Vehicle, ...]) -> Steps:
    model = vehicles[0].model
    found = yield from find(Wish(models=(model,)), limit=MOST, exclude=tuple(vehicle.id for vehicle in vehicles))
    if found.items:
        draft.say(f"Do {model} temos também:")
        draft.say(offers.lines(found.items))
        draft.show((*vehicles, *found.items)[:MOST])
        draft.ask("Qual deles te agrada mais?", "which")
        return
    colors = " e ".join(dict.fromkeys(vehicle.color.lower() for vehicle in vehicles if vehicle.color))
    draft.say(
        f"Do {model} só temos {'esse' if len(vehicles) == 1 else 'esses'} no "
        f"momento{f' ({colors})' if colors else ''}; "
        f""
        f"em outra cor não temos."
    )
    draft.ask("Quer ver outro modelo parecido?", "model")


def _compare(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
    for vehicle in vehicles:
        draft.say(card(vehicle))
    priced = sorted((v for v in vehicles if v.asking_centavos), key=lambda v: v.asking_centavos or 0)
    if len(priced) > 1 and len(vehicles) == 2:
        newer = max(vehicles, key=lambda v: (v.year or 0, -(v.mileage_km or 0)))
        less = min(vehicles, key=lambda v: v.mileage_km if v.mileage_km is not None else 10**9)
        said = [f"{deals.named(priced[0])} é {'a' if article(priced[0]) == 'a' else 'o'} mais em conta"]
        if newer.year != min(v.year or 0 for v in vehicles):
            said.append(f"{deals.named(newer)} é mais {'nova' if article(newer) == 'a' else 'novo'}")
        said.append(f"{deals.named(less)} é menos {'rodada' if article(less) == 'a' else 'rodado'}")
        draft.say(deals.upper_first("; ".join(said)) + ".")
    draft.show(vehicles)
    draft.ask("Qual deles faz mais o seu estilo?", "which")


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
