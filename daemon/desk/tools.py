"""What a model may ask for: the tools, the checks on their arguments. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from attrs import frozen

from daemon.desk.brief import BookVisit, CancelVisit, HandOver, SaveLead
from daemon.desk.finance import MONTHS
from daemon.providers.base import ToolCall, ToolSpec
from shards.tenant.profile import DAYS, TenantProfile
from shards.tenant.vehicle import BODIES, CONDITIONS, FUELS, TRANSMISSIONS, StockQuery

MAX_PHOTOS: Final = 4
"""Photos that may be sent in one turn."""

_PAGE: Final = 6


class BadArguments(Exception):
    """A call that cannot be carried out; the message is what the model is told."""


@frozen
class Search:
    """search_stock."""

    query: StockQuery


@frozen
class Details:
    """vehicle_details."""

    ids: tuple[str, ...]


@frozen
class SendPhotos:
    """send_photos: at most `each` of every vehicle."""

    ids: tuple[str, ...]
    each: int


@frozen
class Simulate:
    """simulate_financing."""

    vehicle_id: str
    down_payment_centavos: int
    months: int


Request = Search | Details | SendPhotos | Simulate | BookVisit | CancelVisit | SaveLead | HandOver


def _object(properties: dict[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
_INT: Final = {"type": "integer"}
_IDS: Final = {"type": "array", "items": {"type": "string"}, "maxItems": 4}

_SPECS: Final = (
    ToolSpec(
        "search_stock",
        "Search the dealership's current stock. Omit what the customer did not ask for. `total` in the result "
        "counts all matches. Nothing found: relax one wish and search again, or say so.",
        _object(
            {
                "text": {
                    "type": "string",
                    "description": "free words, e.g. an option or 'carro de família'; not make or model",
                },
                "make": _TEXT,
                "model": _TEXT,
                "version": _TEXT,
                "min_year": _INT,
                "max_year": _INT,
                "min_price_reais": _INT,
                "max_price_reais": _INT,
                "max_mileage_km": _INT,
                "transmission": {"type": "string", "enum": ["manual", "automatic"]},
                "fuel": {"type": "string", "enum": list(FUELS[:-1])},
                "body": {"type": "string", "enum": list(BODIES[:-1])},
                "color": {"type": "string", "description": "in Portuguese"},
                "condition": {"type": "string", "enum": list(CONDITIONS)},
                "sort": {"type": "string", "enum": ["relevance", "price", "-price", "year", "-year", "mileage"]},
            }
        ),
    ),
    ToolSpec(
        "vehicle_details",
        "All facts of up to 4 vehicles by id: options, description, colour, doors, status.",
        _object({"vehicle_ids": _IDS}, ["vehicle_ids"]),
    ),
    ToolSpec(
        "send_photos",
        f"Send photos of up to 4 vehicles after your text, {MAX_PHOTOS} photos in all. For one vehicle the customer"
        " wants to see, or one each of a few.",
        _object(
            {
                "vehicle_ids": _IDS,
                "per_vehicle": {"type": "integer", "minimum": 1, "maximum": MAX_PHOTOS},
            },
            ["vehicle_ids"],
        ),
    ),
    ToolSpec(
        "simulate_financing",
        "Estimate the monthly instalment of one vehicle. Always call it an estimate (simulação), subject to"
        " credit analysis.",
        _object(
            {
                "vehicle_id": _TEXT,
                "down_payment_reais": {"type": "integer", "minimum": 0},
                "months": {"type": "integer", "minimum": MONTHS[0], "maximum": MONTHS[1]},
            },
            ["vehicle_id", "down_payment_reais", "months"],
        ),
    ),
    ToolSpec(
        "book_visit",
        "Record the wish for a visit or test drive; a salesperson confirms it. Give date and time only when the"
        " customer named both, otherwise `wish` in the customer's words.",
        _object(
            {
                "vehicle_id": _TEXT,
                "date": {"type": "string", "description": "YYYY-MM-DD"},
                "time": {"type": "string", "description": "HH:MM, the dealership's time"},
                "wish": _TEXT,
            }
        ),
    ),
    ToolSpec(
        "cancel_visit",
        "Call off a visit, when the customer says they will not come. Not for another time: that is book_visit again.",
        _object({"vehicle_id": {"type": "string", "description": "without it, all of the customer's visits"}}),
    ),
    ToolSpec(
        "save_lead",
        "Record what the customer is after, as soon as it is known: interest, trade-in car, budget.",
        _object(
            {
                "interest": _TEXT,
                "vehicle_id": _TEXT,
                "trade_in": {"type": "string", "description": "the customer's own car"},
                "budget_reais": _INT,
            }
        ),
    ),
    ToolSpec(
        "hand_over",
        "Give the conversation to a salesperson. The result says whether one is there now or when; tell the customer"
        " that in your text.",
        _object(
            {
                "reason": {"type": "string", "description": "for the salesperson, one line"},
                "complaint": {
                    "type": "boolean",
                    "description": "true for a complaint, a legal matter or abuse: you are silent from then on",
                },
            },
            ["reason"],
        ),
    ),
)


def specs(profile: TenantProfile) -> tuple[ToolSpec, ...]:
    """The tools of a tenant: no financing where no rate is set."""
    if profile.assistant.finance_rate_percent_month is not None:
        return _SPECS
    return tuple(spec for spec in _SPECS if spec.name != "simulate_financing")


def read(call: ToolCall, profile: TenantProfile, now: datetime) -> Request:
    """What a call asks for, checked. `now` is aware, in the tenant's zone. Raises `BadArguments`."""
    offered = {spec.name: spec for spec in specs(profile)}
    if call.name not in offered:
        raise BadArguments(f"there is no tool {call.name!r}; the tools are {', '.join(offered)}")
    if call.arguments is None:
        raise BadArguments("the arguments are not a JSON object; send one that fits the tool's schema")
    schema = offered[call.name].parameters
    given = _Given({key: value for key, value in call.arguments.items() if value not in (None, "", [])})
    unknown = sorted(set(given.values) - set(schema["properties"]))
    if unknown:
        raise BadArguments(
            f"unknown argument {', '.join(unknown)}; the arguments are {', '.join(schema['properties'])}"
        )
    for name in schema["required"]:
        if name not in given.values:
            raise BadArguments(f"the argument {name} is missing")
    for name, property_ in schema["properties"].items():
        allowed = property_.get("enum")
        if allowed and name in given.values and given.values[name] not in allowed:
            raise BadArguments(f"{name} must be one of {', '.join(allowed)}")
    if call.name == "book_visit":
        return _visit(given, profile, now)
    return _READERS[call.name](given)


@frozen
class _Given:
    values: Mapping[str, Any]

    def text(self, name: str, limit: int = 300) -> str:
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise BadArguments(f"{name} must be text")
        return " ".join(value.split())[:limit]

    def whole(self, name: str, low: int, high: int) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 12:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadArguments(f"{name} must be a whole number")
        if not low <= value <= high:
            raise BadArguments(f"{name} must be between {low} and {high}")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise BadArguments(f"{name} must be true or false")
        return value

    def centavos(self, name: str) -> int | None:
        value = self.whole(name, 0, 100_000_000)
        return None if value is None else value * 100

    def ids(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise BadArguments(f"{name} must be a list of vehicle ids")
        if len(value) > 4:
            raise BadArguments(f"{name} takes at most 4 ids")
        return tuple(dict.fromkeys(value))


def _search(given: _Given) -> Request:
    def one(name: str) -> tuple[str, ...]:
        value = given.text(name, 80)
        return (value,) if value else ()

    min_year, max_year = given.whole("min_year", 1900, 2100), given.whole("max_year", 1900, 2100)
    low, high = given.centavos("min_price_reais"), given.centavos("max_price_reais")
    if min_year is not None and max_year is not None and min_year > max_year:
        raise BadArguments("min_year is above max_year")
    if low is not None and high is not None and low > high:
        raise BadArguments("min_price_reais is above max_price_reais")
    gearbox = given.text("transmission")
    automatic = tuple(kind for kind in TRANSMISSIONS if kind not in ("manual", "other"))
    return Search(
        StockQuery(
            text=given.text("text", 200),
            makes=one("make"),
            models=one("model"),
            version=given.text("version", 80),
            min_year=min_year,
            max_year=max_year,
            min_price_centavos=low,
            max_price_centavos=high,
            max_mileage_km=given.whole("max_mileage_km", 0, 2_000_000),
            transmissions=automatic if gearbox == "automatic" else (gearbox,) if gearbox else (),
            fuels=one("fuel"),
            bodies=one("body"),
            colors=one("color"),
            condition=given.text("condition"),
            sort=given.text("sort") or "relevance",
            limit=_PAGE,
        )
    )


def _details(given: _Given) -> Request:
    return Details(given.ids("vehicle_ids"))


def _photos(given: _Given) -> Request:
    ids = given.ids("vehicle_ids")
    each = given.whole("per_vehicle", 1, MAX_PHOTOS)
    return SendPhotos(ids, each or max(1, MAX_PHOTOS // len(ids)))


def _simulate(given: _Given) -> Request:
    down = given.centavos("down_payment_reais")
    months = given.whole("months", *MONTHS)
    assert down is not None and months is not None  # noqa: PT018 - both are required by the schema
    return Simulate(given.text("vehicle_id"), down, months)


def _lead(given: _Given) -> Request:
    if not given.values:
        raise BadArguments("save_lead needs at least one of interest, vehicle_id, trade_in, budget_reais")
    return SaveLead(
        interest=given.text("interest"),
        vehicle_id=given.text("vehicle_id") or None,
        trade_in=given.text("trade_in"),
        budget_centavos=given.centavos("budget_reais"),
    )


def _cancel(given: _Given) -> CancelVisit:
    return CancelVisit(vehicle_id=given.text("vehicle_id") or None)


def _hand_over(given: _Given) -> Request:
    return HandOver(given.text("reason"), always=given.flag("complaint"))


_READERS: Final[dict[str, Callable[[_Given], Request]]] = {
    "search_stock": _search,
    "vehicle_details": _details,
    "send_photos": _photos,
    "simulate_financing": _simulate,
    "save_lead": _lead,
    "hand_over": _hand_over,
    "cancel_visit": _cancel,
}


def _visit(given: _Given, profile: TenantProfile, now: datetime) -> BookVisit:
    day, hour, wish = given.text("date"), given.text("time"), given.text("wish")
    vehicle_id = given.text("vehicle_id") or None
    if not (day and hour):
        if not (wish or day or hour):
            raise BadArguments("book_visit needs date and time, or the wish in the customer's words")
        return BookVisit(vehicle_id=vehicle_id, wish=wish or " ".join(filter(None, (day, hour))))
    try:
        starts_at = datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), tzinfo=now.tzinfo)
    except ValueError:
        raise BadArguments("date must be YYYY-MM-DD and time HH:MM") from None
    if starts_at <= now:
        raise BadArguments(f"that time is over; it is {now:%Y-%m-%d %H:%M} now")
    if (starts_at - now).days > 90:
        raise BadArguments("a visit can be booked at most 90 days ahead")
    hours = profile.assistant.hours
    if hours:
        opening = () if day in profile.assistant.holidays else hours.get(DAYS[starts_at.weekday()], ())
        if not any(span.partition("-")[0] <= f"{starts_at:%H:%M}" < span.partition("-")[2] for span in opening):
            said = ", ".join(opening) or "closed"
            raise BadArguments(f"the dealership is not open then (that day: {said}); ask for another time")
    return BookVisit(vehicle_id=vehicle_id, starts_at=starts_at, wish=wish)
