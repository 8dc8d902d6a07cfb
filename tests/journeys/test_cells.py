"""Two cells behind one webhook entry: the real processes, real HTTP on both sides."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from daemon.emulator import deliveries
from daemon.emulator.courier import Courier
from tests.support.cells import Cells, cells
from tests.support.rig import APP_SECRET, VERIFY_TOKEN, Rig, now_s
from tests.support.stock import STOCK

MESSAGES = 60


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Cells]:
    async with cells(tmp_path) as made:
        await made.start()
        yield made


async def stored(cell: Rig, tenant: str) -> Counter[str]:
    """The texts that customers wrote, with how often each is there."""
    found: Counter[str] = Counter()
    for conversation in (await cell.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]:
        path = f"/v1/tenants/{tenant}/conversations/{conversation['id']}/messages?limit=500"
        for message in (await cell.call("GET", path))["items"]:
            found[message["text"]] += message["direction"] == "in"
    return +found


async def test_each_cell_answers_its_own_and_a_mixed_batch_is_shared(two: Cells) -> None:
    one, other = two.cells
    number_one, number_two = await one.add_tenant("auto-norte", 1), await other.add_tenant("auto-sul", 2)
    await one.add_stock("auto-norte", STOCK)
    await other.add_stock("auto-sul", STOCK)
    # both are new to the entry: it asks before it says that nobody has them
    batch = [
        deliveries.text("Oi norte, tem corolla?", phone_number_id=number_one, at=now_s()),
        deliveries.text("Oi sul, tem corolla?", phone_number_id=number_two, at=now_s()),
        deliveries.text("ninguém", phone_number_id="999", at=now_s()),
    ]
    assert (await two.entry.webhook(*batch)).status_code == 200
    for cell, tenant in ((one, "auto-norte"), (other, "auto-sul")):
        await cell.graph.until_calls(1)
        assert "Corolla" in cell.graph.sent[0].body["text"]["body"]
        [said] = await stored(cell, tenant)
        assert said.startswith(f"Oi {tenant.removeprefix('auto-')}")
        # what was not its own is no unknown number there: the entry counts it, once
        metrics = (await cell.admin.get("/metrics")).text
        assert "unknown_number" not in metrics
    assert await two.figure('showroomd_entry_ignored_items_total{reason="unknown_number"}') == 1
    courier = one.graph.courier
    assert courier is not None
    await courier.until_idle()  # statuses come back through the entry
    messages = (await one.call("GET", "/v1/tenants/auto-norte/conversations?limit=1"))["items"]
    path = f"/v1/tenants/auto-norte/conversations/{messages[0]['id']}/messages"
    assert (await one.call("GET", path))["items"][-1]["state"] == "read"
    answer = await two.entry.client.get(
        "/webhooks/whatsapp",
        params={"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "4711"},
    )
    assert (answer.status_code, answer.text) == (200, "4711")
    assert (await two.entry.client.post("/webhooks/whatsapp", content=b"{}")).status_code == 403
    assert (await two.health())["status"] == "ok"

    # a number in two cells is never silent
    await other.add_tenant("auto-leste", 1)
    await two.entry.until_logged("number_in_two_cells")
    health = await two.health()
    assert health["status"] == "degraded"
    assert f"the number {number_one} is in " in health["reasons"][0]
    assert await two.figure("showroomd_entry_shared_numbers") == 1


async def test_a_cell_dies_and_comes_back_under_traffic(two: Cells) -> None:
    """And so does the entry. Nothing that was answered 200 is lost, nothing is there twice."""
    one, other = two.cells
    numbers = {
        "auto-norte": await one.add_tenant("auto-norte", 1, quiet_spell_seconds=60.0),
        "auto-sul": await other.add_tenant("auto-sul", 2, quiet_spell_seconds=60.0),
    }
    courier = Courier(
        f"http://127.0.0.1:{two.entry.port}/webhooks/whatsapp",
        APP_SECRET,
        workers=MESSAGES,  # those that a dead cell does not take must not hold up the others
        rng=random.Random(5),
        pause_seconds=0.05,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(courier.run)
        await _traffic(courier, numbers, "antes")
        await courier.until_idle()
        await other.kill()
        await _traffic(courier, numbers, "durante")
        # the other cell's customers are served meanwhile
        await one.until(lambda: _has(one, "auto-norte", MESSAGES))
        assert courier.pending >= MESSAGES // 2
        assert courier.failures
        health = await two.health()
        assert health["status"] == "degraded"
        assert "does not answer" in health["reasons"][0]
        await other.start()
        await courier.until_idle()
        await _traffic(courier, numbers, "depois")
        await two.entry.kill()
        await two.entry.start()
        await courier.until_idle()
        nursery.cancel_scope.cancel()
    for cell, tenant in ((one, "auto-norte"), (other, "auto-sul")):
        wanted = Counter(
            f"{when} {index} {tenant}" for when in ("antes", "durante", "depois") for index in range(MESSAGES // 2)
        )
        assert await stored(cell, tenant) == wanted
    assert await other.stop() == 0
    assert await two.entry.stop() == 0


async def _traffic(courier: Courier, numbers: dict[str, str], when: str) -> None:
    for index in range(MESSAGES // 2):
        for place, (tenant, number) in enumerate(numbers.items()):
            entry = deliveries.text(
                f"{when} {index} {tenant}",
                phone=f"55119{index % 20:08}",
                phone_number_id=number,
                message_id=f"wamid.{when}.{index}.{place}",
                at=now_s(),
            )
            courier.hand_over(deliveries.delivery(entry))


async def _has(cell: Rig, tenant: str, count: int) -> bool:
    return sum((await stored(cell, tenant)).values()) == count
