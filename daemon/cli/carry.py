"""A backup set on its way to another disk: every byte compared with the manifest, old sets thinned out."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from daemon.backup import manifest as manifests
from daemon.backup.manifest import PARTIAL, SET_ID, BackupBroken
from daemon.backup.sets import prune
from shards.snapshot import sync

Progress = Callable[[int, int], None]


def carry(source: Path, root: Path, keep: int, progress: Progress = lambda done, total: None) -> Path:
    """Copy the set `source` into the folder `root`, then remove the oldest of its kind beyond `keep`; where it is.

    Customers' files that an earlier set in `root` has become links to those: they never change. Blocks. Raises
    `BackupBroken`, `OSError`; then nothing of it is left.
    """
    manifest = manifests.read(source)
    target, partial = root / manifest.id, root / f"{manifest.id}{PARTIAL}"
    if target.exists():
        raise BackupBroken(f"{target} is there already", "move it away")
    shutil.rmtree(partial, ignore_errors=True)
    media = sorted(path.relative_to(source) for path in source.glob("media/*/??/*"))
    total = len(manifest.files) + len(media)
    before = _before(root, manifest.tenant)
    try:
        (partial / "shards").mkdir(parents=True, mode=0o700)
        for done, file in enumerate(manifest.files):
            progress(done, total)
            if _copied(source / file.path, partial / file.path) != file.sha256:
                raise BackupBroken(f"{source / file.path} is not as the manifest says", "back up again")
        for done, path in enumerate(media, len(manifest.files)):
            progress(done, total)
            _media(path, source, partial, before)
        shutil.copyfile(source / manifests.NAME, partial / manifests.NAME)
        for path in (partial / manifests.NAME, partial / "shards", partial):
            sync(path)
        partial.replace(target)
        sync(root)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    prune(root, keep, manifest.tenant)
    return target


def _before(root: Path, tenant: str | None) -> Path | None:
    kind = tenant or ""
    names = [path.name for path in root.iterdir() if SET_ID.fullmatch(path.name)]
    mine = sorted(name for name in names if name.partition("-of-")[2] == kind)
    return root / mine[-1] if mine else None


def _copied(source: Path, target: Path) -> str:
    """Copy one file to the disk; the SHA-256 of what was read."""
    digest = hashlib.sha256()
    with source.open("rb") as full, target.open("xb") as empty:
        while chunk := full.read(1 << 20):
            digest.update(chunk)
            empty.write(chunk)
        empty.flush()
        os.fsync(empty.fileno())
    return digest.hexdigest()


def _media(path: Path, source: Path, target: Path, before: Path | None) -> None:
    there = target / path
    there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if before is not None and (before / path).is_file():
        try:
            os.link(before / path, there)
        except OSError:
            pass  # another file system, or one without links
        else:
            return
    _copied(source / path, there)
