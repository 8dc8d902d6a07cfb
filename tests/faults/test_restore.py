"""A restore that is killed before and after each of its commits and renames: the old state or the new one, never less.

`RESTORE_KILLS=all` kills at every one of them, before and after; otherwise a few are chosen at random.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from shards.migrate import migrations
from shards.tenant import identity, profile
from tests.support.rig import MASTER_KEY
from tests.support.shards import HandClock, open_shard, tenant_profile, within

ALL = os.environ.get("RESTORE_KILLS") == "all"
CHOSEN = 5
MOST = 40


def environ(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "SHOWROOMD_MASTER_KEY": MASTER_KEY, **more}


def command(config: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "daemon", *arguments, "--config", str(config)],
        env=environ(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def made(path: Path, words: str) -> None:
    """A tenant's file with one thing said in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = HandClock()
    shard = open_shard(path, clock)
    within(shard, lambda tx: identity.establish(tx, "auto-sul"), clock)
    within(shard, lambda tx: profile.save(tx, tenant_profile()), clock)
    within(shard, lambda tx: identity.set_fact(tx, "words", words), clock)
    shard.close()


def said(path: Path) -> tuple[str, str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        facts = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        return facts["words"], facts.get("restored_at", "")
    finally:
        connection.close()


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A data directory with a tenant that has the new words, and a backup with the old ones."""
    data = tmp_path / "before" / "data"
    (tmp_path / "before").mkdir()
    config = tmp_path / "before" / "showroomd.toml"
    config.write_text(f'[daemon]\ndata_dir = "{data}"\n')
    made(data / "shards" / "auto-sul.db", "new")
    clock = HandClock()
    central = open_shard(data / "central.db", clock, "central")
    within(central, lambda tx: tx.run("INSERT INTO tenants VALUES ('auto-sul', 'Auto Sul', 'active', '', 1, 1)"), clock)
    central.close()
    made(tmp_path / "before" / "old.db", "old")
    return tmp_path / "before"


def fresh(before: Path, tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    shutil.copytree(before, folder)
    config = folder / "showroomd.toml"
    config.write_text(f'[daemon]\ndata_dir = "{folder / "data"}"\n')
    return folder


def test_a_killed_restore_leaves_the_old_or_the_new(
    before: Path, tmp_path: Path, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [(number, moment) for number in range(1, MOST) for moment in ("before", "after")]
    if not ALL:
        points = sorted(rng.sample(points[:24], CHOSEN))
    outcomes = {"old": 0, "new": 0, "not reached": 0}
    for number, moment in points:
        folder = fresh(before, tmp_path, f"{number}-{moment}")
        shard = folder / "data" / "shards" / "auto-sul.db"
        arguments = ("restore", "--tenant", "auto-sul", str(folder / "old.db"))
        done = command(folder / "showroomd.toml", *arguments, SHOWROOMD_KILL_AT_COMMIT=f"{number}:{moment}")
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, done.stderr
        # the next start finishes or forgets it
        after = command(folder / "showroomd.toml", "tenant", "list")
        assert after.returncode == 0, after.stderr
        words, restored_at = said(shard)
        assert bool(restored_at) == (words == "old"), "the old words only in a new epoch"
        assert killed or words == "old"
        aside = list((folder / "data" / "aside").glob("*/auto-sul.db"))
        assert [said(path)[0] for path in aside] == (["new"] if words == "old" else []), "nothing is destroyed"
        left = [path.name for path in (folder / "data" / "restoring").glob("*")]
        assert not left
        again = command(folder / "showroomd.toml", *arguments)
        assert again.returncode == 0, again.stderr
        assert said(shard)[0] == "old"
        outcomes["not reached" if not killed else "new" if words == "old" else "old"] += 1
        shutil.rmtree(folder)
        if not killed:
            break
    with capsys.disabled():
        print(f"\nrestores killed at {len(points)} points at most: {outcomes}")


def test_a_killed_restore_of_a_server_leaves_nothing_or_all(
    before: Path, tmp_path: Path, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "set"
    shutil.copytree(before / "data", source, ignore=shutil.ignore_patterns("lock"))
    points = [(number, moment) for number in range(1, MOST) for moment in ("before", "after")]
    if not ALL:
        points = sorted(rng.sample(points[:8], 3))
    for number, moment in points:
        folder = tmp_path / f"server-{number}-{moment}"
        folder.mkdir()
        config = folder / "showroomd.toml"
        config.write_text(f'[daemon]\ndata_dir = "{folder / "data"}"\n')
        done = command(config, "restore", str(source), SHOWROOMD_KILL_AT_COMMIT=f"{number}:{moment}")
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, done.stderr
        listed = command(config, "tenant", "list")
        assert listed.returncode == 0, listed.stderr
        whole = "auto-sul" in listed.stdout
        if whole:
            assert said(folder / "data" / "shards" / "auto-sul.db")[0] == "new"
        else:
            assert killed
            assert not list((folder / "data" / "shards").glob("*"))
        if not killed:
            assert whole
            break


def test_an_interrupted_migration_goes_on_and_a_copy_of_before_is_kept(before: Path, tmp_path: Path) -> None:
    folder = fresh(before, tmp_path, "migrating")
    shard = folder / "data" / "shards" / "auto-sul.db"
    first, *_ = migrations("tenant")
    shard.unlink()
    # schema 1, as the release before wrote it
    connection = apsw.Connection(str(shard))
    with connection:
        connection.execute(first.sql)
        connection.pragma("user_version", 1)
        connection.execute("INSERT INTO meta VALUES ('tenant', 'auto-sul'), ('epoch', 'x'), ('words', 'new')")
    connection.close()
    done = command(folder / "showroomd.toml", "migrate")
    assert done.returncode == 0, done.stderr
    assert said(shard)[0] == "new"
    [kept] = (folder / "data" / "copies" / "before-migration").rglob("auto-sul*.db")
    connection = apsw.Connection(str(kept), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.pragma("user_version") == 1
    connection.close()
    connection = apsw.Connection(str(shard))
    connection.pragma("user_version", 9_999)
    connection.close()
    refused = command(folder / "showroomd.toml", "migrate")
    assert refused.returncode == 1
    assert "schema 9999" in refused.stdout + refused.stderr
    assert "install the showroomd version" in refused.stdout + refused.stderr
