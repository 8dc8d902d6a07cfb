"""Vehicles beside those asked for: compared, alike, cheaper, within an instalment. Generators, no I/O."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve

from daemon.desk import finance
from daemon.desk.amounts import reais
from daemon.desk.brief import Command, GetVehicles
from daemon.desk.catalogue import deals, figures, offers
from daemon.desk.catalogue.details import article, card, name, upper_first, year_words
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.finding import Found, find
from daemon.desk.catalogue.lexicon import with_make
from daemon.desk.catalogue.subjects import MOST, Subject
from daemon.desk.catalogue.understanding import Understood, recalled_ids
from daemon.desk.catalogue.wish import Wish, described, remembered
from shards.tenant.vehicle import Vehicle

_SAME_MONEY: Final = re.compile(r"\bmesm[ao] (?:faixa|preco|valor|media)\b|\bn[eo]ss[ea] (?:faixa|preco|valor)\b")


def similar(draft: Draft, understood: Understood, model: str, body: str) -> Generator[Command, Any, Subject]:
    """Others of the kind of a model that is in stock, cheaper ones where that is asked."""
    line = next((line for line in draft.brief.summary.lines if line.model == model), None)
    wish = evolve(understood.wish, models=(), makes=(), not_named=(model,), bodies=(body,) if body else ())
    if wish.sort == "price" and not wish.priced and line is not None and line.min_price_centavos:
        wish = evolve(wish, max_centavos=line.min_price_centavos, sort="-price")
    found = yield from find(wish, limit=offers.LISTED)
    if not found.items:
        return Subject()
    draft.memory["wish"] = remembered(evolve(wish, sort=""))
    keep_lead(draft, evolve(wish, sort=""), found)
    draft.say(draft.pick("Nessa linha temos também:", "Parecidos com ele temos estes:"))
    draft.say(offers.lines(found.items))
    draft.show(found.items)
    draft.ask("Algum desses te agrada?", "which")
    return Subject(vehicles=found.items, how="told")


def affordable(draft: Draft, understood: Understood, rate: float) -> Generator[Command, Any, Subject]:
    """What an instalment the customer can pay may buy, by the tenant's rate."""
    months = min(max(understood.money.months or deals.LONG_MONTHS, finance.MONTHS[0]), finance.MONTHS[1])
    share = rate / 100
    worth = (1 - (1 + share) ** -months) / share if share else float(months)
    limit = (understood.money.down or 0) + int((understood.money.instalment or 0) * worth)
    wish = evolve(understood.wish, max_centavos=limit, min_centavos=None, around_centavos=None, sort="-price")
    wish = cars_only(draft, wish)
    found = yield from find(wish, limit=offers.LISTED)
    if not found.items:
        cheapest = yield from find(cars_only(draft, Wish(sort="price")), limit=2)
        if not cheapest.items:
            return Subject()
        draft.say("Com essa parcela e sem entrada não chega em nenhum carro nosso hoje; com uma entrada pode caber.")
        draft.say("Os mais em conta que temos:\n" + offers.lines(cheapest.items))
        draft.show(cheapest.items)
        draft.lead(interest=f"parcela de até {reais(understood.money.instalment or 0)}")
        draft.ask("Quanto você teria de entrada?", "down")
        return Subject(vehicles=cheapest.items, how="told")
    draft.memory["wish"] = remembered(evolve(wish, sort=""))
    draft.say(f"Pensando nessa parcela em {months}x, olha o que se aproxima:")
    draft.say(offers.lines(found.items))
    draft.say("_O valor da parcela é do banco, sujeito a análise de crédito._")
    draft.show(found.items)
    draft.lead(interest=f"parcela de até {reais(understood.money.instalment or 0)}")
    draft.ask("Quer que eu simule algum deles?", "which")
    return Subject(vehicles=found.items, how="told")


def relative(wish: Wish, vehicle: Vehicle, understood: Understood) -> Wish:
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


def compare(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
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
        draft.say(upper_first("; ".join(said)) + ".")
    draft.show(vehicles)
    draft.ask("Qual deles faz mais o seu estilo?", "which")


def against(draft: Draft, understood: Understood, wish: Wish) -> Generator[Command, Any, bool]:
    """ "Qual a diferença pra Hilux?": the one in question beside the named one; whether there were two to compare."""
    shown: tuple[Vehicle, ...] = yield GetVehicles(recalled_ids(draft.brief.memory, "shown")[:1])
    named = yield from find(wish, limit=1, exclude=tuple(vehicle.id for vehicle in shown))
    if not shown or not named.items or shown[0].model == named.items[0].model:
        return False
    compare(draft, (shown[0], named.items[0]))
    return True


def other_colors(draft: Draft, vehicles: tuple[Vehicle, ...]) -> Generator[Command, Any, None]:
    """The same model in other colours, or that there is none."""
    model = vehicles[0].model
    if any(vehicle.model != model for vehicle in vehicles):
        draft.ask("De qual deles você quer ver outra cor?", "which")
        return
    called = with_make(model)
    found = yield from find(Wish(models=(model,)), limit=MOST, exclude=tuple(vehicle.id for vehicle in vehicles))
    if found.items:
        draft.say(f"Do {called} temos também:")
        draft.say(offers.lines(found.items))
        draft.show((*vehicles, *found.items)[:MOST])
        draft.ask("Qual deles te agrada mais?", "which")
        return
    colors = " e ".join(dict.fromkeys(vehicle.color.lower() for vehicle in vehicles if vehicle.color))
    draft.say(
        f"Do {called} só temos {'esse' if len(vehicles) == 1 else 'esses'} no "
        f"momento{f' ({colors})' if colors else ''}; "
        f""
        f"em outra cor não temos."
    )
    draft.ask("Quer ver outro modelo parecido?", "model")


def keep_lead(draft: Draft, wish: Wish, found: Found) -> None:
    if wish.named or wish.max_centavos or wish.bodies or wish.use:
        only = found.items[0] if found.total == 1 and found.items else None
        interest = (
            f"{name(only)} {year_words(only)}".strip() if only and wish.named else described(wish.without("sort"))
        )
        draft.lead(interest=interest, vehicle_id=only.id if only else None, budget_centavos=wish.max_centavos)


def cars_only(draft: Draft, wish: Wish) -> Wish:
    kinds = {body in {"motorcycle", "truck"} for line in draft.brief.summary.lines for body in line.bodies}
    return evolve(wish, cars_only=len(kinds) == 2)
