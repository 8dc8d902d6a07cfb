"""Single values as feeds write them: money, kilometres, years, dates, enumerations, lists. Pure."""

import html
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from shards.tenant.stock_words import BODY_OF, FUEL_OF, TRANSMISSION_OF, stem
from shards.text import fold, words

MAX_PRICE_REAIS: Final = 100_000_000
LEAST_PRICE_CENTAVOS: Final = 1_000_00
MAX_KM: Final = 3_000_000
FIRST_YEAR: Final = 1886

_NO_PRICE: Final = re.compile(
    r"|-+|n/?[ad]|consult\w*|sob consulta|sob-consulta|a consultar|a combinar|combinar|on request|null|none|preco"
)
_CURRENCY: Final = re.compile(r"r\$|brl|reais|real")
_FOREIGN: Final = re.compile(r"us\$|usd|eur|€|£|gbp|ars|\$")
_NUMBER: Final = re.compile(r"-?\d[\d.,' ]*")
_TAGS: Final = re.compile(r"<[^<>]{0,400}>")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")
_SPACES: Final = re.compile(r"[ \t\xa0]+")
_LIST_MARK: Final = re.compile(r"[;|\n•]+")
_DATES: Final = (
    "%Y-%m-%d", "%d/%m/%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y",
    "%Y-%m-%d %H:%M:%S", "%a, %d %b %Y %H:%M:%S %z",
)  # fmt: skip
_DEEPEST: Final = 6
_BRASILIA: Final = timedelta(hours=-3)


class Unreadable(ValueError):
    """A value was given and cannot be understood; `str()` is the reason."""


def clean(value: Any) -> str:
    """A value as one line of text: no control characters, no tags, single spaces; "" for None and containers."""
    text = clean_text(value)
    return " ".join(text.split()) if "\n" in text else text


def clean_text(value: Any) -> str:
    """As `clean`, keeping line breaks."""
    if isinstance(value, str) and value.isprintable() and "<" not in value and "&" not in value:
        return _SPACES.sub(" ", value).strip() if "  " in value else value.strip()
    if value is None or isinstance(value, dict | list | tuple):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = str(value).encode("utf-8", "ignore").decode()
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAGS.sub(" ", re.sub(r"(?i)<br\s*/?>|</p>|</li>", "\n", text))
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line for line in (_SPACES.sub(" ", line).strip() for line in text.split("\n")) if line)


def number(text: str) -> float:
    """A number with any usual separators: "168.900,00", "168,900.00", "168.900", "168900.00". Raises `Unreadable`."""
    found = _NUMBER.fullmatch(text.strip())
    digits = re.sub(r"[' ]", "", text.strip())
    if not found or len(digits) > 24:
        raise Unreadable(f"{text[:40]!r} is not a number")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return float(digits)
    mark, other = digits[last], "," if digits[last] == "." else "."
    whole, fraction = digits[:last], digits[last + 1 :]
    thousands = mark in whole or (other not in whole and len(fraction) == 3 and 1 <= len(whole.lstrip("-")) <= 3)
    if thousands and other not in fraction:
        if other in whole and mark in whole:
            raise Unreadable(f"{text[:40]!r} is not a number")
        return float((whole + fraction).replace(mark, ""))
    return float((whole.replace(other, "").replace(mark, "") or "0") + "." + (fraction or "0"))


def price_centavos(value: Any) -> int | None:
    """A price in reais, as a number or as text, in centavos; None for "Consulte" and 0. Raises `Unreadable`."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        reais = float(value)
    else:
        text = _SPACES.sub(" ", fold(clean(value))).strip()
        if _NO_PRICE.fullmatch(text):
            return None
        plain = _CURRENCY.sub("", text)
        if _FOREIGN.search(plain):
            raise Unreadable(f"price {clean(value)[:40]!r} is not in reais")
        factor = 1
        if short := re.fullmatch(r"(.*\d)\s*(mil|k)", plain.strip()):
            plain, factor = short.group(1), 1000
        try:
            reais = number(plain) * factor
        except Unreadable:
            raise Unreadable(f"price {clean(value)[:40]!r} cannot be read") from None
    return _centavos(reais, value)


def whole_centavos(value: Any) -> int | None:
    """A price that is already in centavos; None for nothing and 0. Raises `Unreadable`."""
    if value is None or isinstance(value, bool) or clean(value) == "":
        return None
    try:
        centavos = float(value)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"price {clean(value)[:40]!r} is not a whole number of centavos") from None
    return _centavos(centavos / 100, value)


def _centavos(reais: float, value: Any) -> int | None:
    if not math.isfinite(reais) or reais < 0 or reais > MAX_PRICE_REAIS:
        raise Unreadable(f"price {clean(value)[:40]!r} is out of range")
    return round(reais * 100) or None


def kilometres(value: Any, unit: str = "") -> int | None:
    """A mileage: "45.000 km", 45000, "28 mil km"; miles are converted. Raises `Unreadable`."""
    text = fold(clean(value))
    if isinstance(value, bool) or text in ("", "-", "null", "none", "n/a", "nao informado", "consulte"):
        return None
    in_miles = fold(unit) in ("mi", "mile", "miles") or bool(re.search(r"\d\s*(mi|miles?)$", text))
    plain = re.sub(r"\s*(kms?|quilometros|mi|miles?)\.?$", "", text)
    factor = 1.0
    if short := re.fullmatch(r"(.*\d)\s*(mil|k)", plain):
        plain, factor = short.group(1), 1000.0
    if plain in ("zero", "0 km", "okm"):
        return 0
    try:
        km = number(plain) * factor * (1.609344 if in_miles else 1)
    except Unreadable:
        raise Unreadable(f"mileage {clean(value)[:40]!r} cannot be read") from None
    if not 0 <= km <= MAX_KM:
        raise Unreadable(f"mileage {clean(value)[:40]!r} is out of range")
    return round(km)


def years(value: Any, now: datetime) -> tuple[int | None, int | None]:
    """(manufacture, model) of "2019/2020", "19/20" or "2020" (then only the model). Raises `Unreadable`."""
    text = clean(value)
    if isinstance(value, bool) or text in ("", "-", "0", "null"):
        return None, None
    if pair := re.fullmatch(r"(\d{4}|\d\d)\s*[/\-\\ ]\s*(\d{4}|\d\d)", text):
        return _year(pair.group(1), text, now), _year(pair.group(2), text, now)
    if single := re.fullmatch(r"(\d{4})(-\d\d-\d\d.*)?", text):
        return None, _year(single.group(1), text, now)
    raise Unreadable(f"year {text[:40]!r} cannot be read")


def _year(digits: str, text: str, now: datetime) -> int:
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year <= (now.year + 1) % 100 else 1900
    if not FIRST_YEAR <= year <= now.year + 2:
        raise Unreadable(f"year {text[:40]!r} is out of range")
    return year


def moment(value: Any) -> datetime | None:
    """A date or time, aware UTC; without a zone it is Brasília's. None when there is none. Raises `Unreadable`."""
    text = clean(value)
    if text in ("", "-", "null") or text.startswith("0000"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _other_date(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
        found = found - _BRASILIA if 1900 < found.year < 9000 else found
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        raise Unreadable(f"date {text[:40]!r} is out of range") from None
    if not 1970 <= found.year < 2200:
        raise Unreadable(f"date {text[:40]!r} is out of range")
    return found


def _other_date(text: str) -> datetime:
    for form in _DATES:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added by the caller
        except ValueError:
            continue
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    raise Unreadable(f"date {text[:40]!r} cannot be read")


# Enumerations: the canonical word, or None when the spelling is unknown


@lru_cache(1024)
def fuel(text: str) -> str | None:
    """ "Álcool/Gasolina" → flex, "Gasolina e elétrico" → hybrid."""
    found = _named(text, FUEL_OF)
    if "plugin_hybrid" in found or ("hybrid" in found and "plug" in fold(text)):
        return "plugin_hybrid"
    for strongest in ("hybrid", "flex"):
        if strongest in found:
            return strongest
    if "electric" in found and found & {"gasoline", "diesel", "ethanol"}:
        return "hybrid"
    if {"gasoline", "ethanol"} <= found:
        return "flex"
    return next((one for one in ("cng", "diesel", "electric", "ethanol", "gasoline") if one in found), None)


@lru_cache(1024)
def transmission(text: str) -> str | None:
    """ "Automático sequencial" → automatic, "CVT" → cvt, "Automatizado" → automated."""
    found = _named(text, TRANSMISSION_OF)
    return next((one for one in ("cvt", "automated", "automatic", "manual") if one in found), None)


@lru_cache(1024)
def body(text: str) -> str | None:
    """ "Sedã" → sedan, "Utilitário esportivo" → suv, "Cabine dupla" → pickup; "Utilitário" alone is no body: portals
    file vans and SUVs under it."""
    if is_utility(text):
        return None
    found = _named(text, BODY_OF)
    if "cabine" in fold(text) or {"truck", "pickup"} <= found:
        return "pickup"
    order = (
        "suv",
        "pickup",
        "sedan",
        "hatch",
        "minivan",
        "wagon",
        "convertible",
        "coupe",
        "van",
        "motorcycle",
        "truck",
    )
    return next((one for one in order if one in found), None)


def _named(text: str, table: Mapping[str, str]) -> set[str]:
    parts = words(text)
    joined = ["".join(parts), *(a + b for a, b in pairwise(parts))]
    single = [part for part in parts if len(part) > 2 or len(parts) == 1 or part == "sw"]
    found = {table[name] for part in (*joined, *single) for name in (part, stem(part)) if name in table}
    if "".join(parts) in table:
        return {table["".join(parts)]}
    return found


_VANS: Final = frozenset(
    {
        "berlingo", "boxer", "daily", "doblo", "ducato", "expert", "express", "fiorino", "jumper", "jumpy", "kangoo",
        "kombi", "master", "partner", "scudo", "splinter", "sprinter", "trafic", "transit", "vito",
    }
)  # fmt: skip


def is_utility(text: str) -> bool:
    """Whether a body is said to be "Utilitário" and no more."""
    return fold(text).strip(" .") in ("utilitario", "utilitarios", "utility", "utilitaria")


def is_van(model: str) -> bool:
    """Whether a model is a van that dealers in Brazil file under "Utilitário"."""
    return not _VANS.isdisjoint(words(model))


_CONDITIONS: Final = {
    "new": "new novo nova 0km zero zerokm brandnew okm",
    "used": "used usado usada seminovo seminova seminovos preowned usados",
    "certified": "certified cpo certifiedpreowned certificado certificada",
}
_STATUSES: Final = {
    "available": "available disponivel instock avenda ativo ativa active publicado publicada estoque emestoque"
    " anunciado online true sim s 1 livre normal ofertado",
    "reserved": "reserved reservado reservada pending negociacao emnegociacao onhold sinalizado availableforpreorder",
    "sold": "sold vendido vendida outofstock indisponivel notavailable unavailable inativo inativa inactive"
    " discontinued baixado excluido removido false nao n 0",
}
_CONDITION_OF: Final = {word: name for name, row in _CONDITIONS.items() for word in row.split()}
_STATUS_OF: Final = {word: name for name, row in _STATUSES.items() for word in row.split()}


def condition(text: str) -> str | None:
    """ "Seminovo" → used, "0 km" → new."""
    return _CONDITION_OF.get("".join(words(text)))


def status(text: str) -> str | None:
    """ "Disponível" → available, "out of stock" → sold."""
    return _STATUS_OF.get("".join(words(text)))


# Lists


def leaves(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts inside a value that may be a text, a list, or containers of such, in order."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name in ("url", "href", "src", "link", "nome", "name", "descricao", "description", "value", "text"):
            if name in value and not isinstance(value[name], Mapping | list):
                yield clean_text(value[name])
                return
        for part in value.values():
            yield from leaves(part, depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part, depth + 1)
    elif value is not None and not isinstance(value, bool):
        yield clean_text(value)


def options(value: Any) -> list[str]:
    """A list of features out of a list, or of text separated by `;`, `|`, line breaks, or else commas."""
    found: list[str] = []
    for text in leaves(value):
        parts = _LIST_MARK.split(text)
        if len(parts) == 1 and not isinstance(value, list | tuple):
            parts = re.split(r",(?!\d)", text)
        found.extend(clean(part).strip(" .,-") for part in parts)
    return list(dict.fromkeys(part for part in found if part))


def addresses(value: Any) -> tuple[list[str], int]:
    """The http(s) addresses in a value, each once, and how many entries were none."""
    found: list[str] = []
    bad = 0
    for text in leaves(value):
        for part in re.split(r"[\s|;]+|,(?=\s*https?://)", text):
            address = part.strip(" ,\"'")
            if not address:
                continue
            if web_address(address):
                found.append(address)
            else:
                bad += 1
    return list(dict.fromkeys(found)), bad


def web_address(text: str) -> bool:
    """Whether the text is an http or https address with a host, short and without credentials."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 2000 and parts.username is None
        )
    except ValueError:
        return False
