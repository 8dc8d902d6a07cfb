from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.backup import manifest as manifests
from daemon.backup.manifest import BackupBroken, Manifest
from tests.support.shards import NOON, HandClock, open_shard


def made(folder: Path) -> Manifest:
    open_shard(folder / "shards" / "aa.db", HandClock()).close()
    return Manifest(
        id="20261123T150000Z",
        version="1",
        tenant=None,
        started_at=NOON,
        ended_at=NOON,
        files=(manifests.described(folder, "shards/aa.db"),),
        media_files=1,
        media_bytes=2,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    manifest = made(tmp_path)
    manifests.write(tmp_path, manifest)
    assert manifests.read(tmp_path) == manifest
    assert manifest.bytes == (tmp_path / "shards" / "aa.db").stat().st_size
    assert manifest.files[0].kind == "tenant"


@given(text=st.text(max_size=200) | st.just('{"format": 1}') | st.just("[1]"))
def test_junk_is_refused_in_one_line(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    (folder / manifests.NAME).write_text(text, "utf-8")
    with pytest.raises(BackupBroken) as error:
        manifests.read(folder)
    assert "\n" not in str(error.value)


def test_another_format_and_none_are_said(tmp_path: Path) -> None:
    with pytest.raises(BackupBroken, match="has no manifest"):
        manifests.read(tmp_path)
    (tmp_path / manifests.NAME).write_text('{"format": 9}')
    with pytest.raises(BackupBroken, match="format 9"):
        manifests.read(tmp_path)


def test_a_path_that_leads_out_of_the_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    manifests.write(tmp_path, made(tmp_path))
    text = (tmp_path / manifests.NAME).read_text().replace("shards/aa.db", "../../etc/passwd")
    (tmp_path / manifests.NAME).write_text(text)
    with pytest.raises(BackupBroken, match="damaged"):
        manifests.read(tmp_path)


def test_ids_are_dated_and_never_given_twice() -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    first = manifests.set_id(now, None, set())
    second = manifests.set_id(now, None, {first})
    assert (first, second) == ("20261123T150000Z", "20261123T150000Z-2")
    assert manifests.set_id(now, "aa", set()) == "20261123T150000Z-of-aa"
    for id_ in (first, second, "20261123T150000Z-of-aa"):
        assert manifests.SET_ID.fullmatch(id_)
    assert not manifests.SET_ID.fullmatch("../x")
