"""What connected devices are sent."""

import pytest

from daemon.emulator.whatsapp_web.accounts import Account, Device
from daemon.emulator.whatsapp_web.faults import Blow, Fault
from daemon.emulator.whatsapp_web.lines import Lines
from daemon.emulator.whatsapp_web.queries import Delivery
from daemon.whatsapp.web.jid import LID, Jid
from daemon.whatsapp.web.node import Node
from tests.daemon.emulator.whatsapp_web.people import NOW, KeptLine, companion


@pytest.fixture
def web() -> Device:
    return companion(Account("5551990000001", "111", "Ana"))


def note(id_: str) -> Node:
    return Node("message", {"id": id_, "from": Jid("222", LID)}, (Node("enc", {"type": "msg"}, b"\x33sealed"),))


def deliver(lines: Lines, web: Device, *ids: str) -> None:
    for id_ in ids:
        lines.deliver(Delivery(device=web, node=note(id_), kept=True))


def ids(line: KeptLine) -> list[str]:
    return [node.get("id") for node in line.take("message")]


def test_what_was_missed_comes_first_and_ends_with_a_mark(web: Device) -> None:
    lines, line = Lines(), KeptLine()
    deliver(lines, web, "A", "B")
    lines.open(web, line, NOW)
    assert [node.tag for node in line.sent] == ["success", "ib", "message", "message", "ib"]
    assert [node.get("offline") for node in line.take("message")] == ["0", "1"]
    deliver(lines, web, "C")
    assert ["offline" in node.attrs for node in line.take("message")] == [False]
    assert lines.live(web)
    assert len(web.backlog()) == 3


def test_a_gated_backlog_comes_in_batches_and_keeps_the_order(web: Device) -> None:
    lines, line = Lines(gated=True), KeptLine()
    deliver(lines, web, *"ABCDEFGH")
    lines.open(web, line, NOW)
    assert ids(line) == list("ABCDE")
    deliver(lines, web, "I")
    assert ids(line) == []
    assert not lines.live(web)
    lines.release(web, 2)
    assert ids(line) == ["F", "G"]
    lines.release(web, 100)
    assert ids(line) == ["H", "I"]
    assert lines.live(web)
    lines.release(web, 100)
    assert ids(line) == []


def test_a_second_connection_ends_the_first(web: Device) -> None:
    lines, first, second = Lines(), KeptLine(), KeptLine()
    lines.open(web, first, NOW)
    lines.open(web, second, NOW)
    (error,) = first.take("stream:error")
    assert error.child("conflict")
    assert first.closed
    lines.close(web, first)
    assert lines.live(web)
    lines.close(web, second)
    assert (lines.live(web), lines.connected()) == (False, 0)


def test_nothing_is_sent_to_who_is_away(web: Device) -> None:
    lines, line = Lines(), KeptLine()
    lines.deliver(Delivery(device=web, node=Node("chatstate")))
    lines.open(web, line, NOW)
    assert line.take("chatstate") == []
    lines.deliver(Delivery(device=web, node=Node("chatstate")))
    lines.deliver(Delivery(device=web, node=Node("stream:error"), closing=True))
    assert [len(line.take(tag)) for tag in ("chatstate", "stream:error")] == [1, 1]
    assert line.closed


@pytest.mark.parametrize(
    ("kind", "seen", "closed"),
    [
        ("duplicate", ["A", "A", "B"], False),
        ("swap", ["B", "A"], False),
        ("cut_before_delivery", [], True),
        ("cut_after_delivery", ["A"], True),
    ],
)
def test_faults_on_the_way(web: Device, kind: str, seen: list[str], closed: bool) -> None:
    lines, line = Lines(), KeptLine()
    lines.open(web, line, NOW)
    lines.faults(web).add(Fault(kind))  # type: ignore[arg-type]
    deliver(lines, web, "A", "B")
    assert (ids(line), line.closed) == (seen, closed)
    assert [node.get("id") for node in web.backlog()] == ["A", "B"]


def test_changed_content_stays_changed(web: Device) -> None:
    lines = Lines()
    lines.faults(web).add(Fault("unavailable"))
    deliver(lines, web, "A", "B")
    assert [node.children()[0].tag for node in web.backlog()] == ["unavailable", "enc"]


@pytest.mark.parametrize("kind", ["restart", "replaced", "device_removed", "server_error"])
def test_stream_errors(web: Device, kind: Blow) -> None:
    lines, line = Lines(), KeptLine()
    lines.blow(web, kind)
    lines.open(web, line, NOW)
    lines.blow(web, kind)
    assert len(line.take("stream:error")) == 1
    assert line.closed


def test_other_blows(web: Device) -> None:
    lines, line = Lines(), KeptLine()
    lines.open(web, line, NOW)
    lines.blow(web, "giant_frame")
    lines.blow(web, "garbage")
    assert line.raw[0] == b"\xff\xff\xff"
    assert int.from_bytes(line.raw[1][:3]) == len(line.raw[1]) - 3
    lines.blow(web, "silence")
    deliver(lines, web, "A")
    assert (ids(line), line.closed) == ([], False)
    lines.blow(web, "cut")
    assert line.closed
