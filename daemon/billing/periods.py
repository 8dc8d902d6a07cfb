"""Months as billing periods. Pure."""

import re
from datetime import date
from typing import Final

from attrs import frozen

from shards.days import month_after

_LABEL: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@frozen(order=True)
class Period:
    """One calendar month of a tenant's local days."""

    first: date

    @classmethod
    def of(cls, day: date) -> "Period":
        """The month in which a day lies."""
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, label: str) -> "Period":
        """From `2026-11`. Raises ValueError."""
        match = _LABEL.fullmatch(label)
        if match is None or not 1971 <= int(match[1]) <= 2199:
            raise ValueError("must be a month like 2026-11")
        return cls(date(int(match[1]), int(match[2]), 1))

    @property
    def end(self) -> date:
        """The first day of the next month."""
        return month_after(self.first)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return (self.end - self.first).days

    @property
    def label(self) -> str:
        """As files and the API name it: `2026-11`."""
        return f"{self.first:%Y-%m}"

    def next(self) -> "Period":
        """The month after."""
        return Period(self.end)


def months(first: Period, last: Period) -> list[Period]:
    """The months from `first` to `last`, both included; none if `last` comes before."""
    period, found = first, []
    while period <= last:
        found.append(period)
        period = period.next()
    return found
