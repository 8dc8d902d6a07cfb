"""`/openapi.json`: OpenAPI 3.1, generated from the route table."""

import re
from collections.abc import Iterable
from typing import Any, Final, get_type_hints

import attrs

from daemon import __version__
from daemon.control.call import JSON, Route
from daemon.control.problems import PROBLEM, TITLES
from daemon.control.queries import NoQuery
from daemon.control.rules import RULES, TENANT_ID_PATTERN
from daemon.control.schema import Schemas
from daemon.control.strict import json_name

Document = dict[str, Any]

TAGS: Final = {
    "tenants": "Dealerships: adding, changing, suspending.",
    "tasks": "The living nursery tree.",
    "stock": "Vehicles.",
    "conversations": "Threads with customers, and their messages.",
    "contacts": "Customers, their export and erasure (LGPD).",
    "leads": "What customers are after, and their visits.",
    "sandbox": "Talking to the assistant without WhatsApp.",
    "events": "What happens, as it happens.",
    "usage": "What was consumed.",
    "billing": "Plans, subscriptions, prices, invoices, payments and reports.",
    "operators": "Tokens and the audit.",
    "backups": "Copies, backup sets, restoring and adopting.",
    "vital": "For the proxy, the service manager and Prometheus.",
}
_PARAMETERS: Final = {
    "t": ("the tenant's id", {"type": "string", "pattern": TENANT_ID_PATTERN}),
    "v": ("the vehicle's id", {"type": "string", "minLength": 1, "maxLength": 128}),
    "c": ("the id in the list", {"type": "string", "minLength": 1, "maxLength": 64}),
    "m": ("SHA-256 of the file, hex", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "b": ("the backup's id", {"type": "string", "minLength": 1, "maxLength": 100}),
    "i": ("the invoice's id", {"type": "string", "minLength": 1, "maxLength": 64}),
    "k": ("the token's id", {"type": "string", "minLength": 1, "maxLength": 64}),
}
_PROBLEM_SCHEMA: Final[Document] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "id": {"type": "string", "description": "finds the error in the log (status 500)"},
    },
}


def document(routes: Iterable[Route], public_url: str = "") -> Document:
    """The whole description."""
    schemas = Schemas(RULES)
    paths: dict[str, Document] = _vital()
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "showroomd",
            "version": __version__,
            "description": "The control API of showroomd. Money is in centavos, times are RFC 3339 in UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {**schemas.known, "Problem": _PROBLEM_SCHEMA},
            "responses": {str(status): _problem(title) for status, title in TITLES.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`srd_<id>_<secret>`; the admin socket needs none.",
                }
            },
        },
    }


def _problem(title: str) -> Document:
    return {"description": title, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _operation(route: Route, schemas: Schemas) -> Document:
    operation: Document = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route, schemas), *_headers(route)],
        "responses": {
            str(route.status): _success(route, schemas),
            **({"201": _success(route, schemas)} if route.uploads == () and route.method == "PUT" else {}),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _failures(route)},
        },
    }
    if route.body is not None:
        kind = "application/merge-patch+json" if route.method == "PATCH" else JSON
        content = {JSON: {"schema": schemas.of(route.body)}}
        if kind != JSON:
            content = {name: {"schema": {"type": "object"}} for name in (JSON, kind)}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    elif route.uploads:
        operation["requestBody"] = {
            "required": True,
            "content": {name: {"schema": _upload_schema(name)} for name in route.uploads},
        }
    return operation


def _upload_schema(kind: str) -> Document:
    if kind == JSON:
        row = {"type": "object", "description": "a vehicle, or a row of any supported feed"}
        return {"anyOf": [{"type": "array", "items": row}, {"type": "object"}]}
    return {"type": "string"}


def _path_parameters(path: str) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name][0],
            "schema": _PARAMETERS[name][1],
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(route: Route, schemas: Schemas) -> list[Document]:
    hints = get_type_hints(route.query)
    found = []
    for one in attrs.fields(route.query):
        schema = schemas.of_field(route.query, one, hints[one.name])
        parameter: Document = {
            "name": json_name(one),
            "in": "query",
            "required": one.default is attrs.NOTHING,
            "schema": schema,
        }
        if "array" in schema.get("type", ()):
            parameter |= {"style": "form", "explode": False}
            schema.pop("default", None)
        elif isinstance(schema.get("type"), list):
            schema["type"] = next(kind for kind in schema["type"] if kind != "null")
        if description := schema.pop("description", ""):
            parameter["description"] = description
        found.append(parameter)
    return found


def _headers(route: Route) -> list[Document]:
    text = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"}
    if route.method == "POST":
        description = "a repeat within 24 hours gets the same answer, once carried out"
        return [{"name": "Idempotency-Key", "in": "header", "description": description, "schema": text}]
    if route.only == "text/event-stream":
        return [{"name": "Last-Event-ID", "in": "header", "description": "go on after it", "schema": text}]
    return []


def _success(route: Route, schemas: Schemas) -> Document:
    done = {"description": "Done."}
    if route.only:
        return {**done, "content": {route.only: {"schema": {"type": "string"}}}}
    if route.answer is None:
        return done
    schema = schemas.of(route.answer)
    if route.listed:
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"], "description": "for `after`; null: this was the last page"},
            },
        }
    content = {JSON: {"schema": schema}, **{kind: {"schema": {"type": "string"}} for kind in route.also}}
    headers = {}
    if route.method == "POST":
        headers = {
            "Idempotency-Replayed": {
                "description": "`true` on a repeat",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    return {**done, "content": content, **({"headers": headers} if headers else {})}


def _failures(route: Route) -> list[int]:
    statuses = {401, 403, 422, 500, 503}
    if "{" in route.path:
        statuses.add(404)
    if route.body is not None or route.uploads:
        statuses |= {400, 408, 413, 415}
    if route.conflicts or route.method == "POST":
        statuses.add(409)
    if route.query is NoQuery and route.method == "GET" and "{" not in route.path:
        statuses.discard(422)
    return sorted(statuses)


def _vital() -> dict[str, Document]:
    def get(name: str, summary: str, kind: str, *, free: bool, failures: dict[str, Document]) -> Document:
        ok = {"description": "Done.", "content": {kind: {"schema": {} if kind == JSON else {"type": "string"}}}}
        operation: Document = {
            "operationId": name,
            "tags": ["vital"],
            "summary": summary,
            "responses": {"200": ok, **failures},
        }
        return {**operation, "security": []} if free else operation

    denied = {status: {"$ref": f"#/components/responses/{status}"} for status in ("401", "403", "503")}
    unready = {"503": {"description": "Not ready, with the reasons.", "content": {JSON: {"schema": {}}}}}
    refused = {"403": {"description": "Refused."}}
    return {
        "/healthz": {"get": get("health", "The loop turns.", JSON, free=True, failures={})},
        "/readyz": {"get": get("ready", "Every tenant was tried, or why not.", JSON, free=True, failures=unready)},
        "/metrics": {"get": get("metrics", "Prometheus text.", "text/plain", free=False, failures=denied)},
        "/webhooks/whatsapp": {
            "get": get("verifyWebhook", "Meta's verification.", "text/plain", free=True, failures=refused),
            "post": {
                "operationId": "receiveWebhook",
                "tags": ["vital"],
                "summary": "Meta's deliveries, signed with the app's secret.",
                "security": [],
                "requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}},
                "responses": {
                    "200": {"description": "Stored."},
                    "403": {"description": "The signature is wrong."},
                    "413": {"description": "Larger than 4 MiB."},
                    "503": {"description": "Could not be stored: send it again."},
                },
            },
        },
        "/webhooks/asaas": {
            "post": {
                "operationId": "receiveAsaas",
                "tags": ["vital"],
                "summary": "Asaas' notices of payments, with our token in the header `asaas-access-token`.",
                "security": [],
                "requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}},
                "responses": {
                    "200": {"description": "Taken over, now or before."},
                    "400": {"description": "No notice of Asaas."},
                    "401": {"description": "The token is wrong, or none is set."},
                    "413": {"description": "Larger than 256 KiB."},
                    "503": {"description": "Could not be stored: send it again."},
                },
            },
        },
    }
