"""Whole answers over the wire, streams through httpx's pool; all closed in the end, errors as httpx names them."""

from typing import Any

import httpx
import pytest
import trio

from daemon.channels.transport import GraphClient
from daemon.emulator import listening


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if body == b"stall":
        await trio.sleep_forever()
    if scope["path"] == "/redirect":
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"/elsewhere")]})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["method"].encode() + b" " + body})


async def test_requests_share_wires_and_streams_use_the_pool() -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, app)
        async with GraphClient() as client:
            url = f"http://127.0.0.1:{port}"
            answers = list[str]()

            async def ask(number: int) -> None:
                answers.append((await client.post(f"{url}/", content=str(number).encode())).text)

            for _ in range(2):
                async with trio.open_nursery() as asking:
                    for number in range(4):
                        asking.start_soon(ask, number)
            assert sorted(answers) == sorted([f"POST {number}" for number in range(4)] * 2)
            assert client.wire.opened <= 4
            assert (await client.get(f"{url}/")).text == "GET "
            async with client.stream("POST", f"{url}/", content=b"x") as streamed:
                assert await streamed.aread() == b"POST x"
        assert client.wire.idle == 0
        nursery.cancel_scope.cancel()


async def test_a_post_is_not_redirected_and_a_form_is_sent_whole() -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, app)
        async with GraphClient() as client:
            assert (await client.post(f"http://127.0.0.1:{port}/redirect")).status_code == 307
            files = {"file": ("a.ogg", b"\0" * 100_000, "audio/ogg")}
            uploaded = await client.post(f"http://127.0.0.1:{port}/", data={"type": "audio/ogg"}, files=files)
            assert uploaded.content.count(b"\0") == 100_000
        nursery.cancel_scope.cancel()


async def test_errors_are_httpx_own() -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, app)
        async with GraphClient() as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"http://127.0.0.1:{port}/", content=b"stall", timeout=0.01)
            with pytest.raises(httpx.ConnectError):
                await client.post("http://127.0.0.1:1/")
            with pytest.raises(httpx.LocalProtocolError):
                await client.post(f"http://127.0.0.1:{port}/", headers={"x": "a\r\nb: c"})
        nursery.cancel_scope.cancel()
