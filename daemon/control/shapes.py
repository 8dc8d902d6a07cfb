"""What comes in and goes out over HTTP, as frozen types; OpenAPI is generated from them."""

from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from shards.central.views import TenantUsage
from shards.tenant.profile import AssistantProfile, ChannelProfile, StockFeed, TenantProfile
from shards.tenant.tables import UsageLine
from shards.tenant.transcripts import Transcribed
from shards.tenant.vehicle import Vehicle
from shards.tenant.views import Alias

# Tenants


@frozen(kw_only=True)
class ChannelIn(ChannelProfile):
    """How customers reach the tenant. The access token goes in and never comes out."""

    access_token: str | None = None


@frozen(kw_only=True)
class TenantIn(TenantProfile):
    """A tenant as created; a PATCH is merged into what is stored and checked as a whole."""

    channel: ChannelIn = ChannelIn()


@frozen(kw_only=True)
class ChannelOut(ChannelProfile):
    """How customers reach the tenant; `access_token` is always null, `access_token_set` says if there is one."""

    access_token: None = None
    access_token_set: bool


@frozen(kw_only=True)
class TenantOut:
    """A tenant, what its supervisor says of it, and no secret."""

    id: str
    name: str
    state: str
    reason: str
    retry_at: datetime | None
    created_at: datetime
    time_zone: str
    address: str
    phone: str
    channel: ChannelOut
    assistant: AssistantProfile
    stock_feed: StockFeed | None


@frozen(kw_only=True)
class TenantLine:
    """A tenant in a list."""

    id: str
    name: str
    state: str
    reason: str
    created_at: datetime


@frozen(kw_only=True)
class Nothing:
    """No fields: the body may be left out."""


@frozen(kw_only=True)
class SuspendIn:
    """Why the tenant is suspended; shown in its state."""

    reason: str = "suspended by the operator"


@frozen(kw_only=True)
class TenantState:
    """What a change of a tenant's life led to."""

    id: str
    state: str
    reason: str
    retry_at: datetime | None


@frozen(kw_only=True)
class TaskOut:
    """One task of the living nursery tree."""

    tenant: str
    name: str
    state: str
    since: datetime
    reason: str
    retry_at: datetime | None


# Conversations and contacts


@frozen(kw_only=True)
class ContactBrief:
    """Whom a conversation is with."""

    id: str
    name: str
    aliases: tuple[Alias, ...]


@frozen(kw_only=True)
class ConversationOut:
    """A thread with a contact. `waiting` is true while an answer is owed."""

    id: str
    contact: ContactBrief
    channel: str
    state: str
    human_until: datetime | None
    opted_out: bool
    waiting: bool
    last_message_at: datetime


@frozen(kw_only=True)
class MessageOut:
    """One message, in or out."""

    id: str
    direction: str
    author: str
    kind: str
    text: str
    media_url: str | None
    transcript: Transcribed | None
    vehicle_id: str | None
    reply_to: str | None
    at: datetime
    state: str
    error: str | None


@frozen(kw_only=True)
class HumanMessageIn:
    """What a salesperson writes. It takes the conversation over."""

    text: str


@frozen(kw_only=True)
class TakeoverIn:
    """For how long; without it until released."""

    minutes: int | None = None


@frozen(kw_only=True)
class SandboxIn:
    """A message of a pretended customer. `from` is any name; the same name is the same customer."""

    sender: str = field(metadata={"json": "from"})
    text: str


@frozen(kw_only=True)
class SandboxPage:
    """The sandbox customer's conversation: its messages and whether the assistant is writing."""

    items: tuple[MessageOut, ...]
    next: str | None
    typing: bool
    conversation: ConversationOut | None


@frozen(kw_only=True)
class ContactOut:
    """A customer of the tenant."""

    id: str
    name: str
    username: str
    aliases: tuple[Alias, ...]
    opted_out: bool
    marketing_stopped: bool
    created_at: datetime


@frozen(kw_only=True)
class ThreadOut:
    """A conversation with all its messages."""

    conversation: ConversationOut
    messages: tuple[MessageOut, ...]


@frozen(kw_only=True)
class LeadOut:
    """What a customer is after."""

    id: str
    contact_id: str
    contact_name: str
    contact_phone: str
    conversation_id: str
    interest: str
    vehicle_id: str | None
    trade_in: str
    budget_centavos: int | None
    source: str
    created_at: datetime
    changed_at: datetime


@frozen(kw_only=True)
class AppointmentOut:
    """A visit: with a time, or a wish in the customer's words for a person to confirm."""

    id: str
    contact_id: str
    contact_name: str
    contact_phone: str
    conversation_id: str
    vehicle_id: str | None
    starts_at: datetime | None
    wish: str
    state: str
    created_at: datetime


@frozen(kw_only=True)
class ExportOut:
    """Everything the tenant keeps about one person (LGPD)."""

    exported_at: datetime
    tenant: str
    contact: ContactOut
    threads: tuple[ThreadOut, ...]
    leads: tuple[LeadOut, ...]
    appointments: tuple[AppointmentOut, ...]


# Operators


@frozen(kw_only=True)
class UsageOut:
    """A tenant's usage from `from` (included) to `to` (not), from the tenant's own receipts."""

    tenant: str
    start: datetime = field(metadata={"json": "from"})
    end: datetime = field(metadata={"json": "to"})
    items: tuple[UsageLine, ...]


@frozen(kw_only=True)
class UsagePage:
    """All tenants' usage as central has it, `limit` tenants a page."""

    start: datetime = field(metadata={"json": "from"})
    end: datetime = field(metadata={"json": "to"})
    items: tuple[TenantUsage, ...]
    next: str | None


@frozen(kw_only=True)
class AuditOut:
    """One change and who made it."""

    id: str
    at: datetime
    actor: str
    action: str
    tenant: str | None
    target: str
    detail: dict[str, Any]


@frozen(kw_only=True)
class BackupIn:
    """A new backup set, of all tenants or of one."""

    tenant: str | None = None


@frozen(kw_only=True)
class RestoreIn:
    """Which file takes the place of the tenant's: that of a backup set, or a file in the data directory."""

    backup: str = ""
    file: str = ""


@frozen(kw_only=True)
class AdoptIn:
    """A tenant's file from another server, in the data directory."""

    file: str


@frozen(kw_only=True)
class TokenIn:
    """A new operator token; with a tenant it is good for that tenant alone."""

    name: str
    role: Literal["admin", "viewer"]
    tenant: str | None = None


@frozen(kw_only=True)
class TokenOut:
    """What is kept of a token."""

    id: str
    name: str
    role: str
    tenant: str | None
    created_at: datetime
    revoked_at: datetime | None


@frozen(kw_only=True)
class NewTokenOut:
    """A new token. `token` is shown this once, also not in a replay of the call (null there)."""

    id: str
    name: str
    role: str
    tenant: str | None
    created_at: datetime
    revoked_at: datetime | None
    token: str | None


@frozen(kw_only=True)
class VehiclePage:
    """A page of a stock search. `total` counts all matches up to 1,000; `corrected` says how words were understood."""

    items: tuple[Vehicle, ...]
    next: str | None
    total: int
    corrected: dict[str, str]


@frozen(kw_only=True)
class VehicleIn:
    """A vehicle as written. Usual Portuguese and English spellings of fuel, gearbox and body are taken ("Flex",
    "Automático", "Sedã"); an unknown one is kept as `other`."""

    id: str = ""
    make: str
    model: str
    version: str = ""
    year_manufacture: int | None = None
    year_model: int | None = None
    price_centavos: int | None = None
    sale_price_centavos: int | None = None
    mileage_km: int | None = None
    fuel: str = "other"
    transmission: str = "other"
    body: str = "other"
    color: str = ""
    doors: int | None = None
    plate_end: str = ""
    vin: str = ""
    options: tuple[str, ...] = ()
    description: str = ""
    photos: tuple[str, ...] = ()
    condition: Literal["new", "used", "certified"] = "used"
    status: Literal["available", "reserved", "sold"] = "available"
    fipe_code: str = ""
    url: str = ""
    updated_at: datetime | None = None
