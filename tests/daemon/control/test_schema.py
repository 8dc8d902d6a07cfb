from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from daemon.control.schema import Schemas, ruled
from daemon.control.strict import Rule


@frozen(kw_only=True)
class Inner:
    """Inside."""

    n: int


@frozen(kw_only=True)
class Shape:
    """A shape."""

    name: str
    maybe: int | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    words: dict[str, str] = field(factory=dict)
    kind: Literal["a", "b"] = "a"
    at: datetime | None = None
    odd: str = field(default="x", metadata={"json": "from"})
    any: Any = None


def test_types_become_schemas() -> None:
    schemas = Schemas({Shape: {"name": Rule(shortest=1, longest=9, pattern="^a", describe="words", example="ab")}})
    assert schemas.of(Shape) == {"$ref": "#/components/schemas/Shape"}
    assert schemas.known["Inner"]["required"] == ["n"]
    shape = schemas.known["Shape"]
    assert shape["required"] == ["name"]
    assert shape["description"] == "A shape."
    assert shape["properties"] == {
        "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": 9,
            "pattern": "^a",
            "description": "words",
            "examples": ["ab"],
        },
        "maybe": {"type": ["integer", "null"]},
        "inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
        "many": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}, "default": []},
        "words": {"type": "object", "additionalProperties": {"type": "string"}},
        "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "from": {"type": "string", "default": "x"},
        "any": {},
    }


def test_rules_of_items_and_numbers() -> None:
    schema = ruled({"type": "array", "items": {"type": "string"}}, Rule(longest=3), Rule(one_of=("x",)))
    assert schema == {"type": "array", "items": {"type": "string", "enum": ["x"]}, "maxItems": 3}
    assert ruled({"type": "number"}, Rule(least=0, most=1.5)) == {"type": "number", "minimum": 0, "maximum": 1.5}
    assert ruled({"type": "object"}, Rule(longest=7)) == {"type": "object", "maxProperties": 7}
