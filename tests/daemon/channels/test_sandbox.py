"""The channel without a network."""

import trio

from daemon.channels.base import Outgoing
from daemon.channels.sandbox import SandboxChannel


async def test_it_is_up_at_once_and_until_cancelled() -> None:
    reports: list[tuple[str, str]] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(SandboxChannel().run, lambda state, reason: reports.append((state, reason)))
        assert reports == [("up", "")]
        nursery.cancel_scope.cancel()


async def test_the_same_message_twice_is_the_same_message() -> None:
    message = Outgoing(id="m1", phone="", user_id="", kind="text", text="Olá!")
    first, again = [await SandboxChannel().send(message) for _ in range(2)]
    assert first == again
    assert first.network_id == "sandbox:m1"


async def test_a_read_mark_is_taken_and_may_be_cancelled() -> None:
    channel = SandboxChannel()
    await channel.mark_read("sandbox:m1", typing=True)
    with trio.move_on_after(0) as scope:
        await channel.mark_read("sandbox:m1", typing=False)
    assert scope.cancelled_caught
