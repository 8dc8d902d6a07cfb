"""The bounded ring behind `GET /v1/events`: a pure core, and a thin shell that wakes the readers."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import orjson
import trio
from attrs import define, field, frozen

RING_SIZE: Final = 4_096
MOST_AT_ONCE: Final = 256
_LONGEST_NUMBER: Final = 15


@frozen(eq=False)
class Entry:
    """One event. `tenant` None: of the server, shown to tokens of the whole server alone."""

    number: int
    id: str
    event: str
    tenant: str | None
    data: Mapping[str, Any]

    def frame(self) -> bytes:
        """The event as server-sent bytes."""
        body = {**self.data, "tenant": self.tenant} if self.tenant is not None else dict(self.data)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (
            self.id.encode(),
            self.event.encode(),
            orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z),
        )


class Ring:
    """The last `size` events of this boot, numbered from 1. No I/O, no clock."""

    def __init__(self, boot: str, size: int = RING_SIZE) -> None:
        self.boot = boot
        self._entries: deque[Entry] = deque(maxlen=size)
        self.newest = 0

    def append(self, event: str, data: Mapping[str, Any], tenant: str | None) -> Entry:
        """Add an event; the oldest one leaves a full ring."""
        self.newest += 1
        entry = Entry(self.newest, f"{self.boot}-{self.newest}", event, tenant, dict(data))
        self._entries.append(entry)
        return entry

    def cursor(self, last_event_id: str) -> int | None:
        """The number to read on from, None when events after that id are lost (or it is of another boot)."""
        boot, _, number = last_event_id.rpartition("-")
        if boot != self.boot or not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
            return None
        position = int(number)
        return position if self._oldest - 1 <= position <= self.newest else None

    @property
    def _oldest(self) -> int:
        return self._entries[0].number if self._entries else self.newest + 1

    def after(self, position: int, tenant: str | None = None) -> tuple[list[Entry], int] | None:
        """Events after `position` (of one tenant, or all) and the position then; None if some left the ring."""
        if position < self._oldest - 1:
            return None
        skip = position + 1 - self._oldest
        found: list[Entry] = []
        for index in range(skip, len(self._entries)):
            entry = self._entries[index]
            if tenant is None or entry.tenant == tenant:
                found.append(entry)
                if len(found) == MOST_AT_ONCE:
                    return found, entry.number
        return found, self.newest


@define(eq=False)
class EventRing:
    """Publishing and following. Closing it ends all readers, so that a stop need not wait for them."""

    ring: Ring
    closed: bool = False
    readers: int = 0
    _news: trio.Event = field(factory=trio.Event)

    def publish(self, event: str, data: Mapping[str, Any], tenant: str | None = None) -> None:
        """Add an event after the commit that made it true. Never blocks; call it in the event loop."""
        self.ring.append(event, data, tenant)
        self._wake()

    def close(self) -> None:
        """End every reader at its next look."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def news(self, position: int, timeout_seconds: float) -> None:
        """Wait until there is something after `position`, at most `timeout_seconds`. May be cancelled."""
        if self.closed or self.ring.newest > position:
            await trio.lowlevel.checkpoint()
            return
        with trio.move_on_after(timeout_seconds):
            await self._news.wait()
