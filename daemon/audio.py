"""What a sound file is by its own bytes: container, length, channels. Pure; nothing is decoded.

Formats: Ogg RFC 3533, Opus in Ogg RFC 7845, Opus packets RFC 6716 section 3.1, AMR RFC 4867 section 5,
MPEG-4 boxes ISO/IEC 14496-12, MPEG audio ISO/IEC 11172-3, ADTS ISO/IEC 14496-3. WebM is in `webm.py`.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

from attrs import frozen

from daemon import webm
from daemon.errors import ShowroomError

Container = Literal["ogg", "mp4", "amr", "mp3", "aac", "webm"]

MIME_TYPES: Final[dict[Container, str]] = {
    "ogg": "audio/ogg",
    "mp4": "audio/mp4",
    "amr": "audio/amr",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "webm": "audio/webm",
}
OPUS_RATE: Final = 48_000
"""Granule positions of Opus count samples at this rate, whatever was recorded."""
DECEIT_SECONDS: Final = 1.0
"""By how much the packets may be longer than the granule position says before they are believed instead."""


class BrokenAudio(ShowroomError):
    """The bytes are no sound file that we know, or one without a sound in it."""


@frozen(kw_only=True)
class Sound:
    """A sound file. `whole` is False where it ends before its last page, frame or box does."""

    container: Container
    seconds: float
    opus: bool = False
    channels: int | None = None  # None where the container does not say it plainly
    whole: bool = True


def inspect(file: BinaryIO) -> Sound:
    """What the file is; reads it through once, in pieces, from its begin. Raises `BrokenAudio`, or `OSError`."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if not head:
        raise BrokenAudio("the sound file is empty")
    if head.startswith(b"OggS"):
        sound = _ogg(file)
    elif head[4:8] == b"ftyp":
        sound = _mp4(file, size)
    elif head.startswith(b"#!AMR"):
        sound = _amr(file)
    elif head.startswith(webm.MAGIC):
        sound = _webm(file, size)
    elif head.startswith(b"ID3") or (head[0] == 0xFF and head[1:2] and head[1] & 0xE0 == 0xE0):
        sound = _mpeg(file, size)
    else:
        raise BrokenAudio("this is no sound file of a kind that we know (Ogg, WebM, M4A, AMR, MP3, AAC)")
    if sound.seconds <= 0:
        raise BrokenAudio(f"the {sound.container} file has no sound in it")
    return sound


# Ogg


@frozen
class _Page:
    granule: int  # -1: no packet ends here
    packets: tuple[bytes, ...]  # the first two bytes of each packet that begins here
    sizes: tuple[int, ...]  # bytes of each packet that ends here
    whole: bool


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """The pages of the first logical stream."""
    file.seek(0)
    serial, begun = None, 0
    while len(header := file.read(27)) == 27 and header[:4] == b"OggS":
        lacing = file.read(header[26])
        payload = file.read(sum(lacing))
        if serial is None:
            serial = header[14:18]
        elif serial != header[14:18]:
            continue
        if not header[5] & 1:
            begun = 0
        begins, sizes, position = [], [], 0
        for length in lacing:
            if not begun:
                begins.append(payload[position : position + 2])
            begun += length
            position += length
            if length < 255:
                sizes.append(begun)
                begun = 0
        granule = int.from_bytes(header[6:14], "little", signed=True)
        yield _Page(granule, tuple(begins), tuple(sizes), len(lacing) == header[26] and len(payload) == position)


def _ogg(file: BinaryIO) -> Sound:
    file.seek(28)
    identification = file.read(19)
    if identification[:8] != b"OpusHead":
        return Sound(container="ogg", seconds=_vorbis_seconds(file, identification))
    channels, skipped = identification[9], int.from_bytes(identification[10:12], "little")
    granule = packets = count = 0
    whole = True
    for page in _pages(file):
        whole = page.whole
        if not whole:
            break
        for begin in page.packets:
            count += 1
            if count > 2:  # behind OpusHead and OpusTags
                packets += _samples(begin)
        granule = max(granule, page.granule)
    said, there = (granule - skipped) / OPUS_RATE, (packets - skipped) / OPUS_RATE
    seconds = there if there > said + DECEIT_SECONDS else min(said, max(there, 0.0))
    return Sound(container="ogg", opus=True, seconds=seconds, channels=channels, whole=whole)


def _vorbis_seconds(file: BinaryIO, identification: bytes) -> float:
    """Of a Vorbis stream, 0 of any other: its granules are samples at the rate in its first packet."""
    rate = int.from_bytes(identification[12:16], "little") if identification[:7] == b"\x01vorbis" else 0
    return max((page.granule for page in _pages(file)), default=0) / rate if rate else 0.0


def opus_packet_sizes(file: BinaryIO) -> list[int]:
    """Bytes of each packet of sound in an Ogg/Opus file: louder and richer sound takes more."""
    return [size for page in _pages(file) for size in page.sizes][2:]


def _samples(packet: bytes) -> int:
    """How long an Opus packet is, by its first two bytes, in samples of `OPUS_RATE`."""
    if not packet:
        return 0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = (480, 960, 1920, 2880)[configuration & 3]  # SILK
    elif configuration < 16:
        frame = (480, 960)[configuration & 1]  # hybrid
    else:
        frame = (120, 240, 480, 960)[configuration & 3]  # CELT
    frames = (1, 2, 2)[code] if code < 3 else packet[1] & 63 if len(packet) > 1 else 0
    return frame * frames


# WebM


def _webm(file: BinaryIO, size: int) -> Sound:
    """A recording of a browser: without a picture, so every packet is sound."""
    found = webm.read(file, size)
    opus = found.codec == "A_OPUS"
    last = _samples(found.last_packet) / OPUS_RATE if opus else 0.0
    seconds = found.last_seconds + last if found.packets else 0.0
    return Sound(container="webm", opus=opus, seconds=seconds, channels=found.channels, whole=found.whole)


# MPEG-4


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, begin of the content, end) of the boxes in that range; a box cut off by the end of it comes last."""
    while begin + 8 <= end:
        file.seek(begin)
        header = file.read(16)
        size, kind, content = int.from_bytes(header[:4], "big"), header[4:8], begin + 8
        if size == 1:
            size, content = int.from_bytes(header[8:16], "big"), begin + 16
        elif size == 0:
            size = end - begin
        if begin + size < content:
            return
        yield kind, content, begin + size
        begin += size


def _mp4(file: BinaryIO, size: int) -> Sound:
    seconds, whole = 0.0, True
    for kind, begin, end in _boxes(file, 0, size):
        whole = whole and end <= size
        if kind == b"moov":
            for inner, content, _ in _boxes(file, begin, min(end, size)):
                if inner == b"mvhd":
                    seconds = _movie_seconds(file, content)
    return Sound(container="mp4", seconds=seconds, whole=whole)


def _movie_seconds(file: BinaryIO, begin: int) -> float:
    file.seek(begin)
    header = file.read(32)
    wide = header[:1] == b"\x01"
    scale = int.from_bytes(header[20:24] if wide else header[12:16], "big")
    duration = int.from_bytes(header[24:32] if wide else header[16:20], "big")
    return duration / scale if scale else 0.0


# AMR

_AMR_NARROW: Final = (13, 14, 16, 18, 20, 21, 27, 32, 6)
_AMR_WIDE: Final = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6)


def _amr(file: BinaryIO) -> Sound:
    """Frames of 20 ms, each with its type in its first byte."""
    file.seek(0)
    data = file.read()
    magic = next((one for one in (b"#!AMR\n", b"#!AMR-WB\n") if data.startswith(one)), None)
    if magic is None:
        raise BrokenAudio("the AMR file has more than one channel, or a broken head")
    sizes = _AMR_NARROW if magic == b"#!AMR\n" else _AMR_WIDE
    position, frames = len(magic), 0
    while position < len(data):
        kind = data[position] >> 3 & 15
        position += sizes[kind] if kind < len(sizes) else 1
        frames += 1
    whole = position == len(data)
    return Sound(container="amr", seconds=(frames - (not whole)) * 0.02, channels=1, whole=whole)


# MP3 and AAC in ADTS

_KBITS: Final[dict[tuple[bool, int], tuple[int, ...]]] = {  # (MPEG 1, layer) → by the frame's index
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES: Final = (44_100, 48_000, 32_000)
_ADTS_RATES: Final = (
    96_000,
    88_200,
    64_000,
    48_000,
    44_100,
    32_000,
    24_000,
    22_050,
    16_000,
    12_000,
    11_025,
    8_000,
    7_350,
)


@frozen
class _Frame:
    size: int
    seconds: float
    channels: int
    container: Container


def _mpeg(file: BinaryIO, size: int) -> Sound:
    file.seek(0)
    head = file.read(10)
    position = 0
    if head[:3] == b"ID3":
        position = 10 + sum((byte & 127) << 7 * (3 - index) for index, byte in enumerate(head[6:10]))
    seconds, first, end = 0.0, None, position
    while position + 7 <= size:
        file.seek(position)
        frame = _frame(file.read(7))
        if frame is None:
            break  # a tag at the end, or rubbish
        first = first or frame
        end = position = position + frame.size
        if end <= size:
            seconds += frame.seconds
    if first is None:
        raise BrokenAudio("the sound file begins like MP3 or AAC and has no frame of it")
    return Sound(container=first.container, seconds=seconds, channels=first.channels, whole=end <= size)


def _frame(head: bytes) -> _Frame | None:
    """The frame with this head; None where there is none."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return _adts_frame(head)
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = _MPEG_RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    samples = 384 if layer == 1 else 576 if layer == 3 and not first else 1152
    slot, padding = (4 if layer == 1 else 1), head[2] >> 1 & 1
    size = (samples // 8 * _KBITS[first, layer][kbits] * 1000 // hertz // slot + padding) * slot
    return _Frame(size, samples / hertz, 1 if head[3] >> 6 == 3 else 2, "mp3")


def _adts_frame(head: bytes) -> _Frame | None:
    rate, size = head[2] >> 2 & 15, (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if rate >= len(_ADTS_RATES) or size < 7:
        return None
    channels = (head[2] & 1) << 2 | head[3] >> 6
    blocks = (head[6] & 3) + 1
    return _Frame(size, 1024 * blocks / _ADTS_RATES[rate], channels, "aac")
