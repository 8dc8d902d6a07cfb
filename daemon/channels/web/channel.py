"""The `web` channel of one tenant: a companion device that connects, stays connected, and is linked when asked."""

import math
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import trio
from attrs import define, frozen

from daemon.channels.base import ChannelState, Outgoing, Receipt, Report
from daemon.channels.web import live
from daemon.channels.web.care import Care
from daemon.channels.web.composing import Composer, Load
from daemon.channels.web.connection import Connection, Ended, NoAnswer, Randomness, connect
from daemon.channels.web.files import Files
from daemon.channels.web.handover import Handover
from daemon.channels.web.keys import Device, Keys, Rows
from daemon.channels.web.link import UNLINKED, Shown
from daemon.channels.web.linking import Linking
from daemon.channels.web.live import Deliver, Live
from daemon.channels.web.sending import Sending
from daemon.channels.web.version import ClientVersion
from daemon.channels.web.websocket import Server
from daemon.errors import ChannelError, SealBroken
from daemon.logs import get_logger
from daemon.whatsapp.web import failures, payload, queries
from daemon.whatsapp.web.failures import Verdict
from daemon.whatsapp.web.payload import Version
from daemon.whatsapp.web.stanza import Own

LOGOUT_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 3600.0
"""What ends a connection that was logged in for so long is nothing that happens twice in a row."""
NO_VERSION_SECONDS: Final = 900.0
NOT_LINKED: Final = "no phone is linked: begin with POST …/channel/pair"
BY_OPERATOR: Final = "unlinked by the operator"
BANNED: Final = (
    "WhatsApp banned the number for a while: connecting again after that; write only to people who wrote first"
)


@define(eq=False)
class WebApp:
    """What all tenants of a process share: how many connect at a time, which client version we say we are, and the TLS
    settings."""

    connecting: trio.CapacityLimiter
    version: ClientVersion
    tls: ssl.SSLContext | None = None
    sockets: int = 0


@frozen(kw_only=True)
class Details:
    """What `GET …/channel` shows besides state and reason."""

    jid: str | None = None
    retry_at: datetime | None = None
    shown: Shown | None = None


class WebChannel:
    """Belongs to the tenant's nursery; `run` once. Owns its socket and nothing else that needs closing."""

    kind = "web"

    def __init__(
        self,
        keys: Keys,
        *,
        tenant: str,
        server: Server,
        app: WebApp,
        files: Files,
        load: Load,
        deliver: Deliver,
        now: Callable[[], datetime],
        randomness: Randomness,
        pace_factor: float,
    ) -> None:
        """`deliver` stores events in the tenant's shard, `load` fetches pictures by address."""
        self._keys = keys
        self._tenant = tenant
        self._server = server
        self._app = app
        self._uplink = files.uplink
        self._care = Care(keys, tenant=tenant, now=now, factor=pace_factor, changed=self._say_up)
        self._handover = Handover(
            keys=keys,
            tenant=tenant,
            uplink=self._uplink,
            care=self._care,
            composer=Composer(files, load, randomness.bytes),
            now=now,
            rng=randomness.rng,
            factor=pace_factor,
        )
        self._deliver = deliver
        self._now = now
        self._randomness = randomness
        self._connected: Connection | None = None
        self._nursery: trio.Nursery | None = None
        self._linking: Linking | None = None  # what somebody asked for
        self._stirred = trio.Event()
        self._left = trio.Event()  # a connection was closed
        self._lift = trio.CancelScope()  # around what waits for the end of a stop
        self._own: Own | None = None
        self._retry_at: datetime | None = None
        self._stopped: Verdict | None = None  # why it does not connect by itself
        self.credentials_needed = ""
        self._report: Report | None = None
        self._log = get_logger("channels.web", tenant=tenant)

    # The life of the channel

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Link, connect and stay connected until cancelled; `started()` once it is known whether a phone is linked.

        Raises `ShardUnavailable` when keys or messages cannot be stored. Keys that another master key sealed stop the
        channel until the phone is unlinked or the tenant restarted: `credentials_needed` says so.
        """
        self._report = report
        async with trio.open_nursery() as self._nursery:
            failed, before = 0, ""
            while True:
                device = await self._device()
                task_status.started()
                task_status = trio.TASK_STATUS_IGNORED
                if self._stopped is None and device is not None and device.paired:
                    self._linking = None
                    verdict, up_seconds = await self._stay_connected(device, before)
                    failed = failures.failed_attempts(failed, up_seconds)
                    before = await self._after(verdict, failed)
                    continue
                failed, before = 0, ""
                if (linking := self._linking) is not None:
                    verdict_ = await linking.run(device)
                    if self._linking is linking:
                        self._linking, self._stopped = None, verdict_
                    continue
                self._say("down", self._stopped.reason if self._stopped is not None else NOT_LINKED)
                await self._stir()

    async def _device(self) -> Device | None:
        """Our device as the file has it now, and what else is to be known before it connects."""
        try:
            device, unlinked, version = await self._keys.read(_kept)
            await self._care.load()
        except SealBroken as error:
            self.credentials_needed = str(error)
            self._stopped = Verdict(kind="operator", reason=str(error))
            return None
        self.credentials_needed = ""
        self._own = Own(device.jid, device.lid) if device is not None and device.jid is not None else None
        if version is not None:
            self._app.version.took(version)
        if self._own is None and unlinked and self._stopped is None and self._linking is None:
            self._stopped = Verdict(kind="logged_out", reason=unlinked)
        return device

    async def _stir(self, seconds: float = math.inf) -> None:
        """Wait until somebody wants something of the channel, or the time is over."""
        self._stirred = trio.Event()
        with trio.move_on_after(seconds):
            await self._stirred.wait()

    async def _after(self, verdict: Verdict, failed: int) -> str:
        """Act on the end of a connection, and wait as long as it says. The kind of what came before the next one."""
        if self._stopped is not None:
            return ""  # somebody unlinked the phone meanwhile
        if verdict.wipe:
            await self._unlink(verdict.reason)
            self._log.warning("web_unlinked", reason=verdict.reason)
        if not verdict.comes_back or verdict.wipe:
            self._stopped = verdict
            return ""
        before, seconds = str(verdict.kind), verdict.seconds
        if verdict.kind == "banned":
            await self._care.trouble("ban", self._now().timestamp() + (seconds or 0.0))
        if verdict.kind == "refresh_version" and not await self._app.version.refresh():
            before, seconds = "", NO_VERSION_SECONDS
        if seconds is None:
            seconds = failures.delay_seconds(failed, self._randomness.rng)
            seconds += failures.spread_seconds(self._app.sockets, self._randomness.rng) if failed == 1 else 0.0
        await self._pause(seconds, "paused" if verdict.kind == "banned" else "down", verdict.reason)
        return before

    async def _pause(self, seconds: float, state: ChannelState, reason: str) -> None:
        if seconds <= 0:
            return
        self._retry_at = self._now() + timedelta(seconds=seconds)
        self._say(state, reason)
        await self._stir(seconds)
        self._retry_at = None

    async def _unlink(self, reason: str) -> None:
        """The keys go aside, messages stay, and why is remembered."""
        await self._keys.write(partial(_put_aside, reason=reason))
        self._own = None

    async def _stay_connected(self, device: Device, before: str) -> tuple[Verdict, float]:
        """One connection of the linked device: why it ended, and for how long it was logged in."""
        assert device.jid is not None
        if self._care.banned and (stop := self._care.stopped) is not None:
            return Verdict(kind="banned", reason=BANNED, seconds=stop.seconds), 0.0
        own = Own(device.jid, device.lid)
        await live.drain(self._keys, own, self._deliver)  # what a crash left
        version, up_at = self._app.version.current, math.inf

        def up(sending: Sending) -> None:
            nonlocal up_at
            up_at = trio.current_time()
            self._uplink.rise(sending)
            self._say_up()

        try:
            connection = await self._connect(device, payload.login(version=version, jid=device.jid))
        except Ended as error:
            return error.verdict(before), 0.0
        self._connected = connection
        if self._stopped is not None:
            connection.end(Ended(BY_OPERATOR, "ended"))  # while it was being opened
        session = Live(
            connection=connection,
            keys=self._keys,
            device=device,
            own=own,
            randomness=self._randomness,
            now=self._now,
            tenant=self._tenant,
            version=version,
            deliver=self._deliver,
            up=up,
            trouble=self._care.trouble,
            relieved=self._care.relieved,
        )
        self._app.sockets += 1
        try:
            ended = await session.run()
        finally:
            self._app.sockets -= 1
            self._uplink.fall()
            self._lift.cancel()
            await connection.close()
            self._connected = None
            self._left.set()
            self._left = trio.Event()
        up_seconds = max(0.0, trio.current_time() - up_at)
        verdict = ended.verdict(before if up_seconds < AGAIN_SECONDS else "")
        self._log.info("web_connection_ended", reason=ended.what, verdict=verdict.kind, up_seconds=round(up_seconds))
        return verdict, up_seconds

    async def _connect(self, device: Device, login: bytes) -> Connection:
        assert self._nursery is not None
        self._retry_at = None
        self._say("starting", "connecting")
        async with self._app.connecting:
            return await connect(
                self._nursery,
                self._server,
                device.noise,
                login,
                now=self._now().timestamp(),
                randomness=self._randomness,
            )

    def _say_up(self) -> None:
        """The device is logged in; whether it may send is another matter, and may change."""
        if self._uplink.sending is None:
            return
        self._lift.cancel()
        stop = self._care.stopped
        if stop is None:
            self._retry_at = None
            self._say("up", "")
            return
        self._retry_at = self._now() + timedelta(seconds=stop.seconds)
        self._say("paused", stop.reason)
        self._lift = trio.CancelScope()
        assert self._nursery is not None
        self._nursery.start_soon(self._say_up_after, stop.seconds, self._lift)

    async def _say_up_after(self, seconds: float, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(seconds)
            self._say_up()

    def _say(self, state: ChannelState, reason: str) -> None:
        if self._report is not None:
            self._report(state, reason)

    # Linking

    async def pair(self, phone: str, *, seconds: float) -> None:
        """Begin to link, and wait up to `seconds` until there is something to show. Raises `ChannelError`."""
        if self.credentials_needed:
            raise ChannelError(self.credentials_needed)
        if self._own is not None:
            if self._stopped is None:
                raise ChannelError("a phone is linked already", "unlink it first with POST …/channel/logout")
            await self._unlink("linked anew")
        former, self._stopped = self._linking, None
        linking = self._linking = Linking(
            phone,
            keys=self._keys,
            version=self._app.version,
            connect=self._connect,
            say=self._say,
            now=self._now,
            randomness=self._randomness,
            tenant=self._tenant,
        )
        if former is not None:
            former.give_up()
        self._stirred.set()
        with trio.move_on_after(seconds):
            await linking.shows.wait()

    async def answer_passkey(self, assertion: Mapping[str, Any]) -> None:
        """Hand a passkey's proof over. Raises `ChannelError`."""
        link = self._linking.link if self._linking is not None else None
        if link is None:
            raise ChannelError("no pairing is under way", "begin with POST …/channel/pair")
        await link.answer_passkey(assertion)

    async def logout(self) -> None:
        """Unlink: WhatsApp is told where it can be, the keys are put aside in any case."""
        self._stopped = Verdict(kind="logged_out", reason=NOT_LINKED)  # first: nothing connects any more
        if self._linking is not None:
            self._linking.give_up()
            self._linking = None
        if (sending := self._uplink.sending) is not None:
            try:
                await sending.connection.ask(queries.remove_device(sending.own), seconds=LOGOUT_SECONDS)
            except NoAnswer:
                self._log.warning("web_logout_unanswered")
        while self._connected is not None:  # what it still has to write is written before
            self._connected.end(Ended(BY_OPERATOR, "ended"))
            await self._left.wait()
        await self._unlink(BY_OPERATOR)
        self._stirred.set()

    @property
    def details(self) -> Details:
        """What a person is shown of the link."""
        linking = self._linking
        return Details(
            jid=str(self._own.pn) if self._own is not None else None,
            retry_at=linking.retry_at if linking is not None else self._retry_at,
            shown=linking.shown if linking is not None else None,
        )

    # Sending

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over, as `Channel.send` says. What was encrypted before goes again as it was."""
        return await self._handover.send(message)

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """Show the customer that the message was read. A courtesy: failures are not raised."""
        await self._handover.mark_read(network_id, typing=typing)


def _kept(rows: Rows) -> tuple[Device | None, str, Version | None]:
    """Our device, why no phone is linked, and the client version that worked last."""
    return rows.device(), (rows.fact(UNLINKED) or b"").decode(), live.version_taken(rows)


def _put_aside(rows: Rows, reason: str) -> None:
    rows.retire_device(reason)
    if reason != BY_OPERATOR:
        rows.set_fact(UNLINKED, reason.encode())
