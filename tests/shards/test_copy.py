"""A whole copy before the first step of an upgrade."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
import trio

from shards import copy as subject
from shards import migrate
from shards.connection import open_writer
from shards.copy import before_migration, copy_whole
from shards.errors import ShardUnavailable
from shards.migrate import Migration
from shards.shard import Shard
from tests.support.shards import HandClock, open_shard


@pytest.fixture
def source(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = open_writer(tmp_path / "a.db", create=True)
    connection.execute("CREATE TABLE t (x); PRAGMA user_version = 3")
    connection.execute("INSERT INTO t VALUES ('in the log alone')")
    yield connection
    connection.close()


def rows(path: Path) -> list[tuple[str]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.pragma("journal_mode") == "delete"
        return connection.execute("SELECT x FROM t").fetchall()
    finally:
        connection.close()


def test_the_log_is_in_the_copy_and_the_copy_is_one_file(tmp_path: Path, source: apsw.Connection) -> None:
    copy_whole(tmp_path / "a.db", tmp_path / "far" / "b.db")
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["b.db"]
    assert rows(tmp_path / "far" / "b.db") == [("in the log alone",)]


def test_what_is_not_committed_is_not_in_the_copy(tmp_path: Path, source: apsw.Connection) -> None:
    source.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES ('not yet')")
    copy_whole(tmp_path / "a.db", tmp_path / "b.db")
    source.execute("ROLLBACK")
    assert rows(tmp_path / "b.db") == [("in the log alone",)]


def test_a_copy_that_fails_leaves_the_one_before(
    tmp_path: Path, source: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_whole(tmp_path / "a.db", tmp_path / "b.db")
    source.execute("INSERT INTO t VALUES ('later')")

    def broken(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise apsw.FullError("no room")

    monkeypatch.setattr(subject, "_copy", broken)
    with pytest.raises(ShardUnavailable):
        copy_whole(tmp_path / "a.db", tmp_path / "b.db")
    assert rows(tmp_path / "b.db") == [("in the log alone",)]
    assert not list(tmp_path.glob("*.partial"))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, source: apsw.Connection) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShardUnavailable, match="cannot be written"):
        copy_whole(tmp_path / "a.db", tmp_path / "file" / "b.db")


def test_an_upgrade_keeps_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock()
    (tmp_path / "shards").mkdir()
    open_shard(tmp_path / "shards" / "auto-sul.db", clock).close()
    kept = tmp_path / "copies" / "before-migration" / "shards"
    keep = before_migration(tmp_path)
    limiter = trio.CapacityLimiter(1)
    path = tmp_path / "shards" / "auto-sul.db"
    Shard.open(path, "tenant", create=False, limiter=limiter, before_migration=keep).close()
    assert not kept.exists(), "nothing changes, nothing is copied"
    known = migrate.migrations("tenant")
    more = (*known, Migration(len(known) + 1, "more", "CREATE TABLE more (x)"))
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda kind: more)
        Shard.open(path, "tenant", create=False, limiter=limiter, before_migration=keep).close()
    [copy] = kept.iterdir()
    assert copy.name == f"auto-sul-v{len(known)}.db"
    old = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    assert old.pragma("user_version") == len(known)
    assert old.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").fetchall() == [(0,)]
    old.close()


def test_a_step_that_fails_twice_keeps_the_first_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_shard(tmp_path / "central.db", HandClock(), "central").close()
    known = migrate.migrations("central")
    bad = (*known, Migration(len(known) + 1, "bad", "SELECT nonsense()"))
    monkeypatch.setattr(migrate, "migrations", lambda kind: bad)
    keep = before_migration(tmp_path)
    kept = tmp_path / "copies" / "before-migration" / f"central-v{len(known)}.db"
    copies = []
    for _ in range(2):
        with pytest.raises(apsw.SQLError):
            Shard.open(
                tmp_path / "central.db",
                "central",
                create=False,
                limiter=trio.CapacityLimiter(1),
                before_migration=keep,
            )
        copies.append(kept.stat().st_ino)
    assert copies[0] == copies[1]
