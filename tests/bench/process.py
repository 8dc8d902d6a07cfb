"""The daemon and its peers, each in a process of its own, and what the kernel says of them."""

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import define, field

from daemon.emulator import deliveries
from shards.directory import FOLDERS
from tests.support.rig import free_port

APP_SECRET = "bench_app_secret"
HURRIED = ("tests.bench.hurried",)
"""A program of the daemon that closes idle files when it is told to."""
SETTLE_SECONDS = 10.0
"""Several sweeps of that program."""
_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def thread_cpu_seconds(pid: int) -> dict[int, float]:
    """The same of each of its threads that live, by their ids; the first has the process's own."""
    found = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:  # it has ended
            continue
        found[int(folder.name)] = (int(fields[11]) + int(fields[12])) / _TICK
    return found


def memory_mb(pid: int) -> float:
    """Resident memory that is the process's own (anonymous), in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no RssAnon")


@define(eq=False)
class Bench:
    """One daemon under load."""

    directory: Path
    port: int
    graph_url: str
    environ: dict[str, str]
    client: httpx.AsyncClient
    program: tuple[str, ...] = ("daemon",)  # the module to run, and arguments before the command
    process: trio.Process | None = None
    admin: httpx.AsyncClient = field(init=False)

    def __attrs_post_init__(self) -> None:
        transport = httpx.AsyncHTTPTransport(uds=str(self.directory / "data" / "admin.sock"))
        self.admin = httpx.AsyncClient(transport=transport, base_url="http://showroomd", timeout=600)

    @property
    def pid(self) -> int:
        """Of the daemon."""
        assert self.process is not None
        return self.process.pid

    async def start(self) -> float:
        """Start the daemon; seconds until it is ready."""
        began = time.perf_counter()
        self.process = await trio.lowlevel.open_process(
            [sys.executable, "-m", *self.program, "serve", "--config", str(self.directory / "showroomd.toml")],
            env=self.environ,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr is not None
        seen = b""
        while b'"event": "ready"' not in seen and b'"event":"ready"' not in seen:
            chunk = await self.process.stderr.receive_some()
            assert chunk, seen.decode(errors="replace")
            seen += chunk
        return time.perf_counter() - began

    async def drain_logs(self) -> None:
        """Read what the daemon says so that it never blocks; run it in the background."""
        assert self.process is not None
        assert self.process.stderr is not None
        async for _ in self.process.stderr:
            pass

    async def stop(self) -> None:
        """SIGTERM and wait."""
        if self.process is not None:
            self.process.terminate()
            await self.process.wait()

    def open_files(self) -> int:
        """How many descriptors of tenants' files the daemon has open."""
        kept = tuple(str(self.directory / "data" / folder) for folder in FOLDERS.values())
        found = 0
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            try:
                found += os.readlink(entry.path).startswith(kept)
            except FileNotFoundError:  # closed meanwhile
                continue
        return found

    async def close_files(self) -> None:
        """Wait until no tenant's file is open and their memory was given back; with `HURRIED` as program."""
        os.kill(self.pid, signal.SIGUSR1)
        with trio.fail_after(300):
            while self.open_files():  # noqa: ASYNC110 - another process: nothing to wait on
                await trio.sleep(1)
        await trio.sleep(SETTLE_SECONDS)
        os.kill(self.pid, signal.SIGUSR1)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the admin API."""
        response = await self.admin.request(method, path, json=body)
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def sample(self, name: str) -> float:
        """A figure of /metrics."""
        text = (await self.admin.get("/metrics")).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith((name + " ", name + "{")))

    async def webhook(self, body: bytes) -> None:
        """One signed delivery, answered 200."""
        headers = {"X-Hub-Signature-256": deliveries.sign(APP_SECRET, body)}
        response = await self.client.post("/webhooks/whatsapp", content=body, headers=headers)
        assert response.status_code == 200, response.status_code


@asynccontextmanager
async def bench(directory: Path, *, settings: str = "", statuses: str = "sent,delivered,read") -> AsyncIterator[Bench]:
    """Peers that run, and a daemon that can be started."""
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/whatsapp"
    graph = await peer(
        "daemon.emulator.graph", "--webhook", webhook, "--app-secret", APP_SECRET, "--statuses", statuses
    )
    vendor = await peer("daemon.emulator.vendors")
    try:
        graph_url, vendor_url = await address_of(graph), await address_of(vendor)
        async with daemon_beside(directory, graph_url, vendor_url, port=port, settings=settings) as made:
            yield made
    finally:
        await ended(graph, vendor)


@asynccontextmanager
async def daemon_beside(
    directory: Path, graph_url: str, vendor_url: str, *, port: int, settings: str = "", http: str = ""
) -> AsyncIterator[Bench]:
    """A daemon that can be started, for peers that run. It is stopped at the end. `http` is TOML of that table."""
    directory.mkdir(parents=True)
    (directory / "showroomd.toml").write_text(
        f"""[daemon]
data_dir = "{directory}/data"
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
{http}
[whatsapp.cloud]
graph_url = "{graph_url}"
[providers.anthropic]
base_url = "{vendor_url}"
{settings}"""
    )
    environ = {
        "PATH": os.environ["PATH"],
        "LOG_LEVEL": "info",
        "SHOWROOMD_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        "SHOWROOMD_WHATSAPP_APP_SECRET": APP_SECRET,
        "SHOWROOMD_WHATSAPP_VERIFY_TOKEN": "bench",
        "ANTHROPIC_API_KEY": "bench",
    }
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:
        made = Bench(directory, port, graph_url, environ, client)
        try:
            yield made
        finally:
            with trio.CancelScope(shield=True):
                await made.stop()
                await made.admin.aclose()


async def ended(*processes: trio.Process) -> None:
    """Kill peers; not cancelled half-way."""
    with trio.CancelScope(shield=True):
        for each in processes:
            each.kill()
            await each.wait()


async def peer(module: str, *arguments: str) -> trio.Process:
    """A peer in a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    return await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


async def address_of(process: trio.Process) -> str:
    """The address that it prints first."""
    assert process.stdout is not None
    seen = b""
    while b"\n" not in seen:
        seen += await process.stdout.receive_some()
    return "http://127.0.0.1:" + seen.decode().split()[-1].rpartition(":")[2]
