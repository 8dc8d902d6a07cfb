"""What each field may hold: one table for the checks and for the OpenAPI schema."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from daemon.control.billing_rules import BILLING_RULES
from daemon.control.pairing import PairIn, PasskeyIn
from daemon.control.queries import (
    AuditQuery,
    ContactQuery,
    ConversationQuery,
    EventQuery,
    LedgerQuery,
    MessageQuery,
    PageQuery,
    ReconcileQuery,
    SandboxFileQuery,
    SandboxQuery,
    TableQuery,
    UsageQuery,
    VehicleQuery,
)
from daemon.control.shapes import (
    AdoptIn,
    BackupIn,
    ChannelIn,
    HumanMessageIn,
    RestoreIn,
    SandboxIn,
    SuspendIn,
    TakeoverIn,
    TenantIn,
    TokenIn,
    VehicleIn,
)
from daemon.control.strict import Rule, Rules
from shards.tenant.profile import (
    CHANNEL_KINDS,
    DAYS,
    AssistantProfile,
    ChannelProfile,
    StockFeed,
    TenantProfile,
    VoiceProfile,
)
from shards.tenant.vehicle import BODIES, CONDITIONS, FUELS, STATUSES, TRANSMISSIONS

TENANT_ID_PATTERN: Final = "^[a-z0-9][a-z0-9-]{1,62}$"
PROVIDERS: Final = ("anthropic", "openai", "catalogue")
FEED_FORMATS: Final = ("auto", "json", "ndjson", "csv", "tsv", "xml")
LONGEST_CUSTOMER_TEXT: Final = 20_000
LONGEST_HUMAN_TEXT: Final = 4_096
"""WhatsApp's own limit for a text message."""

_OPENING: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_DIGITS: Final = "^[0-9]{1,32}$"
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"


def _time_zone(value: str) -> str:
    return "" if value in available_timezones() else "is not an IANA time zone such as America/Sao_Paulo"


def _hours(value: dict[str, tuple[str, ...]]) -> str:
    for day, openings in value.items():
        if day not in DAYS:
            return f"{day!r} is not a day: use {', '.join(DAYS)}"
        for opening in openings:
            if not _OPENING.fullmatch(opening) or opening[:5] >= opening[6:]:
                return f"{day}: {opening!r} is not an opening like 08:00-18:00"
        if any(later[:5] < earlier[6:] for earlier, later in pairwise(openings)):
            return f"{day}: the openings must be in order and not overlap"
    return ""


def _day(value: str) -> str:
    try:
        return "" if date.fromisoformat(value).isoformat() == value else "must be a date like 2026-12-25"
    except ValueError:
        return "must be a date like 2026-12-25"


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return "" if usable else "must be an http or https address"


def _distinct(value: tuple[str, ...]) -> str:
    return "" if len(set(value)) == len(value) else "must not name anything twice"


def _said(value: str) -> str:
    return "" if value.strip() else "must not be blank"


LIMIT: Final = Rule(least=1, most=500, describe="items on a page")
AFTER: Final = Rule(longest=200, describe="the `next` of the page before")
_PAGE: Final[Rules] = {"limit": LIMIT, "after": AFTER}
_PERIOD: Final[Rules] = {
    "start": Rule(describe="RFC 3339; included"),
    "end": Rule(describe="RFC 3339; not included"),
}
_YEAR: Final = Rule(least=1886, most=2100)
_CENTAVOS: Final = Rule(least=0, most=10**13)
_WORD: Final = Rule(longest=100)

_CHANNEL: Final[Rules] = {
    "kind": Rule(one_of=CHANNEL_KINDS, example="cloud"),
    "phone_number_id": Rule(pattern="^[0-9]{0,32}$", example="106312345678901"),
    "waba_id": Rule(pattern="^[0-9]{0,32}$", example="102212345678901"),
    "access_token": Rule(
        shortest=1,
        longest=4_096,
        pattern=r"^[\x21-\x7e]+$",
        describe="never shown again",
        example="EAAG…".replace("…", "xxx"),
    ),
}
_TENANT: Final[Rules] = {
    "id": Rule(pattern=TENANT_ID_PATTERN, describe="names the tenant and its file", example="auto-sul"),
    "name": Rule(shortest=1, longest=200, pattern=_ONE_LINE, check=_said, example="Auto Sul Veículos"),
    "time_zone": Rule(longest=64, check=_time_zone, describe="IANA name", example="America/Sao_Paulo"),
    "address": Rule(longest=500, example="Av. Farrapos, 1200, Porto Alegre"),
    "phone": Rule(pattern=r"^(\+[1-9][0-9]{7,14})?$", describe="E.164", example="+555133330000"),
}

RULES: Final[Mapping[type[Any], Rules]] = {
    **BILLING_RULES,
    TenantProfile: _TENANT,
    TenantIn: _TENANT,
    ChannelProfile: _CHANNEL,
    ChannelIn: _CHANNEL,
    VoiceProfile: {"voice_id": Rule(shortest=1, longest=100, pattern=_ONE_LINE)},
    AssistantProfile: {
        "providers": Rule(
            shortest=1, longest=len(PROVIDERS), check=_distinct, describe="asked in this order", example=["catalogue"]
        ),
        "providers[]": Rule(one_of=PROVIDERS),
        "persona": Rule(longest=4_000),
        "greeting": Rule(longest=1_000),
        "hours": Rule(longest=7, check=_hours, describe="empty: always open", example={"mon": ["08:00-18:00"]}),
        "holidays": Rule(longest=400),
        "holidays[]": Rule(check=_day, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example="2026-12-25"),
        "finance_rate_percent_month": Rule(least=0, most=20, example=1.69),
        "handover_minutes": Rule(least=1, most=43_200),
        "handover_phone": Rule(pattern=r"^(\+[1-9][0-9]{7,14})?$", describe="E.164"),
        "quiet_spell_seconds": Rule(least=0, most=60),
        "facts": Rule(longest=10_000),
    },
    StockFeed: {
        "url": Rule(
            shortest=10,
            longest=2_000,
            pattern=r"^https?://[^\s\x00-\x1f]+$",
            check=_web_address,
            example="https://feeds.example.com/estoque.xml",
        ),
        "format": Rule(one_of=FEED_FORMATS),
        "every_minutes": Rule(least=1, most=10_080),
    },
    BackupIn: {"tenant": Rule(pattern=TENANT_ID_PATTERN)},
    RestoreIn: {
        "backup": Rule(longest=100, describe="a set's id"),
        "file": Rule(longest=500, describe="below the data directory", example="copies/shards/auto-sul.db"),
    },
    AdoptIn: {"file": Rule(shortest=1, longest=500, example="incoming/auto-sul.db")},
    ReconcileQuery: {"tenant": Rule(pattern=f"^$|{TENANT_ID_PATTERN}")},
    PairIn: {
        "phone": Rule(pattern=r"^(\+?[1-9][0-9]{7,14})?$", describe="with the country code", example="+5551999990000")
    },
    PasskeyIn: {
        "id": Rule(longest=2_000),
        "rawId": Rule(longest=2_000),
        "type": Rule(one_of=("public-key",)),
        "response": Rule(longest=10, describe="clientDataJSON, authenticatorData, signature, userHandle"),
    },
    SuspendIn: {"reason": Rule(shortest=1, longest=300, pattern=_ONE_LINE)},
    HumanMessageIn: {"text": Rule(shortest=1, longest=LONGEST_HUMAN_TEXT, check=_said, example="Oi, aqui é o Paulo!")},
    TakeoverIn: {"minutes": Rule(least=1, most=43_200)},
    SandboxIn: {
        "sender": Rule(shortest=1, longest=64, pattern=r"^[A-Za-z0-9+._@-]+$", example="maria"),
        "text": Rule(shortest=1, longest=LONGEST_CUSTOMER_TEXT, check=_said, example="tem civic até 90 mil?"),
    },
    TokenIn: {
        "name": Rule(shortest=1, longest=100, pattern=_ONE_LINE, check=_said, example="crm"),
        "tenant": Rule(pattern=TENANT_ID_PATTERN),
    },
    VehicleIn: {
        "id": Rule(longest=128, describe="as in the path, or left out"),
        "make": Rule(shortest=1, longest=100, check=_said, example="Honda"),
        "model": Rule(shortest=1, longest=100, check=_said, example="Civic"),
        "version": Rule(longest=200),
        "year_manufacture": _YEAR,
        "year_model": _YEAR,
        "price_centavos": _CENTAVOS,
        "sale_price_centavos": _CENTAVOS,
        "mileage_km": Rule(least=0, most=10**7),
        "fuel": Rule(longest=60, example="flex"),
        "transmission": Rule(longest=60, example="automatic"),
        "body": Rule(longest=60, example="sedan"),
        "color": Rule(longest=60),
        "doors": Rule(least=0, most=9),
        "plate_end": Rule(pattern="^[0-9]?$"),
        "vin": Rule(pattern="^([A-Za-z0-9]{5,17})?$"),
        "options": Rule(longest=300),
        "options[]": Rule(longest=200),
        "description": Rule(longest=10_000),
        "photos": Rule(longest=60),
        "photos[]": Rule(longest=2_000, check=_web_address, pattern=r"^https?://[^\s\x00-\x1f]+$"),
        "fipe_code": Rule(longest=20),
        "url": Rule(longest=2_000, pattern=r"^(https?://[^\s\x00-\x1f]+)?$"),
    },
    PageQuery: _PAGE,
    TableQuery: _PAGE,
    MessageQuery: _PAGE,
    ConversationQuery: {**_PAGE, "contact": _WORD},
    ContactQuery: {**_PAGE, "alias": Rule(longest=200)},
    SandboxQuery: {**_PAGE, "sender": Rule(shortest=1, longest=64, pattern=r"^[A-Za-z0-9+._@-]+$")},
    SandboxFileQuery: {
        "sender": Rule(shortest=1, longest=64, pattern=r"^[A-Za-z0-9+._@-]+$"),
        "text": Rule(longest=1_024, describe="the caption"),
    },
    AuditQuery: {**_PAGE, "tenant": Rule(pattern=f"^$|{TENANT_ID_PATTERN}")},
    EventQuery: {"tenant": Rule(pattern=f"^$|{TENANT_ID_PATTERN}")},
    UsageQuery: {**_PERIOD, "conversation": _WORD},
    LedgerQuery: {**_PAGE, **_PERIOD, "tenant": Rule(pattern=f"^$|{TENANT_ID_PATTERN}")},
    VehicleQuery: {
        "q": Rule(longest=200, describe="words, misspellings included"),
        "make": Rule(longest=20),
        "model": Rule(longest=20),
        "version": _WORD,
        "min_year": _YEAR,
        "max_year": _YEAR,
        "min_price_centavos": _CENTAVOS,
        "max_price_centavos": _CENTAVOS,
        "max_mileage_km": Rule(least=0, most=10**7),
        "transmission[]": Rule(one_of=TRANSMISSIONS),
        "fuel[]": Rule(one_of=FUELS),
        "body[]": Rule(one_of=BODIES),
        "color": Rule(longest=20),
        "doors": Rule(least=0, most=9),
        "condition": Rule(one_of=("", *CONDITIONS)),
        "status[]": Rule(one_of=STATUSES),
        "exclude": Rule(longest=100),
        "limit": LIMIT,
        "after": Rule(longest=1_000, describe="the `next` of the page before"),
    },
}
