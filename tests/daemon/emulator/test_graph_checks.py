from typing import Any

import pytest

from daemon.emulator.graph_checks import Refusal, check_message, refusal

FRAME = {"messaging_product": "whatsapp", "to": "+5511955500101"}
TEXT = {**FRAME, "type": "text", "text": {"body": "oi"}}


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        {**FRAME, "text": {"body": "oi"}},
        {"messaging_product": "whatsapp", "recipient": "BR.1", "type": "text", "text": {"body": "oi"}},
        {**TEXT, "to": "BR.1"},  # taken, and delivered to nobody: see the peer
        {**FRAME, "type": "image", "image": {"link": "https://x.com/1.jpg", "caption": "c"}},
        {**FRAME, "type": "template", "template": {"name": "n", "language": {"code": "pt_BR"}}},
        {**FRAME, "type": "interactive", "interactive": {"type": "button", "body": {"text": "x"}}},
    ],
)
def test_taken(body: dict[str, Any]) -> None:
    assert check_message(body) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, 100),
        ([], 100),
        ({}, 100),
        ({**TEXT, "messaging_product": "sms"}, 100),
        ({"messaging_product": "whatsapp", "type": "text", "text": {"body": "oi"}}, 131008),
        ({**TEXT, "to": 5511955500101}, 131009),
        ({**TEXT, "to": "someone"}, 131009),
        ({**TEXT, "recipient": "5511955500101"}, 131009),
        ({**TEXT, "recipient_type": "crowd"}, 100),
        ({**TEXT, "text": {"body": " "}}, 100),
        ({**TEXT, "text": {"body": "a" * 4097}}, 100),
        ({**TEXT, "text": "oi"}, 131008),
        ({**TEXT, "type": "dance"}, 100),
        ({**TEXT, "biz_opaque_callback_data": "a" * 513}, 100),
        ({**TEXT, "context": {}}, 100),
        ({**FRAME, "type": "image", "image": {}}, 100),
        ({**FRAME, "type": "image", "image": {"id": "1", "link": "https://x.com"}}, 100),
        ({**FRAME, "type": "image", "image": {"link": "ftp://x.com"}}, 100),
        ({**FRAME, "type": "image", "image": {"id": "1", "caption": "a" * 1025}}, 100),
        ({**FRAME, "type": "audio", "audio": {"id": "1", "caption": "a"}}, 100),
        ({**FRAME, "type": "reaction", "reaction": {"message_id": "w"}}, 100),
        ({**FRAME, "type": "reaction", "context": {"message_id": "w"}, "reaction": {}}, 100),
        ({**FRAME, "type": "template", "template": {"name": "n"}}, 100),
        ({**FRAME, "type": "interactive", "interactive": {"type": "poll"}}, 100),
        ({"messaging_product": "whatsapp", "status": "read"}, 100),
        ({"messaging_product": "whatsapp", "status": "seen", "message_id": "w"}, 100),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "w", "typing_indicator": 1}, 100),
    ],
)
def test_refused(body: Any, code: int) -> None:
    why = check_message(body)
    assert why is not None
    assert why.code == code


def test_a_refusal_in_metas_shape() -> None:
    error = Refusal(100, "details", subcode=33).body()["error"]
    assert error["code"] == 100
    assert error["error_data"]["details"] == "details"
    assert error["error_subcode"] == 33
    assert refusal(190).http_status == 401
    assert refusal(131056).http_status == 400
    assert refusal(5, "why").details == "why"
