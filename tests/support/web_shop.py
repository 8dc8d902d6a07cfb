"""A dealership's `web` channel with its session file on disk, on an emulated WhatsApp, all in the test's own process.

Time goes on as usual and can be jumped over: `Shop.jump`.
"""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import trio
import trio.testing
from attrs import define, field

from daemon.channels.base import Outgoing
from daemon.channels.web.channel import WebApp, WebChannel
from daemon.channels.web.connection import Randomness
from daemon.channels.web.files import Files
from daemon.channels.web.link import Shown
from daemon.channels.web.version import ClientVersion
from daemon.channels.web.websocket import Server
from daemon.emulator.whatsapp_web import rig
from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.faults import Fault, Kind
from daemon.emulator.whatsapp_web.network import Network
from daemon.emulator.whatsapp_web.phone import Phone
from daemon.sealing import Sealer
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.events import Event, MessageReceived
from daemon.whatsapp.web import messages_pb2 as wa
from shards.directory import ShardDirectory
from tests.support.session import SEALER

SHOP: Final = "5551933330001"
ANA: Final = "5551999990001"
PATIENCE_SECONDS: Final = 8.0
BEGAN: Final = datetime.now(UTC).timestamp()

Clock = trio.testing.MockClock


def real_time() -> Clock:
    """A clock that goes on by itself and can be jumped."""
    return Clock(rate=1.0)


@define(eq=False)
class Shop:
    """One tenant's channel, what it reported and delivered."""

    server: rig.Rig
    channel: WebChannel
    keys: WebKeys
    files: Files
    app: WebApp
    phone: Phone
    now: Callable[[], datetime]
    delivered: list[Event] = field(factory=list)
    said: list[tuple[str, str]] = field(factory=list)
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    _clock: Clock | None = None

    @property
    def network(self) -> Network:
        return self.server.network

    @property
    def device(self) -> Device:
        """Our device as the server knows it."""
        return self.network.companion(SHOP)

    @property
    def state(self) -> tuple[str, str]:
        """(state, reason) as the channel reported them last."""
        return self.said[-1] if self.said else ("", "")

    @property
    def shown(self) -> Shown:
        shown = self.channel.details.shown
        assert shown is not None
        return shown

    def report(self, state: str, reason: str) -> None:
        self.said.append((state, reason))

    async def deliver(self, events: Sequence[Event]) -> None:
        await trio.lowlevel.checkpoint()
        self.delivered += events

    async def until(self, look: Callable[[], object]) -> None:
        """Look again and again; fails after a while."""
        with trio.move_on_after(PATIENCE_SECONDS):
            while not look():  # noqa: ASYNC110 - what is looked at has no event
                await trio.sleep(0.005)
            return
        raise AssertionError(f"it never came to be; the channel said {self.said[-8:]}")

    async def until_said(self, state: str, reason: str = "") -> None:
        """Wait until the channel is in that state, for a reason that holds this text."""
        await self.until(lambda: self.state[0] == state and reason in self.state[1])

    async def jump(self, seconds: float) -> None:
        """Let so much time pass at once, after all that is to be done now."""
        assert self._clock is not None
        await trio.testing.wait_all_tasks_blocked(0.03)
        self._clock.jump(seconds)
        await trio.testing.wait_all_tasks_blocked()

    async def link(self) -> None:
        """Scan a QR with the dealer's phone, and wait until the channel is up."""
        await self.channel.pair("", seconds=20)
        assert self.shown.qr is not None
        self.network.scan(self.phone, self.shown.qr)
        await self.until_said("up")

    def fault(self, kind: Kind, code: str = "", times: int = 1) -> None:
        """Something goes wrong with our device."""
        self.network.lines.faults(self.device).add(Fault(kind, code, times))

    async def reconnected(self) -> None:
        """Cut the connection, and wait until it is up again."""
        before = len(self.said)
        self.network.lines.blow(self.device, "cut")
        await self.until(lambda: ("up", "") in self.said[before:])

    def person(self, number: str = ANA, **more: Any) -> Phone:
        return self.network.add_account(number, name="Ana", **more)

    async def heard(self, ana: Phone, text: str = "Oi") -> None:
        """A customer writes, and it is delivered."""
        count = len(self.received)
        self.network.write(ana, self.phone.account, wa.Message(conversation=text))
        await self.until(lambda: len(self.received) > count)

    @property
    def received(self) -> list[str]:
        return [event.text for event in self.delivered if isinstance(event, MessageReceived)]

    def letters(self, ana: Phone) -> list[str]:
        """What a customer has from the shop, in order."""
        return [one.text for one in ana.letters.values() if one.sender.account is self.phone.account]


def outgoing(id_: str = "m1", text: str = "Olá!", *, to: str = ANA, **more: Any) -> Outgoing:
    """A text for a customer."""
    return Outgoing(**{"id": id_, "phone": to, "user_id": "", "kind": "text", "text": text, **more})


def no_pictures(_: str) -> Any:
    return nullcontext()


@asynccontextmanager
async def shop_on(
    server: rig.Rig,
    directory: Path,
    *,
    clock: Clock | None = None,
    url: str = "",
    sealer: Sealer = SEALER,
    pace: float = 0.0,
    run: bool = True,
    seed: int = 1,
    client: httpx.AsyncClient | None = None,
    page: str = "",
) -> AsyncIterator[Shop]:
    """A channel on a server that runs. Its session file stays in `directory`."""
    rng = random.Random(seed)
    known = server.network.accounts.by_phone(SHOP)
    phone = server.network.phones[known] if known else server.network.add_account(SHOP, name="Auto Sul")
    limiter = trio.CapacityLimiter(2)
    began = trio.current_time()

    def now() -> datetime:
        return datetime.fromtimestamp(BEGAN + trio.current_time() - began, UTC)

    sessions = ShardDirectory(directory, kind="session", limiter=limiter, now=now)
    async with client or httpx.AsyncClient(trust_env=False) as http, trio.open_nursery() as nursery:
        await nursery.start(sessions.run)
        keys = WebKeys(await sessions.create("auto-sul"), sealer, "auto-sul")
        app = WebApp(trio.CapacityLimiter(4), ClientVersion(http, page=page))
        made: list[Shop] = []
        files = Files(
            http,
            tenant="auto-sul",
            media_dir=directory / "media",
            test_origins=(f"http://{server.media.store.host}",),
            random_bytes=rng.randbytes,
            now=now,
        )
        channel = WebChannel(
            keys,
            tenant="auto-sul",
            server=Server(url or server.url, server.root_public_key),
            app=app,
            files=files,
            load=no_pictures,
            deliver=lambda events: made[0].deliver(events),
            now=now,
            randomness=Randomness(rng.randbytes, rng),
            pace_factor=pace,
        )
        shop = Shop(server, channel, keys, files, app, phone, now, clock=clock)
        made.append(shop)
        async with trio.open_nursery() as tenant:
            if run:
                tenant.start_soon(_run, shop)
            yield shop
            tenant.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def _run(shop: Shop) -> None:
    with shop.scope:
        await shop.channel.run(shop.report)


@asynccontextmanager
async def shop(directory: Path, *, linked: bool = True, **more: Any) -> AsyncIterator[Shop]:
    """A server and a channel on it, linked to the dealer's phone."""
    folder = directory / "server"
    folder.mkdir(exist_ok=True)
    async with rig.running(folder) as server, shop_on(server, directory, **more) as made:
        if linked:
            await made.link()
        yield made
