"""What a channel offers to the desk, whichever network is behind it."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import trio
from attrs import field, frozen

ChannelState = Literal["starting", "up", "paused", "down"]


@frozen(kw_only=True)
class Outgoing:
    """One message to hand to the network. `id` is our message id: it comes back in statuses."""

    id: str
    phone: str  # digits as the network gave them; "" if unknown
    user_id: str
    lid: str = ""  # hidden id, where the network has one
    human: bool = False  # a salesperson's own words, not the assistant's
    kind: str  # text | image | voice | document
    text: str  # body or caption
    content: dict[str, Any] = field(factory=dict)  # {"link": …} or {"path": …, "mime_type": …, "filename": …}
    reply_to: str | None = None


@frozen(kw_only=True)
class Receipt:
    """The network took the message over."""

    network_id: str
    phone: str = ""  # the address the network really used, where it told us
    user_id: str = ""


Report = Callable[[ChannelState, str], None]
"""Called by `run` with the channel's state and the reason as a sentence ("" when up)."""


class Channel(Protocol):
    """One tenant's way to its customers."""

    kind: str

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the channel connected until cancelled; `started()` once it was tried."""
        ...

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over. Raises `SendRefused`, `SendDelayed`, `SendUnsettled` or `ChannelPaused`.

        If cancelled after the request was begun, the outcome is unknown, as with `SendUnsettled`.
        """
        ...

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """Show the customer that the message was read and, with `typing`, that an answer is being written.
        A courtesy: failures are logged by the channel and never raised, except `Cancelled`."""
        ...
