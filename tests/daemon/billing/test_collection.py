"""The billing task, round by round."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from attrs import define, field

from daemon.billing import paying
from daemon.billing.collection import ROUND_SECONDS, Around, Collector
from daemon.billing.dunning import DunningRules
from daemon.billing.invoicing import Terms
from shards.central import daily, dunning, invoices, subscriptions, tenants
from shards.central.plans import MeterTerms
from shards.errors import StorageFull
from shards.shard import Shard, Tx
from tests.support.failing import Failing
from tests.support.ledgers import SAO_PAULO, book, noon, plan, receipt, tenant
from tests.support.shards import HandClock, open_shard

DAY = 86_400


@define
class Office:
    """Central, the collector, and what it did and said."""

    central: Shard
    clock: HandClock
    collector: Collector
    said: list[tuple[str, dict[str, Any], str | None]] = field(factory=list)
    done: list[str] = field(factory=list)
    troubles: list[str] = field(factory=list)

    def events(self, name: str, key: str) -> list[Any]:
        return [fields[key] for event, fields, _ in self.said if event == name]

    async def invoice(self) -> invoices.Invoice:
        [found] = await self.central.read(lambda tx: invoices.page(tx))
        return found

    async def round_on(self, day: date) -> None:
        self.clock.at = noon(day)
        await self.collector.round()


@asynccontextmanager
async def office(tmp_path: Path, **over: Any) -> AsyncIterator[Office]:
    """One tenant that has a plan since the first of November; it is the second of that month."""
    clock = HandClock(datetime(2026, 11, 2, 15, tzinfo=UTC))
    central = open_shard(tmp_path / "central.db", clock, "central")

    async def suspend(id_: str, reason: str) -> None:
        await central.write(lambda tx: tenants.set_state(tx, id_, "suspended", reason))
        made.done.append(f"suspend {id_}")

    async def resume(id_: str) -> None:
        await central.write(lambda tx: tenants.set_state(tx, id_, "active"))
        made.done.append(f"resume {id_}")

    def say(event: str, fields: Mapping[str, Any], id_: str | None) -> None:
        made.said.append((event, dict(fields), id_))

    around = Around(
        terms=lambda: Terms(due_days=10),
        rules=lambda: DunningRules(remind_days=1, human_days=10, suspend_days=30),
        suspend=suspend,
        resume=resume,
        say=say,
        trouble=lambda sentence: made.troubles.append(sentence),
    )
    made = Office(central, clock, Collector(central, around))

    def furnish(tx: Tx) -> None:
        tenant(tx)
        plan(tx, **over)
        daily.calendar(tx, "auto-sul", SAO_PAULO)
        subscriptions.subscribe(tx, "auto-sul", "essencial", date(2026, 11, 1))

    await central.write(furnish)
    yield made
    central.close()


async def test_a_month_goes_its_way(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.round_on(date(2026, 11, 30))
        assert desk.said == []
        await desk.round_on(date(2026, 12, 1))
        await desk.collector.round()
        assert (await desk.invoice()).state == "draft"
        await desk.round_on(date(2026, 12, 3))
        await desk.collector.round()
        found = await desk.invoice()
        assert (found.state, found.number, found.due_day) == ("open", 1, date(2026, 12, 13))
        assert desk.events("invoice", "state") == ["draft", "open"]


async def test_dunning_and_the_way_back(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        for day in (date(2026, 12, 1), date(2026, 12, 3), date(2026, 12, 13)):
            await desk.round_on(day)
        assert desk.events("dunning", "stage") == []
        standings = desk.collector.standings
        for day, stage, standing in (
            (date(2026, 12, 14), "reminded", "full"),
            (date(2026, 12, 23), "human_only", "human"),
            (date(2026, 12, 31), "human_only", "human"),
        ):
            await desk.round_on(day)
            await desk.collector.round()
            assert desk.events("dunning", "stage")[-1] == stage
            assert standings.of("auto-sul") == standing
        await desk.round_on(date(2027, 1, 12))
        assert desk.done == ["suspend auto-sul"]
        assert desk.events("dunning", "stage") == ["reminded", "human_only", "suspended"]
        [first, *_] = await desk.central.read(lambda tx: invoices.unpaid(tx))
        assert first.state == "overdue"
        today = date(2027, 1, 12)
        for invoice in await desk.central.read(lambda tx: invoices.unpaid(tx)):
            await desk.central.write(
                lambda tx, id_=invoice.id: paying.pay(tx, id_, None, method="pix", today=today)  # type: ignore[misc]
            )
        await desk.collector.round()
        assert desk.done == ["suspend auto-sul", "resume auto-sul"]
        assert desk.events("dunning", "stage")[-1] == "current"
        assert standings.of("auto-sul") == "full"


async def test_a_suspension_of_the_operators_own_stays(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.central.write(lambda tx: tenants.set_state(tx, "auto-sul", "suspended", "férias"))
        await desk.central.write(lambda tx: dunning.step(tx, "auto-sul", "suspended"))
        await desk.collector.round()
        assert desk.done == []
        assert desk.events("dunning", "stage") == ["current"]


async def test_a_deleted_tenant_is_not_suspended(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        for day in (date(2026, 12, 1), date(2026, 12, 3)):
            await desk.round_on(day)
        await desk.central.write(lambda tx: tenants.set_state(tx, "auto-sul", "deleted"))
        await desk.round_on(date(2027, 3, 1))
        assert desk.done == []
        assert desk.events("dunning", "stage") == ["suspended"]


@pytest.mark.parametrize(("over_limit", "answers"), [("catalogue", "catalogue"), ("hand_over", "human")])
async def test_limits_are_told_once_and_hold(tmp_path: Path, over_limit: str, answers: str) -> None:
    meters = {"messages": MeterTerms(hard_limit=10)}
    async with office(tmp_path, meters=meters, over_limit=over_limit) as desk:

        async def send(count: int) -> None:
            receipts = [receipt(desk.clock(), "message", "whatsapp", messages=1) for _ in range(count)]
            await desk.central.write(lambda tx: book(tx, "auto-sul", *receipts))
            await desk.collector.round()
            await desk.collector.round()

        standings = desk.collector.standings
        await send(7)
        assert desk.events("limit", "percent") == []
        await send(1)
        assert desk.events("limit", "percent") == [80]
        assert standings.of("auto-sul") == "full"
        await send(2)
        assert desk.events("limit", "percent") == [80, 100]
        assert standings.of("auto-sul") == answers
        again = Collector(desk.central, desk.collector.around)
        await again.recall()
        assert again.standings.of("auto-sul") == answers, "a new process knows at once"
        await desk.round_on(date(2026, 12, 1))
        assert standings.of("auto-sul") == "full", "a new month begins anew"


async def test_rounds_come_by_themselves_and_when_woken(
    tmp_path: Path, mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch)
    async with office(tmp_path) as desk, trio.open_nursery() as nursery:
        desk.clock.at = noon(date(2026, 12, 1))
        failing.plan("central.db", StorageFull("the disk is full", "free some space"))
        await nursery.start(desk.collector.run)
        await _until(desk, lambda: bool(desk.troubles))
        assert desk.troubles == ["billing waits: the disk is full: free some space"]
        failing.heal("central.db")
        mock_clock.jump(ROUND_SECONDS)
        await _until(desk, lambda: len(desk.troubles) == 2)
        assert desk.events("invoice", "state") == ["draft"]
        desk.clock.at = noon(date(2026, 12, 3))
        desk.collector.wake()
        await _until(desk, lambda: len(desk.troubles) == 3)
        assert desk.events("invoice", "state") == ["draft", "open"]
        nursery.cancel_scope.cancel()


async def _until(desk: Office, look: Any) -> None:
    """Threads of the round under way end in real time; the clock stands still."""
    for _ in range(10_000):
        if look():
            await trio.testing.wait_all_tasks_blocked()
            return
        await trio.testing.wait_all_tasks_blocked(0.001)
    pytest.fail("the round did not come")
