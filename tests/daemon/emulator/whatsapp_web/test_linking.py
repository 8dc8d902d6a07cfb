"""From a socket without an account to a companion."""

import pytest

from daemon.emulator.whatsapp_web.linking import Candidate
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.whatsapp.web import link_code, pairing, passkey
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import PN
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.payload import BUILT_IN_VERSION, Registration, read, registration
from daemon.whatsapp.web.record import SignedPreKey
from tests.daemon.emulator.whatsapp_web.people import NOW, KeptLine, network
from tests.daemon.emulator.whatsapp_web.test_passkey_check import assertion

NOISE, SECRET = b"n" * 32, b"a" * 32
IDENTITY = KeyPair.generate(b"i" * 32)
SIGNED = SignedPreKey.signed(IDENTITY, 1, KeyPair.generate(b"s" * 32), b"r" * 64)


@pytest.fixture
def net() -> Network:
    return network()


@pytest.fixture
def phone(net: Network) -> Phone:
    return net.add_account("5551990000001", name="Auto Sul", lid_user="111")


@pytest.fixture
def line() -> KeptLine:
    return KeptLine()


@pytest.fixture
def candidate(net: Network, line: KeptLine) -> Candidate:
    said = read(
        registration(version=BUILT_IN_VERSION, registration_id=9, identity=IDENTITY.public, signed_prekey=SIGNED)
    )
    assert isinstance(said, Registration)
    return net.arrive(said, NOISE, line)


def qr(ref: str, secret: bytes = SECRET) -> str:
    return pairing.qr_text(ref, noise=NOISE, identity=IDENTITY.public, adv_secret=secret)


def offered(line: KeptLine) -> tuple[str, ...]:
    (offer,) = line.take("iq")
    return pairing.read_pair_device(offer)


def test_scanning_links(net: Network, phone: Phone, line: KeptLine, candidate: Candidate) -> None:
    phone.business = True
    refs = offered(line)
    assert len(refs) == 6
    net.scan(phone, qr(refs[3]))
    (success,) = line.take("iq")
    paired = pairing.complete(success, identity=IDENTITY, adv_secret=SECRET, random64=b"r" * 64)
    assert (str(paired.jid), str(paired.lid)) == ("5551990000001:1@s.whatsapp.net", "111:1@lid")
    assert (paired.business_name, paired.phone_identity) == ("Auto Sul", phone.keys.identity.public)
    net.said_unlinked(candidate, paired.reply)
    assert [node.get("code") for node in line.take("stream:error")] == ["515"]
    device = net.companion("5551990000001")
    assert (device.device_identity, device.noise, device.registration_id) == (paired.account, NOISE, 9)
    assert line.closed


def test_a_code_of_nobody_is_refused(net: Network, phone: Phone, line: KeptLine, candidate: Candidate) -> None:
    refs = offered(line)
    stranger = pairing.qr_text(refs[0], noise=b"x" * 32, identity=IDENTITY.public, adv_secret=SECRET)
    for text in (qr("2@elsewhere"), stranger, "hello"):
        with pytest.raises(Garbled):
            net.scan(phone, text)
    net.leave(candidate)
    with pytest.raises(Garbled, match="expired"):
        net.scan(phone, qr(refs[0]))


def test_a_wrong_signature_links_nothing(net: Network, phone: Phone, line: KeptLine, candidate: Candidate) -> None:
    net.scan(phone, qr(offered(line)[0]))
    (success,) = line.take("iq")
    paired = pairing.complete(success, identity=IDENTITY, adv_secret=SECRET, random64=b"r" * 64)
    (signed,) = paired.reply.children()
    (identity,) = signed.children()
    broken = Node("device-identity", identity.attrs, identity.data[:-1] + bytes((identity.data[-1] ^ 1,)))
    with pytest.raises(Untrusted):
        net.said_unlinked(candidate, Node("iq", paired.reply.attrs, (Node("pair-device-sign", {}, (broken,)),)))
    assert not list(phone.account.companions())


def test_other_words_mean_nothing(net: Network, line: KeptLine, candidate: Candidate) -> None:
    (offer,) = line.take("iq")
    net.said_unlinked(candidate, pairing.accepted(offer))
    net.said_unlinked(candidate, Node("presence"))
    assert line.sent == []
    net.said_unlinked(candidate, Node("iq", {"id": "1", "type": "get", "xmlns": "w:p"}))
    assert [node.get("type") for node in line.take("iq")] == ["result"]


@pytest.mark.parametrize("honest", [True, False])
def test_linking_with_a_passkey(net: Network, phone: Phone, line: KeptLine, candidate: Candidate, honest: bool) -> None:
    phone.wants_passkey = True
    net.scan(phone, qr(offered(line)[0]))
    (notification,) = line.take("notification")
    asked = passkey.asked(notification, adv_secret=SECRET, now=NOW)

    def query(node: Node) -> Node:
        net.said_unlinked(candidate, Node("iq", {**node.attrs, "id": "9"}, node.content))
        return line.take("iq")[0]

    assert passkey.asked(query(passkey.FETCH_OPTIONS), adv_secret=SECRET, now=NOW).challenge == asked.challenge
    ref = passkey.read_ref(query(passkey.FETCH_REF))
    ephemeral = KeyPair.generate(b"e" * 32)
    proved, node = passkey.prove(asked, assertion(asked), ref=ref, ephemeral=ephemeral, nonce=b"c" * 32, now=NOW)
    query(node)
    (continued,) = line.take("notification")
    confirming, revealed = passkey.confirm(proved, continued)
    query(revealed)
    check = net.passkey(phone)
    assert check
    assert check.code == confirming.code == ""
    noise = NOISE if honest else b"m" * 32
    last = passkey.request(confirming, noise=noise, identity=IDENTITY.public, adv_secret=b"b" * 32, iv=b"v" * 12)
    said = Node("iq", {**last.node.attrs, "id": "10"}, last.node.content)
    if not honest:
        with pytest.raises(Untrusted, match="other keys"):
            net.said_unlinked(candidate, said)
        return
    net.said_unlinked(candidate, said)
    _, success = line.take("iq")
    paired = pairing.complete(success, identity=IDENTITY, adv_secret=b"b" * 32, random64=b"r" * 64)
    net.said_unlinked(candidate, paired.reply)
    assert net.companion("5551990000001").device_identity == paired.account


@pytest.mark.parametrize("right", [True, False])
def test_typing_a_code(net: Network, phone: Phone, line: KeptLine, candidate: Candidate, right: bool) -> None:
    offered(line)
    assert not net.awaits_code(phone)
    with pytest.raises(Garbled, match="no device waits"):
        net.enter_code(phone, "ABCD-EFGH")
    code, ephemeral, jid = "ABCDEFGH", KeyPair.generate(b"e" * 32), link_code.phone_jid("5551990000001")
    assert jid.server == PN
    key = link_code.code_key(code, b"s" * 32)
    wrapped = link_code.wrap(key, ephemeral.public, salt=b"s" * 32, iv=b"v" * 16)
    hello = link_code.companion_hello(phone=jid, wrapped=wrapped, noise=NOISE)
    net.said_unlinked(candidate, Node("iq", {**hello.attrs, "id": "5"}, hello.content))
    (answer,) = line.take("iq")
    ref = link_code.read_ref(answer)
    assert net.awaits_code(phone)
    net.enter_code(phone, code if right else "ABCDEFGJ")
    (notification,) = line.take("notification")
    primary = link_code.read_primary_hello(notification, ref=ref)
    finish = link_code.companion_finish(
        primary,
        key=link_code.code_key(code, link_code.salt_of(primary.wrapped)),
        phone=jid,
        ephemeral=ephemeral,
        identity=IDENTITY,
        adv_random=b"d" * 32,
        salt=b"t" * 32,
        nonce=b"o" * 12,
    )
    last = Node("iq", {**finish.node.attrs, "id": "6"}, finish.node.content)
    if not right:
        with pytest.raises(Untrusted, match="code"):
            net.said_unlinked(candidate, last)
        return
    net.said_unlinked(candidate, last)
    _, success = line.take("iq")
    paired = pairing.complete(success, identity=IDENTITY, adv_secret=finish.adv_secret, random64=b"r" * 64)
    net.said_unlinked(candidate, paired.reply)
    assert net.companion("5551990000001").device_identity == paired.account
