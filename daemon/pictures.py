"""Pictures of strangers made fit for a model or for WhatsApp. Slow and without Trio: call it in a worker thread.

Only the decoders listed here are ever asked; the size is known from the header before a pixel is decoded. What is
written anew carries no metadata (a phone's position among it). WhatsApp's limits: Meta, "Media" (JPEG and PNG,
8 bits, 5 MB).
"""

import io
import warnings
from pathlib import Path
from typing import Final

from attrs import frozen
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from daemon.errors import ShowroomError

MAX_PIXELS: Final = 64_000_000
"""A phone's largest usual pictures have 50 million; decoded, this is about 200 MB."""
MAX_BYTES: Final = 25_000_000
"""Of a picture that is looked at."""
MODEL_SIDE: Final = 1024
MODEL_QUALITY: Final = 80
WHATSAPP_SIDE: Final = 2560
WHATSAPP_BYTES: Final = 5_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "BMP")
JPEG: Final = "image/jpeg"

_QUALITIES: Final = (88, 75, 60)
_SENT_AS_IS: Final = {"JPEG": JPEG, "PNG": "image/png"}
_EIGHT_BITS: Final = frozenset({"L", "RGB", "RGBA", "P"})

register_heif_opener(thumbnails=False)


class BrokenPicture(ShowroomError):
    """The bytes are no picture that can be used."""


@frozen
class Picture:
    """A picture ready to go out."""

    data: bytes
    mime_type: str


def for_model(source: Path) -> Picture:
    """A JPEG of at most `MODEL_SIDE` pixels a side, the right way up. Raises `BrokenPicture`, `OSError`."""
    if source.stat().st_size > MAX_BYTES:
        raise BrokenPicture(f"the picture has more than {MAX_BYTES:,} bytes")
    return Picture(_jpeg(_decoded(_opened(source.read_bytes()), MODEL_SIDE), MODEL_QUALITY), JPEG)


def for_whatsapp(data: bytes) -> Picture:
    """The picture as it is where WhatsApp takes it so, else a JPEG that it takes. Raises `BrokenPicture`."""
    if len(data) > MAX_BYTES:
        raise BrokenPicture(f"the picture has more than {MAX_BYTES:,} bytes")
    image = _opened(data)
    as_is = _SENT_AS_IS.get(image.format or "")
    if as_is and image.mode in _EIGHT_BITS and len(data) <= WHATSAPP_BYTES and max(image.size) <= 2 * WHATSAPP_SIDE:
        _whole(image)
        return Picture(data, as_is)
    pixels = _decoded(image, WHATSAPP_SIDE)
    for quality in _QUALITIES:
        made = _jpeg(pixels, quality)
        if len(made) <= WHATSAPP_BYTES:
            return Picture(made, JPEG)
    raise BrokenPicture("the picture cannot be made small enough for WhatsApp")


def _opened(data: bytes) -> Image.Image:
    """The header alone; nothing is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, and of sizes that are checked below
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise BrokenPicture("this is no picture of a kind we know") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow's decoders raise for damaged headers
        raise BrokenPicture(f"the picture is damaged ({error})") from None
    width, height = image.size
    if not 0 < width * height <= MAX_PIXELS:
        raise BrokenPicture(f"the picture has {width} x {height} pixels, at most {MAX_PIXELS:,} are looked at")
    return image


def _decoded(image: Image.Image, side: int) -> Image.Image:
    """The first frame, turned as the camera was held, on white, at most `side` pixels a side."""
    try:
        image.draft("RGB", (side, side))  # a JPEG is decoded at the smallest scale that is large enough
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if upright.mode in ("I;16", "I"):
            upright = upright.convert("I").point(lambda value: value / 256).convert("L")
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            white = Image.new("RGB", upright.size, "white")
            white.paste(upright, mask=upright.getchannel("A"))
            return white
        return upright.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:  # as above, of damaged bodies
        raise BrokenPicture(f"the picture is damaged ({error})") from None


def _whole(image: Image.Image) -> None:
    """Check that it can be decoded to its end; a JPEG at an eighth of its size, which reads every byte."""
    try:
        image.draft(None, (1, 1))
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise BrokenPicture(f"the picture is damaged ({error})") from None


def _jpeg(image: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()
