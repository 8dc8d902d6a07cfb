"""The concurrency limit falls at a complaint and climbs back slowly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.providers.limits import STEP_SECONDS, ConcurrencyLimit


def test_starts_at_the_ceiling() -> None:
    assert ConcurrencyLimit(64).current(1000.0) == 64


def test_a_complaint_cuts_what_really_ran() -> None:
    limit = ConcurrencyLimit(1024)
    assert limit.complained(begun_at=5.0, running=100, now=6.0) == 70
    assert limit.current(6.0) == 70


def test_one_burst_of_complaints_is_one_cut() -> None:
    limit = ConcurrencyLimit(1024)
    for late in range(100):
        limit.complained(begun_at=5.0, running=100, now=6.0 + late / 100)
    assert limit.current(7.0) == 70
    assert limit.complained(begun_at=7.0, running=70, now=8.0) == 49
    assert limit.cuts == 2


def test_never_below_one() -> None:
    limit = ConcurrencyLimit(4)
    for at in range(10):
        limit.complained(begun_at=float(at), running=1, now=float(at))
    assert limit.current(9.0) == 1


def test_climbs_a_tenth_a_step_back_to_the_ceiling() -> None:
    limit = ConcurrencyLimit(100)
    limit.complained(begun_at=0.0, running=100, now=0.0)
    assert limit.current(STEP_SECONDS - 0.1) == 70
    assert limit.current(STEP_SECONDS) == 77
    assert limit.current(2 * STEP_SECONDS) == 84
    assert limit.current(100 * STEP_SECONDS) == 100
    assert limit.complained(begun_at=2000.0, running=100, now=2000.0) == 70
    assert limit.current(2001.0) == 70


@pytest.mark.parametrize("ceiling", [1, 2, 9, 1024])
def test_always_comes_back(ceiling: int) -> None:
    limit = ConcurrencyLimit(ceiling)
    limit.complained(begun_at=0.0, running=1, now=0.0)
    assert limit.current(100 * STEP_SECONDS) == ceiling


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 300), st.booleans()), max_size=60))
def test_stays_between_one_and_the_ceiling(steps: list[tuple[float, int, bool]]) -> None:
    limit, now = ConcurrencyLimit(200), 0.0
    for pause, running, complaint in steps:
        now += pause
        if complaint:
            limit.complained(begun_at=now, running=running, now=now)
        assert 1 <= limit.current(now) <= 200
