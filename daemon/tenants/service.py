"""Tenants and their lives, behind the control API (`daemon.control.ports.Tenancy`)."""

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import trio
from attrs import evolve

from daemon.control.ports import TenantReport, TenantRow
from daemon.desk.receive import PAUSE_FACT
from daemon.logs import get_logger
from daemon.sealing import Sealed
from daemon.tenants import routing
from daemon.tenants.linking import LinkCalls
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from shards import requests
from shards.central import parked, tenants
from shards.directory import ShardHandle, check_tenant_id
from shards.errors import Conflict, Invalid, NotFound, ShardError, ShardUnavailable
from shards.requests import StoredRequest
from shards.shard import Shard, Tx
from shards.tenant import identity
from shards.tenant import profile as profiles
from shards.tenant.profile import TenantProfile

PARKED_FILE: Final = "parked.ndjson"

_log = get_logger("tenancy")


class TenantService(LinkCalls):
    """The one implementation of `Tenancy`. Every method is durable when it returns.

    What a change writes to central and to the shard is never cut off by a cancel, only by a crash.
    """

    def __init__(
        self,
        *,
        central: Shard,
        around: Surroundings,
        supervisor: Supervisor,
        roll_up: Callable[[str], Awaitable[object]],
        forget_parked: Callable[[str], None],
    ) -> None:
        """`roll_up(tenant)` copies its receipts to central; `forget_parked` ends its parking."""
        super().__init__(around=around, supervisor=supervisor)
        self._central = central
        self._roll_up = roll_up
        self._forget_parked = forget_parked
        self._rows: dict[str, tenants.TenantRow] = {}
        self._changing: dict[str, trio.Lock] = {}

    async def open(self) -> list[str]:
        """Repair what a crash left between central and a shard; the tenants that should run."""
        after, active = "", []
        while page := await self._central.read(partial(tenants.page, after=after, limit=500)):
            after = page[-1].id
            for row in page:
                whole = await self._repair(row) if row.state == "reserved" else row
                if whole is not None:
                    self._rows[whole.id] = whole
                    if whole.state == "active":
                        active.append(whole.id)
                    else:
                        self._around.receipts(whole.id)  # its nursery does not open the file and look
        return active

    async def _repair(self, row: tenants.TenantRow) -> tenants.TenantRow | None:
        """A creation that a crash cut off: finished if the shard is whole, else undone."""
        try:
            whole = self._directory.path(row.id).exists() and await self._written(row.id)
        except ShardUnavailable as error:
            _log.warning("tenant_creation_undecided", tenant=row.id, reason=str(error))
            return None
        if whole:
            await self._central.write(partial(tenants.set_state, tenant=row.id, state="active"))
            _log.warning("tenant_creation_finished", tenant=row.id)
            return evolve(row, state="active")
        await self._undo(row.id, remove_file=True)
        _log.warning("tenant_creation_undone", tenant=row.id)
        return None

    async def mend_route(self, tenant: str) -> None:
        """Let central lead to where the shard's profile says: a crash may have come between the two.

        Raises `ShardError`; a number that another tenant has meanwhile is left to it, with a warning.
        """
        profile = await self._directory.handle(tenant).glance(profiles.load)
        if await self._central.glance(partial(routing.led_by, tenant=tenant)) == routing.leads(profile):
            return
        try:
            await self._central.write(partial(routing.reroute, profile=profile))
        except (Conflict, Invalid) as error:
            _log.warning("route_not_mended", tenant=tenant, reason=str(error))
        else:
            _log.warning("route_mended", tenant=tenant)

    async def _written(self, tenant: str) -> bool:
        try:
            await self._directory.handle(tenant).read(profiles.load)
        except NotFound:
            return False
        return True

    async def _undo(self, tenant: str, *, remove_file: bool) -> None:
        """Take a reservation back, and the file that was made for it."""
        await self._central.write(partial(tenants.forget_reservation, tenant=tenant))
        if remove_file:
            await self._directory.release(tenant)
            await trio.to_thread.run_sync(self._remove_made, tenant, limiter=self._directory.limiter)

    def _remove_made(self, tenant: str) -> None:
        for path in _with_logs(self._directory.path(tenant)):
            path.unlink(missing_ok=True)

    def change(self, tenant: str) -> trio.Lock:
        """To be held by whoever changes the tenant's life."""
        return self._changing.setdefault(tenant, trio.Lock())

    async def learn(self, tenant: str) -> tenants.TenantRow:
        """Read central's row of the tenant anew, because it was written from outside. Raises `NotFound`."""
        self._rows[tenant] = row = await self._central.glance(partial(tenants.one, tenant=tenant))
        return row

    async def create(
        self, profile: TenantProfile, secrets: Mapping[str, str], *, request: StoredRequest | None = None
    ) -> TenantReport:
        """Reserve in central, write the shard, activate, start. A crash in between is repaired at the next start.

        What fails on the way is undone. Raises `Conflict` also when a file of that name is there already.
        """
        check_tenant_id(profile.id)
        async with self.change(profile.id):
            with trio.CancelScope(shield=True):
                resumed = await self._central.write(partial(_reserve, profile=profile, request=request))
                try:
                    await self._make(profile, secrets, request, may_exist=resumed)
                except ShardError:
                    await self._undo_quietly(profile.id)
                    raise
            self._rows[profile.id] = await self._central.glance(partial(tenants.one, tenant=profile.id))
            self._supervisor.start(profile.id)
            await self._supervisor.tried(profile.id)
        self._say(profile.id, "active")
        return self.report(profile.id)

    async def _make(
        self, profile: TenantProfile, secrets: Mapping[str, str], request: StoredRequest | None, *, may_exist: bool
    ) -> None:
        existed = self._directory.path(profile.id).exists()
        if existed and not may_exist:
            raise Conflict(
                f"there is a file {profile.id}.db already, of no tenant that central knows",
                "adopt it, or move it away",
            )
        try:
            shard = await self._directory.create(profile.id)
            await shard.write(partial(self._write_profile, profile=profile, secrets=secrets))
            await self._central.write(partial(_activate, tenant=profile.id, request=request))
        except ShardError:
            if not existed:
                await self._directory.release(profile.id)
                await trio.to_thread.run_sync(self._remove_made, profile.id, limiter=self._directory.limiter)
            raise

    async def _undo_quietly(self, tenant: str) -> None:
        try:
            await self._undo(tenant, remove_file=False)
        except ShardError as error:
            _log.warning("tenant_creation_not_undone", tenant=tenant, reason=str(error))

    async def update(self, profile: TenantProfile, secrets: Mapping[str, str | None]) -> TenantReport:
        """Replace the profile and the secrets named (None removes one), then restart the tenant's nursery."""
        self._known(profile.id)
        async with self.change(profile.id):
            self._known(profile.id)
            with trio.CancelScope(shield=True):
                await self._rewrite(profile, secrets)
            self._rows[profile.id] = await self._central.glance(partial(tenants.one, tenant=profile.id))
            if self._rows[profile.id].state == "active":
                await self._restart(profile.id)
        self._say(profile.id, "changed")
        return self.report(profile.id)

    async def _rewrite(self, profile: TenantProfile, secrets: Mapping[str, str | None]) -> None:
        shard = self._directory.handle(profile.id)
        before = await shard.read(profiles.load)
        await self._central.write(partial(routing.reroute, profile=profile))
        try:
            await shard.write(partial(self._write_profile, profile=profile, secrets=secrets))
        except ShardError:
            await self._central.write(partial(routing.reroute, profile=before))
            raise

    def _write_profile(self, tx: Tx, profile: TenantProfile, secrets: Mapping[str, str | None]) -> None:
        identity.establish(tx, profile.id)
        profiles.save(tx, profile)
        for field, value in secrets.items():
            if value is None:
                identity.unseal(tx, field)
            else:
                sealed: Sealed = self._around.sealer.seal(profile.id, field, value)
                identity.seal(tx, field, sealed.key_id, sealed.value)
        if secrets:
            identity.set_fact(tx, PAUSE_FACT, "")

    async def delete(self, tenant: str) -> None:
        """Stop it, account for what it used, and move its files to `deleted/<tenant>-<time>/`.

        A crash in between leaves it deleted; its files are then still where they were.
        """
        self._known(tenant)
        async with self.change(tenant):
            before = self._known(tenant)
            with trio.CancelScope(shield=True):
                await self._supervisor.stop(tenant)
                try:
                    await self._roll_up(tenant)
                    await self._central.write(partial(tenants.delete, tenant=tenant))
                except ShardError:
                    if before.state == "active":
                        self._supervisor.start(tenant)
                    raise
                self._rows.pop(tenant, None)
                await self._directory.release(tenant)
                await self._around.sessions.release(tenant)
                kept = await self._parked_parts(tenant)
                await trio.to_thread.run_sync(self._move_aside, tenant, kept, limiter=self._directory.limiter)
                if kept:
                    await self._central.write(partial(parked.replayed, tenant=tenant, up_to=kept[-1][0]))
                self._forget_parked(tenant)
        self._changing.pop(tenant, None)
        self._say(tenant, "deleted")

    async def _parked_parts(self, tenant: str) -> list[tuple[int, bytes]]:
        return await self._central.read(partial(parked.oldest, tenant=tenant, limit=-1))

    def _move_aside(self, tenant: str, parked_parts: list[tuple[int, bytes]]) -> None:
        data_dir = self._around.data_dir
        target = data_dir / "deleted" / f"{tenant}-{self._around.now():%Y%m%dT%H%M%SZ}"
        target.mkdir(parents=True, mode=0o700)
        if parked_parts:
            (target / PARKED_FILE).write_bytes(b"".join(document + b"\n" for _, document in parked_parts))
        # In one folder now: the shard keeps its name, what could be taken for it does not.
        moves = [(path, path.name) for path in _with_logs(self._directory.path(tenant))]
        moves += [(path, f"session-{path.name}") for path in _with_logs(self._around.sessions.path(tenant))]
        moves.append((data_dir / "media" / tenant, f"media-{tenant}"))
        for path, name in moves:
            if path.exists():
                os.replace(path, target / name)

    async def suspend(self, tenant: str, reason: str, *, request: StoredRequest | None = None) -> TenantReport:
        """Stop answering; customers' messages are still received and stored."""
        self._known(tenant)
        async with self.change(tenant):
            self._known(tenant)
            with trio.CancelScope(shield=True):
                await self._set_state(tenant, "suspended", reason, request)
                await self._supervisor.stop(tenant)
        return self.report(tenant)

    async def resume(self, tenant: str, *, request: StoredRequest | None = None) -> TenantReport:
        """Run again: a suspended tenant, and one whose account was paused."""
        self._known(tenant)
        async with self.change(tenant):
            self._known(tenant)
            await self._directory.handle(tenant).write(partial(identity.set_fact, key=PAUSE_FACT, value=""))
            await self._set_state(tenant, "active", "", request)
            await self._restart(tenant)
        return self.report(tenant)

    async def _set_state(self, tenant: str, state: str, reason: str, request: StoredRequest | None) -> None:
        await self._central.write(partial(_set_state, tenant=tenant, state=state, reason=reason, request=request))
        self._rows[tenant] = await self._central.glance(partial(tenants.one, tenant=tenant))
        self._say(tenant, state, reason)

    async def restart(self, tenant: str) -> TenantReport:
        """End the tenant's nursery and start it anew now."""
        self._known(tenant)
        async with self.change(tenant):
            if self._known(tenant).state == "active":
                await self._restart(tenant)
        return self.report(tenant)

    async def _restart(self, tenant: str) -> None:
        with trio.CancelScope(shield=True):  # never stopped without being started again
            await self._supervisor.stop(tenant)
            self._supervisor.start(tenant)
        await self._supervisor.tried(tenant)

    def _known(self, tenant: str) -> tenants.TenantRow:
        row = self._rows.get(tenant)
        if row is None:
            raise NotFound(f"there is no tenant {tenant!r}", "list the tenants to find the id")
        return row

    def _say(self, tenant: str, state: str, reason: str = "") -> None:
        self._around.events.publish("tenant", {"tenant": tenant, "state": state, "reason": reason}, tenant)

    # Looking

    def known(self) -> list[str]:
        """The ids of all tenants, deleted ones left out."""
        return list(self._rows)

    async def rows(self, *, after: str = "", limit: int = 100) -> list[TenantRow]:
        """Tenants by id, deleted ones left out, and those whose creation is not done."""
        await trio.lowlevel.checkpoint()
        ids = sorted(tenant for tenant in self._rows if tenant > after)[:limit]
        return [_row(self._rows[tenant]) for tenant in ids]

    async def row(self, tenant: str) -> TenantRow:
        """One tenant. Raises `NotFound`."""
        await trio.lowlevel.checkpoint()
        return _row(self._known(tenant))

    async def profile(self, tenant: str) -> TenantProfile:
        """The tenant's profile, from its shard."""
        return await self.shard(tenant).glance(profiles.load)

    async def secret_names(self, tenant: str) -> frozenset[str]:
        """Which secrets are set."""
        return await self.shard(tenant).glance(identity.sealed_fields)

    def report(self, tenant: str) -> TenantReport:
        """How the tenant is. Raises `NotFound`."""
        row = self._known(tenant)
        if row.state == "suspended":
            return TenantReport(state="suspended", reason=row.reason)
        return self._supervisor.report(tenant) or TenantReport(state=row.state, reason=row.reason)

    def all_reports(self) -> Mapping[str, TenantReport]:
        """Every tenant that has a nursery or should have."""
        return {tenant: self.report(tenant) for tenant in self._rows}

    def shard(self, tenant: str) -> ShardHandle:
        """The tenant's rows. Raises `NotFound`."""
        self._known(tenant)
        return self._directory.handle(tenant)


def _with_logs(file: Path) -> list[Path]:
    return [file, *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))]


def _row(row: tenants.TenantRow) -> TenantRow:
    return TenantRow(id=row.id, name=row.name, state=row.state, reason=row.reason, created_at=row.created_at)


def _reserve(tx: Tx, profile: TenantProfile, request: StoredRequest | None) -> bool:
    """Take id and number; whether an earlier creation had the id reserved already."""
    if request is not None and (done := requests.find(tx, request.key)) is not None:
        raise requests.AlreadyDone(done, request.key)
    reserved: str | None = tx.value("SELECT state FROM tenants WHERE id = ?", (profile.id,))
    tenants.reserve(tx, profile.id, profile.name)
    routing.route(tx, profile)
    return reserved == "reserved"


def _activate(tx: Tx, tenant: str, request: StoredRequest | None) -> None:
    tenants.set_state(tx, tenant, "active")
    requests.store(tx, request, tenant)


def _set_state(tx: Tx, tenant: str, state: str, reason: str, request: StoredRequest | None) -> None:
    tenants.set_state(tx, tenant, state, reason)
    requests.store(tx, request, tenant)
