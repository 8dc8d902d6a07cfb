"""The least that hypercorn on Trio can serve: reads a body, answers nothing. `tests/bench/machine.py` runs it.

With `quart` as argument the same as a route of Quart-Trio.
"""

import sys
from typing import Any

import trio
from quart import request
from quart_trio import QuartTrio

from daemon.emulator import listening


async def app(scope: Any, receive: Any, send: Any) -> None:
    """A bare ASGI application."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


quart = QuartTrio(__name__)


@quart.post("/")
async def _read() -> str:
    await request.get_data()
    return ""


async def main() -> None:
    """Serve until killed; the address goes to stdout."""
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, quart if sys.argv[1:] == ["quart"] else app)
        print(f"http://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    trio.run(main)
