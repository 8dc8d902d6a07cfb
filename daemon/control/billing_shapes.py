"""What comes in and goes out under `/v1/billing`, as frozen types. Unit prices are exact decimals, as text."""

from datetime import datetime
from typing import Literal

from attrs import field, frozen


@frozen(kw_only=True)
class MeterIn:
    """What a plan says of one meter: what a month includes, what more costs, and where it ends."""

    included: int = 0
    price: str = "0"
    per: int = 1
    hard_limit: int | None = None


@frozen(kw_only=True)
class MetersIn:
    """The meters of a plan; one that is left out is neither limited nor charged. `conversations` are counted once a
    day each, `tokens` are those of AI vendors (in, out and cached), `voice_seconds` are spoken and heard."""

    conversations: MeterIn | None = None
    messages: MeterIn | None = None
    tokens: MeterIn | None = None
    voice_seconds: MeterIn | None = None


@frozen(kw_only=True)
class PlanIn:
    """A plan; with an id that is there it is the next version, and what was sold before stays as it is."""

    id: str
    name: str
    monthly_centavos: int
    trial_days: int = 0
    over_limit: Literal["catalogue", "hand_over"] = "catalogue"
    meters: MetersIn = MetersIn()


@frozen(kw_only=True)
class PlanOut:
    """One version of a plan."""

    id: str
    version: int
    name: str
    monthly_centavos: int
    trial_days: int
    over_limit: str
    meters: dict[str, MeterIn]
    created_at: datetime


@frozen(kw_only=True)
class SubscriptionIn:
    """From `day` on (today, if left out) the tenant has this plan (its newest version, if none is named)."""

    tenant: str
    plan: str
    version: int | None = None
    day: str | None = None


@frozen(kw_only=True)
class SubscriptionEndIn:
    """From `day` on (today, if left out) the tenant has no plan."""

    tenant: str
    day: str | None = None


@frozen(kw_only=True)
class SubscriptionOut:
    """A change of a subscription; `plan` null: it ended. `trial_until` is the first day that is paid for."""

    tenant: str
    day: str
    plan: str | None
    version: int | None
    trial_until: str | None


@frozen(kw_only=True)
class PriceIn:
    """What a vendor charges for `per` units from a day on. Empty: of every model, category or type that has no
    price of its own."""

    provider: str
    model: str = ""
    unit: Literal[
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "characters",
        "audio_seconds",
        "messages",
    ]
    pricing_category: str = ""
    pricing_type: str = ""
    currency: Literal["BRL", "USD"]
    price: str
    per: int = 1
    from_day: str


@frozen(kw_only=True)
class PriceOut:
    """A price of the book."""

    seq: int
    provider: str
    model: str
    unit: str
    pricing_category: str
    pricing_type: str
    currency: str
    price: str
    per: int
    from_day: str


@frozen(kw_only=True)
class RateIn:
    """Reais for one dollar, from a day on."""

    day: str
    usd_brl: str


@frozen(kw_only=True)
class RateOut:
    """A rate of the book."""

    seq: int
    day: str
    usd_brl: str


@frozen(kw_only=True)
class MeterOut:
    """One meter of a tenant's month."""

    meter: str
    used: int
    included: int | None
    hard_limit: int | None


@frozen(kw_only=True)
class TenantUsageOut:
    """A tenant's month so far, by the plan it has now. `answered_by`: full | catalogue | human, and why."""

    tenant: str
    month: str
    plan: str | None
    version: int | None
    meters: tuple[MeterOut, ...]
    answered_by: str
    reason: str
    dunning: str


@frozen(kw_only=True)
class CorrectionIn:
    """A receipt added by hand, with quantities below zero to take some back. The reason stays with it."""

    tenant: str
    at: datetime | None = None
    kind: Literal["tokens", "message", "speech", "transcription"]
    provider: str
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    characters: int = 0
    audio_ms: int = 0
    messages: int = 0
    reason: str


@frozen(kw_only=True)
class CorrectionOut:
    """The receipt's id, and the day on which it counts."""

    event_id: str
    tenant: str
    day: str


@frozen(kw_only=True)
class InvoiceIn:
    """Draw a month's invoice (anew, where the one before was voided)."""

    tenant: str
    period: str


@frozen(kw_only=True)
class InvoiceBrief:
    """An invoice in a list."""

    id: str
    number: int | None
    tenant: str
    tenant_name: str
    period: str
    state: str
    total_centavos: int
    credited_centavos: int
    paid_centavos: int
    balance_centavos: int
    issued_at: datetime | None
    due_day: str | None


@frozen(kw_only=True)
class LineOut:
    """quantity × price ÷ per, in reais, rounded half-even once to `amount_centavos`."""

    kind: str
    text: str
    quantity: int
    price: str
    per: int
    amount_centavos: int


@frozen(kw_only=True)
class PaymentOut:
    """Money for an invoice; below zero: taken back."""

    id: str
    amount_centavos: int
    method: str
    reference: str
    paid_at: datetime


@frozen(kw_only=True)
class CreditOut:
    """What an invoice was lowered by."""

    id: str
    amount_centavos: int
    reason: str
    at: datetime


@frozen(kw_only=True)
class InvoiceOut:
    """An invoice, whole. `pix` is the copy-and-paste text of its BR Code."""

    id: str
    number: int | None
    tenant: str
    tenant_name: str
    issuer: str
    period: str
    first_day: str
    end_day: str
    start: datetime = field(metadata={"json": "from"})
    end: datetime = field(metadata={"json": "to"})
    time_zone: str
    state: str
    state_reason: str
    total_centavos: int
    credited_centavos: int
    paid_centavos: int
    balance_centavos: int
    drawn_at: datetime
    issued_at: datetime | None
    due_day: str | None
    txid: str | None
    pix: str | None
    lines: tuple[LineOut, ...]
    payments: tuple[PaymentOut, ...]
    credit_notes: tuple[CreditOut, ...]


@frozen(kw_only=True)
class PaymentIn:
    """A payment; without an amount all that is owed, without a time now. A reference counts once."""

    amount_centavos: int | None = None
    method: Literal["pix", "boleto", "card", "cash", "transfer", "other"] = "pix"
    reference: str = ""
    paid_at: datetime | None = None


@frozen(kw_only=True)
class CreditIn:
    """A credit note."""

    amount_centavos: int
    reason: str


@frozen(kw_only=True)
class VoidIn:
    """Why the invoice is taken back."""

    reason: str


@frozen(kw_only=True)
class ReportOut:
    """One tenant's month: what was invoiced, what it cost us, what is left."""

    tenant: str
    month: str
    invoiced_centavos: int
    credited_centavos: int
    revenue_centavos: int
    vendor_cost_centavos: int
    server_cost_centavos: int
    cost_centavos: int
    margin_centavos: int
    unpriced: int


@frozen(kw_only=True)
class UnpricedOut:
    """Something used that the price book cannot price."""

    tenant: str
    day: str
    provider: str
    model: str
    unit: str
    quantity: int
    reason: str


@frozen(kw_only=True)
class ReportPage:
    """A month of all tenants. `unpriced` names what the cost is without (the first 500)."""

    month: str
    items: tuple[ReportOut, ...]
    total: ReportOut
    unpriced: tuple[UnpricedOut, ...]


# Queries


@frozen(kw_only=True)
class SubscriptionQuery:
    """Changes in the order they were made."""

    tenant: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class MonthQuery:
    """A month of one tenant or all; without `month` this one. `limit` counts tenants."""

    month: str = ""
    tenant: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class InvoiceQuery:
    """Invoices, the newest first."""

    tenant: str = ""
    state: Literal["", "draft", "open", "paid", "overdue", "void"] = ""
    period: str = ""
    limit: int = 100
    after: str = ""


@frozen(kw_only=True)
class ReportQuery:
    """A month; without `month` the last one. `format=csv`, or `Accept: text/csv`: a table."""

    month: str = ""
    format: Literal["json", "csv", ""] = ""
