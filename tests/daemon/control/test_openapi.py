import re
from pathlib import Path
from typing import Any

import pytest

from daemon.control.openapi import TAGS, document
from daemon.control.routes import ROUTES
from tests.support.control import Control

DOCUMENT = document(ROUTES)


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_route_is_described_with_its_failures() -> None:
    ids = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert operation["summary"].endswith(".")
        assert {"401", "403", "500", "503", str(route.status)} <= set(operation["responses"])
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", route.path))
        assert ("requestBody" in operation) == bool(route.body or route.uploads)
        assert operation["tags"][0] in TAGS


def test_the_rules_are_shown() -> None:
    tenant = DOCUMENT["components"]["schemas"]["TenantIn"]
    assert tenant["required"] == ["id", "name"]
    assert tenant["properties"]["id"]["pattern"] == "^[a-z0-9][a-z0-9-]{1,62}$"
    assert tenant["additionalProperties"] is False
    parameters = {one["name"]: one for one in DOCUMENT["paths"]["/v1/tenants/{t}/vehicles"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
    assert parameters["fuel"]["schema"]["items"]["enum"][0] == "flex"


async def test_it_is_served(desk: Control) -> None:
    async with desk.client() as api:
        answer = await api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"


def test_a_validator_agrees() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(DOCUMENT)


def test_the_reference_page_has_every_route() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "http.md").read_text("utf-8")
    shown = set(re.findall(r"^### `(\w+) ([^`]+)`", page, re.MULTILINE))
    wanted = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods} | {
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/sandbox"),
    }
    assert shown == wanted
