"""The cheap peers are no scarecrows: what they send the daemon can read, what they are sent they check."""

import asyncio
from typing import Any

import orjson

from daemon.control.lane import Delivery, delivery_in
from daemon.emulator import deliveries
from tests.bench.fast_http import Reply, Request, Sender, serve
from tests.bench.meta import Meta, Order, Seen

SECRET = "s"


async def _loaded(count: int, **order: Any) -> tuple[Seen, list[Any]]:
    """A load on a daemon of a kind: checks signatures, answers each message at Meta, takes the statuses."""
    bodies: list[Any] = []
    meta, senders = Meta(), list[Sender]()

    def route(request: Request, reply: Reply) -> None:
        assert isinstance(delivery_in(request.head + b"\r\n\r\n" + request.body), Delivery)
        assert request.header(b"x-hub-signature-256") == deliveries.sign(SECRET, request.body)
        value = orjson.loads(request.body)["entry"][0]["changes"][0]["value"]
        bodies.append(value)
        reply(200, b"")
        for message in value.get("messages", ()):
            body = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": message["from"]}
            body |= {"type": "text", "text": {"body": "Temos sim."}, "biz_opaque_callback_data": "m1"}
            senders[0].post(senders[0].request(orjson.dumps(body), ""), lambda status: None)

    async with serve(meta.route) as port, serve(route) as desk:
        senders.append(Sender("127.0.0.1", port, "/v26.0/1/messages", 4))
        webhook = f"http://127.0.0.1:{desk}/webhooks/whatsapp"
        seen = await meta.load(Order(webhook=webhook, secret=SECRET, count=count, seed=1, **order))
        await senders[0].aclose()
    return seen, bodies


def test_every_message_is_answered_and_has_three_statuses() -> None:
    seen, bodies = asyncio.run(_loaded(20, numbers=["1", "2"], in_flight=3))
    assert (seen.refused, seen.wrong, seen.unanswered) == (0, 0, 0)
    assert set(seen.number) == {0, 1}
    assert None not in seen.webhook
    written = [message["from"] for value in bodies for message in value.get("messages", ())]
    assert len(set(written)) == 20
    told = [status for value in bodies for status in value.get("statuses", ())]
    for phone in written:
        assert [each["status"] for each in told if each["recipient_id"] == phone] == ["sent", "delivered", "read"]
    assert {each["biz_opaque_callback_data"] for each in told} == {"m1"}


def test_half_of_the_traffic_can_be_one_dealerships() -> None:
    seen, _ = asyncio.run(_loaded(400, numbers=["1", "2", "3"], hot=0.5))
    assert 160 <= seen.number.count(0) <= 240


def test_an_unusable_answer_is_refused_and_counted() -> None:
    async def ask() -> tuple[int, Meta]:
        meta, statuses = Meta(), asyncio.Queue[int]()
        async with serve(meta.route) as port:
            sender = Sender("127.0.0.1", port, "/v26.0/1/messages", 1)
            sender.post(sender.request(b'{"messaging_product":"whatsapp","to":"5551"}', ""), statuses.put_nowait)
            status = await statuses.get()
            await sender.aclose()
        return status, meta

    status, meta = asyncio.run(ask())
    assert (status, meta.seen.wrong) == (400, 1)


def test_a_daemon_that_is_gone_is_a_refusal() -> None:
    async def write() -> Seen:
        async with serve(lambda request, reply: None) as port:
            pass
        webhook = f"http://127.0.0.1:{port}/webhooks/whatsapp"
        order = Order(webhook=webhook, secret=SECRET, numbers=["1"], count=2, seed=1)
        return await Meta().load(order)

    seen = asyncio.run(write())
    assert (seen.refused, seen.unanswered) == (2, 2)
