from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.periods import Period
from daemon.billing.proration import prorated, segments
from shards.central.subscriptions import SubscriptionChange

NOVEMBER = Period(date(2026, 11, 1))


def change(seq: int, day: date, plan: str | None, trial_until: date | None = None) -> SubscriptionChange:
    return SubscriptionChange(
        seq=seq, tenant="a", day=day, plan=plan, version=1 if plan else None, trial_until=trial_until
    )


def november(day: int) -> date:
    return date(2026, 11, day)


def test_a_month_is_cut_at_changes_and_at_the_end_of_the_trial() -> None:
    found = segments(
        NOVEMBER,
        [
            change(1, november(5), "a", november(8)),
            change(2, november(10), "b"),
            change(3, november(10), "c"),
            change(4, november(15), None),
            change(5, november(20), "a"),
            change(6, november(21), "a"),
            change(7, date(2026, 12, 1), "b"),
        ],
    )
    assert [(one.first.day, one.days, one.plan, one.trial) for one in found] == [
        (5, 3, "a", True),
        (8, 2, "a", False),
        (10, 5, "c", False),
        (20, 11, "a", False),
    ]
    assert segments(NOVEMBER, []) == ()


@given(
    st.lists(
        st.builds(
            lambda day, plan, trial: change(0, day, plan, trial),
            st.dates(date(2026, 10, 1), date(2026, 12, 31)),
            st.sampled_from(("a", "b", None)),
            st.none() | st.dates(date(2026, 10, 1), date(2026, 12, 31)),
        ),
        max_size=8,
    ),
)
def test_every_day_with_a_plan_is_in_one_segment(changes: list[SubscriptionChange]) -> None:
    changes.sort(key=lambda one: one.day)
    found = segments(NOVEMBER, changes)
    for before, after in pairwise(found):
        assert before.end <= after.first
    for number in range(1, 31):
        day = november(number)
        holds = [one for one in changes if one.day <= day]
        inside = [one for one in found if one.first <= day < one.end]
        if not holds or holds[-1].plan is None:
            assert inside == []
        else:
            [one] = inside
            assert one.plan == holds[-1].plan
            assert one.trial == (holds[-1].trial_until is not None and day < holds[-1].trial_until)


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10), min_size=1, max_size=5))
def test_parts_of_an_allowance_never_bring_less_than_the_whole(included: int, parts: list[int]) -> None:
    shares = [prorated(included, days, sum(parts)) for days in parts]
    assert included <= sum(shares) < included + len(parts)
    assert prorated(included, sum(parts), sum(parts)) == included
