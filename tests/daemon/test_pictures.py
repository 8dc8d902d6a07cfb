"""Pictures of strangers: what is made of them, and what is refused before it costs anything."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daemon import pictures
from daemon.pictures import BrokenPicture, Picture, for_model, for_whatsapp


def drawn(format_: str, size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: object) -> bytes:
    """A picture with a red left half."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    target = io.BytesIO()
    image.convert(mode).save(target, format_, **options)
    return target.getvalue()


def seen(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


def on_disk(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "picture"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("format_", ["WEBP", "GIF", "HEIF", "BMP"])
def test_what_whatsapp_does_not_take_becomes_a_jpeg(format_: str) -> None:
    made = for_whatsapp(drawn(format_))
    assert made.mime_type == "image/jpeg"
    image = seen(made)
    assert (image.format, image.size, image.mode) == ("JPEG", (640, 480), "RGB")
    red, _, blue = image.getpixel((10, 240))  # type: ignore[misc]
    assert red > 200 > 100 > blue


@pytest.mark.parametrize(("format_", "mime_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_what_whatsapp_takes_stays_as_it_is(format_: str, mime_type: str) -> None:
    data = drawn(format_)
    assert for_whatsapp(data) == Picture(data, mime_type)


def test_a_phones_double_picture_is_its_first() -> None:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(
        target, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48), "blue")]
    )
    made = for_whatsapp(target.getvalue())
    assert seen(made).format == "JPEG"
    assert seen(made).getpixel((5, 5))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize(("format_", "mode"), [("JPEG", "CMYK"), ("PNG", "I;16"), ("PNG", "1")])
def test_colours_that_whatsapp_does_not_take_are_converted(format_: str, mode: str) -> None:
    source = drawn(format_, mode=mode) if mode != "I;16" else drawn("PNG", mode="I;16")
    made = for_whatsapp(source)
    assert (made.mime_type, seen(made).mode) == ("image/jpeg", "RGB")


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    target = io.BytesIO()
    Image.new("I;16", (8, 8), 32_768).save(target, "PNG")
    grey = seen(for_whatsapp(target.getvalue())).getpixel((4, 4))
    assert all(abs(part - 128) <= 2 for part in grey)  # type: ignore[union-attr]


def test_transparency_lies_on_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(target, "WEBP", lossless=True)
    assert seen(for_whatsapp(target.getvalue())).getpixel((4, 4)) == (255, 255, 255)


def test_what_is_too_large_for_whatsapp_is_made_smaller() -> None:
    noise = Image.effect_noise((3000, 2400), 90).convert("RGB")
    target = io.BytesIO()
    noise.save(target, "JPEG", quality=98)
    assert len(target.getvalue()) > pictures.WHATSAPP_BYTES
    made = for_whatsapp(target.getvalue())
    assert len(made.data) <= pictures.WHATSAPP_BYTES
    assert max(seen(made).size) <= pictures.WHATSAPP_SIDE


def test_a_model_gets_a_small_upright_jpeg_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    exif[0x010F] = "a phone"
    made = for_model(on_disk(tmp_path, drawn("JPEG", (4000, 3000), exif=exif)))
    image = seen(made)
    assert (image.size, made.mime_type) == ((768, 1024), "image/jpeg")
    assert not image.getexif()
    red, _, blue = image.getpixel((384, 100))  # type: ignore[misc]
    assert red > 200 > 100 > blue, "the left half is on top now"


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    assert seen(for_model(on_disk(tmp_path, drawn("PNG", (200, 100))))).size == (200, 100)


def _bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header promises many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (65_000_000, 1)])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(BrokenPicture):
        for_whatsapp(_bomb(*size))
    with pytest.raises(BrokenPicture):
        for_model(on_disk(tmp_path, _bomb(*size)))


def test_too_many_bytes_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    with pytest.raises(BrokenPicture, match="bytes"):
        for_whatsapp(drawn("PNG"))
    with pytest.raises(BrokenPicture, match="bytes"):
        for_model(on_disk(tmp_path, drawn("PNG")))


NO_PICTURES = (b"", b"<html>404</html>", b"%PDF-1.7", b"\xff\xd8\xff", b"<svg xmlns='x'/>", b"II*\0")


@pytest.mark.parametrize("data", NO_PICTURES)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        for_whatsapp(data)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_half_a_picture_is_refused(tmp_path: Path, format_: str) -> None:
    half = drawn(format_, quality=95) if format_ != "PNG" else drawn("PNG")
    half = half[: len(half) // 2]
    with pytest.raises(BrokenPicture):
        for_whatsapp(half)
    with pytest.raises(BrokenPicture):
        for_model(on_disk(tmp_path, half))


WHOLE = {format_: drawn(format_, (64, 48)) for format_ in ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "BMP")}


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damage_ends_in_one_error_or_a_picture(format_: str, at: int, noise: bytes) -> None:
    data = bytearray(WHOLE[format_])
    data[at % len(data) : at % len(data) + len(noise)] = noise
    try:
        made = for_whatsapp(bytes(data))
    except BrokenPicture:
        return
    assert made.mime_type in ("image/jpeg", "image/png")


@given(st.binary(max_size=400))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        for_whatsapp(data)
