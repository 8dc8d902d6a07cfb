"""`/docs`: the OpenAPI document as one readable page, with nothing from elsewhere."""

from html import escape
from typing import Any, Final

import orjson

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre { font: 0.9em ui-monospace, monospace; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; }
summary { cursor: pointer; padding: 0.5rem 0.75rem; overflow-wrap: anywhere; }
details > div { padding: 0 0.75rem 0.75rem; }
b.method { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--soft); padding: 0.25rem 0.5rem 0.25rem 0; text-align: left; }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: 0.75rem; }
"""


def render(document: dict[str, Any]) -> str:
    """The page."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>{escape(info['title'])} HTTP API</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}",
        "<p>Send <code>Authorization: Bearer srd_…</code>; the admin socket needs none.",
        " The same for machines: <a href='/openapi.json'>openapi.json</a>.",
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts.append(_operation(path, method, operation))
    parts.append("<h2>Schemas</h2>")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(_schema(name, schema))
    return "\n".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(one['name'])}</code>"
        f"<td>{escape(one['in'])}{'' if one.get('required') else ', optional'}"
        f"<td>{escape(_in_words(one['schema']))}<td>{escape(one.get('description', ''))}"
        for one in operation.get("parameters", ())
    )
    table = f"<table><tr><th>parameter<th>where<th>type<th>{parameters}</table>" if parameters else ""
    body = "".join(
        f"<p>Body: <code>{escape(kind)}</code> {_linked(content['schema'])}"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return (
        f"<details id='{escape(operation['operationId'])}'><summary><b class=method>{method.upper()}</b>"
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<div>{table}{body}<table><tr><th>status<th>answer{answers}</table></div></details>"
    )


def _answer(status: str, answer: dict[str, Any]) -> str:
    if "$ref" in answer:
        return f"<tr><td>{escape(status)}<td>problem"
    content = " ".join(
        f"<code>{escape(kind)}</code> {_linked(one['schema'])}" for kind, one in answer.get("content", {}).items()
    )
    return f"<tr><td>{escape(status)}<td>{escape(answer['description'])} {content}"


def _linked(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href='#{escape(name)}'>{escape(name)}</a>"
    items = schema.get("properties", {}).get("items", {}).get("items")
    return f"list of {_linked(items)}" if items else escape(_in_words(schema))


def _in_words(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "")
    words = [" or ".join(kind) if isinstance(kind, list) else str(kind)]
    if "enum" in schema:
        words.append(" | ".join(str(one) or '""' for one in schema["enum"]))
    for key, text in (("minimum", "from"), ("maximum", "to"), ("default", "default"), ("pattern", "matches")):
        if key in schema:
            words.append(f"{text} {schema[key]}")
    return ", ".join(word for word in words if word)


def _schema(name: str, schema: dict[str, Any]) -> str:
    shown = orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode()
    return (
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code> {escape(schema.get('description', ''))}"
        f"</summary><div><pre>{escape(shown)}</pre></div></details>"
    )
