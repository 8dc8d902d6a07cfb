"""Central against the tenants' files: central holds at least what they hold, and what only it knows is named."""

from functools import partial
from typing import Any, Final

from attrs import define, field

from daemon.control.backup_ports import DayDifference, EpochDifference, ReconcileLine
from shards.central import daily, ledger, zones
from shards.directory import ShardDirectory
from shards.errors import ShardUnavailable
from shards.shard import Shard, Tx
from shards.tenant import usage

PAGE: Final = 5_000


@define
class _Sums:
    """Receipts of one epoch."""

    receipts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    messages: int = 0

    def add(self, row: tuple[Any, ...], sign: int) -> None:
        self.receipts += sign * row[0]
        self.input_tokens += sign * row[1]
        self.output_tokens += sign * row[2]
        self.messages += sign * row[3]


@define
class _Count:
    """What a tenant's file holds, found page by page."""

    in_file: int = 0
    waiting: int = 0
    missing: int = 0
    epochs: dict[str, _Sums] = field(factory=dict)


async def reconcile(central: Shard, directory: ShardDirectory, tenant: str) -> ReconcileLine:
    """One tenant. Runs beside the rollup: what central takes over meanwhile is left out of its side."""
    until, totals = await central.read(partial(_totals, tenant=tenant))
    count = _Count(epochs={epoch: _Sums(*sums) for epoch, *sums in totals})
    in_central = sum(sums.receipts for sums in count.epochs.values())
    try:
        await _walk(central, directory, tenant, until, count)
    except ShardUnavailable as error:
        return _line(tenant, _Count(), in_central, str(error), ())
    days = await central.read(partial(_days, tenant=tenant))
    return _line(tenant, count, in_central, "", days)


def _days(tx: Tx, tenant: str) -> tuple[DayDifference, ...]:
    """Where central's daily sums differ from its ledger."""
    calendar = zones.calendar(tx, tenant)
    found = [] if calendar is None else daily.differences(tx, tenant, calendar)
    return tuple(
        DayDifference(
            day=one.day.isoformat(),
            kind=one.kind,
            provider=one.provider,
            model=one.model,
            summed=one.summed[0],
            in_ledger=one.in_ledger[0],
        )
        for one in found
    )


def _line(tenant: str, count: _Count, in_central: int, error: str, days: tuple[DayDifference, ...]) -> ReconcileLine:
    only = tuple(
        EpochDifference(
            epoch=epoch,
            receipts=sums.receipts,
            input_tokens=sums.input_tokens,
            output_tokens=sums.output_tokens,
            messages=sums.messages,
        )
        for epoch, sums in sorted(count.epochs.items())
        if sums.receipts
    )
    return ReconcileLine(
        tenant=tenant,
        in_file=count.in_file,
        in_central=in_central,
        waiting=count.waiting,
        missing=count.missing,
        only_central=only,
        error=error,
        days=days,
    )


def _totals(tx: Any, tenant: str) -> tuple[int, list[tuple[Any, ...]]]:
    return tx.now_ms, ledger.by_epoch(tx, tenant, tx.now_ms)


async def _walk(central: Shard, directory: ShardDirectory, tenant: str, until: int, count: _Count) -> None:
    shard, after = directory.handle(tenant), 0
    while page := await shard.read(partial(usage.ids, after=after, limit=PAGE)):
        after = page[-1][0]
        count.in_file += len(page)
        ids = [event_id for _, event_id, _ in page]
        found, known = await central.read(partial(ledger.known, tenant=tenant, event_ids=ids, until=until))
        for epoch, *sums in found:
            count.epochs.setdefault(epoch, _Sums()).add(tuple(sums), -1)
        for _, event_id, copied in page:
            if event_id not in known:
                count.missing += bool(copied)
                count.waiting += not copied
