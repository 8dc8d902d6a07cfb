"""What a text refers to: the groups of figures that one mention carries, and what "ele" means. Pure."""

from collections.abc import Iterable

from attrs import define, field

from daemon.desk.claims import Claim
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
