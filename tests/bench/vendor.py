"""The AI vendors of `daemon.emulator.vendors`, behind a cheaper HTTP: `python -m tests.bench.vendor`.

Same mind, same wire formats, same script of faults (of which a benchmark needs `stall` and those that are an answer).
"""

import asyncio

from daemon.emulator.vendors import VendorPeer
from tests.bench.fast_http import Reply, Request, serve

ROUTES = {"/v1/messages": "anthropic", "/v1/chat/completions": "openai"}


async def main() -> None:
    """Serve until killed; the address goes to stdout."""
    peer = VendorPeer()
    loop = asyncio.get_running_loop()

    def route(request: Request, reply: Reply) -> None:
        vendor = ROUTES.get(request.target.partition("?")[0])
        if vendor is None:
            told = peer.control(request.target, request.body)
            reply(told.status, told.body)
            return
        key = request.header(b"x-api-key") or request.header(b"authorization")
        answer, step = peer.answer(vendor, key, request.body)
        if step is not None and step.fault == "stall":
            loop.call_later(step.seconds, reply, answer.status, answer.body)
        else:
            reply(answer.status, answer.body)

    async with serve(route) as port:
        print(f"http://127.0.0.1:{port}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
