"""The wire formats of Anthropic Messages and OpenAI chat completions, from the vendors' side. No I/O."""

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import orjson
from attrs import define, field

from daemon.emulator.brain import Seen, Thought

REMEMBERED: Final = 4096
"""Prompt prefixes kept for cache figures, the oldest forgotten first."""


class BadRequest(Exception):
    """The request would be refused by the vendor: what it would say."""


@define
class PrefixCache:
    """Which prompt prefixes were seen, so that usage has the cached figures a vendor would give."""

    _seen: OrderedDict[int, None] = field(factory=OrderedDict)

    def knew(self, prefix: bytes) -> bool:
        """Whether this prefix was sent before; from now on it was."""
        key = hash(prefix)
        known = key in self._seen
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known


def tokens(text: bytes) -> int:
    """About what a tokenizer would count; the same for the same text."""
    return (len(text) + 3) // 4


def _demand(fits: bool, what: str) -> None:
    if not fits:
        raise BadRequest(what)


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _check_picture(media_type: str, data: str) -> None:
    """As the vendors do: base64 of a picture of the type that is named."""
    try:
        head = b64decode(data, validate=True)[:12]
    except ValueError:
        raise BadRequest("image: the data is not base64") from None
    magic = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG"}.get(media_type)
    _demand(magic is not None and head.startswith(magic), f"image: the data is no {media_type}")


# Anthropic


def read_messages(body: Mapping[str, Any]) -> Seen:
    """What a Messages request says. Raises `BadRequest` for what the vendor refuses."""
    for name in ("model", "max_tokens", "messages"):
        _demand(name in body, f"{name}: Field required")
    messages = body["messages"]
    _demand(bool(messages) and messages[0]["role"] == "user", "messages: first message must use the user role")
    said = ""
    results: list[str] = []
    awaited: set[str] = set()
    for index, message in enumerate(messages):
        _demand(index == 0 or message["role"] != messages[index - 1]["role"], "messages: roles must alternate")
        content = message["content"]
        blocks: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        _demand(bool(blocks), f"messages.{index}: content must not be empty")
        answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        _demand(answered == awaited, f"messages.{index}: tool_use ids {awaited} were answered by {answered}")
        awaited = {block["id"] for block in blocks if block["type"] == "tool_use"}
        for block in blocks:
            if block["type"] == "text":
                _demand(bool(block["text"].strip()), f"messages.{index}: text content blocks must be non-empty")
                if message["role"] == "user":
                    said, results = block["text"], []
            elif block["type"] == "image":
                source = block["source"]
                _demand(message["role"] == "user", f"messages.{index}: images are the user's")
                _demand(source["type"] == "base64", f"messages.{index}: source: unknown type")
                _check_picture(source["media_type"], source["data"])
            elif block["type"] == "tool_use":
                _demand(isinstance(block["input"], dict), f"messages.{index}: input should be an object")
            elif block["type"] == "tool_result":
                results.append(block["content"])
    _demand(messages[-1]["role"] == "user", "messages: the last message must use the user role")
    system = body.get("system", [])
    marked = [part for part in [*system, *body.get("tools", ())] if isinstance(part, dict) and "cache_control" in part]
    _demand(len(marked) <= 4, "a maximum of 4 blocks with cache_control may be provided")
    _demand(
        all(part["text"] for part in system if isinstance(part, dict)),
        "system: text blocks must be non-empty",
    )
    offered = tuple((tool["name"], tool["input_schema"]) for tool in body.get("tools", ()))
    return Seen(said=said, results=tuple(results), tools=offered)


def write_message(number: int, body: Mapping[str, Any], thought: Thought, cache: PrefixCache) -> dict[str, Any]:
    """The vendor's `message` object with its usage."""
    content: list[dict[str, Any]] = [{"type": "text", "text": thought.text}] if thought.text else []
    for index, call in enumerate(thought.calls):
        content.append(
            {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": call.name, "input": call.arguments}
        )
    system = body.get("system", [])
    marked = [index for index, block in enumerate(system) if isinstance(block, dict) and "cache_control" in block]
    stable = orjson.dumps([body.get("tools", []), system[: marked[-1] + 1]]) if marked else b""
    known = bool(stable) and cache.knew(str(body["model"]).encode() + stable)
    whole = tokens(orjson.dumps([body.get("tools", []), system, body["messages"]]))
    stops = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens", "refusal": "refusal"}
    return {
        "id": f"msg_{number:024d}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": stops[thought.stop],
        "stop_sequence": None,
        "usage": {
            "input_tokens": max(1, whole - tokens(stable)),
            "output_tokens": max(1, tokens(orjson.dumps(content))),
            "cache_creation_input_tokens": 0 if known else tokens(stable),
            "cache_read_input_tokens": tokens(stable) if known else 0,
        },
    }


def anthropic_error(status: int, what: str) -> dict[str, Any]:
    """The vendor's error document for a status."""
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    return {
        "type": "error",
        "error": {"type": kinds.get(status, "api_error"), "message": what},
        "request_id": "req_1",
    }


# OpenAI


def read_completion(body: Mapping[str, Any]) -> Seen:
    """What a chat completions request says. Raises `BadRequest` for what the vendor refuses."""
    for name in ("model", "messages"):
        _demand(name in body, f"Missing required parameter: '{name}'.")
    said = ""
    results: list[str] = []
    awaited: set[str] = set()
    for index, message in enumerate(body["messages"]):
        role = message["role"]
        _demand(role in ("system", "developer", "user", "assistant", "tool"), f"messages[{index}].role: {role!r}")
        if role == "tool":
            _demand(
                message["tool_call_id"] in awaited,
                f"messages[{index}]: answers a tool call that was not made",
            )
            awaited.discard(message["tool_call_id"])
            results.append(message["content"])
            continue
        _demand(not awaited, f"messages[{index}]: tool calls {awaited} were not answered")
        if role == "user":
            said, results = _completion_text(message["content"]), []
        elif role == "assistant":
            calls = message.get("tool_calls", ())
            _demand("tool_calls" not in message or bool(calls), f"messages[{index}].tool_calls: empty array")
            _demand(bool(calls) or isinstance(message["content"], str), f"messages[{index}].content: null")
            _demand(
                all(isinstance(call["function"]["arguments"], str) for call in calls),
                "arguments: not a string",
            )
            awaited = {call["id"] for call in calls}
    _demand(not awaited, f"messages: tool calls {awaited} were not answered")
    offered = tuple((tool["function"]["name"], tool["function"]["parameters"]) for tool in body.get("tools", ()))
    return Seen(said=said, results=tuple(results), tools=offered)


def _completion_text(content: Any) -> str:
    """What a user message says, of one text or of parts."""
    if isinstance(content, str):
        return content
    texts = []
    for part in content:
        if part["type"] == "image_url":
            kind, _, data = part["image_url"]["url"].removeprefix("data:").partition(";base64,")
            _check_picture(kind, data)
        else:
            texts.append(part["text"])
    return "\n".join(texts)


def write_completion(number: int, body: Mapping[str, Any], thought: Thought, cache: PrefixCache) -> dict[str, Any]:
    """The vendor's `chat.completion` object with its usage."""
    message: dict[str, Any] = {"role": "assistant", "content": thought.text or None, "refusal": None}
    if thought.stop == "refusal":
        message["refusal"] = "I can't help with that."
    if thought.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call.arguments)},
            }
            for index, call in enumerate(thought.calls)
        ]
    stable = orjson.dumps([body.get("tools", []), body["messages"][0]])
    cached = tokens(stable) if cache.knew(str(body["model"]).encode() + stable) else 0
    prompt = tokens(orjson.dumps([body.get("tools", []), body["messages"]]))
    output = max(1, tokens(orjson.dumps(message)))
    stops = {"end": "stop", "tools": "tool_calls", "length": "length", "refusal": "stop"}
    return {
        "id": f"chatcmpl-{number:024d}",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": stops[thought.stop]}],
        "usage": {
            "prompt_tokens": max(prompt, cached + 1),
            "completion_tokens": output,
            "total_tokens": max(prompt, cached + 1) + output,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_emulator",
    }


def openai_error(status: int, what: str, code: str | None = None) -> dict[str, Any]:
    """The vendor's error document for a status."""
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 429: "requests"}
    return {"error": {"message": what, "type": kinds.get(status, "server_error"), "param": None, "code": code}}
