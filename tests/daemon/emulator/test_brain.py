"""The scripted mind searches once and says only what the tool returned."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.tools import specs
from daemon.emulator.brain import Seen, answer, think, wishes
from shards.tenant.profile import TenantProfile

TOOLS = tuple((spec.name, spec.parameters) for spec in specs(TenantProfile(id="auto-sul", name="Auto Sul")))
SCHEMA = dict(TOOLS)["search_stock"]
VEHICLE = {"id": "v1", "name": "VW Gol 1.0", "year": "2019", "price": "R$ 49.900", "mileage": "61.000 km"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("tem civic?", {"model": "civic"}),
        ("tem SUV automático até 100 mil?", {"body": "suv", "transmission": "automatic", "max_price_reais": 100_000}),
        ("sedã até R$ 90.000,00", {"body": "sedan", "max_price_reais": 90_000}),
        ("gol 2015 até 45k", {"model": "gol", "max_price_reais": 45_000}),
        ("aceita meu carro na troca?", {}),
        ("", {}),
    ],
)
def test_wishes(said: str, expected: dict[str, Any]) -> None:
    assert wishes(said, SCHEMA) == expected


def test_wishes_keep_to_the_schema() -> None:
    assert wishes("civic suv automático até 90 mil", {"properties": {"body": {"enum": ["sedan"]}}}) == {}


@given(st.text())
def test_any_text_gives_arguments_of_the_schema(said: str) -> None:
    assert set(wishes(said, SCHEMA)) <= set(SCHEMA["properties"])


def test_searches_once_then_answers_from_the_result() -> None:
    first = think(Seen(said="tem gol?", results=(), tools=TOOLS), None)
    assert [(call.name, call.arguments) for call in first.calls] == [("search_stock", {"model": "gol"})]
    result = json.dumps({"total": 1, "vehicles": [VEHICLE]})
    second = think(Seen(said="tem gol?", results=(result,), tools=TOOLS), None)
    assert second.text == "Temos o VW Gol 1.0 2019 por R$ 49.900, com 61.000 km. Quer que eu te mande as fotos?"
    assert second.calls == ()


@pytest.mark.parametrize(
    "result", ["", "{", "[]", '{"vehicles": []}', '{"vehicles": ["x", {"id": 1}]}', '{"error": "unknown argument"}']
)
def test_nothing_usable_is_said_so(result: str) -> None:
    assert "não encontrei" in answer((result,))


def test_a_vehicle_without_price_is_passed_over() -> None:
    unpriced = VEHICLE | {"price": "not in stock data; do not guess"}
    assert "R$" not in answer((json.dumps({"vehicles": [unpriced]}),))
    assert "R$ 49.900" in answer((json.dumps({"vehicles": [unpriced, VEHICLE]}),))


@pytest.mark.parametrize(
    ("fault", "stop", "calls"),
    [
        ("refusal", "refusal", 0),
        ("length", "length", 0),
        ("empty", "end", 0),
        ("bad_arguments", "tools", 1),
        ("unknown_tool", "tools", 1),
        ("tool_loop", "tools", 1),
        ("invented_price", "end", 0),
    ],
)
def test_faults_of_the_mind(fault: str, stop: str, calls: int) -> None:
    thought = think(Seen(said="tem gol?", results=(), tools=TOOLS), fault)
    assert (thought.stop, len(thought.calls)) == (stop, calls)
