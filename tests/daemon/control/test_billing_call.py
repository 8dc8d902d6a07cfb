from datetime import UTC, date, datetime

from attrs import frozen

from daemon.control.billing_call import day_of, in_json


@frozen
class Inner:
    day: date
    at: datetime
    left_out: int


@frozen
class Outer:
    day: str
    at: datetime
    more: int


def test_days_go_out_as_text_and_times_as_times() -> None:
    at = datetime(2026, 3, 14, tzinfo=UTC)
    assert in_json(Inner(date(2026, 3, 14), at, 1), Outer, more=7) == Outer("2026-03-14", at, 7)


def test_a_day_or_the_fallback() -> None:
    assert day_of(None, date(2026, 1, 1)) == day_of("2026-01-01", date(2025, 1, 1))
