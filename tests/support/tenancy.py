"""A `Tenancy` over real shards, without tasks: what the control API is tested against."""

from collections.abc import AsyncIterable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import define, evolve, field

from daemon.control.ports import ChannelReport, TaskReport, TenantReport, TenantRow
from shards import requests
from shards.directory import ShardDirectory, ShardHandle
from shards.errors import Conflict, NotFound
from shards.requests import StoredRequest
from shards.shard import Shard, Tx
from shards.tenant import contacts, conversations, identity, messages, profile
from shards.tenant.profile import TenantProfile


@define
class FakeTenancy:
    """Everything durable is; nothing runs. `reports` may be set by a test."""

    directory: ShardDirectory
    central: Shard
    reports: dict[str, TenantReport] = field(factory=dict)
    channels: dict[str, ChannelReport] = field(factory=dict)
    stock_changes: list[str] = field(factory=list)
    restarts: list[str] = field(factory=list)
    fails_with: Exception | None = None

    async def create(
        self, made: TenantProfile, secrets: Mapping[str, str], *, request: StoredRequest | None = None
    ) -> TenantReport:
        def reserve(tx: Tx) -> None:
            if tx.value("SELECT 1 FROM tenants WHERE id = ?", (made.id,)):
                raise Conflict(f"the id {made.id!r} is taken", "choose another")
            tx.run(
                "INSERT INTO tenants VALUES (?, ?, 'reserved', '', ?, ?)", (made.id, made.name, tx.now_ms, tx.now_ms)
            )

        def activate(tx: Tx) -> None:
            tx.run("UPDATE tenants SET state = 'active' WHERE id = ?", (made.id,))
            requests.store(tx, request, made.id)

        await self.central.write(reserve)
        handle = await self.directory.create(made.id)
        await handle.write(lambda tx: (identity.establish(tx, made.id), self._keep(tx, made, secrets)))
        await self.central.write(activate)
        self.reports[made.id] = TenantReport(
            state="active", tasks=(TaskReport(name="channel", state="running", since=now()),)
        )
        return self.reports[made.id]

    def _keep(self, tx: Tx, made: TenantProfile, secrets: Mapping[str, str | None]) -> None:
        profile.save(tx, made)
        for name, value in secrets.items():
            if value is None:
                tx.run("DELETE FROM sealed WHERE field = ?", (name,))
            else:
                identity.seal(tx, name, "test", value[::-1].encode())

    async def update(self, made: TenantProfile, secrets: Mapping[str, str | None]) -> TenantReport:
        await self.shard(made.id).write(lambda tx: self._keep(tx, made, secrets))
        await self.central.write(lambda tx: tx.run("UPDATE tenants SET name = ? WHERE id = ?", (made.name, made.id)))
        return self.report(made.id)

    async def delete(self, tenant: str) -> None:
        await self._set_state(tenant, "deleted", "", None)
        await self.directory.release(tenant)
        del self.reports[tenant]

    async def suspend(self, tenant: str, reason: str, *, request: StoredRequest | None = None) -> TenantReport:
        return await self._set_state(tenant, "suspended", reason, request)

    async def resume(self, tenant: str, *, request: StoredRequest | None = None) -> TenantReport:
        return await self._set_state(tenant, "active", "", request)

    async def _set_state(self, tenant: str, state: str, reason: str, request: StoredRequest | None) -> TenantReport:
        self.shard(tenant)

        def work(tx: Tx) -> None:
            tx.run("UPDATE tenants SET state = ?, reason = ? WHERE id = ?", (state, reason, tenant))
            requests.store(tx, request, tenant)

        await self.central.write(work)
        self.reports[tenant] = evolve(self.reports[tenant], state=state, reason=reason)
        return self.reports[tenant]

    async def restart(self, tenant: str) -> TenantReport:
        self.shard(tenant)
        self.restarts.append(tenant)
        return self.reports[tenant]

    async def rows(self, *, after: str = "", limit: int = 100) -> list[TenantRow]:
        return await self.central.read(
            lambda tx: [
                _row(row)
                for row in tx.rows(
                    "SELECT id, name, state, reason, created_at FROM tenants"
                    " WHERE id > ? AND state <> 'deleted' ORDER BY id LIMIT ?",
                    (after, limit),
                )
            ]
        )

    async def row(self, tenant: str) -> TenantRow:
        found = await self.central.read(
            lambda tx: tx.row(
                "SELECT id, name, state, reason, created_at FROM tenants WHERE id = ? AND state <> 'deleted'", (tenant,)
            )
        )
        if found is None:
            raise NotFound(f"there is no tenant {tenant!r}", "list the tenants")
        return _row(found)

    async def profile(self, tenant: str) -> TenantProfile:
        return await self.shard(tenant).read(profile.load)

    async def secret_names(self, tenant: str) -> frozenset[str]:
        return await self.shard(tenant).read(
            lambda tx: frozenset(row[0] for row in tx.rows("SELECT field FROM sealed"))
        )

    def report(self, tenant: str) -> TenantReport:
        return self.reports[tenant]

    def channel(self, tenant: str) -> ChannelReport:
        return self.channels.get(tenant, ChannelReport(kind="sandbox", state="up"))

    async def pair(self, tenant: str, phone: str) -> ChannelReport:
        extra = {"pairing_code": "ABCD-EFGH"} if phone else {"qr": "https://wa.me/settings/linked_devices#ref,a,b,c,1"}
        self.channels[tenant] = ChannelReport(kind="web", state="down", reason="waits for the phone", extra=extra)
        return self.channels[tenant]

    async def answer_passkey(self, tenant: str, assertion: Mapping[str, Any]) -> ChannelReport:
        raise Conflict("WhatsApp has not asked for a passkey", "begin with POST …/channel/pair")

    async def unlink(self, tenant: str) -> ChannelReport:
        self.channels[tenant] = ChannelReport(kind="web", state="down", reason="no phone is linked")
        return self.channels[tenant]

    def all_reports(self) -> Mapping[str, TenantReport]:
        return self.reports

    def shard(self, tenant: str) -> ShardHandle:
        if self.fails_with is not None:
            raise self.fails_with
        if tenant not in self.reports:
            raise NotFound(f"there is no tenant {tenant!r}", "list the tenants")
        return self.directory.handle(tenant)

    async def take_over(
        self, tenant: str, conversation: str, minutes: int | None, *, request: StoredRequest | None = None
    ) -> None:
        def work(tx: Tx) -> None:
            seq = conversations.by_id(tx, conversation).seq
            until = None if minutes is None else tx.now_ms + minutes * 60_000
            conversations.take_over(tx, seq, until)
            requests.store(tx, request, conversation)

        await self.shard(tenant).write(work)

    async def hand_back(self, tenant: str, conversation: str, *, request: StoredRequest | None = None) -> None:
        def work(tx: Tx) -> None:
            conversations.release(tx, conversations.by_id(tx, conversation).seq)
            requests.store(tx, request, conversation)

        await self.shard(tenant).write(work)

    async def human_says(
        self, tenant: str, conversation: str, text: str, *, request: StoredRequest | None = None
    ) -> str:
        def work(tx: Tx) -> str:
            seq = conversations.by_id(tx, conversation).seq
            conversations.take_over(tx, seq, None)
            id_ = messages.queue(tx, seq, author="human", kind="text", text=text)
            requests.store(tx, request, id_)
            return id_

        return await self.shard(tenant).write(work)

    async def sandbox_says(self, tenant: str, sender: str, text: str, *, request: StoredRequest | None = None) -> str:
        return await self.shard(tenant).write(lambda tx: say(tx, sender, text, request))

    async def sandbox_sends(
        self,
        tenant: str,
        sender: str,
        file: AsyncIterable[bytes],
        *,
        mime_type: str,
        text: str = "",
        request: StoredRequest | None = None,
    ) -> str:
        body = b"".join([chunk async for chunk in file])
        kind = "image" if mime_type.startswith("image/") else "voice"
        if request is not None:
            request = evolve(request, key=evolve(request.key, body_hash=requests.body_hash(body)))
        return await self.shard(tenant).write(lambda tx: say(tx, sender, text, request, kind=kind))

    async def stock_changed(self, tenant: str) -> None:
        self.stock_changes.append(tenant)

    async def erase_contact(self, tenant: str, contact: str) -> None:
        def work(tx: Tx) -> None:
            if not tx.run("DELETE FROM contacts WHERE id = ?", (contact,)):
                raise NotFound(f"there is no contact {contact!r}")

        await self.shard(tenant).write(work)


def say(tx: Tx, sender: str, text: str, request: StoredRequest | None = None, *, kind: str = "text") -> str:
    """Store a sandbox customer's message that is owed an answer; its id."""
    who = contacts.resolve(tx, contacts.Identity(aliases=(("sandbox", sender),), name=sender.title()))
    thread = conversations.of_contact(tx, who.seq, "sandbox")
    count = tx.value("SELECT count(*) FROM messages")
    inbound = messages.NewInbound(
        conversation=thread.seq, kind=kind, text=text, network_id=f"sandbox-{sender}-{count}", at=tx.now_ms
    )
    _, id_ = messages.store_inbound(tx, inbound)
    conversations.customer_wrote(tx, thread, at=tx.now_ms)
    conversations.owe(tx, thread, quiet_ms=1500, quiet_max_ms=6000)
    requests.store(tx, request, id_)
    return id_


def _row(row: tuple[Any, ...]) -> TenantRow:
    id_, name, state, reason, created_at = row
    return TenantRow(
        id=id_, name=name, state=state, reason=reason, created_at=datetime.fromtimestamp(created_at / 1000, UTC)
    )


def now() -> datetime:
    """The one moment of these tests."""
    return datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


Now = Callable[[], datetime]
