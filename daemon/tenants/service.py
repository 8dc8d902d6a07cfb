"""Tenants and what people do in them, behind the control API (`daemon.control.ports.Tenancy`)."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import trio
from attrs import evolve

from daemon.channels.media import media_path
from daemon.control.ports import ChannelReport, TenantReport, TenantRow
from daemon.desk.receive import PAUSE_FACT, Received, Rules, receive
from daemon.logs import get_logger
from daemon.sealing import Sealed
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tenant import rules_of
from daemon.whatsapp.events import MessageReceived, Sender
from shards import requests
from shards.central import tenants
from shards.directory import ShardHandle, check_tenant_id
from shards.errors import Conflict, Invalid, NotFound
from shards.ids import new_id
from shards.requests import StoredRequest
from shards.shard import Shard, Tx
from shards.tenant import contacts, conversations, identity, messages, tombstones
from shards.tenant import profile as profiles
from shards.tenant.profile import TenantProfile

_log = get_logger("tenancy")


class TenantService:
    """The one implementation of `Tenancy`. Every method is durable when it returns."""

    def __init__(
        self,
        *,
        central: Shard,
        around: Surroundings,
        supervisor: Supervisor,
    ) -> None:
        self._central = central
        self._around = around
        self._directory = around.directory
        self._supervisor = supervisor
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
        return active

    async def _repair(self, row: tenants.TenantRow) -> tenants.TenantRow | None:
        """A creation that a crash cut off: finished if the shard is whole, else undone."""
        if self._directory.path(row.id).exists() and await self._written(row.id):
            await self._central.write(partial(tenants.set_state, tenant=row.id, state="active"))
            _log.warning("tenant_creation_finished", tenant=row.id)
            return evolve(row, state="active")
        await self._central.write(partial(tenants.forget_reservation, tenant=row.id))
        _log.warning("tenant_creation_undone", tenant=row.id)
        return None

    async def _written(self, tenant: str) -> bool:
        try:
            await self._directory.handle(tenant).read(profiles.load)
        except NotFound:
            return False
        return True

    def _lock(self, tenant: str) -> trio.Lock:
        return self._changing.setdefault(tenant, trio.Lock())

    # Tenants

    async def create(
        self, profile: TenantProfile, secrets: Mapping[str, str], *, request: StoredRequest | None = None
    ) -> TenantReport:
        """Reserve in central, write the shard, activate, start. A crash in between is repaired at the next start."""
        check_tenant_id(profile.id)
        async with self._lock(profile.id):
            if profile.id in self._rows:
                raise Conflict(f"the id {profile.id!r} is taken", "choose another id, or change that tenant")
            await self._central.write(partial(_reserve, profile=profile, request=request))
            shard = await self._directory.create(profile.id)
            await shard.write(partial(self._write_profile, profile=profile, secrets=secrets))
            await self._central.write(partial(_activate, tenant=profile.id, request=request))
            self._rows[profile.id] = await self._central.glance(partial(tenants.one, tenant=profile.id))
            self._supervisor.start(profile.id)
            await self._supervisor.tried(profile.id)
        self._say(profile.id, "active")
        return self.report(profile.id)

    async def update(self, profile: TenantProfile, secrets: Mapping[str, str | None]) -> TenantReport:
        """Replace the profile and the secrets named (None removes one), then restart the tenant's nursery."""
        self._known(profile.id)
        async with self._lock(profile.id):
            await self._central.write(partial(_reroute, profile=profile))
            await self._directory.handle(profile.id).write(
                partial(self._write_profile, profile=profile, secrets=secrets)
            )
            self._rows[profile.id] = await self._central.glance(partial(tenants.one, tenant=profile.id))
            if self._rows[profile.id].state == "active":
                await self._restart(profile.id)
        self._say(profile.id, "changed")
        return self.report(profile.id)

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
        """Stop it and move its files to `deleted/<tenant>-<time>/`. A crash in between leaves it deleted."""
        self._known(tenant)
        async with self._lock(tenant):
            await self._supervisor.stop(tenant)
            await self._central.write(partial(tenants.delete, tenant=tenant))
            self._rows.pop(tenant, None)
            await self._directory.release(tenant)
            await trio.to_thread.run_sync(self._move_aside, tenant, limiter=self._directory.limiter)
        self._changing.pop(tenant, None)
        self._say(tenant, "deleted")

    def _move_aside(self, tenant: str) -> None:
        data_dir = self._around.data_dir
        target = data_dir / "deleted" / f"{tenant}-{self._around.now():%Y%m%dT%H%M%SZ}"
        target.mkdir(parents=True, mode=0o700)
        shard = self._directory.path(tenant)
        names = [shard, *(shard.with_name(shard.name + suffix) for suffix in ("-wal", "-shm"))]
        for path in [*names, data_dir / "media" / tenant, data_dir / "sessions" / f"{tenant}.db"]:
            if path.exists():
                os.replace(path, target / (f"media-{path.name}" if path.is_dir() else path.name))

    async def suspend(self, tenant: str, reason: str, *, request: StoredRequest | None = None) -> TenantReport:
        """Stop answering; customers' messages are still received and stored."""
        self._known(tenant)
        async with self._lock(tenant):
            await self._supervisor.stop(tenant)
            await self._set_state(tenant, "suspended", reason, request)
        return self.report(tenant)

    async def resume(self, tenant: str, *, request: StoredRequest | None = None) -> TenantReport:
        """Run again: a suspended tenant, and one whose account was paused."""
        self._known(tenant)
        async with self._lock(tenant):
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
        async with self._lock(tenant):
            if self._rows[tenant].state == "active":
                await self._restart(tenant)
        return self.report(tenant)

    async def _restart(self, tenant: str) -> None:
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

    async def rows(self, *, after: str = "", limit: int = 100) -> list[TenantRow]:
        """Tenants by id, deleted ones left out."""
        found = await self._central.glance(partial(tenants.page, after=after, limit=limit))
        return [_row(row) for row in found]

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

    def channel(self, tenant: str) -> ChannelReport:
        """How the tenant's channel is. Raises `NotFound`."""
        self._known(tenant)
        running = self._supervisor.running(tenant)
        if running is None or running.profile is None:
            report = self.report(tenant)
            return ChannelReport(kind="", state="down", reason=report.reason, retry_at=report.retry_at)
        paused = running.outbox.pause_reason if running.outbox is not None else ""
        state = "paused" if paused else running.channel_state
        return ChannelReport(kind=running.profile.channel.kind, state=state, reason=paused or running.channel_reason)

    def all_reports(self) -> Mapping[str, TenantReport]:
        """Every tenant that has a nursery or should have."""
        return {tenant: self.report(tenant) for tenant in self._rows}

    def shard(self, tenant: str) -> ShardHandle:
        """The tenant's rows. Raises `NotFound`."""
        self._known(tenant)
        return self._directory.handle(tenant)

def _row(row: tenants.TenantRow) -> TenantRow:
    return TenantRow(id=row.id, name=row.name, state=row.state, reason=row.reason, created_at=row.created_at)


def _reserve(tx: Tx, profile: TenantProfile, request: StoredRequest | None) -> None:
    if request is not None and (done := requests.find(tx, request.key)) is not None:
        raise requests.AlreadyDone(done)
    tenants.reserve(tx, profile.id, profile.name)
    _route(tx, profile)


def _route(tx: Tx, profile: TenantProfile) -> None:
    channel = profile.channel
    if channel.kind == "cloud" and not channel.phone_number_id:
        raise Invalid("a cloud channel needs its number", "set phone_number_id", path="channel.phone_number_id")
    cloud = channel.kind == "cloud"
    tenants.route(
        tx,
        profile.id,
        phone_number_id=channel.phone_number_id if cloud else "",
        waba_id=channel.waba_id if cloud else "",
    )


def _reroute(tx: Tx, profile: TenantProfile) -> None:
    tenants.rename(tx, profile.id, profile.name)
    _route(tx, profile)


def _activate(tx: Tx, tenant: str, request: StoredRequest | None) -> None:
    tenants.set_state(tx, tenant, "active")
    requests.store(tx, request, tenant)


def _set_state(tx: Tx, tenant: str, state: str, reason: str, request: StoredRequest | None) -> None:
    tenants.set_state(tx, tenant, state, reason)
    requests.store(tx, request, tenant)
