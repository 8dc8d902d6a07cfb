from pathlib import Path

import pytest
import trio

from daemon.backup.sets import prune
from daemon.control.backup_ports import BackupReport
from shards.errors import Conflict, NotFound
from tests.support.office import Office, office


async def made(at: Office, tenant: str | None = None) -> BackupReport:
    at.clock.move(1)
    id_ = (await at.sets.begin(tenant)).id
    with trio.fail_after(30):
        while True:
            found = (await at.sets.one(id_)).backup
            if found.state != "running":
                return found
            await trio.lowlevel.checkpoint()


async def test_a_set_has_every_file_and_its_manifest(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        await at.add("bb")
        picture = tmp_path / "media" / "aa" / "ab" / "cd"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"12345")
        done = await made(at)
        assert (done.state, done.total, done.error) == ("done", 3, "")
        detail = await at.sets.one(done.id)
        assert [file.path for file in detail.files] == ["central.db", "shards/aa.db", "shards/bb.db"]
        assert (detail.media_files, detail.media_bytes) == (1, 5)
        folder = Path(done.folder)
        assert (folder / "media" / "aa" / "ab" / "cd").read_bytes() == b"12345"
        before = (folder / "shards" / "aa.db").read_bytes()
        await at.remember("aa", "later")
        await at.copies.round()
        assert (folder / "shards" / "aa.db").read_bytes() == before, "a later copy does not change an earlier set"
        assert at.sets.file(done.id, "aa") == folder / "shards" / "aa.db"
        with pytest.raises(NotFound):
            at.sets.file(done.id, "zz")
        states = [event["state"] for event in at.events]
        assert (states[0], states[-1]) == ("running", "done")


async def test_one_tenant_alone_and_the_oldest_go(tmp_path: Path) -> None:
    async with office(tmp_path, keep=2) as at:
        await at.add("aa")
        await at.add("bb")
        whole = await made(at)
        mine = [await made(at, "aa") for _ in range(3)]
        kept = [report.id for report in await at.sets.all()]
        assert kept == [mine[2].id, mine[1].id, whole.id], "newest first, two of each kind"
        assert [file.tenant for file in (await at.sets.one(mine[2].id)).files] == ["aa"]
        await at.sets.remove(whole.id)
        with pytest.raises(NotFound):
            await at.sets.one(whole.id)
        with pytest.raises(NotFound):
            await at.sets.remove("../copies")


async def test_a_failed_one_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        at.free[0] = 1
        failed = await made(at)
        assert failed.state == "failed"
        assert "free some space" in failed.error
        assert not list((tmp_path / "backups").glob("*")) if (tmp_path / "backups").exists() else True
        at.free[0] = 1 << 40
        await at.copies.round()
        await at.directory.release("aa")
        at.directory.path("aa").write_bytes(b"\xff" * 8192)
        at.directory.written["aa"] = 0.0
        assert (await made(at)).state == "done", "there is an earlier copy of it"


async def test_one_under_way_is_not_removed_and_too_many_are_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.add("aa")
        first = await at.sets.begin(None)
        with pytest.raises(Conflict, match="is being made"):
            await at.sets.remove(first.id)
        for _ in range(8):
            at.sets._queue.send_nowait(first.id)
        with pytest.raises(Conflict, match="other backups"):
            await at.sets.begin(None)


def test_what_is_no_set_is_never_pruned(tmp_path: Path) -> None:
    for name in ("20261123T150000Z", "20261124T150000Z", "20261125T150000Z-of-aa", "holiday-pictures"):
        (tmp_path / name).mkdir()
    assert prune(tmp_path, 1, None) == ["20261123T150000Z"]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["20261124T150000Z", "20261125T150000Z-of-aa", "holiday-pictures"]
