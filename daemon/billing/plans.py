"""What a plan's meters read, how near their limits they are, and who may answer then. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from attrs import frozen

from shards.central.daily import Used
from shards.central.plans import METERS, PlanVersion

Standing = Literal["full", "catalogue", "human"]
"""Who answers a tenant's customers: every provider, the catalogue answerer alone, or people alone."""

MARKS: Final = (80, 100)
"""At how many percent of a hard limit the operator is told."""


def readings(used: Used) -> dict[str, int]:
    """What each meter reads. Started voice seconds count."""
    return {
        "conversations": used.conversations,
        "messages": used.messages,
        "tokens": used.tokens,
        "voice_seconds": -(-used.audio_ms // 1000),
    }


@frozen(kw_only=True)
class Mark:
    """A mark of a hard limit that was reached."""

    meter: str
    percent: int
    used: int
    hard_limit: int

    def sentence(self) -> str:
        """For the event and the log."""
        return f"{self.used} of {self.hard_limit} {self.meter} a month are used ({self.percent} % was reached)"


def marks(plan: PlanVersion, read: Mapping[str, int]) -> tuple[Mark, ...]:
    """The marks of this month that were reached, whole months' limits without proration."""
    return tuple(
        Mark(meter=meter, percent=percent, used=read[meter], hard_limit=terms.hard_limit)
        for meter in METERS
        if (terms := plan.meters.get(meter)) is not None and terms.hard_limit is not None
        for percent in MARKS
        if read[meter] * 100 >= terms.hard_limit * percent
    )


def standing(stage: str, plan: PlanVersion | None, reached: tuple[Mark, ...]) -> tuple[Standing, str]:
    """Who answers, and why ("" for everybody): unpaid invoices come before limits."""
    if stage in ("human_only", "suspended"):
        return "human", "an invoice is overdue"
    over = next((mark for mark in reached if mark.percent == 100), None)
    if plan is None or over is None:
        return "full", ""
    return ("catalogue" if plan.over_limit == "catalogue" else "human"), over.sentence()
