"""JSON schemas out of the frozen types and their rules, for OpenAPI 3.1."""

from collections.abc import Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from daemon.control.call import plain
from daemon.control.strict import Rule, Rules, json_name

Schema = dict[str, Any]

_PRIMITIVES: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
    NoneType: {"type": "null"},
}


class Schemas:
    """The schemas met so far, by type name, for `components.schemas`."""

    def __init__(self, rules: Mapping[type[Any], Rules]) -> None:
        self._rules = rules
        self.known: dict[str, Schema] = {}

    def of(self, hint: Any) -> Schema:
        """The schema of a type; frozen types become references."""
        if hint in _PRIMITIVES:
            return dict(_PRIMITIVES[hint])
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return _either([self.of(arg) for arg in args])
        if origin is Literal:
            return {"type": "string", "enum": list(args)}
        if origin is tuple:
            return {"type": "array", "items": self.of(args[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        assert attrs.has(hint), hint
        return self._reference(hint)

    def _reference(self, kind: type[Any]) -> Schema:
        name = kind.__name__
        if name not in self.known:
            self.known[name] = {}
            self.known[name] = self._object(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: type[Any]) -> Schema:
        hints = get_type_hints(kind)
        required = [json_name(one) for one in attrs.fields(kind) if one.default is attrs.NOTHING]
        schema: Schema = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {json_name(one): self.of_field(kind, one, hints[one.name]) for one in attrs.fields(kind)},
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def of_field(self, kind: type[Any], one: "attrs.Attribute[Any]", hint: Any) -> Schema:
        """The schema of one field with its rule and default."""
        rules = self._rules.get(kind, {})
        schema = ruled(self.of(hint), rules.get(one.name), rules.get(f"{one.name}[]"))
        default = one.default
        if default is not attrs.NOTHING and not isinstance(default, attrs.Factory) and default is not None:  # type: ignore[arg-type]
            shown = plain(default)
            if not isinstance(shown, dict):
                schema["default"] = shown
        return schema


def _either(schemas: list[Schema]) -> Schema:
    simple = [schema for schema in schemas if set(schema) <= {"type", "format"} and isinstance(schema.get("type"), str)]
    if len(simple) == len(schemas):
        merged: Schema = {"type": [schema["type"] for schema in schemas]}
        for schema in schemas:
            merged.update({key: value for key, value in schema.items() if key != "type"})
        return merged
    return {"anyOf": schemas}


def ruled(schema: Schema, rule: Rule | None, item: Rule | None = None) -> Schema:
    """The schema with what its rules say."""
    if item is not None and "items" in schema:
        schema = {**schema, "items": ruled(schema["items"], item)}
    if rule is None:
        return schema
    kinds = schema.get("type", ())
    sized = "Items" if "array" in kinds else "Properties" if kinds == "object" else "Length"
    added = {
        "minimum": _whole(rule.least),
        "maximum": _whole(rule.most),
        f"min{sized}": rule.shortest,
        f"max{sized}": rule.longest,
        "pattern": rule.pattern or None,
        "enum": list(rule.one_of) or None,
        "description": rule.describe or None,
        "examples": None if rule.example is None else [rule.example],
    }
    return {**schema, **{name: value for name, value in added.items() if value is not None}}


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and float(value).is_integer() else value
