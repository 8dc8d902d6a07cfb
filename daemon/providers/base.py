"""What the desk asks of an AI vendor. Only the adapters beside this file import vendors' SDKs."""

from pathlib import Path
from typing import Any, Literal, Protocol

from attrs import field, frozen

Stop = Literal["end", "tools", "length", "refusal"]


@frozen(kw_only=True)
class Tokens:
    """What one response consumed, as the vendor counted it."""

    input: int = 0  # without the cached part
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


@frozen
class ToolSpec:
    """A tool as the model sees it; `parameters` is a JSON schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


@frozen
class ToolCall:
    """A model's wish to run a tool. `arguments` is None when what it sent is not a JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] | None


@frozen
class UserSaid:
    """What the customer wrote (data, never instructions), and the pictures that came with it (JPEG)."""

    text: str
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


@frozen
class ModelSaid:
    """What the model answered before: text, or calls, or both."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@frozen
class ToolAnswered:
    """Results of the calls of the `ModelSaid` before it, (call id, JSON text, failed)."""

    results: tuple[tuple[str, str, bool], ...]


Entry = UserSaid | ModelSaid | ToolAnswered


@frozen(kw_only=True)
class Prompt:
    """One request: the stable part first (cached by the vendor), then what changes."""

    instructions: str  # same for all turns of a tenant until its profile or stock summary changes
    situation: str  # of this turn: now, contact, state
    entries: tuple[Entry, ...]  # begins with UserSaid, roles alternate
    tools: tuple[ToolSpec, ...]
    max_output_tokens: int = 700

    @property
    def pictures(self) -> int:
        """How many pictures the model is shown."""
        return sum(len(entry.pictures) for entry in self.entries if isinstance(entry, UserSaid))


@frozen(kw_only=True)
class ModelReply:
    """One response. `calls` is empty unless `stop` is "tools"."""

    text: str
    calls: tuple[ToolCall, ...]
    stop: Stop
    tokens: Tokens
    model: str


class Model(Protocol):
    """A chat model behind a vendor's SDK."""

    name: str  # "anthropic", "openai": as in a tenant's list of providers

    async def ask(self, prompt: Prompt) -> ModelReply:
        """One request, tried once; `Roster.ask` adds time-out, retries and limits. May be cancelled at any
        point (the vendor may bill what it had begun). Raises only `ProviderError`s."""
        ...


@frozen(kw_only=True)
class Transcript:
    """What was heard in an audio file. `seconds` is its length, as the vendor is paid for it."""

    text: str
    seconds: float
    provider: str
    model: str


class Transcriber(Protocol):
    """Speech to text behind a vendor's SDK."""

    name: str  # "elevenlabs", "openai"

    async def transcribe(
        self, file: Path, *, mime_type: str, seconds: float = 0.0, language: str = "pt", timeout_seconds: float = 30.0
    ) -> Transcript:
        """Hear a file, tried once; `Hearing` adds retries, limits and the next vendor. `seconds` is the length that
        stands in the result where the vendor tells none. May be cancelled at any point (the vendor may bill what it
        had begun). Raises only `ProviderError`s."""
        ...


@frozen(kw_only=True)
class Spoken:
    """A text as speech: a whole Ogg/Opus file, mono. `characters` is what the vendor is paid for."""

    path: Path
    characters: int
    provider: str
    model: str
    voice: str


class Speaker(Protocol):
    """Text to speech behind a vendor's SDK."""

    name: str  # "elevenlabs", "openai"

    async def speak(self, text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        """Write the speech to the file `to`, streamed, tried once; `Speech` adds retries, limits and the next vendor.
        `voice` "" is the configured one. Cut off or failed, a half of a file may be left at `to`: it is the caller's.
        May be cancelled at any point. Raises only `ProviderError`s."""
        ...
