"""The peer refuses what the vendors refuse; the rest of the formats is in tests/contracts/test_model.py."""

from typing import Any

import pytest

from daemon.emulator.brain import Call, Thought
from daemon.emulator.vendor_wire import (
    BadRequest,
    PrefixCache,
    read_completion,
    read_messages,
    write_completion,
    write_message,
)

USER = {"role": "user", "content": [{"type": "text", "text": "oi"}]}
USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "{}"}]}


def messages(*entries: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": list(entries)} | more


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "messages": [USER]},
        messages(),
        messages(USE),
        messages(USER, USER),
        messages(USER, {"role": "assistant", "content": "oi"}),
        messages(USER, USE, USER),
        messages(USER, USE, RESULT | {"content": [RESULT["content"][0] | {"tool_use_id": "b"}]}),
        messages({"role": "user", "content": [{"type": "text", "text": " "}]}),
        messages({"role": "user", "content": []}),
        messages(USER, {"role": "assistant", "content": [USE["content"][0] | {"input": "x"}]}, RESULT),
        messages(USER, system=[{"type": "text", "text": "x", "cache_control": {}}] * 5),
        messages(USER, system=[{"type": "text", "text": ""}]),
    ],
)
def test_messages_that_anthropic_refuses(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        read_messages(body)


def test_what_the_customer_said_last_and_the_results_since() -> None:
    assert read_messages(messages(USER, USE, RESULT)).results == ("{}",)
    later = read_messages(messages(USER, USE, RESULT, {"role": "assistant", "content": "ok"}, USER))
    assert (later.said, later.results) == ("oi", ())


CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "t", "arguments": "{}"}}],
}


@pytest.mark.parametrize(
    "entries",
    [
        [{"role": "robot", "content": "oi"}],
        [{"role": "user", "content": "oi"}, {"role": "tool", "tool_call_id": "a", "content": "{}"}],
        [CALLED],
        [CALLED, {"role": "user", "content": "oi"}],
        [{"role": "assistant", "content": None}],
        [{"role": "assistant", "content": "x", "tool_calls": []}],
    ],
)
def test_messages_that_openai_refuses(entries: list[Any]) -> None:
    with pytest.raises(BadRequest):
        read_completion({"model": "m", "messages": entries})


def test_usage_adds_up() -> None:
    body = {"model": "m", "messages": [{"role": "system", "content": "x" * 400}, {"role": "user", "content": "oi"}]}
    cache = PrefixCache()
    first, second = (write_completion(n, body, Thought(text="Oi!"), cache)["usage"] for n in (1, 2))
    assert first["prompt_tokens"] == second["prompt_tokens"]
    assert first["total_tokens"] == first["prompt_tokens"] + first["completion_tokens"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert 90 < second["prompt_tokens_details"]["cached_tokens"] < second["prompt_tokens"]


def test_nothing_is_cached_without_a_mark() -> None:
    cache = PrefixCache()
    for _ in range(2):
        usage = write_message(1, messages(USER), Thought(calls=(Call("t", {}),), stop="tools"), cache)["usage"]
        assert usage["cache_read_input_tokens"] == usage["cache_creation_input_tokens"] == 0
