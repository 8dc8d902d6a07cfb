"""Shared contacts, as phones write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import vcard

IPHONE = """BEGIN:VCARD
VERSION:3.0
N:Souza;Carla;;;
FN:Carla Souza
item1.TEL;waid=5511988887777:+55 11 98888-7777
item1.X-ABLabel:Celular
TEL;type=WORK:(11) 3333-4444
END:VCARD"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_iphones_card(ends: str) -> None:
    assert vcard.read(IPHONE.replace("\n", ends)) == ("Carla Souza", ["+55 11 98888-7777", "(11) 3333-4444"])


@pytest.mark.parametrize(
    ("card", "read"),
    [
        ("", ("", [])),
        ("FN", ("", [])),
        ("FN:Souza\\, Carla\\nLoja", ("Souza, Carla Loja", [])),
        ("FN:Car\n la Souza", ("Carla Souza", [])),
        ("FN:A\nFN:B", ("A", [])),
        ("TEL;VALUE=uri:tel:+5511988887777", ("", ["+5511988887777"])),
        ("TEL:\nTEL: ", ("", [])),
        ("\n".join(f"TEL:{number}" for number in range(30)), ("", [str(number) for number in range(10)])),
        ("TEL:" + "9" * 500, ("", ["9" * 64])),
    ],
)
def test_cards(card: str, read: tuple[str, list[str]]) -> None:
    assert vcard.read(card) == read


@given(st.text())
def test_any_text_is_a_card_of_bounded_size(card: str) -> None:
    name, phones = vcard.read(card)
    assert len(name) <= 256
    assert len(phones) <= vcard.MAX_PHONES
