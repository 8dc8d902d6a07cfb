"""One turn of the assistant as a generator: it yields commands, gets their answers, ends with a `Reply`.

No I/O, no clock, no randomness: `daemon.desk.turn` carries the commands out.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final

import attrs
from attrs import define, field, frozen

from daemon.desk import handover, photos, prompts, results, tools, wording
from daemon.desk.brief import (
    AskModel,
    BookVisit,
    Brief,
    CancelVisit,
    Command,
    Effect,
    Estimate,
    Fault,
    GetVehicles,
    HandOver,
    Note,
    Photo,
    PreparePhotos,
    ProviderFailed,
    Reply,
    SaveLead,
    SearchStock,
    Sources,
)
from daemon.desk.finance import estimate
from daemon.desk.grounding import Grounding, ground
from daemon.desk.markdown import to_whatsapp
from daemon.desk.unanswered import needs_no_answer
from daemon.providers.base import Entry, ModelReply, ModelSaid, Prompt, ToolAnswered, ToolCall, UserSaid
from shards.tenant.vehicle import StockPage, Vehicle

MAX_ROUNDS: Final = 6
"""Requests to one provider in one turn, the retry after a fault included."""

MAX_CALLS: Final = 12
"""Tool calls of one provider in one turn."""

MAX_REMEMBERED: Final = 8
"""Vehicles of the conversation that a turn starts from."""

MAX_ESTIMATES: Final = 3
"""Simulations that a conversation remembers."""

_GRAVE: Final = frozenset({"complaint", "abuse"})
"""What the catalogue answerer understood and a person must see at any hour."""

Turn = Generator[Command, Any, Reply]
Catalogue = Callable[[Brief], Turn]


@frozen
class _Failure:
    """A provider gave nothing that may be sent."""

    reason: str


@define
class _Attempt:
    """What came together while one provider was asked."""

    vehicles: dict[str, Vehicle] = field(factory=dict)
    estimates: list[Estimate] = field(factory=list)
    effects: list[Effect] = field(factory=list)
    photos: list[Photo] = field(factory=list)
    calls: int = 0

    def know(self, vehicles: Iterable[Vehicle]) -> None:
        for vehicle in vehicles:
            self.vehicles[vehicle.id] = vehicle

    def effect(self, effect: Effect) -> None:
        """Keep the newest of each kind; a lead's parts add up. Visits are called off before one is booked."""
        if isinstance(effect, CancelVisit):
            self.effects.insert(0, effect)
            return
        for index, old in enumerate(self.effects):
            if type(old) is type(effect):
                self.effects[index] = _joined(old, effect)
                return
        self.effects.append(effect)


def turn(brief: Brief, providers: Sequence[str], catalogue: Catalogue | None = None) -> Turn:
    """Answer a burst: the providers in order, the first grounded text wins, the catalogue answerer comes last
    even where it is not listed, and an apology with a hand-over is what is left. Ends in silence only where a person
    would not answer either; never raises for anything a provider does. `catalogue` stands in for
    `daemon.desk.catalogue.answer`.
    """
    if needs_no_answer(brief):
        return Reply(text="", provider="none", memory=dict(brief.memory))
    answer = catalogue or _catalogue()
    known: tuple[Vehicle, ...] | None = None
    order = list(dict.fromkeys(providers))
    reasons: list[str] = []
    if "catalogue" not in order:
        order.append("catalogue")
    if all(line.unheard for line in brief.burst):
        order = ["catalogue"]  # it asks to write; a model has nothing to go by
    for provider in order:
        if provider == "catalogue":
            outcome = yield from _from_catalogue(brief, answer)
        else:
            if known is None:
                known = yield from _remembered(brief)
            outcome = yield from _from_model(brief, provider, known)
        if isinstance(outcome, Reply):
            return handover.in_hours(brief, outcome)
        reasons.append(f"{provider}: {outcome.reason}")
        yield Note("turn.provider_failed", {"provider": provider, "reason": outcome.reason}, "warning")
    yield Note("turn.apology", {"providers": order, "reason": "; ".join(reasons)}, "warning")
    apology = Reply(
        text=wording.apology(handover.opening(brief)),
        provider="none",
        effects=(HandOver("the assistant had no answer that stock bears out"),),
        memory=dict(brief.memory),
    )
    return handover.in_hours(brief, apology)


def _catalogue() -> Catalogue:
    from daemon.desk.catalogue import answer

    return answer


# The catalogue answerer


def _from_catalogue(brief: Brief, answer: Catalogue) -> Generator[Command, Any, Reply | _Failure]:
    """Run the catalogue answerer and note which vehicles it was given, to check its text against them; its
    simulations are those it keeps in memory under "estimates"."""
    attempt = _Attempt()
    commands = answer(brief)
    result: Any = None
    grave = False
    while True:
        try:
            command = commands.send(result)
        except StopIteration as end:
            reply: Reply = end.value
            break
        grave = grave or (isinstance(command, Note) and not _GRAVE.isdisjoint(command.fields.get("intents", ())))
        result = yield command
        _witness(attempt, result)
    if not reply.text.strip() and not any(isinstance(effect, HandOver) for effect in reply.effects):
        return _Failure("empty text")
    if reply.photos:
        broken: frozenset[str] = yield PreparePhotos(tuple(photo.url for photo in reply.photos))
        reply = photos.without(reply, broken)
    effects = tuple(attrs.evolve(e, always=e.always or grave) if isinstance(e, HandOver) else e for e in reply.effects)
    reply = attrs.evolve(reply, text=to_whatsapp(reply.text), effects=effects)
    attempt.estimates.extend(_estimates(reply.memory, attempt.vehicles))
    faults = _grounding(brief, reply.text, attempt).faults
    if faults:
        yield _fault_note("catalogue", faults, final=True)
        return _Failure(f"ungrounded: {faults[0].why}")
    return reply


def _witness(attempt: _Attempt, result: Any) -> None:
    if isinstance(result, StockPage):
        attempt.know(result.items)
    elif isinstance(result, tuple) and all(isinstance(item, Vehicle) for item in result):
        attempt.know(result)


# Models


def _remembered(brief: Brief) -> Generator[Command, Any, tuple[Vehicle, ...]]:
    """The vehicles the conversation is about, as they are in stock now."""
    ids = [line.vehicle_id for line in reversed((*brief.history, *brief.burst)) if line.vehicle_id]
    focus = brief.memory.get("focus")
    shown = brief.memory.get("shown")
    quoted = [line.vehicle_id for line in brief.burst if line.vehicle_id]
    wanted = [*quoted, focus, *(shown if isinstance(shown, list | tuple) else ()), *ids]
    unique = tuple(dict.fromkeys(id_ for id_ in wanted if isinstance(id_, str) and id_))[:MAX_REMEMBERED]
    if not unique:
        return ()
    vehicles: tuple[Vehicle, ...] = yield GetVehicles(unique)
    return vehicles


def _from_model(brief: Brief, provider: str, known: tuple[Vehicle, ...]) -> Generator[Command, Any, Reply | _Failure]:
    attempt = _Attempt()
    attempt.know(known)
    remembered = _estimates(brief.memory, attempt.vehicles)
    attempt.estimates.extend(remembered)
    base = prompts.prompt(brief, known)
    said: list[Entry] = []
    corrected = False
    for _ in range(MAX_ROUNDS):
        request: Prompt = attrs.evolve(base, entries=(*base.entries, *said))
        answer: ModelReply | ProviderFailed = yield AskModel(provider, request)
        if isinstance(answer, ProviderFailed):
            if not (answer.refused and base.pictures):
                return _Failure(answer.reason)
            yield Note("turn.pictures_refused", {"provider": provider, "reason": answer.reason})
            base = prompts.blind(base)
            continue
        if answer.calls and answer.stop == "tools":
            attempt.calls += len(answer.calls)
            if attempt.calls > MAX_CALLS:
                return _Failure(f"more than {MAX_CALLS} tool calls")
            said.append(ModelSaid(answer.text, answer.calls))
            answers = yield from _run(brief, attempt, answer.calls)
            said.append(ToolAnswered(answers))
            continue
        if answer.stop in ("refusal", "length"):
            return _Failure("the model refused" if answer.stop == "refusal" else "the text was cut off")
        text = to_whatsapp(answer.text)
        if not text and any(isinstance(effect, HandOver) for effect in attempt.effects):
            text = wording.taken_over(handover.opening(brief))
        if not text:
            return _Failure("empty text")
        grounding = _grounding(brief, text, attempt)
        faults = (*grounding.faults, *handover.hurried(brief, text))
        if not faults:
            return _reply(brief, provider, text, attempt, grounding.vehicles)
        yield _fault_note(provider, faults, final=corrected)
        if corrected:
            return _Failure(f"ungrounded twice: {faults[0].why}")
        corrected = True
        said += [ModelSaid(answer.text), UserSaid(prompts.correction(faults))]
    return _Failure(f"no answer in {MAX_ROUNDS} rounds")


Result = tuple[str, str, bool]


def _run(brief: Brief, attempt: _Attempt, calls: tuple[ToolCall, ...]) -> Generator[Command, Any, tuple[Result, ...]]:
    """Carry out a response's calls in order; a bad one goes back as an error."""
    answers: list[Result] = []
    for call in calls:
        try:
            text = yield from _carry_out(brief, attempt, tools.read(call, brief.profile, brief.now))
        except tools.BadArguments as wrong:
            yield Note("turn.bad_tool_call", {"tool": call.name, "reason": str(wrong)})
            answers.append((call.id, results.error(str(wrong)), True))
        else:
            answers.append((call.id, text, False))
    return tuple(answers)


def _carry_out(brief: Brief, attempt: _Attempt, request: tools.Request) -> Generator[Command, Any, str]:
    match request:
        case tools.Search(query):
            page: StockPage = yield SearchStock(query)
            attempt.know(page.items)
            return results.page_result(page)
        case tools.Details(ids):
            vehicles = yield from _fetch(attempt, ids)
            return results.details_result(vehicles, [id_ for id_ in ids if id_ not in attempt.vehicles])
        case tools.SendPhotos(ids, each):
            vehicles = yield from _fetch(attempt, ids)
            chosen = yield from photos.choose(attempt.photos, vehicles, each)
            attempt.photos = list(chosen.photos)
            return chosen.told
        case tools.Simulate():
            return (yield from _simulate(brief, attempt, request))
        case BookVisit() | SaveLead():
            if request.vehicle_id is not None and request.vehicle_id not in attempt.vehicles:
                yield from _fetch(attempt, (request.vehicle_id,))
            attempt.effect(request)
            confirmed = "a salesperson confirms the time" if isinstance(request, BookVisit) else "recorded"
            return results.done(confirmed)
        case CancelVisit():
            attempt.effect(request)
            return results.done("whatever visit they had is called off; there may have been none on record")
        case HandOver():
            attempt.effect(request)
            return results.done(handover.told(brief, request))


def _fetch(attempt: _Attempt, ids: tuple[str, ...]) -> Generator[Command, Any, tuple[Vehicle, ...]]:
    """The vehicles as they are now; those known from this turn are not asked for again."""
    missing = tuple(id_ for id_ in ids if id_ not in attempt.vehicles)
    if missing:
        found: tuple[Vehicle, ...] = yield GetVehicles(missing)
        attempt.know(found)
    vehicles = tuple(attempt.vehicles[id_] for id_ in ids if id_ in attempt.vehicles)
    if not vehicles:
        raise tools.BadArguments("no such vehicle in stock; take ids from search_stock")
    return vehicles


def _simulate(brief: Brief, attempt: _Attempt, request: tools.Simulate) -> Generator[Command, Any, str]:
    (vehicle,) = yield from _fetch(attempt, (request.vehicle_id,))
    rate = brief.profile.assistant.finance_rate_percent_month
    assert rate is not None  # the tool is not offered without one
    try:
        simulated = estimate(vehicle, rate, request.down_payment_centavos, request.months)
    except ValueError as wrong:
        raise tools.BadArguments(str(wrong)) from None
    attempt.estimates.append(simulated)
    return results.estimate_result(simulated, rate)


def _joined(old: Effect, new: Effect) -> Effect:
    if not (isinstance(old, SaveLead) and isinstance(new, SaveLead)):
        return new
    return SaveLead(
        interest=new.interest or old.interest,
        vehicle_id=new.vehicle_id or old.vehicle_id,
        trade_in=new.trade_in or old.trade_in,
        budget_centavos=old.budget_centavos if new.budget_centavos is None else new.budget_centavos,
    )


# Grounding and the reply


def _sources(brief: Brief, attempt: _Attempt) -> Sources:
    lines = (*brief.history, *brief.burst)
    return Sources(
        vehicles=tuple(attempt.vehicles.values()),
        customer_words=tuple(line.text for line in lines if line.author == "customer" and line.text),
        profile=brief.profile,
        summary=brief.summary,
        estimates=tuple(attempt.estimates),
        now=brief.now,
    )


def _grounding(brief: Brief, text: str, attempt: _Attempt) -> Grounding:
    return ground(text, _sources(brief, attempt), focus=_focus(brief))


def _focus(brief: Brief) -> str | None:
    """The vehicle that "ele" means before the text has named one."""
    quoted = [line.vehicle_id for line in brief.burst if line.vehicle_id]
    if quoted:
        return quoted[-1]
    focus = brief.memory.get("focus")
    return focus if isinstance(focus, str) else None


def _fault_note(provider: str, faults: Sequence[Fault], *, final: bool) -> Note:
    said = [f"{fault.kind}: {fault.said}" for fault in faults[:5]]
    fields = {"provider": provider, "faults": said, "final": final}
    return Note("turn.ungrounded", fields, "warning" if final else "info")


def _reply(brief: Brief, provider: str, text: str, attempt: _Attempt, about: tuple[str, ...]) -> Reply:
    pictured = tuple(dict.fromkeys(photo.vehicle_id for photo in attempt.photos))
    named = tuple(dict.fromkeys((*about, *pictured)))
    memory = dict(brief.memory)
    if named:
        memory["shown"] = list(named[:MAX_REMEMBERED])
        memory.pop("focus", None)
        single = named if len(named) == 1 else pictured
        if len(single) == 1:
            memory["focus"] = single[0]
    if attempt.estimates:
        memory["estimates"] = [attrs.asdict(one) for one in attempt.estimates[-MAX_ESTIMATES:]]
    return Reply(
        text=text,
        provider=provider,
        photos=tuple(attempt.photos),
        effects=tuple(attempt.effects),
        memory=memory,
        vehicle_id=named[0] if len(named) == 1 else None,
    )


def _estimates(memory: dict[str, Any], vehicles: dict[str, Vehicle]) -> list[Estimate]:
    """The simulations of turns before, as far as their vehicle still has the price they stand on."""
    kept = memory.get("estimates")
    found: list[Estimate] = []
    for one in kept if isinstance(kept, list) else []:
        try:
            simulated = Estimate(**one)
        except TypeError:
            continue
        vehicle = vehicles.get(simulated.vehicle_id or "")
        if vehicle is not None and vehicle.asking_centavos == simulated.price_centavos:
            found.append(simulated)
    return found
