"""The restrictions in what a customer writes: price, year, mileage, gearbox, fuel, body, colour … Pure."""

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from daemon.desk.amounts import Amount, amounts, flat
from daemon.desk.catalogue.intents import COMMON_OPTIONS, OPTIONS
from daemon.desk.catalogue.lexicon import Mention
from daemon.desk.catalogue.wish import AUTOMATIC, Wish

NEAR: Final = 0.15  # how far from "uns 90 mil" a price may lie, as a share
LOW_MILEAGE_KM: Final = 60_000  # what "pouco rodado" means


@frozen(kw_only=True)
class Money:
    """Figures of a purchase, in centavos."""

    down: int | None = None
    months: int | None = None
    instalment: int | None = None  # what the customer can pay a month
    offer: int | None = None  # "faz por 80?"


_BODIES: Final = (
    (
        "suv",
        (
            r"\bsuv(?:s|z\w+)?\b|\bsuve\b|\butilitario esportivo|\bcarro (?:mais )?alto\b|\bfosse alto\b"
            r"|\baltinho\b|\bcrossover"
        ),
    ),
    ("sedan", r"\bsedan(?:s|z\w+)?\b|\bsedas?\b|\bseda[mn]s?\b|\bporta ?malas grande"),
    (
        "hatch",
        (
            r"\bhat?chs?\b|\bhat?ch(?:es|back)?\b|\bret[cx]h\b|\bcompacto|\bcarr(?:o"
            r"|inho) (?:\w+ )?peque\w+|\bpequen(?:o|inho)\b|\bpopular(?:es)?\b"
        ),
    ),
    (
        "pickup",
        (
            r"\bpic[ck]?ap[ei]?(?:s|z\w+)?\b|\bpick[\s-]?up\w*|\bcaminhonet\w+|\bcamionet\w+"
            r"|\bcamioneta\w*|\bcabine dupla|\bcabine simples"
        ),
    ),
    ("wagon", r"\bperuas?\b|\bstation ?wagon|\bwagon"),
    ("minivan", r"\bminivans?\b|\bmini van"),
    ("van", r"\b(?<!mini )vans?\b|\bfurgao|\bfurgoes|\bfurgone"),
    ("motorcycle", r"\bmotos?\b|\bmotoca|\bmotocicleta|\bmotinha|\bscooter"),
    ("convertible", r"\bconversive"),
    ("coupe", r"\bcupes?\b|\bcoupe"),
    ("truck", r"\bcaminhao|\bcaminhoes|\btruck\b"),
)
_COMPILED_BODIES: Final = tuple((body, re.compile(pattern)) for body, pattern in _BODIES)
_COLOR_REFUSAL: Final = re.compile(
    r"\b(?:nao (?:quero|pode ser|gosto de|curto|seja|ser)|menos|exceto|tirando|sem ser|fora|odeio"
    r"|nao sendo)\s+(?=(?:a |o |de |cor |na |um |uma |carro )*[a-z]+)"
)
_ROOMY: Final = re.compile(
    r"\b(?:d[ea] familia|pra familia|para (?:a )?familia|espacos[oa]|carro grande|bastante espaco)\b"
)
_AUTOMATIC: Final = re.compile(
    r"(?<!piloto )\b(?:automat\w+|altomatic\w+|autom\b|aut\b|at\b(?= |$)|cambio at\b|autm\w+|atomatic\w+)\b"
)
_MANUAL: Final = re.compile(r"\b(?:manua(?:l|is)|cambio mecanic[oa])\b(?! (?:e chave|do|de instru|proprietario))")
_FUELS: Final = (
    ("diesel", r"\bdi[ei]?sel|\bdisel|\bdiezel|\bdiesel"),
    ("flex", r"\bflex\w*|\bfrex\b"),
    ("gasoline", r"\bgasolina"),
    ("ethanol", r"\betanol|\balcool"),
    ("hybrid", r"\bhibri\w+|\bhybrid"),
    ("electric", r"\bel[ei]tri(?:c[oa]s?|ficad)\b(?<!direcao eletrica)|\belectric"),
    ("cng", r"\bgnv\b|\bkit gas|\bcom gas\b"),
)
_COMPILED_FUELS: Final = tuple((fuel, re.compile(pattern)) for fuel, pattern in _FUELS)
_NOT_FUEL: Final = re.compile(
    r"\b(?:direcao|vidros?|travas?|retrovisor\w*|bancos?|partida|freio) (?:eletric|hidraul)\w+"
)
_COLORS: Final = (
    ("branco", r"\bbran[cq]u?i?nh?[oa]s?\b|\bbranc[oa]s?\b|\bwhite\b"),
    ("preto", r"\bpret(?:inh)?[oa]s?\b|\bblack\b"),
    ("prata", r"\bpratas?\b|\bpratead[oa]s?\b|\bsilver\b"),
    ("cinza", r"\bcinzas?\b|\bgrafite\b|\bchumbo\b|\bgr[ae]y\b"),
    ("vermelho", r"\bverm[ei]lh(?:inh)?[oa]s?\b|\bred\b"),
    ("azul", r"\baz(?:ul|uis|uzinho)\b|\bblue\b"),
    ("verde", r"\bverdes?\b"),
    ("amarelo", r"\bamarel[oa]s?\b"),
    ("marrom", r"\bmarro(?:m|ns|n)\b"),
    ("bege", r"\bbeges?\b"),
    ("laranja", r"\blaranjas?\b"),
    ("dourado", r"\bdourad[oa]s?\b"),
    ("vinho", r"\bvinho\b|\bbordo\b"),
    ("roxo", r"\brox[oa]s?\b"),
)
_COMPILED_COLORS: Final = tuple((color, re.compile(pattern)) for color, pattern in _COLORS)
_ENGINE: Final = re.compile(r"(?<![\d.,])([1-6])[.,](\d)(?![\d.,]*\d)(?!\s*(?:mil|k|milh|%))")
_TRIMS: Final = re.compile(
    r"\b(xei|xli|gli|altis|xrs|exl|ex|lx|lxr|touring|ltz|lt|premier|highline|comfortline|trendline"
    r"|msi|tsi|gti|gts|longitude"
    r"|limited|trailhawk|volcano|freedom|ranch|endurance|impetus|precision"
    r"|(?<!test )(?<!teste )(?<!tes )drive|trekking|attractive|essence|titanium|xlt|zen|intense"
    r"|iconic|platinum|prestige|ultimate|diamond|robust|griffe|allure|feel|shine|srx|srv|xls|xs|v6"
    r"|turbo|high country|vivace|trend)\b"
)
_NEGATED: Final = (
    r"(?:nao (?:quero|pode ser|gosto de|seja)|menos|exceto|sem ser|tirando|que nao seja|odeio)\s+(?:carro |um |uma )?"
)
_SORTS: Final = (
    (
        "price",
        (
            r"\bmais (?:barat\w+|em conta|acessive\w+|baratinh\w+|economic\w+)|\bmenor (?:preco"
            r"|valor)(?! (?:a vista|que))|\bbaratinh\w+|\bbarat(?:o|a|os|as)\b|\bem conta\b"
            r"|\beconomic[oa]s?\b|\bcheap\w*"
        ),
    ),
    ("-price", r"\bmais car[oa]s?\b|\bmais top\b|\bmelhor carro\b"),
    ("-year", r"\bmais nov[oa]s?\b(?! (?:que|do que))|\bmais recente|\bnewest"),
    (
        "mileage",
        (
            r"\bmenos rodad\w+|\bmenor (?:km|quilometragem|rodagem)|\bmenos (?:km|quilometr\w+"
            r"|rodagem)(?! (?:que|de))|\bkm mais baix\w|\bmais baix[ao] (?:km|quilometragem)"
        ),
    ),
)
_COMPILED_SORTS: Final = tuple((sort, re.compile(pattern)) for sort, pattern in _SORTS)
_LOW_MILEAGE: Final = re.compile(
    r"\bbaix[ao] (?:km|quilometragem|rodagem)|\bpouc[oa] (?:km|rodad\w+|quilometr\w+|rodagem)"
    r"|\bkm baix\w|\b(?:quilometragem|rodagem) baixa|\bbem pouco rodad"
)
_DOORS: Final = re.compile(r"\b(2|3|4|5|duas|quatro)\s?(?:portas|pts?\b|p\b)")
_NEW: Final = re.compile(r"\b(?:0\s?km|zero\s?km|zero quilometro|0 quilometro|okm|zerado|zerinho)\b")

_MAX_BEFORE: Final = re.compile(
    r"\b(?:ate|at|ateh|no maximo|maximo|menos d[eo]|abaixo d[eo]|por ate|limite d[eo]|limite"
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
_MIN_AFTER: Final = re.compile(
    r"^\W*(?:(?:pra|para|p|p/|ou)\s?(?:cima|frente|mais|superior|mais novo|adiante|em diante"
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
_COUNT_UNIT: Final = re.compile(r"x|vez|vezes|parcela|parcelas|prestacoes|prestacao|meses|mes")
_RANGE_JOIN: Final = re.compile(r"\s*(?:a|e|ate|-|–|à|/|to)\s*(?:os |r\$ ?)?\s*")


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with spans blanked out; positions stay."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def read(text: str, mentions: Sequence[Mention], *, money_talk: bool, asked: str) -> tuple[Wish, Money]:
    """The wish and the figures of a purchase in a text. `money_talk`: financing or a price is being discussed, so
    a bare sum is no limit. `asked` is what we asked last ("budget", …)."""
    plain = flat(text)
    names = without(plain, [(mention.start, mention.end) for mention in mentions])
    found = [one for one in amounts(text) if not any(m.start <= one.start < m.end for m in mentions)]
    wish, money = _figures(found, plain, money_talk=money_talk, asked=asked)
    models = tuple(dict.fromkeys(m.known.model for m in mentions if m.known.model))
    makes = tuple(dict.fromkeys(m.known.make for m in mentions if not m.known.model))
    if models:  # "volks gol": the make says nothing more; "gol ou um fiat" asks for both
        makes = ()
    bodies = tuple(body for body, pattern in _COMPILED_BODIES if pattern.search(names) and not _refused(pattern, names))
    if not bodies and not models and _ROOMY.search(names):
        bodies = ("suv", "sedan", "minivan", "wagon")
    if models and "pickup" in bodies:
        bodies = ()
    transmissions, fuels, colors = _looks(names)
    refused = _refused_colors(names)
    options = tuple(wanted for pattern, _, wanted in OPTIONS if pattern.search(names))
    doors = _DOORS.search(names)
    sort = next((sort for sort, pattern in _COMPILED_SORTS if pattern.search(names)), "")
    low = _LOW_MILEAGE.search(names) is not None and wish.max_km is None
    wish = evolve(
        wish,
        makes=makes,
        models=models,
        bodies=bodies,
        transmissions=transmissions,
        fuels=fuels,
        colors=tuple(color for color in colors if color not in refused),
        not_colors=refused,
        options=options,
        version=_version(names),
        sort=sort or ("mileage" if low else ""),
        doors=None if doors is None else {"duas": 2, "quatro": 4}.get(doors[1]) or int(doors[1]),
        max_km=LOW_MILEAGE_KM if low else wish.max_km,
        condition="new" if _NEW.search(plain) else "",
    )
    return wish, money


def options_asked(folded: str) -> tuple[tuple[str, str], ...]:
    """Equipment named in a text: (as we call it, as it is looked for)."""
    return tuple((name, wanted) for pattern, name, wanted in (*OPTIONS, *COMMON_OPTIONS) if pattern.search(folded))


def _refused(pattern: re.Pattern[str], plain: str) -> bool:
    return re.search(_NEGATED + r"(?:" + pattern.pattern + ")", plain) is not None


def _looks(plain: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    automatic = _AUTOMATIC.search(plain) is not None
    manual = _MANUAL.search(plain) is not None
    transmissions: tuple[str, ...] = ()
    if automatic and manual:
        refused = "manual" if _refused(_MANUAL, plain) else "automatic" if _refused(_AUTOMATIC, plain) else ""
        transmissions = AUTOMATIC if refused == "manual" else ("manual",) if refused else ()
    elif automatic:
        transmissions = ("manual",) if _refused(_AUTOMATIC, plain) else AUTOMATIC
    elif manual:
        transmissions = AUTOMATIC if _refused(_MANUAL, plain) else ("manual",)
    elif re.search(r"\bcvt\b", plain):
        transmissions = ("cvt",)
    powered = _NOT_FUEL.sub(" ", plain)
    fuels: tuple[str, ...] = tuple(
        fuel for fuel, pattern in _COMPILED_FUELS if pattern.search(powered) and not _refused(pattern, powered)
    )
    if "hybrid" in fuels:
        fuels = (*fuels, "plugin_hybrid")
    colors = tuple(
        color for color, pattern in _COMPILED_COLORS if pattern.search(plain) and not _refused(pattern, plain)
    )
    return transmissions, fuels, colors


def _refused_colors(plain: str) -> tuple[str, ...]:
    """Colours behind a "não quero", and those that go on from there: "que não seja branco nem preto"."""
    refused: list[str] = []
    for scope in _COLOR_REFUSAL.finditer(plain):
        said = plain[scope.end() : scope.end() + 60]
        said = re.split(r"[,.;?!\n]|\b(?:ate|com|de|quero|prefiro|mas|pode)\b", said)[0]
        refused += [color for color, pattern in _COMPILED_COLORS if pattern.search(said)]
    return tuple(dict.fromkeys(refused))


def _version(plain: str) -> str:
    words = [f"{m[1]}.{m[2]}" for m in _ENGINE.finditer(plain)]
    words += [m[1] for m in _TRIMS.finditer(plain)]
    return " ".join(dict.fromkeys(words))


def _figures(found: list[Amount], plain: str, *, money_talk: bool, asked: str) -> tuple[Wish, Money]:
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
            years.append(one)
        elif one.kind == "km":
            if one.value:
                limits["max_km"] = one.value * (1000 if one.value < 1000 else 1)
        elif one.kind == "number" and _COUNT_UNIT.search(flat(one.text)):
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
    capped = _MAX_BEFORE.search(before) is not None and not re.search(r"\btenho\W*(?:r\$ ?|uns )?$", before)
    if _DOWN_AFTER.match(after) or _DOWN_BEFORE.search(before) or asked == "down":
        purchase["down"] = value
    elif _RATE_BEFORE.search(before) or _RATE_AFTER.match(after):
        purchase["instalment"] = value
    elif money_talk and not capped and _GIVE_BEFORE.search(before) and not _MAX_AFTER.match(after):
        purchase["down"] = value
    elif (money_talk and not capped and _OFFER_BEFORE.search(before)) or (
        _OFFER_BEFORE.search(before)
        and not capped
        and re.search(r"\b(?:faz|fecha\w*|pago|deixa\w*|faria|ofereco)\b", before)
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
