"""What we send as Meta reads as Meta's: signature, bytes and events."""

from daemon.emulator import deliveries
from daemon.whatsapp.cloud import events_of, signature_ok, split
from daemon.whatsapp.events import Event, HumanAnswered, MessageReceived, Sender, StatusReceived


def read(body: bytes) -> list[Event]:
    return [event for part in split(body).parts for event in events_of(part)]


def test_bytes_are_in_metas_style_and_signed() -> None:
    body = deliveries.delivery(deliveries.text("promoção em https://x.com"))
    assert body.isascii()
    assert b"promo\\u00e7\\u00e3o em https:\\/\\/x.com" in body
    assert signature_ok("s3cret", body, deliveries.sign("s3cret", body))
    assert not signature_ok("s3cret", body + b" ", deliveries.sign("s3cret", body))


def test_each_builder_gives_its_event() -> None:
    body = deliveries.delivery(
        deliveries.text("oi", phone="5551999990001", user_id="BR.1", name="Ana", message_id="w1", reply_to="w0"),
        deliveries.image("30", caption="este", phone=""),
        deliveries.image("30", caption="este", phone="", user_id="BR.2"),
        deliveries.audio("31", url="https://x.com/1", sha256="ab"),
        deliveries.audio("32", voice=False),
        deliveries.status("w9", "failed", our_id="m9", error={"code": 131047}),
        deliveries.echo("já te respondo"),
    )
    text, _, image, voice, audio, status, echo = read(body)
    assert isinstance(text, MessageReceived)
    assert text.sender == Sender(phone="5551999990001", user_id="BR.1", name="Ana")
    assert (text.network_id, text.reply_to, text.text) == ("w1", "w0", "oi")
    assert isinstance(image, MessageReceived)
    assert (image.kind, image.sender.user_id, image.sender.phone) == ("image", "BR.2", "")
    assert isinstance(voice, MessageReceived)
    assert (voice.kind, voice.content["media"]["url"]) == ("voice", "https://x.com/1")
    assert isinstance(audio, MessageReceived)
    assert audio.kind == "audio"
    assert isinstance(status, StatusReceived)
    assert (status.our_id, status.error_code) == ("m9", 131047)
    assert isinstance(echo, HumanAnswered)


def test_ids_are_never_the_same() -> None:
    assert len({deliveries.new_wamid() for _ in range(1000)}) == 1000
