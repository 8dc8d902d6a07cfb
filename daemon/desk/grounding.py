"""Whether a text says only what its sources bear out (G9). Pure.

Each line is read sentence by sentence. A figure is said of the vehicle named last before it, in its sentence
or before; all figures said of one mention must be true of one and the same vehicle.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from attrs import define, field, frozen

from daemon.desk.amounts import amounts, flat, kilometres, reais
from daemon.desk.brief import Fault, Sources
from daemon.desk.claims import PRICE_VERB, SERVICE, Claim, claims, normalised
from daemon.desk.naming import TELLING, Mention, Register, compact, customer_names, find
from daemon.desk.promises import check_promises
from daemon.desk.tools import name as vehicle_name
from shards.tenant.vehicle import StockLine, Vehicle

_SENTENCE: Final = re.compile(r"(?<=[.!?;…])[\s)]+|(?<=\n)")
_CLAUSE: Final = re.compile(
    r"[;:!?\n]|,?\s*\b(?:mas|porem|so que|em compensacao|entretanto|todavia|contudo|ja\s+(?:o|a)\b|por outro lado|no entanto)\b"
)
_NOT_HERE: Final = re.compile(
    r"\b(?:(?:nao|nem)\s+(?:\w+\s+){0,3}?(?:tem|temos|tenho|ha|havia|tinha|tinhamos|encontrei|achei|localizei|consta|constam"
    r"|trabalh\w+|disponive\w+|aparece\w*|vi|apareceu|possu\w+|chegou|sobrou|restou|esta\w*|existe\w*|e|sao|consigo|consegui)"
    r"|sem\s+(?:nenhum\w*\s+)?(?=\S)|nenhum\w*|nada\b|acab(?:ou|aram|amos)|vendid[oa]s?\b|vendemos|esgot\w+|fora de estoque"
    r"|em falta|zerad\w+|indisponive\w+|infelizmente)\b"
)
_LIKE: Final = re.compile(
    r"(?:parecid\w+|similar\w*|semelhante\w*|mesm[ao] (?:linha|pegada|categoria|faixa|segmento|estilo|proposta|porte)"
    r"|concorrente\w*|rival\w*|equivalente\w*|alternativ\w+|em vez|no lugar|ao inves|compar\w+|do que|estilo|tipo)"
    r"[^.!?,;]{0,25}$"
)
_YOURS: Final = re.compile(r"\b(?:seu|sua|teu|tua)(?!\s+(?:nov|proxim|futur))\W*(?:\w+\W+){0,2}$")
_TRADE: Final = re.compile(
    r"\b(?:na|de|a|da|pra|para) troca\b|\bavalia\w*|\bparte do pagamento\b|\bcomo entrada\b|\btroca\w*\b"
)
_ECHO: Final = re.compile(
    r"\b(?:voce|vc|tu|senhora?)\b[^.!?\n]{0,40}\b(?:falou|disse|mencionou|perguntou|pediu|procura\w*|quer|queria|busca\w*|"
    r"deseja|informou|citou|comentou|passou|pretende|ofereceu|gostaria|viu|pensou|precisa|tem|imagina\w*)\b"
    r"|\b(?:procurand\w+|buscand\w+|seu (?:orcamento|limite|teto)|sua (?:faixa|proposta|oferta|meta)|que (?:pediu|procura|quer|falou))\b"
)
_ASSERTS: Final = re.compile(
    r"\b(?:cust\w+|sai(?:ndo)? (?:por|a)|fica (?:por|em)|preco|valor(?! maximo)|esta por|ta por|feito|combinad\w+|fechad\w+|"
    r"leva por|anunciad\w+|vale|fechamos|fecho|faco|fazemos|pag(?:o|amos)|aceit\w+)\b"
)
_WORTH: Final = re.compile(
    r"\b(?:vale|pag(?:o|amos)|avaliad\w+|avaliamos (?:em|por)|aceit\w+ (?:por|em)|entra (?:por|em|a)|dou|damos)\b"
)
_OFFERED: Final = re.compile(r"\b(?:disponive\w+|a venda|pronta entrega|pode vir ver|te esperando)\b")
_ESTIMATE: Final = re.compile(r"simula|estimativ|estimad|aproximad|sujeit|\baprox\b")
_EACH: Final = re.compile(r"\b(?:ambos|ambas|os dois|as duas|os tres|todos|todas|cada um|cada uma)\b[^.!?]{0,40}$")
_ITEM: Final = re.compile(r"^\s*(?:[^\w\s(]{1,4}\s+|\d{1,2}\s?[).°º-](?!\d)\s*)")
_ANOTHER: Final = re.compile(
    r"\b(?:o|um|a|uma|outro|outra|segundo|segunda|primeiro|primeira|terceiro|terceira|tambem)\W+(?:ano\W+|de\W+|e\W+)?$"
)
_OTHER: Final = re.compile(r"\b(?:outr[oa]s?|segund[oa]|tambem tenho|tambem temos|tem (?:mais )?um)\b")
_FRONT: Final = re.compile(r"^\W*(?:(?:e|ja|ou|tambem|agora)\W+)*(?:por|com|a|de|ano|a partir de|na faixa de)?\W*$")
_LEADS_TO: Final = re.compile(
    r"^\s*(?:reais\s*)?(?:(?:voce|vc|eu|ja)\s+)*(?:leva|levam|tem|temos|tenho|sai|e o preco|e o valor|consegue|encontra|acha)?"
    r"\s*(?:d?[oa]|uma?|n[oa]|pel[oa]|ess[ea]|est[ea])?\s*$"
)
_WORD: Final = re.compile(r"[a-z]{4,}")
_COMMON: Final = frozenset(
    "para pelo pela como mais esse essa este esta voce nosso nossa carro carros veiculo preco valor valores reais custa"
    " sobre todo toda todos todas aqui quando muito temos tenho modelo anos apenas partir cada entre".split()
)


@frozen
class _Own:
    """A figure of the tenant's own words, and the words around it."""

    kind: str
    value: int
    words: frozenset[str]


@define
class _Group:
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
class _Context:
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
        self.customer = customer_names(sources.customer_words)
        self.customers = _customer_values(sources.customer_words)
        profile = sources.profile
        ours = (profile.name, profile.address, profile.assistant.greeting, profile.assistant.facts)
        self.tenant_names = customer_names(ours)
        self.own = _own_figures(ours)
        self.estimated = bool(_ESTIMATE.search(self.plain))
        self.context = self._start(focus)
        self.found: list[Fault] = []

    def _start(self, focus: str | None) -> _Context:
        """What the text is about before it names anything."""
        focused = tuple(vehicle for vehicle in self.sources.vehicles if vehicle.id == focus)
        if self.sources.customer_words:
            last = normalised(self.sources.customer_words[-1])
            plain = flat(last)
            for mention in reversed(find(last, plain, self.register)):
                mine = re.search(r"\b(?:meu|minha|tenho um|tenho uma)\W*$", plain[: mention.start])
                if mention.vehicles and not mention.make_only and not mine:
                    if any(vehicle in mention.vehicles for vehicle in focused):
                        break
                    return _Context(mention.vehicles, mention.vehicles)
        if focused:
            return _Context(focused, focused)
        return _Context(self.sources.vehicles, self.sources.vehicles)

    def faults(self) -> tuple[Fault, ...]:
        self.found = list(check_promises(self.text, self.sources))
        for line in _lines(self.text):
            mark = _ITEM.match(line)
            item = mark is not None
            for sentence in _sentences(line[mark.end() :] if mark else line):
                self._sentence(sentence, flat(sentence), item)
                item = False
        unique = {(fault.kind, fault.said): fault for fault in self.found}
        return tuple(unique.values())

    # Who is meant

    def _sentence(self, text: str, plain: str, item: bool) -> None:
        mentions = find(text, plain, self.register)
        figures = [
            claim
            for claim in claims(text, plain)
            if all(claim.end <= m.start or claim.start >= m.end for m in mentions)
        ]
        groups = self._groups(plain, mentions, figures, item)
        for group in groups:
            self._judge(group, text, plain)

    def _groups(self, plain: str, mentions: list[Mention], figures: list[Claim], item: bool) -> list[_Group]:
        groups: list[_Group] = []
        for mention in mentions:
            last = groups[-1] if groups else None
            if mention.make_only and self._same_make(mention, last):
                continue
            groups.append(self._group(mention, plain, figures))
        named = list(groups)
        if "respectivamente" in plain and len(named) > 1 and self._zipped(named, figures):
            return named
        carried: _Group | None = None
        for claim in figures:
            before = [group for group in named if group.mention and group.mention.start < claim.start]
            after = [group for group in named if group.mention and group.mention.start > claim.start]
            if _EACH.search(plain[: claim.start]) and (len(before) > 1 or (not before and self.context.shown)):
                everyone = before or [_Group(None, (vehicle,), named=(vehicle,)) for vehicle in self.context.shown]
                for group in everyone:
                    group.claims.append(claim)
                groups.extend(group for group in everyone if group not in groups)
            elif after and self._points_on(plain, claim, before, after[0]):
                after[0].claims.append(claim)
            elif before:
                before[-1].claims.append(claim)
            else:
                if carried is None or (claim.kind == "year" and _ANOTHER.search(plain[: claim.start])):
                    carried = self._carried(plain, claim, item)
                    groups.insert(0, carried)
                carried.claims.append(claim)
        return groups

    def _same_make(self, mention: Mention, last: _Group | None) -> bool:
        """Whether a make says again what was named: "o Onix da Chevrolet"."""
        if last is None:
            return False
        return any(vehicle in mention.vehicles for vehicle in last.vehicles) or any(
            line in mention.lines for line in last.lines
        )

    def _group(self, mention: Mention, plain: str, figures: list[Claim]) -> _Group:
        clause_start = _clause_start(plain, mention.start)
        before = plain[clause_start : mention.start]
        clause = plain[clause_start : _clause_end(plain, mention.end)]
        asked = bool({compact(mention.said), compact(mention.name)} & self.customer)
        excuse, own = "", False
        if asked and (_YOURS.search(before) or (_TRADE.search(clause) and mention.foreign)):
            excuse, own = "yours", True
        elif _absent(before, plain[mention.end : _clause_end(plain, mention.end)]):
            excuse = "absent"
        elif _LIKE.search(before):
            excuse = "like"
        elif asked and not _offers(plain, mention):
            excuse = "asked"
        if {compact(mention.said), compact(mention.name)} & self.tenant_names and mention.foreign:
            excuse = excuse or "like"
        vehicles = self._narrowed(mention, plain, figures)
        return _Group(mention, vehicles, mention.lines, excuse=excuse, named=mention.vehicles, own=own)

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

    def _carried(self, plain: str, claim: Claim, item: bool) -> _Group:
        context = self.context
        fresh = (
            (item and claim.kind in context.kinds)
            or bool(_OTHER.search(plain[: claim.start]))
            or (claim.kind == "year" and bool(_ANOTHER.search(plain[: claim.start])))
        )
        vehicles = context.named if fresh else context.narrowed
        said = self._closest(context.named, plain[: claim.start])
        if len(said) < len(context.named):
            vehicles, fresh = said, True
        group = _Group(None, vehicles, context.lines, named=context.named if fresh else vehicles)
        if context.foreign and not vehicles and not context.lines:
            group.excuse = "absent"
        return group

    def _points_on(self, plain: str, claim: Claim, before: list[_Group], after: _Group) -> bool:
        """Whether a figure belongs to the mention that follows it: "por R$ 65.000 tenho o Onix"."""
        assert after.mention is not None
        between = plain[claim.end : after.mention.start]
        if not before and not re.search(r"\d", between) and _FRONT.match(plain[: claim.start]):
            return True
        return claim.kind == "price" and _LEADS_TO.match(between) is not None and not before

    def _zipped(self, groups: list[_Group], figures: list[Claim]) -> bool:
        """Deal figures out to mentions in order; False where their numbers differ."""
        for kind in ("price", "year", "mileage"):
            of_kind = [claim for claim in figures if claim.kind == kind]
            if of_kind and len(of_kind) != len(groups):
                return False
            for group, claim in zip(groups, of_kind, strict=False):
                group.claims.append(claim)
        return True

    # Whether it is true

    def _judge(self, group: _Group, text: str, plain: str) -> None:
        mention = group.mention
        if mention is not None and mention.foreign and not group.excuse:
            self.found.append(
                Fault("vehicle", mention.said, "no such vehicle came from a tool; say that it is not in stock")
            )
        if group.own:
            self._judge_own(group, plain)
            return
        open_claims = [claim for claim in group.claims if not self._excused(claim, group, plain)]
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

    def _fit(self, group: _Group, figures: list[Claim], plain: str) -> tuple[Vehicle, ...]:
        """The vehicles all figures are true of; reports what is true of none."""
        runs = _runs(figures, alone=len(group.named) == 1)
        fits: list[Vehicle] = []
        for index, run in enumerate(runs):
            vehicles = group.vehicles
            if index:
                between = plain[runs[index - 1][-1].end : run[0].start]
                closest = self._closest(group.named, between)
                if len(closest) < len(group.named):
                    vehicles = closest
                elif _ANOTHER.search(between):
                    vehicles = group.named
            good = [v for v in vehicles if all(self._true(claim, v) for claim in run)]
            if good:
                fits += [vehicle for vehicle in good if vehicle not in fits]
                continue
            if not group.vehicles and group.lines and all(self._true_of_line(c, group.lines) for c in run):
                continue
            self._report(run, vehicles)
        if not runs:
            return group.vehicles
        return tuple(fits)

    def _report(self, run: list[Claim], vehicles: tuple[Vehicle, ...]) -> None:
        nearest = max(vehicles, key=lambda v: sum(self._true(claim, v) for claim in run), default=None)
        for claim in run:
            if nearest is None or not self._true(claim, nearest):
                self.found.append(Fault(claim.kind, claim.said, _why(claim, nearest)))

    def _true(self, claim: Claim, vehicle: Vehicle) -> bool:
        if claim.kind == "price":
            actual = [p for p in (vehicle.asking_centavos, vehicle.price_centavos) if p is not None]
            if claim.role == "limit":
                return any(_within(claim, price) for price in actual[:1])
            return any(claim.means(price) for price in actual)
        if claim.kind == "mileage":
            if claim.values == (0,) and vehicle.condition == "new" and not vehicle.mileage_km:
                return True
            if claim.role == "limit":
                return vehicle.mileage_km is not None and _within(claim, vehicle.mileage_km)
            return claim.means(vehicle.mileage_km)
        years = (vehicle.year_manufacture, vehicle.year_model)
        if len(claim.values) == 2:
            return all(
                said == actual or (actual is None and said in years)
                for said, actual in zip(claim.values, years, strict=True)
            )
        if claim.role == "limit":
            return vehicle.year is not None and _within(claim, vehicle.year)
        return claim.value in years

    def _true_of_line(self, claim: Claim, lines: tuple[StockLine, ...]) -> bool:
        """Of a model that only the summary knows, the lowest price and the span of years may be said."""
        for line in lines:
            if claim.kind == "price" and claim.role in ("from", "limit") and line.min_price_centavos is not None:
                if claim.means(line.min_price_centavos) or claim.means(line.max_price_centavos):
                    return True
            if claim.kind == "year" and (claim.role == "limit" or line.min_year == line.max_year):
                if claim.value in (line.min_year, line.max_year):
                    return True
        return False

    def _offered(self, group: _Group, fit: tuple[Vehicle, ...], plain: str) -> None:
        assert group.mention is not None
        vehicles = fit or group.vehicles
        clause = plain[group.mention.start : _clause_end(plain, group.mention.end)]
        match = _OFFERED.search(clause)
        if match and all(v.status == "sold" for v in vehicles) and not _NOT_HERE.search(clause):
            self.found.append(Fault("vehicle", group.mention.said, "this vehicle is sold; do not offer it"))

    def _judge_own(self, group: _Group, plain: str) -> None:
        """Figures of the customer's own car must be the customer's own."""
        for claim in group.claims:
            if claim.kind != "price" and claim.value in self.customers[claim.kind]:
                continue
            if group.vehicles and any(self._true(claim, v) for v in group.vehicles):
                continue
            if self._excused(claim, group, plain) and not _WORTH.search(plain[: claim.start]):
                continue
            self.found.append(Fault(claim.kind, claim.said, "the customer did not say this of their own car"))

    # What may be said besides

    def _excused(self, claim: Claim, group: _Group, plain: str) -> bool:
        clause_start = _clause_start(plain, claim.start)
        clause = plain[clause_start : _clause_end(plain, claim.end)]
        theirs = any(value in self.customers[claim.kind] for value in claim.values)
        if claim.role == "date":
            return claim.value in range(self.sources.now.year - 1, self.sources.now.year + 3) or self._ours(
                claim, clause
            )
        if claim.role in ("instalment", "down", "financed"):
            return (
                self._financed(claim, group)
                or self._ours(claim, clause)
                or (theirs and (claim.role == "down" or bool(_ECHO.search(clause))))
            )
        if claim.role == "discount":
            return self._discount(claim, group) or self._ours(claim, clause)
        if self._ours(claim, clause):
            return True
        if claim.role in ("limit", "from"):
            said_of_it = group.mention is not None and group.mention.start < claim.start
            if theirs and not said_of_it and (claim.role == "limit" or not _ASSERTS.search(clause)):
                return True
            if _NOT_HERE.search(plain[clause_start : claim.start]) and (group.excuse or group.mention is None):
                return True
        if claim.role == "limit" and group.mention is None and not _ASSERTS.search(clause):
            return all(self._true(claim, v) for v in self.sources.vehicles) and bool(self.sources.vehicles)
        if claim.role == "from" and any(self._true_of_line(claim, (line,)) for line in self._lines_of(group)):
            return True
        absent = group.excuse == "absent" or (
            group.mention is None and _NOT_HERE.search(plain[clause_start : claim.start]) is not None
        )
        if theirs and absent:
            return claim.kind != "price" or not _ASSERTS.search(clause)
        if theirs and _ECHO.search(plain[clause_start : claim.start]) and not _ASSERTS.search(clause):
            return True
        if claim.kind == "mileage" and claim.values == (0,) and group.mention is None:
            return re.search(r"\b(?:ele|ela|e|esta|esse|essa)\b", plain[clause_start : claim.start]) is None
        return claim.kind != "price" and self._described(claim, group, clause)

    def _lines_of(self, group: _Group) -> tuple[StockLine, ...]:
        if group.mention is not None:
            return group.lines
        return self.sources.summary.lines

    def _ours(self, claim: Claim, clause: str) -> bool:
        """Whether the tenant's own words have the figure in the same connection."""
        words = frozenset(_WORD.findall(clause)) - _COMMON
        return any(own.kind == claim.kind and own.value in claim.values and own.words & words for own in self.own)

    def _described(self, claim: Claim, group: _Group, clause: str) -> bool:
        """Services and guarantees that the dealer's description dates: "revisado aos 40.000 km"."""
        about = set(SERVICE.findall(clause))
        for vehicle in group.vehicles:
            for part in _sentences(normalised("\n".join((*vehicle.options, vehicle.version, vehicle.description)))):
                plain = flat(part)
                if about & set(SERVICE.findall(plain)) and any(
                    said.kind == claim.kind and said.value in claim.values for said in claims(part, plain)
                ):
                    return True
        return False

    def _financed(self, claim: Claim, group: _Group) -> bool:
        if not self.estimated:
            return False
        for one in self.sources.estimates:
            if group.mention is not None and one.vehicle_id and one.vehicle_id not in {v.id for v in group.vehicles}:
                continue
            if claim.role == "down" and claim.value == one.down_payment_centavos:
                return True
            if claim.role == "financed" and claim.value == one.price_centavos - one.down_payment_centavos:
                return True
            if claim.role == "instalment" and claim.months in (None, one.months):
                said, actual = claim.value, one.instalment_centavos
                if said == actual or (said % 100 == 0 and abs(said - actual) < 100):
                    return True
                if claim.about and claim.means(actual):
                    return True
        return False

    def _discount(self, claim: Claim, group: _Group) -> bool:
        for vehicle in group.vehicles:
            asking, price = vehicle.asking_centavos, vehicle.price_centavos
            if asking is not None and price is not None and price - asking == claim.value:
                return True
        prices = [v.asking_centavos for v in (self.context.shown or self.sources.vehicles)[:8]]
        known = [price for price in (*prices, *(v.asking_centavos for v in group.vehicles[:3])) if price is not None]
        return any(abs(a - b) == claim.value for a in known for b in known if a != b)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _sentences(line: str) -> list[str]:
    return [part for part in _SENTENCE.split(line) if part and part.strip()]


def _clause_start(plain: str, position: int) -> int:
    start = 0
    for match in _CLAUSE.finditer(plain, 0, position):
        start = match.end()
    return start


def _clause_end(plain: str, position: int) -> int:
    match = _CLAUSE.search(plain, position)
    return match.start() if match else len(plain)


def _absent(before: str, after: str) -> bool:
    """Whether a clause says of a vehicle that it is not here."""
    for match in _NOT_HERE.finditer(before):
        rest = before[match.end() :]
        if not re.search(r"\b(?:tenho|temos|tem|mas|que)\b", rest):
            return True
    return bool(re.match(r"[^.!?]{0,30}\b(?:nao (?:temos|tenho|tem|ha|esta|consta|apareceu)|ja (?:foi|saiu)|foi vendid|acabou|"
                         r"vendid|esgot|em falta|indisponiv|fora de estoque|eu nao)", after))  # fmt: skip


def _offers(plain: str, mention: Mention) -> bool:
    """Whether the clause of a mention offers it or says figures of it."""
    clause = plain[_clause_start(plain, mention.start) : _clause_end(plain, mention.end)]
    offer = re.search(
        r"\b(?:temos|tenho|tem|disponive\w+|chegou|separei|encontrei|achei|opc\w+|olha|segue|oferec\w+|esta aqui|reserv\w+)\b",
        clause,
    )
    return bool(offer or re.search(PRICE_VERB + r"\W*(?:r\$|\d)", clause) or re.search(r"r\$|\d km", clause))


def _runs(figures: list[Claim], *, alone: bool) -> list[list[Claim]]:
    """Figures of several vehicles of one name, cut where the kind that came first comes again."""
    if not figures:
        return []
    if alone:
        return [figures]
    runs: list[list[Claim]] = [[figures[0]]]
    for claim in figures[1:]:
        if claim.kind == figures[0].kind and claim.values != runs[-1][0].values:
            runs.append([claim])
        else:
            runs[-1].append(claim)
    return runs


def _within(claim: Claim, actual: int) -> bool:
    return actual <= claim.value if claim.upper else actual >= claim.value


def _why(claim: Claim, vehicle: Vehicle | None) -> str:
    if vehicle is None:
        return "no vehicle from a tool has this"
    named = vehicle_name(vehicle)
    if claim.kind == "price":
        if claim.role == "instalment":
            return "an instalment must come from simulate_financing and be called a simulation"
        price = vehicle.asking_centavos
        return f"the price of {named} is {reais(price)}" if price is not None else f"{named} has no price in stock"
    if claim.kind == "mileage":
        km = vehicle.mileage_km
        return f"{named} has {kilometres(km)}" if km is not None else f"the mileage of {named} is not in stock data"
    years = "/".join(str(year) for year in (vehicle.year_manufacture, vehicle.year_model) if year is not None)
    return f"the year of {named} is {years}" if years else f"the year of {named} is not in stock data"


@lru_cache(maxsize=1024)
def _own_figures(texts: tuple[str, ...]) -> tuple[_Own, ...]:
    found: list[_Own] = []
    for text in texts:
        for line in _lines(normalised(text)):
            for sentence in _sentences(line):
                plain = flat(sentence)
                words = frozenset(_WORD.findall(plain)) - _COMMON
                for claim in claims(sentence, plain):
                    found += [_Own(claim.kind, value, words) for value in claim.values]
    return tuple(found)


def _customer_values(words: Iterable[str]) -> dict[str, frozenset[int]]:
    """Every figure customers wrote, as a price, a year, a mileage: short ones in all their senses."""
    each = [_values_of(text) for text in words]
    kinds = ("price", "year", "mileage")
    return {kind: frozenset().union(*(one[i] for one in each)) for i, kind in enumerate(kinds)}


@lru_cache(maxsize=4096)
def _values_of(text: str) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """The prices, years and mileages that one message may have meant."""
    prices: set[int] = set()
    years: set[int] = set()
    kms: set[int] = set()
    clean = normalised(text)
    for amount in amounts(clean):
        if amount.kind == "money":
            prices.add(amount.value)
            kms.add(amount.value // 100)
        elif amount.kind == "km":
            kms.add(amount.value)
        elif amount.kind == "year":
            years.add(amount.value)
        else:
            prices |= {amount.value * 100, amount.value * 100_000}
            kms |= {amount.value, amount.value * 1000}
            if amount.value < 100:
                years.add(amount.value + (2000 if amount.value <= 35 else 1900))
    for claim in claims(clean, flat(clean)):
        target = prices if claim.kind == "price" else years if claim.kind == "year" else kms
        target.update(claim.values)
    return frozenset(prices), frozenset(years), frozenset(kms)
