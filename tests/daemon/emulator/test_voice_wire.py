"""The vendors' side of speech and transcription: what they take, what they refuse, and files that really play."""

import io
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio import inspect
from daemon.emulator.vendor_wire import BadRequest
from daemon.emulator.voice_wire import (
    SAID,
    Upload,
    ogg_opus,
    read_speech,
    read_upload,
    speech,
    transcribed,
    work_of,
)

ELEVEN, GPT = "elevenlabs transcription", "openai transcription"


@pytest.mark.parametrize(
    ("target", "work"),
    [
        ("/v1/speech-to-text", ELEVEN),
        ("/v1/audio/transcriptions", GPT),
        ("/v1/text-to-speech/bia/stream", "elevenlabs speech"),
        ("/v1/text-to-speech/bia", "elevenlabs speech"),
        ("/v1/audio/speech", "openai speech"),
        ("/v1/messages", ""),
        ("/v1/text-to-speech/bia/stream/with-timestamps", ""),
    ],
)
def test_routes(target: str, work: str) -> None:
    assert work_of(target) == work


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=50))
def test_a_form_as_the_sdks_write_it(file: bytes, said: str) -> None:
    request = httpx.Request("POST", "http://x", data={"model": said}, files={"file": ("nota.ogg", file, "audio/ogg")})
    upload = read_upload(request.headers["content-type"], request.read())
    assert upload == Upload({"model": said}, "nota.ogg", "audio/ogg", file)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x"])
def test_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(BadRequest):
        read_upload(content_type, b"{}")


def uploaded(file: bytes, **fields: str) -> Upload:
    return Upload(fields, "nota.ogg", "audio/ogg", file)


def test_a_file_says_what_stands_in_its_tags() -> None:
    said = "Olá, aqui é o João: tem Nivus?"
    note = ogg_opus(2.5, transcript=said)
    eleven = transcribed(ELEVEN, uploaded(note, model_id="scribe_v2"))
    assert (eleven["text"], eleven["audio_duration_secs"]) == (said, 2.5)
    gpt = transcribed(GPT, uploaded(note, model="gpt-transcribe"))
    assert gpt == {"text": said, "usage": {"type": "duration", "seconds": 2}}
    assert transcribed(GPT, uploaded(ogg_opus(1), model="m"))["text"] == SAID


@pytest.mark.parametrize("upload", [uploaded(ogg_opus(1)), uploaded(b"no sound", model="m", model_id="m")])
@pytest.mark.parametrize("work", [ELEVEN, GPT])
def test_what_a_vendor_would_not_hear(work: str, upload: Upload) -> None:
    with pytest.raises(BadRequest):
        transcribed(work, upload)


def test_a_speech_is_as_long_as_its_text() -> None:
    sound = inspect(io.BytesIO(speech("x" * 150)))
    assert (sound.seconds, sound.channels, sound.opus, sound.whole) == (10, 1, True, True)


def test_what_is_to_be_spoken() -> None:
    asked = {"input": "Oi!", "voice": "coral", "response_format": "opus"}
    assert read_speech("openai speech", "/v1/audio/speech", asked) == ("Oi!", "coral")
    assert read_speech("elevenlabs speech", "/v1/text-to-speech/bia/stream", {"text": "Oi!"}) == ("Oi!", "bia")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": " ", "voice": "coral", "response_format": "opus"},
        {"input": "Oi!", "response_format": "opus"},
        {"input": "Oi!", "voice": "coral", "response_format": "mp3"},
    ],
)
def test_what_a_vendor_would_not_speak(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        read_speech("openai speech", "/v1/audio/speech", body)
