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


async def test_who_finds_a_connection_at_its_end_lowers_that_one_alone() -> None:
    uplink = Uplink()
    uplink.rise(ONE)
    uplink.ended(TWO)
    assert uplink.sending is ONE
    uplink.ended(ONE)
    assert uplink.sending is None
    with trio.move_on_after(0) as waited:
        await uplink.wait()
    assert waited.cancelled_caught
