"""Requests spread over pools, all closed in the end."""

import httpx
import trio
import trio.testing

from daemon.channels.transport import StripedTransport
from daemon.emulator import listening


async def test_requests_at_the_same_time_use_different_pools_and_all_are_answered() -> None:
    waiting, gate = [], trio.Event()

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        if scope["type"] != "http":
            return
        waiting.append(scope["client"])
        if len(waiting) == 4:
            gate.set()
        await gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]

    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, app)
        transport = StripedTransport(stripes=4)
        answers: list[bytes] = []
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:

            async def ask() -> None:
                answers.append((await client.get(f"http://127.0.0.1:{port}/")).content)

            async with trio.open_nursery() as asking:
                for _ in range(4):
                    asking.start_soon(ask)
            assert answers == [b"ok"] * 4
            assert [len(pool._pool.connections) for pool in transport._pools] == [1, 1, 1, 1]
        nursery.cancel_scope.cancel()
