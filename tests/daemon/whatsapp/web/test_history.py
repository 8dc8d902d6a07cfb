"""What is read of a history, and how much of it at most."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import history
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.history import History, Token
from daemon.whatsapp.web.protocol_messages import AddressPair
from tests.support.web_messages import of_kind


def packed(sync: wa.HistorySync) -> bytes:
    return zlib.compress(sync.SerializeToString())


def test_names_addresses_and_tokens() -> None:
    found = history.read(
        packed(
            wa.HistorySync(
                syncType=wa.HistorySync.PUSH_NAME,
                pushnames=[
                    wa.Pushname(id="5511900000000@s.whatsapp.net", pushname="Auto\x00 Sul\n"),
                    wa.Pushname(id="5511900000001@s.whatsapp.net"),
                ],
                phoneNumberToLidMappings=[
                    wa.PhoneNumberToLIDMapping(pnJid="5511988887777@s.whatsapp.net", lidJid="111@lid"),
                    wa.PhoneNumberToLIDMapping(pnJid="222@lid", lidJid="5511977776666@s.whatsapp.net"),
                    wa.PhoneNumberToLIDMapping(pnJid="1203630@g.us", lidJid="111@lid"),
                ],
                conversations=[
                    wa.Conversation(
                        id="111@lid",
                        pnJid="5511988887777@s.whatsapp.net",
                        tcToken=b"t",
                        tcTokenTimestamp=5,
                        tcTokenSenderTimestamp=6,
                        messages=[wa.HistorySyncMsg(message=wa.WebMessageInfo(message=wa.Message(conversation="oi")))],
                    ),
                    wa.Conversation(id="5511955554444@s.whatsapp.net", lidJid="333@lid", tcToken=b"u"),
                    wa.Conversation(id="1203630@g.us"),
                ],
                nctSalt=b"s" * 32,
            )
        )
    )
    assert found == History(
        push_names={"5511900000000@s.whatsapp.net": "Auto Sul"},
        addresses=(AddressPair("5511988887777", "111"), AddressPair("5511955554444", "333")),
        tokens=(
            Token(chat="111@lid", token=b"t", received_at=5, issued_at=6),
            Token(chat="333@lid", token=b"u", received_at=0, issued_at=0),
        ),
        nct_salt=b"s" * 32,
    )
    assert "ssss" not in repr(found)


def test_one_that_is_larger_than_its_limit_is_refused() -> None:
    sync = wa.HistorySync(nctSalt=bytes(1000))
    size = sync.ByteSize()
    assert history.read(packed(sync), limit=size).nct_salt == bytes(1000)
    with pytest.raises(Garbled, match="more than"):
        history.read(packed(sync), limit=size - 1)


def test_what_is_too_long_for_what_it_is_is_not_kept() -> None:
    found = history.read(
        packed(wa.HistorySync(nctSalt=bytes(2000), conversations=[wa.Conversation(id="1@lid", tcToken=bytes(2000))]))
    )
    assert found == History(push_names={}, addresses=(), tokens=(), nct_salt=b"")


@given(st.binary(max_size=100))
def test_garbage(data: bytes) -> None:
    for piece in (data, zlib.compress(data)):
        try:
            history.read(piece, limit=1000)
        except Garbled:
            continue


@given(of_kind(wa.HistorySync, depth=3))
def test_arbitrary_history(sync: wa.HistorySync) -> None:
    found = history.read(packed(sync))
    assert all(pair.pn_user.isdigit() and pair.lid_user.isdigit() for pair in found.addresses)
    assert all(len(name) <= 256 for name in found.push_names.values())
