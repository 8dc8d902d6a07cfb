"""One turn of the embedded answerer: a generator of commands that ends with a reply. Decides, does no I/O."""

import re
from collections.abc import Generator
from typing import Any, Final

from attrs import evolve

from daemon.desk import wording
from daemon.desk.brief import Brief, Command, HandOver, Note, OptOut, Reply
from daemon.desk.catalogue import deals, house, offers, visits
from daemon.desk.catalogue.details import name
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.kinds import SENT_PICTURE, answer_kind
from daemon.desk.catalogue.showing import ABOUT, by_words, shown_for
from daemon.desk.catalogue.smalltalk import close, greet, not_understood, small_talk, steer_back
from daemon.desk.catalogue.subjects import MOST, Subject, resolve
from daemon.desk.catalogue.understanding import Understood, understand
from daemon.desk.catalogue.wish import described
from shards.tenant.vehicle import Vehicle

Steps = Generator[Command, Any, None]
Turn = Generator[Command, Any, Reply]

_LETTER: Final = re.compile(r"[a-z0-9]")
_YES_EMOJI: Final = re.compile(r"[👍👌✅🙌🙏😍❤]")
_VIEW: Final = re.compile(r"\b(interior|dentro|painel|motor|traseira|porta[ -]malas?)\b")
_COMING: Final = re.compile(
    r"\b(?:posso|quero|queria|consigo|da pra|vou|vamos|podemos|gostaria de) (?:ver|olhar|ir|passar"
    r"|conhecer|dar uma olhada|aparecer)\b|\b(?:eu )?(?:apareco|passo|chego|colo|dou um pulo|dou uma passada|estarei|estou|to) (?:ai|la|na loja|por ai|$)"
    r"|\b(?:da|daria|rola|pode ser|consigo|serve)\W*\Z"
    r"|\beu (?:apareco|passo|vou|chego|colo)\b|\bvou (?:ai|la|na loja|passar|aparecer)\b"
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
        not_understood(draft, understood)
    reply = draft.reply()
    yield Note("catalogue.answered", {"intents": sorted(understood.intents), "missed": draft.missed})
    return reply


def _compose(draft: Draft, understood: Understood) -> Steps:
    if understood.out:
        draft.do(OptOut())
        draft.say(wording.OPTED_OUT)
        return
    if _handed_over(draft, understood):
        return
    greet(draft, understood)
    if not understood.text:
        answer_kind(draft, draft.brief.burst[-1].kind)
        return
    if reason := next((line.unheard for line in draft.brief.burst if line.unheard), ""):
        draft.say(wording.unheard(reason)[0])  # and then what was written besides
    pictures = any(line.kind in {"image", "video"} and not line.vehicle_id for line in draft.brief.burst)
    if pictures and understood.wish.empty and understood.pointing and not draft.brief.burst[-1].quoted:
        answer_kind(draft, "image")
        return
    if pictures and (understood.has("trade", "sell") or draft.brief.memory.get("asked") == "trade"):
        draft.lead(trade_in=SENT_PICTURE)
    if steer_back(draft, understood):
        return
    if not _LETTER.search(understood.folded):
        _emoji(draft, understood)
        return
    if understood.has("call_off") and _calls_off(draft, understood):
        visits.call_off(draft)
        return
    understood = yield from _confirmed(draft, understood)
    if draft.effects and not understood.intents:
        return
    if understood.has("intro") and understood.wish.empty and small_talk(draft, understood):
        return
    subject = yield from shown_for(draft, understood)
    yield from _business(draft, understood, subject)
    if draft.parts[draft.greeting_parts :] or draft.question:
        close(draft, understood)
        return
    if small_talk(draft, understood):
        return
    found = yield from by_words(understood)
    if found is not None and found.items:
        offers.listing(draft, understood, found)
        return
    not_understood(draft, understood, subject.vehicles)


def _handed_over(draft: Draft, understood: Understood) -> bool:
    """Complaints, abuse and the wish for a person: a salesperson takes over."""
    if understood.has("complaint", "abuse") or (understood.has("broken") and understood.has("bought")):
        draft.do(HandOver("reclamação: " + understood.text[:160], always=True))
        sorry = draft.pick("Sinto muito por isso.", "Poxa, sinto muito pelo transtorno.")
        draft.say(
            f"{sorry} Vou passar agora mesmo para uma pessoa da equipe cuidar do seu caso. {house.people(draft.brief)}"
        )
        return True
    if understood.has("human", "call") and not understood.has("robot"):
        interest = "" if understood.wish.empty else described(understood.wish)
        draft.lead(interest=interest)
        draft.do(HandOver("pediu para falar com uma pessoa" + (f": {interest}" if interest else "")))
        draft.say(f"{draft.pick('Claro!', 'Sem problema!')} {house.people(draft.brief)}")
        return True
    return False


def _calls_off(draft: Draft, understood: Understood) -> bool:
    """Whether "não vou poder ir" is of a visit, and no other time is named with it."""
    moved = understood.has("move") and understood.when.at is not None
    kept = visits.agreed(draft.memory) or draft.memory.get("visit_day")
    if re.fullmatch(r"\W*(?:\w+ ){0,2}cancel\w+\W*(?:\w+\W*){0,2}", understood.folded):
        return bool(kept)
    return bool(kept or re.search(r"\b(?:visita|agendamento|test\w* ?drive)\b", understood.folded)) and not moved


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


# The rest


def _business(draft: Draft, understood: Understood, subject: Subject) -> Steps:
    """What is asked of the vehicles, then of the deal, then of the house."""
    brief = draft.brief
    vehicles, told = subject.vehicles, subject.how == "told"
    asked = str(brief.memory.get("asked") or "")
    pending = brief.memory.get("pending")
    draft.memory.pop("pending", None)
    if (
        pending
        and vehicles
        and not (understood.searching and understood.mentions)
        and not understood.has(*ABOUT)
        and not understood.facts
    ):
        understood = evolve(understood, intents=understood.intents | {str(pending)})
    if not told:
        _about(draft, understood, subject)
    elif understood.has("photos"):
        offers.photos(draft, vehicles, video=understood.has("video"))
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
        merely_cash = (
            told and len(vehicles) > 1 and understood.wish.priced and not understood.money.offer
        )  # "tenho 50 mil à vista, o que dá pra comprar?"
        if ((understood.has("discount") and not understood.has("trade", "sell")) or vehicles) and not merely_cash:
            deals.price_talk(draft, single if len(single) < MOST else (), told=told)
            if not single:
                draft.memory["pending"] = "discount"
    elif understood.has("finance", "doubt") or (
        asked == "down" and (understood.money.down is not None or understood.has("no"))
    ):
        if not (told and understood.money.instalment):  # what such an instalment buys was shown
            deals.financing(draft, understood, single)
        if not single:
            draft.memory["pending"] = "finance"
    planned = _plans_to_come(understood)
    kept = visits.agreed(brief.memory)
    moves = bool(kept) and understood.has("move") and (understood.when.said or understood.has("visit"))
    if (
        understood.has("visit")
        or (asked == "visit" and understood.when.said)
        or planned
        or moves
        or (
            kept and understood.when.at is not None and understood.wish.empty and not understood.has("hours", "finance")
        )
    ):
        visits.visit(draft, understood, single)
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
    return when.at is not None or when.after is not None or _COMING.search(understood.folded) is not None


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
    if "auction" in facts or ("report" in facts and not vehicles):
        draft.say(house.told(draft.brief, r"laudo|cautelar|perici|leilao"))
    if understood.has("photos"):
        if _view(understood):
            facts = tuple(fact for fact in facts if fact not in {"state", "engine"})
            wants_facts = bool(facts)
        if vehicles:
            if wants_facts:
                offers.answer_facts(draft, understood, vehicles, facts)
            offers.photos(draft, vehicles, video=understood.has("video"), view=_view(understood))
            draft.show(vehicles)
        elif not understood.wish.named:
            draft.ask("De qual carro você quer as fotos?", "which")
            draft.memory["pending"] = "photos"
        return
    if understood.has("available") and not wants_facts and not understood.has("trade", "sell", "consign"):
        if vehicles:
            offers.available(draft, vehicles)
        elif not draft.parts[draft.greeting_parts :] and not understood.has("hours", "address", "phone"):
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
    elif understood.has("that_one") and len(vehicles) == 1:
        draft.show(vehicles)
        draft.say(draft.pick("Boa escolha!", "Isso!") + "\n" + offers.lines(vehicles))
        offers.next_step(draft, vehicles[0])
    elif understood.has("info", "that_one") and vehicles:
        offers.describe(draft, vehicles)
        if len(vehicles) == 1:
            offers.next_step(draft, vehicles[0])
    elif understood.has("buying") and len(vehicles) == 1 and not understood.has("finance", "discount", "visit"):
        _closing(draft, vehicles[0])


def _view(understood: Understood) -> str:
    """The part of a car that photos are asked of: "o interior", "a traseira", or ""."""
    part = _VIEW.search(understood.folded)
    if part is None:
        return ""
    said = {"dentro": "interior", "porta malas": "porta-malas", "porta mala": "porta-malas"}.get(part[1], part[1])
    return f"{'a' if said == 'traseira' else 'o'} {said}"


def _closing(draft: Draft, vehicle: Vehicle) -> None:
    draft.lead(interest=f"quer comprar {name(vehicle)}", vehicle_id=vehicle.id)
    draft.about = vehicle
    draft.say(
        draft.pick("Ótima escolha!", "Boa escolha!")
        + " O próximo passo é ver o carro de perto e acertar os detalhes com um vendedor."
    )
    draft.ask("Que dia e horário ficam bons pra você vir?", "visit")
