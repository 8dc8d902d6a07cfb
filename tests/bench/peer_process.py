"""The Node.js rebuild in `tests/bench/peer/` as a process, with MariaDB and a Graph and a vendor peer of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import define

from tests.bench.process import APP_SECRET, address_of, peer
from tests.support.rig import free_port

FOLDER: Final = Path(__file__).parent / "peer"
PATIENCE_SECONDS: Final = 120.0

Json = dict[str, Any]


def missing() -> str:
    """Why the peer cannot run here; "" if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FOLDER / "node_modules" / ".installed").exists():
        return "the peer's libraries are not installed: run tests/bench/peer/install"
    if shutil.which("mariadbd") is None or shutil.which("my_print_defaults") is None:
        return "MariaDB is not installed: apt-get install mariadb-server-core mariadb-client"
    return ""


@define(eq=False)
class NodePeer:
    """One Node.js process that can be killed and started again; its database and peers outlive it."""

    port: int
    graph_url: str
    vendor_url: str
    environ: dict[str, str]
    database: trio.Process
    process: trio.Process | None = None

    @property
    def pid(self) -> int:
        """Of Node.js."""
        assert self.process is not None
        return self.process.pid

    async def start(self, *, acknowledge: str = "first") -> None:
        """Start it and wait until it takes webhooks. `acknowledge` is first or stored: see peer/README.md."""
        self.process = await trio.lowlevel.open_process(
            ["node", str(FOLDER / "main.js")],
            env={**self.environ, "ACKNOWLEDGE": acknowledge},
            stdout=subprocess.PIPE,
        )
        with trio.fail_after(PATIENCE_SECONDS):
            await address_of(self.process)

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()

    async def messages(self, number: str) -> list[Json]:
        """What the database has of one company."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            rows: list[Json] = (await client.get(f"/companies/{number}/messages")).json()
            return rows


@asynccontextmanager
async def mariadb(directory: Path) -> AsyncIterator[tuple[trio.Process, Path]]:
    """An empty server of its own and its socket: default settings, but as many connections as companies need."""
    data, socket = directory / "mysql", directory / "mysql.sock"
    user = ["--user=root"] if os.geteuid() == 0 else []
    await trio.run_process(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db", *user],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    log = directory / "mysql.log"
    with log.open("wb") as said:
        process = await trio.lowlevel.open_process(
            ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
             "--max-connections=4000", f"--pid-file={directory}/mysql.pid", *user],
            stderr=said,
        )  # fmt: skip
    try:
        with trio.fail_after(PATIENCE_SECONDS):
            while not socket.exists():
                assert process.poll() is None, log.read_text()
                await trio.sleep(0.05)
        yield process, socket
    finally:
        with trio.CancelScope(shield=True):
            process.kill()
            await process.wait()


@asynccontextmanager
async def node_peer(directory: Path, companies: Sequence[Json]) -> AsyncIterator[NodePeer]:
    """A peer with these companies (id, name, phone_number_id, access_token, vehicles) in its database; not started."""
    directory.mkdir(parents=True)
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/whatsapp"
    async with mariadb(directory) as (database, socket):
        graph = await peer("daemon.emulator.graph", "--webhook", webhook, "--app-secret", APP_SECRET)
        vendor = await peer("daemon.emulator.vendors")
        try:
            graph_url, vendor_url = await address_of(graph), await address_of(vendor)
            environ = {
                "PATH": os.environ["PATH"],
                "NODE_ENV": "production",
                "PORT": str(port),
                "APP_SECRET": APP_SECRET,
                "VERIFY_TOKEN": "bench",
                "GRAPH_URL": graph_url,
                "OPENAI_API_KEY": "bench",
                "OPENAI_BASE_URL": f"{vendor_url}/v1",
                "MYSQL_SOCKET": str(socket),
                "MYSQL_USER": "root",
            }
            seed = ["node", str(FOLDER / "seed.js")]
            await trio.run_process(seed, stdin=json.dumps(list(companies)).encode(), env=environ)
            made = NodePeer(port, graph_url, vendor_url, environ, database)
            try:
                yield made
            finally:
                with trio.CancelScope(shield=True):
                    await made.kill()
        finally:
            with trio.CancelScope(shield=True):
                for each in (graph, vendor):
                    each.kill()
                    await each.wait()
