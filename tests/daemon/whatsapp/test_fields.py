from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp import fields

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(anything)
def test_readers_take_anything(value: Any) -> None:
    assert isinstance(fields.record(value), dict)
    assert isinstance(fields.items(value), list)
    assert "\x00" not in fields.text(value)
    fields.text(value).encode()
    fields.identifier(value).encode()
    whole = fields.number(value)
    assert whole is None or -(1 << 63) <= whole < 1 << 63
    assert fields.moment(value, None).tzinfo is UTC
    orjson.dumps(fields.bounded(value))


def test_texts_are_cut() -> None:
    assert len(fields.text("á" * 70_000)) == fields.MAX_TEXT
    assert fields.text("a\x00b\ud83dc") == "abc"
    assert fields.text(5) == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, "5"),
        ("x", "x"),
        (" x ", "x"),
        (True, ""),
        (1 << 70, ""),
        ("a" * 513, ""),
        ("a\x00", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_identifier(value: Any, found: str) -> None:
    assert fields.identifier(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("12", 12), ("-3", -3), ("--3", None), ("1.5", None), (1.5, None), (True, None), ("9" * 19, None), ("٣", None)],
)
def test_number(value: Any, found: int | None) -> None:
    assert fields.number(value) == found


def test_moment() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert fields.moment("1795000000", now) == datetime.fromtimestamp(1795000000, UTC)
    assert fields.moment(1 << 40, None) == fields.UNKNOWN_TIME
    assert fields.moment("x", now) == now


def test_bounded_cuts_lists_keys_and_nesting() -> None:
    assert len(fields.bounded(list(range(500)))) == fields.MAX_ITEMS
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    assert fields.bounded(deep) == [[[[[[None]]]]]]
    assert fields.bounded({"a": "xyz"}, limit=2) == {"a": "xy"}
    assert fields.bounded(object()) is None


def test_picked_leaves_out_what_is_empty() -> None:
    assert fields.picked({"a": "", "b": None, "c": 0, "d": "x"}, "a", "b", "c", "d", "e") == {"c": 0, "d": "x"}


def test_depth_within() -> None:
    assert fields.depth_within("x", 0)
    assert fields.depth_within([], 1)
    assert not fields.depth_within([[]], 1)
    assert fields.depth_within([[], {"a": []}], 3)
    assert not fields.depth_within([[], {"a": []}], 2)
