"""Whether a text says only what its sources bear out (G9). Pure.

Each line is read sentence by sentence. A figure is said of the vehicle named last before it, in its sentence
or before; all figures said of one mention must be true of one and the same vehicle.
"""

import re

from attrs import frozen

from daemon.desk.allowance import Allowance
from daemon.desk.amounts import flat
from daemon.desk.brief import Fault, Sources
from daemon.desk.claims import Claim, claims, normalised
from daemon.desk.cues import (
    AND,
    ANOTHER,
    EACH,
    ECHO,
    ESTIMATE,
    EXCEPT,
    FRONT,
    ITEM,
    LEADS_TO,
    LIKE,
    NOT_HERE,
    OFFER,
    OFFERED,
    ONE_OF,
    OTHER,
    THEIR_CAR,
    TRADE,
    WORTH,
    YOURS,
    absent,
    clause_end,
    clause_start,
    lines,
    offers,
    sentences,
)
from daemon.desk.hearsay import Customer, customer_names, own_figures
from daemon.desk.naming import MAX_HEARD, TELLING, Mention, Register, compact, find
from daemon.desk.promises import check_promises
from daemon.desk.reference import Context, Group, short_years, wished
from daemon.desk.truth import true_of, true_of_line, why
from shards.tenant.vehicle import Vehicle


@frozen
class Grounding:
    """What was found in a text: its faults, and the ids of the vehicles it is about in the order of mention."""

    faults: tuple[Fault, ...]
    vehicles: tuple[str, ...]


def ground(text: str, sources: Sources, *, focus: str | None = None) -> Grounding:
    """Read a text against its sources. `focus` is the id of the vehicle that "ele" means before the text names
    one, unless the customer's last words (the last of `customer_words`) name another."""
    reading = _Reading(text, sources, focus)
    faults = reading.faults()
    return Grounding(faults, tuple(vehicle.id for vehicle in reading.context.shown))


def check(text: str, sources: Sources, *, focus: str | None = None) -> tuple[Fault, ...]:
    """The faults of a text, none if it may leave; see `ground`."""
    return ground(text, sources, focus=focus).faults


def mentioned(text: str, sources: Sources, *, focus: str | None = None) -> tuple[str, ...]:
    """The ids of the vehicles a text is about, in the order of mention; see `ground`."""
    return ground(text, sources, focus=focus).vehicles


class _Reading:
    """One pass over one text."""

    def __init__(self, text: str, sources: Sources, focus: str | None) -> None:
        self.text = normalised(text)
        self.plain = flat(self.text)
        self.sources = sources
        self.register = Register.of(sources.vehicles, sources.summary)
        self.customer = Customer.of(sources.customer_words)
        profile = sources.profile
        ours = (profile.name, profile.address, profile.assistant.greeting, profile.assistant.facts)
        self.tenant_names = customer_names(ours)
        estimated = ESTIMATE.search(self.plain) is not None
        self.allowance = Allowance(sources, own_figures(ours), self.customer, estimated)
        self.context = self._start(focus)
        self.found: list[Fault] = []
        self.absent: set[str] = set()  # what the text says is not here

    def _start(self, focus: str | None) -> Context:
        """What the text is about before it names anything."""
        focused = tuple(vehicle for vehicle in self.sources.vehicles if vehicle.id == focus)
        if self.sources.customer_words:
            last = normalised(self.sources.customer_words[-1][:MAX_HEARD])
            plain = flat(last)
            for mention in reversed(find(last, plain, self.register)):
                mine = re.search(r"\b(?:meu|minha|tenho um|tenho uma)\W*$", plain[: mention.start])
                if mention.vehicles and not mention.make_only and not mine:
                    if any(vehicle in mention.vehicles for vehicle in focused):
                        break
                    return Context(mention.vehicles, mention.vehicles)
        if focused:
            return Context(focused, focused)
        return Context(self.sources.vehicles, self.sources.vehicles)

    def faults(self) -> tuple[Fault, ...]:
        self.found = list(check_promises(self.text, self.sources))
        for line in lines(self.text):
            mark = ITEM.match(line)
            item = mark is not None
            for sentence in sentences(line[mark.end() :] if mark else line):
                self._sentence(sentence, flat(sentence), item)
                item = False
        absent = {compact(said) for said in self.absent}
        unique = {
            (fault.kind, fault.said): fault
            for fault in self.found
            if fault.kind != "vehicle" or compact(fault.said) not in absent
        }
        return tuple(unique.values())

    # Who is meant

    def _sentence(self, text: str, plain: str, item: bool) -> None:
        mentions = find(text, plain, self.register)
        figures = [
            claim
            for claim in claims(text, plain)
            if all(claim.end <= m.start or claim.start >= m.end for m in mentions)
        ]
        figures = sorted((*figures, *short_years(text, plain, mentions, figures)), key=lambda claim: claim.start)
        groups = self._groups(plain, mentions, figures, item)
        for group in groups:
            self._judge(group, text, plain)

    def _groups(self, plain: str, mentions: list[Mention], figures: list[Claim], item: bool) -> list[Group]:
        groups: list[Group] = []
        for mention in mentions:
            last = groups[-1] if groups else None
            if mention.make_only and self._same_make(mention, last):
                continue
            group = self._group(mention, plain, figures)
            joined = last is not None and last.mention is not None and group.foreign
            if joined and last and last.mention and AND.fullmatch(plain[last.mention.end : mention.start]):
                group.excuse = last.excuse if last.excuse in ("absent", "like") else group.excuse
            groups.append(group)
        named = list(groups)
        if len(named) > 1 and self._dealt_out(plain, named, figures):
            return named
        carried: Group | None = None
        for claim in figures:
            before = [group for group in named if group.mention and group.mention.start < claim.start]
            after = [group for group in named if group.mention and group.mention.start > claim.start]
            if EACH.search(plain[max(0, claim.start - 80) : claim.start]) and (
                len(before) > 1 or (not before and self.context.shown)
            ):
                everyone = before or [Group(None, (vehicle,), named=(vehicle,)) for vehicle in self.context.shown]
                for group in everyone:
                    group.claims.append(claim)
                groups.extend(group for group in everyone if group not in groups)
            elif after and self._points_on(plain, claim, before, after[0]):
                after[0].claims.append(claim)
            elif before:
                before[-1].claims.append(claim)
            else:
                if carried is None or (
                    claim.kind == "year" and ANOTHER.search(plain[max(0, claim.start - 40) : claim.start])
                ):
                    carried = self._carried(plain, claim, item)
                    groups.insert(0, carried)
                carried.claims.append(claim)
        return groups

    def _same_make(self, mention: Mention, last: Group | None) -> bool:
        """Whether a make says again what was named: "o Onix da Chevrolet"."""
        if last is None:
            return False
        return any(vehicle in mention.vehicles for vehicle in last.vehicles) or any(
            line in mention.lines for line in last.lines
        )

    def _group(self, mention: Mention, plain: str, figures: list[Claim]) -> Group:
        start = clause_start(plain, mention.start)
        before = plain[start : mention.start]
        clause = plain[start : clause_end(plain, mention.end)]
        asked = self.customer.named(mention.said, mention.name)
        excuse, own = "", False
        echoed = ECHO.search(before) and not OFFER.search(clause[len(before) :])
        theirs = TRADE.search(clause) or THEIR_CAR.search(before) or echoed
        if asked and (YOURS.search(before) or (theirs and mention.foreign)):
            excuse, own = "yours", True
        elif absent(before, plain[mention.end : clause_end(plain, mention.end)]):
            excuse = "absent"
            if mention.foreign:
                self.absent.add(mention.said)
        elif LIKE.search(before) or EXCEPT.search(before) or (asked and wished(plain, mention)):
            excuse = "like"
        elif asked and not offers(plain, mention.start, mention.end):
            excuse = "asked"
        if {compact(mention.said), compact(mention.name)} & self.tenant_names and mention.foreign:
            excuse = excuse or "like"
        vehicles = self._narrowed(mention, plain, figures)
        return Group(mention, vehicles, mention.lines, excuse=excuse, named=mention.vehicles, own=own)

    def _narrowed(self, mention: Mention, plain: str, figures: list[Claim]) -> tuple[Vehicle, ...]:
        """Of several vehicles of one name, those whose version or colour stands right after it."""
        if len(mention.vehicles) < 2:
            return mention.vehicles
        stop = min([claim.start for claim in figures if claim.start >= mention.end] or [len(plain)])
        return self._closest(mention.vehicles, plain[mention.end : min(stop, mention.end + 45)])

    def _closest(self, vehicles: tuple[Vehicle, ...], plain: str) -> tuple[Vehicle, ...]:
        """Those of some vehicles that words of their own name best; all where no word tells them apart."""
        if len(vehicles) < 2:
            return vehicles
        words = self.register.words
        said = set(TELLING.findall(plain)) - {"e", "a", "o", "de", "com", "no", "na", "em", "para"}
        said -= frozenset.intersection(*(words[vehicle.id] for vehicle in vehicles))
        fits = {vehicle.id: len(said & words[vehicle.id]) for vehicle in vehicles}
        best = max(fits.values())
        return tuple(vehicle for vehicle in vehicles if fits[vehicle.id] == best) if best else vehicles

    def _carried(self, plain: str, claim: Claim, item: bool) -> Group:
        context = self.context
        fresh = (
            (item and claim.kind in context.kinds)
            or bool(OTHER.search(plain[: claim.start]))
            or (claim.kind == "year" and bool(ANOTHER.search(plain[max(0, claim.start - 40) : claim.start])))
        )
        vehicles = context.named if fresh else context.narrowed
        said = self._closest(context.named, plain[: claim.start])
        if len(said) < len(context.named):
            vehicles, fresh = said, True
        group = Group(None, vehicles, context.lines, named=context.named if fresh else vehicles)
        if context.foreign and not vehicles and not context.lines:
            group.excuse = "absent"
        return group

    def _points_on(self, plain: str, claim: Claim, before: list[Group], after: Group) -> bool:
        """Whether a figure belongs to the mention that follows it: "por R$ 65.000 tenho o Onix"."""
        assert after.mention is not None
        between = plain[claim.end : after.mention.start]
        if not before and not re.search(r"\d", between) and FRONT.match(plain[: claim.start]):
            return True
        if claim.kind != "price" or LEADS_TO.match(between) is None:
            return False
        return not before or (before[0].mention is not None and _price_first(plain, before[0].mention))

    def _dealt_out(self, plain: str, groups: list[Group], figures: list[Claim]) -> bool:
        """Deal figures out to mentions in order: "… e … custam R$ X e R$ Y". Without "respectivamente" only where
        that makes them true."""
        told = "respectivamente" in plain
        pairs: list[tuple[Group, Claim]] = []
        for kind in ("price", "year", "mileage"):
            of_kind = [claim for claim in figures if claim.kind == kind]
            if of_kind and len(of_kind) != len(groups):
                return False
            pairs += zip(groups, of_kind, strict=False)
        ends = [group.mention.end for group in groups if group.mention is not None]
        behind = all(claim.start >= max(ends) for _, claim in pairs)
        true = behind and all(any(true_of(claim, v) for v in group.vehicles) for group, claim in pairs)
        if not pairs or not (told or true):
            return False
        for group, claim in pairs:
            group.claims.append(claim)
        return True

    # Whether it is true

    def _judge(self, group: Group, text: str, plain: str) -> None:
        mention = group.mention
        if mention is not None and mention.foreign and not group.excuse:
            self.found.append(
                Fault("vehicle", mention.said, "no such vehicle came from a tool; say that it is not in stock")
            )
        if group.own:
            self._judge_own(group, plain)
            return
        open_claims = [
            claim for claim in group.claims if not self.allowance.allows(claim, group, plain, self.context.shown)
        ]
        fit = self._fit(group, open_claims, plain)
        if mention is not None:
            if group.vehicles and group.excuse != "absent":
                self._offered(group, fit, plain)
            if not group.foreign or not self.context.named:
                remaining = fit or group.vehicles
                self.context.named, self.context.narrowed = mention.vehicles, remaining
                self.context.lines = group.lines
                self.context.kinds = {claim.kind for claim in open_claims}
                self.context.foreign = mention.said if group.foreign else ""
            elif group.foreign and group.claims:
                self.context.foreign = mention.said
            if group.excuse not in ("absent", "like"):
                self.context.show(fit or group.vehicles)
        elif fit and open_claims:
            self.context.narrowed = fit
            if group.vehicles == self.context.named:
                self.context.kinds.clear()
            self.context.kinds.update(claim.kind for claim in open_claims)
            if len(self.context.named) < 6:
                self.context.show(fit)

    def _fit(self, group: Group, figures: list[Claim], plain: str) -> tuple[Vehicle, ...]:
        """The vehicles all figures are true of; reports what is true of none."""
        runs = _runs(figures, plain, alone=len(group.named) == 1)
        fits: list[Vehicle] = []
        for index, run in enumerate(runs):
            vehicles = group.vehicles
            if index:
                between = plain[runs[index - 1][-1].end : run[0].start]
                closest = self._closest(group.named, between)
                if len(closest) < len(group.named):
                    vehicles = closest
                elif ANOTHER.search(between) or ONE_OF.search(between):
                    vehicles = group.named
            good = [v for v in vehicles if all(true_of(claim, v) for claim in run)]
            if good:
                fits += [vehicle for vehicle in good if vehicle not in fits]
                continue
            if not group.vehicles and group.lines and all(true_of_line(c, group.lines) for c in run):
                continue
            self._report(run, vehicles)
        if not runs:
            return group.vehicles
        return tuple(fits)

    def _report(self, run: list[Claim], vehicles: tuple[Vehicle, ...]) -> None:
        nearest = max(vehicles, key=lambda v: sum(true_of(claim, v) for claim in run), default=None)
        for claim in run:
            if nearest is None or not true_of(claim, nearest):
                self.found.append(Fault(claim.kind, claim.said, why(claim, nearest)))

    def _offered(self, group: Group, fit: tuple[Vehicle, ...], plain: str) -> None:
        assert group.mention is not None
        vehicles = fit or group.vehicles
        clause = plain[group.mention.start : clause_end(plain, group.mention.end)]
        match = OFFERED.search(clause)
        if match and all(v.status == "sold" for v in vehicles) and not NOT_HERE.search(clause):
            self.found.append(Fault("vehicle", group.mention.said, "this vehicle is sold; do not offer it"))

    def _judge_own(self, group: Group, plain: str) -> None:
        """Figures of the customer's own car must be the customer's own."""
        for claim in group.claims:
            if claim.kind != "price" and claim.value in self.customer.values[claim.kind]:
                continue
            if group.vehicles and any(true_of(claim, v) for v in group.vehicles):
                continue
            if self.allowance.allows(claim, group, plain, self.context.shown) and not WORTH.search(
                plain[: claim.start]
            ):
                continue
            self.found.append(Fault(claim.kind, claim.said, "the customer did not say this of their own car"))


def _price_first(plain: str, mention: Mention) -> bool:
    """Whether a sentence tells prices before names: "R$ X no …, R$ Y no …"."""
    return any(claim.kind == "price" for claim in claims(plain[: mention.start], plain[: mention.start]))


def _runs(figures: list[Claim], plain: str, *, alone: bool) -> list[list[Claim]]:
    """Figures of several vehicles of one name, cut where the kind that came first comes again."""
    if not figures:
        return []
    if alone:
        return [figures]
    runs: list[list[Claim]] = [[figures[0]]]
    for claim in figures[1:]:
        again = claim.kind == figures[0].kind and claim.values != runs[-1][0].values
        if again or ONE_OF.search(plain[runs[-1][-1].end : claim.start]):
            runs.append([claim])
        else:
            runs[-1].append(claim)
    return runs
