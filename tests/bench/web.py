"""Many dealerships on the phone app in one process: memory of an idle socket, CPU of a message, what traffic leaves.

WhatsApp's side, TLS before it, and Baileys are processes of their own. Runs alone with `python -m tests.bench web`.

All memory is taken of daemons (and Baileys) that were started anew, with files that are closed: an idle tenant's are, a
minute after their last use. Only the memory of the process counts; a socket's buffers in the kernel are in none.
"""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import trio
from attrs import define, field, frozen

from tests.bench.process import HURRIED, Bench, address_of, bench, cpu_seconds
from tests.support import baileys_peer
from tests.support.stock import STOCK
from tests.support.web_server import WebServer, web_server

ROUNDS: Final = 5
GROWTH_MESSAGES: Final = 10_000
"""Between two looks at the memory; WEB_GROWTH says how many such parts there are."""
AT_REST_SECONDS: Final = 30.0
BAILEYS_SOCKETS: Final = (50, 200)
AT_ONCE: Final = 8
SETTLE_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 900.0
QUESTIONS: Final = ("tem corolla?", "tem civic?", "qual o mais barato?", "tem suv automático?", "tem algo até 70 mil?")

Figures = dict[str, Any]


@frozen(kw_only=True)
class Held:
    """Memory of a process, MB: all that is resident, the same with shared pages divided, and what is no file's.

    The last is what counts: how much of a program's file is resident depends on who else runs it.
    """

    rss: float
    pss: float
    own: float

    @classmethod
    def by(cls, pid: int) -> "Held":
        """Of a process now."""
        fields = {}
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, rest = line.partition(":")
            fields[name] = int(rest.split()[0]) / 1024
        return cls(rss=fields["Rss"], pss=fields["Pss"], own=fields["Anonymous"])


@define(eq=False)
class Town:
    """The daemon, WhatsApp, and for each tenant the shop's phone and one customer."""

    daemon: Bench
    whatsapp: WebServer
    tenants: int
    written: int = 0
    _asking: trio.Lock = field(factory=trio.Lock)

    @staticmethod
    def shop(index: int) -> str:
        return f"55513{index:08}"

    @staticmethod
    def customer(index: int) -> str:
        return f"55519{index:08}"

    async def for_all(self, work: Callable[[int], Any]) -> None:
        """Do that for each tenant, several at a time."""
        limiter = trio.CapacityLimiter(AT_ONCE)

        async def one(index: int) -> None:
            async with limiter:
                await work(index)

        async with trio.open_nursery() as nursery:
            for index in range(self.tenants):
                nursery.start_soon(one, index)

    async def ask(self, do: str, **fields: Any) -> Any:
        """A command of WhatsApp's side."""
        async with self._asking:
            return await self.whatsapp.call(do, **fields)

    async def settle(self, index: int) -> None:
        """Make the tenant and its people."""
        tenant = f"loja-{index:05}"
        assistant = {"providers": ["catalogue"], "quiet_spell_seconds": 0.0}
        body = {"id": tenant, "name": f"Loja {index}", "channel": {"kind": "web"}, "assistant": assistant}
        await self.daemon.call("POST", "/v1/tenants", body)
        await self.daemon.call("PUT", f"/v1/tenants/{tenant}/vehicles", STOCK)
        await self.ask("add_account", phone=self.shop(index), name=f"Loja {index}")
        await self.ask("add_account", phone=self.customer(index), name=f"Cliente {index}")

    async def pair(self, index: int) -> None:
        """Show the QR and have the shop's phone scan it."""
        path = f"/v1/tenants/loja-{index:05}/channel"
        shown = await self.daemon.call("POST", f"{path}/pair")
        await self.ask("scan", phone=self.shop(index), text=shown["qr"])
        with trio.fail_after(120):
            while (await self.daemon.call("GET", path))["state"] != "up":  # noqa: ASYNC110 - another process
                await trio.sleep(0.2)

    async def all_up(self) -> None:
        """Wait until every tenant's socket is up and nothing waits for one."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                counts = await self.ask("counts")
                up = await self.daemon.sample('showroomd_channels{kind="web",state="up"}')
                if (up, counts["connected"], counts["waiting"]) == (self.tenants, self.tenants, 0):
                    return
                await trio.sleep(0.5)

    async def idle(self) -> Held:
        """The daemon's memory once it has closed the tenants' files."""
        await self.daemon.close_files()
        return Held.by(self.daemon.pid)

    async def restart(self, nursery: trio.Nursery) -> None:
        """A daemon that has done nothing yet."""
        await self.daemon.stop()
        await self.daemon.start()
        nursery.start_soon(self.daemon.drain_logs)

    async def rounds(self, count: int) -> float:
        """Every customer writes that often, each time after the answer to the last; the daemon's CPU seconds."""
        cpu = cpu_seconds(self.daemon.pid)
        for _ in range(count):
            text = QUESTIONS[self.written % len(QUESTIONS)]
            answered = (await self.ask("counts"))["said_message"] if self.written else 0
            await self.for_all(
                lambda index, text=text: self.ask(  # type: ignore[misc]
                    "write", phone=self.customer(index), to=self.shop(index), text=text
                )
            )
            self.written += 1
            with trio.fail_after(PATIENCE_SECONDS):
                while True:
                    counts = await self.ask("counts")
                    if counts.get("said_message", 0) >= answered + self.tenants and not counts["waiting"]:
                        break
                    await trio.sleep(0.2)
        await trio.sleep(6)  # the rollup belongs to the messages
        return cpu_seconds(self.daemon.pid) - cpu

    async def wrongly_answered(self) -> int:
        """How many customers have not exactly one answer to each message."""
        wrong = 0

        async def look(index: int) -> None:
            nonlocal wrong
            letters = (await self.ask("letters", phone=self.customer(index)))["letters"]
            senders = [letter["from"] for letter in letters]
            expected = [self.customer(index), self.shop(index)] * self.written
            wrong += senders != expected

        await self.for_all(look)
        return wrong


@asynccontextmanager
async def tls_before(url: str, directory: Path) -> AsyncIterator[str]:
    """The same server behind TLS; `directory` gets `ca.pem`."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "tests.bench.tls", str(urlsplit(url).port), str(directory)], stdout=subprocess.PIPE
    )
    try:
        port = urlsplit(await address_of(process)).port
        yield f"wss://127.0.0.1:{port}{urlsplit(url).path}"
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def measured(directory: Path, *, scale: float = 1) -> Figures:
    """Everything, ours first and then Baileys against the same server."""
    directory.mkdir(parents=True)
    async with web_server() as whatsapp, tls_before(whatsapp.url, directory) as url:
        tenants = max(10, int(1_000 * scale))
        growth = [int(GROWTH_MESSAGES * scale)] * int(os.environ.get("WEB_GROWTH", "2"))
        found = await _ours(directory, whatsapp, url, tenants=tenants, growth=growth)
        if missing := baileys_peer.missing():
            return {**found, "web: Baileys": missing}
        return found | await _baileys(directory, whatsapp, url, [max(2, int(n * scale)) for n in BAILEYS_SOCKETS])


@asynccontextmanager
async def town(directory: Path, whatsapp: WebServer, url: str, tenants: int) -> AsyncIterator[Town]:
    """A daemon that runs, for that many tenants that are not yet made."""
    settings = f"""[whatsapp.web]
url = "{url}"
root_public_key = "{whatsapp.root_public_key}"
pace = 0.0
"""
    async with bench(directory / "desk", settings=settings) as daemon, trio.open_nursery() as nursery:
        daemon.program = HURRIED
        daemon.environ["SSL_CERT_FILE"] = str(directory / "ca.pem")
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        yield Town(daemon, whatsapp, tenants)
        nursery.cancel_scope.cancel()


async def sockets(directory: Path, *, tenants: int) -> Figures:
    """The first half alone: phones are linked, connected again after a start, and idle."""
    directory.mkdir(parents=True)
    async with (
        web_server() as whatsapp,
        tls_before(whatsapp.url, directory) as url,
        town(directory, whatsapp, url, tenants) as here,
        trio.open_nursery() as nursery,
    ):
        found = await _connected(here, nursery)
        nursery.cancel_scope.cancel()
    return found


async def _connected(here: Town, nursery: trio.Nursery) -> Figures:
    await here.for_all(here.settle)
    await here.restart(nursery)
    before = await here.idle()
    found = await _linked(here)
    await here.daemon.stop()
    began = time.perf_counter()
    await here.restart(nursery)
    await here.all_up()
    found["web: seconds from start to all connected"] = time.perf_counter() - began
    found["web: CPU s from start to all connected"] = cpu_seconds(here.daemon.pid)
    return found | await _at_rest(here, before)


async def _ours(directory: Path, whatsapp: WebServer, url: str, *, tenants: int, growth: list[int]) -> Figures:
    async with town(directory, whatsapp, url, tenants) as here, trio.open_nursery() as nursery:
        found = await _connected(here, nursery)
        found["web: CPU ms a contact's first message"] = await here.rounds(1) / tenants * 1000
        cpu = await here.rounds(ROUNDS - 1)
        found["web: CPU ms a later message"] = cpu / (tenants * (ROUNDS - 1)) * 1000
        found |= await _growth(here, growth)
        found["web: customers not answered exactly once"] = await here.wrongly_answered()
        found["web: sockets up at the end"] = (await whatsapp.call("counts"))["connected"]
        nursery.cancel_scope.cancel()
    return found


async def _linked(here: Town) -> Figures:
    began, cpu = time.perf_counter(), cpu_seconds(here.daemon.pid)
    await here.for_all(here.pair)
    await here.all_up()
    return {
        "web: tenants": here.tenants,
        "web: pairing, seconds each": (time.perf_counter() - began) / here.tenants,
        "web: pairing, CPU ms each": (cpu_seconds(here.daemon.pid) - cpu) / here.tenants * 1000,
    }


async def _at_rest(here: Town, before: Held) -> Figures:
    """All sockets up and nothing said."""
    idle, found = await here.idle(), {}
    for name in ("rss", "pss", "own"):
        found[f"web: MB {name} an idle socket"] = (getattr(idle, name) - getattr(before, name)) / here.tenants
    found |= {"web: MB own without sockets": before.own, "web: MB own with all sockets": idle.own}
    cpu = cpu_seconds(here.daemon.pid)
    await trio.sleep(AT_REST_SECONDS)
    found["web: CPU % of a core, all idle"] = (cpu_seconds(here.daemon.pid) - cpu) / AT_REST_SECONDS * 100
    return found


async def _growth(here: Town, parts: list[int]) -> Figures:
    """Memory after what was said so far, and after each of `parts` messages more, the files closed each time."""
    found: Figures = {f"web: MB own after {here.written * here.tenants:,} messages": (await here.idle()).own}
    written, began, busy, cpu = here.written, time.perf_counter(), 0.0, 0.0
    for part in parts:
        began = time.perf_counter()
        cpu += await here.rounds(-(-part // here.tenants))
        busy += time.perf_counter() - began
        found[f"web: MB own after {here.written * here.tenants:,} messages"] = (await here.idle()).own
    messages = (here.written - written) * here.tenants
    found["web: messages a second"] = messages / busy
    found["web: CPU ms a message, over all"] = cpu / messages * 1000
    return found


async def _baileys(directory: Path, whatsapp: WebServer, url: str, sizes: list[int]) -> Figures:
    """One Node process with that many sockets: paired by one process, measured in another that logs in again."""
    folder, ca_file = directory / "baileys", directory / "ca.pem"
    before = (await whatsapp.call("counts"))["connected"]

    async with baileys_peer.baileys(url, folder, ca_file=ca_file) as peer:
        for index in range(sizes[-1]):
            phone = f"55521{index:08}"
            await whatsapp.call("add_account", phone=phone)
            await peer.open(socket=phone, keys="files")
            shown = await peer.event("qr", socket=phone)
            await whatsapp.call("scan", phone=phone, text=shown["text"])
            await peer.event("open", socket=phone)
            await peer.event("caught_up", socket=phone)
        await trio.sleep(SETTLE_SECONDS)  # it writes its keys down when it likes
    found: Figures = {}
    async with baileys_peer.baileys(url, folder, ca_file=ca_file) as peer:
        held = [await _resident(peer)]
        for low, high in zip([0, *sizes], sizes, strict=False):
            for index in range(low, high):
                await peer.open(socket=f"55521{index:08}", keys="files")
                await peer.event("open", socket=f"55521{index:08}")
                await peer.event("caught_up", socket=f"55521{index:08}")
            await trio.sleep(SETTLE_SECONDS)
            held.append(await _resident(peer))
            found[f"web: Baileys, MB rss a socket at {high}"] = (held[-1].rss - held[0].rss) / high
            found[f"web: Baileys, MB own a socket at {high}"] = (held[-1].own - held[0].own) / high
        assert (await peer.memory()).sockets == sizes[-1]
    slope = (held[-1].own - held[-2].own) / (sizes[-1] - sizes[-2])
    found[f"web: Baileys, MB own a socket between {sizes[-2]} and {sizes[-1]}"] = slope
    assert (await whatsapp.call("counts"))["connected"] >= before
    return found


async def _resident(peer: baileys_peer.Peer) -> Held:
    """After a garbage collection."""
    await peer.memory()
    return Held.by(peer.process.pid)
