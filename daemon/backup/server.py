"""A whole server from a set of files, on a machine that has no data yet. No daemon runs."""

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field

from daemon.backup import manifest as manifests
from daemon.backup import rebirth
from daemon.backup.manifest import BackupBroken, Manifest
from daemon.errors import ShowroomError
from daemon.sealing import Sealer
from shards import restore as files
from shards.central import ledger
from shards.errors import ShardError
from shards.shard import Tx
from shards.snapshot import stage, sync
from shards.tenant.tombstones import Tombstone

NAME: Final = "+server"

Progress = Callable[[int, int], None]
"""(tenants done, tenants in all)."""


class NotEmpty(ShowroomError):
    """There is data already."""


@define
class ServerRestored:
    """What came of it. `failed`: tenants whose files could not be taken, and why."""

    tenants: int = 0
    failed: dict[str, str] = field(factory=dict)
    strangers: list[str] = field(factory=list)  # files of tenants that central does not know
    other_key: int = 0  # tenants whose secrets are sealed with another master key
    media_files: int = 0


def restore_server(
    data_dir: Path, source: Path, sealer: Sealer, now: datetime, progress: Progress = lambda done, total: None
) -> ServerRestored:
    """Build `data_dir` from the set, or the folder of copies, `source`. The caller holds the lock. Blocks.

    Until everything is prepared nothing is there; from then on a crash is finished by the next start. Raises
    `NotEmpty`, `BackupBroken`, `ShardUnavailable` (for central), `OSError`.
    """
    _must_be_empty(data_dir)
    manifest = _manifest(source)
    result = ServerRestored()
    folder = files.begin(data_dir, NAME)
    try:
        central = folder / "central.db"
        _verified(manifest, source, "central.db")
        stage(source / "central.db", central)
        tenants, graves = files.prepare(central, "central", _read_central, now)
        found = sorted(path.stem for path in (source / "shards").glob("*.db"))
        result.strangers = [tenant for tenant in found if tenant not in tenants]
        taken = []
        for done, tenant in enumerate(tenants):
            progress(done, len(tenants))
            try:
                gone = _tenant(source, folder, manifest, tenant, graves.get(tenant, []), sealer, now, result)
            except (ShardError, ShowroomError) as error:
                result.failed[tenant] = str(error)
                continue
            taken.append(tenant)
            result.media_files += _media(source / "media" / tenant, data_dir / "media" / tenant, gone)
        progress(len(tenants), len(tenants))
        below = f"{files.FOLDER}/{NAME}{files.READY}"
        moves = [(f"{below}/{tenant}.db", f"shards/{tenant}.db") for tenant in taken]
        moves.append((f"{below}/central.db", "central.db"))
        ready = files.decide(folder, moves, {"tenants": len(taken)})
    except BaseException:
        files.abandon(folder)
        raise
    files.finish(data_dir, ready)
    files.done(ready)
    result.tenants = len(taken)
    return result


def _must_be_empty(data_dir: Path) -> None:
    if (data_dir / "central.db").exists() or any((data_dir / "shards").glob("*.db")):
        raise NotEmpty(
            f"{data_dir} has data already",
            "name a tenant to restore only that one, or move the data directory away first",
        )


def _manifest(source: Path) -> Manifest | None:
    if not (source / "central.db").is_file():
        raise BackupBroken(f"{source} has no central.db", "name a folder that `showroomd backup` made of all tenants")
    return manifests.read(source) if (source / manifests.NAME).exists() else None


def _verified(manifest: Manifest | None, source: Path, path: str) -> None:
    """Raises `BackupBroken` when the file is not the one the manifest speaks of."""
    for file in manifest.files if manifest is not None else ():
        if file.path == path and (file.bytes, file.sha256) != manifests.measured(source / path):
            raise BackupBroken(f"{source / path} is not as it was when it was backed up", "take another backup")


def _read_central(tx: Tx) -> tuple[list[str], dict[str, list[Tombstone]]]:
    rows = tx.rows("SELECT id FROM tenants WHERE state IN ('active', 'suspended') ORDER BY id")
    tenants = [id_ for (id_,) in rows]
    return tenants, {tenant: [Tombstone(*grave) for grave in ledger.graves(tx, tenant)] for tenant in tenants}


def _tenant(
    source: Path,
    folder: Path,
    manifest: Manifest | None,
    tenant: str,
    graves: list[Tombstone],
    sealer: Sealer,
    now: datetime,
    result: ServerRestored,
) -> set[str]:
    path, staged = f"shards/{tenant}.db", folder / f"{tenant}.db"
    if not (source / path).is_file():
        raise BackupBroken("its file is not in the backup", "look for it in another one")
    try:
        _verified(manifest, source, path)
        stage(source / path, staged)
        reborn, other_key = files.prepare(
            staged, "tenant", partial(_begin_again, tenant=tenant, graves=graves, sealer=sealer), now
        )
    except (ShardError, ShowroomError):
        staged.unlink(missing_ok=True)
        raise
    result.other_key += other_key
    return set(reborn.media)


def _begin_again(tx: Tx, tenant: str, graves: list[Tombstone], sealer: Sealer) -> tuple[rebirth.Reborn, bool]:
    rebirth.expect(rebirth.who(tx), tenant)
    other = tx.value("SELECT 1 FROM sealed WHERE key_id <> ? LIMIT 1", (sealer.key_id,)) is not None
    return rebirth.begin_again(tx, graves=graves, keyed_hash=partial(sealer.keyed_hash, tenant)), other


def _media(source: Path, target: Path, gone: set[str]) -> int:
    """Customers' files by their hash, but for those of the erased; how many. What is there already is the same."""
    count = 0
    for path in sorted(source.glob("[0-9a-f][0-9a-f]/*")) if source.is_dir() else ():
        if path.parent.name + path.name in gone:
            continue
        there = target / path.parent.name / path.name
        count += 1
        if there.exists():
            continue
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partly = target / f".incoming-{path.parent.name}{path.name}"
        shutil.copyfile(path, partly)
        sync(partly)
        partly.replace(there)
    return count
