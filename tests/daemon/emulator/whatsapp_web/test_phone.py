"""An account's phone, on a network without sockets."""

import pytest

from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.whatsapp.web import media
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from tests.daemon.emulator.whatsapp_web.people import NOW, KeptLine, companion, network, said


@pytest.fixture
def net() -> Network:
    return network()


@pytest.fixture
def ana(net: Network) -> Phone:
    return net.add_account("5551990000001", name="Ana", lid_user="111")


@pytest.fixture
def beto(net: Network) -> Phone:
    return net.add_account("5551990000002", name="Beto", lid_user="222")


def test_what_one_writes_the_other_has(net: Network, ana: Phone, beto: Phone) -> None:
    id_ = net.write(ana, beto.account, said("oi"))
    (letter,) = beto.received()
    assert (letter.id, letter.text, letter.sender, letter.chat) == (id_, "oi", ana.device, ana.account)
    assert [(receipt.ids, receipt.kind) for receipt in ana.receipts] == [((id_,), "")]
    assert not beto.device.waiting


def test_it_writes_in_the_namespace_of_its_account(net: Network, ana: Phone, beto: Phone) -> None:
    assert ana.write(beto.account, said("oi"), NOW).attrs["to"] == beto.account.lid
    beto.account.lid_known = False
    assert ana.write(beto.account, said("oi"), NOW).attrs["to"] == beto.account.pn
    beto.account.lid_known = True
    ana.account.addressing = "pn"
    assert ana.write(beto.account, said("oi"), NOW).attrs["to"] == beto.account.pn


def test_the_stanza_says_what_the_message_is(ana: Phone, beto: Phone) -> None:
    voice = wa.Message(audioMessage=wa.AudioMessage(ptt=True))
    node = ana.write(beto.account, voice, NOW, id_="M1")
    participants = node.child("participants")
    assert participants
    (enc,) = participants.children()[0].children("enc")
    assert (node.get("id"), node.get("type"), enc.get("mediatype")) == ("M1", "media", "ptt")
    gone = wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.REVOKE))
    assert ana.write(beto.account, gone, NOW).get("edit") == "7"


def test_read_receipts(net: Network, ana: Phone, beto: Phone) -> None:
    ids = tuple(net.write(ana, beto.account, said(text)) for text in ("oi", "tudo bem?"))
    net.from_phone(beto, beto.mark_read(*ids, now=NOW))
    assert (ana.receipts[-1].ids, ana.receipts[-1].kind) == (ids, "read")


@pytest.mark.parametrize("failures", [1, 2])
def test_what_it_cannot_decrypt_it_asks_for_again(net: Network, ana: Phone, beto: Phone, failures: int) -> None:
    net.write(ana, beto.account, said("oi"))
    net.write(beto, ana.account, said("olá"))
    beto.keys.sessions.clear()
    beto._failures["M1"] = failures - 1
    net.write(ana, beto.account, said("sumiu?"), id_="M1")
    assert beto.letters["M1"].text == "sumiu?"


def test_it_does_not_repeat_to_strangers(net: Network, ana: Phone, beto: Phone) -> None:
    id_ = net.write(ana, beto.account, said("segredo"))
    carla = net.add_account("5551990000003")
    asked = Node("retry", {"count": "1", "id": id_})
    retry = {"id": id_, "type": "retry"}
    assert ana.receive(Node("receipt", {**retry, "from": carla.account.lid}, (asked,)), NOW)[0].tag == "ack"
    again, _ = ana.receive(Node("receipt", {**retry, "from": beto.account.lid}, (asked,)), NOW)
    assert (again.tag, again.get("id"), again.attrs["to"]) == ("message", id_, beto.account.lid)


def test_the_welcome_of_a_companion(net: Network, ana: Phone, beto: Phone) -> None:
    net.write(ana, beto.account, said("oi"))
    device = companion(ana.account)
    device.signed = beto.device.signed  # a bundle that can be used, though by nobody to read
    device.identity = beto.device.identity
    said_to_it = ana.welcome(device, NOW)
    assert [node.get("category") for node in said_to_it] == ["peer"] * 4
    assert {node.attrs["to"] for node in said_to_it} == {device.jid}
    book = ana.address_book(NOW).lidMigrationMappingSyncMessage.encodedMappingPayload
    pairs = wa.LIDMigrationMappingSyncPayload.FromString(book).pnToLidMappings
    assert [(pair.pn, pair.assignedLid) for pair in pairs] == [(5551990000002, 222)]


def test_placeholders_are_filled(net: Network, ana: Phone, beto: Phone) -> None:
    """A companion that is itself a phone's keys asks; the phone answers with the message as it has it."""
    id_ = net.write(beto, ana.account, said("vi o anúncio"))
    device = companion(ana.account)
    carla = net.add_account("5551990000003")
    device.identity, device.signed = carla.device.identity, carla.device.signed
    device.registration_id, device.prekeys = carla.device.registration_id, dict(carla.device.prekeys)
    wanted = wa.PlaceholderMessageResendRequest(messageKey=wa.MessageKey(remoteJid="222@lid", id=id_))
    request = wa.PeerDataOperationRequestMessage(
        peerDataOperationRequestType=wa.PLACEHOLDER_MESSAGE_RESEND, placeholderMessageResendRequest=[wanted]
    )
    message = wa.Message(protocolMessage=wa.ProtocolMessage(peerDataOperationRequestMessage=request))
    enc = carla.keys.encrypt(ana.device, message)
    node = Node("message", {"id": "ASK", "from": device.jid, "category": "peer"}, (enc,))
    receipt, answer = ana.receive(node, NOW)
    assert receipt.get("type") == "peer_msg"
    (sealed,) = answer.children("enc")
    told = carla.keys.decrypt(ana.device, sealed).protocolMessage.peerDataOperationRequestResponseMessage
    found = told.peerDataOperationResult[0].placeholderMessageResendResponse.webMessageInfoBytes
    info = wa.WebMessageInfo.FromString(found)
    assert (told.stanzaId, info.message.conversation, info.key.remoteJid) == (
        "ASK",
        "vi o anúncio",
        "5551990000002@s.whatsapp.net",
    )
    assert ana.asked == [id_]


def test_a_file_is_uploaded_again(net: Network, ana: Phone, beto: Phone) -> None:
    ana.reupload = lambda path: path + "-again"
    image = wa.Message(imageMessage=wa.ImageMessage(mediaKey=b"k" * 32, directPath="/v/x"))
    id_ = net.write(beto, ana.account, image)
    device = companion(ana.account)
    sealed = media.retry_request(b"k" * 32, id_, b"n" * 12)
    encrypt = Node("encrypt", {}, (Node("enc_p", {}, sealed), Node("enc_iv", {}, b"n" * 12)))
    attrs = {"id": id_, "from": device.jid, "type": "server-error"}
    answer, _ = ana.receive(Node("receipt", attrs, (encrypt,)), NOW)
    told = answer.child("encrypt")
    p, iv = (told.child("enc_p"), told.child("enc_iv")) if told else (None, None)
    assert p
    assert iv
    assert media.read_retry_answer(b"k" * 32, id_, iv.data, p.data) == ("success", "/v/x-again")
    lost, _ = ana.receive(Node("receipt", {**attrs, "id": "UNKNOWN"}, (encrypt,)), NOW)
    assert lost.child("error")


def test_a_new_identity(net: Network, ana: Phone, beto: Phone) -> None:
    net.write(ana, beto.account, said("oi"))
    line, device = KeptLine(), companion(beto.account)
    net.lines.open(device, line, NOW)
    net.reinstall(beto)
    assert line.closed
    assert not list(beto.account.companions())
    assert beto.account.phone not in {peer[0] for peer in ana.keys.sessions}
    net.write(ana, beto.account, said("ainda aí?"))
    net.write(beto, ana.account, said("sim"))
    assert (beto.received()[-1].text, ana.received()[-1].text) == ("ainda aí?", "sim")


def test_nonsense_is_acked(ana: Phone, beto: Phone) -> None:
    known = {"id": "M1", "from": beto.account.lid}
    for node in (
        Node("message", {"id": "M1", "from": Jid("999", "lid")}),
        Node("message", known),
        Node("message", known, (Node("enc", {"type": "pkmsg"}, b"\x33nonsense"),)),
    ):
        assert ana.receive(node, NOW)[-1].tag == "ack"
    assert ana.receive(Node("chatstate", known), NOW) == []
