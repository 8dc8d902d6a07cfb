"""The mind of a scripted AI vendor: searches the stock once, then answers from what the tool returned."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from shards.text import fold, words

INVENTED_PRICE: Final = "R$ 12.345,00"

_CEILING: Final = re.compile(r"(?:r\$\s*)?(\d{1,3}(?:\.\d{3})+|\d+)(?:,\d{2})?\s*(mil|k)?\b")
_BODIES: Final = {
    "suv": "suv",
    "sedan": "sedan",
    "seda": "sedan",
    "hatch": "hatch",
    "picape": "pickup",
    "pickup": "pickup",
}
_GEARBOXES: Final = {"automatico": "automatic", "automatica": "automatic", "manual": "manual", "cvt": "cvt"}
_MODELS: Final = frozenset(
    {"argo", "civic", "compass", "corolla", "creta", "fiesta", "fox", "gol", "hb20", "hilux", "kicks", "nivus", "onix"}
    | {"palio", "polo", "prisma", "pulse", "renegade", "s10", "sandero", "strada", "toro", "tracker", "uno", "voyage"}
)


@frozen(kw_only=True)
class Seen:
    """What the vendor was sent, whatever its wire format."""

    said: str  # the customer's last text
    results: tuple[str, ...]  # tool results since then
    tools: tuple[tuple[str, Mapping[str, Any]], ...]  # (name, JSON schema) offered


@frozen
class Call:
    """A tool call; `arguments` is sent as it is, even when it is not an object."""

    name: str
    arguments: Any


@frozen(kw_only=True)
class Thought:
    """What the vendor answers. `stop` is end, tools, length or refusal."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    stop: str = "end"


def think(seen: Seen, fault: str | None) -> Thought:
    """The answer to a request, spoilt by `fault` when that is one of the mind's."""
    offered = dict(seen.tools)
    tool = "search_stock" if "search_stock" in offered else next(iter(offered), "search_stock")
    arguments = wishes(seen.said, offered.get(tool, {}))
    match fault:
        case "refusal":
            return Thought(stop="refusal")
        case "length":
            return Thought(text="Temos várias opções no pátio, por exem", stop="length")
        case "empty":
            return Thought()
        case "bad_arguments":
            return Thought(calls=(Call(tool, ["até 90 mil"]),), stop="tools")
        case "unknown_tool":
            return Thought(calls=(Call("open_safe", {"code": 1234}),), stop="tools")
        case "tool_loop":
            return Thought(calls=(Call(tool, arguments),), stop="tools")
        case "invented_price":
            return Thought(text=f"Tenho um Corolla 2021 impecável por {INVENTED_PRICE}, quer ver?")
    if "search_stock" in offered and not seen.results:
        return Thought(calls=(Call("search_stock", arguments),), stop="tools")
    return Thought(text=answer(seen.results))


def wishes(said: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Search arguments for a customer's text, under those names and values that the tool's schema offers."""
    asked = words(said)
    wanted = {
        "model": next((word for word in asked if word in _MODELS), None),
        "body": next((_BODIES[word] for word in asked if word in _BODIES), None),
        "transmission": next((_GEARBOXES[word] for word in asked if word in _GEARBOXES), None),
        "max_price_reais": _ceiling(fold(said)),
    }
    rules = schema.get("properties", {})
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and name in rules and value in rules[name].get("enum", [value])
    }


def _ceiling(folded: str) -> int | None:
    for match in _CEILING.finditer(folded):
        reais = int(match[1].replace(".", "")) * (1000 if match[2] else 1)
        if reais >= 5000:
            return reais
    return None


def answer(results: tuple[str, ...]) -> str:
    """The first vehicle of the tool's results in a sentence that copies its price, year and mileage."""
    for vehicle in _vehicles(results):
        price = vehicle.get("price")
        if isinstance(price, str) and price.startswith("R$"):
            year = f" {vehicle['year']}" if vehicle.get("year") else ""
            mileage = f", com {vehicle['mileage']}" if vehicle.get("mileage") else ""
            return f"Temos o {vehicle['name']}{year} por {price}{mileage}. Quer que eu te mande as fotos?"
    return "No momento não encontrei nada assim no nosso estoque. Quer que eu procure algo parecido?"


def _vehicles(results: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for result in results:
        try:
            document = json.loads(result)
        except json.JSONDecodeError:
            continue
        found = document.get("vehicles", ()) if isinstance(document, dict) else ()
        yield from (vehicle for vehicle in found if isinstance(vehicle, dict) and "name" in vehicle)
