import shutil
from pathlib import Path

import apsw
import pytest

from daemon.backup.verify import Verdict, verify
from shards.migrate import migrations
from shards.tenant import identity, profile
from tests.daemon.backup.test_sets import made
from tests.support.office import office
from tests.support.shards import NOON, HandClock, open_shard, tenant_profile, within
from tests.support.tenancy import say


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A good set with a conversation in it."""
    async with office(tmp_path / "data") as at:
        await at.add("aa")
        await at.directory.handle("aa").write(lambda tx: say(tx, "maria", "oi"))
        done = await made(at)
        shutil.copytree(done.folder, tmp_path / "set")
    return tmp_path / "set"


@pytest.fixture
def data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()


@pytest.fixture(autouse=True)
def _data(data: None) -> None:
    return None


def faults(*paths: Path) -> list[str]:
    return [fault for verdict in verify(list(paths), NOON) for fault in verdict.faults]


async def test_a_good_set_is_good_and_read_back(folder: Path) -> None:
    before = sorted(path.name for path in folder.rglob("*"))
    verdicts = list(verify([folder], NOON))
    assert [verdict.faults for verdict in verdicts] == [[], []]
    shard: Verdict = verdicts[1]
    assert (shard.tenant, shard.messages) == ("aa", 1)
    assert "1 messages of the newest conversation" in shard.read_back
    assert shard.last_message_at is not None
    assert sorted(path.name for path in folder.rglob("*")) == before, "nothing is written beside them"
    assert faults(folder / "shards" / "aa.db") == []


async def test_one_changed_byte_is_found(folder: Path) -> None:
    path = folder / "shards" / "aa.db"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert any("not those of the manifest" in fault for fault in faults(folder))
    assert any("not those of the manifest" in fault for fault in faults(path)), "also when it is named alone"


async def test_a_missing_and_a_surplus_file_are_found(folder: Path) -> None:
    (folder / "shards" / "aa.db").rename(folder / "shards" / "bb.db")
    found = faults(folder)
    assert "it is not there" in found
    assert "the manifest does not name it" in found


async def test_a_broken_manifest_and_an_empty_folder_are_said(folder: Path, tmp_path: Path) -> None:
    (folder / "manifest.json").write_text("{")
    assert any("damaged" in fault for fault in faults(folder))
    (tmp_path / "empty").mkdir()
    assert faults(tmp_path / "empty") == ["there is no database in it"]
    assert faults(tmp_path / "nothing.db") == ["it is not there"]


def test_an_older_one_is_migrated_in_a_copy(tmp_path: Path) -> None:
    first, *_ = migrations("tenant")
    path = tmp_path / "aa.db"
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute(first.sql)
        connection.pragma("user_version", 1)
    connection.close()
    before = path.read_bytes()
    (verdict,) = verify([path], NOON)
    assert verdict.faults, "it has no profile"
    clock = HandClock()
    shard = open_shard(tmp_path / "full.db", clock)
    within(shard, lambda tx: (identity.establish(tx, "aa"), profile.save(tx, tenant_profile("aa"))), clock)
    document = shard._writer.execute("SELECT document FROM profile").fetchone()[0]
    shard.close()
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO profile VALUES (1, ?, 1)", (document,))
    connection.close()
    before = path.read_bytes()
    (verdict,) = verify([path], NOON)
    assert verdict.faults == []
    assert "after migrating a copy" in verdict.read_back
    assert path.read_bytes() == before


def test_a_newer_one_says_so(tmp_path: Path) -> None:
    open_shard(tmp_path / "aa.db", HandClock()).close()
    connection = apsw.Connection(str(tmp_path / "aa.db"))
    connection.pragma("user_version", 9_999)
    connection.close()
    (fault,) = faults(tmp_path / "aa.db")
    assert "later showroomd" in fault
