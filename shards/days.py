"""A tenant's local days as stretches of time: when each begins, and in which one an instant lies. Pure.

A day begins at the first 00:00 that local clocks show, or where they skip that, at the end of the skipped hour. Days
follow each other without gap and overlap, also where clocks are put back over midnight and where the zone changes.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from attrs import frozen

_DAY = timedelta(days=1)


def start_in(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a zone, in UTC. A skipped 00:00 is read with the offset before the change, which is the
    moment of the change itself."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@frozen
class Stretch:
    """One zone of a tenant and the first day reckoned in it."""

    from_day: date
    zone: ZoneInfo


@frozen
class Calendar:
    """A tenant's days. `stretches` are in order and never empty; all but the first begin with a month."""

    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, time_zone: str) -> "Calendar":
        """One zone from the beginning. Raises `ZoneInfoNotFoundError` (a `KeyError`) or `ValueError`."""
        return cls((Stretch(date.min, ZoneInfo(time_zone)),))

    def zone_on(self, day: date) -> ZoneInfo:
        """The zone that a day is reckoned in."""
        return next(one.zone for one in reversed(self.stretches) if one.from_day <= day)

    def start(self, day: date) -> datetime:
        """When the day begins, in UTC: where the zone changes, when the day before ends in the old one."""
        return _start(self, day)

    def day_of(self, at: datetime) -> date:
        """The day in which an instant lies."""
        day = at.astimezone(self.stretches[-1].zone).date()
        while self.start(day) > at:
            day -= _DAY
        while self.start(day + _DAY) <= at:
            day += _DAY
        return day


@lru_cache(maxsize=4_096)
def _start(calendar: Calendar, day: date) -> datetime:
    for before, after in zip(reversed(calendar.stretches[:-1]), reversed(calendar.stretches), strict=False):
        if after.from_day <= day:
            change = start_in(after.from_day, before.zone)
            return change if day == after.from_day else max(change, start_in(day, after.zone))
    return start_in(day, calendar.stretches[0].zone)


class DayFinder:
    """`Calendar.day_of` for many instants close together (milliseconds)."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._begin = self._end = 0
        self._day = date.min

    def __call__(self, at_ms: int) -> date:
        """The day in which an instant lies."""
        if not self._begin <= at_ms < self._end:
            self._day = self._calendar.day_of(datetime.fromtimestamp(at_ms / 1000, UTC))
            self._begin = in_ms(self._calendar.start(self._day))
            self._end = in_ms(self._calendar.start(self._day + _DAY))
        return self._day


def in_ms(at: datetime) -> int:
    """Milliseconds since 1970, as files have it."""
    return int(at.timestamp() * 1000)


def month_after(day: date) -> date:
    """The first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
