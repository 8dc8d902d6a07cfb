"""Split by tenant, stored or parked before it is answered, replayed in order."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.assembly import Parts
from daemon.emulator import deliveries
from daemon.whatsapp.cloud import MalformedDelivery
from shards.errors import ShardCorrupt, ShardUnavailable, StorageFull
from tests.support.failing import Failing
from tests.support.house import around, cloud_profile, count, house, in_central, until
from tests.support.shards import HandClock

NORTH, SOUTH = "200000000000001", "200000000000002"
FULL = StorageFull("the disk is full", "free some space")


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path) as made:
        await made.service.create(cloud_profile("auto-norte", NORTH), {"channel.access_token": "EAAG"})
        await made.service.create(cloud_profile("auto-sul", SOUTH), {"channel.access_token": "EAAG"})
        for tenant in ("auto-norte", "auto-sul"):
            await made.service.suspend(tenant, "in a test")
        yield made


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


def said(text: str, number: str, parts: Parts, **more: Any) -> dict[str, Any]:
    clock = around(parts).now
    assert isinstance(clock, HandClock)
    return deliveries.text(text, phone_number_id=number, at=clock.ms // 1000, **more)


async def texts(parts: Parts, tenant: str) -> list[str]:
    return await parts.directory.handle(tenant).read(
        lambda tx: [text for (text,) in tx.rows("SELECT text FROM messages ORDER BY seq")]
    )


def metric(parts: Parts, start: str) -> float:
    for line in around(parts).metrics.render().decode().splitlines():
        if line.startswith(start):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


async def test_a_delivery_is_split_by_number(parts: Parts) -> None:
    body = deliveries.delivery(
        said("Oi sul", SOUTH, parts), said("Oi norte", NORTH, parts), said("ninguém", "999", parts)
    )
    await parts.reception.receive(body)
    assert await texts(parts, "auto-sul") == ["Oi sul"]
    assert await texts(parts, "auto-norte") == ["Oi norte"]
    assert metric(parts, 'showroomd_ignored_items_total{reason="unknown_number"}') == 1


async def test_as_one_of_several_cells_it_names_what_is_not_its_own_and_counts_nothing(parts: Parts) -> None:
    account = deliveries.entry({"event": "DISABLED_UPDATE"}, field="account_update", waba_id="W")
    body = deliveries.delivery(
        said("Oi sul", SOUTH, parts), said("ninguém", "999", parts), account, {"id": "no changes"}
    )
    assert await parts.reception.receive_share(body) == b'["999","W"]'
    assert await texts(parts, "auto-sul") == ["Oi sul"]
    assert await parts.reception.receive_share(deliveries.delivery(said("Oi norte", NORTH, parts))) is None
    assert metric(parts, "showroomd_ignored_items_total") == 0
    assert await parts.reception.numbers() == [NORTH, SOUTH]


async def test_a_suspended_tenant_receives_and_is_told_of(parts: Parts) -> None:
    before = parts.events.ring.newest
    await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts)))
    assert await count(parts, "auto-sul", "SELECT count(*) FROM conversations WHERE due_at IS NOT NULL") == 1
    assert parts.events.ring.newest > before, "the event stream knows"
    assert metric(parts, 'showroomd_messages_total{direction="in",kind="any",tenant="auto-sul"}') == 1


async def test_what_is_no_webhook_is_said_to_be_none(parts: Parts) -> None:
    for body in (b"", b"not json", b"[]", b'{"object": "page", "entry": []}'):
        with pytest.raises(MalformedDelivery):
            await parts.reception.receive(body)


async def test_a_shard_that_cannot_be_written_is_parked_and_replayed_in_order(parts: Parts, failing: Failing) -> None:
    failing.plan("auto-sul.db", FULL)
    for text in ("um", "dois"):
        await parts.reception.receive(
            deliveries.delivery(said(text, SOUTH, parts), said(f"{text} norte", NORTH, parts))
        )
    assert await texts(parts, "auto-norte") == ["um norte", "dois norte"], "the neighbour is served"
    assert await texts(parts, "auto-sul") == []
    assert parts.reception.parked_items == 2
    assert metric(parts, "showroomd_parked_items ") == 2
    assert metric(parts, 'showroomd_webhooks_total{result="parked"}') == 2
    assert parts.wellbeing.degraded() == ["2 deliveries are parked until the file of their dealership can be written"]
    with pytest.raises(StorageFull):
        await parts.reception.replay("auto-sul")
    failing.heal("auto-sul.db")
    await parts.reception.receive(deliveries.delivery(said("três", SOUTH, parts)))
    assert await texts(parts, "auto-sul") == [], "what comes after it does not overtake it"
    await parts.reception.replay("auto-sul")
    assert await texts(parts, "auto-sul") == ["um", "dois", "três"]
    assert parts.reception.parked_items == 0
    assert parts.wellbeing.degraded() == []
    await parts.reception.receive(deliveries.delivery(said("quatro", SOUTH, parts)))
    assert await texts(parts, "auto-sul") == ["um", "dois", "três", "quatro"], "written directly again"
    assert await in_central(parts, "SELECT count(*) FROM parked") == [(0,)]


async def test_what_arrives_during_the_replay_keeps_its_place(
    parts: Parts, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.tenants.reception.REPLAY_BATCH", 1)
    failing.plan("auto-sul.db", FULL)
    for text in ("um", "dois", "três"):
        await parts.reception.receive(deliveries.delivery(said(text, SOUTH, parts)))
    failing.heal("auto-sul.db")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(parts.reception.replay, "auto-sul")
        nursery.start_soon(parts.reception.replay, "auto-sul")  # the supervisor and the task may both try
        for text in ("quatro", "cinco"):
            await parts.reception.receive(deliveries.delivery(said(text, SOUTH, parts)))
    assert await texts(parts, "auto-sul") == ["um", "dois", "três", "quatro", "cinco"]
    assert parts.reception.parked_items == 0


async def test_a_parked_part_that_came_twice_is_stored_once(parts: Parts, failing: Failing) -> None:
    body = deliveries.delivery(said("Oi", SOUTH, parts, message_id="wamid.1"))
    await parts.reception.receive(body)
    failing.plan("auto-sul.db", FULL)
    await parts.reception.receive(body)
    failing.heal("auto-sul.db")
    await parts.reception.replay("auto-sul")
    assert await texts(parts, "auto-sul") == ["Oi"]


async def test_the_task_replays_where_no_nursery_does(parts: Parts, failing: Failing, nursery: trio.Nursery) -> None:
    await nursery.start(parts.reception.run)
    failing.plan("auto-sul.db", FULL)
    await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts)))
    failing.heal("auto-sul.db")
    await until(lambda: parts.reception.parked_items == 0)
    assert await texts(parts, "auto-sul") == ["Oi"]


async def test_what_is_parked_outlives_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch)
    async with house(tmp_path) as first:
        await first.service.create(cloud_profile("auto-sul", SOUTH), {"channel.access_token": "EAAG"})
        await first.service.suspend("auto-sul", "")
        failing.plan("auto-sul.db", FULL)
        await first.reception.receive(deliveries.delivery(said("Oi", SOUTH, first)))
    failing.heal("auto-sul.db")
    async with house(tmp_path) as second:
        assert second.reception.parked_items == 1
        await second.reception.replay("auto-sul")
        assert await texts(second, "auto-sul") == ["Oi"]


async def test_central_failing_too_is_said(parts: Parts, failing: Failing) -> None:
    failing.plan("auto-sul.db", ShardCorrupt("damaged", "restore it"))
    failing.plan("central.db", FULL)
    with pytest.raises(ShardUnavailable, match="the disk is full"):
        await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts), said("Oi norte", NORTH, parts)))
    assert await texts(parts, "auto-norte") == ["Oi norte"], "what could be written was"
    failing.heal("auto-sul.db")
    failing.heal("central.db")
    await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts)))
    assert await texts(parts, "auto-sul") == ["Oi"], "nothing was parked, so nothing waits"


async def test_a_damaged_parked_part_does_not_hold_up_the_others(parts: Parts, failing: Failing, logs: Any) -> None:
    failing.plan("auto-sul.db", FULL)
    await parts.reception.receive(deliveries.delivery(said("um", SOUTH, parts)))
    await parts.central.write(
        lambda tx: tx.run("INSERT INTO parked (tenant, at, document) VALUES ('auto-sul', 0, ?)", (b"{",))
    )
    await parts.reception.receive(deliveries.delivery(said("dois", SOUTH, parts)))
    failing.heal("auto-sul.db")
    logs.expect_error("parked_part_damaged")
    await parts.reception.replay("auto-sul")
    assert await texts(parts, "auto-sul") == ["um", "dois"]


async def test_a_file_without_a_profile_is_parked(parts: Parts) -> None:
    await parts.directory.handle("auto-sul").write(lambda tx: tx.run("DELETE FROM profile"))
    await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts), said("Oi norte", NORTH, parts)))
    assert await texts(parts, "auto-norte") == ["Oi norte"]
    assert parts.reception.parked_items == 1


async def test_nothing_is_parked_for_a_tenant_that_is_gone(parts: Parts, failing: Failing) -> None:
    """Deleted between the look-up of its number and the write."""
    await parts.central.write(lambda tx: tx.run("UPDATE tenants SET state = 'deleted' WHERE id = 'auto-sul'"))
    failing.plan("auto-sul.db", FULL)
    await parts.reception.receive(deliveries.delivery(said("Oi", SOUTH, parts)))
    assert parts.reception.parked_items == 0
    assert metric(parts, 'showroomd_ignored_items_total{reason="deleted_tenant"}') == 1
