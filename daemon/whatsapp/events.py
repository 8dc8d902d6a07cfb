"""What a network told us. Frozen values, the same for every channel."""

from datetime import datetime
from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class Sender:
    """Who wrote, by every name the network gave. At least one of the ids is set."""

    phone: str = ""  # digits as the network gave them, without "+"
    user_id: str = ""  # business-scoped user id
    lid: str = ""
    sandbox: str = ""
    name: str = ""
    username: str = ""


@frozen(kw_only=True)
class MessageReceived:
    """A customer's message. `kind` is one of: text image video voice audio document sticker location contacts
    button order unsupported. `text` is what can be read of it (body, caption, button title)."""

    network_id: str
    sender: Sender
    at: datetime
    kind: str
    text: str = ""
    content: dict[str, Any] = field(factory=dict)  # media {id, mime_type, sha256, url, filename, voice}, location, …
    reply_to: str | None = None
    referral: dict[str, Any] | None = None  # the ad it came from
    group_id: str = ""


@frozen(kw_only=True)
class ReactionReceived:
    """A customer reacted to a message; an empty emoji takes the reaction back."""

    network_id: str
    sender: Sender
    at: datetime
    target: str
    emoji: str


@frozen(kw_only=True)
class MessageEdited:
    """The customer changed a message within its 15 minutes."""

    network_id: str
    sender: Sender
    at: datetime
    target: str
    text: str


@frozen(kw_only=True)
class MessageRevoked:
    """The customer deleted a message."""

    network_id: str
    sender: Sender
    at: datetime
    target: str


@frozen(kw_only=True)
class StatusReceived:
    """News of a message that we (or another app) sent.

    `status`: sent delivered read played failed, or any other word.
    """

    network_id: str
    status: str
    at: datetime
    our_id: str = ""  # biz_opaque_callback_data
    error_code: int | None = None
    error: str = ""
    pricing_category: str = ""
    pricing_type: str = ""


@frozen(kw_only=True)
class HumanAnswered:
    """A person wrote to the customer from the phone app or a linked device."""

    network_id: str
    to: Sender
    at: datetime
    kind: str
    text: str
    content: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class IdentityChanged:
    """A customer has a new phone or a new user id. Same person; no reply."""

    old: Sender
    new: Sender
    at: datetime


@frozen(kw_only=True)
class MarketingChoice:
    """A customer stopped or resumed marketing messages."""

    sender: Sender
    at: datetime
    stopped: bool


@frozen(kw_only=True)
class AccountEvent:
    """News of the account or the number. `pause` is a sentence when sending must stop, "" when it may go on
    again (`resume`) or is not touched."""

    event: str  # the field and event, e.g. account_update.DISABLED_UPDATE
    at: datetime
    pause: str = ""
    resume: bool = False
    detail: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Ignored:
    """Something we know of and do not act on (groups, calls, history, standby), or do not know: counted."""

    reason: str  # group | history | standby | calls | unknown_field | bad_item | …
    detail: str = ""


Event = (
    MessageReceived
    | ReactionReceived
    | MessageEdited
    | MessageRevoked
    | StatusReceived
    | HumanAnswered
    | IdentityChanged
    | MarketingChoice
    | AccountEvent
    | Ignored
)
