"""OpenAI's chat models behind its SDK, and every server that speaks the same format (Ollama, vLLM …)."""

from base64 import b64encode
from typing import Any, Final

import orjson
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from daemon.clock import Now, utc_now
from daemon.errors import ProviderUnavailable
from daemon.providers.answers import Answer, arguments, encoded, garbage
from daemon.providers.base import (
    Entry,
    ModelReply,
    ModelSaid,
    Prompt,
    Stop,
    Tokens,
    ToolCall,
    ToolSpec,
    UserSaid,
)
from daemon.providers.failures import status_failure, unreachable
from daemon.providers.transport import http_client, prepared

VENDOR_URL: Final = "https://api.openai.com/v1"

_STOPS: Final[dict[str, Stop]] = {"length": "length", "content_filter": "refusal"}


class GptModel:
    """One per process: holds the connections. `aclose` ends it."""

    name = "openai"

    def __init__(
        self,
        *,
        key: str,
        model: str,
        base_url: str = "",
        timeout_seconds: float = 30.0,
        now: Now = utc_now,
    ) -> None:
        self.model = model
        self._now = now
        url = base_url or VENDOR_URL
        # The vendor's newer models refuse the old name of this setting; other servers know only the old one.
        self._limit_name = "max_completion_tokens" if url.startswith(VENDOR_URL) else "max_tokens"
        client = http_client(url, timeout_seconds)
        self._post = prepared(url.rstrip("/") + "/chat/completions", client.timeout)
        self._sdk = AsyncOpenAI(
            api_key=key,
            base_url=url,
            max_retries=0,  # the roster retries
            timeout=timeout_seconds,
            http_client=client,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    async def ask(self, prompt: Prompt) -> ModelReply:
        """One request, tried once. May be cancelled at any point. Raises only `ProviderError`s."""
        body = request(self.model, self._limit_name, prompt)
        try:
            # Not `chat.completions.create`: its walk through every tool and message costs four milliseconds, and
            # it does not check what comes back.
            response = await self._sdk.post(**self._post, content=body)
        except APIStatusError as error:
            raise status_failure(self.name, error.response, self._now()) from None
        except APIConnectionError as error:
            raise unreachable(self.name, error) from None
        except OpenAIError as error:
            raise ProviderUnavailable(f"{self.name} could not be asked ({type(error).__name__})") from None
        return reply(Answer.parse(self.name, response.content))


def request(model: str, limit_name: str, prompt: Prompt) -> bytes:
    """The body of a chat completions request. The vendor caches by prefix: what is stable comes first.

    One system message, for many servers' templates take no second one.
    """
    system = f"{prompt.instructions}\n\n{prompt.situation}".strip()
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for entry in prompt.entries:
        messages.extend(_messages(entry))
    body: dict[str, Any] = {"model": model, limit_name: prompt.max_output_tokens, "messages": messages}
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
        body["tool_choice"] = "auto"
    return encoded(body)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _messages(entry: Entry) -> list[dict[str, Any]]:
    if isinstance(entry, UserSaid):
        if not entry.pictures:
            return [{"role": "user", "content": entry.text}]
        content = [*(_picture(one) for one in entry.pictures), {"type": "text", "text": entry.text}]
        return [{"role": "user", "content": content}]
    if isinstance(entry, ModelSaid):
        message: dict[str, Any] = {"role": "assistant", "content": entry.text}
        if entry.calls:
            message["tool_calls"] = [_call(call) for call in entry.calls]
        return [message]
    return [{"role": "tool", "tool_call_id": call, "content": result} for call, result, _ in entry.results]


def _picture(jpeg: bytes) -> dict[str, Any]:
    # "low" is one tile of 512 pixels: too little to read a dashboard or a plate
    return {
        "type": "image_url",
        "image_url": {"url": f"data:image/jpeg;base64,{b64encode(jpeg).decode()}", "detail": "high"},
    }


def _call(call: ToolCall) -> dict[str, Any]:
    given = orjson.dumps(call.arguments or {}).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": given}}


def reply(answer: Answer) -> ModelReply:
    """What a `chat.completion` object says. Raises `ProviderGarbage`."""
    choices = answer.each("choices")
    if not choices:
        garbage(answer.provider, "no choices")
    choice = choices[0]
    choice.must("message", dict)
    message = choice.inner("message")
    calls = _calls(message)
    stop = _STOPS.get(choice.may("finish_reason", str) or "", "end")
    if message.may("refusal", str):
        stop = "refusal"
    if stop == "end" and calls:
        stop = "tools"
    usage = answer.inner("usage")
    cached = usage.inner("prompt_tokens_details").count("cached_tokens")
    return ModelReply(
        text=_text(message).strip(),
        calls=calls if stop == "tools" else (),
        stop=stop,
        tokens=Tokens(
            input=max(0, usage.count("prompt_tokens") - cached),
            output=usage.count("completion_tokens"),
            cache_read=cached,
        ),
        model=answer.must("model", str),
    )


def _text(message: Answer) -> str:
    """The content as text; some servers send it in parts."""
    if isinstance(message.fields.get("content"), list):
        return "".join(part.may("text", str) or "" for part in message.each("content"))
    return message.may("content", str) or ""


def _calls(message: Answer) -> tuple[ToolCall, ...]:
    if message.fields.get("tool_calls") is None:
        return ()
    calls = []
    for index, call in enumerate(message.each("tool_calls")):
        call.must("function", dict)
        function = call.inner("function")
        given = arguments(function.fields.get("arguments"))
        # Some servers give no id; ours comes back with the result all the same.
        calls.append(ToolCall(call.may("id", str) or f"call_{index}", function.must("name", str), given))
    return tuple(calls)
