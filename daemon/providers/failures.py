"""From what a vendor's HTTP answer says to one of our provider errors. Nothing secret gets into their texts."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Final

import httpx2
import orjson

from daemon.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
)

LONGEST_DETAIL: Final = 160
"""Characters of a vendor's own words that are quoted."""

_UNPAID: Final = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "credit_balance_too_low", "quota_exceeded"}
)
_KEYLIKE: Final = re.compile(r"\b(?:sk|key|Bearer)[-_ ][\w*.\-]{4,}", re.IGNORECASE)


class ProviderShut(ProviderRefused):
    """The key, the model or the payment is refused: nobody's request gets through until an operator acts."""


def status_failure(provider: str, response: httpx2.Response, now: datetime) -> ProviderError:
    """The error for an answer that is none. `now` is aware, for a `retry-after` that is a date."""
    return failure(provider, response.status_code, response.headers, response.content, now)


def failure(provider: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderError:
    """As `status_failure`, of the answer's parts; `headers` in lower case."""
    detail, code = _vendors_words(body)
    said = f"{provider} answered {status}"
    quoted = f"{said} ({detail})" if detail else said
    if status == 402 or code in _UNPAID:
        return ProviderShut(f"{said}: the quota is used up or unpaid", "settle it in the vendor's console")
    if status in (429, 529):
        return ProviderOverloaded(said, "fewer requests are sent for a while", retry_after(headers, now))
    if status in (401, 403):
        return ProviderShut(f"{said}: the key is not accepted", "set a valid one and restart")
    if status == 404:
        return ProviderShut(quoted, f"check [providers.{provider}] model and base_url")
    if status in (408, 409, 499) or status >= 500:
        return ProviderUnavailable(said, "it is tried again", retry_after(headers, now))
    if 300 <= status < 400:
        return ProviderGarbage(f"{said}, a redirect", f"check [providers.{provider}] base_url")
    return ProviderRefused(quoted, "this request is not sent again")


def unreachable(provider: str, error: BaseException) -> ProviderUnavailable:
    """The error for a request that got no answer. Names the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    why = _quoted(str(error)) or type(error).__name__
    return ProviderUnavailable(f"{provider} could not be reached ({why})", "it is tried again")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The vendor's wish in seconds, from `retry-after-ms` or `retry-after` (seconds or a date); never negative."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return _sane(float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    date = parsedate_tz(headers.get("retry-after", ""))
    try:
        return _sane(mktime_tz(date) - now.timestamp()) if date is not None else None
    except (ValueError, OverflowError):
        return None


def _sane(seconds: float) -> float:
    if not seconds < 86_400.0:  # also when it is no number
        return 86_400.0
    return max(0.0, seconds)


def _vendors_words(body: bytes) -> tuple[str, str]:
    """What the vendor wrote and the code it gave, where there are any."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    error: Any = document.get("error") or document.get("detail") if isinstance(document, dict) else None
    if isinstance(error, str):
        return _quoted(error), ""
    if not isinstance(error, dict):
        return "", ""
    message, details = error.get("message"), error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else error.get("code") or error.get("status")
    return _quoted(message) if isinstance(message, str) else "", code if isinstance(code, str) else ""


def _quoted(text: str) -> str:
    return _KEYLIKE.sub("…", " ".join(text.split()))[:LONGEST_DETAIL]
