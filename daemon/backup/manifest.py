"""What a backup set says of itself: `manifest.json`, beside its files."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from daemon import __version__
from daemon.control.backup_ports import BackupFile
from daemon.errors import ShowroomError
from shards.inspection import facts
from shards.snapshot import sync

NAME: Final = "manifest.json"
FORMAT: Final = 1
SET_ID: Final = re.compile(r"\d{8}T\d{6}Z(-\d+)?(-of-[a-z0-9][a-z0-9-]{1,62})?")
PARTIAL: Final = ".partial"


class BackupBroken(ShowroomError):
    """A set, or its manifest, cannot be used."""


@frozen(kw_only=True)
class Manifest:
    """One set. `media_files` and `media_bytes` are of the customers' files in it."""

    id: str
    version: str
    tenant: str | None
    started_at: datetime
    ended_at: datetime
    files: tuple[BackupFile, ...]
    media_files: int = 0
    media_bytes: int = 0

    @property
    def bytes(self) -> int:
        """Of all databases."""
        return sum(file.bytes for file in self.files)


def set_id(now: datetime, tenant: str | None, taken: set[str]) -> str:
    """A name for a set that begins now, and that is not taken."""
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    of = f"-of-{tenant}" if tenant else ""
    for number in range(1, 1000):
        name = f"{stamp}{f'-{number}' if number > 1 else ''}{of}"
        if name not in taken:
            return name
    raise BackupBroken(f"there are too many backups of {stamp}", "wait a second")


def described(folder: Path, path: str) -> BackupFile:
    """One file of a set as it is. Blocks: in a thread. Raises `ShardUnavailable`."""
    found = facts(folder / path)
    size, digest = measured(folder / path)
    last = found.last_message_at
    return BackupFile(
        path=path,
        kind=found.kind,
        tenant=found.tenant,
        schema=found.schema,
        epoch=found.epoch,
        bytes=size,
        sha256=digest,
        messages=found.messages,
        last_message_at=None if last is None else datetime.fromtimestamp(last / 1000, UTC),
    )


def measured(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of a file. Raises `OSError`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def write(folder: Path, manifest: Manifest) -> None:
    """Keep it with the set, on disk. Raises `OSError`."""
    document = {"format": FORMAT, "showroomd": __version__, **asdict(manifest)}
    path = folder / NAME
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=_time), "utf-8")
    sync(path)


def read(folder: Path) -> Manifest:
    """The set's manifest. Raises `BackupBroken` when there is none that we can read."""
    path = folder / NAME
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise BackupBroken(f"{path} has format {document['format']}", "use the showroomd version that wrote it")
        return _manifest(document)
    except FileNotFoundError as error:
        raise BackupBroken(f"{folder} has no {NAME}", "name a folder that `showroomd backup` made") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupBroken(f"{path} is damaged ({type(error).__name__})", "take another backup") from error


def _manifest(document: dict[str, Any]) -> Manifest:
    return Manifest(
        id=str(document["id"]),
        version=str(document["version"]),
        tenant=document["tenant"],
        started_at=datetime.fromisoformat(document["started_at"]),
        ended_at=datetime.fromisoformat(document["ended_at"]),
        files=tuple(_file(file) for file in document["files"]),
        media_files=int(document["media_files"]),
        media_bytes=int(document["media_bytes"]),
    )


def _file(document: dict[str, Any]) -> BackupFile:
    last = document["last_message_at"]
    path = str(document["path"])
    if not re.fullmatch(r"central\.db|shards/[a-z0-9][a-z0-9-]{1,62}\.db", path):
        raise ValueError(path)
    return BackupFile(**{**document, "last_message_at": None if last is None else datetime.fromisoformat(last)})


def _time(value: object) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat()
