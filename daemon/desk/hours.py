"""Opening hours of a dealership, in its own time zone. Pure."""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from shards.tenant.profile import DAYS, AssistantProfile

_RANGE: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_NAMES: Final = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")


def ranges(profile: AssistantProfile, day: datetime) -> list[tuple[time, time]]:
    """When the shop is open on `day`; empty on holidays and closed days. An unreadable range is left out."""
    if day.date().isoformat() in profile.holidays:
        return []
    found = []
    for text in profile.hours.get(DAYS[day.weekday()], ()):
        match = _RANGE.fullmatch(text.strip())
        if match is None:
            continue
        opens_h, opens_m, closes_h, closes_m = (int(part) for part in match.groups())
        if opens_h > 23 or opens_m > 59 or closes_m > 59 or closes_h > 24 or (closes_h == 24 and closes_m):
            continue
        closes = time.max if closes_h == 24 else time(closes_h, closes_m)
        found.append((time(opens_h, opens_m), closes))
    return found


def is_open(profile: AssistantProfile, now: datetime) -> bool:
    """Whether people are there now (aware, tenant's zone). Without any hours set: always."""
    if not profile.hours:
        return True
    return any(opens <= now.time().replace(tzinfo=None) < closes for opens, closes in ranges(profile, now))


def next_opening(profile: AssistantProfile, now: datetime) -> str:
    """When people are there next, in words: "hoje às 14h", "amanhã às 8h", "segunda às 8h30"; "" if open or unknown."""
    if not profile.hours or is_open(profile, now):
        return ""
    for days, opens in _openings(profile, now):
        name = "hoje" if days == 0 else "amanhã" if days == 1 else _NAMES[(now + timedelta(days=days)).weekday()]
        minutes = f"{opens.minute:02}" if opens.minute else ""
        return f"{name} às {opens.hour}h{minutes}"
    return ""


def _openings(profile: AssistantProfile, now: datetime) -> Iterator[tuple[int, time]]:
    for days in range(8):
        for opens, _ in sorted(ranges(profile, now + timedelta(days=days))):
            if days or opens > now.time().replace(tzinfo=None):
                yield days, opens
