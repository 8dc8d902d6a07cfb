"""One turn of the embedded answerer: a generator of commands that ends with a reply. Decides, does no I/O."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve

from daemon.desk.brief import Brief, Command, HandOver, Note, OptOut, Reply
from daemon.desk.catalogue import deals, house, offers
from daemon.desk.catalogue.details import card, name
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.finding import Found, find, find_words, nearest
from daemon.desk.catalogue.kinds import answer_kind
from daemon.desk.catalogue.smalltalk import close, greet, not_understood, small_talk, steer_back
from daemon.desk.catalogue.subjects import MOST, Subject, resolve
from daemon.desk.catalogue.understanding import Understood, recalled_ids, understand
from daemon.desk.catalogue.wish import Wish, recalled, remembered
from daemon.desk.wording import OPTED_OUT
from shards.tenant.vehicle import Vehicle

Steps = Generator[Command, Any, None]
Turn = Generator[Command, Any, Reply]

_ABOUT: Final = ("photos", "available", "finance", "discount", "reserve", "buying", "info", "visit")
_LETTER: Final = re.compile(r"[a-z0-9]")
_YES_EMOJI: Final = re.compile(r"[👍👌✅🙌🙏😍❤]")
_COMING: Final = re.compile(
    r"\b(?:posso|quero|queria|consigo|da pra|vou|vamos|podemos|gostaria de) (?:ver|olhar|ir|passar|conhecer|dar uma olhada|aparecer)\b"
)
_RESIDUE: Final = re.compile(r"[a-z][a-z0-9-]{2,}")
_EMPTY_WORDS: Final = frozenset(
    [
        "tem",
        "teria",
        "tens",
        "temos",
        "vcs",
        "voces",
        "voce",
        "loja",
        "ainda",
        "algum",
        "alguma",
        "quero",
        "queria",
        "procuro",
        "procurando",
        "busco",
        "preciso",
        "gostaria",
        "saber",
        "ver",
        "comprar",
        "carro",
        "carros",
        "veiculo",
        "modelo",
        "oi",
        "ola",
        "bom",
        "boa",
        "dia",
        "tarde",
        "noite",
        "por",
        "favor",
        "pra",
        "para",
        "com",
        "uma",
        "uns",
        "dos",
        "das",
        "ele",
        "ela",
        "esse",
        "essa",
        "que",
        "qual",
        "quais",
        "como",
        "onde",
        "quando",
        "aqui",
        "voce",
        "tudo",
        "bem",
        "mais",
        "informacoes",
        "interesse",
        "alguem",
        "sobre",
        "bonito",
        "legal",
        "disponivel",
        "estoque",
        "agora",
        "hoje",
        "gente",
        "moco",
        "moca",
        "amigo",
        "querido",
        "senhor",
    ]
)


def answer(brief: Brief) -> Turn:
    """Answer a burst from the stock, the profile and what the conversation keeps in `memory`.

    Yields `SearchStock`, `GetVehicles` and `Note`; never raises for anything a customer writes. The reply's
    memory keeps unknown keys, and of its own: shown, focus, seen (vehicle ids), wish, asked, missed, pending,
    down, months, own, visit_day.
    """
    understood = understand(brief)
    draft = Draft(brief)
    yield from _compose(draft, understood)
    if not draft.parts and not draft.question:
        not_understood(draft)
    reply = draft.reply()
    yield Note("catalogue.answered", {"intents": sorted(understood.intents), "missed": draft.missed})
    return reply


def _compose(draft: Draft, understood: Understood) -> Steps:
    if understood.out:
        draft.do(OptOut())
        draft.say(OPTED_OUT)
        return
    if _handed_over(draft, understood):
        return
    greet(draft, understood)
    if not understood.text:
        answer_kind(draft, draft.brief.burst[-1].kind)
        return
    pictures = any(line.kind in {"image", "video"} and not line.vehicle_id for line in draft.brief.burst)
    if pictures and understood.wish.empty and understood.pointing and not draft.brief.burst[-1].quoted:
        answer_kind(draft, "image")
        return
    if steer_back(draft, understood):
        return
    if not _LETTER.search(understood.folded):
        _emoji(draft, understood)
        return
    understood = yield from _confirmed(draft, understood)
    if draft.effects and not understood.intents:
        return
    subject = yield from _vehicles(draft, understood)
    yield from _business(draft, understood, subject)
    if draft.parts[draft.greeting_parts :] or draft.question:
        close(draft, understood)
        return
    if small_talk(draft, understood):
        return
    found = yield from _by_words(understood)
    if found is not None and found.items:
        offers.listing(draft, understood, found)
        return
    not_understood(draft)


def _handed_over(draft: Draft, understood: Understood) -> bool:
    """Complaints, abuse and the wish for a person: a salesperson takes over."""
    if understood.has("complaint", "abuse") or (understood.has("broken") and understood.has("bought")):
        draft.do(HandOver("reclamação: " + understood.text[:160]))
        sorry = draft.pick("Sinto muito por isso.", "Poxa, sinto muito pelo transtorno.")
        draft.say(
            f"{sorry} Vou passar agora mesmo para uma pessoa da equipe cuidar do seu caso. {house.people(draft.brief)}"
        )
        return True
    if understood.has("human", "call") and not understood.has("robot"):
        interest = "" if understood.wish.empty else understood.text[:120]
        draft.lead(interest=interest)
        draft.do(HandOver("pediu para falar com uma pessoa" + (f": {interest}" if interest else "")))
        draft.say(f"{draft.pick('Claro!', 'Sem problema!')} {house.people(draft.brief)}")
        return True
    return False


def _emoji(draft: Draft, understood: Understood) -> None:
    if draft.brief.first_turn:
        draft.ask("Me conta: qual carro você procura?", "model")
        return
    if "?" in understood.text and not _YES_EMOJI.search(understood.text):
        draft.ask("Oi! Estou por aqui 😊 Qual é a sua dúvida?", "model")
        return
    if _YES_EMOJI.search(understood.text):
        draft.say(draft.pick("Combinado! 😊 Qualquer dúvida, é só me chamar.", "Show! 😊 Fico por aqui se precisar."))
    else:
        draft.say(
            draft.pick("😄 Fico por aqui, qualquer dúvida é só chamar.", "😊 Estou por aqui se precisar de algo.")
        )


def _confirmed(draft: Draft, understood: Understood) -> Generator[Command, Any, Understood]:
    """A plain yes or no to our last question, turned into what it stands for."""
    asked = draft.brief.memory.get("asked")
    if understood.has("ack") and isinstance(asked, str):
        meant = {"photos": "photos", "visit": "visit", "more": "more"}.get(asked)
        if meant:
            return evolve(understood, intents=frozenset({meant}))
        if asked == "person":
            subject = yield from resolve(draft.brief, understood)
            about = f" sobre {name(subject.one)}" if subject.one else ""
            draft.do(HandOver(f"quer que um vendedor confirme informações{about}"))
            draft.say(f"Pronto, já avisei a equipe! {house.people(draft.brief)}")
            return evolve(understood, intents=frozenset())
        if asked == "which":
            subject = yield from resolve(draft.brief, understood)
            if subject.one:
                return evolve(understood, intents=frozenset({"buying"}))
    return understood


# Vehicles


def _vehicles(draft: Draft, understood: Understood) -> Generator[Command, Any, Subject]:
    """Show or resolve the vehicles that the burst is about."""
    brief = draft.brief
    older = recalled(brief.memory.get("wish"))
    wish = understood.wish
    if understood.mentions:
        wish = wish.over(older) if understood.following and not understood.has(*_ABOUT[:4]) else wish
        return (yield from _named(draft, understood, wish))
    if understood.has("trade", "sell") and not understood.searching and not wish.priced:
        return (yield from _quiet(brief, understood))
    more = understood.has("more") and not understood.has("other_color")
    if more and recalled_ids(brief.memory, "seen") and wish.without("sort").empty:
        yield from _more(draft, older)
        return Subject()
    subject = yield from resolve(brief, understood)
    if subject.gone and subject.how == "quoted":
        yield from _gone(draft, understood, subject)
        return Subject()
    if understood.has("compare") and len(subject.vehicles) == 1 and understood.ordinal is not None:
        subject = yield from _quiet(brief, evolve(understood, wish=Wish()))
    if understood.has("compare") and 1 < len(subject.vehicles) <= MOST:
        _compare(draft, subject.vehicles)
        return Subject()
    if understood.has("other_color") and subject.vehicles:
        yield from _other_colors(draft, subject.vehicles)
        return Subject()
    if _is_search(understood, subject):
        merged = wish if _is_new(understood, older) else wish.over(older)
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
        if subject.how == "picked" and wish.sort and wish.without("sort").empty:
            return True
        return False
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


def _overview(understood: Understood, subject: Subject) -> bool:
    if not understood.has("stock"):
        return False
    return not subject.vehicles or not (understood.pointing or understood.facts or understood.has(*_ABOUT))


def _named(draft: Draft, understood: Understood, wish: Wish) -> Generator[Command, Any, Subject]:
    """Vehicles of a make or model that is named."""
    if any(not mention.known.model for mention in understood.mentions) and not wish.models and wish.bodies:
        wish = evolve(wish, models=())
    subject = yield from _among_shown(draft.brief, understood)
    if subject is not None:
        return subject
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
    kinds = {body in {"motorcycle", "truck"} for line in draft.brief.summary.lines for body in line.bodies}
    wish = evolve(wish, cars_only=len(kinds) == 2)
    draft.memory["wish"] = remembered(wish)
    only_best = bool(wish.sort) and (
        understood.picking or bool(re.search(r"\b(?:qual|quero|me (?:mostra|fala))\b", understood.folded))
    )
    found = yield from find(wish, limit=1 if only_best and not understood.searching else MOST)
    if found.total > MOST or only_best:
        found = evolve(found, items=found.items[: 1 if only_best else offers.LISTED])
    _keep_lead(draft, understood, wish, found)
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


def _speaks_later(understood: Understood) -> bool:
    """Whether something is asked of the named vehicle that is answered apart, so that it need not be shown."""
    return understood.has("photos", "discount", "reserve") or (understood.has("finance") and not understood.searching)


def _keep_lead(draft: Draft, understood: Understood, wish: Wish, found: Found) -> None:
    if wish.named or wish.max_centavos:
        only = found.items[0].id if found.total == 1 and found.items else None
        draft.lead(interest=understood.text[:160], vehicle_id=only, budget_centavos=wish.max_centavos)


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
        f"Do {model} só temos {'esse' if len(vehicles) == 1 else 'esses'} no momento{f' ({colors})' if colors else ''}; em outra cor não temos."
    )
    draft.ask("Quer ver outro modelo parecido?", "model")


def _compare(draft: Draft, vehicles: tuple[Vehicle, ...]) -> None:
    for vehicle in vehicles:
        draft.say(card(vehicle))
    draft.show(vehicles)
    draft.ask("Qual deles faz mais o seu estilo?", "which")


def _invite(draft: Draft, understood: Understood) -> None:
    """Somebody looks for a car and has not said which."""
    total = draft.brief.summary.total
    if re.search(r"\b(?:o (?:que|q) (?:vc|vcs|voces)|quais|estoque|catalogo|lista)\b", understood.folded) and total:
        makes = list(dict.fromkeys(line.make for line in draft.brief.summary.lines))[:6]
        draft.say(
            f"Temos {total} veículos no estoque hoje, de {', '.join(makes)} e mais."
            if len(makes) > 3
            else f"Temos {total} veículos no estoque hoje."
        )
    elif not draft.parts:
        draft.say(draft.pick("Te ajudo a achar 😊", "Bora achar o carro certo pra você 😊"))
    draft.ask("Que tipo de carro você procura (hatch, sedan, SUV, picape) e até que valor?", "budget")


# The rest


def _business(draft: Draft, understood: Understood, subject: Subject) -> Steps:
    """What is asked of the vehicles, then of the deal, then of the house."""
    brief = draft.brief
    vehicles, told = subject.vehicles, subject.how == "told"
    asked = str(brief.memory.get("asked") or "")
    pending = brief.memory.get("pending")
    draft.memory.pop("pending", None)
    if pending and vehicles and not understood.has(*_ABOUT) and not understood.facts:
        understood = evolve(understood, intents=understood.intents | {str(pending)})
    if not told:
        _about(draft, understood, subject)
    elif understood.has("photos"):
        offers.photos(draft, vehicles)
    single = vehicles if len(vehicles) <= MOST else ()
    if understood.has("trade") or (
        asked == "trade"
        and not understood.has("no")
        and (understood.own or "km" in understood.facts)
        and not understood.searching
    ):
        deals.trade_in(draft, understood, single)
    elif understood.has("sell"):
        deals.selling(draft, understood)
    if understood.has("reserve"):
        deals.reserve(draft, single)
    elif understood.money.offer or understood.has("discount"):
        if understood.has("discount") or vehicles:
            deals.price_talk(draft, single if len(single) < MOST else (), told=told)
            if not single:
                draft.memory["pending"] = "discount"
    elif understood.has("finance", "doubt") or (
        asked == "down" and (understood.money.down is not None or understood.has("no"))
    ):
        deals.financing(draft, understood, single)
        if not single:
            draft.memory["pending"] = "finance"
    planned = _plans_to_come(understood)
    if understood.has("visit") or (asked == "visit" and understood.when.said) or planned:
        deals.visit(draft, understood, single)
    if understood.has("address"):
        house.place(draft)
    if understood.has("phone") and not understood.has("private"):
        house.phone(draft)
    if understood.has("hours"):
        house.hours(draft, understood)
    house.terms(draft, understood)
    yield from ()


def _plans_to_come(understood: Understood) -> bool:
    """A day with a time, or with "posso ver …": a visit, whatever else is said."""
    when = understood.when
    if understood.has("hours", "finance") or when.day is None:
        return False
    return when.at is not None or _COMING.search(understood.folded) is not None


def _about(draft: Draft, understood: Understood, subject: Subject) -> None:
    """Photos, availability and facts of the vehicles meant, or which one is meant."""
    vehicles = subject.vehicles
    facts = tuple(
        fact
        for fact in understood.facts
        if not (fact == "price" and understood.has("finance", "discount", "trade", "sell"))
    )
    if understood.has("hours", "address", "visit") and subject.how in {"focus", "shown"}:
        facts = tuple(fact for fact in facts if fact in {"km", "year", "color"} or understood.pointing)
    wants_facts = bool(facts or understood.options) and not understood.has("trade", "sell", "warranty")
    if understood.has("photos"):
        if vehicles:
            offers.photos(draft, vehicles)
            draft.show(vehicles)
        elif not understood.wish.named:
            draft.ask("De qual carro você quer as fotos?", "which")
            draft.memory["pending"] = "photos"
        return
    if understood.has("available") and not wants_facts:
        if vehicles:
            offers.available(draft, vehicles)
        elif not draft.parts[draft.greeting_parts :]:
            draft.ask("Qual carro você viu? Me manda o modelo que eu confirmo se ainda temos.", "which")
        return
    if wants_facts:
        if vehicles:
            draft.show(vehicles)
            offers.answer_facts(draft, understood, vehicles, facts)
            if len(vehicles) == 1 and not understood.has("finance", "discount", "visit", "reserve"):
                offers.next_step(draft, vehicles[0])
        elif not draft.parts[draft.greeting_parts :] and not understood.has(
            "hours", "address", "phone", "finance", "visit"
        ):
            draft.ask("De qual carro você quer saber? Me diz o modelo.", "which")
        return
    if subject.how in {"picked", "quoted", "ad"} and not understood.has(
        "finance", "discount", "reserve", "visit", "trade"
    ):
        offers.describe(draft, vehicles)
        if understood.has("buying") and len(vehicles) == 1:
            _closing(draft, vehicles[0])
        elif len(vehicles) == 1:
            offers.next_step(draft, vehicles[0])
        else:
            draft.ask("Qual desses te interessou?", "which")
    elif understood.has("info") and vehicles:
        offers.describe(draft, vehicles)
        if len(vehicles) == 1:
            offers.next_step(draft, vehicles[0])
    elif understood.has("buying") and len(vehicles) == 1 and not understood.has("finance", "discount", "visit"):
        _closing(draft, vehicles[0])


def _closing(draft: Draft, vehicle: Vehicle) -> None:
    draft.lead(interest=f"quer comprar {name(vehicle)}", vehicle_id=vehicle.id)
    draft.about = vehicle
    draft.say(
        draft.pick("Ótima escolha!", "Boa escolha!")
        + " O próximo passo é ver o carro de perto e acertar os detalhes com um vendedor."
    )
    draft.ask("Que dia e horário ficam bons pra você vir?", "visit")


def _by_words(understood: Understood) -> Generator[Command, Any, Found | None]:
    """A search with words that no table here knows: the stock's own search may."""
    if not understood.searching:
        return None
    left = [word for word in _RESIDUE.findall(understood.folded) if word not in _EMPTY_WORDS][:4]
    if not left:
        return None
    return (yield from find_words(" ".join(left), limit=offers.LISTED))
