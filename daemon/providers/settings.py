"""The settings of the AI vendors: `[providers.…]`. Keys are secrets and stand elsewhere (`daemon/secrets.py`)."""

from typing import Annotated

from attrs import frozen

from daemon import setting as check
from daemon.setting import Setting

_BASE_URL = Annotated[str, Setting("Empty: the vendor's own address.", check.url("https", "http", empty=True))]
_TIMEOUT = Annotated[float, Setting("Longest wait for one response.", check.between(0.1, 600))]
_CONCURRENT = Annotated[
    int,
    Setting(
        "Requests at a time; lowered by itself when the vendor says 429, raised again slowly.",
        check.between(1, 100_000),
    ),
]


@frozen(kw_only=True)
class AnthropicConfig:
    """Claude."""

    base_url: _BASE_URL = ""
    model: Annotated[str, Setting("A small, quick one answers customers best.", check.NAME)] = "claude-haiku-5-5"
    timeout_seconds: _TIMEOUT = 30.0
    max_concurrent: _CONCURRENT = 1024


@frozen(kw_only=True)
class OpenaiConfig:
    """OpenAI, or any server that speaks its API (Ollama, vLLM)."""

    base_url: _BASE_URL = ""
    model: Annotated[str, Setting("A small, quick one answers customers best.", check.NAME)] = "gpt-5.4-mini"
    transcription_model: Annotated[str, Setting("Reads voice notes where ElevenLabs does not.", check.NAME)] = (
        "gpt-transcribe"
    )
    speech_model: Annotated[str, Setting("Speaks the answers where ElevenLabs does not.", check.NAME)] = (
        "gpt-4o-mini-tts"
    )
    voice: Annotated[str, Setting("Its voice, of the vendor's list.", check.NAME)] = "coral"
    timeout_seconds: _TIMEOUT = 30.0
    max_concurrent: _CONCURRENT = 1024


@frozen(kw_only=True)
class ElevenlabsConfig:
    """Speech and transcription."""

    base_url: _BASE_URL = ""
    speech_model: Annotated[str, Setting("Speaks the answers.", check.NAME)] = "eleven_flash_v2_5"
    transcription_model: Annotated[str, Setting("Reads voice notes.", check.NAME)] = "scribe_v2"
    voice_id: Annotated[str, Setting("The voice of tenants that choose none; empty: no speech for them.")] = ""
    timeout_seconds: _TIMEOUT = 30.0
    max_concurrent: _CONCURRENT = 1024


@frozen(kw_only=True)
class ProvidersConfig:
    """The AI vendors; each is used only when its key is there."""

    anthropic: AnthropicConfig = AnthropicConfig()
    openai: OpenaiConfig = OpenaiConfig()
    elevenlabs: ElevenlabsConfig = ElevenlabsConfig()
