from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.emulator.graph_checks import check_message
from daemon.whatsapp import graph
from daemon.whatsapp.graph import Accepted, CannotExpress, File

PHONE, USER = "5511955500101", "BR.10000000000000000101"
LINK = File(link="https://fotos.example.com/1.jpg")

BODIES: list[dict[str, Any]] = [
    graph.text(PHONE, USER, "Olá!", our_id="m-1", reply_to="wamid.q"),
    graph.text("", USER, "a" * 4096),
    graph.image(PHONE, "", LINK, caption="HB20 2019", our_id="m-2"),
    graph.image("", USER, File(media_id="300"), caption=""),
    graph.document(PHONE, "", LINK, filename="ficha.pdf", caption="Ficha"),
    graph.voice(PHONE, "", File(media_id="300"), reply_to="wamid.q"),
    graph.reaction(PHONE, "", "wamid.q", "👍", our_id="m-3"),
    graph.reaction(PHONE, "", "wamid.q", ""),
    graph.read("wamid.q", typing=False),
    graph.read("wamid.q", typing=True),
]


@pytest.mark.parametrize("body", BODIES)
def test_what_we_write_is_what_meta_takes(body: dict[str, Any]) -> None:
    assert check_message(body) is None


def test_a_text() -> None:
    assert BODIES[0] == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5511955500101",
        "type": "text",
        "biz_opaque_callback_data": "m-1",
        "context": {"message_id": "wamid.q"},
        "text": {"body": "Olá!"},
    }


def test_a_voice_note_and_typing() -> None:
    assert BODIES[5]["type"] == "audio"
    assert BODIES[5]["audio"] == {"id": "300", "voice": True}
    assert BODIES[9]["typing_indicator"] == {"type": "text"}
    assert "typing_indicator" not in BODIES[8]


@given(
    st.sampled_from(["", PHONE, "+55 11 95550-0101", USER, "x"]), st.sampled_from(["", USER, "BR.ENT.1", PHONE, "BR."])
)
def test_a_user_id_never_goes_into_to(phone: str, user_id: str) -> None:
    try:
        body = graph.recipient(phone, user_id)
    except CannotExpress:
        assert phone in (USER, "x") or (not phone and user_id in ("", PHONE, "BR."))
        return
    assert len(body) == 1
    if "to" in body:
        assert body["to"] == "+5511955500101"
    else:
        assert body["recipient"] in (USER, "BR.ENT.1")


@pytest.mark.parametrize(
    "make",
    [
        lambda: graph.text(PHONE, "", ""),
        lambda: graph.text(PHONE, "", "  "),
        lambda: graph.text(PHONE, "", "a" * 4097),
        lambda: graph.text("", "", "oi"),
        lambda: graph.text(PHONE, "", "oi", our_id="a" * 513),
        lambda: graph.image(PHONE, "", LINK, caption="a" * 1025),
        lambda: graph.image(PHONE, "", File()),
        lambda: graph.image(PHONE, "", File(link="file:///etc/passwd")),
    ],
)
def test_what_meta_would_refuse_is_not_written(make: Any) -> None:
    with pytest.raises(CannotExpress):
        make()


def test_answers() -> None:
    answer = {"contacts": [{"input": "+55…", "wa_id": "551185500101"}], "messages": [{"id": "wamid.1"}]}
    assert graph.accepted(orjson.dumps(answer)) == Accepted(wamid="wamid.1", wa_id="551185500101")
    answer["contacts"] = [{"input": USER, "user_id": USER}]
    assert graph.accepted(orjson.dumps(answer)) == Accepted(wamid="wamid.1", user_id=USER)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"messages":[]}', b'{"messages":[{"id":""}]}', b"<html>", b'{"messages":{}}']
)
def test_an_answer_without_id_is_none(body: bytes) -> None:
    assert graph.accepted(body) is None
    assert graph.error(body) is None


@given(st.binary())
def test_answers_never_raise(body: bytes) -> None:
    graph.accepted(body)
    graph.error(body)


def test_half_an_emoji_is_left_out() -> None:
    body = graph.document(PHONE, "", LINK, filename="a\ud83d.pdf", caption="b\ud83dc")
    assert body["document"] == {"link": LINK.link, "filename": "a.pdf", "caption": "bc"}
    assert graph.text(PHONE, "", "oi \ud83d")["text"] == {"body": "oi "}
    orjson.dumps(body)
