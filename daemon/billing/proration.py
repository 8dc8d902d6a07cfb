"""Which plan held on which days of a month, and what part of a month's allowance they bring. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from attrs import evolve, frozen

from daemon.billing.periods import Period
from shards.central.subscriptions import SubscriptionChange


@frozen(kw_only=True)
class Segment:
    """Days in a row with one version of a plan, all on trial or all paid for."""

    first: date
    end: date  # not included
    plan: str
    version: int
    trial: bool

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days


def segments(period: Period, changes: Sequence[SubscriptionChange]) -> tuple[Segment, ...]:
    """The month cut wherever the plan changes or a trial ends; days without a plan are in none.

    `changes` are in the order in which they count (`subscriptions.changes`).
    """
    found: list[Segment] = []
    for day in (period.first + timedelta(days=number) for number in range(period.days)):
        change = next((one for one in reversed(changes) if one.day <= day), None)
        if change is None or change.plan is None or change.version is None:
            continue
        trial = change.trial_until is not None and day < change.trial_until
        last = found[-1] if found else None
        if last and (last.end, last.plan, last.version, last.trial) == (day, change.plan, change.version, trial):
            found[-1] = evolve(last, end=day + timedelta(days=1))
        else:
            found.append(
                Segment(first=day, end=day + timedelta(days=1), plan=change.plan, version=change.version, trial=trial)
            )
    return tuple(found)


def prorated(included: int, days: int, of_days: int) -> int:
    """What `days` of a month bring of its allowance, rounded up in the dealer's favour."""
    return -(-included * days // of_days)
