"""What a route is, what its handler is given, what it gives back."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

import attrs
import orjson
from attrs import field, frozen
from quart import Request, Response

from daemon.billing.collection import Collector
from daemon.control.auth import Actor, Reach, TokenBook
from daemon.control.backup_ports import Backups
from daemon.control.events import EventRing
from daemon.control.ports import Tenancy
from daemon.control.strict import json_name
from daemon.stock.importing import ImportReport
from shards.directory import ShardHandle
from shards.requests import RequestKey, StoredRequest
from shards.shard import Shard, Tx

T = TypeVar("T")

JSON: Final = "application/json"


@frozen(kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    json_bytes: int = 1024 * 1024
    stock_bytes: int = 64 * 1024 * 1024
    file_bytes: int = 16 * 1024 * 1024
    body_seconds: float = 60.0
    upload_seconds: float = 900.0
    heartbeat_seconds: float = 15.0


class ImportStock(Protocol):
    """`daemon.stock.importing.import_stock`, bound to its limiter; its report is shown as it is."""

    async def __call__(
        self,
        shard: ShardHandle,
        body: AsyncIterable[bytes],
        *,
        content_type: str,
        mode: Literal["replace", "merge"],
        now: datetime,
    ) -> ImportReport: ...


class VendorReport(Protocol):
    """A vendor as `daemon.providers.roster` reports it."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> Literal["closed", "open", "half_open"]: ...
    @property
    def reason(self) -> str: ...
    @property
    def retry_at(self) -> datetime | None: ...


@frozen(kw_only=True)
class Services:
    """Everything the routes use; nothing is global."""

    tenancy: Tenancy
    central: Shard
    tokens: TokenBook
    ring: EventRing
    import_stock: ImportStock
    media_path: Callable[[str, str], Path]
    now: Callable[[], datetime]
    limits: Limits = Limits()
    backups: Backups | None = None  # None: this server makes none (the demo's, a test's)
    providers: Callable[[], Sequence[VendorReport]] = tuple
    collector: Collector | None = None  # None: this server bills nobody (a test's)
    server_cost_centavos: Callable[[], int] = lambda: 0


@frozen(kw_only=True)
class Call:
    """One request that may be carried out: the actor is allowed, query and body are checked."""

    services: Services
    actor: Actor
    route: "Route"
    args: Mapping[str, str]
    query: Any
    body: Any
    upload: AsyncIterable[bytes] | None
    request: Request
    key: RequestKey | None

    @property
    def tenant(self) -> str:
        """The tenant in the path, "" on routes of the whole server."""
        return self.args.get("t", "")

    @property
    def shard(self) -> ShardHandle:
        """That tenant's rows. Raises `NotFound`."""
        return self.services.tenancy.shard(self.tenant)

    def to_store(self, render: Callable[[Tx, str], bytes], status: int | None = None) -> StoredRequest | None:
        """What the effect's transaction writes so that a repeat is answered the same; None without a key."""
        return None if self.key is None else StoredRequest(self.key, status or self.route.status, render)


@frozen(kw_only=True)
class Answer:
    """What a handler gives back. `audit`: what its audit row adds; never a secret, never a customer's words."""

    body: bytes = b""
    status: int | None = None  # None: the route's
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    target: str = ""
    audit: Mapping[str, Any] = field(factory=dict)


Handler = Callable[[Call], Awaitable[Answer | Response]]


@frozen(kw_only=True)
class Route:
    """One method of one path: how it is checked, carried out, recorded and described."""

    method: str
    path: str
    name: str  # operation id
    tag: str
    summary: str
    handler: Handler
    query: type[Any]
    status: int = 200
    body: type[Any] | None = None
    body_optional: bool = False
    merge_patch: bool = False  # the body is checked by the handler, after merging
    uploads: tuple[str, ...] = ()  # content types of a raw body
    takes: Literal["stock", "file"] = "stock"  # what a raw body is: how large it may be
    answer: type[Any] | None = None  # None: no body
    listed: bool = False  # `answer` is the item of {"items", "next"}
    also: tuple[str, ...] = ()  # other content types of the answer
    only: str = ""  # the one content type of the answer, when it is not JSON
    reach: Reach = "tenant"
    admin_only: bool = False
    action: str = ""  # the audit's name of it; "" for reading
    keeps_in_central: bool = False  # where its Idempotency-Key lives
    conflicts: bool = False  # may answer 409


def rfc3339(time: datetime) -> str:
    """As all times go out: UTC, with `Z`."""
    text = time.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def plain(value: Any) -> Any:
    """Frozen types as JSON values."""
    if attrs.has(type(value)):
        return {json_name(one): plain(getattr(value, one.name)) for one in attrs.fields(type(value))}
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def dump(value: Any) -> bytes:
    """Frozen types as JSON."""
    return orjson.dumps(plain(value))


def listed(items: list[Any], more: str | None) -> Answer:
    """A page of a list."""
    return Answer(body=dump({"items": items, "next": more}))


def shown(value: Any, kind: type[T], **more: Any) -> T:
    """A view as the type that goes out: same fields by name, the others given."""
    names = {one.name for one in attrs.fields(type(value))}
    return kind(
        **{
            one.name: more[one.name] if one.name in more else getattr(value, one.name)
            for one in attrs.fields(kind)  # type: ignore[arg-type]
            if one.name in more or one.name in names
        }
    )
