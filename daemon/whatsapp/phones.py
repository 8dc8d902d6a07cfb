"""Telling phones from user ids, and finding a Brazilian number however it was written."""

import re
from typing import Final

BRAZILIAN_AREAS: Final = frozenset(
    f"{first}{second}"
    for first, seconds in {
        "1": "123456789",
        "2": "12478",
        "3": "1234578",
        "4": "123456789",
        "5": "1345",
        "6": "123456789",
        "7": "134579",
        "8": "123456789",
        "9": "123456789",
    }.items()
    for second in seconds
)
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_PHONE: Final = re.compile(r"[0-9]{5,20}", re.ASCII)
_MARKS: Final = re.compile(r"[\s()./\u00a0\u2010-\u2015+-]")
_NOT_DIGIT: Final = re.compile(r"[^0-9]", re.ASCII)


def is_user_id(value: str) -> bool:
    """Whether `value` is a business-scoped user id (`BR.1234567890`, `BR.ENT.…`), not a phone."""
    return _USER_ID.fullmatch(value) is not None


def phone_digits(value: str) -> str:
    """The digits of a phone as the network wrote it ("+55 11 95550-0101" → "5511955500101"), "" if it is none."""
    if not _PHONE.fullmatch(value):
        value = _MARKS.sub("", value)
    return value if _PHONE.fullmatch(value) else ""


def e164(digits: str) -> str:
    """How a phone is shown and dialled: "+" and the digits as they are."""
    return f"+{digits}"


def canonical(phone: str, *, brazilian: bool = False) -> str:
    """The form under which a phone is looked up; never dial it, never show it.

    `brazilian` says that the source is known to write Brazilian numbers, so that the country may be
    missing. User ids and group ids come back unchanged; other countries' numbers as their digits.
    """
    if is_user_id(phone) or "@" in phone:
        return phone
    digits = _NOT_DIGIT.sub("", phone)
    if digits.startswith("00"):
        digits = digits[2:]
    if digits.startswith("0"):
        digits = _without_trunk(digits)
    elif digits.startswith("550"):
        digits = "55" + _without_trunk(digits[2:])
    if brazilian and len(digits) in (10, 11) and digits[:2] in BRAZILIAN_AREAS:
        digits = "55" + digits
    if len(digits) == 12 and digits.startswith("55") and digits[2:4] in BRAZILIAN_AREAS and digits[4] in "6789":
        digits = f"{digits[:4]}9{digits[4:]}"
    return digits


def _without_trunk(digits: str) -> str:
    """Without the trunk "0" and, where one follows, the carrier's two digits: 0 15 11 9… and 0 11 9…."""
    number = digits[1:]
    if len(number) in (12, 13) and not number.startswith("55") and number[2:4] in BRAZILIAN_AREAS:
        number = number[2:]
    return number
