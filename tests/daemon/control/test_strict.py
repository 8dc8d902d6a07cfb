from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.rules import RULES
from daemon.control.shapes import SandboxIn, TenantIn, VehicleIn
from daemon.control.strict import BadRequestBody, FieldFault, Rule, structure, time_of


@frozen(kw_only=True)
class Inner:
    number: int


@frozen(kw_only=True)
class Outer:
    text: str = "x"
    flag: bool = False
    share: float | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, tuple[str, ...]] = field(factory=dict)
    word: Literal["a", "b"] = "a"
    at: datetime | None = None
    odd: str = field(default="", metadata={"json": "from"})


def paths(value: Any, rules: Any = None) -> list[tuple[str, str]]:
    try:
        structure(value, Outer, rules or {})
    except BadRequestBody as error:
        return [(fault.path, fault.message) for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ({}, []),
        ([], [("", "must be an object")]),
        (None, [("", "must be an object")]),
        ({"text": 1}, [("text", "must be a text")]),
        ({"text": None}, [("text", "must be a text")]),
        ({"text": "a\0"}, [("text", "must not hold a NUL character")]),
        ({"flag": 1}, [("flag", "must be true or false")]),
        ({"share": 1}, []),
        ({"share": True}, [("share", "must be a number")]),
        ({"share": float("nan")}, [("share", "must be a number")]),
        ({"inner": {}}, [("inner.number", "is required")]),
        ({"inner": {"number": 1.0}}, []),
        ({"inner": {"number": 1.5}}, [("inner.number", "must be a whole number")]),
        ({"inner": {"number": 2**60}}, [("inner.number", "is too large a number")]),
        ({"inner": {"number": 1, "x": 2}}, [("inner.x", "is not a field of this object")]),
        ({"many": [{"number": 1}, {"number": "2"}]}, [("many[1].number", "must be a whole number")]),
        ({"many": {"number": 1}}, [("many", "must be a list")]),
        ({"many": "ab"}, [("many", "must be a list")]),
        ({"named": {"mon": "x"}}, [("named.mon", "must be a list")]),
        ({"named": {"mon": [1]}}, [("named.mon[0]", "must be a text")]),
        ({"named": []}, [("named", "must be an object")]),
        ({"word": "c"}, [("word", "must be one of a, b")]),
        ({"word": ["a"]}, [("word", "must be one of a, b")]),
        ({"at": "2026-01-01"}, [("at", "must be a time like 2026-01-31T12:00:00Z")]),
        ({"from": 1}, [("from", "must be a text")]),
        ({"odd": "x"}, [("odd", "is not a field of this object")]),
        ({"text": 1, "flag": 2, "y": 3}, [("text", "must be a text"), ("flag", "must be true or false"),
                                          ("y", "is not a field of this object")]),
    ],
)  # fmt: skip
def test_every_fault_has_its_path(value: Any, faults: list[tuple[str, str]]) -> None:
    assert paths(value) == faults


def test_rules_reach_every_depth() -> None:
    rules = {
        Outer: {
            "text": Rule(shortest=2, longest=3),
            "named": Rule(longest=1),
            "many": Rule(check=lambda many: "too many" if len(many) > 1 else ""),
            "odd": Rule(pattern="^[a-z]+$"),
        },
        Inner: {"number": Rule(least=1, most=10)},
    }
    assert paths({"text": "abcd", "from": "a"}, rules) == [("text", "must have at most 3 characters")]
    assert paths({"text": "a", "from": "A"}, rules) == [
        ("text", "must have at least 2 characters"),
        ("from", "must match ^[a-z]+$"),
    ]
    assert paths({"text": "ab", "from": "a", "many": [{"number": 0}, {"number": 11}]}, rules) == [
        ("many", "too many"),
        ("many[0].number", "must be at least 1"),
        ("many[1].number", "must be at most 10"),
    ]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t09:00:00.5-03:00", datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_times(text: str, time: datetime) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"],
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time"):
        time_of(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
named_values = st.dictionaries(
    st.sampled_from(
        ["id", "name", "channel", "assistant", "stock_feed", "kind", "url", "from", "text", "make", "hours"]
    ),
    json_values,
    max_size=5,
)


@given(value=json_values | named_values, kind=st.sampled_from([TenantIn, VehicleIn, SandboxIn, Outer]))
def test_whatever_comes_is_taken_or_refused(value: Any, kind: type[Any]) -> None:
    faults: tuple[FieldFault, ...] = ()
    made = None
    try:
        made = structure(value, kind, RULES)
    except BadRequestBody as error:
        faults = error.faults
    assert isinstance(made, kind) or faults
    assert all(fault.message for fault in faults)
