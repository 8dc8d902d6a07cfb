"""Visits: booked within opening hours, moved, called off; another time is proposed where the shop is closed. Pure."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from daemon.desk.brief import BookVisit, CancelVisit
from daemon.desk.catalogue.deals import named
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.understanding import Understood
from daemon.desk.catalogue.when import (
    closing_words,
    day_words,
    hour_words,
    is_within,
    next_open_day,
    spans,
    spans_words,
    week_words,
)
from shards.tenant.vehicle import Vehicle

KEPT: Final = "visit"
"""Where a turn's memory keeps the visit agreed on: {"day", "at", "vehicle"}."""


def agreed(memory: dict[str, Any]) -> dict[str, Any]:
    """The visit agreed on before, or {}."""
    kept = memory.get(KEPT)
    return kept if isinstance(kept, dict) else {}


def call_off(draft: Draft) -> None:
    """The customer does not come: thank for telling, let people know, offer another day."""
    kept = agreed(draft.memory)
    said = str(kept.get("words") or "")
    draft.memory.pop(KEPT, None)
    draft.memory.pop("visit_day", None)
    draft.do(CancelVisit())
    draft.say(
        draft.pick("Sem problema, obrigado por avisar!", "Tranquilo, obrigado por avisar!")
        + f" Já desmarquei{f' a visita de {said}' if said else ''} por aqui."
    )
    draft.ask("Quer deixar marcado outro dia?", "visit")


def visit(draft: Draft, understood: Understood, subject: tuple[Vehicle, ...]) -> None:
    """A visit: booked when it falls into opening hours, else another time is proposed."""
    brief = draft.brief
    vehicle = subject[0] if len(subject) == 1 else None
    when = understood.when
    today = brief.now.date()
    kept = agreed(draft.memory)
    day = when.day or _kept_day(draft)
    if day is None and kept and (when.at is not None or when.part):
        day = _iso_day(kept.get("day"))
    if when.now and when.day is None and when.at is None:
        _come_now(draft, vehicle)
        return
    if day is None and when.at is not None:
        day = today if brief.now.time().replace(tzinfo=None) < when.at else today + timedelta(days=1)
    what = f" pra ver {named(vehicle)}" if vehicle else ""
    if day is None:
        if when.part:
            draft.memory["visit_part"] = when.part
        draft.say(
            draft.pick(
                f"Vai ser um prazer te receber{what}!",
                f"Claro, vem conhecer{what.replace(' pra ver', '')}!" if vehicle else "Claro, vem nos visitar!",
            )
        )
        if brief.profile.assistant.hours:
            draft.say("Atendemos " + _week_line(draft))
        draft.ask("Que dia e horário ficam bons pra você?", "visit")
        return
    found = spans(brief.profile.assistant, day, brief.now)
    if brief.profile.assistant.hours and not found:
        _propose_other_day(draft, day)
        return
    called = day_words(day, today)
    at = when.at
    if at is None and kept and understood.has("move") and when.after is None and not when.part and when.day is not None:
        at = _iso_time(kept.get("at"))
    if at is None:
        if day == today and found and brief.now.time().replace(tzinfo=None) >= found[-1][1]:
            _propose_other_day(draft, day)
            return
        part = {"manha": " de manhã", "tarde": " à tarde", "noite": " à noite"}.get(when.part, "")
        if when.after is not None:
            if found and when.after >= found[-1][1]:
                draft.say(f"{called.capitalize()} atendemos {spans_words(found)}, então depois disso já fechamos.")
                draft.ask("Que outro dia ou horário fica bom?", "visit")
                return
            part = f" depois das {hour_words(when.after)}"
        draft.memory["visit_day"] = day.isoformat()
        draft.do(BookVisit(vehicle_id=vehicle.id if vehicle else None, wish=f"{called}{part}"))
        hours = f" Nesse dia abrimos {spans_words(found)}." if found else ""
        draft.say(f"Show, te esperamos {called}{part}{what}!{hours}")
        draft.ask("Que horário fica melhor pra você?", "visit")
        return
    starts = datetime.combine(day, at, brief.now.tzinfo)
    if brief.profile.assistant.hours and not is_within(found, at):
        draft.memory["visit_day"] = day.isoformat()
        draft.say(
            f"{called.capitalize()} atendemos {spans_words(found)}, então às {hour_words(at)} não vamos estar na loja."
        )
        draft.ask("Que outro horário fica bom?", "visit")
        return
    if starts <= brief.now:
        draft.say("Esse horário já passou por hoje.")
        draft.ask("Que outro dia ou horário fica bom pra você?", "visit")
        return
    draft.memory.pop("visit_day", None)
    words = f"{called} às {hour_words(at)}"
    seen = vehicle.id if vehicle else kept.get("vehicle")
    about = seen if isinstance(seen, str) else None
    draft.memory[KEPT] = {"day": day.isoformat(), "at": f"{at:%H:%M}", "vehicle": about, "words": words}
    draft.do(BookVisit(vehicle_id=about, starts_at=starts))
    if kept:
        draft.say(
            draft.pick(
                f"Prontinho, mudei sua visita para {words}{what}. 🤝", f"Remarcado: {words}{what}. Te esperamos!"
            )
        )
        return
    draft.say(
        draft.pick(
            f"Combinado! Anotei sua visita para {called} às {hour_words(at)}{what}. 🤝",
            f"Perfeito, ficou anotado: {called} às {hour_words(at)}{what}. Te esperamos!",
        )
    )
    address = brief.profile.address
    if address:
        draft.say(f"📍 {address}")
    if not draft.memory.get("own"):
        draft.ask(
            "Vai ter carro na troca pra gente já deixar a avaliação separada?",
            "trade",
            instead=draft.asked in {"opinion", "photos"},
        )


def _come_now(draft: Draft, vehicle: Vehicle | None) -> None:
    brief = draft.brief
    found = spans(brief.profile.assistant, brief.now.date(), brief.now)
    if brief.open_now:
        until = f", estamos abertos até as {closing_words(found)} hoje" if found else ""
        draft.do(BookVisit(vehicle_id=vehicle.id if vehicle else None, wish="hoje, está vindo agora"))
        draft.say(f"Pode vir sim, te esperamos{until}! 😊")
        if brief.profile.address:
            draft.say(f"📍 {brief.profile.address}")
        return
    opening = brief.next_opening
    draft.say(f"Agora a loja está fechada{f'; abrimos {opening}' if opening else ''}.")
    draft.ask("Que horário fica bom pra você vir?", "visit")


def _propose_other_day(draft: Draft, day: date) -> None:
    brief = draft.brief
    called = day_words(day, brief.now.date())
    other = next_open_day(brief.profile.assistant, max(day, brief.now.date()), brief.now)
    closed = "a loja já vai estar fechada" if day == brief.now.date() else "a loja não abre"
    draft.say(f"{called.capitalize()} {closed}.")
    if other is None:
        draft.ask("Que outro dia fica bom pra você?", "visit")
        return
    draft.memory["visit_day"] = other.isoformat()
    hours = spans_words(spans(brief.profile.assistant, other, brief.now))
    draft.ask(f"Que tal {day_words(other, brief.now.date())}, {hours}?", "visit")


def _iso_day(stored: object) -> date | None:
    try:
        return date.fromisoformat(stored) if isinstance(stored, str) else None
    except ValueError:
        return None


def _iso_time(stored: object) -> time | None:
    try:
        return time.fromisoformat(stored) if isinstance(stored, str) else None
    except ValueError:
        return None


def _kept_day(draft: Draft) -> date | None:
    if draft.brief.memory.get("asked") != "visit":
        return None
    return _iso_day(draft.memory.get("visit_day"))


def _week_line(draft: Draft) -> str:
    lines = [line for line in week_words(draft.brief.profile.assistant) if not line.endswith("fechado")]
    return "; ".join(line[:1].lower() + line[1:].replace(": ", " ", 1) for line in lines) + "."
