"""Strict JSON in: every bad field named with its path, every range checked by the table that OpenAPI shows too."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
from attrs import frozen
from cattrs.gen import make_dict_structure_fn, make_mapping_structure_fn, override

T = TypeVar("T")

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_FIRST_YEAR: Final = 1971  # a period of days before it can still be reckoned
_LAST_YEAR: Final = 2199


@frozen
class FieldFault:
    """One thing wrong with a request: `path` as in `assistant.providers[1]`, `query.limit`, `header.…`."""

    path: str
    message: str


class BadRequestBody(Exception):
    """The body, or the query, is not what the route takes."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = faults


@frozen(kw_only=True)
class Rule:
    """What a field may hold, checked here and shown in the OpenAPI schema. Lengths count characters or items."""

    least: float | None = None
    most: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    one_of: tuple[str, ...] = ()
    check: Callable[[Any], str] | None = None  # "" or what is wrong, for what a schema cannot say
    describe: str = ""
    example: Any = None

    def fault(self, value: Any) -> str:
        """What is wrong with `value`, "" if nothing. None is never wrong: whether it may be is the type's matter."""
        if value is None:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number_fault(value)
        if isinstance(value, str | tuple | dict):
            return self._sized_fault(value)
        return self.check(value) if self.check else ""

    def _number_fault(self, value: float) -> str:
        if self.least is not None and value < self.least:
            return f"must be at least {self.least:g}"
        if self.most is not None and value > self.most:
            return f"must be at most {self.most:.15g}"
        return self.check(value) if self.check else ""

    def _sized_fault(self, value: str | tuple[Any, ...] | dict[str, Any]) -> str:
        unit = "characters" if isinstance(value, str) else "items"
        if self.shortest is not None and len(value) < self.shortest:
            return f"must have at least {self.shortest} {unit}" if self.shortest > 1 else "must not be empty"
        if self.longest is not None and len(value) > self.longest:
            return f"must have at most {self.longest} {unit}"
        if isinstance(value, str):
            if self.one_of and value not in self.one_of:
                return f"must be one of {', '.join(self.one_of)}"
            if self.pattern and not re.search(self.pattern, value):
                return f"must match {self.pattern}"
        return self.check(value) if self.check else ""


Rules = Mapping[str, Rule]
"""Rules by field; `providers[]` is for the items of a list."""


def _string(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    if abs(value) > 2**53:
        raise ValueError("is too large a number")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("must be a number")
    return float(value)


def _flag(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def time_of(value: str) -> datetime:
    """An RFC 3339 time, in UTC. Raises `ValueError`."""
    if not _RFC3339.fullmatch(value):
        raise ValueError("must be a time like 2026-01-31T12:00:00Z")
    try:
        time = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("must be a time like 2026-01-31T12:00:00Z") from error
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ValueError(f"must be a time of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return time


def _time(value: Any, _: Any) -> datetime:
    return time_of(_string(value, None))


def json_name(field: "attrs.Attribute[Any]") -> str:
    """The field's name in JSON: `metadata["json"]` where Python has the word for itself (`from`)."""
    name: str = field.metadata.get("json", field.name)
    return name


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_dict(kind: Any) -> bool:
    return get_origin(kind) is dict


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _literal(value: Any, kind: Any) -> Any:
    words = get_args(kind)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"must be one of {', '.join(word for word in words if word)}")
    return value


def make_converter(*, forbid_extra_keys: bool = True) -> cattrs.Converter:
    """A converter that coerces nothing."""
    converter = cattrs.Converter(forbid_extra_keys=forbid_extra_keys, detailed_validation=True)
    for kind, hook in ((str, _string), (int, _integer), (float, _number), (bool, _flag), (datetime, _time)):
        converter.register_structure_hook(kind, hook)

    def attrs_factory(kind: type[Any]) -> Callable[[Any, Any], Any]:
        renamed: dict[str, Any] = {
            field.name: override(rename=field.metadata["json"])
            for field in attrs.fields(kind)
            if "json" in field.metadata
        }
        inner = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=forbid_extra_keys, **renamed)

        def structure(value: Any, to: Any) -> Any:
            if not isinstance(value, dict):
                raise ValueError("must be an object")
            return inner(value, to)

        return structure

    def tuple_factory(kind: Any) -> Callable[[Any, Any], Any]:
        item = get_args(kind)[0]

        def structure(value: Any, _: Any) -> Any:
            if not isinstance(value, list):
                raise ValueError("must be a list")
            return tuple(converter.structure(value, list[item]))  # type: ignore[valid-type]

        return structure

    def dict_factory(kind: Any) -> Callable[[Any, Any], Any]:
        base = make_mapping_structure_fn(kind, converter, detailed_validation=True)

        def structure(value: Any, to: Any) -> Any:
            if not isinstance(value, dict):
                raise ValueError("must be an object")
            return base(value, to)

        return structure

    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_factory(attrs.has, attrs_factory)
    converter.register_structure_hook_factory(_is_tuple, tuple_factory)
    converter.register_structure_hook_factory(_is_dict, dict_factory)
    return converter


_CONVERTER: Final = make_converter()


def structure(value: Any, kind: type[T], rules: Mapping[type[Any], Rules], at: str = "") -> T:
    """A value of `kind` out of parsed JSON. Raises `BadRequestBody` with every fault."""
    try:
        made = _CONVERTER.structure(value, kind)
    except cattrs.BaseValidationError as error:
        raise BadRequestBody(tuple(_faults_of(error, at)) or (FieldFault(at, "is not valid"),)) from error
    except ValueError as error:
        raise BadRequestBody((FieldFault(at, str(error)),)) from error
    faults = tuple(rule_faults(made, rules, at))
    if faults:
        raise BadRequestBody(faults)
    return made


def _faults_of(error: BaseException, at: str) -> Iterator[FieldFault]:
    if isinstance(error, cattrs.BaseValidationError):
        kind = error.cl if attrs.has(error.cl) else None
        for inner in error.exceptions:
            yield from _faults_of(inner, at + _step_of(inner, at, kind))
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        for name in sorted(error.extra_fields):
            yield FieldFault(_join(at, name), "is not a field of this object")
    elif isinstance(error, KeyError):
        yield FieldFault(at, "is required")
    elif isinstance(error, ValueError) and len(error.args) > 2 and isinstance(error.args[1], attrs.Attribute):
        # attrs' own `in_` validators: (message, attribute, options, value)
        yield FieldFault(_join(at, json_name(error.args[1])), f"must be one of {', '.join(error.args[2])}")
    else:
        yield FieldFault(at, str(error) if isinstance(error, ValueError) else "is not valid")


def _step_of(error: BaseException, at: str, kind: type[Any] | None) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            field = attrs.fields_dict(kind).get(note.name) if kind is not None else None
            return _join(at, json_name(field) if field is not None else note.name)[len(at) :]
        if isinstance(note, cattrs.IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}" if at else str(note.index)
    return ""


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def rule_faults(value: Any, rules: Mapping[type[Any], Rules], at: str = "") -> Iterator[FieldFault]:
    """What breaks the rules in a structured value, whatever its depth."""
    if attrs.has(type(value)):
        own = rules.get(type(value), {})
        for field in attrs.fields(type(value)):
            path, held = _join(at, json_name(field)), getattr(value, field.name)
            yield from _checked(own.get(field.name), held, path)
            if (rule := own.get(f"{field.name}[]")) is not None:
                for step, item in _items(held):
                    yield from _checked(rule, item, path + step)
            yield from rule_faults(held, rules, path)
    elif isinstance(value, tuple | dict):
        for step, item in _items(value):
            yield from rule_faults(item, rules, at + step)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f".{key}", item) for key, item in value.items())
    elif isinstance(value, tuple):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))


def _checked(rule: Rule | None, value: Any, path: str) -> Iterator[FieldFault]:
    if rule is not None and (message := rule.fault(value)):
        yield FieldFault(path, message)
