"""The peer over HTTP: its control routes, its stalls, and running as a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
import trio
import trio.testing

from daemon.emulator.scripts import Step
from daemon.emulator.vendors import WRONG_KEY, VendorPeer, serve
from daemon.emulator.voice_wire import ogg_opus

BODY = {"model": "m", "messages": [{"role": "user", "content": "oi"}]}
ROUTE = "/v1/chat/completions"


@pytest.fixture
def peer() -> VendorPeer:
    return VendorPeer()


@pytest.fixture
async def client(peer: VendorPeer, nursery: trio.Nursery) -> AsyncIterator[httpx.AsyncClient]:
    port = await nursery.start(partial(serve, peer))
    headers = {"authorization": "Bearer k"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield client
    nursery.cancel_scope.cancel()


async def test_a_script_from_outside(client: httpx.AsyncClient, peer: VendorPeer) -> None:
    steps = [{"fault": "rate_limited", "seconds": 3}, {"fault": "overloaded"}]
    assert (await client.post("/control/script", json=steps)).status_code == 200
    answers = [await client.post(ROUTE, json=BODY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 529, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert (await client.get("/control/seen")).json()["asked"] == {"openai": 3}
    assert peer.connections == 1


@pytest.mark.parametrize("steps", [[{"fault": "explode"}], [{}], {"fault": "html"}, "x"])
async def test_a_bad_script_is_refused(client: httpx.AsyncClient, steps: object) -> None:
    assert (await client.post("/control/script", json=steps)).status_code == 400
    assert (await client.post(ROUTE, json=BODY)).status_code == 200


async def test_a_stall_ends_when_released(client: httpx.AsyncClient, peer: VendorPeer) -> None:
    await client.post("/control/script", json=[{"fault": "stall"}])
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            assert (await client.post(ROUTE, json=BODY)).status_code == 200

        nursery.start_soon(ask)
        await peer.wait_stalled()
        await client.post("/control/release")
    assert peer.stalled == 0


async def test_a_stall_of_some_seconds(
    client: httpx.AsyncClient, peer: VendorPeer, mock_clock: trio.testing.MockClock
) -> None:
    await client.post("/control/script", json=[{"fault": "stall", "seconds": 4}])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(client.post, ROUTE, json=BODY))
        await peer.wait_stalled()
        mock_clock.jump(4)
    assert trio.current_time() == 4


@pytest.mark.parametrize("key", ["", "Bearer", f"Bearer {WRONG_KEY}"])
async def test_a_key_is_asked_for(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post(ROUTE, json=BODY, headers={"authorization": key})
    assert answer.status_code == 401


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"model": "m", "messages": [3]}', b'{"model": "m"}'])
async def test_unusable_requests(client: httpx.AsyncClient, raw: bytes) -> None:
    for route in (ROUTE, "/v1/messages"):
        assert (await client.post(route, content=raw)).status_code == 400
    assert (await client.post(ROUTE, json=BODY)).status_code == 200


async def test_no_http_at_all(client: httpx.AsyncClient) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", client.base_url.port or 0)
    async with stream:
        await stream.send_all(b"hello there\r\n\r\n")
        assert await stream.receive_some() == b""
    assert (await client.get("/nowhere")).status_code == 404


def test_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "daemon.emulator.vendors", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert ready
        answer = httpx.post(ready[1] + ROUTE, json=BODY, headers={"authorization": "Bearer k"})
        assert answer.json()["choices"][0]["message"]["content"]
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("fault", "body"),
    [("empty", b""), ("html", b"<!doctype html>"), ("hollow", b'{"object"'), ("garbage", b"OggS"), (None, b"OggS")],
)
async def test_a_speech_and_its_faults(
    client: httpx.AsyncClient, peer: VendorPeer, fault: str | None, body: bytes
) -> None:
    whole = (await client.post("/v1/text-to-speech/bia/stream", json={"text": "Oi, tudo bem?"})).content
    peer.script.replace([Step(fault=fault, vendor="elevenlabs speech")] if fault else [])
    answer = await client.post("/v1/text-to-speech/bia/stream", json={"text": "Oi, tudo bem?"})
    assert answer.status_code == 200
    assert answer.content[: len(body)] == body
    assert (answer.content == whole) == (fault is None)
    assert peer.asked == {"elevenlabs speech": 2}


async def test_a_voice_note_that_is_cut_off(client: httpx.AsyncClient, peer: VendorPeer) -> None:
    peer.script.replace([Step(fault="cut", vendor="openai transcription")])
    form = {"data": {"model": "gpt-transcribe"}, "files": {"file": ("nota.ogg", ogg_opus(1), "audio/ogg")}}
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/v1/audio/transcriptions", **form)  # type: ignore[arg-type]
    assert (await client.post("/v1/audio/transcriptions", **form)).json()["text"] == peer.said  # type: ignore[arg-type]
    assert peer.requests[-1] == (
        "openai transcription",
        {"model": "gpt-transcribe", "filename": "nota.ogg", "bytes": len(ogg_opus(1))},
    )
