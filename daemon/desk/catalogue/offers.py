"""Showing vehicles: lists, single cards, what is nearest, what is asked of one. Wording over found vehicles."""

import re

from attrs import evolve

from daemon.desk.catalogue import details
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.finding import Found
from daemon.desk.catalogue.lexicon import Mention, squash, with_make
from daemon.desk.catalogue.understanding import Understood
from daemon.desk.catalogue.uses import use_called
from daemon.desk.catalogue.wish import Wish, described
from shards.tenant.vehicle import Vehicle

LISTED = 3
"""Vehicles of one list; a fourth is shown where it is the last."""
_FACTS_IN_LIST = frozenset({"price", "km", "year", "color"})


def lines(vehicles: tuple[Vehicle, ...]) -> str:
    """A list, one vehicle a line."""
    return "\n".join(details.line(vehicle) for vehicle in vehicles)


def listing(draft: Draft, understood: Understood, found: Found) -> None:
    """What was found for a wish."""
    vehicles = found.items
    if len(vehicles) == 1 and found.total == 1:
        draft.say(draft.pick("Temos sim! Olha só:", "Tenho esse aqui:", "Tem sim 😊"))
        draft.say(details.card(vehicles[0]))
        extra_facts(draft, understood, vehicles)
        draft.show(vehicles)
        next_step(draft, vehicles[0])
        return
    present = tuple(model for model in found.wish.models if any(squash(model) == squash(v.model) for v in vehicles))
    said = described(evolve(found.wish.without("sort"), models=present or found.wish.models))
    superlative = {
        "price": "O mais em conta",
        "-price": "O mais completo em valor",
        "-year": "O mais novo",
        "mileage": "O menos rodado",
    }
    if len(vehicles) == 1:
        draft.say(f"{superlative.get(found.wish.sort, 'Esse')} que temos{_of(found.wish)} é esse aqui:")
        draft.say(details.card(vehicles[0]))
        draft.show(vehicles)
        next_step(draft, vehicles[0])
        return
    intro = draft.pick(
        f"Temos sim! Olha essas opções de {said}:",
        f"Achei {found.total} opções de {said} aqui:",
        f"Tem sim 😊 Separei essas opções de {said}:",
    )
    draft.say("Olha algumas opções que temos hoje:" if found.wish.without("sort").empty else intro)
    draft.say(lines(vehicles))
    use = use_called(found.wish.use)
    if use is not None and use.advice:
        draft.say(use.advice)
    extra_facts(draft, understood, vehicles)
    if found.total > len(vehicles):
        rest = found.total - len(vehicles)
        draft.say(f"E tem mais {rest} nessa linha." if rest > 1 else "E tem mais uma opção nessa linha.")
    draft.show(vehicles)
    qualify(draft, found)


def reserved(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
    """What was asked for is there, but promised to somebody."""
    for vehicle in vehicles:
        word = "reservada" if details.article(vehicle) == "a" else "reservado"
        draft.say(
            f"{details.article(vehicle).upper()} {with_make(vehicle.model)} que você procura está {word} no momento:"
        )
        draft.say(details.line(vehicle))


def unlisted(draft: Draft, understood: Understood, vehicles: tuple[Vehicle, ...]) -> None:
    """The vehicle is there, but its advertisement does not name the equipment asked for: silence is no denial."""
    draft.say(details.card(vehicles[0]) if len(vehicles) == 1 else lines(vehicles))
    extra_facts(draft, understood, vehicles, options=True)
    if len(vehicles) > 2:
        said = " e ".join(called for called, _ in understood.options)
        draft.say(f"Nos anúncios não aparece {said}; o que não está no anúncio um vendedor confirma pra você.")
        draft.ask("Quer que eu peça para um vendedor confirmar?", "person")
    draft.show(vehicles)


def _of(wish: Wish) -> str:
    plain = wish.without("sort")
    if plain.named:  # a limit beside the one name would read as its price
        plain = plain.without("min_centavos", "max_centavos", "around_centavos")
    return "" if plain.empty else f" de {described(plain)}"


def qualify(draft: Draft, found: Found) -> None:
    """One question that brings a list nearer to one vehicle."""
    wish = found.wish
    if not wish.priced and found.total > LISTED:
        draft.ask(draft.pick("Até quanto você pensa em investir?", "Qual faixa de valor você tem em mente?"), "budget")
    elif (
        not wish.transmissions
        and found.total > LISTED
        and not wish.models
        and any(vehicle.transmission == "manual" for vehicle in found.items)
    ):
        draft.ask("Prefere automático ou manual?", "gearbox")
    else:
        draft.ask(
            draft.pick("Qual deles te interessou mais?", "Gostou de algum?", "Quer ver as fotos de qual deles?"),
            "which",
        )


def next_step(draft: Draft, vehicle: Vehicle) -> None:
    """One question that brings a single vehicle nearer to a sale."""
    him = details.pronoun(vehicle)
    if vehicle.photos and not draft.photos:
        draft.ask(draft.pick(f"Quer que eu te mande as fotos d{him}?", "Posso te mandar as fotos?"), "photos")
    else:
        draft.ask(f"Quer vir ver {him} de perto?", "visit")


def missing(draft: Draft, wish: Wish, found: Found, mentions: tuple[Mention, ...]) -> None:
    """Nothing fits: say so plainly and show the nearest."""
    models = {mention.known.make for mention in mentions if mention.known.model}
    called = (
        with_make(mention.known.model) or mention.known.make
        for mention in mentions
        if mention.known.model or mention.known.make not in models
    )
    named = " ou ".join(dict.fromkeys(called)) or described(wish)
    absent = "models" in found.dropped
    # Only the name where the model is absent; the whole wish where it is there, but not so.
    said = named if absent else described(wish.without("sort"))
    if not found.items:
        draft.say(f"No momento não temos {said} no estoque.")
        draft.ask("Que tipo de carro você procura e até que valor, pra eu ver outras opções?", "budget")
        draft.memory["shown"] = []
        return
    vehicles = found.items
    if wish.condition == "new" and not wish.named:
        draft.say("Trabalhamos com seminovos; 0 km não temos no momento. Os mais novos que temos:")
    elif absent:
        draft.say(f"No momento não temos {said} no estoque 😕")
        draft.say("O que temos de mais parecido:" if len(vehicles) > 1 else "O mais parecido que temos é esse:")
    else:
        draft.say(f"No momento não temos {said}.")
        draft.say(_nearest_words(found))
    draft.say(lines(vehicles))
    draft.show(vehicles)
    draft.ask(
        draft.pick("Algum desses te atende?", "Algum desses te interessa?")
        if len(vehicles) > 1
        else "Esse te interessa?",
        "which",
    )


def _nearest_words(found: Found) -> str:
    if "max_centavos" in found.dropped:
        return "O mais próximo desse valor que temos:"
    return "O mais próximo que temos:"


def absent_models(draft: Draft, mentions: list[str]) -> None:
    """Some of several models are not in stock."""
    draft.say(f"{' e '.join(map(with_make, mentions))} no momento não temos no estoque.")


def extra_facts(draft: Draft, understood: Understood, vehicles: tuple[Vehicle, ...], *, options: bool = False) -> None:
    """Facts asked for together with a search, which the list does not tell."""
    asked = tuple(fact for fact in understood.facts if fact not in _FACTS_IN_LIST)
    if (asked or options) and len(vehicles) <= 2:
        answer_facts(draft, understood if options else evolve(understood, options=()), vehicles, asked)


def answer_facts(draft: Draft, understood: Understood, vehicles: tuple[Vehicle, ...], asked: tuple[str, ...]) -> bool:
    """Facts of one or a few vehicles, each on its own line; whether all of them are on record."""
    known = True
    silent = {words for vehicle in vehicles for words, told in _all_facts(understood, vehicle, asked) if not told}
    if (
        len(vehicles) > 1
        and len(silent) == 1
        and not any(told for vehicle in vehicles for _, told in _all_facts(understood, vehicle, asked))
    ):
        draft.say(details.upper_first(silent.pop().replace("no anúncio", "nos anúncios desses")) + ".")
        draft.say("O que não está no anúncio um vendedor confirma pra você.")
        draft.ask("Quer que eu peça para um vendedor confirmar?", "person")
        return False
    for vehicle in vehicles:
        said: list[str] = []
        for words, told in _all_facts(understood, vehicle, asked):
            known = known and told
            if words not in said:
                said.append(words)
        if not said:
            continue
        head = f"{details.article(vehicle).upper()} *{details.name(vehicle)}* {details.year_words(vehicle)}".rstrip()
        head += _apart(vehicle, vehicles)
        if len(said) == 1:
            sign = "" if re.match(r"(?:est[aá]|é|tem) ", said[0]) else ":"
            draft.say(f"{head}{sign} {said[0]}.")
        else:
            draft.say(f"{head}:\n" + "\n".join(f"• {one}" for one in said))
    if not known:
        draft.say("O que não está no anúncio um vendedor confirma pra você.")
        draft.ask("Quer que eu peça para um vendedor confirmar?", "person")
    return known


def _all_facts(understood: Understood, vehicle: Vehicle, asked: tuple[str, ...]) -> list[tuple[str, bool]]:
    found = [details.fact(vehicle, fact) for fact in asked]
    return found + [details.option_words(vehicle, called, wanted) for called, wanted in understood.options]


def _apart(vehicle: Vehicle, vehicles: tuple[Vehicle, ...]) -> str:
    """What tells a vehicle from another of the same name and year: " (prata)"."""
    same = [one for one in vehicles if details.name(one) == details.name(vehicle) and one.year == vehicle.year]
    if len(same) < 2:
        return ""
    if len({one.color for one in same}) == len(same):
        return f" ({vehicle.color.lower()})"
    return f" ({details.price_words(vehicle)})"


def describe(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
    """One vehicle in full, or a few as a list."""
    if len(vehicles) == 1:
        draft.say(details.card(vehicles[0]))
    else:
        draft.say(lines(vehicles))
    draft.show(vehicles)


def photos(draft: Draft, vehicles: tuple[Vehicle, ...], *, video: bool = False, view: str = "") -> None:
    """Pictures of what is meant, or a salesperson's promise to send them. A film is a salesperson's. `view`: the
    part that is to be seen ("interior"), which the advertisement does not label."""
    if video:
        draft.say("Vídeo quem grava e manda é um vendedor.")
        draft.ask("Quer que eu peça o vídeo para um vendedor?", "person")
    if draft.picture(vehicles):
        names = " e ".join(f"d{details.article(v)} *{details.name(v)}*" for v in vehicles[:2])
        draft.say(f"📸 Aí vão as fotos {names}." if len(vehicles) <= 2 else "📸 Segue uma foto de cada um:")
        if view:
            draft.say(f"São as que estão no anúncio; se {view} não aparecer nelas, um vendedor tira e te manda.")
            draft.ask(f"Quer que eu peça mais fotos d{view} para um vendedor?", "person")
        if len(vehicles) == 1:
            draft.ask(f"O que achou d{details.pronoun(vehicles[0])}?", "opinion")
        else:
            draft.ask("Qual deles te agradou mais?", "which")
        return
    of = f"d{details.article(vehicles[0])} *{details.name(vehicles[0])}*" if len(vehicles) == 1 else "desses"
    draft.say(f"As fotos {of} ainda não estão aqui comigo; um vendedor da equipe tira e te manda.")
    draft.ask("Quer que eu peça as fotos para um vendedor?", "person")


def available(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
    """Whether vehicles are still to be had."""
    for vehicle in vehicles:
        if vehicle.status == "reserved":
            draft.say(f"Esse está reservado no momento:\n{details.line(vehicle)}")
        else:
            draft.say(f"Sim, ainda temos, está disponível ✅\n{details.line(vehicle)}")
    draft.show(vehicles)
    if len(vehicles) == 1:
        if vehicles[0].status == "reserved":
            draft.ask("Quer que eu te mostre opções parecidas?", "more")
        else:
            next_step(draft, vehicles[0])
    else:
        draft.ask("Qual deles te interessou?", "which")
