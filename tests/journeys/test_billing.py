"""A dealership that does not pay, and one over its limit: what its customers notice."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from daemon.assembly import Parts
from daemon.billing import paying
from shards.central import daily, invoices, subscriptions
from shards.central.plans import MeterTerms
from tests.support.house import count, house, sandbox_profile, until
from tests.support.ledgers import SAO_PAULO, book, plan, receipt
from tests.support.shards import HandClock

START = datetime(2026, 11, 2, 15, tzinfo=UTC)


async def subscribed(parts: Parts, **plan_fields: Any) -> None:
    """Auto Sul, on a plan since the first of November."""
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.central.write(lambda tx: plan(tx, **plan_fields))
    await parts.central.write(lambda tx: daily.calendar(tx, "auto-sul", SAO_PAULO))
    await parts.central.write(lambda tx: subscriptions.subscribe(tx, "auto-sul", "essencial", date(2026, 11, 1)))


async def said(parts: Parts, sender: str) -> str:
    """What became of a customer's message: the conversation's state, once it is settled."""
    await parts.service.sandbox_says("auto-sul", sender, "oi, tem civic?")
    shard = parts.directory.handle("auto-sul")
    sql = "SELECT count(*) FROM turns WHERE state = 'settled'"
    before = await count(parts, "auto-sul", sql)

    async def settled() -> bool:
        return bool(await count(parts, "auto-sul", sql) > before)

    await until(settled)
    state: str = await shard.read(lambda tx: tx.value("SELECT state FROM conversations ORDER BY seq DESC LIMIT 1"))
    return state


async def answers(parts: Parts) -> int:
    found: int = await count(parts, "auto-sul", "SELECT count(*) FROM messages WHERE direction = 'out'")
    return found


async def test_from_unpaid_to_human_only_to_suspended_and_back_at_once(tmp_path: Path) -> None:
    clock = HandClock(START)
    async with house(tmp_path, clock=clock) as parts:
        await subscribed(parts)
        assert await said(parts, "ana") == "assistant"
        for days in (30, 31, 42, 52):  # drawn, issued, overdue, ten days overdue
            clock.at = START + timedelta(days=days)
            await parts.collector.round()
        assert parts.around.standings.of("auto-sul") == "human"
        spoken = await answers(parts)
        assert await said(parts, "bia") == "human"
        assert await answers(parts) == spoken, "received and stored, nothing said"
        clock.at = START + timedelta(days=75)
        await parts.collector.round()
        report = parts.service.report("auto-sul")
        assert report.state == "suspended"
        assert report.reason.startswith("billing: invoice 1 for 2026-11 is ")
        for bill in await parts.central.read(invoices.unpaid):
            await parts.central.write(
                lambda tx, id_=bill.id: paying.pay(tx, id_, None, method="pix", today=clock().date())  # type: ignore[misc]
            )
        await parts.collector.round()
        assert parts.service.report("auto-sul").state == "active"
        assert await said(parts, "caio") == "assistant"
        assert await answers(parts) > spoken


async def test_over_its_limit_the_catalogue_goes_on(tmp_path: Path) -> None:
    clock = HandClock(START)
    async with house(tmp_path, clock=clock) as parts:
        await subscribed(parts, meters={"tokens": MeterTerms(hard_limit=100)})
        await parts.central.write(lambda tx: book(tx, "auto-sul", receipt(clock(), input_tokens=100)))
        await parts.collector.round()
        assert parts.around.standings.of("auto-sul") == "catalogue"
        assert await said(parts, "ana") == "assistant"
        assert await answers(parts)
