"""Every kind of content, in the shapes the Cloud API's messages have."""

from typing import Any

import pytest

from daemon.whatsapp.cloud_messages import Content, read_content
from daemon.whatsapp.web import body
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.media import Reference
from tests.support.web_messages import FILE, valid

ID = "3EB0AA/111@lid"


def read(**said: Any) -> Content:
    found = body.read(wa.Message(**said), ID)
    assert found is not None
    return found


def refused(word: str) -> Content:
    return Content(kind="unsupported", content={"type": word})


def cloud(**message: Any) -> Content:
    return read_content(message, [])


def test_texts() -> None:
    assert read(conversation="Tem Gol?\nAté 30 mil") == cloud(type="text", text={"body": "Tem Gol?\nAté 30 mil"})
    assert read(extendedTextMessage=wa.ExtendedTextMessage(text="oi")) == cloud(type="text", text={"body": "oi"})
    assert len(read(conversation="a" * 100_000).text) == 65_536
    assert read(conversation="a\x00b").text == "ab"


@pytest.mark.parametrize(
    "message",
    [
        wa.Message(),
        wa.Message(conversation=""),
        wa.Message(extendedTextMessage=wa.ExtendedTextMessage()),
        wa.Message(senderKeyDistributionMessage=wa.SenderKeyDistributionMessage(groupId="1@g.us")),
        wa.Message(messageContextInfo=wa.MessageContextInfo(messageSecret=bytes(32))),
        wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.EPHEMERAL_SETTING)),
        wa.Message(pinInChatMessage=b"x"),
        wa.Message(pollUpdateMessage=b"x"),
        wa.Message(albumMessage=b"x"),
        wa.Message(keepInChatMessage=b"x"),
    ],
)
def test_what_says_nothing(message: wa.Message) -> None:
    assert body.read(message, ID) is None


@pytest.mark.parametrize(
    ("said", "kind", "place", "more"),
    [
        ({"imageMessage": wa.ImageMessage(**valid(mimetype="image/jpeg", caption="esse"))}, "image", "image", {}),
        ({"videoMessage": wa.VideoMessage(**valid(mimetype="video/mp4", caption="esse"))}, "video", "video", {}),
        (
            {"videoMessage": wa.VideoMessage(**valid(mimetype="video/mp4", caption="esse", gifPlayback=True))},
            "video",
            "video",
            {"animated": True},
        ),
        ({"ptvMessage": wa.VideoMessage(**valid(mimetype="video/mp4", caption="esse"))}, "video", "video", {}),
        (
            {
                "documentMessage": wa.DocumentMessage(
                    **valid(mimetype="application/pdf", fileName="../x.pdf", caption="esse")
                )
            },
            "document",
            "document",
            {"filename": "x.pdf"},
        ),
    ],
)
def test_files_with_a_caption(said: dict[str, Any], kind: str, place: str, more: dict[str, Any]) -> None:
    found = read(**said)
    assert (found.kind, found.text) == (kind, "esse")
    check_media(found, place, more)


@pytest.mark.parametrize(
    ("said", "kind", "place", "more"),
    [
        ({"audioMessage": wa.AudioMessage(**FILE, mimetype="audio/mp4")}, "audio", "audio", {}),
        (
            {"audioMessage": wa.AudioMessage(**FILE, mimetype="audio/ogg; codecs=opus", ptt=True)},
            "voice",
            "audio",
            {"voice": True},
        ),
        ({"stickerMessage": wa.StickerMessage(**FILE, mimetype="image/webp")}, "sticker", "sticker", {}),
        (
            {"stickerMessage": wa.StickerMessage(**FILE, mimetype="image/webp", isAnimated=True)},
            "sticker",
            "sticker",
            {"animated": True},
        ),
    ],
)
def test_files_without_words(said: dict[str, Any], kind: str, place: str, more: dict[str, Any]) -> None:
    found = read(**said)
    assert (found.kind, found.text) == (kind, "")
    check_media(found, place, more)


def check_media(found: Content, place: str, more: dict[str, Any]) -> None:
    media = found.content["media"]
    kept = {name: value for name, value in media.items() if name not in ("mime_type", "web")}
    assert kept == {"id": ID, "sha256": FILE["fileSha256"].hex(), **more}
    assert "/" in media["mime_type"]
    file = Reference.of_content(media)
    assert (file.kind, file.direct_path, file.media_key) == (place, FILE["directPath"], FILE["mediaKey"])
    assert (file.enc_sha256, file.sha256, file.size_bytes) == (FILE["fileEncSha256"], FILE["fileSha256"], 54321)


@pytest.mark.parametrize(
    "fault",
    [
        {"directPath": ""},
        {"directPath": "//evil.example/x"},
        {"mediaKey": b"short"},
        {"fileEncSha256": b""},
        {"fileSha256": b"short"},
    ],
)
def test_a_file_that_cannot_be_fetched_keeps_its_caption(fault: dict[str, Any]) -> None:
    found = read(imageMessage=wa.ImageMessage(**{**FILE, **fault}, caption="quanto?", url="https://evil.example/"))
    assert found == Content(kind="unsupported", text="quanto?", content={"type": "image"})


def test_the_senders_own_addresses_are_never_kept() -> None:
    evil = "https://evil.example/"
    found = read(imageMessage=wa.ImageMessage(**FILE, url=evil, thumbnailDirectPath=evil, staticUrl=evil))
    assert "evil" not in str(found)
    place = wa.LocationMessage(degreesLatitude=1, degreesLongitude=2, url=evil)
    assert "evil" not in str(read(locationMessage=place))


def test_an_absurd_size_is_not_believed() -> None:
    found = read(imageMessage=wa.ImageMessage(**valid(fileLength=(1 << 64) - 1)))
    assert found.content["media"]["web"]["bytes"] == 0


def test_locations() -> None:
    place = {"latitude": -30.03, "longitude": -51.23, "name": "Auto Sul", "address": "Av. Farrapos, 1200"}
    said = wa.LocationMessage(
        degreesLatitude=-30.03, degreesLongitude=-51.23, name="Auto Sul", address="Av. Farrapos, 1200"
    )
    assert read(locationMessage=said) == cloud(type="location", location=place)
    live = wa.LiveLocationMessage(degreesLatitude=-30.03, degreesLongitude=-51.23, caption="chegando")
    assert read(liveLocationMessage=live) == Content(
        kind="location",
        text="chegando",
        content={"location": {"latitude": -30.03, "longitude": -51.23, "live": True}},
    )


@pytest.mark.parametrize(
    "degrees",
    [
        {},
        {"degreesLatitude": 1},
        {"degreesLatitude": 91, "degreesLongitude": 0},
        {"degreesLatitude": float("nan"), "degreesLongitude": 0},
        {"degreesLatitude": 0, "degreesLongitude": float("inf")},
    ],
)
def test_no_place_on_earth(degrees: dict[str, float]) -> None:
    assert read(locationMessage=wa.LocationMessage(**degrees)) == refused("location")


def test_contacts() -> None:
    card = "BEGIN:VCARD\nFN:Carla\nTEL;waid=5511988887777:+55 11 98888-7777\nEND:VCARD"
    told = [{"name": {"formatted_name": "Carla"}, "phones": [{"phone": "+55 11 98888-7777"}]}]
    one = wa.ContactMessage(displayName="Outra", vcard=card)
    assert read(contactMessage=one) == cloud(type="contacts", contacts=told)
    two = wa.ContactsArrayMessage(contacts=[one, wa.ContactMessage(displayName="João")])
    expected = cloud(type="contacts", contacts=[*told, {"name": {"formatted_name": "João"}}])
    assert read(contactsArrayMessage=two) == expected
    assert len(read(contactsArrayMessage=wa.ContactsArrayMessage(contacts=[one] * 50)).content["contacts"]) == 20
    assert read(contactMessage=wa.ContactMessage()) == refused("contacts")


def test_choices() -> None:
    button = wa.ButtonsResponseMessage(selectedButtonId="sim", selectedDisplayText="Sim, quero")
    reply = {"type": "button_reply", "button_reply": {"id": "sim", "title": "Sim, quero"}}
    assert read(buttonsResponseMessage=button) == cloud(type="interactive", interactive=reply)
    chosen = wa.ListResponseMessage(
        title="Gol 1.0", description="2019", singleSelectReply=wa.SingleSelectReply(selectedRowId="7")
    )
    listed = {"type": "list_reply", "list_reply": {"id": "7", "title": "Gol 1.0", "description": "2019"}}
    assert read(listResponseMessage=chosen) == cloud(type="interactive", interactive=listed)
    template = wa.TemplateButtonReplyMessage(selectedId="x", selectedDisplayText="Falar com vendedor")
    assert read(templateButtonReplyMessage=template) == cloud(
        type="button", button={"text": "Falar com vendedor", "payload": "x"}
    )
    assert read(templateButtonReplyMessage=wa.TemplateButtonReplyMessage(selectedId="x")).text == "x"
    assert read(buttonsResponseMessage=wa.ButtonsResponseMessage()) == refused("button")


def interactive(text: str, params: str, name: str = "") -> wa.InteractiveResponseMessage:
    return wa.InteractiveResponseMessage(
        body=wa.InteractiveResponseBody(text=text),
        nativeFlowResponseMessage=wa.NativeFlowResponseMessage(name=name, paramsJson=params),
    )


def test_native_flows() -> None:
    quick = read(interactiveResponseMessage=interactive("Quero simular", '{"id": "sim"}', "quick_reply"))
    assert quick.content == {"button": {"type": "button_reply", "id": "sim", "title": "Quero simular"}}
    assert quick.text == "Quero simular"
    form = interactive("Enviado", '{"nome": "Ana", "entrada": 5000, "flow_token": "t"}', "flow")
    nfm = {"name": "flow", "body": "Enviado", "response_json": form.nativeFlowResponseMessage.paramsJson}
    assert read(interactiveResponseMessage=form) == cloud(
        type="interactive", interactive={"type": "nfm_reply", "nfm_reply": nfm}
    )
    assert read(interactiveResponseMessage=form).text == "nome: Ana\nentrada: 5000"
    assert read(interactiveResponseMessage=interactive("Olá", "")).text == "Olá"
    assert read(interactiveResponseMessage=interactive("Olá", "{")).text == "Olá"
    assert read(interactiveResponseMessage=interactive("", "")) == refused("button")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("orderMessage", "order"),
        ("productMessage", "product"),
        ("pollCreationMessageV3", "poll"),
        ("eventMessage", "event"),
    ],
)
def test_what_we_cannot_show_is_named(name: str, word: str) -> None:
    assert read(**{name: b"\x0a\x00"}) == refused(word)


def test_a_kind_newer_than_ours_is_shown_as_one() -> None:
    newer = wa.Message.FromString(b"\x82\x7d\x02\x0a\x00")  # field 2000
    assert body.read(newer, ID) == refused("unknown")
    assert body.read(newer, ID, hidden=True) is None
    newer.messageContextInfo.messageSecret = bytes(32)
    assert body.read(newer, ID) == refused("unknown")
    newer.conversation = "oi"
    assert body.read(newer, ID) == Content(kind="text", text="oi", content={})


def test_the_context_of_any_kind() -> None:
    context = wa.ContextInfo(stanzaId="3EB0")
    for message in (
        wa.Message(extendedTextMessage=wa.ExtendedTextMessage(contextInfo=context)),
        wa.Message(imageMessage=wa.ImageMessage(contextInfo=context)),
        wa.Message(buttonsResponseMessage=wa.ButtonsResponseMessage(contextInfo=context)),
        wa.Message(listResponseMessage=wa.ListResponseMessage(contextInfo=context)),
    ):
        assert body.context(message) == context
    assert body.context(wa.Message(conversation="oi")) is None
    assert body.context(wa.Message(imageMessage=wa.ImageMessage())) is None
