"""Split by tenant, stored or parked before it is answered, replayed in order."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.assembly import Parts
from daemon.emulator import deliveries
from daemon.tenants.press import PARK_ABOVE, TURNS_WAIT_ABOVE
from daemon.tenants.reception import REPLAY_BATCH
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


# The press


@contextmanager
def pressing(parts: Parts, hard: bool = True) -> Iterator[None]:
    """So many deliveries are under way that no turn begins; with `hard`, that what comes is parked."""
    with ExitStack() as others:
        for _ in range(PARK_ABOVE if hard else TURNS_WAIT_ABOVE + 1):
            others.enter_context(parts.reception.press.delivery())
        yield


async def test_what_presses_is_parked_and_taken_in_afterwards(parts: Parts, nursery: trio.Nursery, logs: Any) -> None:
    await nursery.start(parts.reception.run)
    clock = around(parts).now
    assert isinstance(clock, HandClock)
    with pressing(parts):
        for text in ("um", "dois"):
            await parts.reception.receive(deliveries.delivery(said(text, SOUTH, parts), said(text, NORTH, parts)))
        await trio.testing.wait_all_tasks_blocked()
        assert await texts(parts, "auto-sul") == await texts(parts, "auto-norte") == []
        assert metric(parts, "showroomd_parked_items ") == 4
        assert metric(parts, "showroomd_deliveries_under_way ") == PARK_ABOVE
        clock.move(7)
        assert metric(parts, "showroomd_queue_age_seconds ") == pytest.approx(7, abs=0.1)
        [sentence] = parts.wellbeing.degraded()
        assert sentence == "4 deliveries wait in central: more come than this machine takes in at once"
    await until(lambda: parts.reception.parked_items == 0)
    assert await texts(parts, "auto-sul") == await texts(parts, "auto-norte") == ["um", "dois"]
    assert metric(parts, "showroomd_queue_age_seconds ") == 0
    assert parts.wellbeing.degraded() == []
    await until(lambda: bool(logs.named("press_over")))
    assert [event["log_level"] for event in logs.named("press")] == ["warning", "info"]


async def test_a_light_press_parks_nothing_and_keeps_what_is_parked(parts: Parts, nursery: trio.Nursery) -> None:
    with pressing(parts):
        await parts.reception.receive(deliveries.delivery(said("um", SOUTH, parts)))
    with pressing(parts, hard=False):
        await nursery.start(parts.reception.run)
        await parts.reception.receive(deliveries.delivery(said("dois", SOUTH, parts), said("norte", NORTH, parts)))
        await trio.testing.wait_all_tasks_blocked()
        assert await texts(parts, "auto-sul") == [], "it does not overtake the one that waits"
        assert await texts(parts, "auto-norte") == ["norte"]
    await until(lambda: parts.reception.parked_items == 0)
    assert await texts(parts, "auto-sul") == ["um", "dois"]


async def test_a_status_does_not_wait_for_the_press(parts: Parts, failing: Failing) -> None:
    """One that waited could not settle its send before that is sent again."""
    status = deliveries.status("wamid.out", "delivered", phone_number_id=SOUTH, at=1)
    early = "SELECT count(*) FROM early_statuses"
    with pressing(parts):
        await parts.reception.receive(deliveries.delivery(said("um", SOUTH, parts)))
        await parts.reception.receive(deliveries.delivery(status))
        assert (await count(parts, "auto-sul", early), parts.reception.parked_items) == (1, 1)
        failing.plan("auto-sul.db", FULL)
        await parts.reception.receive(deliveries.delivery(status))
        assert parts.reception.parked_items == 2, "unless the shard cannot take it"
    assert parts.reception.unwritable_items == 2


async def test_a_tenant_with_much_does_not_hold_up_one_with_little(
    parts: Parts, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.tenants.reception.REPLAYS_ABREAST", 1)
    with pressing(parts):
        for number in range(3 * REPLAY_BATCH):
            await parts.reception.receive(deliveries.delivery(said(str(number), SOUTH, parts)))
        await parts.reception.receive(deliveries.delivery(said("norte", NORTH, parts)))
    order: list[tuple[str, int]] = []
    real = parts.reception._store

    async def store(tenant: str, batch: list[Any]) -> None:
        order.append((tenant, len(batch)))
        await real(tenant, batch)

    monkeypatch.setattr(parts.reception, "_store", store)
    await nursery.start(parts.reception.run)
    await until(lambda: parts.reception.parked_items == 0)
    assert order == [("auto-sul", REPLAY_BATCH), ("auto-norte", 1), *[("auto-sul", REPLAY_BATCH)] * 2]


@pytest.mark.parametrize("crash", ["before the shard's commit", "after it"])
async def test_a_replay_that_is_cut_off_is_done_again(parts: Parts, failing: Failing, crash: str) -> None:
    with pressing(parts):
        for text in ("um", "dois"):
            await parts.reception.receive(deliveries.delivery(said(text, SOUTH, parts)))
    failing.plan("auto-sul.db" if crash.startswith("before") else "central.db", FULL)
    with pytest.raises(StorageFull):
        await parts.reception.replay("auto-sul")
    failing.heal("auto-sul.db")
    failing.heal("central.db")
    await parts.reception.open()  # as after a start
    await parts.reception.replay("auto-sul")
    assert await texts(parts, "auto-sul") == ["um", "dois"]
    assert parts.reception.parked_items == 0


STEPS = st.lists(st.sampled_from(["write", "write", "press", "ease", "replay", "fail", "heal", "start", "twice"]))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_all_that_was_answered_is_there_once_and_in_order(tmp_path: Path, steps: list[str]) -> None:
    trio.run(_whatever_happens, tmp_path / os.urandom(8).hex(), steps)


async def _whatever_happens(directory: Path, steps: list[str]) -> None:
    """Deliveries, press, failures, replays cut off and starts, as they come."""
    answered: list[str] = []
    with pytest.MonkeyPatch.context() as monkeypatch, ExitStack() as press:
        failing = Failing(monkeypatch)
        async with house(directory, running=False) as parts, trio.open_nursery() as replays:
            await parts.service.create(cloud_profile("auto-sul", SOUTH), {"channel.access_token": "EAAG"})
            for step in [*steps, "heal"]:
                if step in ("write", "twice"):
                    text = answered[-1] if step == "twice" and answered else str(len(answered))
                    body = deliveries.delivery(said(text, SOUTH, parts, message_id=f"wamid.{text}"))
                    await parts.reception.receive(body)
                    answered += [text] * (text not in answered)
                elif step == "press":
                    press.enter_context(pressing(parts))
                elif step == "ease":
                    press.close()
                elif step == "replay":
                    replays.start_soon(_tried, parts)
                    await trio.lowlevel.checkpoint()
                elif step == "fail":
                    failing.plan("auto-sul.db", FULL)
                elif step == "heal":
                    failing.heal("auto-sul.db")
                else:
                    replays.cancel_scope.cancel()
                    with trio.CancelScope(shield=True):
                        await trio.testing.wait_all_tasks_blocked()
                    break
            press.close()
    failing.heal("auto-sul.db")
    async with house(directory, running=False) as parts:
        await parts.reception.replay("auto-sul")
        assert await texts(parts, "auto-sul") == answered
        assert await in_central(parts, "SELECT count(*) FROM parked") == [(0,)]


async def _tried(parts: Parts) -> None:
    with suppress(ShardUnavailable):
        await parts.reception.replay("auto-sul")
