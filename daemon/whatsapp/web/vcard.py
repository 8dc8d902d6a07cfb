"""Shared contacts: the name and the numbers of a vCard (RFC 6350, and the older 2.1 and 3.0 that phones write)."""

import re
from typing import Final

from daemon.whatsapp.web import envelope

MAX_CARD: Final = 65_536
MAX_LINES: Final = 500
MAX_PHONES: Final = 10

_FOLD: Final = re.compile(r"\r?\n[ \t]")
_ESCAPED: Final = re.compile(r"\\([\\,;:nN])")


def read(card: str) -> tuple[str, list[str]]:
    """The formatted name ("" if none) and the telephone numbers as written. Never raises."""
    name = ""
    phones: list[str] = []
    for line in _FOLD.sub("", card[:MAX_CARD]).splitlines()[:MAX_LINES]:
        head, colon, value = line.partition(":")
        kind = head.partition(";")[0].rpartition(".")[2].strip().upper()  # "item1.TEL;waid=55…"
        if not colon or kind not in ("FN", "TEL"):
            continue
        value = envelope.line(_ESCAPED.sub(_plain, value))
        if kind == "FN":
            name = name or value
        elif value and len(phones) < MAX_PHONES:
            phones.append(value.removeprefix("tel:")[:64])
    return name, phones


def _plain(match: re.Match[str]) -> str:
    return " " if match[1] in "nN" else match[1]
