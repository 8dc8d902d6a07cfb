from pathlib import Path

import apsw
import pytest

from shards.errors import ShardCorrupt, ShardUnavailable
from shards.snapshot import Snapshot, stage
from tests.support.shards import HandClock, open_shard, within


def filled(path: Path, count: int = 200) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute("CREATE TABLE t (x)")
    for number in range(count):
        connection.execute("INSERT INTO t VALUES (?)", (f"{number}" * 300,))
    connection.close()


def count(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert connection.pragma("journal_mode") == "delete"
        found: int = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        return found
    finally:
        connection.close()


def test_a_copy_is_of_one_moment_whatever_is_written_meanwhile(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "copies" / "a.db"
    filled(source)
    writer = apsw.Connection(str(source))
    snapshot = Snapshot.begin(source, tmp_path / "scratch" / "a.db")
    steps = 0
    while snapshot.step(4):
        writer.execute("INSERT INTO t VALUES ('later')")
        steps += 1
    assert not target.exists()
    assert snapshot.finish(target) == target.stat().st_size
    snapshot.abandon()
    writer.close()
    assert 5 < steps < 60, "it did not begin again at each commit"
    assert count(target) == 200
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["a.db"]
    assert not list((tmp_path / "scratch").iterdir())
    assert target.stat().st_mtime <= source.stat().st_mtime, "what was written meanwhile is later than the copy"


def test_a_copy_takes_little_memory_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    source = tmp_path / "a.db"
    connection = apsw.Connection(str(source))
    connection.execute("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(4000000))")
    connection.close()
    in_use, _ = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED, True)
    snapshot = Snapshot.begin(source, tmp_path / "scratch.db")
    while snapshot.step():
        pass
    _, at_most = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)
    snapshot.abandon()
    assert at_most - in_use < 1 << 20


def test_an_abandoned_copy_leaves_the_earlier_one(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "copy.db"
    filled(source, 10)
    target.write_bytes(b"earlier")
    snapshot = Snapshot.begin(source, tmp_path / "scratch.db")
    snapshot.step(1)
    snapshot.abandon()
    assert target.read_bytes() == b"earlier"
    assert not (tmp_path / "scratch.db").exists()


def test_a_damaged_file_is_not_copied_over_a_good_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "copy.db"
    filled(source)
    target.write_bytes(b"earlier")
    with source.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    snapshot = Snapshot.begin(source, tmp_path / "scratch.db")
    while snapshot.step():
        pass
    with pytest.raises(ShardCorrupt, match=r"a\.db is damaged"):
        snapshot.finish(target)
    snapshot.abandon()
    assert target.read_bytes() == b"earlier"


def test_a_file_at_rest_is_staged_with_its_log(tmp_path: Path) -> None:
    clock = HandClock()
    shard = open_shard(tmp_path / "a.db", clock)
    within(shard, lambda tx: tx.run("INSERT INTO meta VALUES ('word', 'here')"), clock)
    assert (tmp_path / "a.db-wal").stat().st_size
    (tmp_path / "killed").mkdir()
    for name in ("a.db", "a.db-wal"):
        (tmp_path / "killed" / name).write_bytes((tmp_path / name).read_bytes())
    shard.close()
    stage(tmp_path / "killed" / "a.db", tmp_path / "staged" / "a.db")
    connection = apsw.Connection(str(tmp_path / "staged" / "a.db"))
    assert connection.execute("SELECT value FROM meta WHERE key = 'word'").fetchone() == ("here",)
    connection.close()
    assert [path.name for path in (tmp_path / "staged").iterdir()] == ["a.db"]
    assert (tmp_path / "killed" / "a.db-wal").exists(), "the source is not touched"


def test_what_is_no_database_is_not_staged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database at all, and long enough to be looked at " * 20)
    with pytest.raises(ShardCorrupt):
        stage(tmp_path / "a.db", tmp_path / "staged.db")
    with pytest.raises(ShardUnavailable, match="there is no file"):
        stage(tmp_path / "none.db", tmp_path / "staged.db")
