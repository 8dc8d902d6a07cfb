from typing import Any

import trio
import trio.testing

from daemon.channels.web.uplink import Uplink

ONE: Any = object()
TWO: Any = object()


async def test_those_who_wait_outlast_connections_that_never_came_up() -> None:
    uplink, got = Uplink(), []

    async def wait() -> None:
        got.append(await uplink.wait())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            uplink.fall()
        uplink.rise(ONE)
        uplink.fall()
        await trio.testing.wait_all_tasks_blocked()
        assert got == [], "it fell again before anybody looked"
        uplink.rise(TWO)
    assert got == [TWO]
    assert await uplink.wait() is TWO
