"""The restrictions in what a customer writes: price, year, mileage, gearbox, fuel, body, colour … Pure."""

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from daemon.desk.amounts import flat
from daemon.desk.catalogue.figures import Money, figures
from daemon.desk.catalogue.intents import COMMON_OPTIONS, OPTIONS
from daemon.desk.catalogue.lexicon import Mention
from daemon.desk.catalogue.refusals import refusals
from daemon.desk.catalogue.uses import use_in
from daemon.desk.catalogue.wish import AUTOMATIC, CARS, FUEL_WORDS, Wish

LOW_MILEAGE_KM: Final = 60_000  # what "pouco rodado" means


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
_AUTOMATIC: Final = re.compile(
    r"(?<!piloto )\b(?:a[ul]tomat\w+|autom\b|aut\b|at\b(?= |$)|cambio at\b|autm\w+|atomatic\w+)\b"
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
    ("vinho", r"\b(?:cor de )?vinho\b|(?<!de )(?<!a )\bbordo\b"),
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
    r"|turbo|high country|vivace|trend|premium|sense|comfort(?! plus)|comfort plus|advance|connect|expression|authentique|trekking)\b"
)
_SORTS: Final = (
    (
        "price",
        (
            r"\b(?<!ou )mais (?:barat\w+|em conta|acessive\w+|baratinh\w+)|\bmenor (?:preco"
            r"|valor)(?! (?:a vista|que))|\bbaratinh\w+|\bbarat(?:o|a|os|as)\b|\bem conta\b"
            r"|\bcheap\w*"
        ),
    ),
    ("-price", r"\bmais car[oa]s?\b|\bmais top\b|\bmelhor carro\b"),
    ("-year", r"\b(?<!ou )mais nov[oa]s?\b(?! (?:que|do que|pra cima))|\bmais recente|\bnewest"),
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
# "meu teto é 90 mil": a limit, not a sunroof.
_CEILING: Final = re.compile(
    r"\b(?:meu|nosso|o|de) teto(?= (?:e|eh|seria|maximo|vai|fica|financeiro|de (?:gasto|r\$|\d|uns))|\W*$|\W*[,.;!\n])"
    r"|\b(?:meu|nosso) teto\b|\bteto\W*(?:e|eh|de|seria|maximo|:)?\W*(?:uns |r\$ ?)?\d|(?<=\d )teto\b|(?<=mil )(?:de )?teto\b(?! solar)"
)
_AGE: Final = re.compile(
    r"\b(?:ate|no maximo|maximo|max|menos de|com)(?: uns)? (\d{1,2}|dois|tres|quatro|cinco|dez) anos? de (?:uso|fabricacao|vida|rodagem)"
    r"|\bcarro (?:de|com) (?:ate |no maximo |uns )?(\d|dois|tres|quatro|cinco) anos?\b"
)
_SPELLED: Final = {"dois": "2", "tres": "3", "quatro": "4", "cinco": "5", "dez": "10"}
_DOORS: Final = re.compile(r"\b(2|3|4|5|duas|quatro)\s?(?:portas|pts?\b|p\b)")
_NEW: Final = re.compile(r"\b(?:0\s?km|zero\s?km|zero quilometro|0 quilometro|okm|zerado|zerinho)\b")


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with spans blanked out; positions stay."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def read(
    text: str, mentions: Sequence[Mention], *, money_talk: bool, asked: str, this_year: int | None = None
) -> tuple[Wish, Money]:
    """The wish and the figures of a purchase in a text. `money_talk`: financing or a price is being discussed, so
    a bare sum is no limit. `asked` is what we asked last ("budget", …); without `this_year` ages are not read."""
    plain = flat(text)
    parted = refusals(plain)
    spans = [(mention.start, mention.end) for mention in mentions]
    names = _CEILING.sub(_blanks, without(parted.kept, spans))
    refused_names = without(parted.refused, spans)
    unwanted = [m for m in mentions if parted.refused[m.start : m.end].strip()]
    wanted = [m for m in mentions if m not in unwanted]
    wish, money = figures(text, plain, mentions, money_talk=money_talk, asked=asked)
    models = tuple(dict.fromkeys(m.known.model for m in wanted if m.known.model))
    makes = tuple(dict.fromkeys(m.known.make for m in wanted if not m.known.model))
    if models:  # "volks gol": the make says nothing more; "gol ou um fiat" asks for both
        makes = ()
    use = use_in(names)
    bodies = _found(_COMPILED_BODIES, names)
    not_bodies = tuple(body for body in _found(_COMPILED_BODIES, refused_names) if body not in bodies)
    if not bodies and not models and use is not None:
        bodies = tuple(body for body in use.bodies if body not in not_bodies)
    if not bodies and not_bodies:
        bodies = tuple(body for body in CARS if body not in not_bodies)
    if models and "pickup" in bodies:
        bodies = ()
    colors, not_colors = _found(_COMPILED_COLORS, names), _found(_COMPILED_COLORS, refused_names)
    options = tuple(option for pattern, _, option in OPTIONS if pattern.search(names))
    doors = _DOORS.search(names)
    sort = next((sort for sort, pattern in _COMPILED_SORTS if pattern.search(names)), "")
    low = wish.max_km is None and bool(_LOW_MILEAGE.search(names) or re.search(r"\brodad", refused_names))
    wish = evolve(
        wish,
        makes=makes,
        models=models,
        not_named=tuple(dict.fromkeys(m.known.model or m.known.make for m in unwanted)),
        bodies=bodies,
        not_bodies=not_bodies if len(bodies) > len(CARS) // 2 else (),
        transmissions=_gearboxes(names, refused_names),
        fuels=_fuels(names, refused_names),
        colors=tuple(color for color in colors if color not in not_colors),
        not_colors=not_colors,
        options=options,
        version=_version(names),
        not_version=_version(refused_names),
        sort=sort or ("mileage" if low else "") or (use.sort if use and not models else ""),
        doors=None if doors is None else {"duas": 2, "quatro": 4}.get(doors[1]) or int(doors[1]),
        max_km=LOW_MILEAGE_KM if low else wish.max_km,
        condition="new" if _NEW.search(plain) else "",
        use=use.name if use and not models else "",
    )
    if re.search(r"\b(?:velh|antig)", refused_names) and not wish.sort:
        wish = evolve(wish, sort="-year")
    age = _AGE.search(plain)
    if age and this_year is not None and wish.min_year is None:
        wish = evolve(wish, min_year=this_year - int(_SPELLED.get(age[1] or age[2], age[1] or age[2])))
    return wish, money


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _found(table: tuple[tuple[str, re.Pattern[str]], ...], plain: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in table if pattern.search(plain))


def options_asked(folded: str) -> tuple[tuple[str, str], ...]:
    """Equipment named in a text: (as we call it, as it is looked for)."""
    return tuple((name, wanted) for pattern, name, wanted in (*OPTIONS, *COMMON_OPTIONS) if pattern.search(folded))


def _gearboxes(plain: str, refused: str) -> tuple[str, ...]:
    automatic, manual = _AUTOMATIC.search(plain) is not None, _MANUAL.search(plain) is not None
    if automatic and manual:
        return ()
    if automatic or (not manual and _MANUAL.search(refused)):
        return AUTOMATIC
    if manual or _AUTOMATIC.search(refused):
        return ("manual",)
    return ("cvt",) if re.search(r"\bcvt\b", plain) else ()


def _fuels(plain: str, refused: str) -> tuple[str, ...]:
    found = _found(_COMPILED_FUELS, _NOT_FUEL.sub(" ", plain))
    if "hybrid" in found:
        found = (*found, "plugin_hybrid")
    unwanted = _found(_COMPILED_FUELS, _NOT_FUEL.sub(" ", refused))
    return found or (tuple(fuel for fuel in FUEL_WORDS if fuel not in unwanted) if unwanted else ())


def _version(plain: str) -> str:
    words = [f"{m[1]}.{m[2]}" for m in _ENGINE.finditer(plain)]
    words += [m[1] for m in _TRIMS.finditer(plain)]
    return " ".join(dict.fromkeys(words))
