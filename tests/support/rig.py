"""The real daemon in a process of its own, with a Graph peer and vendor peers in the test's process.

Everything between them is HTTP over loopback. Peers outlive the daemon, so it can be killed and started again.
"""

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import define, field

from daemon.emulator import deliveries, listening
from daemon.emulator import vendors as vendor_peers
from daemon.emulator.graph import GraphPeer
from daemon.emulator.vendors import VendorPeer

APP_SECRET: Final = "rig_app_secret"
VERIFY_TOKEN: Final = "rig_verify_token"
MASTER_KEY: Final = base64.b64encode(bytes(range(32))).decode()
PATIENCE_SECONDS: Final = 60.0
EPHEMERAL_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")

Json = dict[str, Any]


def free_port() -> int:
    """A port of loopback that nobody listens on, and that no outgoing connection is given while a daemon is away."""
    taken = set(range(*map(int, EPHEMERAL_PORTS.read_text().split()))) if EPHEMERAL_PORTS.exists() else set()
    for port in random.SystemRandom().sample([port for port in range(10_000, 60_000) if port not in taken], k=100):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


@define(eq=False)
class Rig:
    """One data directory and what is around it. `start` and `kill` as often as wanted."""

    directory: Path
    port: int
    graph: GraphPeer
    vendor: VendorPeer
    nursery: trio.Nursery
    client: httpx.AsyncClient  # public listener
    environ: dict[str, str]
    command: list[str] = field(factory=lambda: [sys.executable, "-m", "daemon"])
    verb: str = "serve"
    handed_over: tuple[int, ...] = ()  # descriptors that the daemon inherits
    process: trio.Process | None = None
    admin: httpx.AsyncClient = field(init=False)
    logs: list[Json] = field(factory=list)
    noise: list[str] = field(factory=list)
    _logged: trio.Event = field(factory=trio.Event)
    _read: trio.Event = field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        transport = httpx.AsyncHTTPTransport(uds=str(self.directory / "data" / "admin.sock"))
        self.admin = httpx.AsyncClient(transport=transport, base_url="http://showroomd", timeout=60)

    @property
    def data_dir(self) -> Path:
        """Where the daemon keeps everything."""
        return self.directory / "data"

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / "showroomd.toml"

    # The process

    async def start(self, **environ: str) -> None:
        """Start the daemon and wait until it says that it is ready."""
        await self.launch(**environ)
        await self.until_logged("ready")

    async def launch(self, **environ: str) -> None:
        """Start the daemon and return at once."""
        assert self.process is None or self.process.returncode is not None
        self.logs.clear()
        self._read = trio.Event()
        self.process = await trio.lowlevel.open_process(
            [*self.command, self.verb, "--config", str(self.config)],
            env={**self.environ, **environ},
            stderr=subprocess.PIPE,
            pass_fds=self.handed_over,
        )
        self.nursery.start_soon(self._read_logs, self.process, self._read)

    async def _read_logs(self, process: trio.Process, read: trio.Event) -> None:
        assert process.stderr is not None
        rest = b""
        async with process.stderr as stream:
            async for chunk in stream:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    try:
                        self.logs.append(json.loads(line))
                    except ValueError:
                        self.noise.append(line.decode(errors="replace"))
                self._logged.set()
                self._logged = trio.Event()
        await process.wait()
        read.set()
        self._logged.set()
        self._logged = trio.Event()

    async def until_logged(self, event: str, **members: Any) -> Json:
        """Wait for a log line; fails when the process ends before it comes."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                for line in self.logs:
                    if line.get("event") == event and all(line.get(k) == v for k, v in members.items()):
                        return line
                assert not self._read.is_set(), f"the daemon ended before {event!r}: {self.tail()}"
                await self._logged.wait()

    def tail(self) -> str:
        """The last lines it said, for a failure."""
        return "\n".join([*(json.dumps(line) for line in self.logs[-12:]), *self.noise[-40:]])

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Wait until the process is gone; its status."""
        assert self.process is not None
        with trio.fail_after(PATIENCE_SECONDS):
            await self._read.wait()
        return self.process.returncode or 0

    async def stop(self) -> int:
        """SIGTERM, and wait for a clean end; its status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    # Talking to it

    async def webhook(self, *entries: Json, client: httpx.AsyncClient | None = None) -> httpx.Response:
        """Post a signed delivery."""
        return await self.webhook_bytes(deliveries.delivery(*entries), client=client)

    async def webhook_bytes(self, body: bytes, *, client: httpx.AsyncClient | None = None) -> httpx.Response:
        """Post a signed body."""
        headers = {"X-Hub-Signature-256": deliveries.sign(APP_SECRET, body), "Content-Type": "application/json"}
        return await (client or self.client).post("/webhooks/whatsapp", content=body, headers=headers)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """One call of the admin API; the decoded answer. Fails on any status of 400 or more."""
        response = await self.admin.request(method, path, json=body, **options)
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def add_tenant(self, tenant: str, number: int = 1, **assistant: Any) -> str:
        """A dealership on the Cloud API; its phone number id. `number` tells them apart."""
        phone_number_id = str(200000000000000 + number)
        await self.call(
            "POST",
            "/v1/tenants",
            {
                "id": tenant,
                "name": f"Loja {tenant}",
                "address": "Av. Farrapos, 1200, Porto Alegre",
                "phone": "+555133330000",
                "channel": {
                    "kind": "cloud",
                    "phone_number_id": phone_number_id,
                    "waba_id": str(100000000000000 + number),
                    "access_token": f"EAAG-rig-{tenant}",
                },
                "assistant": {"providers": ["catalogue"], "quiet_spell_seconds": 0.0, **assistant},
            },
        )
        return phone_number_id

    async def add_stock(self, tenant: str, vehicles: list[Json]) -> Json:
        """Replace a tenant's stock."""
        answer: Json = await self.call("PUT", f"/v1/tenants/{tenant}/vehicles", vehicles)
        return answer

    async def until(self, look: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Look again at every log line of the daemon and every call of the peer, until `look` is satisfied."""
        with trio.fail_after(seconds):
            while not await look():
                with trio.move_on_after(0.1):
                    await self._logged.wait()


def now_s() -> int:
    """The network's time: whole seconds."""
    return int(time.time())


@asynccontextmanager
async def rig(
    directory: Path,
    *,
    settings: str = "",
    http: str = "",
    webhook: str = "",
    statuses: tuple[str, ...] = ("sent", "delivered", "read"),
    vendors: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    status_first: bool = False,
) -> AsyncIterator[Rig]:
    """A rig on `directory`; nothing is started yet. `settings` is TOML that is added to the configuration, `http` to
    its table of that name. Statuses go to `webhook`; to the daemon itself without. `vendors` are those whose keys the
    daemon is given: with anthropic's and openai's SDKs each start takes 2.4 s of CPU, without 1.0 s.
    """
    port = free_port()
    webhook = webhook or f"http://127.0.0.1:{port}/webhooks/whatsapp"
    graph = GraphPeer(
        webhook=webhook, app_secret=APP_SECRET, statuses=statuses, status_first=status_first, rng=random.Random(7)
    )
    vendor = VendorPeer()
    async with trio.open_nursery() as nursery:
        graph_port: int = await nursery.start(listening.serve, graph)
        assert graph.courier is not None
        await nursery.start(graph.courier.run)
        vendor_port: int = await nursery.start(vendor_peers.serve, vendor)
        (directory / "showroomd.toml").write_text(
            f"""[daemon]
data_dir = "{directory}/data"
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
{http}
[whatsapp.cloud]
graph_url = "http://127.0.0.1:{graph_port}"
media_hosts = ["127.0.0.1:{graph_port}"]
[providers.anthropic]
base_url = "http://127.0.0.1:{vendor_port}"
timeout_seconds = 5
[providers.openai]
base_url = "http://127.0.0.1:{vendor_port}/v1"
timeout_seconds = 5
[providers.elevenlabs]
base_url = "http://127.0.0.1:{vendor_port}"
voice_id = "rig-voice"
timeout_seconds = 2
{settings}"""
        )
        base = {
            "PATH": os.environ["PATH"],
            "SHOWROOMD_MASTER_KEY": MASTER_KEY,
            "SHOWROOMD_WHATSAPP_APP_SECRET": APP_SECRET,
            "SHOWROOMD_WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
            **{f"{name.upper()}_API_KEY": f"rig-{name}-key" for name in vendors},
            **(environ or {}),
        }
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            made = Rig(directory, port, graph, vendor, nursery, client, base)
            try:
                yield made
            finally:
                with trio.CancelScope(shield=True):
                    if made.process is not None and made.process.returncode is None:
                        made.process.kill()
                        await made.process.wait()
                    await made.admin.aclose()
                nursery.cancel_scope.cancel()
