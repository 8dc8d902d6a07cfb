"""Prices, mileages, years and counts in Portuguese text, and how we write them. Pure."""

import re
import unicodedata
from typing import Final, Literal

from attrs import frozen

Kind = Literal["money", "km", "year", "number"]

OLDEST_YEAR: Final = 1950
NEWEST_YEAR: Final = 2035


@frozen
class Amount:
    """One figure of a text. `value` is centavos for money, kilometres, a year, or a plain count;
    `text[start:end]` of what was read is `text`."""

    kind: Kind
    value: int
    start: int
    end: int
    text: str


def reais(centavos: int) -> str:
    """A price as Brazilians write it: "R$ 89.900", with cents only where there are some."""
    sign = "-" if centavos < 0 else ""
    whole, cents = divmod(abs(centavos), 100)
    digits = f"{whole:,}".replace(",", ".")
    return f"{sign}R$ {digits},{cents:02d}" if cents else f"{sign}R$ {digits}"


def kilometres(n: int) -> str:
    """A mileage as Brazilians write it: "45.000 km"."""
    return f"{n:,}".replace(",", ".") + " km"


def flat(text: str) -> str:
    """Lower case without accents, character by character: positions stay those of `text`."""
    return text.lower() if text.isascii() else text.translate(_FLAT)


class _Flat(dict[int, str]):
    """Each character's flat form, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = unicodedata.normalize("NFKD", char)[0].lower()
        self[code] = base if len(base) == 1 else char
        return self[code]


_FLAT: Final = _Flat()


_CARDINALS: Final = {
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7,
    "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14,
    "quinze": 15, "dezesseis": 16, "dezassete": 17, "dezessete": 17, "dezoito": 18, "dezenove": 19,
    "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "cincoenta": 50, "sessenta": 60,
    "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100, "cento": 100, "duzentos": 200, "duzentas": 200,
    "trezentos": 300, "trezentas": 300, "quatrocentos": 400, "quinhentos": 500, "quinhentas": 500,
    "seiscentos": 600, "setecentos": 700, "oitocentos": 800, "novecentos": 900,
}  # fmt: skip
_BEGINNINGS: Final = frozenset({*_CARDINALS, "mil", "meio"})
"""The words that a figure may begin with."""

_THOUSAND: Final = frozenset({"mil", "k"})
_MILLION: Final = frozenset({"milhao", "milhoes", "mi"})
_SLANG_THOUSANDS: Final = frozenset({"conto", "contos", "pila", "pilas", "pau", "paus", "mangos"})
_KM: Final = frozenset(
    {
        "km", "kms", "klm", "quilometro", "quilometros", "kilometro", "kilometros", "rodado", "rodados", "rodada",
    }
)  # fmt: skip
_COUNT: Final = frozenset({"x", "vez", "vezes", "parcela", "parcelas", "prestacoes", "meses", "mes"})
_COUNTED: Final = frozenset({"portas", "porta", "lugares", "lugar", "p", "carros", "opcoes", "fotos", "anos"})
# What stands after a figure that is no amount: power, engine, time, size.
_NOT_AMOUNT: Final = re.compile(
    "cv|cavalos|hp|v|valvulas|tsi|tdi|tfsi|thp|gdi|mpi|vti|h|hs|hr|hrs|hora|horas|min|minutos|cc|l"
    "|litro|litros|polegadas|cilindradas|graus|metros|m|mt|mts|kg|hz|marchas|velocidades|cilindros|vdc"
    "|cx|airbags|airbag"
)
# Words after which a figure is part of a model's name.
_MODEL_NUMBERS: Final = {
    "peugeot": {106, 205, 206, 207, 208, 306, 307, 308, 405, 406, 407, 408, 508, 2008, 3008, 5008},
    "pegeot": {206, 207, 208, 307, 308, 408, 2008, 3008, 5008},
    "peugot": {206, 207, 208, 307, 308, 408, 2008, 3008, 5008}, "fiat": {147, 500}, "abarth": {500},
    "tiggo": {2, 3, 5, 7, 8}, "arrizo": {5, 6}, "mazda": {2, 3, 5, 6}, "ram": {1500, 2500, 3500},
    "dodge": {1500, 2500, 3500}, "f": {100, 150, 250, 350, 1000, 4000}, "s": {10},
    "c": {3, 4, 5, 10, 180, 200, 250, 300}, "d": {10, 20, 40}, "i": {30}, "ix": {35}, "hb": {20},
    "rav": {4}, "sw": {4}, "x": {1, 3, 4, 5, 6, 35, 60, 80}, "xc": {40, 60, 90}, "ex": {30, 90},
    "ds": {3, 4, 5}, "serie": set(range(1, 9)), "serra": {4}, "l": {200}, "q": {2, 3, 5, 7, 8},
    "t": {4, 5, 40, 50, 60, 80}, "j": {2, 3, 5, 6}, "z": {300, 400, 650, 750, 800, 900, 1000}, "k": {2500},
    "e": {200, 250, 300}, "gla": {200, 250}, "glb": {200}, "glc": {250, 300}, "cla": {180, 200, 250},
    "slk": {200, 250}, "uno": {1000}, "ct": {200}, "nx": {200, 300, 350, 400}, "ux": {250}, "haval": {6},
    "h": {6, 9}, "ora": {3}, "tank": {300}, "defender": {90, 110, 130}, "discovery": {3, 4, 5},
    "porsche": {718, 911}, "gol": {1000}, "bros": {125, 150, 160}, "biz": {100, 110, 125},
    "pop": {100, 110}, "t-cross": {200, 250}, "cross": {200, 250},
}  # fmt: skip
_BIKES: Final = re.compile(
    "cb|cg|cbr|cbx|cbf|xre|nxr|fazer|lander|xtz|titan|fan|pcx|ybr|factor|crosser|ninja|mt|gs|xt|twister"
    "|tornado|hornet|nc|tenere|intruder|burgman|duke|apache|pulsar|dominar|himalayan|nmax|xmax|lead"
    "|elite|sh|yzf|versys|bandit|gsx|vstrom|srad|shadow|boulevard|sahara|adv|meteor|classic|hunter"
)
_PEUGEOT_TRIMS: Final = "griffe|allure|active|style|crossway|feline|skywalker|roadtrip|gt|thp"

# Spans that hold digits and no amount; blanked before reading. In groups by how they begin: all side by side cost
# 45 µs a sentence, so they cost 17.
BLANKED_FIGURES: Final = (
    r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b",  # CPF, CNPJ
    r"\b\d{5}-\d{3}\b",  # CEP
    r"\b\d{4}[-\s]\d{3}[-\s]\d{4}\b",  # 0800
    r"(?<!\d)\+?55[\s.-]?\(?\d{2}\)?[\s.-]?9?[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)",
    r"\(\d{2}\)\s?9?[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)",
    r"(?<![\d.,])\d{2}[\s.-]9?\d{4}-\d{4}(?!\d)|(?<!\d)\d{2}\s9\d{4}\s?\d{4}(?!\d)",
    r"(?<![\d.,])9?(?!19|20)\d{4}-\d{4}(?!\d)|(?<!\d)\d{8,}(?!\d)",
    r"\b\d+(?:[.,]\d+)?\s*%",
    r"\b\d{1,2}(?::\d{2}|h\d{2}|hs?|hrs?|\s?horas?)\b(?!\.)",
    r"\b4\s?x\s?[24]\b",
    r"\b\d{1,2}\s+de\s+(?:jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez)[a-z]*",
    r"\b\d+(?:[.,]\d+)?\s*km\s*(?:/|por\s*)\s*(?:l|h|litro|hora)\b",
    rf"\b2008\s+(?=(?:{_PEUGEOT_TRIMS})\b)",
)
BLANKED_WORDS: Final = (
    r"\b[a-z]{3}-?\d[a-j]\d{2}\b|\b[a-z]{3}\d{4}\b|\b(?!ano-|mod-)[a-z]{3}-\d{4}\b",  # plates
    r"\b(?:a|à)s\s+\d{1,2}\b(?!\s*(?:mil|k|x|vezes|portas|parcelas)\b)(?![.,]?\d)",
    r"\bdias?\s+\d{1,2}(?:\s+(?:de|do)\s+\d{1,2}\b(?!\d))?(?![\d.])",
    r"\baro\s*\d{2}\b|\bn[oº°]\s*\d+\b|\bversao\s+\d+\b",
)
_GROUPS: Final = rf"(?=[\d+(])(?:{'|'.join(BLANKED_FIGURES)})|\b(?=[a-zà])(?:{'|'.join(BLANKED_WORDS)})"
_BLANKED: Final = re.compile(rf"https?://\S+|www\.\S+|{_GROUPS}")
_BLANKED_WITH_MAIL: Final = re.compile(rf"https?://\S+|www\.\S+|\S+@\S+|{_GROUPS}")
_SHORT_PAIR: Final = re.compile(r"(?<![\d/])(\d{2})\s?/\s?(\d{2})(?![\d/])")
_LONG_PAIR: Final = re.compile(r"(?<![\d/.,])((?:19|20)\d{2})\s?[/]\s?(\d{2})(?![\d/])")
_DATE: Final = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}(?:/\d{2,4})?(?![\d/])")
_SHORT_YEAR: Final = re.compile(r"\b(?:anos?|modelo|mod\.?)\s*[:=]?\s*'?(\d{2})(?![\d.,]*\d|\s*mil\b|k\b)")
_TOKEN: Final = re.compile(r"r\s?\$|\d+(?:\.\d+)*(?:,\d+)?|[a-z]+|[^\sa-z\d]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?")
_KM_BEFORE: Final = re.compile(
    r"(?<!baixa )(?<!pouca )(?<!baixo )(?<!pouco )(?<!menor )"
    r"\b(kms?|quilometragem|kilometragem|rodagem|rodou|rodados?|rodando|quilometros)\b[\s:]*"
    r"(?:(?:e|de|do|da|em|com|ate|abaixo|menos|menor|que|no|maximo|maxima|uns|cerca|por|volta|baixa|atual|tem)\s+)*$"
)
_REAIS: Final = frozenset({"reais", "real", "reai", "reaiss", "r$", "brl", "rs"})


@frozen
class _Token:
    text: str
    start: int
    end: int


@frozen
class _Figure:
    value: float  # in units
    next: int  # index of the token after it
    plain: bool  # digits alone, no magnitude
    written: bool  # in words
    shape: str  # "int" | "grouped" | "decimal"


def amounts(text: str) -> list[Amount]:
    """All prices, mileages, years and counts of a text, in order. What is no amount (phones, dates, hours,
    plates, percentages, engine sizes, figures of model names) is left out. "90 contos" is 90 thousand."""
    plain = flat(text)
    found: list[Amount] = []

    def year(value: int, start: int, end: int) -> None:
        found.append(Amount("year", value, start, end, text[start:end]))

    def pair(match: re.Match[str]) -> str:
        first, second = match.group(1), match.group(2)
        long = len(first) == 4
        a = int(first) if long else _century(int(first))
        b = _century(int(second))
        said_year = plain[: match.start()].rstrip(" :").endswith(("ano", "modelo", "mod"))
        likely = b - a in (0, 1) and (long or said_year or int(second) > 12)
        if not likely or not OLDEST_YEAR <= a <= NEWEST_YEAR:
            return match.group()
        year(a, match.start(1), match.end(1))
        year(b, match.start(2), match.end(2))
        return "\0" * len(match.group())

    def short_year(match: re.Match[str]) -> str:
        year(_century(int(match.group(1))), match.start(1), match.end(1))
        return match.group()[: match.start(1) - match.start()] + "\0" * 2

    plain = _LONG_PAIR.sub(pair, plain)
    plain = _SHORT_PAIR.sub(pair, plain)
    for pattern in (_DATE, _BLANKED_WITH_MAIL if "@" in plain else _BLANKED):
        plain = pattern.sub(lambda match: "\0" * len(match.group()), plain)
    plain = _SHORT_YEAR.sub(short_year, plain)
    found.extend(_scan(plain, text))
    return sorted(found, key=lambda amount: amount.start)


def _century(two: int) -> int:
    return 2000 + two if two <= NEWEST_YEAR - 2000 else 1900 + two


def _scan(plain: str, text: str) -> list[Amount]:
    tokens = [_Token(m.group().replace(" ", ""), m.start(), m.end()) for m in _TOKEN.finditer(plain)]
    found: list[Amount] = []
    consumed = 0  # end of the text that belongs to amounts already found
    i = 0
    while i < len(tokens):
        word = tokens[i].text
        figure = _figure(tokens, i) if word[0].isdecimal() or word in _BEGINNINGS else None
        if figure is None:
            i += 1
            continue
        amount = _classify(tokens, i, figure, plain, text, consumed)
        if amount is None:
            i = max(figure.next, i + 1)
            continue
        found.append(amount)
        consumed = amount.end
        while i < len(tokens) and tokens[i].start < amount.end:
            i += 1
        i = max(i, figure.next)
    return found


def _number(tokens: list[_Token], i: int) -> tuple[float, int, str] | None:
    """A number below a magnitude: (value, next, shape), shape "written" for words."""
    if i >= len(tokens):
        return None
    word = tokens[i].text
    if word[0].isdecimal():
        if _GROUPED.fullmatch(word):
            return float(word.replace(".", "").replace(",", ".")), i + 1, "grouped"
        if "," in word or "." in word:
            whole = word.replace(",", ".")
            if whole.count(".") > 1:
                return None
            cents = "," in word and len(word.rpartition(",")[2]) == 2 and len(word) >= 6
            return float(whole), i + 1, "grouped" if cents else "decimal"
        return float(word), i + 1, "int"
    if word == "meio" and i + 1 < len(tokens) and tokens[i + 1].text in _MILLION:
        return 0.5, i + 1, "written"
    total, below, j = 0, 1000, i
    while j < len(tokens):
        word = tokens[j].text
        if word == "e" and total and j + 1 < len(tokens) and tokens[j + 1].text in _CARDINALS:
            j += 1
            word = tokens[j].text
            linked = True
        else:
            linked = False
        value = _CARDINALS.get(word)
        size = 0 if value is None else (100 if value >= 100 else 10 if value >= 20 else 1)
        if value is None or value >= below or (total and not linked):
            return (float(total), j - 1 if linked else j, "written") if total else None
        total += value
        below = size
        j += 1
    return (float(total), j, "written") if total else None


def _figure(tokens: list[_Token], i: int) -> _Figure | None:
    """The figure that begins at token `i`, with its magnitudes: "85 mil e 500", "um milhão"."""
    if tokens[i].text == "mil":
        tail = _tail(tokens, i + 1, 1)
        follows = tokens[i + 1].text if i + 1 < len(tokens) else ""
        if tail is None:
            return _Figure(1000, i + 1, False, True, "int") if follows in _REAIS | _KM else None
        return _Figure(1000 + tail[0], tail[1], False, True, "int")
    read = _number(tokens, i)
    if read is None:
        return None
    value, j, shape = read
    written = shape == "written"
    magnitude = tokens[j].text if j < len(tokens) else ""
    if magnitude in _MILLION:
        value, j = value * 1_000_000, j + 1
        more = j + 1 if j < len(tokens) and tokens[j].text == "e" else j
        rest = _number(tokens, more)
        if rest and rest[1] < len(tokens) and tokens[rest[1]].text in _THOUSAND:
            value, j = value + rest[0] * 1000, rest[1] + 1
        return _Figure(value, j, False, written, "int")
    if magnitude in _THOUSAND and value < 10_000:
        head, j = value, j + 1
        value *= 1000
        tail = _tail(tokens, j, head) if shape != "decimal" and not _between(tokens, i) else None
        if tail:
            value, j = value + tail[0], tail[1]
        return _Figure(value, j, False, written, "int")
    return _Figure(value, j, True, written, "int" if written else shape)


def _between(tokens: list[_Token], i: int) -> bool:
    return i > 0 and tokens[i - 1].text == "entre"


def _tail(tokens: list[_Token], i: int, head: float) -> tuple[int, int] | None:
    """What follows "… mil": hundreds ("e 500", "900"), or the end of a year ("dois mil e dezenove")."""
    linked = i < len(tokens) and tokens[i].text == "e"
    read = _number(tokens, i + 1 if linked else i)
    if read is None or read[2] not in {"int", "written"}:
        return None
    value, j, shape = read
    if j < len(tokens) and (tokens[j].text in _THOUSAND | _MILLION | _COUNT):
        return None
    rest = int(value)
    yearly = linked and shape == "written" and head == 2 and rest <= NEWEST_YEAR - 2000
    hundreds = 100 <= rest <= 999 and (linked or rest % 10 == 0 or shape == "written")
    return (rest, j) if yearly or hundreds else None


def _classify(tokens: list[_Token], i: int, figure: _Figure, plain: str, text: str, consumed: int) -> Amount | None:
    first, last = tokens[i], tokens[figure.next - 1]
    start, end = first.start, last.end
    if _glued_before(tokens, i):
        return None
    before = tokens[i - 1] if i else None
    after = tokens[figure.next] if figure.next < len(tokens) else None
    glued_after = after is not None and after.start == end and after.text.isalpha()
    unit, unit_end = _unit(tokens, figure.next)
    currency = before is not None and before.text == "r$"

    def made(kind: Kind, value: float, stop: int = end) -> Amount:
        begin = before.start if currency and before is not None else start
        return Amount(kind, round(value), begin, stop, text[begin:stop])

    value = figure.value
    if currency:
        stop = unit_end if unit in _REAIS else end
        return made("money", value * 100, stop)
    if unit in _KM or (unit.startswith("mil") and unit[3:] in _KM):  # "45milkm"
        if unit.startswith("mil"):
            value *= 1000
        return made("km", value, unit_end)
    if unit in _REAIS:
        return made("money", value * 100, unit_end)
    if unit in _SLANG_THOUSANDS:
        return made("money", value * 100 * (1000 if value < 1000 else 1), unit_end)
    if unit in _COUNT and figure.plain and value <= 420 and figure.shape == "int":
        return made("number", value, unit_end)
    if glued_after and unit not in _COUNTED:
        return None
    if _NOT_AMOUNT.fullmatch(unit) and figure.plain:
        return None
    if figure.shape == "decimal" and figure.plain:
        return None
    cue = _KM_BEFORE.search(plain[:start])
    if cue and cue.start() >= consumed and value >= 100:
        return made("km", value)
    if figure.plain and _is_model(tokens, i, value):
        return None
    if unit in _COUNTED and figure.plain:
        return made("number", value)
    yearly = figure.plain or (figure.written and value % 1000)
    if figure.shape == "int" and yearly and OLDEST_YEAR <= value <= NEWEST_YEAR:
        return made("year", value)
    if not figure.plain or (figure.shape == "grouped" and value >= 100):
        return made("money", value * 100)
    if value >= 10_000:
        return made("money", value * 100)
    if figure.written and value < 10:
        return None
    return made("number", value)


def _unit(tokens: list[_Token], i: int) -> tuple[str, int]:
    """The word of unit at token `i`, past a "de", and where it ends."""
    if i < len(tokens) and tokens[i].text == "de" and i + 1 < len(tokens) and tokens[i + 1].text in _KM:
        i += 1
    if i >= len(tokens):
        return "", 0
    if tokens[i].text == "r$" and i + 1 < len(tokens) and _figure(tokens, i + 1):
        return "", 0  # the sign of the next price
    return tokens[i].text, tokens[i].end


def _glued_before(tokens: list[_Token], i: int) -> bool:
    """Whether a letter stands right before, directly or by a hyphen: HB20, T-4, MT-07."""
    if i == 0 or tokens[i - 1].end != tokens[i].start or not tokens[i].text[0].isdecimal():
        return False
    before = tokens[i - 1]
    if before.text.isalpha() and before.text not in {"r", "ate", "de", "por", "ano"}:
        return True
    hyphened = before.text == "-" and i > 1 and tokens[i - 2].end == before.start
    return hyphened and tokens[i - 2].text.isalpha() and len(tokens[i - 2].text) <= 4


def _is_model(tokens: list[_Token], i: int, value: float) -> bool:
    if i == 0 or not tokens[i].text[0].isdecimal():
        return False
    before = tokens[i - 1].text
    if before == "-" and i > 1:
        before = tokens[i - 2].text
    return value in _MODEL_NUMBERS.get(before, ()) or (bool(_BIKES.fullmatch(before)) and value <= 1300)
