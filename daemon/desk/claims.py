"""What a text claims in figures: prices, years, mileages, and the part each plays in its sentence. Pure."""

import re
import unicodedata
from typing import Final, Literal

from attrs import evolve, frozen

from daemon.desk.amounts import Amount, amounts, flat

ClaimKind = Literal["price", "year", "mileage"]
Role = Literal["plain", "from", "limit", "instalment", "down", "financed", "discount", "date"]


@frozen(kw_only=True)
class Claim:
    """A figure said. `values` is one value, or both years of "2019/2020"; centavos, years or kilometres.
    `step` is the precision it was said with; `about` whether it was marked as rounded."""

    kind: ClaimKind
    values: tuple[int, ...]
    start: int
    end: int
    said: str
    role: Role = "plain"
    about: bool = False
    step: int = 1
    months: int | None = None  # of an instalment
    upper: bool = True  # of a limit: at most, or at least

    @property
    def value(self) -> int:
        return self.values[0]

    def means(self, actual: int | None) -> bool:
        """Whether `actual` is what was said: equal, or equal when rounded if it was said as rounded."""
        if actual is None:
            return False
        if actual in self.values:
            return True
        if not self.about or self.kind == "year":
            return False
        return (actual + self.step // 2) // self.step * self.step == self.value


_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\u20e3\ufeff]")
_MARKS: Final = re.compile(r"[*_~`]")
_GLUED_YEAR: Final = re.compile(r"(?<=[a-zà-ú])-?(?=(?:19|20)\d{2}(?!\d))", re.IGNORECASE)
_VERSION_YEAR: Final = re.compile(r"\bvers[aã]o(?=\s+(?:19|20)\d{2}\b)", re.IGNORECASE)
_DIGIT_GAPS: Final = re.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
_THIN: Final = re.compile(r"[\u00a0\u2007\u2009\u202f]")

PRICE_VERB: Final = (
    r"\b(?:cust(?:a|am|ando|ou|aria)|sa(?:i|em|indo|iria)(?: (?:so|ai))?(?: por| a| em)|fic(?:a|am|ou"
    r"|aria)(?: por| em| a)"
    r"|(?:esta|ta|estao|estava)(?: (?:saindo|sendo))?(?: por| a| em)|por apenas|por so|so|apenas|leva por|vale"
    r"|valor(?: (?:e|dele|dela|a vista|de|final|total))*|preco(?: (?:e|dele|dela|a vista|de|final|total))*"
    r"|faco(?: por| a)?|faz(?:emos)?(?: por| a)|vend\w+ (?:por|a)|oferta de|pede[m]?|pedindo|por)"
)
_ENDS: Final = r"(?=\s*(?:[.,;!?)\n]|$|a vista|avista|no\b|na\b|nele\b|nela\b|e\b|com\b|mas\b|hoje|pra\b|para\b|em \d))"
_ALONE: Final = re.compile(_ENDS)
_BARE_PRICE: Final = re.compile(
    PRICE_VERB + r"\s*(?:e|:|=|-|de|uns|cerca de)?\s*(\d{1,3}(?:,\d)?|\d{4,7})(?![\d.,]*\d)\b" + _ENDS
)
_FIGURE: Final = re.compile(
    r"\d|\bmil\b|milh|zero|\bcem\b|\bcent|vinte|trinta|(?:quare|cinque|sesse|sete|oite|nove)nta|cincoenta"
    r"|zentos|centos"
    r"|hentos"
)
_WRITTEN_PRICE: Final = re.compile(PRICE_VERB + r"\W*$")
_ZERO_KM: Final = re.compile(r"\bzero[\s-]*(?:km|quilometros?|kilometros?)\b|\b0[\s-]*km\b|\bok\s*km\b")
_ABOUT: Final = re.compile(
    r"(?:cerca de|aproximadamente|aprox\.?|uns|umas|por volta d[eo]s?|em torno d[eo]s?|na (?:faixa"
    r"|casa) d[eo]s?|quase"
    r"|praticamente|mais ou menos|perto d[eo]s?|por cerca de|beirando(?: os)?|~|≈)\W*$"
)
_ABOUT_AFTER: Final = re.compile(r"^\s*(?:,\s*)?(?:aproximad\w+|mais ou menos|e pouco)")
_FROM: Final = re.compile(
    r"\b(?:a partir d[eo]s?|desde|parte[m]? de|comeca[m]? (?:em|por|a)|inicia[m]? em|menor preco\w*(?: e| de|:)*"
    r"|mais (?:barat\w|em conta)(?: [^\d.]{0,40})?(?: por| a| de| em| custa)?)\W*$"
)
_LIMIT_UP: Final = re.compile(
    r"\b(?:ate(?: (?:no maximo|uns|os))?|abaixo d[eo]s?|menos (?:de|que)|inferior(?:es)? a|no maximo|maximo de"
    r"|teto(?: de)?"
    r"|limite(?: de)?|orcamento(?: (?:de|ate|e|em))*|verba de|faixa(?: de preco)?(?: (?:d[eo]s?|ate|entre))*"
    r"|dentro d[eo]s?|entre(?: os)?|entre\W+[\d.,]+(?: mil| k)? e)\W*$"
)
_LIMIT_DOWN: Final = re.compile(
    r"\b(?:acima d[eo]s?|mais (?:de|que)|superior(?:es)? a|no minimo|minimo de|pelo menos|a partir d[eo]s?"
    r"|desde|depois de|apos)\W*$"
)
_LIMIT_AFTER: Final = re.compile(
    r"^\s*(?:(?:ou|pra|para) (?:mais|menos|cima|baixo)\b|em diante|pra frente|(?:pra|para) cima)"
)
_RANGE_JOIN: Final = re.compile(r"^\s*(?:e|a|ate|-|–|ou)\s*$")
_INSTALMENT_BEFORE: Final = re.compile(
    r"(?:\d{1,2}\s*x|vezes|parcelas?|parcelinha\w*|prestac\w+|mensalidades?|mensais|meses|por mes)"
    r"(?:\W|\b(?:fixas?|iguais|mensa\w+|estimad\w+|aproximad\w+|de|por|fica\w*|em|a|sai\w*|ser\w+|seria\w*|cerca|uns"
    r"|aproximadamente|partir|gira\w*|torno|fic\w+|da|dao|mais|ou|menos|volta|e|com|valor|na|simulacao|sem|entrada"
    r"|o|cada|uma|nessa|no|plano|aprox|estimativa|estimada)\b)*$"
)
_INSTALMENT_AFTER: Final = re.compile(
    r"^\s*(?:/\s*mes|por mes|mensa\w+|ao mes|cada\b|a parcela|de parcela|na parcela|de prestac|a prestac|todo mes)"
)
_MONTHS: Final = re.compile(r"\b(\d{1,2})\s*(?:x\b|vezes|parcelas|meses|prestac)")
_DOWN_BEFORE: Final = re.compile(
    r"(?:entradas?|sinal)(?:\W|\b(?:minima|de|seria|sera|e|com|por|volta|uns|cerca|sugerida|a|partir|fica|em|no|"
    r"valor|uma|como|na|o)\b)*$"
)
_DOWN_AFTER: Final = re.compile(
    r"^\s*(?:(?:de|na|como|pra|para|a titulo de)\s+(?:a |uma |sua )?(?:entrada|sinal)\b|(?:de|na) entrada)"
)
_FINANCED_BEFORE: Final = re.compile(
    r"(?:financi\w+|restante|saldo|o resto)(?:\W|\b(?:de|os|o|a|em|seria|fica|ficam|e|valor|do|uns|cerca|dos)\b)*$"
)
_FINANCED_AFTER: Final = re.compile(
    r"^\s*(?:(?:sao |seriam |fica\w* )?financiad\w+|pra financiar|a financiar|restantes)"
)
_DISCOUNT_BEFORE: Final = re.compile(
    r"\b(?:descontos?|economi(?:a|as|zar?|zando|zou)\b|baixou|abatimento|reducao|diferenca)(?:\W|\b(?:de|e|uns|entre|eles|elas|os|dois|"
    r"cerca|em|fica|a|ate|da|preco|seria|so|apenas)\b)*$"
)
_DISCOUNT_AFTER: Final = re.compile(
    r"^\s*(?:de (?:desconto|diferenca)|off\b|a menos|a mais|mais (?:barat|car)|de economia)"
)
_DATE_BEFORE: Final = re.compile(
    r"\b(?:(?:jan(?:eiro)?|fev(?:ereiro)?|mar(?:co)?|abr(?:il)?|maio?|jun(?:ho)?|jul(?:ho)?|ago(?:sto)?|set(?:embro)?"
    r"|out(?:ubro)?|nov(?:embro)?|dez(?:embro)?)(?: de |/| )|ipva\W*(?:de )?|licenci\w+\W*(?:de )?"
    r"|(?:tabela )?fipe\W*(?:de )?|ano de |calendario )$"
)
SERVICE: Final = re.compile(r"revis|garantia|pneu|bateria|licenci|correia|oleo|laudo|vistoria|ipva|embreagem|kit")
"""Words of services and guarantees, whose figures are not the vehicle's own year or mileage."""

_IN_YEAR: Final = re.compile(r"(?<!fabricado )(?<!feito )(?<!modelo )\b(?:em|de hoje,?)\s*$")


def normalised(text: str) -> str:
    """The text that is checked: compatibility characters resolved, invisible ones and WhatsApp's marks
    removed, years parted from letters glued to them."""
    text = _INVISIBLE.sub("", _DIGIT_GAPS.sub(".", text))
    text = _THIN.sub(" ", unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFC", _MARKS.sub("", text))
    return _GLUED_YEAR.sub(" ", _VERSION_YEAR.sub("modelo", text))


def claims(text: str, plain: str) -> list[Claim]:
    """The figures claimed by a `normalised` text, in order; `plain` is its `flat` form. The text is one
    sentence: the parts figures play are read from the words beside them."""
    if not _FIGURE.search(plain):
        return []
    found: list[Claim] = []
    for amount in _all(text, plain):
        claim = _claim(amount, text)
        if claim is None:
            continue
        last = found[-1] if found else None
        if (
            last is not None
            and last.kind == claim.kind == "year"
            and len(last.values) == 1
            and re.fullmatch(r"\s?/\s?", plain[last.end : claim.start])
        ):
            said = text[last.start : claim.end]
            found[-1] = evolve(last, values=(last.value, claim.value), end=claim.end, said=said)
            continue
        claim = _with_role(claim, last, plain)
        if last is not None and _is_lower_end(last, claim, plain):
            lower = last.value * (1000 if last.value * 100 < claim.value else 1)
            found[-1] = evolve(last, values=(lower,), upper=False)
        found.append(claim)
    return found


def _is_lower_end(last: Claim, claim: Claim, plain: str) -> bool:
    """Whether two figures are the ends of a range: "entre 60 e 100 mil"."""
    ends = last.kind == claim.kind and last.role == "limit" and claim.role == "limit"
    return ends and _RANGE_JOIN.search(plain[last.end : claim.start]) is not None


def _all(text: str, plain: str) -> list[Amount]:
    read = amounts(text)
    taken = [(amount.start, amount.end) for amount in read if amount.kind != "number"]

    def free(start: int, end: int) -> bool:
        return all(end <= a or start >= b for a, b in taken)

    extra: list[Amount] = []
    for match in _ZERO_KM.finditer(plain):
        if free(match.start(), match.end()):
            extra.append(Amount("km", 0, match.start(), match.end(), text[match.start() : match.end()]))
            taken.append((match.start(), match.end()))
    for match in _BARE_PRICE.finditer(plain):
        start, end = match.span(1)
        value = float(match.group(1).replace(",", "."))
        if free(start, end) and value >= 5:
            centavos = round(value * 100 * (1000 if value < 1000 else 1))
            extra.append(Amount("money", centavos, start, end, text[start:end]))
            taken.append((start, end))
    for amount in read:
        written = amount.kind == "number" and amount.value >= 20 and not re.search(r"\d", amount.text)
        if (
            written
            and _WRITTEN_PRICE.search(plain[max(0, amount.start - 60) : amount.start])
            and _ALONE.match(plain[amount.end :])
        ):
            extra.append(Amount("money", amount.value * 100_000, amount.start, amount.end, amount.text))
            taken.append((amount.start, amount.end))
    kept = [amount for amount in read if amount.kind != "number" or free(amount.start, amount.end)]
    return sorted((*kept, *extra), key=lambda amount: amount.start)


def _claim(amount: Amount, text: str) -> Claim | None:
    where = {"start": amount.start, "end": amount.end, "said": amount.text.strip()}
    if amount.kind == "money":
        return Claim(kind="price", values=(amount.value,), step=_price_step(amount), **where)  # type: ignore[arg-type]
    if amount.kind == "km":
        return Claim(kind="mileage", values=(amount.value,), step=_step(amount.value, 1000), **where)  # type: ignore[arg-type]
    if amount.kind == "year":
        return Claim(kind="year", values=(amount.value,), **where)  # type: ignore[arg-type]
    if amount.value >= 1000 and amount.value % 100 == 0 and "." in text[amount.start : amount.end]:
        return Claim(kind="price", values=(amount.value * 100,), step=100_000, **where)  # type: ignore[arg-type]
    return None


def _step(value: int, most: int) -> int:
    step = 1
    while step < most and value % (step * 10) == 0 and value:
        step *= 10
    return step


def _price_step(amount: Amount) -> int:
    said = flat(amount.text)
    if re.search(r",\d\s*(?:mil|k)\b", said):
        return 10_000
    return _step(amount.value, 100_000)


def _with_role(claim: Claim, last: Claim | None, plain: str) -> Claim:
    before, after = plain[: claim.start], plain[claim.end : claim.end + 40]
    near = before[max(last.end if last else 0, claim.start - 70) :]
    if _ABOUT.search(near) or _ABOUT_AFTER.search(after):
        claim = evolve(claim, about=True)
    if claim.kind == "price":
        return _price_role(claim, last, plain, near, after)
    if claim.kind == "year" and _DATE_BEFORE.search(near):
        return evolve(claim, role="date")
    if claim.kind == "year" and _IN_YEAR.search(near) and not re.search(r"fabrica\w+\s+em\s*$", near):
        return evolve(claim, role="date")
    return _limit_role(claim, last, plain, near, after)


def _price_role(claim: Claim, last: Claim | None, plain: str, near: str, after: str) -> Claim:
    before = plain[: claim.start]
    if _INSTALMENT_BEFORE.search(near) or _INSTALMENT_AFTER.search(after):
        terms = _MONTHS.findall(near) or _MONTHS.findall(before) or _MONTHS.findall(after)
        return evolve(claim, role="instalment", months=int(terms[-1]) if terms else None)
    if _DOWN_AFTER.search(after):
        return evolve(claim, role="down")
    if _DOWN_BEFORE.search(near) and not re.search(r"\b(?:sem|mais|com) entrada\W*$", near):
        return evolve(claim, role="down")
    if _FINANCED_BEFORE.search(near) or _FINANCED_AFTER.search(after):
        return evolve(claim, role="financed")
    if _DISCOUNT_BEFORE.search(near) or _DISCOUNT_AFTER.search(after):
        return evolve(claim, role="discount")
    if _FROM.search(near):
        return evolve(claim, role="from")
    return _limit_role(claim, last, plain, near, after)


def _limit_role(claim: Claim, last: Claim | None, plain: str, near: str, after: str) -> Claim:
    if claim.kind != "price" and SERVICE.search(near):
        return claim
    if _LIMIT_UP.search(near):
        return evolve(claim, role="limit", upper=True)
    if _LIMIT_DOWN.search(near):
        return evolve(claim, role="limit", upper=False)
    follows = last is not None and last.kind == claim.kind and last.role in ("limit", "from")
    if follows and last is not None and _RANGE_JOIN.search(plain[last.end : claim.start]):
        return evolve(claim, role="limit", upper=True)
    match = _LIMIT_AFTER.search(after)
    if match:
        return evolve(claim, role="limit", upper=bool(re.search(r"menos|baixo", match.group())))
    if claim.kind == "year" and re.search(r"\bde\W*$", near) and re.match(r"\s*(?:a|ate)\s+(?:19|20)\d\d", after):
        return evolve(claim, role="limit", upper=False)
    return claim
