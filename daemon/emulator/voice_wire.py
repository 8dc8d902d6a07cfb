"""The wire formats of speech and transcription, from the vendors' side: ElevenLabs and OpenAI. No I/O.

A stand-in hears what a file says of itself: the comment `TRANSCRIPT` in its tags, else a sentence that was agreed.
"""

import io
import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from daemon.audio import OPUS_RATE, BrokenAudio, inspect
from daemon.emulator.vendor_wire import BadRequest

ROUTES: Final = {
    "/v1/speech-to-text": "elevenlabs transcription",
    "/v1/audio/transcriptions": "openai transcription",
    "/audio/transcriptions": "openai transcription",
    "/v1/audio/speech": "openai speech",
    "/audio/speech": "openai speech",
}
SAID: Final = "Oi, boa tarde! Vocês têm algum Honda Civic automático até noventa mil reais?"
"""What a file without a word of its own is heard to say."""
LETTERS_A_SECOND: Final = 15
_HEADER: Final = re.compile(r"^([\w-]+): *(.*?)\r?$", re.MULTILINE)
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_TAG: Final = b"TRANSCRIPT="
_SILENCE: Final = b"\xf8\xff\xfe"  # 20 ms of Opus: CELT, full band, mono
_PACKET_SAMPLES: Final = 960
_PACKETS_A_PAGE: Final = 50


def work_of(target: str) -> str:
    """ "<vendor> <transcription or speech>" of a path, "" of any other."""
    if target.startswith("/v1/text-to-speech/") and target.count("/") in (3, 4):
        return "elevenlabs speech"
    return ROUTES.get(target, "")


@frozen
class Upload:
    """A form with a file."""

    fields: dict[str, str]
    filename: str
    mime_type: str
    file: bytes


def read_upload(content_type: str, raw: bytes) -> Upload:
    """A multipart form (RFC 7578). Raises `BadRequest` unless it has one file."""
    _, _, boundary = content_type.partition("boundary=")
    fields: dict[str, str] = {}
    upload: Upload | None = None
    for part in raw.split(b"--" + boundary.strip('"').encode())[1:-1] if boundary else []:
        head, _, body = part.partition(b"\r\n\r\n")
        about = {name.lower(): value for name, value in _HEADER.findall(head.decode())}
        named = dict(_PARAMETER.findall(about.get("content-disposition", "")))
        name, value = named.get("name", ""), body.removesuffix(b"\r\n")
        if "filename" not in named:
            fields[name] = value.decode()
        elif name == "file":
            upload = Upload(fields, named["filename"], about.get("content-type", ""), value)
    if upload is None:
        raise BadRequest("file: Field required")
    return upload


def transcribed(work: str, upload: Upload, said: str = SAID) -> dict[str, Any]:
    """The vendor's document for what the file says. Raises `BadRequest` for what the vendor refuses."""
    eleven = work.startswith("elevenlabs")
    model = "model_id" if eleven else "model"
    if not upload.fields.get(model):
        raise BadRequest(f"{model}: Field required")
    try:
        sound = inspect(io.BytesIO(upload.file))
    except BrokenAudio:
        raise BadRequest("invalid_audio: the file cannot be decoded") from None
    text = _own_words(upload.file) or said
    if eleven:
        return {
            "language_code": "por",
            "language_probability": 0.99,
            "text": text,
            "words": [],
            "audio_duration_secs": sound.seconds,
        }
    return {"text": text, "usage": {"type": "duration", "seconds": round(sound.seconds)}}


def _own_words(file: bytes) -> str:
    """The comment of the Opus tags (RFC 7845 section 5.2)."""
    begin = file.find(_TAG, 0, 4096)
    if begin < 4:
        return ""
    length = int.from_bytes(file[begin - 4 : begin], "little") - len(_TAG)
    return file[begin + len(_TAG) : begin + len(_TAG) + length].decode("utf-8", "replace")


def read_speech(work: str, target: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """(text, voice) of a speech request. Raises `BadRequest` for what the vendor refuses."""
    eleven = work.startswith("elevenlabs")
    text = body.get("text" if eleven else "input")
    voice = target.split("/")[3] if eleven else body.get("voice")
    if not isinstance(text, str) or not text.strip():
        raise BadRequest("text: must not be empty")
    if not isinstance(voice, str) or not voice:
        raise BadRequest("voice: Field required")
    if not eleven and body.get("response_format") != "opus":
        raise BadRequest("response_format: this stand-in speaks Opus alone")
    return text, voice


def speech(text: str) -> bytes:
    """An Ogg/Opus file as long as the text would take to say, without a sound."""
    return ogg_opus(max(1, round(len(text) / LETTERS_A_SECOND)), transcript=text)


def ogg_opus(seconds: float, *, transcript: str = "", channels: int = 1) -> bytes:
    """A whole Ogg/Opus file of silence; `transcript` is written into its tags."""
    head = b"OpusHead" + bytes([1, channels]) + (0).to_bytes(2, "little") + OPUS_RATE.to_bytes(4, "little") + bytes(3)
    comments = [_TAG + transcript.encode()] if transcript else []
    tags = b"OpusTags" + _sized(b"showroomd") + len(comments).to_bytes(4, "little") + b"".join(map(_sized, comments))
    pages = [_page(0, 0, [head], 2), _page(1, 0, [tags], 0)]
    count = round(seconds * OPUS_RATE / _PACKET_SAMPLES)
    for number, begin in enumerate(range(0, count, _PACKETS_A_PAGE), start=2):
        end = min(begin + _PACKETS_A_PAGE, count)
        pages.append(_page(number, end * _PACKET_SAMPLES, [_SILENCE] * (end - begin), 4 * (end == count)))
    return b"".join(pages)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def _page(number: int, granule: int, packets: list[bytes], flags: int) -> bytes:
    """One page (RFC 3533 section 6) of whole packets."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    front = b"OggS\0" + bytes([flags]) + granule.to_bytes(8, "little") + b"show" + number.to_bytes(4, "little")
    back = bytes([len(lacing)]) + lacing + b"".join(packets)
    return front + _checksum(front + bytes(4) + back).to_bytes(4, "little") + back


def _checksum(data: bytes) -> int:
    """CRC-32 as Ogg has it: polynomial 0x04C11DB7, nothing reflected, nothing inverted."""
    register = 0
    for byte in data:
        register = (register << 8) & 0xFFFFFFFF ^ _CRC[register >> 24 ^ byte]
    return register


def _crc_of(byte: int) -> int:
    register = byte << 24
    for _ in range(8):
        register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
    return register & 0xFFFFFFFF


_CRC: Final = tuple(_crc_of(byte) for byte in range(256))


def elevenlabs_error(status: int, what: str, code: str = "") -> dict[str, Any]:
    """ElevenLabs' error document."""
    return {"detail": {"status": code or f"error_{status}", "message": what}}
