"""The tenant's profile: the truth about a dealership, one JSON document in its shard."""

import json
from typing import Any, Final

from attrs import field, frozen
from attrs.validators import in_
from cattrs.preconf.json import make_converter

from shards.errors import NotFound
from shards.shard import Tx

CHANNEL_KINDS: Final = ("cloud", "web", "sandbox")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@frozen(kw_only=True)
class ChannelProfile:
    """How customers reach the tenant. The access token is sealed apart (`channel.access_token`)."""

    kind: str = field(default="sandbox", validator=in_(CHANNEL_KINDS))
    phone_number_id: str = ""
    waba_id: str = ""


@frozen(kw_only=True)
class VoiceProfile:
    """Whether customers who speak are answered by voice, and with which."""

    enabled: bool = False
    voice_id: str | None = None


@frozen(kw_only=True)
class AssistantProfile:
    """How the assistant answers for this tenant."""

    providers: tuple[str, ...] = ("anthropic", "openai", "catalogue")
    persona: str = ""
    greeting: str = ""
    voice: VoiceProfile = VoiceProfile()
    hours: dict[str, tuple[str, ...]] = field(factory=dict)  # "mon": ("08:00-18:00",); empty: always open
    holidays: tuple[str, ...] = ()  # ISO dates on which the shop is closed
    finance_rate_percent_month: float | None = None
    handover_minutes: int = 240
    handover_phone: str = ""  # who is told of a hand-over, shown to the customer when set
    quiet_spell_seconds: float | None = None  # None: the daemon's setting
    facts: str = ""  # what else may be said: payment, warranty, documents, trade-in rules


@frozen(kw_only=True)
class StockFeed:
    """Where the stock is polled from."""

    url: str
    format: str = "auto"
    every_minutes: int = 30


@frozen(kw_only=True)
class TenantProfile:
    """Everything an operator sets about a dealership, without its secrets."""

    id: str
    name: str
    time_zone: str = "America/Sao_Paulo"
    address: str = ""
    phone: str = ""
    channel: ChannelProfile = ChannelProfile()
    assistant: AssistantProfile = AssistantProfile()
    stock_feed: StockFeed | None = None


converter: Final = make_converter(forbid_extra_keys=True, detailed_validation=True)
"""Profiles to and from plain JSON values; the control API uses it for its errors with paths."""


def load(tx: Tx) -> TenantProfile:
    """The stored profile. Raises `NotFound` in a shard that was never set up."""
    document = tx.value("SELECT document FROM profile")
    if document is None:
        raise NotFound("this shard has no profile", "adopt or restore it anew")
    return converter.structure(json.loads(document), TenantProfile)


def time_zone(tx: Tx) -> str:
    """The stored profile's time zone, "" in a shard that was never set up."""
    return tx.value("SELECT document ->> '$.time_zone' FROM profile") or ""


def save(tx: Tx, profile: TenantProfile) -> None:
    """Replace the stored profile."""
    document: Any = converter.unstructure(profile)
    tx.run(
        "INSERT INTO profile (one, document, changed_at) VALUES (1, ?, ?)"
        " ON CONFLICT (one) DO UPDATE SET document = excluded.document, changed_at = excluded.changed_at",
        (json.dumps(document, ensure_ascii=False), tx.now_ms),
    )
