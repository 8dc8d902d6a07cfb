"""What every channel must do, run on each channel against its emulated network over real loopback HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
import trio
from attrs import define

from daemon.channels.base import Channel, Outgoing
from daemon.emulator.graph import Fault, GraphPeer
from daemon.errors import ChannelPaused, SendDelayed, SendRefused, SendUnsettled
from tests.support.graph_peer import cloud_channel, graph_peer


class Network(Protocol):
    """The other end, whatever it speaks."""

    channel: Channel

    def texts(self) -> list[tuple[str, str]]:
        """(our id, text) of what it took over, in order."""
        ...

    def break_next(self, how: str) -> None:
        """refused | busy | lost_answer | no_answer | forbidden."""
        ...

    async def until_stalled(self) -> None:
        """Until a send hangs without an answer."""
        ...


@define
class CloudNetwork:
    channel: Channel
    peer: GraphPeer

    def texts(self) -> list[tuple[str, str]]:
        return [(call.our_id, call.body["text"]["body"]) for call in self.peer.sent]

    def break_next(self, how: str) -> None:
        self.peer.plan(
            {
                "refused": Fault(kind="error", code=131026),
                "busy": Fault(kind="error", code=131056),
                "lost_answer": Fault(kind="cut"),
                "no_answer": Fault(kind="stall"),
                "forbidden": Fault(kind="error", code=190),
            }[how]
        )

    async def until_stalled(self) -> None:
        await self.peer.until_calls(1)
        while not self.peer.stalled:
            await trio.lowlevel.checkpoint()


@asynccontextmanager
async def cloud() -> AsyncIterator[Network]:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        yield CloudNetwork(channel, peer)


NETWORKS: dict[str, Any] = {"cloud": cloud}
each_network = pytest.mark.parametrize("kind", sorted(NETWORKS))


def message(id_: str, text: str = "Olá!") -> Outgoing:
    return Outgoing(id=id_, phone="5511955500101", user_id="", kind="text", text=text)


@each_network
async def test_a_send_gives_a_receipt_and_arrives_once_in_order(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        ids = [(await network.channel.send(message(f"m{n}", f"texto {n}"))).network_id for n in range(5)]
        assert len(set(ids)) == 5
        assert network.texts() == [(f"m{n}", f"texto {n}") for n in range(5)]


@each_network
async def test_a_refused_send_says_so(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        network.break_next("refused")
        with pytest.raises(SendRefused) as caught:
            await network.channel.send(message("m1"))
        assert caught.value.what
        assert network.texts() == []
        await network.channel.send(message("m2"))


@each_network
async def test_a_delayed_send_was_surely_not_sent(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        network.break_next("busy")
        with pytest.raises(SendDelayed) as caught:
            await network.channel.send(message("m1"))
        assert caught.value.seconds > 0
        assert network.texts() == []


@each_network
async def test_a_lost_answer_is_unsettled(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        network.break_next("lost_answer")
        with pytest.raises(SendUnsettled):
            await network.channel.send(message("m1"))
        assert network.texts() == [("m1", "Olá!")]


@each_network
async def test_a_pause_stops_later_sends_too(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        network.break_next("forbidden")
        for n in range(3):
            with pytest.raises(ChannelPaused) as caught:
                await network.channel.send(message(f"m{n}"))
            assert caught.value.remedy
        assert network.texts() == []


@each_network
async def test_a_send_can_be_cancelled_while_it_waits(kind: str) -> None:
    async with NETWORKS[kind]() as network, trio.open_nursery() as nursery:
        network.break_next("no_answer")
        nursery.start_soon(network.channel.send, message("m1"))
        await network.until_stalled()
        nursery.cancel_scope.cancel()
    assert network.texts() == [("m1", "Olá!")]


@each_network
async def test_run_reports_and_ends_when_cancelled(kind: str) -> None:
    reports: list[tuple[str, str]] = []
    async with NETWORKS[kind]() as network, trio.open_nursery() as nursery:
        await nursery.start(network.channel.run, lambda state, reason: reports.append((state, reason)))
        assert reports == [("up", "")]
        nursery.cancel_scope.cancel()


@each_network
async def test_read_marks_never_raise(kind: str) -> None:
    async with NETWORKS[kind]() as network:
        await network.channel.mark_read("wamid.x", typing=True)
        network.break_next("forbidden")
        with pytest.raises(ChannelPaused):
            await network.channel.send(message("m1"))
        await network.channel.mark_read("wamid.x", typing=False)
