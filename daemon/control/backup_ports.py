"""What the control API needs of copies, backups and restores, as a protocol and the types it speaks."""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class CopyReport:
    """A round of copies: what was copied now, what could not be, and how old the oldest unsaved change is."""

    copied: int
    bytes: int
    seconds: float
    failed: dict[str, str]
    age_seconds: float


@frozen(kw_only=True)
class BackupFile:
    """One database of a set, as its manifest has it."""

    path: str
    kind: str  # central | tenant
    tenant: str
    schema: int
    epoch: str
    bytes: int
    sha256: str
    messages: int
    last_message_at: datetime | None


@frozen(kw_only=True)
class BackupReport:
    """One dated set, on its way or made. `tenant` is null for all of them; `done` and `total` count databases."""

    id: str
    state: str  # running | done | failed
    tenant: str | None
    started_at: datetime
    ended_at: datetime | None
    done: int
    total: int
    bytes: int
    error: str
    folder: str


@frozen(kw_only=True)
class BackupDetail:
    """A set and what is in it."""

    backup: BackupReport
    files: tuple[BackupFile, ...]
    media_files: int
    media_bytes: int


@frozen(kw_only=True)
class LostMessageReport:
    """A message that came in or went out after the backup and is not in the restored file."""

    id: str
    network_id: str | None
    direction: str
    conversation: str
    at: datetime


@frozen(kw_only=True)
class LostReport:
    """What the file kept aside has and the restored one has not. `messages` lists the first 10,000 of them."""

    known: bool  # false: the file before could not be read
    received: int
    sent: int
    conversations: int
    contacts: int
    leads: int
    appointments: int
    messages: tuple[LostMessageReport, ...]


@frozen(kw_only=True)
class RestoreReport:
    """What a restore or an adoption did. Counts are rows."""

    tenant: str
    epoch: str
    restored_at: datetime
    last_message_at: datetime | None
    kept_aside: str
    unknown_sends: int
    handed_over: int
    opted_out: int
    opted_in: int
    erased: int
    lost: LostReport


@frozen(kw_only=True)
class EpochDifference:
    """Receipts of one epoch of a tenant that central has and the tenant's file has not."""

    epoch: str
    receipts: int
    input_tokens: int
    output_tokens: int
    messages: int


@frozen(kw_only=True)
class DayDifference:
    """Daily sums of central that are not what its own ledger says: receipts of one day and kind, in both."""

    day: str
    kind: str
    provider: str
    model: str
    summed: int
    in_ledger: int


@frozen(kw_only=True)
class ReconcileLine:
    """One tenant: receipts in its file and in central. `missing` should be 0: central lacks them; `days` should be
    empty: what is billed is what the ledger holds."""

    tenant: str
    in_file: int
    in_central: int
    waiting: int
    missing: int
    only_central: tuple[EpochDifference, ...]
    error: str
    days: tuple[DayDifference, ...] = ()


class Backups(Protocol):
    """Errors are `shards.errors` and `OSError`. What began goes on when the caller goes away."""

    async def copy_now(self) -> CopyReport:
        """Copy every file that changed, now."""
        ...

    async def begin(self, tenant: str | None) -> BackupReport:
        """Begin a set of all tenants or of one. Raises `NotFound`, `StorageFull`, `Conflict` while another is made."""
        ...

    async def sets(self) -> list[BackupReport]:
        """All sets, newest first."""
        ...

    async def one(self, id_: str) -> BackupDetail:
        """One set. Raises `NotFound`."""
        ...

    async def remove(self, id_: str) -> None:
        """Remove a set that is made. Raises `NotFound`, `Conflict`."""
        ...

    async def source(self, *, backup: str, file: str, tenant: str) -> Path:
        """The file that is meant: a tenant's in a set, or a path below the data directory. Raises `Invalid`."""
        ...

    async def restore(self, tenant: str, source: Path) -> RestoreReport:
        """Put a file in the place of the tenant's. Raises `NotFound`, `Invalid`, `Conflict`, `ShardUnavailable`."""
        ...

    async def adopt(self, source: Path) -> RestoreReport:
        """Take a tenant over from another server. Raises `Conflict` when its id or number is taken."""
        ...

    async def reconcile(self, tenant: str) -> list[ReconcileLine]:
        """Compare receipts, of one tenant or of all ("")."""
        ...
