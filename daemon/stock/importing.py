"""Taking over a stock file: checked whole first, then merged in small transactions, and only then withdrawn from."""

import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Literal

import trio
from attrs import define, field, frozen

from daemon.stock.errors import StockFileError
from daemon.stock.fields import Accepted, Refused, read_row
from daemon.stock.formats import read_rows
from daemon.stock.inflate import MAGIC, InflateError, Inflater
from daemon.stock.rows import MAX_BODY_BYTES, Unusable
from shards.directory import ShardHandle
from shards.tenant import stock

Mode = Literal["replace", "merge"]
Body = Path | bytes | AsyncIterable[bytes]

CHUNK_ROWS: Final = 200
"""Vehicles in one transaction: the tenant's messages wait for it, some 40 ms."""
MAX_LISTED: Final = 1_000
_IN_MEMORY: Final = 1_000_000


@frozen
class Warned:
    """Something in a row that was taken over without it."""

    row: int
    id: str
    warning: str


@frozen(kw_only=True)
class ImportReport:
    """What an import did. The lists are cut at `MAX_LISTED`; the counts are not."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    refused: int = 0
    warned: int = 0
    refusals: tuple[Refused, ...] = ()
    warnings: tuple[Warned, ...] = ()
    note: str = ""

    @property
    def sentence(self) -> str:
        """The report in one line."""
        counts = (
            f"{self.rows} rows: {self.created} created, {self.updated} updated, {self.unchanged} unchanged,"
            f" {self.withdrawn} withdrawn, {self.refused} refused"
        )
        return f"{counts}; {self.note}" if self.note else counts


@define
class _Tally:
    """The report while it grows."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    refused: int = 0
    warned: int = 0
    refusals: list[Refused] = field(factory=list)
    warnings: list[Warned] = field(factory=list)
    note: str = ""
    refused_ids: list[str] = field(factory=list)

    def refuse(self, refused: Refused) -> None:
        self.refused += 1
        if refused.id:
            self.refused_ids.append(refused.id)
        if len(self.refusals) < MAX_LISTED:
            self.refusals.append(refused)

    def warn(self, accepted: Accepted) -> None:
        self.warned += len(accepted.warnings)
        for warning in accepted.warnings[: MAX_LISTED - len(self.warnings)]:
            self.warnings.append(Warned(accepted.row, accepted.vehicle.id, warning))

    @property
    def good(self) -> int:
        return self.created + self.updated + self.unchanged

    def report(self) -> ImportReport:
        return ImportReport(
            rows=self.rows,
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            withdrawn=self.withdrawn,
            refused=self.refused,
            warned=self.warned,
            refusals=tuple(self.refusals),
            warnings=tuple(self.warnings),
            note=self.note,
        )


async def import_stock(
    shard: ShardHandle,
    body: Body,
    *,
    content_type: str,
    mode: Mode,
    now: datetime,
    limiter: trio.CapacityLimiter | None = None,
) -> ImportReport:
    """Take over a stock file of any known format, packed with gzip or not; rows that cannot be used are reported.

    Raises `StockFileError` when the file as a whole cannot be read; then nothing was changed. A "replace" withdraws
    what the file lacks at the very end, never when none of its rows was good, and never a vehicle whose row was
    refused. May be cancelled between transactions: what was merged stays, nothing is withdrawn.
    """
    async with _stored(body, limiter) as file:
        await trio.to_thread.run_sync(_check, file, content_type, limiter=limiter)
        number = await shard.write(stock.begin_import)
        tally = _Tally()
        with closing(read_rows(file, content_type)) as rows:
            while chunk := await trio.to_thread.run_sync(_chunk, rows, now, limiter=limiter):
                await _merge(shard, number, chunk, tally)
    if mode == "replace":
        await _withdraw(shard, number, tally)
    return tally.report()


def _check(file: IO[bytes], content_type: str) -> None:
    """Read the whole file once, so that a broken one changes nothing."""
    for _ in read_rows(file, content_type):
        pass


def _chunk(rows: Iterator[tuple[int, Any]], now: datetime) -> list[Accepted | Refused]:
    """The next rows, read and judged; runs in a worker thread."""
    return [
        Refused(number, "", raw.reason) if isinstance(raw, Unusable) else read_row(number, raw, now)
        for number, raw in islice(rows, CHUNK_ROWS)
    ]


async def _merge(shard: ShardHandle, number: int, chunk: list[Accepted | Refused], tally: _Tally) -> None:
    good = [row for row in chunk if isinstance(row, Accepted)]
    vehicles = [row.vehicle for row in good]
    merged = await shard.write(lambda tx: stock.merge_rows(tx, number, vehicles))
    tally.rows += len(chunk)
    tally.created += merged.created
    tally.updated += merged.updated
    tally.unchanged += merged.unchanged
    repeated = {good[at].row for at in merged.repeated}
    for row in chunk:
        if isinstance(row, Refused):
            tally.refuse(row)
        elif row.row in repeated:
            tally.refuse(
                Refused(row.row, row.vehicle.id, "the id came before in this file; the first vehicle was kept")
            )
        else:
            tally.warn(row)


async def _withdraw(shard: ShardHandle, number: int, tally: _Tally) -> None:
    if not tally.good:
        tally.note = "no row was good, so nothing was withdrawn"
        return
    for start in range(0, len(tally.refused_ids), CHUNK_ROWS):
        await shard.write(partial(stock.keep, number=number, ids=tally.refused_ids[start : start + CHUNK_ROWS]))
    while count := await shard.write(lambda tx: stock.withdraw_unseen(tx, number, CHUNK_ROWS)):
        tally.withdrawn += count
    while await shard.write(lambda tx: stock.clean_up(tx, CHUNK_ROWS)):
        pass


@asynccontextmanager
async def _stored(body: Body, limiter: trio.CapacityLimiter | None) -> AsyncIterator[IO[bytes]]:
    """The body as a seekable, unpacked file; in memory while it is small."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        store = _Store(file)
        try:
            if isinstance(body, bytes):
                await trio.to_thread.run_sync(store.add, body, limiter=limiter)
            elif isinstance(body, Path):
                await trio.to_thread.run_sync(store.copy, body, limiter=limiter)
            else:
                async for block in body:
                    await trio.to_thread.run_sync(store.add, block, limiter=limiter)
            store.finish()
        except InflateError as error:
            raise StockFileError(f"the stock file cannot be unpacked: {error}") from error
        except OSError as error:
            raise StockFileError(f"the stock file cannot be read: {error.strerror or error}") from error
        yield file


class _Store:
    """Writes a body to a file, unpacking it on the way, up to `MAX_BODY_BYTES`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = b""
        self._inflater: Inflater | None = None
        self._decided = False
        self._bytes = 0

    def add(self, block: bytes) -> None:
        if not self._decided:
            self._start += block
            if len(self._start) < len(MAGIC):
                return
            block, self._start, self._decided = self._start, b"", True
            if block.startswith(MAGIC):
                self._inflater = Inflater(MAX_BODY_BYTES)
        if self._inflater is None:
            self._put(block)
        else:
            for piece in self._inflater.feed(block):
                self._put(piece)

    def copy(self, path: Path) -> None:
        with path.open("rb") as source:
            while block := source.read(1 << 18):
                self.add(block)

    def finish(self) -> None:
        if self._start:
            self._put(self._start)
        if self._inflater is not None:
            self._inflater.finish()

    def _put(self, block: bytes) -> None:
        self._bytes += len(block)
        if self._bytes > MAX_BODY_BYTES:
            raise StockFileError(f"the stock file is larger than {MAX_BODY_BYTES // 1_000_000} MB", "split it")
        self._file.write(block)
