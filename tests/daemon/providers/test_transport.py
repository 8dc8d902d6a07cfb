"""Requests are spread over pools, and nothing stays open."""

from functools import partial
from typing import Any

import httpx2
import pytest
import trio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from daemon.emulator.scripts import Step
from daemon.emulator.vendors import VendorPeer, serve
from daemon.http1 import Response, headers_of
from daemon.providers.transport import StripedTransport, WireTransport, http_client, prepared


async def test_requests_spread_over_the_pools_and_reuse_their_connections(nursery: trio.Nursery) -> None:
    peer = VendorPeer()
    port = await nursery.start(partial(serve, peer))
    transport = StripedTransport(None, stripes=4)
    async with httpx2.AsyncClient(transport=transport) as client:
        for _ in range(3):
            async with trio.open_nursery() as asking:
                for _ in range(8):
                    asking.start_soon(client.get, f"http://127.0.0.1:{port}/control/seen")
                await trio.testing.wait_all_tasks_blocked()
        assert transport._running == [0, 0, 0, 0]
        used = [len(pool._pool.connections) for pool in transport._pools]  # type: ignore[attr-defined]
    assert sum(used) == peer.connections <= 8
    assert max(used) <= 2
    nursery.cancel_scope.cancel()


async def test_a_cancelled_or_cut_request_frees_its_place(nursery: trio.Nursery) -> None:
    peer = VendorPeer()
    peer.script.replace([Step(fault="stall"), Step(fault="cut")])
    port = await nursery.start(partial(serve, peer))
    transport = StripedTransport(None, stripes=1)
    body = {"model": "m", "messages": [{"role": "user", "content": "oi"}]}
    async with httpx2.AsyncClient(transport=transport, headers={"authorization": "Bearer k"}) as client:
        ask = partial(client.post, f"http://127.0.0.1:{port}/v1/chat/completions", json=body)
        async with trio.open_nursery() as asking:
            asking.start_soon(ask)
            await peer.wait_stalled()
            asking.cancel_scope.cancel()
        await peer.wait_gone()
        with pytest.raises(httpx2.RemoteProtocolError):
            await ask()
        assert transport._running == [0]
        assert transport._pools[0]._pool.connections == []  # type: ignore[attr-defined]
        assert (await ask()).status_code == 200
    nursery.cancel_scope.cancel()


async def test_the_wire_is_kept_and_errors_are_httpx_own(nursery: trio.Nursery) -> None:
    peer = VendorPeer()
    peer.script.replace([Step(fault="cut"), Step(fault="stall")])
    port = await nursery.start(partial(serve, peer))
    body = {"model": "m", "messages": [{"role": "user", "content": "oi"}]}
    client = http_client(f"http://127.0.0.1:{port}", 30.0)
    ask = partial(
        client.post, f"http://127.0.0.1:{port}/v1/chat/completions", json=body, headers={"authorization": "Bearer k"}
    )
    with pytest.raises(httpx2.RemoteProtocolError):
        await ask()
    with pytest.raises(httpx2.ReadTimeout):
        await ask(timeout=0.05)
    before = peer.connections
    for _ in range(3):
        assert (await ask()).status_code == 200
    assert peer.connections == before + 1
    with pytest.raises(httpx2.ConnectError):
        await client.get("http://127.0.0.1:1/")
    await client.aclose()
    nursery.cancel_scope.cancel()


class Recorder:
    """A wire that notes what would be sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def exchange(self, origin: Any, request: bytes, **seconds: float) -> Response:
        self.sent.append(request)
        await trio.lowlevel.checkpoint()
        return Response(200, [(b"content-type", b"application/json"), (b"content-length", b"2")], b"{}", True)


@pytest.mark.parametrize("vendor", [AsyncAnthropic, AsyncOpenAI])
async def test_a_prepared_post_says_what_the_sdk_says_by_itself(vendor: Any) -> None:
    client = http_client("http://127.0.0.1:1", 30.0)
    transport = client._transport
    assert isinstance(transport, WireTransport)
    transport.wire = recorder = Recorder()  # type: ignore[assignment]
    sdk = vendor(api_key="k", base_url="http://127.0.0.1:1", max_retries=0, timeout=30.0, http_client=client)
    plain = {"path": "http://127.0.0.1:1/v1", "cast_to": httpx2.Response}
    for post in (plain, prepared("http://127.0.0.1:1/v1", client.timeout)):
        assert (await sdk.post(**post, content=b"{1}")).content == b"{}"
    first, second = (request.partition(b"\r\n\r\n") for request in recorder.sent)
    assert first[2] == second[2] == b"{1}"
    by_itself, as_prepared = (dict(headers_of(head.partition(b"\r\n")[2])) for head in (first[0], second[0]))
    for headers in (by_itself, as_prepared):
        headers.pop(b"x-stainless-timeout", None)  # what the caller set, for the vendor's statistics
    assert by_itself == as_prepared
    assert (as_prepared[b"host"], as_prepared[b"content-length"]) == (b"127.0.0.1:1", b"3")


@pytest.mark.parametrize(
    ("environment", "url", "proxied"),
    [
        ({}, "https://api.example.com", False),
        ({"https_proxy": "http://127.0.0.1:3128"}, "https://api.example.com", True),
        ({"https_proxy": "http://127.0.0.1:3128"}, "http://10.0.0.8:11434/v1", False),
        ({"https_proxy": "http://127.0.0.1:3128", "no_proxy": "example.com"}, "https://api.example.com", False),
        ({"all_proxy": "http://127.0.0.1:3128"}, "http://api.example.com", True),
    ],
)
async def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxied: bool
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = http_client(url, 30.0)
    transport = client._transport
    assert isinstance(transport, StripedTransport if proxied else WireTransport)
    if isinstance(transport, StripedTransport):
        assert "Proxy" in type(transport._pools[0]._pool).__name__  # type: ignore[attr-defined]
    await client.aclose()
