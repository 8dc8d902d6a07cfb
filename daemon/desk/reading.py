"""Figures in a Portuguese text as a Brazilian reads them aloud: prices, years, times, phones, mileages. Pure.

Speech models read "R$ 89.900" or "2019/20" as they please; words leave them no choice. The order of the steps matters:
each leaves no digit behind in what it has read.
"""

import re
from collections.abc import Callable
from typing import Final

from daemon.desk.numerals import LARGEST, cardinal, decimal, one_by_one, ordinal

_GROUPED: Final = r"\d{1,3}(?:\.\d{3})+|\d+"
_SIZES: Final = {"mil": 10**3, "k": 10**3, "mi": 10**6, "milhão": 10**6, "milhao": 10**6, "milhões": 10**6,
                 "milhoes": 10**6}  # fmt: skip
_SIZE: Final = r"(?:mil(?:h[ãa]o|h[õo]es)?|mi|k)\b"
_MONTHS: Final = (
    "", "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
    "novembro", "dezembro",
)  # fmt: skip
_FEMININE: Final = re.compile(
    r"\s+(?:(?:boas?|ótimas?|belas?|novas?|outras?|últimas?|lindas?|super)\s+)?"
    r"(?:vez(?:es)?|opç(?:ão|ões)|pessoas?|parcelas?|prestaç(?:ão|ões)|horas?|semanas?|unidades?|portas?|fotos?|motos?"
    r"|chaves?|lojas?|marchas?|velocidades?|válvulas?|polegadas?|cilindradas?|revis(?:ão|ões)|vagas?|cópias?|vias?"
    r"|pick-?ups?|picapes?|vers(?:ão|ões)|cores|cor|simulaç(?:ão|ões)|entradas?|visitas?|mensagens|mensagem)\b",
    re.IGNORECASE,
)


def read_out(text: str) -> str:
    """The text with every figure in words; it has no digit left."""
    for pattern, words in _STEPS:
        text = pattern.sub(words, text)
    return text


def _number(digits: str) -> int:
    return int(digits.replace(".", ""))


def _counted(number: int, found: re.Match[str]) -> str:
    """A count in the gender of what follows it."""
    if number > LARGEST:
        return one_by_one(str(number))
    return cardinal(number, feminine=bool(_FEMININE.match(found.string, found.end())))


# Money


def _reais(whole: int, cents: int = 0) -> str:
    if whole > LARGEST:
        return f"{one_by_one(str(whole))} reais"
    parts = []
    if whole or not cents:
        of = "de " if whole >= 10**6 and whole % 10**6 == 0 else ""
        parts.append(f"{cardinal(whole)} {of}{'real' if whole == 1 else 'reais'}")
    if cents:
        parts.append(f"{cardinal(cents)} {'centavo' if cents == 1 else 'centavos'}")
    return " e ".join(parts)


def _sized(digits: str, fraction: str | None, size: str | None) -> tuple[int, int] | None:
    """(reais, centavos) of "89,9 mil" or "1.899,90"; None for a fraction that is no money."""
    factor = _SIZES[size.lower()] if size else 1
    if factor == 1:
        return (_number(digits), int((fraction or "0").ljust(2, "0"))) if len(fraction or "") <= 2 else None
    scale = 10 ** len(fraction or "")
    whole, rest = divmod((_number(digits) * scale + int(fraction or "0")) * factor, scale)
    return (whole, 0) if not rest else None


def _money(found: re.Match[str]) -> str:
    minus, digits, fraction, size = found.groups()
    amount = _sized(digits, fraction, size)
    if amount is None:
        return f"{decimal(_number(digits), fraction)} {size or ''}".rstrip() + " reais"
    return ("menos " if minus else "") + _reais(*amount)


def _money_range(found: re.Match[str]) -> str:
    """ "R$ 80 a 90 mil": the thousand belongs to both."""
    first, between, last, size = found.groups()
    factor = _SIZES[size.lower()]
    joined = "a" if between in ("-", "–") else between
    return f"{cardinal(_number(first) * factor)} {joined} {_reais(_number(last) * factor)}"


def _instalments(found: re.Match[str]) -> str:
    times, money = int(found[1]), found[2]
    return f"{cardinal(times, feminine=True)} {'vez' if times == 1 else 'vezes'}{' de ' if money else ''}"


# Years and dates


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else int(digits) + (1900 if int(digits) > 50 else 2000)


def _model_years(found: re.Match[str]) -> str:
    """ "2019/2020" is read as both years, "2020/2020" as one."""
    made, model = _year(found[1]), _year(found[2])
    return cardinal(made) if made == model else f"{cardinal(made)}, {cardinal(model)}"


def _short_years(found: re.Match[str]) -> str:
    """ "19/20" is a pair of model years where it can be no date, or a date where it can."""
    first, last = int(found[1]), int(found[2])
    if 1 <= first <= 31 and 1 <= last <= 12:
        return _day(first, last)
    return _model_years(found) if (last - first) % 100 in (0, 1) else f"{cardinal(first)} por {cardinal(last)}"


def _day(day: int, month: int) -> str:
    return f"{'primeiro' if day == 1 else cardinal(day)} de {_MONTHS[month]}"


def _date(found: re.Match[str]) -> str:
    day, month, year = int(found[1]), int(found[2]), found[3]
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return " ".join(cardinal(int(part)) for part in found.groups())
    return f"{_day(day, month)} de {cardinal(_year(year))}"


# Times


def _time(found: re.Match[str]) -> str:
    hour, minutes = int(found[1]), int(found[2] or 0)
    if hour > 24 or minutes > 59:
        return f"{cardinal(hour)} {cardinal(minutes)}"
    said = cardinal(hour, feminine=True)
    if minutes == 30 and 0 < hour <= 12:
        return f"{said} e meia"
    if minutes:
        return f"{said} e {cardinal(minutes)}"
    return said if _TIME_FOLLOWS.match(found.string, found.end()) else f"{said} {'hora' if hour < 2 else 'horas'}"


_TIME_FOLLOWS: Final = re.compile(r"\s?(?:às|as|à|a|até|e|ou|-|–)\s?(?:as |às )?\d{1,2}(?:h|:\d{2})")


def _between(found: re.Match[str]) -> str:
    """ "8h-18h", "8h a 18h": what joins two times is said "às"."""
    return f"{found[1]} às {found[2]}"


# Telephones, codes


def _phone(found: re.Match[str]) -> str:
    area, *groups = (group for group in found.groups() if group)
    return ", ".join((cardinal(int(area)), *(one_by_one(group, six="meia") for group in groups)))


def _free_call(found: re.Match[str]) -> str:
    return "zero oitocentos, " + ", ".join(one_by_one(group, six="meia") for group in found.groups() if group)


def _digits(found: re.Match[str]) -> str:
    return ", ".join(one_by_one(part, six="meia") for part in re.findall(r"\d+", found[0]))


# Figures with a unit, and bare ones


def _mileage(found: re.Match[str]) -> str:
    digits, fraction, size = found.groups()
    factor = _SIZES[size.lower()] if size else 1
    if fraction:
        return f"{decimal(_number(digits), fraction)}{' mil' if size else ''} quilômetros"
    number = _number(digits) * factor
    if number > LARGEST:
        return f"{one_by_one(str(number))} quilômetros"
    of = "de " if number >= 10**6 and number % 10**6 == 0 else ""
    return f"{cardinal(number)} {of}{'quilômetro' if number < 2 else 'quilômetros'}"


def _with(unit: str, one: str = "", *, feminine: bool = False) -> Callable[[re.Match[str]], str]:
    """A count and its unit written out."""

    def words(found: re.Match[str]) -> str:
        number = _number(found[1])
        if number > LARGEST:
            return f"{one_by_one(str(number))} {unit}"
        return f"{cardinal(number, feminine=feminine)} {one if number == 1 and one else unit}"

    return words


def _percent(found: re.Match[str]) -> str:
    return f"{_plain(found)} por cento"


def _plain(found: re.Match[str]) -> str:
    """A number as it stands, its first two groups being whole and fraction."""
    digits, fraction = found[1], found[2]
    number = _number(digits)
    if number > LARGEST or (digits.startswith("0") and len(digits) > 1):
        said = one_by_one(digits.replace(".", ""))
        return f"{said} vírgula {one_by_one(fraction)}" if fraction else said
    return decimal(number, fraction) if fraction else _counted(number, found)


def _large(found: re.Match[str]) -> str:
    """ "90 mil", "90k", "1,5 milhão"."""
    amount = _sized(*found.groups())
    if amount is None or amount[0] > LARGEST:
        return f"{_plain(found)} {found[3]}"
    return _counted(amount[0], found)


def _engine(found: re.Match[str]) -> str:
    turbo = " turbo" if found[3] else ""
    return f"{cardinal(int(found[1]))} ponto {cardinal(int(found[2]))}{turbo}"


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(int(found[1]), feminine=found[2] in "ªa")


def _range(found: re.Match[str]) -> str:
    return f"{found[1]} a {found[2]}"


_PHONE_END: Final = r"[\s.-]?(\d{4})(?!\d)"
_STEPS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"(?<!\d)0800[\s.-]?(\d{2,4})[\s.-]?(\d{2,4})(?:[\s.-]?(\d{2,4}))?(?!\d)"), _free_call),
    (re.compile(r"(?:\+55[\s.-]?|(?<![\d+])55[\s.-]?(?=\(?\d{2}\)?[\s.-]?\d{4,5}[\s.-]?\d{4}(?!\d)))"), lambda _: ""),
    (re.compile(rf"(?<!\d)\(?0?([1-9]\d)\)\s?(\d{{4,5}}){_PHONE_END}"), _phone),
    (re.compile(r"(?<![\d.,])([1-9]\d)[\s.-]?(9\d{4}|[2-5]\d{3})[\s.-]?(\d{4})(?![\d.,]\d|\d)"), _phone),
    (re.compile(r"(?<![\d.,-])(?!(?:19|20)\d\d-(?:19|20)\d\d)9?\d{4}-\d{4}(?![\d-])"), _digits),
    (re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b|\b\d{5}-\d{3}\b"), _digits),
    (re.compile(r"\b4\s?[xX]\s?(4|2)\b"), lambda found: f"quatro por {cardinal(int(found[1]))}"),
    (re.compile(r"\b(\d{1,3})\s?[xX]\s?(?:de\s)?\s*(?=R\$)()"), lambda found: _instalments(found).rstrip() + " de "),
    (re.compile(r"\b(\d{1,3})\s?[xX]\b()"), _instalments),
    (
        re.compile(
            rf"R\$\s?({_GROUPED})\s?(a|e|até|ou|-|–)\s?(?:R\$\s?)?({_GROUPED})\s?({_SIZE})(?![.,]\d)(?<!\d)",
            re.IGNORECASE,
        ),
        _money_range,
    ),
    (re.compile(rf"(-\s?)?R\$\s?({_GROUPED})(?:,(\d+))?(?:\s?({_SIZE}))?", re.IGNORECASE), _money),
    (re.compile(r"(?<![\d/])((?:19|20)\d{2})\s?/\s?((?:19|20)\d{2}|\d{2})(?![\d/])"), _model_years),
    (re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\d/])"), _date),
    (re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])"), _short_years),
    (re.compile(r"\b(\d{1,2}(?:h(?:\d{2})?|:\d{2}))\s?(?:-|–|a|as|até as)\s?(\d{1,2}(?:h|:\d{2}))"), _between),
    (re.compile(r"\b(\d{1,2})(?:h|hs|hrs|:)(\d{2})(?:h|hs|min|m)?(?!\w|:)"), _time),
    (re.compile(r"\b(\d{1,2})\s?(?:hs|hrs|h)\b()"), _time),
    (re.compile(rf"\b({_GROUPED})\s?min\b"), _with("minutos", "minuto")),
    (re.compile(r"\bkm\s?/\s?l\b", re.IGNORECASE), lambda _: "quilômetros por litro"),
    (re.compile(r"\bkm\s?/\s?h\b", re.IGNORECASE), lambda _: "quilômetros por hora"),
    (
        re.compile(rf"\b({_GROUPED})(?:,(\d+))?\s?({_SIZE})?\s?(?:kms?|quil[oô]metros?)\b(?! por)", re.IGNORECASE),
        _mileage,
    ),
    (re.compile(r"(?:(?<=\be )|(?<=\bbaixa )|(?<=\bpouca ))kms?\b", re.IGNORECASE), lambda _: "quilometragem"),
    (re.compile(r"\bkms?\b(?=\s\d)", re.IGNORECASE), lambda _: "quilômetro"),
    (re.compile(r"\bkms?\s?:", re.IGNORECASE), lambda _: "quilometragem:"),
    (re.compile(r"\bkms?\b", re.IGNORECASE), lambda _: "quilômetros"),
    (re.compile(rf"(?<![\d.,])({_GROUPED})(?:[,.](\d{{1,2}}))?\s?%"), _percent),
    (re.compile(r"(?<![\w.,])(\d)\.(\d)\s?([tT])?(?:\s?L)?(?![\w.]*\d)(?!\w)"), _engine),
    (re.compile(r"\b(\d{1,2})\s?[vV]\b"), _with("válvulas", feminine=True)),
    (re.compile(r"\b(\d{2,4})\s?(?:cv|hp)\b", re.IGNORECASE), _with("cavalos")),
    (re.compile(r"\b(\d{2,4})\s?cc\b", re.IGNORECASE), _with("cilindradas", feminine=True)),
    (re.compile(r"\b(\d)\s?p\b"), _with("portas", "porta", feminine=True)),
    (re.compile(rf"\b({_GROUPED})\s?(?:L|lts?\.?)(?!\w)"), _with("litros", "litro")),
    (re.compile(rf"\b({_GROUPED})\s?kg\b"), _with("quilos", "quilo")),
    (re.compile(r"\b(\d{1,2})\s?(?:\"|″|'')"), _with("polegadas", "polegada", feminine=True)),
    (re.compile(r"\bn[º°]\s?(?=\d)"), lambda _: "número "),
    (re.compile(r"\b(\d{1,2})([ºª°])"), _ordinal),
    (re.compile(r"(?<![\d.,-])(\d{1,4})\s?[-–]\s?(\d{1,4})(?![\d.,-])"), _range),
    (re.compile(rf"(?<![\d.,])({_GROUPED})(?:,(\d+))?\s?({_SIZE})", re.IGNORECASE), _large),
    (re.compile(r"([^\W\d_])-?(?=\d)"), lambda found: f"{found[1]} "),
    (re.compile(r"(?<=\d)(?=[^\W\d_])"), lambda _: " "),
    (re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?(?!\.?\d)"), _plain),
    (re.compile(r"(?<![\d.,])(\d+),(\d+)(?![.,]?\d)"), _plain),
    (re.compile(r"(\d+)()"), _plain),
    (re.compile(r"R\$"), lambda _: "reais"),
)
