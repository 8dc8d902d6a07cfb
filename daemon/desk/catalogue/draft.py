"""A reply in the making: its paragraphs, its one question, its effects and what is remembered. Pure."""

import zlib
from typing import Any, Final

from attrs import define, field

from daemon.desk.brief import Brief, Effect, HandOver, Photo, Reply, SaveLead
from daemon.desk.catalogue.details import name
from shards.tenant.vehicle import Vehicle

PHOTOS: Final = 4
"""Pictures sent with one reply, at most."""
_LONGEST: Final = 1_800


@define
class Draft:
    """Collects what is to be said; `reply` puts it together."""

    brief: Brief
    parts: list[str] = field(factory=list)
    question: str = ""
    asked: str = ""
    photos: list[Photo] = field(factory=list)
    effects: list[Effect] = field(factory=list)
    memory: dict[str, Any] = field(factory=dict)
    about: Vehicle | None = None
    missed: bool = False
    greeting_parts: int = 0  # how many paragraphs only greet
    _seed: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        said = "\n".join(line.text for line in self.brief.burst)
        self._seed = zlib.crc32(f"{said}|{len(self.brief.history)}".encode())
        self.memory = dict(self.brief.memory)
        self.memory.pop("asked", None)
        self.memory.pop("appraising", None)

    def pick(self, *choices: str) -> str:
        """One of some ways to say a thing, always the same for the same conversation."""
        return choices[(self._seed ^ zlib.crc32(choices[0].encode())) % len(choices)]

    def say(self, text: str) -> None:
        """Add a paragraph. A question goes to `ask`."""
        if text and text not in self.parts:
            self.parts.append(text)

    def ask(self, question: str, asked: str, *, instead: bool = False) -> None:
        """The reply's one question; the first stays unless `instead`."""
        if not self.question or instead:
            self.question, self.asked = question, asked

    def do(self, effect: Effect) -> None:
        """Add an effect, once."""
        if isinstance(effect, HandOver) and any(isinstance(one, HandOver) for one in self.effects):
            return
        if effect not in self.effects:
            self.effects.append(effect)

    def lead(self, **fields: Any) -> None:
        """What the customer is after; several calls make one lead."""
        for index, effect in enumerate(self.effects):
            if isinstance(effect, SaveLead):
                known = {
                    "interest": effect.interest,
                    "vehicle_id": effect.vehicle_id,
                    "trade_in": effect.trade_in,
                    "budget_centavos": effect.budget_centavos,
                }
                self.effects[index] = SaveLead(**known | {key: value for key, value in fields.items() if value})
                return
        if any(fields.values()):
            self.effects.append(SaveLead(**fields))

    def show(self, vehicles: tuple[Vehicle, ...]) -> None:
        """Remember which vehicles the text is about, in the order of mention."""
        ids = [vehicle.id for vehicle in vehicles]
        before = self.brief.memory.get("shown")
        if len(ids) == 1 and isinstance(before, list) and len(before) > 1 and ids[0] in before:
            self.memory["beside"] = [one for one in before if one != ids[0]]
        elif len(ids) > 1:
            self.memory.pop("beside", None)
        self.memory["shown"] = ids
        kept = self.memory.get("seen")
        seen = [one for one in kept if isinstance(one, str) and one not in ids] if isinstance(kept, list) else []
        self.memory["seen"] = [*seen, *ids][-60:]
        if len(vehicles) == 1:
            self.memory["focus"] = ids[0]
            self.about = vehicles[0]
        else:
            self.memory.pop("focus", None)
            self.about = None

    def picture(self, vehicles: tuple[Vehicle, ...]) -> int:
        """Pictures of one vehicle, or one of each of several; how many were added."""
        before = len(self.photos)
        each = PHOTOS if len(vehicles) == 1 else 1
        for vehicle in vehicles:
            for index, url in enumerate(vehicle.photos[:each]):
                if len(self.photos) < PHOTOS:
                    self.photos.append(Photo(vehicle.id, url, name(vehicle) if index == 0 else ""))
        return len(self.photos) - before

    def reply(self) -> Reply:
        """The finished reply: paragraphs, then the question, at most one."""
        question = "" if any(isinstance(effect, HandOver) for effect in self.effects) else self.question
        if any("?" in part for part in self.parts):
            question = ""
        text = "\n\n".join([*self.parts, *([question] if question else [])])[:_LONGEST].strip()
        memory = self.memory
        if question and self.asked:
            memory["asked"] = self.asked
        missed = memory.get("missed")
        memory["missed"] = (missed if isinstance(missed, int) else 0) + 1 if self.missed else 0
        return Reply(
            text=text,
            provider="catalogue",
            photos=tuple(self.photos),
            effects=tuple(self.effects),
            memory=memory,
            vehicle_id=self.about.id if self.about else None,
        )
