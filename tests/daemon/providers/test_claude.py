"""Anthropic's format: what is sent and how an answer is read. The whole way is in tests/contracts/test_model.py."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ProviderGarbage
from daemon.providers.answers import Answer
from daemon.providers.base import (
    ModelReply,
    ModelSaid,
    Prompt,
    Tokens,
    ToolAnswered,
    ToolCall,
    ToolSpec,
    UserSaid,
)
from daemon.providers.claude import reply, request

PROMPT = Prompt(
    instructions="regras",
    situation="agora",
    entries=(
        UserSaid("oi"),
        ModelSaid("", (ToolCall("t1", "search_stock", None),)),
        ToolAnswered((("t1", '{"error":"x"}', True),)),
    ),
    tools=(ToolSpec("search_stock", "Search.", {"type": "object", "properties": {}}),),
    max_output_tokens=300,
)


def answer(document: Any) -> ModelReply:
    return reply(Answer.parse("anthropic", json.dumps(document).encode()))


def message(*content: Any, stop: Any = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"model": "claude", "content": list(content), "stop_reason": stop, "usage": usage}


SEEN = UserSaid("o meu", (b"\xff\xd8\xff1",))
SAID = {"type": "text", "text": "Oi!"}
CALL = {"type": "tool_use", "id": "t1", "name": "search_stock", "input": {"model": "gol"}}


def test_the_request() -> None:
    assert json.loads(request("claude-haiku-5-5", PROMPT)) == {
        "model": "claude-haiku-5-5",
        "max_tokens": 300,
        "system": [
            {"type": "text", "text": "regras", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "agora"},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "oi"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "search_stock", "input": {}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "content": '{"error":"x"}', "is_error": True}],
            },
        ],
        "tools": [
            {
                "name": "search_stock",
                "description": "Search.",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
        "tool_choice": {"type": "auto"},
    }


@pytest.mark.parametrize(
    ("stop", "content", "expected", "calls"),
    [
        ("end_turn", [SAID], "end", 0),
        ("stop_sequence", [SAID], "end", 0),
        (None, [SAID], "end", 0),
        ("something_new", [SAID], "end", 0),
        ("tool_use", [SAID, CALL], "tools", 1),
        ("end_turn", [CALL], "tools", 1),
        ("tool_use", [SAID], "end", 0),
        ("max_tokens", [SAID, CALL], "length", 0),
        ("model_context_window_exceeded", [SAID], "length", 0),
        ("refusal", [SAID, CALL], "refusal", 0),
    ],
)
def test_how_it_stopped(stop: Any, content: list[Any], expected: str, calls: int) -> None:
    read = answer(message(*content, stop=stop))
    assert read.stop == expected
    assert len(read.calls) == calls


def test_texts_are_joined_and_other_blocks_left_out() -> None:
    assert answer(message(SAID, {"type": "thinking", "thinking": "…"}, SAID)).text == "Oi!Oi!"


def test_tokens_by_kind() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": None,
    }
    assert answer(message(SAID, **usage)).tokens == Tokens(input=1, output=2, cache_read=3, cache_write=0)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"content": "Oi!", "model": "m"},
        {"content": [SAID]},
        {"content": ["Oi!"], "model": "m"},
        {"content": [{"type": "text"}], "model": "m"},
        {"content": [{"text": "Oi!"}], "model": "m"},
        {"content": [{"type": "tool_use", "name": "x", "input": {}}], "model": "m"},
        {"content": [{"type": "tool_use", "id": "x", "input": {}}], "model": "m"},
        {"content": [SAID], "model": "m", "usage": {"input_tokens": "many"}},
        {"content": [SAID], "model": "m", "usage": []},
        {"content": [SAID], "model": "m", "stop_reason": 3},
    ],
)
def test_garbage(document: Any) -> None:
    with pytest.raises(ProviderGarbage):
        answer(document)


NAMES = st.sampled_from(["type", "text", "tool_use", "id", "name", "input", "content", "usage", "model", "stop_reason"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
)


@given(st.dictionaries(NAMES, JSON))
def test_whatever_comes_is_read_or_garbage(document: dict[str, Any]) -> None:
    try:
        read = answer(document)
    except ProviderGarbage:
        return
    assert isinstance(read.text, str)
    assert bool(read.calls) == (read.stop == "tools")


def test_pictures_come_before_the_text() -> None:
    seen = json.loads(request("claude", Prompt(instructions="", situation="", entries=(SEEN,), tools=())))
    source = {"type": "base64", "media_type": "image/jpeg", "data": "/9j/MQ=="}
    assert seen["messages"] == [
        {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "o meu"}]}
    ]
