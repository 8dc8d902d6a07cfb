import shutil
from pathlib import Path

import pytest

from daemon.assembly import Parts
from daemon.backup import server
from daemon.backup.manifest import BackupBroken
from daemon.backup.restore import finish_all
from daemon.backup.server import NotEmpty, restore_server
from daemon.sealing import Sealer
from shards.snapshot import Snapshot
from tests.support.house import MASTER_KEY, cloud_profile, count, house, sandbox_profile, until
from tests.support.shards import HandClock

SEALER = Sealer(MASTER_KEY)


async def copy_of(parts: Parts, tenant: str, folder: Path) -> Path:
    """A copy of a tenant's file as it is now."""
    target = folder / f"{tenant}-backup.db"
    async with parts.directory.handle(tenant).kept_open() as path:
        snapshot = Snapshot.begin(path, folder / "scratch.db")
        while snapshot.step():
            pass
        snapshot.finish(target)
        snapshot.abandon()
    return target


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """The copies of a server with two tenants, one of which was asked something."""
    (tmp_path / "old").mkdir()
    async with house(tmp_path / "old") as parts:
        await parts.service.create(cloud_profile("auto-sul", "1061"), {"channel.access_token": "EAAG"})
        await parts.service.create(sandbox_profile("vizinha"), {})
        await parts.service.sandbox_says("auto-sul", "maria", "oi")
        await parts.copies.round()
    shutil.copytree(tmp_path / "old" / "data" / "copies", tmp_path / "copies")
    return tmp_path / "copies"


async def test_a_server_is_built_from_its_copies(source: Path, tmp_path: Path) -> None:
    clock = HandClock()
    picture = source / "media" / "auto-sul" / "ab" / "cd"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"12345")
    steps: list[tuple[int, int]] = []
    (tmp_path / "new").mkdir()
    result = restore_server(tmp_path / "new" / "data", source, SEALER, clock(), lambda *step: steps.append(step))
    assert (result.tenants, result.failed, result.strangers) == (2, {}, [])
    assert (result.other_key, result.media_files) == (0, 1)
    assert steps[-1] == (2, 2)
    assert (tmp_path / "new" / "data" / "media" / "auto-sul" / "ab" / "cd").read_bytes() == b"12345"
    async with house(tmp_path / "new", clock=clock) as parts:
        await until(lambda: parts.supervisor.count() == (2, 2))
        owed = "SELECT count(*) FROM conversations WHERE due_at IS NOT NULL"
        assert await count(parts, "auto-sul", owed) == 0


async def test_data_that_is_there_is_not_touched(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "new"
    (data / "shards").mkdir(parents=True)
    (data / "shards" / "zz.db").write_text("somebody's")
    with pytest.raises(NotEmpty, match="has data already"):
        restore_server(data, source, SEALER, HandClock()())
    with pytest.raises(BackupBroken, match=r"has no central\.db"):
        restore_server(tmp_path / "other", tmp_path, SEALER, HandClock()())


async def test_one_bad_file_does_not_keep_the_others_back(source: Path, tmp_path: Path) -> None:
    (source / "shards" / "vizinha.db").write_bytes(b"\xff" * 9000)
    shutil.copy(source / "shards" / "auto-sul.db", source / "shards" / "estranha.db")
    result = restore_server(tmp_path / "new", source, SEALER, HandClock()())
    assert result.tenants == 1
    assert "damaged" in result.failed["vizinha"]
    assert result.strangers == ["estranha"]
    assert [path.name for path in (tmp_path / "new" / "shards").iterdir()] == ["auto-sul.db"]


async def test_another_master_key_is_said(source: Path, tmp_path: Path) -> None:
    result = restore_server(tmp_path / "new", source, Sealer(bytes(32)), HandClock()())
    assert result.other_key == 1


async def test_what_was_cut_off_is_finished_or_forgotten(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(server.files, "finish", killed)
    with pytest.raises(Killed):
        restore_server(tmp_path / "new", source, SEALER, HandClock()())
    monkeypatch.undo()
    assert not (tmp_path / "new" / "central.db").exists()
    assert finish_all(tmp_path / "new") == [{"tenants": 2}]
    assert (tmp_path / "new" / "central.db").exists()
    assert len(list((tmp_path / "new" / "shards").iterdir())) == 2
