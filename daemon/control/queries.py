"""The query parameters of the routes, as frozen types. Empty values count as left out."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from daemon.control.strict import BadRequestBody, FieldFault, Rules, json_name, structure

T = TypeVar("T")

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


@frozen(kw_only=True)
class PageQuery:
    """A page of a list."""

    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class NoQuery:
    """No parameters."""


@frozen(kw_only=True)
class ReconcileQuery:
    """Of one tenant, or of all."""

    tenant: str = ""


@frozen(kw_only=True)
class VehicleQuery:
    """A stock search. Lists are separated by commas; all given parameters must match."""

    q: str = ""
    make: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    version: str = ""
    min_year: int | None = None
    max_year: int | None = None
    min_price_centavos: int | None = None
    max_price_centavos: int | None = None
    max_mileage_km: int | None = None
    transmission: tuple[str, ...] = ()
    fuel: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    color: tuple[str, ...] = ()
    doors: int | None = None
    condition: str = ""
    status: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    sort: Literal["relevance", "price", "-price", "year", "-year", "mileage", "updated"] = "relevance"
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class ImportQuery:
    """`replace`: vehicles missing from the document are no longer offered. `merge`: they stay."""

    mode: Literal["replace", "merge"] = "replace"


@frozen(kw_only=True)
class ConversationQuery:
    """Conversations, the most recently active first."""

    state: Literal["", "assistant", "human", "closed"] = ""
    waiting: bool | None = None
    contact: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class MessageQuery:
    """Messages in the order of arrival. `after` takes the id of a message."""

    order: Literal["asc", "desc"] = "asc"
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class ContactQuery:
    """Contacts, oldest first; `alias` finds exactly one phone, user id or sandbox name."""

    alias: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class TableQuery:
    """A list that is also given as CSV (`format=csv`, or `Accept: text/csv`): then whole, not in pages."""

    format: Literal["json", "csv", ""] = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class SandboxQuery:
    """The messages of one sandbox customer."""

    sender: str = field(metadata={"json": "from"})
    order: Literal["asc", "desc"] = "asc"
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class SandboxFileQuery:
    """Who sends a file in the sandbox, and the caption under it."""

    sender: str = field(metadata={"json": "from"})
    text: str = ""


@frozen(kw_only=True)
class UsageQuery:
    """Without `from` the last 30 days; without `to` until now."""

    start: datetime | None = field(default=None, metadata={"json": "from"})
    end: datetime | None = field(default=None, metadata={"json": "to"})
    conversation: str = ""


@frozen(kw_only=True)
class LedgerQuery:
    """Without `from` the last 30 days; without `to` until now. `limit` counts tenants."""

    start: datetime | None = field(default=None, metadata={"json": "from"})
    end: datetime | None = field(default=None, metadata={"json": "to"})
    tenant: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class AuditQuery:
    """Changes, newest first."""

    tenant: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class EventQuery:
    """Events of one tenant, or of all."""

    tenant: str = ""


def read(pairs: Mapping[str, list[str]], kind: type[T], rules: Mapping[type[Any], Rules]) -> T:
    """The query parameters as `kind`. Raises `BadRequestBody` with every fault, `query.` before each path."""
    hints = get_type_hints(kind)
    known = {json_name(one): (one, hints[one.name]) for one in attrs.fields(kind)}  # type: ignore[arg-type]
    faults: list[FieldFault] = []
    values: dict[str, Any] = {}
    for name, given in pairs.items():
        if name not in known:
            faults.append(FieldFault(f"query.{name}", "is not a parameter of this route"))
            continue
        texts = [text for text in given if text]
        if not texts:
            continue
        try:
            values[name] = _value(texts, known[name][1])
        except ValueError as error:
            faults.append(FieldFault(f"query.{name}", str(error)))
    try:
        made = structure(values, kind, rules, "query")
    except BadRequestBody as error:
        bad = {fault.path for fault in faults}
        faults.extend(fault for fault in error.faults if fault.path not in bad)
    if faults:
        raise BadRequestBody(tuple(faults))
    return made


def _value(texts: list[str], hint: Any) -> Any:
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if any(get_origin(kind) is tuple for kind in kinds):
        return [part for text in texts for part in text.split(",") if part.strip()]
    if len(texts) > 1:
        raise ValueError("is given more than once")
    text = texts[0]
    if bool in kinds:
        if text.lower() not in _FLAGS:
            raise ValueError("must be true or false")
        return _FLAGS[text.lower()]
    if int in kinds:
        if not _INTEGER.fullmatch(text):
            raise ValueError("must be a whole number")
        return int(text)
    return text
