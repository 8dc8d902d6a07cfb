"""Opening hours in the dealership's own time, said as a Brazilian says them."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk import hours
from shards.tenant.profile import DAYS, AssistantProfile

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
WEEK = {**dict.fromkeys(("mon", "tue", "wed", "thu"), ("08:00-12:00", "13:30-18:00")), "sat": ("9:00 - 13:00",)}
SHOP = AssistantProfile(hours=WEEK, holidays=("2026-11-24",))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SAO_PAULO)


@pytest.mark.parametrize(
    ("now", "open_now", "opening"),
    [
        (at(23, 8), True, ""),
        (at(23, 7, 59), False, "hoje às 8h"),
        (at(23, 12), False, "hoje às 13h30"),
        (at(23, 17, 59), True, ""),
        (at(23, 18), False, "quarta às 8h"),  # Tuesday is a holiday
        (at(24, 10), False, "amanhã às 8h"),
        (at(26, 18), False, "sábado às 9h"),  # closed on Fridays
        (at(28, 12, 59), True, ""),
        (at(28, 13), False, "segunda às 8h"),
        (at(29, 10), False, "amanhã às 8h"),
    ],
)
def test_open_or_when(now: datetime, open_now: bool, opening: str) -> None:
    assert hours.is_open(SHOP, now) is open_now
    assert hours.next_opening(SHOP, now) == opening


def test_without_hours_it_is_always_open() -> None:
    assert hours.is_open(AssistantProfile(), at(29, 3))
    assert hours.next_opening(AssistantProfile(), at(29, 3)) == ""


def test_a_week_without_an_hour_never_opens() -> None:
    closed = AssistantProfile(hours=dict.fromkeys(DAYS, ()))
    assert not hours.is_open(closed, at(23, 10))
    assert hours.next_opening(closed, at(23, 10)) == ""


def test_the_same_day_of_next_week_is_found() -> None:
    mondays = AssistantProfile(hours={"mon": ("08:00-12:00",)})
    assert hours.next_opening(mondays, at(23, 12)) == "segunda às 8h"


def test_midnight_may_be_written_as_24() -> None:
    late = AssistantProfile(hours={"mon": ("20:00-24:00",)})
    assert hours.is_open(late, at(23, 23, 59))
    assert not hours.is_open(late, at(24, 0))


@pytest.mark.parametrize("text", ["", "8-18", "25:00-26:00", "08:00-24:01", "08:61-09:00", "08:00-09:75", "fechado"])
def test_an_unreadable_range_is_left_out(text: str) -> None:
    profile = AssistantProfile(hours={"mon": (text, "14:00-15:00")})
    assert hours.ranges(profile, at(23, 10)) == [(time(14), time(15))]


@given(
    st.dictionaries(st.sampled_from(DAYS), st.lists(st.text("0123456789:- ", max_size=12), max_size=3).map(tuple)),
    st.integers(0, 2 * 365 * 24 * 60),
)
def test_any_hours_give_an_answer(week: dict[str, tuple[str, ...]], minutes: int) -> None:
    profile = AssistantProfile(hours=week)
    now = at(1, 0) + timedelta(minutes=minutes)
    opening = hours.next_opening(profile, now)
    assert not (opening and hours.is_open(profile, now))
