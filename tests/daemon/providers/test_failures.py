"""Which error each answer becomes, and that nothing secret or endless gets into it."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
)
from daemon.providers.failures import LONGEST_DETAIL, ProviderShut, retry_after, status_failure, unreachable

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def failure(status: int, document: Any = None, **headers: str) -> ProviderError:
    raw = json.dumps(document).encode() if document is not None else b"<html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status_failure("openai", httpx2.Response(status, content=raw, headers=named), NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ProviderGarbage),
        (400, ProviderRefused),
        (401, ProviderShut),
        (402, ProviderShut),
        (403, ProviderShut),
        (404, ProviderShut),
        (408, ProviderUnavailable),
        (409, ProviderUnavailable),
        (413, ProviderRefused),
        (422, ProviderRefused),
        (429, ProviderOverloaded),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (529, ProviderOverloaded),
    ],
)
def test_each_status(status: int, kind: type[ProviderError]) -> None:
    error = failure(status)
    assert type(error) is kind
    assert str(status) in str(error)
    assert error.remedy


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}},
        {"error": {"type": "x", "details": {"error_code": "credit_balance_too_low"}, "message": "pay"}},
    ],
)
def test_an_empty_purse_is_not_a_rate_limit(document: Any) -> None:
    assert type(failure(429, document)) is ProviderShut


def test_the_vendors_words_are_quoted_for_a_bad_request() -> None:
    assert "max_tokens: too large" in str(failure(400, {"error": {"message": "max_tokens:\n too large"}}))
    assert "no such model" in str(failure(404, {"error": "no such model"}))


def test_a_key_in_the_vendors_words_is_not_quoted() -> None:
    said = "Incorrect API key provided: sk-proj-abcdef123456. Bearer abcdef123456"
    for status in (400, 401, 404):
        assert "abcdef" not in str(failure(status, {"error": {"message": said}}))


@given(st.sampled_from([400, 404, 422]), st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_whatever_the_error_document_is(status: int, message: Any) -> None:
    for document in (
        {"error": {"message": message, "code": message, "details": message}},
        {"error": message},
        message,
    ):
        error = failure(status, document)
        assert "\n" not in str(error)
        assert len(str(error)) < LONGEST_DETAIL + 150


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "nan"}, 86_400.0),
        ({"retry-after": "inf"}, 86_400.0),
        ({"retry-after": "Sun, 22 Nov 2026 13:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
    ],
)
def test_the_wish_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(st.text())
def test_any_wish_is_a_sane_number_or_none(value: str) -> None:
    seconds = retry_after({"retry-after": value, "retry-after-ms": value}, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


def test_unreachable_names_the_innermost_cause() -> None:
    error = RuntimeError("Connection error.")
    error.__cause__ = OSError(111, "Connection refused")
    assert "Connection refused" in str(unreachable("openai", error))
    assert "TimeoutError" in str(unreachable("openai", TimeoutError()))
