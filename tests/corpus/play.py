"""Plays the corpus: real turns (grounding included), real stock search, and what a case demands of a reply."""

import json
import re
import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import apsw
from attrs import define, evolve, field

from daemon.desk.amounts import amounts, reais
from daemon.desk.assistant import turn
from daemon.desk.brief import BookVisit, Brief, GetVehicles, HandOver, Line, Note, PreparePhotos, Reply, SearchStock
from daemon.desk.hours import is_open, next_opening
from shards.migrate import migrate
from shards.shard import Tx
from shards.tenant import stock
from shards.tenant.profile import AssistantProfile, TenantProfile
from shards.tenant.vehicle import StockQuery, StockSummary, Vehicle
from shards.text import fold

HERE = Path(__file__).parent
ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 3, 12, 10, 30, tzinfo=ZONE)  # a Thursday
HOURS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("08:00-18:00",)) | {"sat": ("09:00-13:00",)}
PROFILE = TenantProfile(
    id="auto-sul",
    name="Auto Sul Veículos",
    address="Av. Farrapos, 1200, Porto Alegre",
    phone="+555133330000",
    assistant=AssistantProfile(hours=HOURS, finance_rate_percent_month=1.69),
)


@cache
def vehicles() -> dict[str, Vehicle]:
    """The seeded stock by id."""
    rows = json.loads((HERE / "stock.json").read_text())
    tuples = ("options", "photos")
    made = (Vehicle(**{key: tuple(value) if key in tuples else value for key, value in row.items()}) for row in rows)
    return {vehicle.id: vehicle for vehicle in made}


@cache
def shard() -> Tx:
    """A tenant's file in memory with the seeded stock."""
    connection = apsw.Connection(":memory:")
    migrate(connection, HERE, "tenant", None)
    tx = Tx(connection, NOW)
    connection.execute("BEGIN")
    for vehicle in vehicles().values():
        stock.put(tx, vehicle)
    connection.execute("COMMIT")
    return tx


@cache
def summary() -> StockSummary:
    return stock.summary(shard())


@define
class Conversation:
    """One customer's conversation with the answerer."""

    profile: TenantProfile = PROFILE
    now: datetime = NOW
    ad_text: str = ""
    history: list[Line] = field(factory=list)
    memory: dict[str, Any] = field(factory=dict)
    searches: list[StockQuery] = field(factory=list)
    notes: list[Note] = field(factory=list)

    def says(self, *texts: str, kind: str = "text", quoted: str = "", vehicle: str | None = None) -> Reply:
        """Send a burst and get the answer, carried out on the seeded stock."""
        burst = tuple(
            Line(author="customer", kind=kind, text=text, at=self.now, quoted=quoted, vehicle_id=vehicle)
            for text in texts
        )
        brief = Brief(
            now=self.now,
            profile=self.profile,
            contact_name="Marina",
            contact_has_phone=True,
            history=tuple(self.history[-30:]),
            burst=burst,
            memory=json.loads(json.dumps(self.memory)),
            summary=summary(),
            open_now=is_open(self.profile.assistant, self.now),
            next_opening=next_opening(self.profile.assistant, self.now),
            first_turn=not any(line.author == "assistant" for line in self.history),
            ad_text=self.ad_text,
        )
        reply = self._carry_out(brief)
        self.history.extend(burst)
        self.history.append(Line(author="assistant", kind="text", text=reply.text, at=self.now))
        self.memory = reply.memory
        return reply

    def _carry_out(self, brief: Brief) -> Reply:
        steps = turn(brief, ("catalogue",))
        result: Any = None
        while True:
            try:
                command = steps.send(result)
            except StopIteration as end:
                reply: Reply = end.value
                return reply
            match command:
                case SearchStock(query):
                    self.searches.append(query)
                    result = stock.search(shard(), query)
                case GetVehicles(ids):
                    result = stock.get(shard(), ids)
                case PreparePhotos():
                    result = frozenset()
                case Note() as note:
                    self.notes.append(note)
                    result = None
                case _:
                    raise AssertionError(f"the answerer asked for {command}")


def load(name: str) -> list[dict[str, Any]]:
    """The cases of a corpus file."""
    return tomllib.loads((HERE / name).read_text())["case"]  # type: ignore[no-any-return]


def title(case: dict[str, Any]) -> str:
    before = " | ".join(" / ".join(burst) for burst in case.get("before", ()))
    return f"{before} ⇒ {' / '.join(case['say'])}" if before else " / ".join(case["say"])


def mentioned(text: str) -> list[Vehicle]:
    """The vehicles a text shows: model and price on one line, in order of mention."""
    found: list[Vehicle] = []
    for line in text.splitlines():
        for vehicle in vehicles().values():
            price = re.escape(reais(vehicle.asking_centavos or 0))
            if fold(vehicle.model) in fold(line) and re.search(price + r"(?![\d.])", line) and vehicle not in found:
                found.append(vehicle)
    return found


def converse(case: dict[str, Any]) -> tuple[Conversation, Reply, list[Vehicle]]:
    """Play a case: the conversation, its last reply, and the vehicles shown before it."""
    assistant = PROFILE.assistant
    profile = PROFILE
    if case.get("rate") is False:
        assistant = evolve(assistant, finance_rate_percent_month=None)
    if case.get("facts"):
        assistant = evolve(assistant, facts=case["facts"])
    if case.get("greeting"):
        assistant = evolve(assistant, greeting=case["greeting"])
    if case.get("bare"):
        assistant = evolve(assistant, hours={})
        profile = evolve(profile, address="", phone="")
    now = datetime.fromisoformat(case["at"]).replace(tzinfo=ZONE) if "at" in case else NOW
    talk = Conversation(profile=evolve(profile, assistant=assistant), now=now, ad_text=case.get("ad", ""))
    before: list[Vehicle] = []
    for burst in case.get("before", ()):
        before.extend(mentioned(talk.says(*burst).text))
        talk.now += timedelta(minutes=1)
    talk.now = now
    reply = talk.says(
        *case["say"], kind=case.get("kind", "text"), quoted=case.get("quoted", ""), vehicle=case.get("vehicle")
    )
    return talk, reply, before


def faults(case: dict[str, Any]) -> list[str]:
    """What is wrong with the answer to a case; empty when it is right."""
    talk, reply, before = converse(case)
    text = fold(reply.text)
    shown = mentioned(reply.text)
    kinds = [type(effect).__name__ for effect in reply.effects]
    wrong = [f"lacks /{pattern}/" for pattern in case.get("has", ()) if not re.search(pattern, text, re.MULTILINE)]
    wrong += [f"has /{pattern}/" for pattern in case.get("hasnt", ()) if re.search(pattern, text, re.MULTILINE)]
    wrong += [f"no {kind}" for kind in case.get("effects", ()) if kind not in kinds]
    wrong += [f"an unwanted {kind}" for kind in case.get("no_effects", ()) if kind in kinds]
    wrong += [f"{v.id} is not {case['every']}" for v in shown if not _satisfies(v, case.get("every", {}))]
    if len(shown) < case.get("shows", 0):
        wrong.append(f"shows {len(shown)} vehicles")
    if len(shown) > case.get("at_most", 4):
        wrong.append(f"shows {len(shown)} vehicles")
    if "first" in case and (not shown or shown[0].id != case["first"]):
        wrong.append(f"first is {shown[0].id if shown else 'nothing'}")
    if "min_first_year" in case and (not shown or (shown[0].year or 0) < case["min_first_year"]):
        wrong.append("first is too old")
    if case.get("new") and any(vehicle in before for vehicle in shown):
        wrong.append("shows again what was shown")
    wrong += _photo_faults(case, reply)
    wrong += _visit_faults(case, reply)
    return wrong + _always(talk, reply, shown)


def _satisfies(vehicle: Vehicle, wanted: dict[str, Any]) -> bool:
    asking, year = vehicle.asking_centavos or 0, vehicle.year or 0
    everything = fold(" ".join((*vehicle.options, vehicle.version, vehicle.description)))
    automatic = vehicle.transmission in {"automatic", "cvt", "automated"}
    checks = {
        "make": lambda value: vehicle.make == value,
        "model": lambda value: vehicle.model == value,
        "models": lambda value: vehicle.model in value,
        "body": lambda value: vehicle.body == value,
        "fuel": lambda value: vehicle.fuel == value,
        "transmission": lambda value: automatic if value == "automatic" else vehicle.transmission == value,
        "color": lambda value: fold(vehicle.color)[:-1] == fold(value)[:-1],
        "doors": lambda value: vehicle.doors == value,
        "option": lambda value: fold(value) in everything,
        "max_price": lambda value: asking <= value * 100,
        "min_price": lambda value: asking >= value * 100,
        "min_year": lambda value: year >= value,
        "max_year": lambda value: year <= value,
        "max_km": lambda value: (vehicle.mileage_km or 0) <= value,
    }
    return all(checks[key](value) for key, value in wanted.items())


def _photo_faults(case: dict[str, Any], reply: Reply) -> list[str]:
    wrong = []
    if len(reply.photos) < case.get("photos", 0):
        wrong.append(f"{len(reply.photos)} photos")
    if len(reply.photos) > case.get("photos_max", 4):
        wrong.append(f"{len(reply.photos)} photos")
    if "photos_of" in case and any(photo.vehicle_id != case["photos_of"] for photo in reply.photos):
        wrong.append("photos of another vehicle")
    if any(photo.url not in vehicles()[photo.vehicle_id].photos for photo in reply.photos):
        wrong.append("a photo that is not the vehicle's")
    return wrong


def _visit_faults(case: dict[str, Any], reply: Reply) -> list[str]:
    visits = [effect for effect in reply.effects if isinstance(effect, BookVisit)]
    wrong = []
    if "visit_at" in case:
        wanted = datetime.fromisoformat(case["visit_at"]).replace(tzinfo=ZONE)
        if [visit.starts_at for visit in visits] != [wanted]:
            wrong.append(f"visits {visits}")
    if "visit_of" in case and [visit.vehicle_id for visit in visits] != [case["visit_of"]]:
        wrong.append(f"visits {visits}")
    if case.get("no_visit_at") and any(visit.starts_at for visit in visits):
        wrong.append(f"visits {visits}")
    return wrong


def _always(talk: Conversation, reply: Reply, shown: list[Vehicle]) -> list[str]:
    """What holds for every answer."""
    wrong = [str(note.fields) for note in talk.notes if note.event == "turn.provider_failed"]
    if not reply.text.strip():
        wrong.append("silence")
    if len(reply.text) > 1_800:
        wrong.append(f"{len(reply.text)} characters")
    if reply.text.count("?") > 1:
        wrong.append("asks more than one question")
    if re.search(r"credito aprovado|aprovacao garantida|garantimos", fold(reply.text)):
        wrong.append("promises credit")
    if any(isinstance(effect, HandOver) and not effect.reason for effect in reply.effects):
        wrong.append("a hand-over without a reason")
    said = {a.value for line in talk.history if line.author == "customer" for a in amounts(line.text)}
    prices = {vehicle.asking_centavos for vehicle in vehicles().values()}
    for amount in amounts(reply.text):
        if amount.kind == "money" and "simula" not in fold(reply.text):
            known = amount.value in prices or amount.value in said or amount.value // 100_000 in said
            if not known and amount.value // 1_000 not in said and amount.value // 100 not in said:
                wrong.append(f"says {amount.text}")
    json.dumps(reply.memory)
    return wrong
