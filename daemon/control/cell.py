"""The entry socket of a cell: where `showroomd entry` asks for our numbers and hands deliveries over.

The file mode decides who may ask; a delivery must be signed here too, so who can reach the socket cannot invent one.
"""

from collections.abc import Awaitable, Callable

import orjson
from attrs import define

from daemon.control.asgi import Body, Receive, Scope, Send, refuse
from daemon.control.ports import Health
from daemon.control.webhooks import NUMBERS_PATH, PATH, Webhooks


@define(eq=False)
class CellDoor:
    """The ASGI application of the entry socket.

    `webhooks` answers a delivery 200 when everything in it that is ours is on disk, and names in the body what is
    not ours (`Reception.receive_share`).
    """

    webhooks: Webhooks
    numbers: Callable[[], Awaitable[list[str]]]
    health: Health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] != "http":
            return
        if scope["path"] == PATH:
            await self.webhooks(scope, receive, send)
        elif scope["path"] == NUMBERS_PATH and scope["method"] == "GET":
            await self._tell_numbers(scope, receive, send)
        else:
            await refuse(scope, send, Body(scope, receive), 404, b"this is the entry socket of a cell\n")

    async def _tell_numbers(self, scope: Scope, receive: Receive, send: Send) -> None:
        ready, reasons = self.health.ready()
        if ready:
            status, body = 200, orjson.dumps({"phone_number_ids": await self.numbers()})
        else:  # opening a tenant may still mend what leads to it
            status, body = 503, "; ".join(reasons).encode()
        await refuse(scope, send, Body(scope, receive), status, body, b"application/json" if ready else b"text/plain")
