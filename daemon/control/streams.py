"""`GET /v1/events`: the ring as server-sent events."""

from collections.abc import AsyncIterator
from typing import Final

import trio
from quart import Response

from daemon.control.call import Call, Limits, Route
from daemon.control.events import EventRing
from daemon.control.problems import refuse
from daemon.control.queries import EventQuery

STREAM: Final = "text/event-stream"
_RESET: Final = b"event: reset\ndata: {}\n\n"


async def follow(call: Call) -> Response:
    """An endless answer; a reader that falls out of the ring is dropped, and told to start anew when it is back."""
    query: EventQuery = call.query
    bound = call.actor.tenant
    if bound is not None and query.tenant not in ("", bound):
        raise refuse(403, "this token is bound to another tenant")
    services = call.services
    headers = {"Content-Type": f"{STREAM}; charset=utf-8", "X-Accel-Buffering": "no"}
    if call.request.method == "HEAD":
        return Response(b"", headers=headers)
    ring = services.ring
    last = call.request.headers.get("Last-Event-ID", "")
    position = ring.ring.cursor(last) if last else ring.ring.newest

    async def frames() -> AsyncIterator[bytes]:
        start = ring.ring.newest if position is None else position
        first = b"retry: 2000\n: showroomd events\n\n" + (_RESET if position is None else b"")
        reader = Reader(ring, start, bound or query.tenant or None, services.limits)
        ring.readers += 1
        try:
            yield first
            while (frame := await reader.next()) is not None:
                if not await services.tokens.living(call.actor):
                    return
                yield frame
        finally:
            ring.readers -= 1

    response = Response(frames(), headers=headers)
    response.timeout = None
    return response


class Reader:
    """One reader's place in the ring."""

    def __init__(self, ring: EventRing, position: int, tenant: str | None, limits: Limits) -> None:
        self._ring = ring
        self._position = position
        self._tenant = tenant
        self._heartbeat_seconds = limits.heartbeat_seconds

    async def next(self) -> bytes | None:
        """The next events, or a heartbeat; None when the reader was too slow or the ring is closed.

        May be cancelled while it waits; nothing is lost then.
        """
        until = trio.current_time() + self._heartbeat_seconds
        while True:
            await self._ring.news(self._position, max(0.0, until - trio.current_time()))
            if self._ring.closed:
                return None
            found = self._ring.ring.after(self._position, self._tenant)
            if found is None:
                return None
            entries, self._position = found
            if entries:
                return b"".join(entry.frame() for entry in entries)
            if trio.current_time() >= until:
                return b": still here\n\n"


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/events",
        name="followEvents",
        tag="events",
        summary="Messages, turns and states as they happen (server-sent events), resumable by Last-Event-ID.",
        handler=follow,
        query=EventQuery,
        reach="list",
        only=STREAM,
    ),
)

__all__ = ["ROUTES", "STREAM", "Reader", "follow"]
