"""Anthropic's Claude behind its SDK."""

from base64 import b64encode
from typing import Any, Final

from anthropic import AnthropicError, APIConnectionError, APIStatusError, AsyncAnthropic

from daemon.clock import Now, utc_now
from daemon.errors import ProviderUnavailable
from daemon.providers.answers import Answer, arguments, encoded
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

VENDOR_URL: Final = "https://api.anthropic.com"

_STOPS: Final[dict[str, Stop]] = {
    "tool_use": "tools",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_CACHED: Final = {"type": "ephemeral"}
_NOTHING: Final = "(empty)"  # the vendor refuses blocks without text


class ClaudeModel:
    """One per process: holds the connections. `aclose` ends it."""

    name = "anthropic"

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
        client = http_client(url, timeout_seconds)
        self._post = prepared(url.rstrip("/") + "/v1/messages", client.timeout)
        self._sdk = AsyncAnthropic(
            api_key=key,
            base_url=url,
            max_retries=0,  # the roster retries
            timeout=timeout_seconds,
            http_client=client,
            open_telemetry=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    async def ask(self, prompt: Prompt) -> ModelReply:
        """One request, tried once. May be cancelled at any point. Raises only `ProviderError`s."""
        body = request(self.model, prompt)
        try:
            # Not `messages.create`: its walk through every tool and message costs half a millisecond, and it
            # does not check what comes back.
            response = await self._sdk.post(**self._post, content=body)
        except APIStatusError as error:
            raise status_failure(self.name, error.response, self._now()) from None
        except APIConnectionError as error:
            raise unreachable(self.name, error) from None
        except AnthropicError as error:
            raise ProviderUnavailable(f"{self.name} could not be asked ({type(error).__name__})") from None
        return reply(Answer.parse(self.name, response.content))


def request(model: str, prompt: Prompt) -> bytes:
    """The body of a Messages request: what is stable first, marked for the vendor's cache."""
    system = [{"type": "text", "text": prompt.instructions or _NOTHING, "cache_control": _CACHED}]
    if prompt.situation:
        system.append({"type": "text", "text": prompt.situation})
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": prompt.max_output_tokens,
        "system": system,
        "messages": [_message(entry) for entry in prompt.entries],
    }
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
        body["tool_choice"] = {"type": "auto"}
    return encoded(body)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def _message(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, UserSaid):
        return {"role": "user", "content": [*(_picture(one) for one in entry.pictures), _text(entry.text)]}
    if isinstance(entry, ModelSaid):
        content = [_text(entry.text)] if entry.text.strip() or not entry.calls else []
        for call in entry.calls:
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments or {}})
        return {"role": "assistant", "content": content}
    return {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": call, "content": result, "is_error": failed}
            for call, result, failed in entry.results
        ],
    }


def _picture(jpeg: bytes) -> dict[str, Any]:
    data = b64encode(jpeg).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": data}}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text if text.strip() else _NOTHING}


def reply(answer: Answer) -> ModelReply:
    """What a `message` object says. Raises `ProviderGarbage`."""
    texts: list[str] = []
    calls: list[ToolCall] = []
    for block in answer.each("content"):
        kind = block.must("type", str)
        if kind == "text":
            texts.append(block.must("text", str))
        elif kind == "tool_use":
            given = arguments(block.fields.get("input"))
            calls.append(ToolCall(block.must("id", str), block.must("name", str), given))
    stop = _STOPS.get(answer.may("stop_reason", str) or "", "end")
    if stop in ("end", "tools"):
        stop = "tools" if calls else "end"
    usage = answer.inner("usage")
    return ModelReply(
        text="".join(texts).strip(),
        calls=tuple(calls) if stop == "tools" else (),
        stop=stop,
        tokens=Tokens(
            input=usage.count("input_tokens"),
            output=usage.count("output_tokens"),
            cache_read=usage.count("cache_read_input_tokens"),
            cache_write=usage.count("cache_creation_input_tokens"),
        ),
        model=answer.must("model", str),
    )
