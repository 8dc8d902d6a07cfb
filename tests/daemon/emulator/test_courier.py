import random

import pytest
import trio

from daemon.emulator.courier import Courier
from daemon.whatsapp.cloud import signature_ok
from tests.support.graph_peer import WebhookSink, serving


async def test_a_webhook_is_brought_until_it_is_answered_200(rng: random.Random) -> None:
    sink = WebhookSink(503, 500, 404)
    async with serving(sink) as url, trio.open_nursery() as nursery:
        courier = Courier(f"{url}/webhooks/whatsapp", "s3cret", rng=rng, pause_seconds=0.0)
        await nursery.start(courier.run)
        courier.hand_over(b"1", b"2", b"3")
        await courier.until_idle()
        nursery.cancel_scope.cancel()
    assert sink.bodies == [b"1", b"2", b"3"]
    assert all(signature_ok("s3cret", body, header) for body, header in zip(sink.bodies, sink.signatures, strict=True))
    assert (courier.delivered, courier.failures, courier.pending) == (3, 3, 0)


async def test_nobody_listening_is_no_end(rng: random.Random) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    courier = Courier(f"http://127.0.0.1:{port}/", "s", rng=rng, pause_seconds=0.0)
    async with trio.open_nursery() as nursery:
        await nursery.start(courier.run)
        assert not await courier.deliver(b"x", attempts=3)
        courier.hand_over(b"x")
        assert courier.pending == 1
        nursery.cancel_scope.cancel()
    assert courier.failures >= 3


async def test_it_must_run_first(rng: random.Random) -> None:
    with pytest.raises(AssertionError):
        await Courier("http://127.0.0.1:1/", "s", rng=rng).deliver(b"x")
