"""Serving an emulated peer on this machine's loopback."""

from typing import Any

import hypercorn.trio
import trio
from hypercorn.config import Config


async def serve(app: Any, port: int = 0, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve the ASGI `app` on 127.0.0.1 until cancelled; `started(port)` once it accepts. Port 0 picks a free one.

    `app` sees http requests alone.
    """
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = None
    config.errorlog = None
    config.keep_alive_timeout = 60
    config.graceful_timeout = 0
    config.include_server_header = False

    async def entry(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await app(scope, receive, send)

    async with trio.open_nursery() as nursery:
        binds = await nursery.start(hypercorn.trio.serve, entry, config)
        task_status.started(int(binds[0].rpartition(":")[2]))


async def _live(receive: Any, send: Any) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
