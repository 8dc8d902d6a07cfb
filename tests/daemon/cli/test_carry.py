from pathlib import Path

import pytest

from daemon.backup import manifest as manifests
from daemon.backup.manifest import BackupBroken, Manifest
from daemon.cli.carry import carry
from tests.support.shards import NOON, HandClock, open_shard


def a_set(root: Path, id_: str, picture: bytes = b"12345") -> Path:
    folder = root / id_
    open_shard_at(folder / "shards" / "aa.db")
    media = folder / "media" / "aa" / "ab" / "cd"
    media.parent.mkdir(parents=True)
    media.write_bytes(picture)
    files = (manifests.described(folder, "shards/aa.db"),)
    manifests.write(
        folder,
        Manifest(id=id_, version="1", tenant=None, started_at=NOON, ended_at=NOON, files=files, media_files=1),
    )
    return folder


def open_shard_at(path: Path) -> None:
    path.parent.mkdir(parents=True)
    open_shard(path, HandClock()).close()


def test_a_set_arrives_whole_and_old_ones_go(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    steps: list[tuple[int, int]] = []
    for hour in range(3):
        source = a_set(tmp_path / "made", f"20261123T1{hour}0000Z")
        there = carry(source, target, 2, lambda *step: steps.append(step))
    assert sorted(path.name for path in target.iterdir()) == ["20261123T110000Z", "20261123T120000Z"]
    assert steps[:2] == [(0, 2), (1, 2)]
    for name in ("manifest.json", "shards/aa.db", "media/aa/ab/cd"):
        assert (there / name).read_bytes() == (source / name).read_bytes()
    pictures = [path.stat().st_ino for path in target.glob("*/media/aa/ab/cd")]
    assert len(set(pictures)) == 1, "customers' files of sets on one disk are stored once"
    assert (there / "shards" / "aa.db").stat().st_ino != (source / "shards" / "aa.db").stat().st_ino


def test_what_changed_on_the_way_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = a_set(tmp_path / "made", "20261123T100000Z")
    with (source / "shards" / "aa.db").open("ab") as file:
        file.write(b"x")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(BackupBroken, match="not as the manifest says"):
        carry(source, tmp_path / "elsewhere", 2)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_set_is_not_written_over(tmp_path: Path) -> None:
    source = a_set(tmp_path / "made", "20261123T100000Z")
    (tmp_path / "elsewhere" / "20261123T100000Z").mkdir(parents=True)
    with pytest.raises(BackupBroken, match="is there already"):
        carry(source, tmp_path / "elsewhere", 2)
