"""What a text refers to: the groups of figures that one mention carries, and what "ele" means. Pure."""

from collections.abc import Iterable

from attrs import define, field

from daemon.desk.amounts import NEWEST_YEAR, OLDEST_YEAR
from daemon.desk.claims import Claim
from daemon.desk.cues import EITHER, SHORT_YEAR, WISHED, clause_end, clause_start
from daemon.desk.naming import Mention
from shards.tenant.vehicle import StockLine, Vehicle


@define
class Group:
    """What is said of one mention, or of what the text was about before it."""

    mention: Mention | None
    vehicles: tuple[Vehicle, ...]
    lines: tuple[StockLine, ...] = ()
    claims: list[Claim] = field(factory=list)
    excuse: str = ""  # absent | like | yours | asked
    named: tuple[Vehicle, ...] = ()  # all that its name may mean; `vehicles` is what its other words leave
    own: bool = False

    @property
    def foreign(self) -> bool:
        return self.mention is not None and not self.vehicles and not self.lines


@define
class Context:
    """What "ele" means: the last vehicles named, all of them and those that fit what was said since."""

    named: tuple[Vehicle, ...] = ()
    narrowed: tuple[Vehicle, ...] = ()
    lines: tuple[StockLine, ...] = ()
    foreign: str = ""
    kinds: set[str] = field(factory=set)  # what was said of `narrowed`: said again, it is of another one
    shown: list[Vehicle] = field(factory=list)

    def show(self, vehicles: Iterable[Vehicle]) -> None:
        for vehicle in vehicles:
            if vehicle not in self.shown:
                self.shown.append(vehicle)


def short_years(text: str, plain: str, mentions: list[Mention], figures: list[Claim]) -> list[Claim]:
    """Years in two digits right behind a name."""
    found = []
    for mention in mentions:
        match = SHORT_YEAR.match(plain, mention.end)
        if match is None or any(claim.start < match.end(1) and match.start(1) < claim.end for claim in figures):
            continue
        two = int(match.group(1))
        year = two + (2000 if two <= NEWEST_YEAR - 2000 else 1900)
        if year >= OLDEST_YEAR + 20:
            start, end = match.span(1)
            found.append(Claim(kind="year", values=(year,), start=start, end=end, said=text[start:end]))
    return found


def wished(plain: str, mention: Mention) -> bool:
    """Whether a mention is one of several the customer would take, named in the heading of what was found."""
    head = plain[clause_start(plain, mention.start) : clause_end(plain, mention.end)]
    after = plain[clause_end(plain, mention.end) :]
    return after.startswith(":") and bool(EITHER.search(head) and WISHED.search(plain[: mention.start]))
