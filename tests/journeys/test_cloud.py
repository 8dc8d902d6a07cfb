"""Journeys over the Cloud API: the real process, real HTTP on both sides."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon.emulator import deliveries
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

FIXTURES = Path(__file__).parents[1] / "data" / "cloud"
CUSTOMERS = 200


@pytest.fixture
async def daemon(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(tmp_path, vendors=getattr(request, "param", ())) as made:
        await made.start()
        yield made


async def conversations(daemon: Rig, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]
    return found


async def messages(daemon: Rig, tenant: str, conversation: str) -> list[dict[str, Any]]:
    path = f"/v1/tenants/{tenant}/conversations/{conversation}/messages?limit=500"
    found: list[dict[str, Any]] = (await daemon.call("GET", path))["items"]
    return sorted(found, key=lambda message: message["id"])


async def test_a_question_is_answered_from_the_stock(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul")
    await daemon.add_stock("auto-sul", STOCK)
    response = await daemon.webhook(deliveries.text("Oi! Tem corolla?", phone_number_id=number, at=now_s()))
    assert (response.status_code, response.content) == (200, b"")
    await daemon.graph.until_calls(1)
    sent = daemon.graph.sent[0]
    assert sent.to == "5511955500101"
    assert "Corolla" in sent.body["text"]["body"]
    assert "118.900" in sent.body["text"]["body"]
    assert daemon.graph.courier is not None
    await daemon.graph.courier.until_idle()
    [conversation] = await conversations(daemon, "auto-sul")
    assert (conversation["state"], conversation["waiting"]) == ("assistant", False)
    question, answer = await messages(daemon, "auto-sul", conversation["id"])
    assert (question["author"], question["state"]) == ("customer", "received")
    assert (answer["author"], answer["state"]) == ("assistant", "read")
    assert [call.kind for call in daemon.graph.calls if call.kind == "read"], "the message was marked read"


@pytest.mark.parametrize("daemon", [("anthropic", "openai")], indirect=True)
async def test_a_model_answers_with_a_tool_call(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul", providers=["anthropic", "openai", "catalogue"])
    await daemon.add_stock("auto-sul", STOCK)
    await daemon.webhook(deliveries.text("Oi, tem civic?", phone_number_id=number, at=now_s()))
    await daemon.graph.until_calls(1)
    assert "Civic" in daemon.graph.sent[0].body["text"]["body"]
    usage = (await daemon.call("GET", "/v1/tenants/auto-sul/usage"))["items"]
    tokens = [line for line in usage if line["kind"] == "tokens"]
    assert tokens
    assert tokens[0]["provider"] == "anthropic"
    assert tokens[0]["receipts"] == 2, "two model calls, each with its receipt"


async def test_three_tenants_in_one_delivery(daemon: Rig) -> None:
    numbers = {tenant: await daemon.add_tenant(tenant, index + 1) for index, tenant in enumerate(("aa", "bb", "cc"))}
    for tenant in numbers:
        await daemon.add_stock(tenant, STOCK)
    entries = [
        deliveries.text(f"Oi {tenant}, tem hb20?", phone_number_id=number, at=now_s())
        for tenant, number in numbers.items()
    ]
    unknown = deliveries.text("ninguém", phone_number_id="999", at=now_s())
    assert (await daemon.webhook(*entries, unknown)).status_code == 200
    await daemon.graph.until_calls(3)
    assert {call.phone_number_id for call in daemon.graph.sent} == set(numbers.values())
    for tenant in numbers:
        [conversation] = await conversations(daemon, tenant)
        said = [message["text"] for message in await messages(daemon, tenant, conversation["id"])]
        assert said[0] == f"Oi {tenant}, tem hb20?"
        assert not any(other in said[0] for other in numbers if other != tenant)


async def test_two_hundred_customers_at_once_get_one_answer_each_in_order(tmp_path: Path) -> None:
    """Each writes a burst of three bubbles, some of them twice; each burst gets one answer; then a second round."""
    async with rig(tmp_path, settings="[turns]\nquiet_spell_max_seconds = 60\n") as daemon:
        await daemon.start()
        number = await daemon.add_tenant("auto-sul", quiet_spell_seconds=6.0)
        await daemon.add_stock("auto-sul", STOCK)
        limits = httpx.Limits(max_connections=32)
        async with httpx.AsyncClient(base_url=str(daemon.client.base_url), limits=limits, timeout=60) as client:
            for round_ in (1, 2):
                async with trio.open_nursery() as nursery:
                    for customer in range(CUSTOMERS):
                        nursery.start_soon(_burst, daemon, client, number, customer, round_)
                await daemon.until(lambda: _nothing_owed(daemon, "auto-sul"))
        assert daemon.graph.courier is not None
        await daemon.graph.courier.until_idle()
        by_customer = defaultdict(list)
        for call in daemon.graph.sent:
            by_customer[call.to].append(call)
        assert len(by_customer) == CUSTOMERS
        for calls in by_customer.values():
            texts = [call for call in calls if call.body["type"] == "text"]
            assert len(texts) == 2, "one answer a burst"
            assert len({call.our_id for call in calls}) == len(calls), "nothing is handed over twice"
            assert [call.our_id for call in calls] == sorted(call.our_id for call in calls), "in the order written"
        found = await conversations(daemon, "auto-sul")
        assert len(found) == CUSTOMERS
        assert not any(conversation["waiting"] for conversation in found)


async def _burst(daemon: Rig, client: httpx.AsyncClient, number: str, customer: int, round_: int) -> None:
    phone = f"55119{customer:08}"
    for part, said in enumerate(("oi", "tem civic?", "até 120 mil")):
        entry = deliveries.text(
            said, phone=phone, phone_number_id=number, message_id=f"wamid.{customer}-{round_}-{part}", at=now_s()
        )
        for _ in range(2 if customer % 3 == part else 1):
            assert (await daemon.webhook(entry, client=client)).status_code == 200


def _now(document: Any, tenant_ids: dict[str, str]) -> bytes:
    """A fixture with its times moved to now: what was sent days ago is not answered."""
    text = json.dumps(document)
    for old in range(1795000000, 1795000601):
        if str(old) in text:
            text = text.replace(str(old), str(now_s()))
    return text.encode()


async def test_every_fixture_is_taken(daemon: Rig) -> None:
    """All of Meta's examples, one after the other, to the tenants they name: each answered 200, none breaks another."""
    for index, tenant in enumerate(("loja-a", "loja-b"), 1):
        await daemon.add_tenant(tenant, index)
        await daemon.add_stock(tenant, STOCK)
    fixtures = sorted(FIXTURES.glob("*.json"))
    assert len(fixtures) == 29
    for fixture in fixtures:
        if fixture.name.startswith("26"):
            continue  # it pauses the number: last
        body = _now(json.loads(fixture.read_bytes()), {})
        assert (await daemon.webhook_bytes(body)).status_code == 200, fixture.name
    await daemon.until(lambda: _nothing_owed(daemon, "loja-a", "loja-b"))
    assert (await daemon.call("GET", "/v1/tenants/loja-a/channel"))["state"] == "up"
    [paused] = [fixture for fixture in fixtures if fixture.name.startswith("26")]
    assert (await daemon.webhook_bytes(paused.read_bytes())).status_code == 200
    channel = await daemon.call("GET", "/v1/tenants/loja-a/channel")
    assert channel["state"] == "paused"
    assert channel["reason"]
    assert (await daemon.call("GET", "/v1/tenants/loja-b/channel"))["state"] == "up"
    two = await conversations(daemon, "loja-b")
    assert [contact["contact"]["name"] for contact in two] == ["Cliente Dois"]
    username = [each for each in daemon.graph.sent if each.body.get("recipient") == "BR.10000000000000000103"]
    assert username, "who has no phone is answered by the user id"


async def _nothing_owed(daemon: Rig, *tenants: str) -> bool:
    for tenant in tenants:
        if any(
            conversation["waiting"] and conversation["state"] == "assistant"
            for conversation in await conversations(daemon, tenant)
        ):
            return False
    return True


async def test_a_person_on_the_phone_silences_the_assistant(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul")
    await daemon.add_stock("auto-sul", STOCK)
    await daemon.webhook(deliveries.text("Oi", phone_number_id=number, at=now_s()))
    await daemon.graph.until_calls(1)
    await daemon.webhook(deliveries.echo("Oi, aqui é o João", phone_number_id=number, at=now_s()))
    await daemon.webhook(deliveries.text("Tem civic?", phone_number_id=number, at=now_s()))
    [conversation] = await conversations(daemon, "auto-sul")
    assert conversation["state"] == "human"
    assert conversation["waiting"] is True
    assert conversation["human_until"]
    await daemon.call("POST", f"/v1/tenants/auto-sul/conversations/{conversation['id']}/release")
    await daemon.graph.until_calls(2)
    assert "Civic" in daemon.graph.sent[1].body["text"]["body"]


async def test_a_salesperson_takes_over_writes_and_gives_back(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul")
    await daemon.add_stock("auto-sul", STOCK)
    await daemon.webhook(deliveries.text("Oi", phone_number_id=number, at=now_s()))
    await daemon.graph.until_calls(1)
    [conversation] = await conversations(daemon, "auto-sul")
    base = f"/v1/tenants/auto-sul/conversations/{conversation['id']}"
    await daemon.call("POST", f"{base}/takeover", {"minutes": 30})
    await daemon.call("POST", f"{base}/messages", {"text": "Oi, aqui é a Ana, posso ajudar?"})
    await daemon.graph.until_calls(2)
    assert daemon.graph.sent[1].body["text"]["body"] == "Oi, aqui é a Ana, posso ajudar?"
    assert (await daemon.call("GET", base))["state"] == "human"


async def test_a_stop_drains_and_a_start_goes_on(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul", quiet_spell_seconds=0.0)
    await daemon.add_stock("auto-sul", STOCK)
    await daemon.webhook(deliveries.text("Oi", phone_number_id=number, at=now_s()))
    assert await daemon.stop() == 0
    before = len(daemon.graph.sent)
    assert list(daemon.data_dir.glob("**/*-wal")) == [], "a clean stop leaves no -wal"
    await daemon.start()
    if not before:
        await daemon.graph.until_calls(1)
    await daemon.until(lambda: _nothing_owed(daemon, "auto-sul"))
    assert len([call for call in daemon.graph.sent if call.body["type"] == "text"]) == 1
