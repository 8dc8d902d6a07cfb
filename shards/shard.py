"""One open SQLite file: a single writer with group commit, a reader beside it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import apsw
import trio
from attrs import define, field

from shards.connection import BUSY_TIMEOUT_MS, open_reader, open_writer, translated
from shards.errors import ShardError
from shards.fault import commit_fault
from shards.migrate import migrate
from shards.pump import pump_of

T = TypeVar("T")
Row = tuple[Any, ...]

MAX_BATCH: Final = 64
"""Writes that share one commit at most, so that none waits long behind the others."""

MAX_BRIEF: Final = 16
"""The same of brief writes: together they hold the event loop up for 2 ms at most."""


_LOST: Final = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError)
"""With these the whole transaction is lost, not one write alone."""


MAX_WAITS: Final = 64
"""Glances that wait for a commit to end, before a file that is so busy gets a second connection for them."""


def utc_now() -> datetime:
    """The wall clock, aware UTC. Passed in as an argument wherever a test wants another."""
    return datetime.fromtimestamp(time.time(), UTC)


@define(slots=True)
class Tx:
    """One open transaction (or read snapshot), and the one `now` that all of it sees."""

    connection: apsw.Connection
    now: datetime
    now_ms: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.now_ms = int(self.now.timestamp() * 1000)

    def run(self, sql: str, bindings: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Execute a statement for its effect; the number of rows it changed."""
        self.connection.execute(sql, bindings)
        return self.connection.changes()

    def rows(self, sql: str, bindings: Sequence[Any] | dict[str, Any] = ()) -> Iterator[Row]:
        """The rows of a query, as they come; consume them before the transaction ends."""
        return cast("Iterator[Row]", self.connection.execute(sql, bindings))

    def row(self, sql: str, bindings: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        return cast("Row | None", self.connection.execute(sql, bindings).fetchone())

    def value(self, sql: str, bindings: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, bindings)
        return row[0] if row else None


@define(slots=True, eq=False)
class _Write:
    work: Callable[[Tx], Any]
    brief: bool
    settled: trio.Event = field(factory=trio.Event)
    picked: bool = False
    leads: bool = False
    value: Any = None
    error: BaseException | None = None


class Shard:
    """The right to read and write one file. Made by `Shard.open`, ended by `close`."""

    def __init__(
        self,
        path: Path,
        writer: apsw.Connection,
        limiter: trio.CapacityLimiter,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.path = path
        self._writer = writer
        self._reader: apsw.Connection | None = None
        self._reading = trio.Lock()
        self._writing = False  # the writer's connection has an open transaction
        self._sealed: trio.Event | None = None  # while a brief batch is put on disk
        self._waits = 0
        self._limiter = limiter
        self._now = now
        self._queue: list[_Write] = []
        self._led = False
        self.commits = 0
        self.writes = 0

    @classmethod
    def open(
        cls,
        path: Path,
        migrations: str,
        *,
        create: bool,
        limiter: trio.CapacityLimiter,
        now: Callable[[], datetime] = utc_now,
        before_migration: Callable[[Path], None] | None = None,
    ) -> "Shard":
        """Open and migrate `path`; runs in a worker thread. Raises `ShardUnavailable`.

        `migrations` is "tenant", "session" or "central"; `before_migration` is called with the path when an
        existing file is about to be migrated.
        """
        writer = open_writer(path, create=create)
        try:
            with translated(path):
                migrate(writer, path, migrations, before_migration)
        except BaseException:
            writer.close()
            raise
        return cls(path, writer, limiter, now)

    async def write(self, work: Callable[[Tx], T], *, brief: bool = False) -> T:
        """Run `work` in a transaction and return its value once that is on disk.

        `work` runs in a worker thread (unless `brief`) and touches nothing but its `Tx`. An exception it raises undoes
        what it wrote, and only that, and comes out here. May be cancelled until the write is picked up;
        from then on the wait is shielded, so its outcome is never in doubt. Raises `ShardUnavailable`
        when the file cannot be written: then nothing of it was.

        `brief`: a few dozen indexed statements. It may run in the event loop; its commit is in a thread all the
        same. Each statement in a thread fights with the loop for the interpreter twice: a message's brief writes
        cost 1 ms in the loop, 4 ms in threads. It may be run twice: where another of its batch fails, all are
        undone and run again.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        entry = _Write(work, brief)
        self._queue.append(entry)
        if self._led:
            await self._await_turn(entry)
        else:
            self._led = entry.leads = True
        if entry.leads:
            await self._lead()
        if entry.error is not None:
            raise entry.error
        return cast("T", entry.value)

    async def _await_turn(self, entry: _Write) -> None:
        try:
            await entry.settled.wait()
        except trio.Cancelled:
            if not entry.picked:
                self._queue.remove(entry)
                raise
            with trio.CancelScope(shield=True):
                await entry.settled.wait()

    async def _lead(self) -> None:
        """Commit what waits (ours is among it), then hand the lead to the first of those who came since."""
        batch = self._pick()
        self._writing = True
        try:
            if not batch[0].brief or not await self._commit_brief(batch, self._now()):
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(self._commit, batch, self._now(), limiter=self._limiter)
        finally:
            self._writing = False
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].settled.set()
            else:
                self._led = False
            for entry in batch:
                entry.settled.set()

    def _pick(self) -> list[_Write]:
        """The oldest writes, as far as they are of one kind."""
        queue, brief = self._queue, self._queue[0].brief
        most = MAX_BRIEF if brief else MAX_BATCH
        end = next((at for at, entry in enumerate(queue[:most]) if entry.brief != brief), most)
        batch, self._queue = queue[:end], queue[end:]
        for entry in batch:
            entry.picked = True
        return batch

    async def _commit_brief(self, batch: list[_Write], now: datetime) -> bool:
        """In the loop all of `batch`, in a thread its commit. False if that is for a thread too; nothing is written.

        Namely where another process holds the file, and where one of several failed and must be undone alone.
        """
        connection = self._writer
        changes = connection.total_changes()
        try:
            with translated(self.path):
                connection.set_busy_timeout(0)  # another program may hold the file for seconds: not in the loop
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except apsw.BusyError:
                    return False
                finally:
                    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                if not self._apply_together(batch, Tx(connection, now)):
                    connection.execute("ROLLBACK")
                    return len(batch) == 1
                if connection.total_changes() == changes:
                    connection.execute("COMMIT")  # nothing to put on disk
                    return True
        except (ShardError, apsw.Error) as error:
            self._lose(batch, error)
            return True
        except BaseException as error:
            self._lose(batch, error)
            raise
        self._sealed = trio.Event()
        try:
            await pump_of(self._limiter).carry(partial(self._seal, batch))
        finally:
            self._sealed.set()
            self._sealed = None
        return True

    def _apply_together(self, batch: list[_Write], tx: Tx) -> bool:
        """All of `batch` without savepoints; False if one failed, which has its error then.

        A savepoint keeps each page that is changed after it: 30 to 100 µs a brief write, and 20 MB for a rollup of
        4,000 receipts, which the thread's heap does not give back.
        """
        return all(self._attempt(entry, tx) for entry in batch)

    def _attempt(self, entry: _Write, tx: Tx) -> bool:
        """Do one write; False if it failed, and has its error. Raises what loses the whole transaction."""
        entry.error = None
        try:
            entry.value = entry.work(tx)
        except _LOST:
            raise
        except Exception as error:  # noqa: BLE001 - carried to the caller, who raises it
            entry.error = error
        return entry.error is None

    def _commit(self, batch: list[_Write], now: datetime) -> None:
        """In a worker thread: all of `batch` in one transaction."""
        try:
            with translated(self.path):
                self._writer.execute("BEGIN IMMEDIATE")
                tx = Tx(self._writer, now)
                if len(batch) > 1:
                    for entry in batch:
                        self._apply(entry, tx)
                elif not self._apply_together(batch, tx):
                    self._writer.execute("ROLLBACK")
                    return
        except (ShardError, apsw.Error) as error:
            self._lose(batch, error)
        else:
            self._seal(batch)

    def _apply(self, entry: _Write, tx: Tx) -> None:
        connection = tx.connection
        connection.execute("SAVEPOINT one")
        if not self._attempt(entry, tx):
            connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")

    def _seal(self, batch: list[_Write]) -> None:
        """In a worker thread: put the open transaction of `batch` on disk."""
        try:
            with translated(self.path):
                commit_fault.reached("before")
                self._writer.execute("COMMIT")
                commit_fault.reached("after")
        except (ShardError, apsw.Error) as error:
            self._lose(batch, error)
        else:
            self.commits += 1
            self.writes += len(batch)

    def _lose(self, batch: list[_Write], error: BaseException) -> None:
        """Nothing of `batch` was written."""
        if not self._writer.get_autocommit():
            with suppress(apsw.Error):
                self._writer.execute("ROLLBACK")
        for entry in batch:
            entry.error = entry.error or error

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on a snapshot in a worker thread; never waits for a write. For anything but point reads."""
        async with self._reading:
            return await trio.to_thread.run_sync(self._snapshot, work, limiter=self._limiter)

    async def glance(self, work: Callable[[Tx], T]) -> T:
        """Run a short point read (indexed, a few rows) right in the event loop; waits for a `read` or a brief commit.

        Between writes on their connection: what it has read and compiled is there already, and a file that is seldom
        used needs no second one, of 200 KB and 0.5 ms.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._sealed is not None and self._reader is None and self._waits < MAX_WAITS:
            self._waits += 1
            await self._sealed.wait()
        if not self._writing:
            return self._between_writes(work)
        if self._reading.locked():
            async with self._reading:
                return self._snapshot(work)
        return self._snapshot(work)  # nobody else runs before it is over: no lock, no turn of the loop

    def _between_writes(self, work: Callable[[Tx], T]) -> T:
        """In the event loop, so that no write begins before it is over."""
        writer = self._writer
        with translated(self.path):
            writer.execute("BEGIN")
            try:
                found = work(Tx(writer, self._now()))
                if writer.txn_state("main") == apsw.SQLITE_TXN_WRITE:
                    raise apsw.ReadOnlyError("a glance must not write")
                return found
            finally:
                if not writer.get_autocommit():  # a broken disk may have ended it
                    writer.execute("ROLLBACK")

    def _snapshot(self, work: Callable[[Tx], T]) -> T:
        with translated(self.path):
            if self._reader is None:
                self._reader = open_reader(self.path)
            reader = self._reader
            reader.execute("BEGIN")
            try:
                return work(Tx(reader, self._now()))
            finally:
                reader.execute("COMMIT")

    def close(self) -> None:
        """Close both connections, folding the -wal into the file. No write may be under way."""
        if self._reader is not None:
            self._reader.close()
        with suppress(apsw.Error):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writer.close()
