"""ElevenLabs' ears and voices behind its SDK."""

import logging
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import trio
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.request_options import RequestOptions

from daemon.clock import Now, utc_now
from daemon.errors import ProviderError
from daemon.providers.answers import garbage
from daemon.providers.base import Spoken, Transcript
from daemon.providers.failures import failure, unreachable
from daemon.providers.pouring import pour

VENDOR_URL: Final = "https://api.elevenlabs.io"
OPUS: Final = "opus_48000_32"
"""Ogg/Opus, mono, 32 kbit/s: two minutes are 480 KB."""


class ElevenlabsVoice:
    """One per process: holds the connections. `aclose` ends it. A `Transcriber` and a `Speaker`."""

    name = "elevenlabs"

    def __init__(
        self,
        *,
        key: str,
        transcription_model: str,
        speech_model: str,
        voice: str = "",
        base_url: str = "",
        now: Now = utc_now,
    ) -> None:
        self.transcription_model = transcription_model
        self.speech_model = speech_model
        self._voice = voice
        self._now = now
        for name in ("elevenlabs", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)  # below it they write a line a request
        self._http = httpx.AsyncClient(
            # Another limit decides how many requests run; this one must never make one wait.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=60.0),
            follow_redirects=False,
        )
        self._sdk = AsyncElevenLabs(api_key=key, base_url=base_url or VENDOR_URL, httpx_client=self._http)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def voice_for(self, wanted: str) -> str:
        """The voice that would speak; "" if none is chosen anywhere."""
        return wanted or self._voice

    async def transcribe(
        self, file: Path, *, mime_type: str, seconds: float = 0.0, language: str = "pt", timeout_seconds: float = 30.0
    ) -> Transcript:
        """As `Transcriber.transcribe`."""
        opened = await trio.to_thread.run_sync(file.open, "rb")
        with opened:
            try:
                answer: Any = await self._sdk.speech_to_text.convert(
                    model_id=self.transcription_model,
                    file=(file.name, opened, mime_type),
                    language_code=language,
                    tag_audio_events=False,
                    timestamps_granularity="none",
                    request_options=_options(timeout_seconds),
                )
            except ApiError as error:
                raise self._failure(error) from None
            except httpx.HTTPError as error:
                raise unreachable(self.name, error) from None
            except (AttributeError, TypeError, ValueError):
                garbage(self.name, "a transcription of another shape")  # the SDK stumbled over it
        text, heard = getattr(answer, "text", None), getattr(answer, "audio_duration_secs", None)
        if not isinstance(text, str):
            garbage(self.name, "a transcription without text")
        length = float(heard) if isinstance(heard, int | float) and heard > 0 else seconds
        return Transcript(text=text.strip(), seconds=length, provider=self.name, model=self.transcription_model)

    async def speak(self, text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        """As `Speaker.speak`."""
        chosen = self.voice_for(voice)
        try:
            async with self._sdk.text_to_speech.with_raw_response.stream(
                chosen,
                text=text,
                model_id=self.speech_model,
                output_format=OPUS,
                language_code="pt",
                request_options=_options(timeout_seconds),
            ) as response:
                await pour(self.name, response.data, to)
        except ApiError as error:
            raise self._failure(error) from None
        except httpx.HTTPError as error:
            raise unreachable(self.name, error) from None
        return Spoken(path=to, characters=len(text), provider=self.name, model=self.speech_model, voice=chosen)

    def _failure(self, error: ApiError) -> ProviderError:
        status = error.status_code or 0
        if 200 <= status < 300:
            garbage(self.name, "not JSON")
        body = error.body.encode() if isinstance(error.body, str) else orjson.dumps(error.body, default=str)
        return failure(self.name, status, error.headers or {}, body, self._now())


def _options(timeout_seconds: float) -> RequestOptions:
    """No retries: the SDK would sleep with asyncio, and ours are bounded and counted."""
    return RequestOptions(max_retries=0, timeout_in_seconds=timeout_seconds)  # type: ignore[typeddict-item]
