"""People, companions and faults together, without sockets."""

import pytest
import trio
import trio.testing

from daemon.emulator.whatsapp_web.faults import Fault, Kind
from daemon.emulator.whatsapp_web.network import Network
from daemon.whatsapp.web.jid import PN, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.payload import BUILT_IN_VERSION, Login
from tests.daemon.emulator.whatsapp_web.people import KeptLine, companion, network, said


@pytest.fixture
def net() -> Network:
    net = network()
    for number, lid in (("5551990000001", "111"), ("5551990000002", "222")):
        net.add_account(number, lid_user=lid)
    return net


def login(number: str = "5551990000001", device: int = 1) -> Login:
    return Login(jid=Jid(number, PN, device), passive=True, pull=True, version=BUILT_IN_VERSION)


def peer_message(id_: str = "M1") -> Node:
    """What nobody has to decrypt."""
    enc = Node("enc", {"v": "2", "type": "msg"}, b"sealed")
    to = Node("to", {"jid": Jid("222", "lid")}, (enc,))
    return Node("message", {"id": id_, "to": Jid("222", "lid")}, (Node("participants", {}, (to,)),))


def test_only_the_linked_key_logs_in(net: Network) -> None:
    device = companion(net.phone("5551990000001").account)
    line = KeptLine()
    assert net.log_in(login(), b"x" * 32, line) is None
    assert [node.get("reason") for node in line.take("failure")] == ["401"]
    assert line.closed
    for wrong in (login(device=2), login("5551990000009"), login(device=0)):
        assert net.log_in(wrong, device.noise, KeptLine()) is None
    line = KeptLine()
    assert net.log_in(login(), device.noise, line) is device
    (success,) = line.take("success")
    assert success.attrs["lid"] == device.lid
    assert device.client_version == "2.3000.1045649367"
    assert net.counts()["connected"] == 1
    net.log_out(device, line)
    assert net.counts()["connected"] == 0


def test_a_login_that_is_to_fail(net: Network) -> None:
    device = companion(net.phone("5551990000001").account)
    net.lines.faults(device).add(Fault("failure", "405"))
    line = KeptLine()
    assert net.log_in(login(), device.noise, line) is None
    assert [node.get("reason") for node in line.take("failure")] == ["405"]
    assert net.log_in(login(), device.noise, KeptLine()) is device


@pytest.mark.parametrize(
    ("kind", "taken", "acks", "closed"),
    [
        ("cut_before_ack", False, [], True),
        ("cut_after_taking", True, [], True),
        ("cut_after_ack", True, [""], True),
        ("no_ack", True, [], False),
        ("refuse", False, ["463"], False),
    ],
)
def test_faults_with_what_a_device_sends(net: Network, kind: Kind, taken: bool, acks: list[str], closed: bool) -> None:
    device, line = companion(net.phone("5551990000001").account), KeptLine()
    net.log_in(login(), device.noise, line)
    net.set_online(net.phone("5551990000002"), False)
    net.lines.faults(device).add(Fault(kind, "463"))
    net.said(device, peer_message())
    assert [node.get("error") for node in line.take("ack")] == acks
    assert (bool(net.phone("5551990000002").device.waiting), line.closed) == (taken, closed)


def test_a_phone_that_was_off_gets_what_it_missed(net: Network) -> None:
    ana, beto = net.phone("5551990000001"), net.phone("5551990000002")
    net.set_online(beto, False)
    for text in ("oi", "tem alguém?"):
        net.write(ana, beto.account, said(text))
    assert beto.received() == []
    net.set_online(beto, True)
    assert [letter.text for letter in beto.received()] == ["oi", "tem alguém?"]
    assert not beto.device.waiting


def test_names_nobody_has(net: Network) -> None:
    with pytest.raises(KeyError, match="no account"):
        net.phone("1")
    with pytest.raises(KeyError, match="no companion"):
        net.companion("5551990000001")


def test_what_devices_say_is_counted(net: Network) -> None:
    device = companion(net.phone("5551990000001").account)
    net.log_in(login(), device.noise, KeptLine())
    net.said(device, Node("presence"))
    net.said(device, Node("presence"))
    assert net.counts()["said_presence"] == 2


async def test_waiting_for_something(net: Network) -> None:
    ana, beto = net.phone("5551990000001"), net.phone("5551990000002")
    seen = trio.Event()

    async def wait() -> None:
        await net.until(lambda: len(beto.received()) == 2)
        seen.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        for text in ("oi", "olá"):
            await trio.testing.wait_all_tasks_blocked()
            assert not seen.is_set()
            net.write(ana, beto.account, said(text))
        await seen.wait()
