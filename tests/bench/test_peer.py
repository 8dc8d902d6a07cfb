"""The peer of the benchmark is no scarecrow: it starts, answers a customer from its stock, and keeps what it said."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon.emulator import deliveries
from tests.bench.peer_process import NodePeer, missing, node_peer
from tests.bench.process import APP_SECRET
from tests.support.stock import STOCK

NUMBER = "200000000000100"
COMPANY = {"id": 1, "name": "Auto Sul", "phone_number_id": NUMBER, "access_token": "EAAG", "vehicles": STOCK}
ANSWER = "Temos o Toyota Corolla 2.0 XEi 2020 por R$ 118.900, com 52.300 km. Quer que eu te mande as fotos?"


async def _post(node: NodePeer, body: bytes, secret: str = APP_SECRET) -> int:
    headers = {"X-Hub-Signature-256": deliveries.sign(secret, body), "Content-Type": "application/json"}
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{node.port}/webhooks/whatsapp"
        return (await client.post(url, content=body, headers=headers)).status_code


async def _ended_conversations(node: NodePeer, count: int) -> list[dict[str, Any]]:
    """All messages, once so many answers were read."""
    with trio.fail_after(60):
        while True:
            rows = await node.messages(NUMBER)
            if sorted(row["status"] for row in rows) == ["answered"] * count + ["read"] * count:
                return rows
            await trio.sleep(0.05)


@pytest.mark.skipif(bool(missing()), reason=missing() or "all is there")
async def test_it_answers_a_customer(tmp_path: Path) -> None:
    async with node_peer(tmp_path / "peer", [COMPANY]) as node:
        for count, acknowledge in enumerate(("first", "stored"), start=1):
            await node.start(acknowledge=acknowledge)
            question = deliveries.text("tem corolla?", phone=f"555198888777{count}", phone_number_id=NUMBER)
            body = deliveries.delivery(question)
            assert await _post(node, body, "another secret") == 401
            assert await _post(node, body) == 200
            assert await _post(node, body) == 200  # Meta delivers some webhooks twice
            rows = await _ended_conversations(node, count)
            assert [row["text"] for row in rows if row["direction"] == "out"] == [ANSWER] * count
            await node.kill()
        async with httpx.AsyncClient() as client:
            sent = (await client.get(f"{node.graph_url}/emulator/sent")).json()["items"]
    assert [call["body"]["text"]["body"] for call in sent if call["kind"] == "message"] == [ANSWER] * 2
    assert sum(call["kind"] == "read" for call in sent) == 2
