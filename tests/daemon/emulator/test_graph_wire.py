from collections.abc import Mapping
from typing import Any

from daemon.emulator.graph_checks import Refusal
from daemon.emulator.graph_wire import form_fields, json_answer, read_body, refused, unknown_object


def test_a_form() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.ogg"\r\nContent-Type: audio/ogg\r\n\r\n'
        b"Ogg\r\n\r\nS\r\n--b--\r\n"
    )
    assert form_fields("multipart/form-data; boundary=b", body) == {
        "messaging_product": ("", b"whatsapp"),
        "file": ("audio/ogg", b"Ogg\r\n\r\nS"),
    }
    assert form_fields("application/json", b"{}") == {}


async def test_a_body_in_pieces() -> None:
    events: list[Mapping[str, Any]] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b", "more_body": False},
    ]

    async def receive() -> Mapping[str, Any]:
        return events.pop(0)

    assert await read_body(receive) == b"ab"


def test_answers() -> None:
    assert json_answer({"a": 1}).body == b'{"a":1}'
    assert refused(Refusal(190, "x", 401)).status == 401
    assert b'"error_subcode":33' in unknown_object("5").body
