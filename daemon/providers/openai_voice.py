"""OpenAI's ears and voices behind its SDK."""

from pathlib import Path
from typing import Final

import httpx2
import trio
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from daemon.clock import Now, utc_now
from daemon.errors import ProviderError, ProviderRefused, ProviderUnavailable
from daemon.providers.answers import Answer
from daemon.providers.base import Spoken, Transcript
from daemon.providers.failures import status_failure, unreachable
from daemon.providers.pouring import pour

VENDOR_URL: Final = "https://api.openai.com/v1"
CONNECT_SECONDS: Final = 5.0
VOICES: Final = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"}
)
ENDINGS: Final = {"audio/ogg": "ogg", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/webm": "webm"}
"""The vendor tells formats by the file's name and takes no others that WhatsApp has; browsers record the last."""
MANNER: Final = "Fale português do Brasil, com naturalidade e simpatia, como um vendedor atencioso."


class OpenaiVoice:
    """One per process: holds the connections. `aclose` ends it. A `Transcriber` and a `Speaker`."""

    name = "openai"

    def __init__(
        self,
        *,
        key: str,
        transcription_model: str,
        speech_model: str,
        voice: str,
        base_url: str = "",
        now: Now = utc_now,
    ) -> None:
        self.transcription_model = transcription_model
        self.speech_model = speech_model
        self._voice = voice
        self._now = now
        self._sdk = AsyncOpenAI(
            api_key=key,
            base_url=base_url or VENDOR_URL,
            max_retries=0,  # ours are bounded and counted
            # Not the models' transport, which reads whole answers: files are streamed both ways.
            http_client=httpx2.AsyncClient(
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=60.0),
            ),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    def voice_for(self, wanted: str) -> str:
        """The voice that would speak: the one wanted if the vendor has it."""
        return wanted if wanted in VOICES else self._voice

    async def transcribe(
        self, file: Path, *, mime_type: str, seconds: float = 0.0, language: str = "pt", timeout_seconds: float = 30.0
    ) -> Transcript:
        """As `Transcriber.transcribe`."""
        ending = ENDINGS.get(mime_type)
        if ending is None:
            raise ProviderRefused(f"{self.name} takes no {mime_type}", "nothing was sent")
        opened = await trio.to_thread.run_sync(file.open, "rb")
        with opened:
            try:
                response = await self._sdk.audio.transcriptions.with_raw_response.create(
                    file=(f"audio.{ending}", opened, mime_type),
                    model=self.transcription_model,
                    language=language,
                    response_format="json",
                    timeout=_timeout(timeout_seconds),
                )
            except OpenAIError as error:
                raise self._failure(error) from None
        answer = Answer.parse(self.name, response.content)
        counted = answer.inner("usage").fields.get("seconds")
        length = float(counted) if isinstance(counted, int | float) and counted > 0 else seconds
        return Transcript(
            text=answer.must("text", str).strip(), seconds=length, provider=self.name, model=self.transcription_model
        )

    async def speak(self, text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        """As `Speaker.speak`."""
        chosen = self.voice_for(voice)
        try:
            async with self._sdk.audio.speech.with_streaming_response.create(
                input=text,
                model=self.speech_model,
                voice=chosen,
                instructions=MANNER,
                response_format="opus",
                timeout=_timeout(timeout_seconds),
            ) as response:
                await pour(self.name, response.iter_bytes(), to)
        except OpenAIError as error:
            raise self._failure(error) from None
        except httpx2.HTTPError as error:
            raise unreachable(self.name, error) from None  # it broke off while the sound came
        return Spoken(path=to, characters=len(text), provider=self.name, model=self.speech_model, voice=chosen)

    def _failure(self, error: OpenAIError) -> ProviderError:
        if isinstance(error, APIStatusError):
            return status_failure(self.name, error.response, self._now())
        if isinstance(error, APIConnectionError):
            return unreachable(self.name, error)
        return ProviderUnavailable(f"{self.name} could not be asked ({type(error).__name__})")


def _timeout(seconds: float) -> httpx2.Timeout:
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
