"""Messages as a phone keeps them."""

import pytest

from daemon.emulator.whatsapp_web.letters import Letter, file_of
from daemon.whatsapp.web import messages_pb2 as wa
from tests.daemon.emulator.whatsapp_web.people import NOW, network, said


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (said("oi"), "oi"),
        (wa.Message(extendedTextMessage=wa.ExtendedTextMessage(text="olá")), "olá"),
        (wa.Message(imageMessage=wa.ImageMessage(caption="foto")), ""),
    ],
)
def test_what_it_says(message: wa.Message, text: str) -> None:
    phone = network().add_account("5551990000001")
    assert Letter(id="A", chat=phone.account, sender=phone.device, message=message, at=NOW).text == text


def test_its_file() -> None:
    image = wa.ImageMessage(mediaKey=b"k" * 32, directPath="/v/x")
    assert file_of(wa.Message(imageMessage=image)) == (b"k" * 32, "/v/x")
    assert file_of(said("oi")) is None
