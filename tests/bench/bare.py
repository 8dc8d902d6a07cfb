"""The least that hypercorn on Trio can serve: reads a body, answers nothing. `tests/bench/machine.py` runs it."""

from typing import Any

import trio

from daemon.emulator import listening


async def app(scope: Any, receive: Any, send: Any) -> None:
    """A bare ASGI application."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def main() -> None:
    """Serve until killed; the address goes to stdout."""
    async with trio.open_nursery() as nursery:
        port = await nursery.start(listening.serve, app)
        print(f"http://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    trio.run(main)
