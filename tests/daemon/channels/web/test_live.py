"""A logged-in connection: stanzas, errands, the backlog, limits the server tells of, and servers that stall."""

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from attrs import evolve

from daemon.channels.web.keys import Rows
from daemon.channels.web.live import LOGIN_SECONDS, MOST_ERRANDS
from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.lines import Lines
from daemon.emulator.whatsapp_web.queries import Queries
from daemon.whatsapp.events import StatusReceived
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node, pack
from tests.support.web_shop import Clock, Shop, outgoing, real_time, shop


@pytest.fixture
def clock() -> Clock:
    return real_time()


@pytest.fixture
async def made(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with shop(tmp_path, clock=clock) as found:
        found.network.said_log = deque()
        yield found


def said(made: Shop, tag: str) -> list[Node]:
    """What we told the server, of a kind."""
    assert made.network.said_log is not None
    return [node for _, node in made.network.said_log if node.tag == tag]


async def test_a_message_is_stored_and_then_cleared(made: Shop, clock: Clock) -> None:
    ana = made.person()
    await made.heard(ana, "tem civic?")
    assert made.received == ["tem civic?"]
    await made.until(lambda: not made.device.backlog())


@pytest.mark.parametrize("kind", ["duplicate", "swap", "cut_before_delivery", "cut_after_delivery"])
async def test_odd_deliveries_lose_and_double_nothing(made: Shop, clock: Clock, kind: str) -> None:
    ana = made.person()
    await made.heard(ana, "um")
    made.fault(kind)  # type: ignore[arg-type]
    if kind == "swap":
        made.network.write(ana, made.phone.account, text("dois"))
    else:
        await made.heard(ana, "dois")
    await made.until_said("up")
    await made.heard(ana, "três")
    await made.until(lambda: len(made.received) >= 3)
    assert sorted(made.received) == ["dois", "três", "um"]
    await made.until(lambda: not made.device.backlog())


def text(words: str) -> wa.Message:
    return wa.Message(conversation=words)


async def test_a_backlog_comes_in_batches_to_its_end(made: Shop, clock: Clock) -> None:
    ana = made.person()
    await made.heard(ana, "oi")
    made.network.lines.gated = True
    made.network.lines.blow(made.device, "replaced")
    await made.until_said("down")
    for n in range(450):
        made.network.write(ana, made.phone.account, text(str(n)))
    await made.jump(60)
    await made.until(lambda: len(made.received) == 451)
    assert made.received[1:] == [str(n) for n in range(450)]
    batches = [node for node in said(made, "ib") if node.child("offline_batch")]
    assert 2 <= len(batches) <= 6
    await made.heard(ana, "agora")


async def test_a_status_is_told_once_it_is_of_the_chats_person(made: Shop, clock: Clock) -> None:
    ana = made.person()
    receipt = await made.channel.send(outgoing())
    await made.until(lambda: any(isinstance(each, StatusReceived) for each in made.delivered))
    status = next(each for each in made.delivered if isinstance(each, StatusReceived))
    assert (status.network_id, status.status, status.our_id) == (receipt.network_id, "delivered", "m1")
    count = len(made.delivered)
    bia = Jid("999", "lid")
    id_ = receipt.network_id.partition("/")[0]
    made.network.push(made.device, Node("receipt", {"id": id_, "from": bia, "type": "read", "t": "1"}))
    far = {"id": id_, "from": ana.account.lid, "type": "read", "t": "999999999999"}
    made.network.push(made.device, Node("receipt", far))
    await made.until(lambda: len(made.delivered) > count)
    assert [each.status for each in made.delivered[count:] if isinstance(each, StatusReceived)] == ["read"]


async def test_the_server_limits_the_number_and_takes_it_back(made: Shop, clock: Clock) -> None:
    def timelock(active: bool) -> Node:
        ends = int(made.now().timestamp()) + 7200
        told = {"is_active": active, "enforcement_type": "x", "time_enforcement_ends": str(ends)}
        body = orjson.dumps({"data": {"xwa2_notify_account_reachout_timelock": told}})
        return Node("notification", {"from": SERVER, "type": "mex", "id": f"t{active}"}, (Node("update", {}, body),))

    made.network.push(made.device, timelock(True))
    await made.until_said("paused", "limits whom")
    assert made.channel.details.retry_at is not None
    made.network.push(made.device, timelock(False))
    await made.until_said("up")


async def test_a_server_that_never_lets_us_in_is_left(
    made: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Lines._write

    def stall(lines: Lines, device: Device, node: Node) -> None:
        if node.tag != "success":
            write(lines, device, node)

    monkeypatch.setattr(Lines, "_write", stall)
    made.network.lines.blow(made.device, "restart")
    await made.until(lambda: made.state[0] == "starting" and made.network.lines.connected())
    before = len(made.said)
    await made.jump(LOGIN_SECONDS)
    await made.until(lambda: len(made.said) > before)
    monkeypatch.undo()
    await made.until_said("up")


async def test_a_flood_of_requests_is_bounded_and_left_to_the_server(
    made: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = made.person()
    await made.channel.send(outgoing())
    device = Jid(ana.account.lid.user, "lid")
    asked = await sent_and_forgotten(made, 3 * MOST_ERRANDS)
    monkeypatch.setattr(Queries, "answer", lambda *_: [])
    cleared = len(said(made, "ack"))
    for id_ in asked:
        retry = Node("retry", {"count": "2", "id": id_, "t": "1", "v": "1"})
        made.network.push(made.device, Node("receipt", {"id": id_, "from": device, "type": "retry"}, (retry,)))
    await made.heard(made.person("5551999990077"), "ainda aí?")
    assert made.state[0] == "up", "who asks does not hold up who writes"
    assert len(said(made, "ack")) - cleared < 3 * MOST_ERRANDS, "what was not answered is not cleared"


async def sent_and_forgotten(made: Shop, count: int) -> list[str]:
    """Messages of ours, with no session to those they were for any more."""

    def store(rows: Rows) -> list[str]:
        known = rows.outbound("m1")
        assert known is not None
        rows.forget_person(known.chat)
        rows.save_devices(known.chat, (0,))  # who is on no list is told nothing, and that takes no errand
        ids = [f"3EB0{n:018X}" for n in range(count)]
        for id_ in ids:
            rows.save_outbound(evolve(known, our_id=id_, id=id_))
        return ids

    return await made.keys.write(store)


@pytest.mark.parametrize(
    "odd",
    [
        Node("receipt", {"id": "x", "from": SERVER}),
        Node("receipt", {}),
        Node("message", {"id": "x"}),
        Node("message", {"id": "y", "from": Jid("1", "lid")}, (Node("enc", {"type": "msg", "v": "2"}, b"?"),)),
        Node("notification", {"type": "devices", "id": "z"}),
        Node("notification", {"type": "encrypt", "from": SERVER, "id": "z"}, (Node("count", {"value": "x"}),)),
        Node("call", {"id": "c", "from": Jid("1", "lid")}),
        Node("ib", {}, (Node("offline_preview", {"count": "9999999999"}),)),
        Node("ib", {}, (Node("edge_routing", {}, (Node("routing_info", {}, b"r" * 9),)),)),
        Node("iq", {"type": "get", "xmlns": "urn:xmpp:ping", "id": "p", "from": SERVER}),
        Node("success", {}),
        Node("nobody-knows-this", {"id": "1"}),
    ],
)
async def test_odd_stanzas_harm_nobody(made: Shop, clock: Clock, odd: Node) -> None:
    ana = made.person()
    made.network.lines._sessions[made.device].line.send(pack(odd))
    await made.heard(ana)
    assert made.state == ("up", "")


async def test_prekeys_are_uploaded_and_kept_up(made: Shop, clock: Clock) -> None:
    before = len(made.device.prekeys)
    assert before >= 800
    for id_ in list(made.device.prekeys)[:-3]:
        del made.device.prekeys[id_]
    made.network.push(made.device, made.network.queries.prekeys_low(made.device).node)
    await made.until(lambda: len(made.device.prekeys) >= 50)
