"""What the control API needs of the running daemon, as protocols: the API is built from explicit arguments."""

from collections.abc import AsyncIterable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from attrs import field, frozen

from shards.directory import ShardHandle
from shards.requests import StoredRequest
from shards.shard import Shard
from shards.tenant.profile import TenantProfile

TaskState = Literal["starting", "running", "waiting", "backing_off", "paused", "failed", "stopped"]


@frozen(kw_only=True)
class TaskReport:
    """One task of the living nursery tree. `reason` is a sentence, "" when all is well."""

    name: str  # channel | message handler | outbox | cache refresh | rollup | …
    state: TaskState
    since: datetime
    reason: str = ""
    retry_at: datetime | None = None


@frozen(kw_only=True)
class TenantReport:
    """A tenant as its supervisor sees it."""

    state: str  # active | suspended | failed | credentials_needed | deleted
    reason: str = ""
    retry_at: datetime | None = None
    tasks: tuple[TaskReport, ...] = ()


@frozen(kw_only=True)
class TenantRow:
    """A tenant as central has it."""

    id: str
    name: str
    state: str
    reason: str
    created_at: datetime


@frozen(kw_only=True)
class ChannelReport:
    """The channel's state for `GET …/channel`."""

    kind: str
    state: str
    reason: str = ""
    retry_at: datetime | None = None
    jid: str | None = None
    extra: dict[str, Any] = field(factory=dict)


class Tenancy(Protocol):
    """Tenants: their lives and what people do in them. Errors are `shards.errors` (NotFound, Conflict, Invalid,
    ShardUnavailable). Everything is durable when it returns.

    `request` is written by `shards.requests.store(tx, request, subject)` in the transaction of the effect (with
    several transactions: the last), after the effect; its `AlreadyDone` passes through. `subject` is what the
    method returns, or else the id it was given. It is stored in central for `create`, `suspend` and `resume`, in
    the shard for the desk's methods."""

    async def create(
        self, profile: TenantProfile, secrets: Mapping[str, str], *, request: StoredRequest | None = None
    ) -> TenantReport:
        """Reserve in central, write the shard, activate, start. `secrets`: {"channel.access_token": …}."""
        ...

    async def update(self, profile: TenantProfile, secrets: Mapping[str, str | None]) -> TenantReport:
        """Replace the profile (and the secrets named; None removes one), and restart what it touches."""
        ...

    async def delete(self, tenant: str) -> None:
        """Stop it and move its files to `deleted/<tenant>-<time>/`; nothing is destroyed."""
        ...

    async def suspend(self, tenant: str, reason: str, *, request: StoredRequest | None = None) -> TenantReport: ...
    async def resume(self, tenant: str, *, request: StoredRequest | None = None) -> TenantReport: ...
    async def restart(self, tenant: str) -> TenantReport: ...

    async def rows(self, *, after: str = "", limit: int = 100) -> list[TenantRow]:
        """Tenants of central by id, deleted ones left out."""
        ...

    async def row(self, tenant: str) -> TenantRow:
        """One tenant of central. Raises `NotFound`, also for deleted ones."""
        ...

    async def profile(self, tenant: str) -> TenantProfile: ...

    async def secret_names(self, tenant: str) -> frozenset[str]:
        """Which secrets are set; values never come out."""
        ...

    def report(self, tenant: str) -> TenantReport: ...

    def channel(self, tenant: str) -> ChannelReport: ...

    async def pair(self, tenant: str, phone: str) -> ChannelReport:
        """Begin to link a phone to the `web` channel and wait, some seconds, for what is to be shown. Raises
        `Conflict` where there is nothing to link (another channel, a linked phone, a tenant that does not run)."""
        ...

    async def answer_passkey(self, tenant: str, assertion: Mapping[str, Any]) -> ChannelReport:
        """Give WhatsApp the passkey's answer. Raises `Conflict` when none was asked for."""
        ...

    async def unlink(self, tenant: str) -> ChannelReport:
        """Take the linked device back and put its keys aside. Raises `Conflict` as `pair`."""
        ...

    def all_reports(self) -> Mapping[str, TenantReport]:
        """Every tenant that has a nursery or should have."""
        ...

    def shard(self, tenant: str) -> ShardHandle:
        """The tenant's rows, whether its nursery runs or not. Raises `NotFound` for unknown tenants."""
        ...

    # The desk, from outside. Each wakes the tenant's tasks after its commit. Conversation ids are public ids.

    async def take_over(
        self, tenant: str, conversation: str, minutes: int | None, *, request: StoredRequest | None = None
    ) -> None:
        """A person has the conversation until `minutes` are over (None: until released)."""
        ...

    async def hand_back(self, tenant: str, conversation: str, *, request: StoredRequest | None = None) -> None: ...

    async def human_says(
        self, tenant: str, conversation: str, text: str, *, request: StoredRequest | None = None
    ) -> str:
        """Queue a salesperson's message and take the conversation over; the message's id. Bypasses turns."""
        ...

    async def sandbox_says(self, tenant: str, sender: str, text: str, *, request: StoredRequest | None = None) -> str:
        """A message from the sandbox customer `sender`; the message's id."""
        ...

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
        """A file from the sandbox customer `sender`, with a caption; the message's id. `request` is told from others
        by what is in the file. Raises `Invalid` for a file of no use, and what reading it raises."""
        ...

    async def stock_changed(self, tenant: str) -> None:
        """Tell the tenant's cache that vehicles were written."""
        ...

    async def erase_contact(self, tenant: str, contact: str) -> None:
        """Remove the contact with its conversations, messages, leads and visits; leave a tombstone. LGPD."""
        ...


class Events(Protocol):
    """The bounded ring behind `GET /v1/events`."""

    def publish(self, event: str, data: Mapping[str, Any], tenant: str | None = None) -> None:
        """Called after the commit that made it true. Never blocks."""
        ...


class Health(Protocol):
    """What `/readyz` and `/healthz` say."""

    def ready(self) -> tuple[bool, list[str]]:
        """Ready or not, and the reasons why not, as sentences."""
        ...

    def degraded(self) -> list[str]:
        """What is wrong though we run on (full disk, parked items), as sentences."""
        ...


class Central(Protocol):
    """The central shard: `write`, `read`, `glance` of functions of an open `Tx`."""

    shard: Shard
