"""Reading JSON that may be anything: each reader gives a bounded value of its type, or an empty one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]

MAX_TEXT: Final = 65_536
"""Characters of any text that is kept."""
MAX_ID: Final = 512
MAX_ITEMS: Final = 100
MAX_DEPTH: Final = 6
UNKNOWN_TIME: Final = datetime.fromtimestamp(0, UTC)
"""Stands where the network named no usable time and the reader was not told when the item came."""
AHEAD: Final = timedelta(minutes=5)

_UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_NONE: Final[Json] = {}


def record(value: Any) -> Json:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else _NONE


def items(value: Any) -> list[Any]:
    """A JSON array, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """A string without NUL and lone surrogates, cut to `limit` characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    kept = value[:limit]
    return kept if kept.isascii() and "\x00" not in kept else _UNUSABLE.sub("", kept)


def identifier(value: Any) -> str:
    """An id of the network's, written as string or number; "" if absent, too long or with unusable characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if -(1 << 63) <= value < 1 << 64 else ""
    if not isinstance(value, str) or len(value) > MAX_ID or _UNUSABLE.search(value):
        return ""
    return value.strip()


def number(value: Any) -> int | None:
    """A whole number of at most 63 bits, also written as a string."""
    if isinstance(value, str):
        value = int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    return None


def moment(value: Any, received_at: datetime | None) -> datetime:
    """Unix seconds, as string or number, as aware UTC.

    Without a usable time: `received_at`, or `UNKNOWN_TIME` where that is None. Never later than a few
    minutes after `received_at`: a clock gone wrong must not hold a window open.
    """
    seconds = number(value)
    if seconds is None or not 0 < seconds < 1 << 34:
        return received_at or UNKNOWN_TIME
    at = datetime.fromtimestamp(seconds, UTC)
    if received_at is not None and at > received_at + AHEAD:
        return received_at
    return at


def bounded(value: Any, *, depth: int = MAX_DEPTH, limit: int = MAX_TEXT) -> Any:
    """`value` with its texts, lists and nesting cut to size: safe to keep and to write as JSON again."""
    if isinstance(value, str):
        return text(value, limit)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return number(value)
    if depth == 0:
        return None
    if isinstance(value, dict):
        pairs = list(value.items())[:MAX_ITEMS]
        return {text(key, MAX_ID): bounded(each, depth=depth - 1, limit=limit) for key, each in pairs}
    if isinstance(value, list):
        return [bounded(each, depth=depth - 1, limit=limit) for each in value[:MAX_ITEMS]]
    return None


def picked(source: Json, *names: str, limit: int = 4096) -> Json:
    """The named members that are there, bounded; absent, null and empty ones left out."""
    kept: Json = {}
    for name in names:
        value = source.get(name)
        if value is not None and value != "":
            kept[name] = bounded(value, limit=limit)
    return kept


def depth_within(value: Any, limit: int) -> bool:
    """Whether a JSON value nests at most `limit` deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return True
        level = [
            each
            for container in level
            for each in (container.values() if isinstance(container, dict) else container)
            if isinstance(each, dict | list)
        ]
    return not level
