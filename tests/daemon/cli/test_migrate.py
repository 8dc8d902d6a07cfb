import json
from pathlib import Path

import apsw
import pytest

from daemon.cli import main
from daemon.lock import locked
from shards import migrate
from shards.migrate import Migration, newest
from tests.support.schema import KINDS


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("daemon.logs.configure", lambda *_, **__: None)
    (tmp_path / "s.toml").write_text(f'[daemon]\ndata_dir = "{tmp_path}/data"')
    return tmp_path / "s.toml"


def test_all_files_are_brought_up_to_date_and_failures_told(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = tmp_path / "data" / "shards"
    shards.mkdir(parents=True)
    for path in (tmp_path / "data" / "central.db", shards / "aa.db", shards / "bb.db"):
        path.touch()
    connection = apsw.Connection(str(shards / "later.db"))
    connection.pragma("user_version", newest("tenant") + 1)
    connection.close()
    assert main(["migrate", "--config", str(config)]) == 1
    out = capsys.readouterr().out
    assert "3 files are up to date, 1 failed" in out
    assert "install the showroomd version that wrote it" in out
    connection = apsw.Connection(str(shards / "aa.db"))
    assert connection.pragma("user_version") == newest("tenant")
    connection.close()
    (shards / "later.db").unlink()
    assert main(["migrate", "--json", "--config", str(config)]) == 0
    assert [line["file"] for line in json.loads(capsys.readouterr().out)] == ["aa.db", "bb.db", "central.db"]


def test_session_files_are_migrated_and_never_copied(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("shards", "sessions"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        (tmp_path / "data" / folder / "aa.db").touch()
    assert main(["migrate", "--json", "--config", str(config)]) == 0
    assert [line["file"] for line in json.loads(capsys.readouterr().out)] == ["aa.db", "sessions/aa.db"]
    real = migrate.migrations
    one_more = {kind: (*real(kind), Migration(newest(kind) + 1, "more", "CREATE TABLE more (x)")) for kind in KINDS}
    monkeypatch.setattr(migrate, "migrations", one_more.__getitem__)
    assert main(["migrate", "--config", str(config)]) == 0
    connection = apsw.Connection(str(tmp_path / "data" / "sessions" / "aa.db"))
    assert connection.pragma("user_version") == len(one_more["session"])
    connection.close()
    copies = tmp_path / "data" / "copies" / "before-migration"
    assert [path.relative_to(copies).parts[0] for path in copies.rglob("*.db")] == ["shards"]


def test_it_leaves_a_running_daemon_alone(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(tmp_path / "data", Path("/run/x")):
        assert main(["migrate", "--config", str(config)]) == 1
    assert "migrates each file as it opens it" in capsys.readouterr().err


def test_without_a_data_directory_there_is_nothing_to_do(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--config", str(config)]) == 1
    assert "check daemon.data_dir" in capsys.readouterr().err
