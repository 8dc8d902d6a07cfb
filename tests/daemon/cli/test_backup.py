import json
from pathlib import Path

import apsw
import pytest

from shards.tenant import identity, profile
from tests.daemon.cli.api import Api, api
from tests.support.backups import LINE, RESTORED
from tests.support.shards import HandClock, open_shard, tenant_profile, within

__all__ = ["api"]

FOLDER = "/data/backups/x"
RUNNING = {"id": "x", "state": "running", "done": 0, "total": 2, "bytes": 0, "error": "", "folder": FOLDER}
DONE = {**RUNNING, "state": "done", "done": 2, "bytes": 3 << 20}


def shard(path: Path, *, profiled: bool = True) -> Path:
    clock = HandClock()
    opened = open_shard(path, clock)
    if profiled:
        within(
            opened, lambda tx: (identity.establish(tx, "auto-sul"), profile.save(tx, tenant_profile("auto-sul"))), clock
        )
    opened.close()
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def plain(value: object) -> object:
    from daemon.control.call import plain as made

    return made(value)


def test_a_backup_is_waited_for(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/backups"] = (201, RUNNING)
    api.answers["GET /v1/backups/x"] = {"backup": DONE}
    assert api.run("backup", "--tenant", "auto-sul") == 0
    assert api.body(0) == {"tenant": "auto-sul"}
    assert capsys.readouterr().out == "/data/backups/x: 2 files, 3.0 MB\n"


def test_one_that_fails_and_a_place_that_is_not_there(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/backups"] = (201, {**RUNNING, "state": "failed", "error": "the disk is full: free some"})
    assert api.run("backup") == 1
    assert "the disk is full" in capsys.readouterr().err
    assert api.run("backup", "--to", str(tmp_path / "none")) == 1
    assert "make it first" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        api.run("backup", "--keep", "0")


def test_a_restore_hands_the_file_in_and_tells_what_it_did(
    api: Api, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/tenants/auto-sul/restore"] = plain(RESTORED)
    (tmp_path / "old.db").write_bytes(b"bytes")
    assert api.run("restore", "--tenant", "auto-sul", str(tmp_path / "old.db")) == 0
    name = api.body()["file"]
    assert name.startswith("incoming/")
    assert list((data / "incoming").iterdir()) == [], "it is gone afterwards"
    out = capsys.readouterr().out
    for part in ("kept in aside/auto-sul-x/", "4 contacts had been erased", "1 received messages", "wamid.9"):
        assert part in out
    assert api.run("restore", "--tenant", "auto-sul", str(tmp_path / "none.db")) == 1
    (tmp_path / "set" / "shards").mkdir(parents=True)
    (tmp_path / "set" / "shards" / "auto-sul.db").write_bytes(b"bytes")
    assert api.run("restore", "--json", "--tenant", "auto-sul", str(tmp_path / "set")) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["lost"]["known"]


def test_adopting(api: Api, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["POST /v1/adoptions"] = (201, plain(RESTORED))
    (tmp_path / "auto-sul.db").write_bytes(b"bytes")
    assert api.run("adopt", str(tmp_path / "auto-sul.db")) == 0
    assert "auto-sul: adopted" in capsys.readouterr().out
    api.answers["POST /v1/adoptions"] = (409, {"detail": "the id 'auto-sul' is taken: choose another"})
    assert api.run("adopt", str(tmp_path / "auto-sul.db")) == 1
    assert "is taken" in capsys.readouterr().err


def test_reconciling_fails_when_central_lacks_something(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v1/reconcile"] = {"items": [plain(LINE)], "next": None}
    assert api.run("reconcile") == 0
    assert "good; only central has 2 of epoch e-1" in capsys.readouterr().out
    line = {**plain(LINE), "missing": 3}  # type: ignore[dict-item]
    api.answers["GET /v1/reconcile"] = {"items": [line], "next": None}
    assert api.run("reconcile") == 1
    assert "BAD: central lacks 3 receipts" in capsys.readouterr().out


def test_verifying_needs_no_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from daemon.cli import main

    good = shard(tmp_path / "auto-sul.db")
    assert main(["verify-backup", str(good)]) == 0
    assert "good (Auto Sul Veículos: no conversation yet)" in capsys.readouterr().out
    connection = apsw.Connection(str(good))
    connection.execute("INSERT INTO aliases VALUES ('phone', '5511', 77)")
    connection.close()
    assert main(["verify-backup", str(good)]) == 1
    captured = capsys.readouterr()
    assert "BAD: foreign key" in captured.out
    assert "1 of 1 files are not good" in captured.err
    assert main(["verify-backup", "--json", str(tmp_path / "none.db")]) == 1
    assert json.loads(capsys.readouterr().out)[0]["faults"] == ["it is not there"]


def test_a_server_is_restored_from_a_folder_alone(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOWROOMD_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert api.run("restore", str(tmp_path / "none")) == 1
    assert "is no folder" in capsys.readouterr().err
    source = tmp_path / "set"
    (source / "shards").mkdir(parents=True)
    shard(source / "shards" / "auto-sul.db")
    clock = HandClock()
    central = open_shard(source / "central.db", clock, "central")
    sql = "INSERT INTO tenants VALUES (?, 'x', 'active', '', 1, 1)"
    for tenant in ("auto-sul", "sumida"):
        within(central, lambda tx, tenant=tenant: tx.run(sql, (tenant,)), clock)
    central.close()
    assert api.run("restore", str(source)) == 1
    captured = capsys.readouterr()
    assert "1 dealerships" in captured.out
    assert "sumida could not be restored: its file is not in the backup" in captured.err
    assert api.run("restore", str(source)) == 1
    assert "has data already" in capsys.readouterr().err
