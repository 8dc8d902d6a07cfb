"""Numbers as Brazilians say them. Pure.

The rules are those of the grammars: "e" joins tens and units, hundreds and tens, and thousands with what follows when
that is below a hundred or a round hundred ("mil e novecentos", but "mil novecentos e noventa").
"""

from typing import Final

LARGEST: Final = 10**12 - 1

_UNITS: Final = (
    "zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze", "treze",
    "catorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove",
)  # fmt: skip
_TENS: Final = ("", "", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa")
_HUNDREDS: Final = (
    "", "cento", "duzentos", "trezentos", "quatrocentos", "quinhentos", "seiscentos", "setecentos", "oitocentos",
    "novecentos",
)  # fmt: skip
_ORDINAL_UNITS: Final = ("", "primeiro", "segundo", "terceiro", "quarto", "quinto", "sexto", "sétimo", "oitavo", "nono")
_ORDINAL_TENS: Final = (
    "", "décimo", "vigésimo", "trigésimo", "quadragésimo", "quinquagésimo", "sexagésimo", "septuagésimo", "octogésimo",
    "nonagésimo",
)  # fmt: skip


def cardinal(number: int, *, feminine: bool = False) -> str:
    """ "mil oitocentos e noventa e nove"; `feminine` for what is counted: "duas vezes". From 0 to `LARGEST`."""
    if number < 1000:
        return _below_thousand(number, feminine)
    if number < 1_000_000:
        thousands, rest = divmod(number, 1000)
        said = "mil" if thousands == 1 else f"{_below_thousand(thousands, feminine)} mil"
        return said + _joined(rest, cardinal(rest, feminine=feminine))
    for size, one, many in ((10**9, "bilhão", "bilhões"), (10**6, "milhão", "milhões")):
        if number >= size:
            count, rest = divmod(number, size)
            said = f"{cardinal(count)} {one if count == 1 else many}"
            return said + _joined(rest, cardinal(rest, feminine=feminine))
    raise AssertionError(number)


def _below_thousand(number: int, feminine: bool) -> str:
    if number == 100:
        return "cem"
    hundreds, rest = divmod(number, 100)
    parts = []
    if hundreds:
        said = _HUNDREDS[hundreds]
        parts.append(f"{said[:-2]}as" if feminine and hundreds > 1 else said)
    if rest >= 20:
        parts.append(_TENS[rest // 10])
        rest %= 10
    if rest or not parts:
        parts.append({1: "uma", 2: "duas"}.get(rest, _UNITS[rest]) if feminine else _UNITS[rest])
    return " e ".join(parts)


def _joined(rest: int, said: str) -> str:
    """What follows a thousand or a million, with the "e" where it is said."""
    if not rest:
        return ""
    last = rest
    while last >= 1000 and last % 1000 == 0:
        last //= 1000  # "um milhão e duzentos mil"
    return f" e {said}" if last < 100 or (last < 1000 and last % 100 == 0) else f" {said}"


def ordinal(number: int, *, feminine: bool = False) -> str:
    """ "vigésimo primeiro"; what has no usual ordinal (0, 100 and more) stays a cardinal."""
    if not 0 < number < 100:
        return cardinal(number, feminine=feminine)
    words = [word for word in (_ORDINAL_TENS[number // 10], _ORDINAL_UNITS[number % 10]) if word]
    return " ".join(f"{word[:-1]}a" if feminine else word for word in words)


def decimal(whole: int, fraction: str) -> str:
    """ "um vírgula sessenta e nove"; `fraction` is the digits behind the comma, a leading zero is said."""
    zeros = len(fraction) - len(fraction.lstrip("0"))
    rest = fraction[zeros:]
    parts = ["zero"] * zeros
    if rest:
        parts.append(cardinal(int(rest)) if len(rest) <= 3 else one_by_one(rest))
    return f"{cardinal(whole)} vírgula {' '.join(parts)}"


def one_by_one(digits: str, *, six: str = "seis") -> str:
    """Each digit by itself; on the phone `six` is "meia", so that it is not heard as "três"."""
    return " ".join(six if digit == "6" else _UNITS[int(digit)] for digit in digits)
