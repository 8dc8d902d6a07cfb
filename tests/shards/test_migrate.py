"""Forward only, one transaction each, a newer file is refused."""

import shutil
from pathlib import Path

import apsw
import pytest

from shards import migrate as subject
from shards.connection import open_writer
from shards.errors import ShardTooNew
from shards.migrate import Migration, migrate, newest


@pytest.mark.parametrize("kind", ["tenant", "session", "central"])
def test_a_new_file_gets_the_newest_schema_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.db"
    with open_writer(path, create=True) as connection:
        assert migrate(connection, path, kind) == newest(kind)
        assert connection.pragma("user_version") == newest(kind)
        assert migrate(connection, path, kind) == 0
    connection.close()


def test_a_newer_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = open_writer(path, create=True)
    connection.pragma("user_version", 999)
    with pytest.raises(ShardTooNew, match="install the showroomd version that wrote it"):
        migrate(connection, path, "tenant")
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    steps = (Migration(1, "one", "CREATE TABLE a (x)"), Migration(2, "two", "CREATE TABLE b (x); SELECT nonsense()"))
    monkeypatch.setattr(subject, "migrations", lambda kind: steps)
    connection = open_writer(path, create=True)
    with pytest.raises(apsw.SQLError):
        migrate(connection, path, "tenant")
    assert connection.pragma("user_version") == 1
    assert [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")] == ["a"]
    mended = (steps[0], Migration(2, "two", "CREATE TABLE b (x)"))
    monkeypatch.setattr(subject, "migrations", lambda kind: mended)
    copied = []
    assert migrate(connection, path, "tenant", copied.append) == 1
    assert copied == [path], "a copy is made before a file with data changes"
    connection.close()


def test_no_copy_of_a_file_that_has_no_schema_yet(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    copied: list[Path] = []
    connection = open_writer(path, create=True)
    migrate(connection, path, "tenant", copied.append)
    assert copied == []
    connection.close()
    shutil.rmtree(tmp_path)
