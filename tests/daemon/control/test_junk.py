"""Whatever is sent to whichever route: an answer of ours, never a 500."""

import random
import re
from typing import Any

import attrs
import orjson

from daemon.control.call import Route
from daemon.control.routes import ROUTES
from daemon.control.strict import json_name
from tests.support.control import Control

JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 2**63, "", "x", "é" * 50, "a\0b", "a" * 5000, [], {}, [1], {"a": 1}, "auto-sul", "cloud",
    "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "America/Sao_Paulo", "https://x.example/",
]  # fmt: skip
NAMES = (
    "id",
    "name",
    "channel",
    "assistant",
    "hours",
    "mon",
    "from",
    "text",
    "kind",
    "role",
    "minutes",
    "make",
    "photos",
)
IDS = ("x", "é", "a%2Fb", "%00", "%ff", "'", "..", "%2e%2e%2f")
REQUESTS = 500


def something(rng: random.Random, depth: int = 0) -> Any:
    dice = rng.random()
    if depth < 2 and dice < 0.2:
        return {rng.choice(NAMES): something(rng, depth + 1) for _ in range(3)}
    if depth < 2 and dice < 0.3:
        return [something(rng, depth + 1) for _ in range(2)]
    return rng.choice(JUNK)


def body(rng: random.Random, route: Route) -> dict[str, Any]:
    if route.body is not None:
        fields = {json_name(one): something(rng) for one in attrs.fields(route.body) if rng.random() < 0.5}
        document = fields if rng.random() < 0.9 else something(rng)
        headers = {"Content-Type": "application/json"}
        if rng.random() < 0.3:
            headers["Idempotency-Key"] = rng.choice("abc")
        return {"content": orjson.dumps(document), "headers": headers}
    if route.uploads:
        content = orjson.dumps(something(rng)) if rng.random() < 0.5 else rng.randbytes(40)
        return {"content": content, "headers": {"Content-Type": rng.choice(route.uploads)}}
    return {}


async def test_junk(desk: Control, rng: random.Random) -> None:
    await desk.add()
    conversation = await desk.say("oi")
    routes = [route for route in ROUTES if route.name not in ("followEvents", "deleteTenant", "eraseContact")]
    statuses: set[int] = set()
    async with desk.client(trusted=True) as api:
        for _ in range(REQUESTS):
            route = rng.choice(routes)
            tenants, ids = ("auto-sul",) * 6 + ("none", "A B", "é"), (conversation, *IDS)
            path = re.sub(r"{(\w)}", lambda m, t=tenants, i=ids: rng.choice(t if m[1] == "t" else i), route.path)
            query = {
                json_name(one): str(rng.choice([*JUNK, "desc", "true", "flex", "merge", "price", "1"]))
                for one in attrs.fields(route.query)
                if rng.random() < 0.4
            }
            answer = await api.request(route.method, path, params=query, **body(rng, route))
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (route.name, path, query, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["detail"]
    assert {200, 404, 422} <= statuses
