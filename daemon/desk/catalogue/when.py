"""Days and times that customers name, and the opening hours in words. Pure."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from attrs import frozen

from daemon.desk.hours import ranges
from shards.tenant.profile import DAYS, AssistantProfile

_DAY_NAMES: Final = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
_LOOK_AHEAD_DAYS: Final = 60
_WEEKDAYS: Final = (
    r"\bsegunda(?!s? (?:op|mao|via|cor|foto))(?:[\s-]feira)?\b|\bseg\b", r"\bterca(?:[\s-]feira)?\b|\bter\b",
    r"\bquarta(?! (?:op|cor|foto))(?:[\s-]feira)?\b|\bqua\b", r"\bquinta(?! (?:op|cor|foto))(?:[\s-]feira)?\b|\bqui\b",
    r"\bsexta(?:[\s-]feira)?\b|\bsex\b", r"\bsaba(?:do|dao)\b|\bsab\b", r"\bdom(?:ingo)?\b|\bdomingao\b",
)  # fmt: skip
_COMPILED_WEEKDAYS: Final = tuple(re.compile(pattern) for pattern in _WEEKDAYS)
_DATE: Final = re.compile(
    r"\bdia\s+(\d{1,2})(?:\s*(?:/|de|do)\s*(\d{1,2}|[a-z]{3,9}))?|(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])"
)
_MONTHS: Final = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")
_CLOCK: Final = re.compile(
    r"(?<![\d.,/$])(\d{1,2})\s?(?::|h(?:rs?|s|oras?)?\s?|\s?hrs?\s?|\s?horas?\s?)(\d{2})?(?!\d"
    r"|\.\d|\s?mil)(?:\s?(?:min|h))?"
    r"|\b(?:as|pelas|la pelas|por volta das?|umas|das|la (?:por|pras))\s+(\d{1,2})(?:\s?(?::"
    r"|h)\s?(\d{2}))?(?!\d|[.,/:]\d|\s?(?:mil|k\b|x\b|fotos|opc))"
)
_OF_PART: Final = re.compile(r"(?<![\d.,/$])(\d{1,2})(?:\s*e\s*(meia|30|15|45))?\s+d[ae] (manha|tarde|noite)\b")
_AND_HALF: Final = re.compile(r"(?<![\d.,/$])\b([7-9]|1\d)\s*e\s*meia\b")
# "saio do trabalho às 17h", "depois das 17h": from when on, not an hour agreed on.
_BOUND: Final = re.compile(
    r"\b(?:saio|largo|libero|termino|acabo|chego|trabalho|expediente|aula|plantao|so (?:posso|consigo)|depois(?! de amanha)|apos|a partir|a parti)\b"
    r"[^,.;?!\n]{0,25}$"
)
_LATEST: Final = re.compile(r"\b(?:ate|antes d[aeo]s?)\W*(?:as |a |umas )?$")
_HALF: Final = re.compile(r"^\s*(?:horas?\s*)?e\s*(?:meia|30)\b")
_SPOKEN: Final = {
    "uma": 13, "duas": 14, "tres": 15, "quatro": 16, "cinco": 17, "seis": 18, "sete": 19, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "meio dia": 12, "meio-dia": 12, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14,
    "quinze": 15, "dezesseis": 16, "dezessete": 17, "dezoito": 18,
}  # fmt: skip
_SPOKEN_CLOCK: Final = re.compile(
    r"\b(?:as|pelas|la pelas|por volta das?|umas|ao)\s+(meio[ -]dia|uma|duas|tres|quatro|cinco"
    r"|seis|sete|oito|nove|dez|onze|doze|treze|quatorze|catorze|quinze|dezesseis|dezessete|dezoito)\b"
    r"|\b(meio[ -]dia|(?<!e )(?:uma|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|quatorze|catorze|quinze|dezesseis"
    r"|dezessete)(?= (?:horas|da (?:manha|tarde|noite))\b))"
)
_PARTS: Final = (
    ("manha", r"\b(?:de|da|pela|na|a) manha\b|\bmanhazinha\b|\bcedo\b|\bcedinho\b"),
    ("tarde", r"\b(?:de|da|a|na|pela) tarde\b|\btardinha\b|\bdepois do almoco\b"),
    ("noite", r"\b(?:de|da|a|na|pela) noite\b|\bnoitinha\b"),
)
_COMPILED_PARTS: Final = tuple((part, re.compile(pattern)) for part, pattern in _PARTS)


@frozen(kw_only=True)
class Wanted:
    """When a customer wants to come. `words` is as it is said back: "sábado às 10h"."""

    day: date | None = None
    at: time | None = None
    part: str = ""  # manha | tarde | noite
    now: bool = False
    after: time | None = None  # not before this

    @property
    def said(self) -> bool:
        """Whether any time was named."""
        return self.day is not None or self.at is not None or bool(self.part) or self.now or self.after is not None


def wanted(folded: str, now: datetime) -> Wanted:
    """The day and time in a folded text; hours below 7 are of the afternoon."""
    day = _day(folded, now)
    part = next((name for name, pattern in _COMPILED_PARTS if pattern.search(folded)), "")
    if (
        part == "manha"
        and day is None
        and re.search(r"\bamanha\b", folded) is None
        and not re.search(r"\b(?:de|da|pela|na) manha\b|cedo", folded)
    ):
        part = ""
    soon = (
        re.search(r"\b(?:agora|neste momento|ja ja|daqui (?:a )?pouco|to indo|estou indo|to chegando)\b", folded)
        is not None
    )
    at, after = _clock(folded, part)
    return Wanted(day=day, at=at, part=part, now=soon and day is None, after=after)


def _day(folded: str, now: datetime) -> date | None:
    today = now.date()
    if re.search(r"\bdepois de amanha\b", folded):
        return today + timedelta(days=2)
    if re.search(r"\bamanha\b|\bamanhaa\b|\bamnha\b|\btomorrow\b", folded):
        return today + timedelta(days=1)
    match = _DATE.search(folded)
    if match:
        found = _dated(match, today)
        if found is not None:
            return found
    for weekday, pattern in enumerate(_COMPILED_WEEKDAYS):
        if pattern.search(folded):
            ahead = (weekday - today.weekday()) % 7
            if re.search(r"\bque vem\b", folded):  # of the week after this one
                ahead = 7 - today.weekday() + weekday
            elif ahead == 0 and re.search(r"\bproxim[ao]\b", folded):
                ahead = 7
            return today + timedelta(days=ahead)
    if re.search(r"\b(?:fim de semana|final de semana|fds)\b", folded):
        return today + timedelta(days=(5 - today.weekday()) % 7)
    if re.search(r"\bhoje\b|\bhj\b|\bainda hoje\b|\btoday\b", folded):
        return today
    return None


def _dated(match: re.Match[str], today: date) -> date | None:
    number = int(match[1] or match[3])
    month_said = match[2] or match[4] or ""
    month = today.month
    if month_said.isdigit():
        month = int(month_said)
    elif month_said[:3] in _MONTHS:
        month = _MONTHS.index(month_said[:3]) + 1
    year = today.year
    for _ in range(13):
        if 1 <= month <= 12:
            try:
                found = date(year, month, number)
            except ValueError:
                found = None
            if found is not None and found >= today:
                return found
        if month_said:
            year += 1
            if year > today.year + 1:
                return None
        else:
            month, year = (month + 1, year) if month < 12 else (1, year + 1)
    return None


def _clock(folded: str, part: str) -> tuple[time | None, time | None]:
    """The hour agreed on, and the hour from which on it suits."""
    after: time | None = None
    for start, found in _hours(folded, part):
        before = folded[max(0, start - 45) : start]
        if _BOUND.search(before):
            after = after or found
        elif not _LATEST.search(before):
            return found, after
    return None, after


def _hours(folded: str, part: str) -> list[tuple[int, time]]:
    """Every hour of a text with its place, in order; the more explicit ways to say one first."""
    found: list[tuple[int, time]] = []
    for match in _OF_PART.finditer(folded):
        minute = {"meia": 30, None: 0}.get(match[2], int(match[2]) if match[2] and match[2].isdigit() else 0)
        if int(match[1]) <= 12:
            found.append((match.start(), _of_day(int(match[1]) % 24, minute, match[3])))
    for match in _CLOCK.finditer(folded):
        hour, minute = int(match[1] or match[3]), int(match[2] or match[4] or 0)
        if _HALF.match(folded[match.end() :]):
            minute = 30
        if hour <= 24 and minute < 60 and not any(abs(match.start() - at) <= 6 for at, _ in found):
            found.append((match.start(), _of_day(hour % 24, minute, part)))
    for match in _AND_HALF.finditer(folded):
        if not any(abs(match.start() - at) <= 6 for at, _ in found):
            found.append((match.start(), _of_day(int(match[1]) % 24, 30, part)))
    for match in _SPOKEN_CLOCK.finditer(folded):
        hour = _SPOKEN[match[1] or match[2]]
        if part == "manha" and 13 <= hour <= 19:
            hour -= 12
        found.append((match.start(), time(hour, 30 if _HALF.match(folded[match.end() :]) else 0)))
    return sorted(found)


def _of_day(hour: int, minute: int, part: str) -> time:
    if (hour < 7 and part != "manha") or (part == "noite" and 7 <= hour < 12) or (part == "tarde" and 1 <= hour < 7):
        hour += 12
    return time(hour, minute)


def hour_words(at: time) -> str:
    """ "10h", "10h30"."""
    return f"{at.hour}h{at.minute:02}" if at.minute else f"{at.hour}h"


def day_words(day: date, today: date) -> str:
    """ "hoje", "amanhã", "sábado (14/03)"."""
    ahead = (day - today).days
    if ahead in (0, 1):
        return ("hoje", "amanhã")[ahead]
    return f"{_DAY_NAMES[day.weekday()]} ({day:%d/%m})"


def on(day: date) -> str:
    """The day of the week with its preposition: "no sábado", "na segunda"."""
    name = _DAY_NAMES[day.weekday()]
    return f"no {name}" if day.weekday() >= 5 else f"na {name}"


def spans(profile: AssistantProfile, day: date, now: datetime) -> list[tuple[time, time]]:
    """When the shop is open on a day."""
    return sorted(ranges(profile, datetime.combine(day, time(12), now.tzinfo)))


def spans_words(found: list[tuple[time, time]]) -> str:
    """ "das 8h às 12h e das 13h30 às 18h"."""
    return " e ".join(f"das {hour_words(opens)} às {_closing(closes)}" for opens, closes in found)


def _closing(closes: time) -> str:
    return "24h" if closes == time.max else hour_words(closes)


def closing_words(found: list[tuple[time, time]]) -> str:
    """When the day's last span ends: "18h"."""
    return _closing(found[-1][1])


def is_within(found: list[tuple[time, time]], at: time) -> bool:
    """Whether a time of the day is in one of the spans."""
    return any(opens <= at < closes for opens, closes in found)


def next_open_day(profile: AssistantProfile, after: date, now: datetime) -> date | None:
    """The first day after `after` on which the shop opens."""
    for ahead in range(1, _LOOK_AHEAD_DAYS):
        day = after + timedelta(days=ahead)
        if spans(profile, day, now):
            return day
    return None


def week_words(profile: AssistantProfile) -> list[str]:
    """The week's hours, equal days together: "Segunda a sexta: das 8h às 18h", "Domingo: fechado"."""
    lines: list[str] = []
    groups: list[tuple[int, int, tuple[str, ...]]] = []
    for index, name in enumerate(DAYS):
        hours = tuple(profile.hours.get(name, ()))
        if groups and groups[-1][2] == hours:
            groups[-1] = (groups[-1][0], index, hours)
        else:
            groups.append((index, index, hours))
    monday = datetime(2024, 1, 1)  # noqa: DTZ001  a Monday without holidays, to read the ranges
    for first, last, _ in groups:
        found = sorted(ranges(_without_holidays(profile), monday + timedelta(days=first)))
        name = _DAY_NAMES[first].capitalize()
        if last > first:
            name += (" e " if last == first + 1 else " a ") + _DAY_NAMES[last]
        lines.append(f"{name}: {spans_words(found) if found else 'fechado'}")
    return lines


def _without_holidays(profile: AssistantProfile) -> AssistantProfile:
    return AssistantProfile(hours=profile.hours)
