"""The sums, years and mileages a customer names: limits, a down payment, instalments, an offer. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from daemon.desk.amounts import NEWEST_YEAR, Amount, amounts, flat
from daemon.desk.catalogue.lexicon import Mention
from daemon.desk.catalogue.wish import Wish

NEAR: Final = 0.15  # how far from "uns 90 mil" a price may lie, as a share


@frozen(kw_only=True)
class Money:
    """Figures of a purchase, in centavos."""

    down: int | None = None
    months: int | None = None
    instalment: int | None = None  # what the customer can pay a month
    offer: int | None = None  # "faz por 80?"


_ASKED_KM: Final = re.compile(r"\b(?:quant[oa]s|qnt[oa]?s?|qts|qtos)\W*$")  # "quantos mil rodados?" names none
_MAX_BEFORE: Final = re.compile(
    r"\b(?:ate|pode ser|at|ateh|no maximo|maximo|menos d[eo]|abaixo d[eo]|por ate|limite d[eo]|limite"
    r"|teto de|orcamento (?:e |de |ate |eh )?|gastar|verba de|tenho|tiver|pagar|investir"
    r"|under|below|up to|hasta|menor que|inferior a|passe? d[eo]|passar d[eo]|a vista ate|bate"
    r"|budget)\W*(?:de |os |uns |no maximo |a |r\$ ?|ate |em |e |em torno de )*$"
)
_MIN_BEFORE: Final = re.compile(
    r"\b(?:a partir d[eo]s?|acima d[eo]s?|mais d[eo]|no minimo|minimo(?: de)?|desde|from"
    r"|superior a|over|pra cima de|apartir d[eo])\W*(?:r\$ ?)?$"
)
_NEAR_BEFORE: Final = re.compile(
    r"\b(?:uns|umas|cerca de|por volta d[eo]s?|na faixa d[eo]s?|na casa dos|em torno d[eo]"
    r"|media d[eo]|mais ou menos|aproximadamente|faixa (?:de|dos)|perto d[eo]s?|around|about"
    r"|tipo)\W*(?:os |r\$ ?)?$"
)
_MAX_AFTER: Final = re.compile(
    r"^\W*(?:no maximo|de limite|de orcamento|pra gastar|para gastar|pra investir|para investir"
    r"|de teto|pra menos|para menos|ou menos|estourando|disponive\w+|pra comprar|a vista)\b"
)
# "tenho 50 mil na mão": that is what the car may cost, even where money is talked about.
_TO_SPEND: Final = re.compile(
    r"^\W*(?:reais )?(?:(?:na|em) mao|a ?vista|guardad\w+|na conta|no bolso|no banco|em dinheiro|no pix|pra gastar"
    r"|(?:pra|para) (?:comprar|investir)|disponive\w+|(?:de|no) orcamento|(?:o )?que (?:da|consigo|voce|vc))\b"
)
_OFFERING: Final = re.compile(
    r"\b(?:faz\w*|fecha\w*|pago|dou|deixa\w*|sai|aceita\w*|ofere\w+|vende\w*|por)\W*(?:por |em |r\$ ?)*$"
)
_MIN_AFTER: Final = re.compile(
    r"^\W*(?:(?:pra|para|p|p/|ou)\s?(?:cima|frente|ca\b|mais|superior|mais novo|adiante|em diante"
    r"|diante|acima)|em diante|acima|\+|adiante|or newer)"
)
_DOWN_AFTER: Final = re.compile(
    r"^\W*(?:reais )?(?:de|na|como|pra|para|d|a)?\s*(?:dar )?(?:de |a )?(?:entrada|sinal)\b"
)
_DOWN_BEFORE: Final = re.compile(
    r"\b(?:entrada|sinal)\W*(?:de|com|seria|e|eh|tenho|uns|dou|:|d|no valor de|r\$)?\s*(?:uns |r\$ ?)?$"
)
_GIVE_BEFORE: Final = re.compile(
    r"\b(?:dou|dar|dando|dava|der|desse|da|com|tenho|entro com|entrar com|entrando com|coloco|boto"
    r"|colocar|dermos|demos)\s+(?:uma entrada de )?(?:uns |r\$ ?)?$"
)
_OFFER_BEFORE: Final = re.compile(
    r"\b(?:faz(?:em)?|fech(?:a|amos|o|ar|am)|pago|dou|deixa\w*|sai|faria|aceita(?:m)?|ofereco"
    r"|vende|leva\w*|chega|por)\s+(?:n?ele |el[ea] |o carro |esse |nesse )?(?:por |em |a |ate "
    r"|nos |uns |r\$ ?)*$"
)
_RATE_BEFORE: Final = re.compile(
    r"\b(?:parcelas?|prestac\w+|mensa\w+|por mes)\W*(?:de|ate|por|no maximo|maximo|que|caiba|fique"
    r"|em|uns|abaixo|menos|na faixa|d|r\$|\s)*$"
)
_RATE_AFTER: Final = re.compile(
    r"^\W*(?:reais )?(?:por mes|mensa\w+|ao mes|de parcela|a parcela|na parcela|de prestac\w+|/mes)"
)
_SPACE_OR_TRIM: Final = re.compile(r"\s*(?:(?:ano|mod|modelo|de|do|g\d|sedan|hatch|lt|ltz|ex|exl|lx)\s*)*[:']?")
# "IPVA 2026 pago" tells no year of a car, "rodo 120 km por dia" no mileage of one.
_PAPERS: Final = re.compile(r"\b(?:ipva|licenciamento|licenciad[oa]|doc\w*)\W*(?:d[eo] |ja |ta |esta )*$")
_DRIVEN_BEFORE: Final = re.compile(
    r"\b(?:rodo|ando|faco|pego|viajo|percorro|dirijo|moro|fica|distancia|trabalho|longe|estrada)\b[^,.;?!\n\d]{0,30}$"
)
_DRIVEN_AFTER: Final = re.compile(
    r"^\W*(?:por|ao|todo|todos|cada|/|a cada|de (?:ida|volta|distancia|casa))\s*(?:os |o )?(?:dias?|mes\w*|semanas?|ida|volta|casa)?"
)
_COUNT_UNIT: Final = re.compile(r"x|vez|vezes|parcela|parcelas|prestacoes|prestacao|meses|mes")
_TERMS: Final = frozenset({12, 18, 24, 30, 36, 42, 48, 54, 60, 72})
_TERM_BEFORE: Final = re.compile(
    r"\b(?:pagar|parcel\w+|financ\w+|dividir|divid\w+|fazer|faz\w*|restante|resto)(?: (?:o resto|tudo|isso))? em\s*(?:ate )?$"
)
_RANGE_JOIN: Final = re.compile(r"\s*(?:a|e|ate|-|–|à|/|to)\s*(?:os |r\$ ?)?\s*")


def figures(text: str, plain: str, mentions: Sequence[Mention], *, money_talk: bool, asked: str) -> tuple[Wish, Money]:
    """The limits of price, year and mileage, and the figures of a purchase. `money_talk`: financing or a price is
    being discussed, so a bare sum is no limit."""
    found = [one for one in amounts(text) if not any(m.start <= one.start < m.end for m in mentions)]
    found = _short_years(found, plain, mentions)
    limits: dict[str, int | None] = {}
    purchase: dict[str, int | None] = {}
    years: list[Amount] = []
    skip = -1
    for i, one in enumerate(found):
        if i == skip:
            continue
        following = found[i + 1] if i + 1 < len(found) else None
        before, after = plain[max(0, one.start - 40) : one.start], plain[one.end : one.end + 30]
        if one.kind == "year":
            if not _PAPERS.search(before):
                years.append(one)
        elif one.kind == "km":
            if one.value and not (
                _ASKED_KM.search(before) or _DRIVEN_BEFORE.search(before) or _DRIVEN_AFTER.match(after)
            ):
                limits["max_km"] = one.value * (1000 if one.value < 1000 else 1)
        elif (one.kind == "number" and _COUNT_UNIT.search(flat(one.text))) or (
            money_talk
            and one.kind == "number"
            and one.value in _TERMS
            and (asked == "months" or _TERM_BEFORE.search(before))
        ):
            purchase["months"] = one.value
        elif following is not None and _is_range(one, following, plain):
            low, high = _price(one, following), _price(following, one)
            if following.kind == "money" or (low and high and _priced(one, before, after, asked)):
                limits |= {"min_centavos": min(low, high), "max_centavos": max(low, high)}
                skip = i + 1
        elif _priced(one, before, after, asked):
            _place(one, before, after, limits, purchase, money_talk=money_talk, asked=asked)
    _years(years, plain, limits)
    return Wish(**limits), Money(**purchase)  # type: ignore[arg-type]


def _short_years(found: list[Amount], plain: str, mentions: Sequence[Mention]) -> list[Amount]:
    """ "civic 18" and "18 ou 19" are years, where nothing makes them a price."""
    years: set[int] = set()
    for i, one in enumerate(found):
        if not _may_be_year(one, plain):
            continue
        if any(
            _SPACE_OR_TRIM.fullmatch(plain[m.end : one.start]) for m in mentions if m.known.model and m.end <= one.start
        ):
            years.add(i)
        following = found[i + 1] if i + 1 < len(found) else None
        if following is not None and _may_be_year(following, plain) and 0 < following.value - one.value <= 3:
            between = plain[one.end : following.start]
            if re.fullmatch(r"\s*(?:ou|/|-|a|e|ate)\s*(?:de |modelo )?", between) and (
                " a " not in between or i in years
            ):
                years |= {i, i + 1}
        if _MIN_AFTER.match(plain[one.end : one.end + 20]) and one.value >= 10 and i in years:
            years.add(i)
    return [evolve(one, kind="year", value=2000 + one.value) if i in years else one for i, one in enumerate(found)]


def _may_be_year(one: Amount, plain: str) -> bool:
    return (
        one.kind == "number"
        and one.text.isdigit()
        and len(one.text) == 2
        and 5 <= one.value <= NEWEST_YEAR - 2000
        and not re.match(r"\W*(?:mil|k|conto|pila|pau|%|portas|lugares|pessoas|anos?|p|x|vezes|meses|h|hs|reais)\b",
                         plain[one.end : one.end + 10])
    )  # fmt: skip


def _is_range(one: Amount, two: Amount, plain: str) -> bool:
    if two.kind not in {"money", "number"} or one.kind not in {"money", "number"}:
        return False
    if _COUNT_UNIT.search(flat(two.text)):
        return False
    between = plain[one.end : two.start]
    opened = re.search(r"\b(?:entre|de|faixa (?:de|dos|entre)|d)\W*(?:os |r\$ ?)?$", plain[: one.start])
    return bool(_RANGE_JOIN.fullmatch(between)) and (" e " not in f" {between.strip()} " or opened is not None)


def _price(one: Amount, other: Amount) -> int:
    """A sum of a range in centavos: "50" of "50 a 80 mil" is 50 thousand."""
    value = one.value if one.kind == "money" else one.value * 100
    return value * 1000 if value < 100_000 and (one.kind == "number" or other.value >= 1_000_000) else value


def _priced(one: Amount, before: str, after: str, asked: str) -> bool:
    """Whether a figure is a sum of money: a price, or a bare number where a price is due."""
    if one.kind == "money":
        return True
    if (
        one.kind != "number"
        or not 5 <= one.value <= 2000
        or re.match(r"\W*(?:portas|lugares|pessoas|anos?\b|p\b)", after)
    ):
        return False
    if _RATE_AFTER.match(after) or _RATE_BEFORE.search(before):
        return one.value >= 100
    cued = any(cue.search(before) for cue in (_MAX_BEFORE, _NEAR_BEFORE, _MIN_BEFORE, _OFFER_BEFORE, _DOWN_BEFORE))
    return cued or bool(_DOWN_AFTER.match(after)) or (asked in {"budget", "down"} and one.value >= 10)


def _place(
    one: Amount,
    before: str,
    after: str,
    limits: dict[str, int | None],
    purchase: dict[str, int | None],
    *,
    money_talk: bool,
    asked: str,
) -> None:
    value = one.value if one.kind == "money" else one.value * 100
    if value < 100_000 and not (_RATE_BEFORE.search(before) or _RATE_AFTER.match(after)):
        value *= 1000
    to_spend = _TO_SPEND.match(after) is not None and not (_DOWN_AFTER.match(after) or _OFFERING.search(before))
    capped = to_spend or (
        _MAX_BEFORE.search(before) is not None and not re.search(r"\btenho\W*(?:r\$ ?|uns )?$", before)
    )
    if _DOWN_AFTER.match(after) or _DOWN_BEFORE.search(before) or asked == "down":
        purchase["down"] = value
    elif _RATE_BEFORE.search(before) or _RATE_AFTER.match(after):
        purchase["instalment"] = value
    elif money_talk and not capped and _GIVE_BEFORE.search(before) and not _MAX_AFTER.match(after):
        purchase["down"] = value
    elif (money_talk and not capped and _OFFER_BEFORE.search(before)) or (
        _OFFER_BEFORE.search(before)
        and not capped
        and re.search(r"\b(?:faz|fecha\w*|pago|deixa\w*|faria|ofereco|aceita\w*)\b", before)
    ):
        purchase["offer"] = value
    elif _MIN_BEFORE.search(before) or _MIN_AFTER.match(after):
        limits["min_centavos"] = value
    elif (
        _NEAR_BEFORE.search(before)
        and not re.search(r"\b(?:ate|no maximo|maximo)\b\W*\w*\W*$", before)
        and not _MAX_AFTER.match(after)
    ):
        limits |= {"min_centavos": round(value * (1 - NEAR)), "max_centavos": round(value * (1 + NEAR))}
        limits["around_centavos"] = value
    else:
        limits["max_centavos"] = value


def _years(years: list[Amount], plain: str, limits: dict[str, int | None]) -> None:
    if not years:
        return
    values = sorted({one.value for one in years})
    first, last = years[0], years[-1]
    before, after = plain[max(0, first.start - 30) : first.start], plain[last.end : last.end + 20]
    if re.search(r"\b(?:ate|no maximo|antes d[eo]|max)\W*(?:o |ano |de |\s)*$", before):
        limits["max_year"] = values[-1]
    elif _MIN_AFTER.match(after) or re.search(
        r"\b(?:a partir d[eo]|apartir d[eo]|acima d[eo]|depois d[eo]|desde|mais novo (?:que"
        r"|do que)|no minimo|minimo|superior a|maior que|from|pos)\W*(?:o |ano |de |\s)*$",
        before,
    ):
        limits["min_year"] = values[0]
    else:
        limits |= {"min_year": values[0], "max_year": values[-1]}
