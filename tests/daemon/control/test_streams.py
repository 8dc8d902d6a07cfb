"""Server-sent events over a real listener."""

import pytest
import trio
from trio.testing import MockClock

from daemon.control.call import Limits
from daemon.control.events import EventRing, Ring
from daemon.control.streams import Reader
from tests.support.control import Control
from tests.support.listener import RawClient, connected, listening


async def follow(client: RawClient, token: str, *, last: str = "", query: str = "") -> None:
    header = f"Last-Event-ID: {last}\r\n" if last else ""
    await client.send(
        f"GET /v1/events{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{header}\r\n".encode()
    )


async def until(client: RawClient, part: bytes) -> bytes:
    got = b""
    with trio.fail_after(60):
        while part not in got:
            more = await client.stream.receive_some(4096)
            assert more, f"closed after {got!r}"
            got += more
    return got


async def test_events_come_as_they_happen_and_go_on_after_a_break(desk: Control) -> None:
    token = await desk.token()
    async with listening(desk.gate()) as port:
        async with connected(port) as client:
            await follow(client, token)
            head = await until(client, b"showroomd events")
            assert b"text/event-stream" in head
            desk.ring.publish("message", {"id": "m1"}, "auto-sul")
            desk.ring.publish("state", {"id": "s1"})
            got = await until(client, b'"s1"')
            assert b"id: boot-1\nevent: message\n" in got
            assert b"event: reset" not in got
        desk.ring.publish("message", {"id": "m2"}, "auto-sul")
        async with connected(port) as client:
            await follow(client, token, last="boot-1")
            got = await until(client, b'"m2"')
            assert b'"s1"' in got
            assert b'"m1"' not in got
        async with connected(port) as client:
            await follow(client, token, last="another-boot-7")
            assert b"event: reset" in await until(client, b"reset")
        desk.ring.close()


@pytest.mark.parametrize("bound", [True, False])
async def test_only_the_tenants_own(desk: Control, bound: bool) -> None:
    await desk.add()
    token = await desk.token("viewer", "auto-sul" if bound else None)
    async with listening(desk.gate()) as port, connected(port) as client:
        await follow(client, token, query="" if bound else "?tenant=auto-sul")
        await until(client, b"showroomd events")
        desk.ring.publish("message", {"id": "theirs"}, "other")
        desk.ring.publish("state", {"id": "server"})
        desk.ring.publish("message", {"id": "ours"}, "auto-sul")
        got = await until(client, b'"ours"')
        assert b"theirs" not in got
        assert b"server" not in got
        assert b"still here" not in got
        desk.ring.close()


async def test_a_revoked_token_hears_nothing_more(desk: Control) -> None:
    id_, token = await desk.new_token()
    async with listening(desk.gate()) as port, connected(port) as client:
        await follow(client, token)
        await until(client, b"showroomd events")
        async with desk.client(trusted=True) as api:
            await api.delete(f"/v1/tokens/{id_}")
        desk.ring.publish("message", {"id": "secret"}, "auto-sul")
        with trio.fail_after(60):
            rest = b""
            while more := await client.stream.receive_some(4096):
                rest += more
                if b"0\r\n\r\n" in rest:
                    break
        assert b"secret" not in rest


async def test_readers_are_counted_and_leave(desk: Control) -> None:
    token = await desk.token()
    async with listening(desk.gate()) as port:
        async with connected(port) as client:
            await follow(client, token)
            await until(client, b"showroomd events")
            assert desk.ring.readers == 1
        with trio.fail_after(60):
            while desk.ring.readers:
                await trio.lowlevel.checkpoint()


async def test_a_head_request_ends(desk: Control) -> None:
    async with desk.client(await desk.token()) as api, desk.client() as stranger:
        answer = await api.head("/v1/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (await stranger.get("/v1/events")).status_code == 401


async def test_a_slow_reader_is_dropped() -> None:
    ring = EventRing(Ring("boot", 3))
    reader = Reader(ring, 0, None, Limits())
    for _ in range(3):
        ring.publish("tick", {})
    assert (await reader.next() or b"").count(b"event: tick") == 3
    for _ in range(4):
        ring.publish("tick", {})
    assert await reader.next() is None


async def test_silence_is_filled_with_heartbeats(mock_clock: MockClock) -> None:
    ring = EventRing(Ring("boot"))
    reader = Reader(ring, 0, "auto-sul", Limits(heartbeat_seconds=15))
    got: list[bytes | None] = []

    async def read() -> None:
        got.append(await reader.next())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):  # what others do is no news
            ring.publish("tick", {}, "other")
            mock_clock.jump(4)
            await trio.testing.wait_all_tasks_blocked()
        assert got == []
        mock_clock.jump(4)
    assert got == [b": still here\n\n"]
