"""OpenAI's format: what is sent and how an answer is read. The whole way is in tests/contracts/test_model.py."""

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
from daemon.providers.gpt import GptModel, reply, request

PROMPT = Prompt(
    instructions="regras",
    situation="agora",
    entries=(
        UserSaid("oi"),
        ModelSaid("", (ToolCall("t1", "search_stock", {"model": "gol"}), ToolCall("t2", "search_stock", None))),
        ToolAnswered((("t1", "{}", False), ("t2", '{"error":"x"}', True))),
    ),
    tools=(ToolSpec("search_stock", "Search.", {"type": "object", "properties": {}}),),
    max_output_tokens=300,
)


def answer(document: Any) -> ModelReply:
    return reply(Answer.parse("openai", json.dumps(document).encode()))


def completion(message: Any, finish: Any = "stop", **usage: Any) -> dict[str, Any]:
    return {"model": "gpt", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def call(given: Any = '{"model": "gol"}', **more: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "search_stock", "arguments": given}} | more


def test_the_request() -> None:
    sent = json.loads(request("gpt-5.4-mini", "max_completion_tokens", PROMPT))
    function = {"name": "search_stock", "arguments": '{"model":"gol"}'}
    assert sent == {
        "model": "gpt-5.4-mini",
        "max_completion_tokens": 300,
        "messages": [
            {"role": "system", "content": "regras\n\nagora"},
            {"role": "user", "content": "oi"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": function},
                    {"id": "t2", "type": "function", "function": function | {"arguments": "{}"}},
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "{}"},
            {"role": "tool", "tool_call_id": "t2", "content": '{"error":"x"}'},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "search_stock",
                    "description": "Search.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "tool_choice": "auto",
    }


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("", "max_completion_tokens"),
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("http://127.0.0.1:1/v1", "max_tokens"),
    ],
)
async def test_the_name_of_the_limit(base_url: str, name: str) -> None:
    model = GptModel(key="k", model="m", base_url=base_url)
    assert model._limit_name == name
    await model.aclose()


@pytest.mark.parametrize(
    ("finish", "message", "expected", "calls"),
    [
        ("stop", {"content": "Oi!"}, "end", 0),
        (None, {"content": "Oi!"}, "end", 0),
        ("tool_calls", {"content": None, "tool_calls": [call()]}, "tools", 1),
        ("stop", {"content": "", "tool_calls": [call()]}, "tools", 1),
        ("tool_calls", {"content": "Oi!", "tool_calls": []}, "end", 0),
        ("length", {"content": "Oi", "tool_calls": [call('{"mod')]}, "length", 0),
        ("content_filter", {"content": None}, "refusal", 0),
        ("stop", {"content": None, "refusal": "I can't help with that."}, "refusal", 0),
    ],
)
def test_how_it_stopped(finish: Any, message: Any, expected: str, calls: int) -> None:
    read = answer(completion(message, finish))
    assert read.stop == expected
    assert len(read.calls) == calls


def test_what_other_servers_do_differently() -> None:
    read = answer(completion({"content": [{"type": "text", "text": "Oi"}, {"type": "text", "text": "!"}]}))
    assert read.text == "Oi!"
    without_id = call({"model": "gol"}, id=None)
    assert answer(completion({"tool_calls": [without_id, without_id]})).calls == (
        ToolCall("call_0", "search_stock", {"model": "gol"}),
        ToolCall("call_1", "search_stock", {"model": "gol"}),
    )
    assert answer({"model": "m", "choices": [{"message": {"content": "Oi!"}}]}).tokens == Tokens()


def test_input_tokens_are_without_the_cached_ones() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    assert answer(completion({"content": "Oi!"}, **usage)).tokens == Tokens(input=36, output=7, cache_read=64)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"model": "m", "choices": []},
        {"model": "m", "choices": [{}]},
        {"model": "m", "choices": [{"message": "Oi!"}]},
        {"model": "m", "choices": [{"message": {"content": 3}}]},
        {"choices": [{"message": {"content": "Oi!"}}]},
        completion({"tool_calls": ["x"]}),
        completion({"tool_calls": [{"id": "x"}]}),
        completion({"tool_calls": [{"id": "x", "function": {"arguments": "{}"}}]}),
        completion({"content": "Oi!"}, prompt_tokens=-1),
    ],
)
def test_garbage(document: Any) -> None:
    with pytest.raises(ProviderGarbage):
        answer(document)


NAMES = st.sampled_from(
    ["content", "text", "message", "choices", "function", "name", "arguments", "tool_calls", "model"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
)


@given(JSON)
def test_whatever_comes_is_read_or_garbage(message: Any) -> None:
    try:
        read = answer(completion(message))
    except ProviderGarbage:
        return
    assert isinstance(read.text, str)
    assert bool(read.calls) == (read.stop == "tools")


def test_pictures_come_before_the_text() -> None:
    entries = (UserSaid("o meu", (b"\xff\xd8\xff1",)),)
    seen = json.loads(request("gpt", "max_tokens", Prompt(instructions="", situation="", entries=entries, tools=())))
    url = {"url": "data:image/jpeg;base64,/9j/MQ==", "detail": "high"}
    assert seen["messages"] == [
        {"role": "user", "content": [{"type": "image_url", "image_url": url}, {"type": "text", "text": "o meu"}]}
    ]
