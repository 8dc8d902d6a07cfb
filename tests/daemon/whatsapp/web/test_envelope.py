"""Wrappers, and texts that were never meant to be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import envelope
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled


def wrapped(message: wa.Message, times: int, name: str = "ephemeralMessage") -> wa.Message:
    for _ in range(times):
        message = wa.Message(**{name: wa.FutureProofMessage(message=message)})
    return message


@pytest.mark.parametrize("name", envelope.WRAPPERS)
def test_every_wrapper_is_opened(name: str) -> None:
    assert envelope.unwrapped(wrapped(wa.Message(conversation="oi"), 2, name)).conversation == "oi"


def test_eight_wrappers_and_no_more() -> None:
    assert envelope.unwrapped(wrapped(wa.Message(conversation="oi"), 8)).conversation == "oi"
    with pytest.raises(Garbled, match="8 times"):
        envelope.unwrapped(wrapped(wa.Message(conversation="oi"), 9))


def test_a_copy_for_our_own_devices_is_a_layer() -> None:
    copy = wa.Message(deviceSentMessage=wa.DeviceSentMessage(message=wrapped(wa.Message(conversation="oi"), 1)))
    assert [layer.conversation for layer in envelope.layers(copy)] == ["", "", "oi"]


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field, as it stands on the wire."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80]) + varint(number >> 7) if number > 0x7F else bytes([number])


def test_a_bomb_of_nested_messages_is_garbled() -> None:
    bomb = b""
    for _ in range(200):
        bomb = field(40, field(1, bomb))  # ephemeralMessage.message
    with pytest.raises(Garbled):
        envelope.unwrapped(envelope.parse(bomb))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_message_or_garbled(plain: bytes) -> None:
    try:
        message = envelope.parse(plain)
    except Garbled:
        return
    assert isinstance(message, wa.Message)


def test_a_text_that_is_not_utf8_is_still_readable() -> None:
    message = envelope.parse(b"\x0a\x06ol\xe1 oi")
    assert envelope.text(message.conversation) == "ol\ufffd oi"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("João da Silva", "João da Silva"),
        ("  Ana\n\tMaria\x00 ", "Ana Maria"),
        ("Zé\u202e\u2066moc", "Zé moc"),
        ("👩‍👩‍👧 Família", "👩‍👩‍👧 Família"),
        ("x" * 999, "x" * 256),
        (None, ""),
        (7, ""),
    ],
)
def test_a_line(given: object, shown: str) -> None:
    assert envelope.line(given) == shown


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("CRLV 2024.pdf", "CRLV 2024.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", ""),
        ("..", ""),
        (".bashrc", "bashrc"),
        ("a/\x00", ""),
        ("foto\u202egpj.exe", "foto gpj.exe"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("x" * 300, "x" * 120),
        ("x." + "y" * 300, "x." + "y" * 118),
    ],
)
def test_a_filename(given: str, safe: str) -> None:
    assert envelope.filename(given) == safe


@given(st.text() | st.binary())
def test_no_filename_leaves_its_folder(given: str | bytes) -> None:
    name = envelope.filename(given)
    assert not set(name) & set("/\\\x00\n")
    assert name not in (".", "..")
    assert len(name) <= 120


@pytest.mark.parametrize("id_", ["3EB0538DA65A59F6D8A251", "false_5511@c.us", "wamid.HBg=="])
def test_message_ids(id_: str) -> None:
    assert envelope.message_id(id_) == id_


@pytest.mark.parametrize("id_", ["", "a/b", "a b", "a\n", "é", "x" * 129, None, b"\xff"])
def test_no_message_ids(id_: object) -> None:
    assert envelope.message_id(id_) == ""
