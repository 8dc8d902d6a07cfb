"""The Graph API peer over loopback HTTP, and as a process of its own."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon.emulator import deliveries
from daemon.emulator.graph import Fault, GraphPeer
from daemon.whatsapp import graph
from daemon.whatsapp.cloud import events_of, signature_ok, split
from daemon.whatsapp.events import StatusReceived
from tests.support.graph_peer import PHONE_NUMBER_ID, WebhookSink, graph_peer, serving

ROOT = Path(__file__).parents[3]
ANA, USER = "5511955500101", "BR.10000000000000000101"
HEADERS = {"Authorization": "Bearer t"}


@asynccontextmanager
async def asking(**options: Any) -> AsyncIterator[tuple[GraphPeer, httpx.AsyncClient]]:
    async with (
        graph_peer(**options) as (peer, url),
        httpx.AsyncClient(base_url=f"{url}/v26.0/", headers=HEADERS) as client,
    ):
        yield peer, client


async def post(client: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await client.post(f"{PHONE_NUMBER_ID}/messages", json=body)


def statuses(sink: WebhookSink) -> list[StatusReceived]:
    events = [event for body in sink.bodies for part in split(body).parts for event in events_of(part)]
    assert all(isinstance(event, StatusReceived) for event in events)
    return events  # type: ignore[return-value]


async def test_a_message_is_taken_and_remembered() -> None:
    async with asking() as (peer, client):
        taken = graph.accepted((await post(client, graph.text(ANA, "", "oi", our_id="m1"))).content)
        assert taken is not None
        assert taken.wa_id == ANA
        (call,) = peer.sent
        assert (call.seq, call.to, call.our_id, call.wamid) == (1, ANA, "m1", taken.wamid)


async def test_metas_refusals() -> None:
    async with asking(tokens=["t"], numbers=[PHONE_NUMBER_ID]) as (peer, client):
        assert _code(await post(client, {"to": ANA})) == 100
        assert _code(await client.post("42/messages", json=graph.text(ANA, "", "oi"))) == 100
        assert _code(await client.get("42")) == 100
        assert _code(await client.get("a/b/c/d")) == 2500
        assert _code(await client.post(f"{PHONE_NUMBER_ID}/messages", content=b"{")) == 100
        client.headers["Authorization"] = "Bearer stolen"
        assert _code(await client.get(PHONE_NUMBER_ID)) == 190
        assert peer.sent == []


def _code(response: httpx.Response) -> int:
    error = graph.error(response.content)
    assert error is not None
    return error.code


async def test_a_user_id_in_to_is_taken_and_reaches_nobody() -> None:
    sink = WebhookSink()
    async with serving(sink) as url, asking(webhook=url, app_secret="s", statuses=["sent"]) as (peer, client):
        assert (await post(client, {**graph.text(ANA, "", "oi"), "to": USER})).status_code == 200
        await post(client, graph.text("", USER, "oi", our_id="m2"))
        assert peer.courier is not None
        await peer.courier.until_idle()
    assert [status.our_id for status in statuses(sink)] == ["m2"]


async def test_signed_statuses_come_in_order_with_our_id_and_pricing() -> None:
    sink = WebhookSink()
    words = ("sent", "delivered", "read")
    async with serving(sink) as url, asking(webhook=url, app_secret="s", statuses=words) as (peer, client):
        await post(client, graph.text(ANA, "", "oi", our_id="m1"))
        assert peer.courier is not None
        await peer.courier.until_idle()
        wamid = peer.sent[0].wamid
    got = statuses(sink)
    assert [(status.status, status.our_id, status.network_id) for status in got] == [
        (word, "m1", wamid) for word in words
    ]
    assert [status.pricing_category for status in got] == ["service", "service", ""]
    assert all(signature_ok("s", body, header) for body, header in zip(sink.bodies, sink.signatures, strict=True))


async def test_a_status_may_come_before_the_answer() -> None:
    sink = WebhookSink()
    options = {"app_secret": "s", "statuses": ["sent", "read"], "status_first": True}
    async with serving(sink) as url, asking(webhook=url, **options) as (peer, client):
        peer.plan(Fault(kind="stall"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(post, client, graph.text(ANA, "", "oi", our_id="m1"))
            await peer.until_calls(1)
            while not peer.stalled:
                await trio.lowlevel.checkpoint()
            assert [status.status for status in statuses(sink)][:1] == ["sent"]
            nursery.cancel_scope.cancel()


async def test_a_refusal_that_comes_late() -> None:
    sink = WebhookSink()
    async with serving(sink) as url, asking(webhook=url, app_secret="s", statuses=["sent"]) as (peer, client):
        peer.plan(Fault(kind="refuse_late", code=131026))
        assert (await post(client, graph.text(ANA, "", "oi", our_id="m1"))).status_code == 200
        assert peer.courier is not None
        await peer.courier.until_idle()
    assert [(status.status, status.error_code) for status in statuses(sink)] == [("failed", 131026)]


async def test_faults_by_recipient_and_count() -> None:
    async with asking() as (peer, client):
        peer.plan(Fault(kind="error", code=131056, to=ANA, times=2), Fault(kind="status", http_status=502, to=USER))
        codes = [(await post(client, graph.text(ANA, "", "oi"))).status_code for _ in range(3)]
        assert codes == [400, 400, 200]
        assert (await post(client, graph.text("", USER, "oi"))).status_code == 502
        assert [call.fault for call in peer.calls] == ["error 131056", "error 131056", "", "status"]
        assert [call.to for call in peer.sent] == [ANA]


@pytest.mark.parametrize(("kind", "taken"), [("cut", 1), ("lost", 0)])
async def test_a_connection_that_breaks(kind: Any, taken: int) -> None:
    async with asking() as (peer, client):
        peer.plan(Fault(kind=kind))
        with pytest.raises(httpx.RemoteProtocolError):
            await post(client, graph.text(ANA, "", "oi"))
        assert len(peer.sent) == taken
        assert (await post(client, graph.text(ANA, "", "oi"))).status_code == 200


async def test_a_stalled_call_ends_when_healed() -> None:
    async with asking() as (peer, client), trio.open_nursery() as nursery:
        peer.plan(Fault(kind="stall", times=0), Fault(kind="garbage", times=0))

        async def stalled() -> None:
            with pytest.raises(httpx.RemoteProtocolError):
                await post(client, graph.text(ANA, "", "oi"))

        nursery.start_soon(stalled)
        await peer.until_calls(1)
        while not peer.stalled:
            await trio.lowlevel.checkpoint()
        peer.heal()
        assert graph.accepted((await post(client, graph.text(ANA, "", "oi"))).content) is not None


async def test_garbage() -> None:
    async with asking() as (peer, client):
        peer.plan(Fault(kind="garbage"))
        response = await post(client, graph.text(ANA, "", "oi"))
        assert response.is_success
        assert graph.accepted(response.content) is None


async def test_media() -> None:
    async with asking() as (peer, client):
        form = {"messaging_product": "whatsapp", "type": "audio/ogg"}
        files = {"file": ("n.ogg", b"OggS\r\n--x", "audio/ogg")}
        media_id = (await client.post(f"{PHONE_NUMBER_ID}/media", data=form, files=files)).json()["id"]
        found = (await client.get(media_id, params={"phone_number_id": PHONE_NUMBER_ID})).json()
        assert found["mime_type"] == "audio/ogg"
        assert (await client.get(found["url"])).content == b"OggS\r\n--x"
        assert (await client.get(found["url"], headers={"Authorization": ""})).status_code == 401
        peer.expire(media_id)
        assert (await client.get(found["url"])).status_code == 404
        assert _code(await client.post(f"{PHONE_NUMBER_ID}/media", data=form)) == 100


async def test_control_from_another_process() -> None:
    async with asking() as (_, client):
        root = client.base_url.copy_with(path="/emulator/")
        await client.post(f"{root}faults", json=[{"kind": "error", "code": 131047}])
        await post(client, graph.text(ANA, "", "um", our_id="m1"))
        await post(client, graph.text(ANA, "", "dois", our_id="m2"))
        listed = (await client.get(f"{root}sent")).json()
        assert [(call["our_id"], call["fault"]) for call in listed["items"]] == [("m1", "error 131047"), ("m2", "")]
        assert (await client.get(f"{root}sent", params={"after": 1, "limit": 1})).json()["items"][0]["our_id"] == "m2"
        assert (await client.get(f"{root}sent", params={"after": listed["next"]})).json()["items"] == []
        query = {"phone_number_id": PHONE_NUMBER_ID, "mime_type": "image/png"}
        media_id = (await client.post(f"{root}files", params=query, content=b"png")).json()["id"]
        assert (await client.get(media_id)).status_code == 200
        assert (await client.post(f"{root}heal")).status_code == 200
        assert (await client.get(f"{root}nothing")).status_code == 404


async def test_as_a_process() -> None:
    sink = WebhookSink(503)
    async with serving(sink) as url, trio.open_nursery() as nursery:
        command = [sys.executable, "-m", "daemon.emulator.graph", "--webhook", url, "--app-secret", "s"]
        run = partial(trio.run_process, [*command, "--statuses", "sent,read"], cwd=ROOT, check=False)
        process = await nursery.start(partial(run, stdout=subprocess.PIPE))
        said = b""
        while b"\n" not in said:
            said += await process.stdout.receive_some()
        word, port = said.split()
        assert word == b"ready"
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{int(port)}/", headers=HEADERS) as client:
            await client.post(f"v26.0/{PHONE_NUMBER_ID}/messages", json=graph.text(ANA, "", "oi", our_id="m1"))
            while (await client.get("emulator/sent")).json()["pending"]:
                await trio.lowlevel.checkpoint()
        process.terminate()
        await process.stdout.aclose()
    assert [status.status for status in statuses(sink)] == ["sent", "read"]
    assert deliveries.sign("s", sink.bodies[0]) == sink.signatures[0]
