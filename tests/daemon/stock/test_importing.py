import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.stock import importing
from daemon.stock.errors import StockFileError
from daemon.stock.fields import Refused
from daemon.stock.importing import ImportReport, Mode, import_stock
from shards.directory import ShardHandle
from shards.tenant import stock
from shards.tenant.vehicle import StockQuery
from tests.support.stock_shard import NOW, closed, shard_on_disk


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[ShardHandle]:
    handle = await shard_on_disk(tmp_path)
    yield handle
    await closed(handle)


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"v{number}", "make": "Fiat", "model": "Uno", "price": 30_000 + number, **more}


async def load(shard: ShardHandle, entries: Any, mode: Mode = "replace", content_type: str = "auto") -> ImportReport:
    body = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return await import_stock(
        shard, body, content_type=content_type, mode=mode, now=NOW, limiter=trio.CapacityLimiter(2)
    )


async def offered(shard: ShardHandle) -> set[str]:
    page = await shard.read(lambda tx: stock.search(tx, StockQuery(limit=100, statuses=("available", "sold"))))
    return {vehicle.id for vehicle in page.items}


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.withdrawn, report.refused


async def test_three_bad_rows_in_a_thousand(shard: ShardHandle) -> None:
    entries = [entry(number) for number in range(1_000)]
    entries[10]["price"] = "caro"
    entries[500].pop("model")
    entries[999]["id"] = "v3"
    report = await load(shard, entries)
    assert counts(report) == (997, 0, 0, 0, 3)
    assert report.rows == 1_000
    assert report.refusals == (
        Refused(11, "v10", "price 'caro' cannot be read"),
        Refused(501, "v500", "the vehicle has no model"),
        Refused(1_000, "v3", "the id came before in this file; the first vehicle was kept"),
    )


async def test_replace_merge_and_again(shard: ShardHandle) -> None:
    await load(shard, [entry(1), entry(2), entry(3)])
    report = await load(shard, [entry(2, price=1), entry(3), entry(4)])
    assert counts(report) == (1, 1, 1, 1, 0)
    assert await offered(shard) == {"v2", "v3", "v4"}
    report = await load(shard, [entry(1)], "merge")
    assert counts(report) == (0, 1, 0, 0, 0), "it was withdrawn before"
    assert await offered(shard) == {"v1", "v2", "v3", "v4"}
    assert report.sentence == "1 rows: 0 created, 1 updated, 0 unchanged, 0 withdrawn, 0 refused"


async def test_a_file_without_a_good_row_withdraws_nothing(shard: ShardHandle) -> None:
    await load(shard, [entry(1), entry(2)])
    for entries in ([], [{"id": "v9"}]):
        report = await load(shard, entries)
        assert report.withdrawn == 0
        assert "nothing was withdrawn" in report.sentence
    assert await offered(shard) == {"v1", "v2"}


async def test_a_vehicle_whose_row_is_refused_stays_as_it_was(shard: ShardHandle) -> None:
    await load(shard, [entry(1), entry(2), entry(3)])
    report = await load(shard, [entry(1, price="caro"), entry(2)])
    assert counts(report) == (0, 0, 1, 1, 1)
    assert await offered(shard) == {"v1", "v2"}


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id": "v7", "make": "Fiat", "model": "Uno"}, {"id": "v8"',
        b"<ADS><AD><ID>v7</ID><MAKE>Fiat</MAKE><MODEL>Uno</MODEL></AD>",
        b"<html><body>error</body></html>",
        b"",
        gzip.compress(b"[]" * 1000)[:-9],
        gzip.compress(bytes(70_000_000)),
        b" " * 65_000_000,
    ],
    ids=["json", "xml", "html", "empty", "cut gzip", "bomb", "too large"],
)
async def test_a_broken_file_changes_nothing(shard: ShardHandle, body: bytes) -> None:
    await load(shard, [entry(1)])
    with pytest.raises(StockFileError):
        await load(shard, body)
    assert await offered(shard) == {"v1"}


async def test_bodies_of_every_kind(shard: ShardHandle, tmp_path: Path) -> None:
    data = json.dumps([entry(1), entry(2)]).encode()
    path = tmp_path / "estoque.json.gz"
    path.write_bytes(gzip.compress(data))

    async def drops() -> AsyncIterator[bytes]:
        for byte in path.read_bytes():
            yield bytes([byte])

    for body in (path, drops(), data):
        report = await import_stock(shard, body, content_type="application/json", mode="merge", now=NOW)
        assert report.rows == 2
    with pytest.raises(StockFileError, match="No such file"):
        await import_stock(shard, tmp_path / "none", content_type="auto", mode="merge", now=NOW)


async def test_the_lists_of_a_report_are_cut_and_its_counts_are_not(
    shard: ShardHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_LISTED", 4)
    report = await load(shard, [*({"id": n} for n in range(10)), *(entry(n, fuel="?", body="?") for n in range(5))])
    assert (report.refused, len(report.refusals)) == (10, 4)
    assert (report.warned, len(report.warnings)) == (10, 4)
    assert (report.warnings[0].row, report.warnings[0].id) == (11, "v0")


async def test_writes_come_between_the_chunks(shard: ShardHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 10)
    commits: list[int] = []
    write = ShardHandle.write

    async def counted(self: ShardHandle, work: Any) -> Any:
        commits.append(1)
        return await write(self, work)

    monkeypatch.setattr(ShardHandle, "write", counted)
    await load(shard, [entry(number) for number in range(95)])
    assert len(commits) == 1 + 10 + 1 + 1  # begin, chunks, nothing to withdraw, nothing to forget


async def test_a_cancelled_replace_withdraws_nothing(shard: ShardHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    await load(shard, [entry(number) for number in range(5)])
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    merge, merged = stock.merge_rows, []

    with trio.CancelScope() as scope:

        def once(*args: Any) -> stock.Merged:
            merged.append(1)
            trio.from_thread.run_sync(scope.cancel)
            return merge(*args)

        monkeypatch.setattr(stock, "merge_rows", once)
        await load(shard, [entry(number, price=1) for number in range(3)])
    assert scope.cancelled_caught
    assert len(merged) == 1
    assert await offered(shard) == {f"v{number}" for number in range(5)}
