"""Whether backups are good: integrity, references, manifest, and this version's code reading a conversation back."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import define, field

from daemon.backup import manifest as manifests
from daemon.backup.manifest import BackupBroken, Manifest
from daemon.control.backup_ports import BackupFile
from shards import restore as files
from shards.central import tenants as central_tenants
from shards.errors import ShardError
from shards.inspection import FileFacts, facts, opened
from shards.migrate import newest
from shards.shard import Tx
from shards.snapshot import stage
from shards.tenant import profile, views

MESSAGES_READ: Final = 20


@define
class Verdict:
    """What was found of one file. It is good when `faults` is empty."""

    path: str
    kind: str = ""
    tenant: str = ""
    schema: int = 0
    messages: int = 0
    last_message_at: datetime | None = None
    bytes: int = 0
    read_back: str = ""
    faults: list[str] = field(factory=list)


def verify(paths: list[Path], now: datetime) -> Iterator[Verdict]:
    """Look at each file, and at every file of each folder. Writes nothing beside them. Blocks."""
    for path in paths:
        if path.is_dir():
            yield from _folder(path, now)
        else:
            manifest = _manifest_of(path)
            yield _file(path, str(path), manifest, now)


def _manifest_of(path: Path) -> dict[str, BackupFile]:
    """The manifest's line of a single file, if the file is in a set."""
    folder = path.parent.parent if path.parent.name == "shards" else path.parent
    try:
        manifest = manifests.read(folder) if (folder / manifests.NAME).is_file() else None
    except BackupBroken:
        manifest = None
    found = {file.path: file for file in manifest.files} if manifest is not None else {}
    name = str(path.relative_to(folder))
    return {str(path): found[name]} if name in found else {}


def _folder(folder: Path, now: datetime) -> Iterator[Verdict]:
    listed: dict[str, BackupFile] = {}
    if (folder / manifests.NAME).exists():
        try:
            manifest: Manifest = manifests.read(folder)
        except BackupBroken as error:
            yield Verdict(str(folder / manifests.NAME), faults=[str(error)])
            return
        listed = {file.path: file for file in manifest.files}
    there = {str(path.relative_to(folder)) for path in (*folder.glob("*.db"), *folder.glob("shards/*.db"))}
    if not there and not listed:
        yield Verdict(str(folder), faults=["there is no database in it"])
    for name in sorted(there | set(listed)):
        expected = {str(folder / name): listed[name]} if name in listed else {}
        verdict = _file(folder / name, str(folder / name), expected, now)
        if listed and name not in listed:
            verdict.faults.append("the manifest does not name it")
        yield verdict


def _file(path: Path, shown: str, listed: dict[str, BackupFile], now: datetime) -> Verdict:
    verdict = Verdict(shown)
    try:
        if not path.is_file():
            verdict.faults.append("it is not there")
            return verdict
        verdict.bytes = path.stat().st_size
        found = facts(path, check=True)
        verdict.kind, verdict.tenant, verdict.schema = found.kind, found.tenant, found.schema
        verdict.messages = found.messages
        last = found.last_message_at
        verdict.last_message_at = None if last is None else datetime.fromtimestamp(last / 1000, UTC)
        verdict.faults += found.faults
        if expected := listed.get(str(path)):
            verdict.faults += _differences(path, verdict, expected)
        if found.too_new:
            verdict.faults.append(
                f"schema {found.schema} is of a later showroomd, this one knows {newest(found.kind)}: use that one"
            )
        elif not found.faults:
            verdict.read_back = _read_back(path, found, now)
    except ShardError as error:
        verdict.faults.append(str(error))
    except OSError as error:
        verdict.faults.append(f"it cannot be read ({error.strerror or error})")
    return verdict


def _differences(path: Path, verdict: Verdict, expected: BackupFile) -> Iterator[str]:
    size, digest = manifests.measured(path)
    if (size, digest) != (expected.bytes, expected.sha256):
        yield "its bytes are not those of the manifest"
    for name in ("schema", "tenant", "messages", "last_message_at"):
        found, said = getattr(verdict, name), getattr(expected, name)
        if found != said:
            yield f"{name} is {found}, the manifest says {said}"


def _read_back(path: Path, found: FileFacts, now: datetime) -> str:
    """Use it as the daemon would, an older one in a migrated copy; a sentence. Raises `ShardUnavailable`."""
    reading = _central if found.kind == "central" else _tenant
    if found.schema == newest(found.kind):
        with opened(path) as connection:
            return reading(Tx(connection, now))
    with tempfile.TemporaryDirectory(prefix="showroomd-verify-") as folder:
        staged = Path(folder) / path.name
        stage(path, staged)
        return files.prepare(staged, found.kind, reading, now) + ", after migrating a copy"


def _central(tx: Tx) -> str:
    count = sum(1 for _ in central_tenants.page(tx, limit=1_000_000))
    return f"{count} tenants"


def _tenant(tx: Tx) -> str:
    name = profile.load(tx).name
    conversations, _ = views.conversations(tx, limit=1)
    if not conversations:
        return f"{name}: no conversation yet"
    read, _ = views.messages(tx, conversations[0].id, limit=MESSAGES_READ, newest_first=True)
    return f"{name}: {len(read)} messages of the newest conversation"
