from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.periods import Period, months


@given(st.dates(date(1971, 1, 1), date(2199, 11, 30)))
def test_a_month_is_itself(day: date) -> None:
    period = Period.of(day)
    assert Period.parse(period.label) == period
    assert period.first <= day < period.end == period.next().first
    assert 28 <= period.days <= 31
    assert months(period, period.next()) == [period, period.next()]
    assert months(period.next(), period) == []


@pytest.mark.parametrize("label", ["", "2026", "2026-13", "2026-00", "2026-1", "1969-01", "9999-01", "2026-11-01", "é"])
def test_what_is_no_month(label: str) -> None:
    with pytest.raises(ValueError, match="month like"):
        Period.parse(label)
