"""Figures that may be said besides a vehicle's own: limits, the customer's and the tenant's words, estimates. Pure."""

import re
from collections.abc import Sequence

from attrs import frozen

from daemon.desk.amounts import flat
from daemon.desk.brief import Sources
from daemon.desk.claims import SERVICE, Claim, claims, normalised
from daemon.desk.cues import (
    APPRAISED,
    ASSERTS,
    COMMON,
    DENIED,
    ECHO,
    NOT_HERE,
    NOTED,
    OFFER,
    THEIRS,
    TRADE,
    WORD,
    WORDS,
    YOUR_ONE,
    clause_end,
    clause_start,
    sentences,
)
from daemon.desk.finance import MONTHS, instalment
from daemon.desk.hearsay import Customer, Own
from daemon.desk.reference import Group
from daemon.desk.truth import true_of, true_of_line
from shards.tenant.vehicle import StockLine, Vehicle


@frozen
class Allowance:
    """What one text's sources allow besides. `estimated`: the text calls its instalments an estimate."""

    sources: Sources
    own: tuple[Own, ...]
    customer: Customer
    estimated: bool

    def allows(self, claim: Claim, group: Group, plain: str, shown: Sequence[Vehicle]) -> bool:
        """Whether a figure of the sentence `plain` may be said though it need not be the vehicle's own; `shown`
        are the vehicles the text has named so far."""
        start = clause_start(plain, claim.start)
        clause = plain[start : clause_end(plain, claim.end)]
        theirs = any(value in self.customer.values[claim.kind] for value in claim.values)
        if claim.role == "date":
            near = claim.value in range(self.sources.now.year - 1, self.sources.now.year + 3)
            # "sua S dez 2012" is no December
            return near or self._ours(claim, clause) or (theirs and self._own_car(claim, group, plain))
        if claim.role in ("instalment", "down", "financed"):
            return (
                self._financed(claim, group)
                or self._ours(claim, clause)
                or (theirs and (claim.role == "down" or bool(ECHO.search(clause))))
            )
        if claim.role == "discount":
            return self._discount(claim, group, shown) or self._ours(claim, clause)
        if self._ours(claim, clause):
            return True
        if claim.role in ("limit", "from"):
            said_of_it = group.mention is not None and group.mention.start < claim.start
            if theirs and not said_of_it and (claim.role == "limit" or not ASSERTS.search(clause)):
                return True
            if NOT_HERE.search(plain[start : claim.start]) and (group.excuse or group.mention is None):
                return True
        before = plain[start : claim.start]
        if theirs and (DENIED.search(before) or (claim.kind != "price" and YOUR_ONE.search(before))):
            return True
        if theirs and claim.kind != "price" and self._own_car(claim, group, plain):
            return True
        if theirs and claim.kind == "price" and THEIRS.search(plain[start : claim.start]):
            return True
        if claim.role == "limit" and group.mention is None and not ASSERTS.search(clause):
            return all(true_of(claim, v) for v in self.sources.vehicles) and bool(self.sources.vehicles)
        if claim.role == "from" and any(true_of_line(claim, (line,)) for line in self._lines_of(group)):
            return True
        absent = group.excuse == "absent" or (
            group.mention is None and NOT_HERE.search(plain[start : claim.start]) is not None
        )
        if theirs and absent:
            return claim.kind != "price" or not ASSERTS.search(clause)
        if theirs and ECHO.search(plain[start : claim.start]) and not ASSERTS.search(clause):
            return True
        if claim.kind == "mileage" and claim.values == (0,) and group.mention is None:
            return re.search(r"\b(?:ele|ela|e|esta|esse|essa)\b", plain[start : claim.start]) is None
        return claim.kind != "price" and self._described(claim, group, clause)

    def _own_car(self, claim: Claim, group: Group, plain: str) -> bool:
        """Whether a year or mileage is said of the customer's own car: "seu golzinho 2012", or his words repeated
        where a trade-in is talked about: "Golzinho 2012 a gente avalia"."""
        start = clause_start(plain, claim.start)
        before, clause = plain[start : claim.start], plain[start : clause_end(plain, claim.end)]
        if self.customer.owns(before):
            return True
        if ASSERTS.search(clause):
            return False
        noted = NOTED.search(plain[: claim.start]) is not None
        traded = noted or TRADE.search(clause) is not None
        mention = group.mention
        if mention is not None:
            if group.foreign:
                return traded or group.excuse == "asked"
            named = self.customer.named(mention.said, mention.name) and not OFFER.search(clause)
            return named and (noted or APPRAISED.match(plain[claim.end :]) is not None)
        if noted and not group.vehicles:
            return True
        words = WORDS.findall(before)
        return traded and bool(words) and self.customer.wrote(words[-1] + claim.said)

    def _lines_of(self, group: Group) -> tuple[StockLine, ...]:
        if group.mention is not None:
            return group.lines
        return self.sources.summary.lines

    def _ours(self, claim: Claim, clause: str) -> bool:
        """Whether the tenant's own words have the figure in the same connection."""
        words = frozenset(WORD.findall(clause)) - COMMON
        return any(own.kind == claim.kind and own.value in claim.values and own.words & words for own in self.own)

    def _described(self, claim: Claim, group: Group, clause: str) -> bool:
        """Services and guarantees that the dealer's description dates: "revisado aos 40.000 km"."""
        about = set(SERVICE.findall(clause))
        if not about:
            return False
        for vehicle in group.vehicles:
            for part in sentences(normalised("\n".join((*vehicle.options, vehicle.version, vehicle.description)))):
                plain = flat(part)
                if about & set(SERVICE.findall(plain)) and any(
                    said.kind == claim.kind and said.value in claim.values for said in claims(part, plain)
                ):
                    return True
        return False

    def _financed(self, claim: Claim, group: Group) -> bool:
        if not self.estimated:
            return False
        for one in self.sources.estimates:
            if group.mention is not None and one.vehicle_id and one.vehicle_id not in {v.id for v in group.vehicles}:
                continue
            if claim.role == "down" and claim.value == one.down_payment_centavos:
                return True
            if claim.role == "financed" and claim.value == one.price_centavos - one.down_payment_centavos:
                return True
            fits = claim.role == "instalment" and claim.months in (None, one.months)
            if fits and _rounds_to(claim, one.instalment_centavos):
                return True
        return claim.role == "instalment" and self._computed(claim, group)

    def _computed(self, claim: Claim, group: Group) -> bool:
        """Whether an instalment is what the tenant's rate makes of a vehicle's price and a down payment the
        customer named."""
        rate = self.sources.profile.assistant.finance_rate_percent_month
        if rate is None or claim.months is None or not MONTHS[0] <= claim.months <= MONTHS[1]:
            return False
        for vehicle in group.vehicles[:4]:
            price = vehicle.asking_centavos
            if price is None:
                continue
            downs = {0, *(value for value in self.customer.values["price"] if value < price)}
            if any(_rounds_to(claim, instalment(price - down, rate, claim.months)) for down in downs):
                return True
        return False

    def _discount(self, claim: Claim, group: Group, shown: Sequence[Vehicle]) -> bool:
        for vehicle in group.vehicles:
            asking, price = vehicle.asking_centavos, vehicle.price_centavos
            if asking is not None and price is not None and price - asking == claim.value:
                return True
        prices = [v.asking_centavos for v in (shown or self.sources.vehicles)[:8]]
        known = [price for price in (*prices, *(v.asking_centavos for v in group.vehicles[:3])) if price is not None]
        return any(abs(a - b) == claim.value for a in known for b in known if a != b)


def _rounds_to(claim: Claim, actual: int) -> bool:
    """Whether an estimate was said to the centavo, to the real, or marked as rounded."""
    said = claim.value
    if said == actual or (said % 100 == 0 and abs(said - actual) < 100):
        return True
    return claim.about and claim.means(actual)
