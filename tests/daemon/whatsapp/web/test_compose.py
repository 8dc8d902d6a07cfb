"""Messages of ours: the fields apps look for, and that our own reader understands them."""

from typing import Any

import pytest

from daemon.whatsapp.events import (
    HumanAnswered,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionReceived,
    Sender,
)
from daemon.whatsapp.fields import UNKNOWN_TIME
from daemon.whatsapp.web import compose, content, media, protocol_messages
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.compose import Key, Quoted, Setting, Shape, Uploaded
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.media import Encrypted, Kind, Reference

CHAT = "111@lid"
SECRET = bytes(range(32))
PLAIN = Setting(secret=SECRET)
THEIRS = Key(chat=CHAT, id="3EB0BB", from_me=False)
OURS = Key(chat=CHAT, id="3EB0CC", from_me=True)


def uploaded(kind: Kind = "image", mime_type: str = "image/jpeg") -> Uploaded:
    return Uploaded.of(
        Encrypted(b"", b"\x01" * 32, b"\x02" * 32, 999),
        kind=kind,
        media_key=bytes(32),
        mime_type=mime_type,
        url="https://mmg.whatsapp.net/v/x",
        path="/v/x",
        at=1_795_000_000,
    )


def heard(message: wa.Message) -> Any:
    """The event our reader makes of it, after its way over the wire."""
    again = wa.Message.FromString(message.SerializeToString())
    (event,) = content.read(again, network_id=f"3EB0AA/{CHAT}", sender=Sender(lid="111"), at=UNKNOWN_TIME)
    return event


def test_a_text_is_bare_where_nothing_is_said_about_it() -> None:
    message = compose.text("Temos sim!", PLAIN)
    assert message.conversation == "Temos sim!"
    assert not message.HasField("extendedTextMessage")
    assert message.messageContextInfo.messageSecret == SECRET
    assert compose.shape(message) == Shape()
    assert heard(message).text == "Temos sim!"


def test_a_reply() -> None:
    quoted = Quoted(id="3EB0BB", author="111@lid", text="tem gol?")
    message = compose.text("Temos!", Setting(secret=SECRET, quoted=quoted))
    context = message.extendedTextMessage.contextInfo
    assert (context.stanzaId, context.participant) == ("3EB0BB", "111@lid")
    assert context.quotedMessage == wa.Message(conversation="tem gol?")
    assert not context.HasField("expiration")
    event = heard(message)
    assert (event.text, event.reply_to) == ("Temos!", f"3EB0BB/{CHAT}")
    assert compose.shape(message) == Shape()


def test_a_chat_with_disappearing_messages() -> None:
    setting = Setting(secret=SECRET, disappearing=Disappearing(604800, 7))
    for message in (
        compose.text("oi", setting),
        compose.image(uploaded(), setting),
        compose.voice(uploaded("audio"), setting, seconds=1),
        compose.document(uploaded("document"), setting, filename="x.pdf", caption="esse"),
        compose.location(-30, -51, setting),
    ):
        assert content.disappearing(message) == Disappearing(604800, 7)
    off = Setting(secret=SECRET, disappearing=Disappearing(0, 7))
    assert compose.text("oi", off) == compose.text("oi", PLAIN)


def test_a_picture() -> None:
    message = compose.image(uploaded(), PLAIN, caption="Gol 2019", width=1280, height=960, thumbnail=b"\xff\xd8\xff")
    said = message.imageMessage
    assert (said.width, said.height, said.jpegThumbnail) == (1280, 960, b"\xff\xd8\xff")
    assert (said.url, said.mediaKeyTimestamp) == ("https://mmg.whatsapp.net/v/x", 1_795_000_000)
    event = heard(message)
    assert isinstance(event, MessageReceived)
    assert (event.kind, event.text) == ("image", "Gol 2019")
    assert Reference.of_content(event.content["media"]) == uploaded().file
    assert compose.shape(message) == Shape(type="media", mediatype="image")
    assert not compose.image(uploaded(), PLAIN).imageMessage.HasField("caption")


def test_a_voice_note() -> None:
    message = compose.voice(uploaded("audio", "audio/ogg"), PLAIN, seconds=7, waveform=bytes(range(64)))
    said = message.audioMessage
    assert (said.ptt, said.seconds, said.mimetype) == (True, 7, "audio/ogg; codecs=opus")
    assert said.waveform == bytes(range(64))
    assert heard(message).kind == "voice"
    assert compose.shape(message) == Shape(type="media", mediatype="ptt")
    for waveform in (b"x", bytes([101] * 64)):
        with pytest.raises(ValueError, match="waveform"):
            compose.voice(uploaded("audio"), PLAIN, seconds=7, waveform=waveform)


def test_a_sound_file() -> None:
    message = compose.audio(uploaded("audio", "audio/mpeg"), PLAIN, seconds=7)
    assert not message.audioMessage.HasField("ptt")
    assert heard(message).kind == "audio"
    assert compose.shape(message) == Shape(type="media", mediatype="audio")


def test_a_document_with_and_without_caption() -> None:
    bare = compose.document(uploaded("document", "application/pdf"), PLAIN, filename="../Ficha.pdf")
    assert bare.documentMessage.fileName == "Ficha.pdf"
    captioned = compose.document(uploaded("document", "application/pdf"), PLAIN, filename="Ficha.pdf", caption="Aqui")
    assert captioned.documentWithCaptionMessage.message.documentMessage.caption == "Aqui"
    assert content.secret_of(captioned) == SECRET
    for message, text in ((bare, ""), (captioned, "Aqui")):
        event = heard(message)
        assert (event.kind, event.text, event.content["media"]["filename"]) == ("document", text, "Ficha.pdf")
        assert compose.shape(message) == Shape(type="media", mediatype="document")


def test_a_place() -> None:
    message = compose.location(-30.03, -51.23, PLAIN, name="Auto Sul", address="Av. Farrapos, 1200")
    assert heard(message).text == "Auto Sul, Av. Farrapos, 1200"
    assert compose.shape(message) == Shape()


def test_reaction_edit_and_deletion() -> None:
    reaction = compose.reaction(THEIRS, "👍", at_ms=5)
    assert heard(reaction) == ReactionReceived(
        network_id=f"3EB0AA/{CHAT}", sender=Sender(lid="111"), at=UNKNOWN_TIME, target=f"3EB0BB/{CHAT}", emoji="👍"
    )
    assert reaction.reactionMessage.key == wa.MessageKey(remoteJid=CHAT, fromMe=False, id="3EB0BB")
    assert compose.shape(reaction) == Shape(type="reaction", hide=True)
    edit = compose.edit(OURS, "R$ 39.900", at_ms=5)
    assert isinstance(heard(edit), MessageEdited)
    assert heard(edit).text == "R$ 39.900"
    assert compose.shape(edit) == Shape(edit="1", hide=True)
    revoke = compose.revoke(OURS)
    assert isinstance(heard(revoke), MessageRevoked)
    assert revoke.protocolMessage.HasField("type")  # 0 must stand there
    assert compose.shape(revoke) == Shape(edit="7", hide=True)


def test_the_copy_for_our_own_devices() -> None:
    message = compose.document(uploaded("document"), PLAIN, filename="x.pdf", caption="Aqui")
    copy = compose.own_copy(message, CHAT)
    assert content.destination(copy) == CHAT
    assert copy.deviceSentMessage.message == message
    assert content.secret_of(copy) == SECRET
    assert compose.shape(copy) == compose.shape(message)
    (event,) = content.own(copy, network_id=f"3EB0AA/{CHAT}", to=Sender(lid="111"), at=UNKNOWN_TIME)
    assert isinstance(event, HumanAnswered)
    assert event.text == "Aqui"
    assert not compose.own_copy(compose.revoke(OURS), CHAT).HasField("messageContextInfo")


def test_asking_the_phone_for_messages() -> None:
    message = compose.placeholder_request([THEIRS, OURS])
    said = message.protocolMessage
    assert said.type == wa.ProtocolMessage.PEER_DATA_OPERATION_REQUEST_MESSAGE
    asked = said.peerDataOperationRequestMessage
    assert asked.peerDataOperationRequestType == 4
    assert [each.messageKey.id for each in asked.placeholderMessageResendRequest] == ["3EB0BB", "3EB0CC"]
    assert "not of our own account" in protocol_messages.refused(message, own_account=False, own_phone=False)
    assert compose.shape(message) == Shape()
    for count in (0, 51):
        with pytest.raises(ValueError, match="between 1 and 50"):
            compose.placeholder_request([OURS] * count)


@pytest.mark.parametrize(
    ("said", "mediatype"),
    [
        ({"videoMessage": wa.VideoMessage()}, "video"),
        ({"videoMessage": wa.VideoMessage(gifPlayback=True)}, "gif"),
        ({"stickerMessage": wa.StickerMessage()}, "sticker"),
        ({"contactMessage": wa.ContactMessage()}, "vcard"),
    ],
)
def test_shapes_of_what_others_sent(said: dict[str, Any], mediatype: str) -> None:
    assert compose.shape(wa.Message(**said)) == Shape(type="media", mediatype=mediatype)


def test_what_cannot_be_composed() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Setting(secret=b"short")
    with pytest.raises(Garbled):
        Uploaded.of(
            Encrypted(b"", b"", b"\x02" * 32, 1),
            kind="image",
            media_key=bytes(32),
            mime_type="image/jpeg",
            url="",
            path="no path",
            at=0,
        )


def test_a_file_from_encryption_to_the_customers_phone() -> None:
    key = bytes(range(32))
    encryptor = media.Encryptor(media.keys(key, "image"))
    stored = encryptor.feed(b"jpeg")
    end = encryptor.finish()
    stored += end.tail
    file = Uploaded.of(end, kind="image", media_key=key, mime_type="image/jpeg", url="", path="/v/x", at=1)
    found = Reference.of_content(heard(compose.image(file, PLAIN)).content["media"])
    decryptor = media.Decryptor(
        media.keys(found.media_key, found.kind), enc_sha256=found.enc_sha256, sha256=found.sha256, max_bytes=99
    )
    assert decryptor.feed(stored) + decryptor.finish() == b"jpeg"
