"""A `Backups` that makes nothing: what the control API is tested against."""

from pathlib import Path

from attrs import define, evolve, field

from daemon.control.backup_ports import (
    BackupDetail,
    BackupReport,
    CopyReport,
    EpochDifference,
    LostMessageReport,
    LostReport,
    ReconcileLine,
    RestoreReport,
)
from shards.errors import Conflict, Invalid, NotFound
from tests.support.tenancy import now

RESTORED = RestoreReport(
    tenant="auto-sul",
    epoch="e-2",
    restored_at=now(),
    last_message_at=now(),
    kept_aside="aside/auto-sul-x",
    unknown_sends=1,
    handed_over=2,
    opted_out=3,
    opted_in=0,
    erased=4,
    lost=LostReport(
        known=True,
        received=1,
        sent=0,
        conversations=0,
        contacts=0,
        leads=0,
        appointments=0,
        messages=(LostMessageReport(id="01m", network_id="wamid.9", direction="in", conversation="01c", at=now()),),
    ),
)
LINE = ReconcileLine(
    tenant="auto-sul",
    in_file=5,
    in_central=7,
    waiting=0,
    missing=0,
    only_central=(EpochDifference(epoch="e-1", receipts=2, input_tokens=0, output_tokens=0, messages=2),),
    error="",
)


@define
class FakeBackups:
    """Remembers what it was asked."""

    made: list[BackupReport] = field(factory=list)
    asked: list[tuple[str, str]] = field(factory=list)

    async def copy_now(self) -> CopyReport:
        self.asked.append(("copy", ""))
        return CopyReport(copied=2, bytes=4096, seconds=0.1, failed={}, age_seconds=0.0)

    async def begin(self, tenant: str | None) -> BackupReport:
        if tenant not in (None, "auto-sul"):
            raise NotFound(f"there is no tenant {tenant!r}")
        made = BackupReport(
            id=f"20260314T15092{len(self.made)}Z",
            state="running",
            tenant=tenant,
            started_at=now(),
            ended_at=None,
            done=0,
            total=3,
            bytes=0,
            error="",
            folder="",
        )
        self.made.insert(0, evolve(made, state="done", ended_at=now(), done=3, folder="/data/backups/x"))
        return made

    async def sets(self) -> list[BackupReport]:
        return self.made

    async def one(self, id_: str) -> BackupDetail:
        return BackupDetail(backup=self._found(id_), files=(), media_files=0, media_bytes=0)

    async def remove(self, id_: str) -> None:
        self.made.remove(self._found(id_))

    def _found(self, id_: str) -> BackupReport:
        for made in self.made:
            if made.id == id_:
                return made
        raise NotFound(f"there is no backup {id_!r}")

    async def source(self, *, backup: str, file: str, tenant: str) -> Path:
        if bool(backup) == bool(file):
            raise Invalid("either a backup or a file must be named", "give one of the two", path="file")
        return Path("/data") / (backup or file)

    async def restore(self, tenant: str, source: Path) -> RestoreReport:
        self.asked.append((tenant, str(source)))
        if tenant != "auto-sul":
            raise NotFound(f"there is no tenant {tenant!r}")
        return RESTORED

    async def adopt(self, source: Path) -> RestoreReport:
        self.asked.append(("adopt", str(source)))
        if "taken" in source.name:
            raise Conflict("the id 'auto-sul' is taken")
        return RESTORED

    async def reconcile(self, tenant: str) -> list[ReconcileLine]:
        return [LINE]
