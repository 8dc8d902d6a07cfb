"""TLS in front of a plain server, as on the way to WhatsApp: `python -m tests.bench.tls PORT DIRECTORY`.

Its first line is its address. DIRECTORY gets `ca.pem`: the certificates this machine trusts, and ours, for a client's
memory depends on how many there are.
"""

import ssl
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio

from daemon.emulator.whatsapp_web.media_host import Certificate


async def main(port: int, directory: Path) -> None:
    """Serve until killed."""
    made = Certificate.make(datetime.now(UTC))
    trusted = Path(ssl.get_default_verify_paths().cafile or "/dev/null").read_bytes()
    (directory / "ca.pem").write_bytes(trusted + made.certificate)
    pair = directory / "tls.pem"
    pair.write_bytes(made.key + made.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair)
    [plain] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(f"https://127.0.0.1:{plain.socket.getsockname()[1]}", flush=True)
    listener = trio.SSLListener(plain, context, https_compatible=True)
    await trio.serve_listeners(partial(_pass_on, port), [listener])


async def _pass_on(port: int, outside: trio.abc.Stream) -> None:
    try:
        async with await trio.open_tcp_stream("127.0.0.1", port) as inside, trio.open_nursery() as nursery:
            nursery.start_soon(_copy, outside, inside, nursery.cancel_scope)
            nursery.start_soon(_copy, inside, outside, nursery.cancel_scope)
    except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
        pass


async def _copy(source: trio.abc.Stream, sink: trio.abc.Stream, both: trio.CancelScope) -> None:
    async for data in source:
        await sink.send_all(data)
    both.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), Path(sys.argv[2]))
