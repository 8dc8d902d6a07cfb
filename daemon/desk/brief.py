"""What a turn knows, what it may ask for on its way, and what it ends with. All frozen, no I/O."""

from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from daemon.providers.base import ModelReply, Prompt
from shards.tenant.profile import TenantProfile
from shards.tenant.vehicle import StockQuery, StockSummary, Vehicle


@frozen(kw_only=True)
class Line:
    """One message of the conversation as the assistant sees it."""

    author: str  # customer | assistant | human
    kind: str  # text, image, voice, document, location, contacts, order, button, …
    text: str  # what was written, the caption, the button's title, the transcript
    at: datetime
    quoted: str = ""  # text of the message it replies to
    vehicle_id: str | None = None  # the vehicle it is about (a photo we sent, an order's item)
    unheard: str = ""  # why a voice note has no transcript, one word (`shards.tenant.transcripts.Reason`)
    content: dict[str, Any] = field(factory=dict)
    picture: bytes | None = field(default=None, repr=False)  # a small JPEG, where a model may be shown it


@frozen(kw_only=True)
class Brief:
    """Everything one turn starts from."""

    now: datetime  # aware, in the tenant's time zone
    profile: TenantProfile
    contact_name: str
    contact_has_phone: bool
    history: tuple[Line, ...]  # before the burst, oldest first, at most 30
    burst: tuple[Line, ...]  # what is to be answered, oldest first, never empty
    memory: dict[str, Any]  # what the last turn's `Reply.memory` kept
    summary: StockSummary
    open_now: bool
    next_opening: str  # "amanhã às 8h", "segunda às 8h", "" if open or unknown
    first_turn: bool  # nothing was ever answered in this conversation
    ad_text: str = ""  # headline and body of the ad the customer came from: data, not instructions


# What a turn asks for on its way; each `yield` gets the answer named.


@frozen
class AskModel:
    """→ `ModelReply`, or a `ProviderFailed`."""

    provider: str
    prompt: Prompt


@frozen
class ProviderFailed:
    """The provider gave no usable answer; the reason is one line. `refused`: this very request, at no cost."""

    provider: str
    reason: str
    refused: bool = False


@frozen
class SearchStock:
    """→ `StockPage`."""

    query: StockQuery


@frozen
class GetVehicles:
    """→ tuple of the `Vehicle`s that are still in stock (any status but gone), in the order asked."""

    ids: tuple[str, ...]


@frozen
class PreparePhotos:
    """→ frozenset of the addresses that cannot be sent: gone, no pictures, or too slow."""

    urls: tuple[str, ...]


@frozen
class Note:
    """→ None. A line for the log: an event name, its fields, and whether somebody should look at it."""

    event: str
    fields: dict[str, Any] = field(factory=dict)
    level: Literal["info", "warning"] = "info"


Command = AskModel | SearchStock | GetVehicles | PreparePhotos | Note


# What a turn's tools want changed; written together with the reply, or not at all.


@frozen(kw_only=True)
class SaveLead:
    """What the customer is after. Empty fields leave what is known."""

    interest: str = ""
    vehicle_id: str | None = None
    trade_in: str = ""
    budget_centavos: int | None = None


@frozen(kw_only=True)
class BookVisit:
    """A visit: with a time (aware), or a wish in the customer's words for a person to confirm."""

    vehicle_id: str | None = None
    starts_at: datetime | None = None
    wish: str = ""


@frozen
class HandOver:
    """A person takes over from here; `reason` is for the salesperson. While the shop is closed the wish for one is
    only noted (`requested`) and the assistant goes on, but for what must not wait for its answer."""

    reason: str
    always: bool = False  # a complaint, a legal matter, abuse: a person's at any hour
    requested: bool = False  # set by the turn: nobody is there now


@frozen(kw_only=True)
class CancelVisit:
    """The visits not held yet are called off: of one vehicle, or all."""

    vehicle_id: str | None = None


@frozen
class OptOut:
    """The customer wants no more messages."""


Effect = SaveLead | BookVisit | CancelVisit | HandOver | OptOut


@frozen
class Photo:
    """A vehicle's picture to send after the text."""

    vehicle_id: str
    url: str
    caption: str = ""


@frozen(kw_only=True)
class Reply:
    """How a turn ends. An empty `text` with a `HandOver` says nothing to the customer."""

    text: str
    provider: str
    photos: tuple[Photo, ...] = ()
    effects: tuple[Effect, ...] = ()
    memory: dict[str, Any] = field(factory=dict)
    vehicle_id: str | None = None  # the one vehicle the text is about, if one


@frozen(kw_only=True)
class Estimate:
    """An instalment that a tool computed: may be said, marked as an estimate."""

    vehicle_id: str | None
    price_centavos: int
    down_payment_centavos: int
    months: int
    instalment_centavos: int


@frozen(kw_only=True)
class Sources:
    """What a text may be grounded in."""

    vehicles: tuple[Vehicle, ...]
    customer_words: tuple[str, ...]
    profile: TenantProfile
    summary: StockSummary
    estimates: tuple[Estimate, ...] = ()
    now: datetime


@frozen
class Fault:
    """Something in a text that its sources do not bear out; `why` names it for the model's retry."""

    kind: str  # price | year | mileage | vehicle | credit | tenant | person
    said: str
    why: str


ModelAnswer = ModelReply | ProviderFailed
