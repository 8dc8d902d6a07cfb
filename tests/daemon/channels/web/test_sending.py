"""What one message needs of the server: devices, keys, the ack. (What becomes of it: `test_handover`.)"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from daemon.emulator.whatsapp_web.queries import Delivery, Queries
from daemon.errors import SendDelayed
from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node
from tests.support.web_shop import Clock, Shop, outgoing, real_time, shop


@pytest.fixture
def clock() -> Clock:
    return real_time()


@pytest.fixture
async def made(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with shop(tmp_path, clock=clock) as found:
        yield found


async def test_an_ack_that_knows_more_devices_makes_the_list_stale(made: Shop, clock: Clock) -> None:
    ana = made.person()
    await made.channel.send(outgoing("m1"))
    known = await made.keys.read(lambda rows: rows.devices(ana.account.lid))
    assert known is not None
    await made.keys.write(lambda rows: rows.save_devices(ana.account.lid, (0, 7)))
    await made.channel.send(outgoing("m2"))
    await made.channel.send(outgoing("m3"))
    assert await made.keys.read(lambda rows: rows.devices(ana.account.lid)) is not None
    assert len(made.letters(ana)) == 3


@pytest.mark.parametrize(("code", "scope", "seconds"), [("429", "channel", 300.0), ("503", "contact", 30.0)])
async def test_a_server_that_does_not_tell_the_devices(
    made: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch, code: str, scope: str, seconds: float
) -> None:
    ana = made.person()
    answer = Queries.answer

    def refuse(queries: Queries, device: object, iq: Node, now: int) -> list[Delivery]:
        if iq.get("xmlns") != "usync":
            return answer(queries, device, iq, now)  # type: ignore[arg-type]
        error = Node("error", {"code": code, "text": "no"})
        refusal = Node("iq", {"type": "error", "from": SERVER, "id": iq.get("id")}, (error,))
        return [Delivery(device=device, node=refusal)]  # type: ignore[arg-type]

    monkeypatch.setattr(Queries, "answer", refuse)
    with pytest.raises(SendDelayed) as delayed:
        await made.channel.send(outgoing())
    assert (delayed.value.scope, delayed.value.seconds) == (scope, seconds)
    monkeypatch.undo()
    await made.channel.send(outgoing())
    assert made.letters(ana) == ["Olá!"]


async def test_a_server_that_stalls_at_a_question(made: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    made.person()
    answer = Queries.answer
    monkeypatch.setattr(
        Queries, "answer", lambda q, device, iq, now: [] if iq.get("xmlns") == "usync" else answer(q, device, iq, now)
    )
    delayed: list[SendDelayed] = []

    async def send() -> None:
        with pytest.raises(SendDelayed) as caught:
            await made.channel.send(outgoing())
        delayed.append(caught.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await made.jump(31)
    assert "does not tell" in str(delayed[0])


async def test_nobody_with_that_number(made: Shop, clock: Clock) -> None:
    with pytest.raises(SendDelayed) as delayed:
        await made.channel.send(outgoing(to="5500000000000"))
    assert delayed.value.seconds >= 30
    assert await made.keys.read(lambda rows: rows.lid_of("5500000000000")) is None
    assert Jid("5500000000000").is_user
