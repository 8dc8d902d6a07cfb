"""A vendor's JSON is read without trust."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ProviderGarbage, ProviderRefused
from daemon.providers.answers import Answer, arguments, encoded


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"<html>", b"\xff\xfe", b'{"a": NaN}'])
def test_what_is_no_object(raw: bytes) -> None:
    with pytest.raises(ProviderGarbage, match="openai answered something unusable"):
        Answer.parse("openai", raw)


def test_fields() -> None:
    answer = Answer.parse("openai", b'{"a": "x", "n": null, "o": {"k": 3, "bad": -1}, "l": [{"t": 1}], "m": [1]}')
    assert answer.must("a", str) == "x"
    assert answer.may("n", str) is None
    assert answer.may("missing", str) is None
    assert answer.inner("o").count("k") == 3
    assert answer.inner("missing").count("k") == 0
    assert [inner.fields for inner in answer.each("l")] == [{"t": 1}]
    for wrong in (
        lambda: answer.must("n", str),
        lambda: answer.may("a", int),
        lambda: answer.inner("a"),
        lambda: answer.inner("o").count("bad"),
        lambda: answer.each("a"),
        lambda: answer.each("m"),
    ):
        with pytest.raises(ProviderGarbage):
            wrong()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("{}", {}),
        ("[1]", None),
        ("{", None),
        ("", None),
        ("null", None),
        (None, None),
        ([1], None),
        (3, None),
    ],
)
def test_arguments(raw: Any, expected: dict[str, Any] | None) -> None:
    assert arguments(raw) == expected


@given(st.text())
def test_arguments_never_raise(raw: str) -> None:
    assert arguments(raw) is None or isinstance(arguments(raw), dict)


def test_encoding() -> None:
    assert encoded({"a": "é"}) == '{"a":"é"}'.encode()
    with pytest.raises(ProviderRefused, match="cannot be encoded"):
        encoded({"a": "\ud83d"})
