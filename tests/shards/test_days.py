"""Days follow each other without gap or overlap, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.days import Calendar, DayFinder, Stretch, in_ms, month_after, start_in

ZONES = st.sampled_from(sorted(name for name in available_timezones() if "/" in name))
DAYS = st.dates(date(1975, 1, 1), date(2060, 12, 31))
DAY = timedelta(days=1)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """One zone, or two that follow each other at the beginning of a month."""
    first, second = ZoneInfo(draw(ZONES)), ZoneInfo(draw(ZONES))
    change = draw(DAYS).replace(day=1)
    stretches = (Stretch(date.min, first),)
    return Calendar((*stretches, Stretch(change, second)) if draw(st.booleans()) else stretches)


@given(calendars(), DAYS)
def test_days_do_not_overlap(calendar: Calendar, day: date) -> None:
    assert calendar.start(day) <= calendar.start(day + DAY)


@given(calendars(), st.datetimes(datetime(1975, 1, 2), datetime(2060, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - naive bounds
def test_every_instant_lies_in_the_day_that_it_is_found_in(calendar: Calendar, at: datetime) -> None:
    day = calendar.day_of(at)
    assert calendar.start(day) <= at < calendar.start(day + DAY)


@given(calendars(), st.integers(1, 28), st.integers(1975, 2059), st.integers(1, 12))
def test_a_day_near_a_change_of_zone_too(calendar: Calendar, day: int, year: int, month: int) -> None:
    change = calendar.stretches[-1].from_day
    near = change if change > date.min else date(year, month, day)
    for number in range(-2, 3):
        one = near + timedelta(days=number)
        if calendar.start(one) < calendar.start(one + DAY):
            assert calendar.day_of(calendar.start(one)) == one
            assert calendar.day_of(calendar.start(one + DAY) - timedelta(microseconds=1)) == one


@given(calendars(), st.lists(st.integers(1_700_000_000_000, 1_700_900_000_000), max_size=30))
def test_the_finder_finds_the_same(calendar: Calendar, instants: list[int]) -> None:
    finder = DayFinder(calendar)
    for at_ms in instants:
        assert finder(at_ms) == calendar.day_of(datetime.fromtimestamp(at_ms / 1000, UTC))


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("America/Sao_Paulo", date(2026, 11, 1), "2026-11-01T03:00", 24),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00", 23),  # 00:00 did not exist
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17T02:00", 25),  # 23:00 came twice
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00", 23),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00", 25),
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30", 25),  # at 00:01 back to 23:01 of the day before
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00", 0),  # the day that never was
        ("Asia/Kathmandu", date(2026, 1, 1), "2025-12-31T18:15", 24),
    ],
)
def test_days_that_are_not_as_others(zone: str, day: date, start: str, hours: int) -> None:
    calendar = Calendar.of(zone)
    assert calendar.start(day) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert calendar.start(day + DAY) - calendar.start(day) == timedelta(hours=hours)


def test_where_the_zone_changes_the_old_one_ends_the_day() -> None:
    change = date(2026, 12, 1)
    calendar = Calendar(
        (Stretch(date.min, ZoneInfo("America/Sao_Paulo")), Stretch(change, ZoneInfo("America/Rio_Branco")))
    )
    assert calendar.zone_on(date(2026, 11, 30)).key == "America/Sao_Paulo"
    assert calendar.zone_on(change).key == "America/Rio_Branco"
    assert calendar.start(change) == start_in(change, ZoneInfo("America/Sao_Paulo"))
    assert calendar.start(change + DAY) == start_in(change + DAY, ZoneInfo("America/Rio_Branco"))


def test_small_things() -> None:
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert month_after(date(2026, 1, 31)) == date(2026, 2, 1)
    assert in_ms(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1000
