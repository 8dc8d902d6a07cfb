"""How a file is opened, and what its errors say."""

import os
from pathlib import Path

import apsw
import pytest

from shards.connection import open_reader, open_writer, translated
from shards.errors import ShardCorrupt, ShardMissing, ShardUnavailable, StorageFull, StorageReadOnly


def test_pragmas_that_durability_rests_on(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "a.db", create=True)
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("foreign_keys") == 1
    assert connection.pragma("trusted_schema") == 0
    connection.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a.db", create=True)
    writer.execute("CREATE TABLE a (x)")
    reader = open_reader(tmp_path / "a.db")
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("INSERT INTO a VALUES (1)")
    reader.close()
    writer.close()


def test_a_missing_file_is_not_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(ShardMissing):
        open_writer(tmp_path / "a.db", create=False)
    assert not (tmp_path / "a.db").exists()


def test_garbage_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(os.urandom(8192))
    with pytest.raises(ShardCorrupt, match="damaged"):
        open_writer(tmp_path / "a.db", create=False)


@pytest.mark.parametrize(
    ("raised", "expected", "says"),
    [
        (apsw.FullError("full"), StorageFull, "free some space"),
        (apsw.ReadOnlyError("ro"), StorageReadOnly, "owner, mode and mount"),
        (apsw.CorruptError("bad"), ShardCorrupt, "restore"),
        (apsw.NotADBError("bad"), ShardCorrupt, "restore"),
        (apsw.IOError("io"), ShardUnavailable, "kernel log"),
        (apsw.BusyError("busy"), ShardUnavailable, "another process"),
    ],
)
def test_each_fault_of_the_file_has_its_remedy(
    tmp_path: Path, raised: apsw.Error, expected: type[Exception], says: str
) -> None:
    with pytest.raises(expected, match=says), translated(tmp_path / "a.db"):
        raise raised


def test_faults_of_our_own_sql_pass(tmp_path: Path) -> None:
    with pytest.raises(apsw.ConstraintError), translated(tmp_path / "a.db"):
        raise apsw.ConstraintError("unique")


def test_a_file_that_may_only_be_read_is_no_file_to_write(tmp_path: Path) -> None:
    """SQLite would open it, and fail at the first write; its header is refused whoever runs us."""
    path = tmp_path / "a.db"
    connection = open_writer(path, create=True)
    connection.execute("CREATE TABLE a (x)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")
    with pytest.raises(StorageReadOnly, match="check owner, mode and mount options"):
        open_writer(path, create=False)
