"""The `web` channel of one tenant: a companion device that connects, stays connected, and is linked when asked."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import trio
from attrs import define, frozen

from daemon.channels.base import ChannelState, Outgoing, Receipt, Report
from daemon.channels.web import chats, link, live, outbound
from daemon.channels.web.care import Care
from daemon.channels.web.composing import Composer, Load
from daemon.channels.web.connection import Connection, Ended, NoAnswer, Randomness, Server, connect
from daemon.channels.web.files import Files
from daemon.channels.web.keys import Device, Keys
from daemon.channels.web.link import Link, Shown
from daemon.channels.web.live import Deliver, Live
from daemon.channels.web.sending import shown_typing
from daemon.channels.web.version import ClientVersion
from daemon.errors import ChannelError, ChannelPaused, SendDelayed, SendRefused, SendUnsettled
from daemon.logs import get_logger
from daemon.whatsapp.web import failures, outgoing, pace, payload, queries
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.failures import Verdict
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.stanza import Own

PAIRING_SECONDS: Final = 600.0
"""A pairing that nobody finishes ends after so long."""
LOGOUT_SECONDS: Final = 10.0
NOT_LINKED: Final = "no phone is linked: begin with POST …/channel/pair"
EXPIRED: Final = "nobody linked a phone in time: begin again with POST …/channel/pair"
UNSENT_HOURS: Final = 24.0


@define(eq=False)
class WebApp:
    """What all tenants of a process share: how many connect at a time, and which client version we say we are."""

    connecting: trio.CapacityLimiter
    version: ClientVersion
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
        self._files = files
        self._composer = Composer(files, load, randomness.bytes)
        self._care = Care(keys, tenant=tenant, now=now, factor=pace_factor, changed=self._care_changed)
        self._deliver = deliver
        self._now = now
        self._randomness = randomness
        self._factor = pace_factor
        self._live: Live | None = None
        self._link: Link | None = None
        self._shown: Shown | None = None
        self._wish: str | None = None  # to link a phone: by code with it, by QR if ""
        self._wish_until = -math.inf  # trio time
        self._stirred = trio.Event()
        self._shows = trio.Event()
        self._is_up = trio.Event()
        self._jid: Jid | None = None
        self._retry_at: datetime | None = None
        self._stopped: Verdict | None = None
        self._report: Report | None = None
        self._log = get_logger("channels.web", tenant=tenant)

    # The life of the channel

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Link, connect and stay connected until cancelled; `started()` once it is known whether a phone is linked.

        Raises `ShardUnavailable` when keys or messages cannot be stored, `SealBroken` with another master key.
        """
        self._report = report
        failed, before = 0, ""
        while True:
            device = await self._keys.read(lambda rows: rows.device())
            self._jid = device.jid if device is not None else None
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            if device is not None and device.paired and self._stopped is None:
                verdict, up_seconds = await self._connected(device, again=before)
                failed = failures.failed_attempts(failed, up_seconds)
                before = verdict.kind
                await self._after(verdict, failed)
            elif self._wants_link():
                before = ""
                await self._link_once(device)
            else:
                before, failed = "", 0
                self._say("down", self._stopped.reason if self._stopped is not None else NOT_LINKED)
                await self._stir()

    def _wants_link(self) -> bool:
        return self._wish is not None and self._stopped is None

    async def _stir(self, seconds: float = math.inf) -> None:
        """Wait until somebody wants something of the channel, or the time is over."""
        self._stirred = trio.Event()
        with trio.move_on_after(seconds):
            await self._stirred.wait()

    async def _after(self, verdict: Verdict, failed: int) -> None:
        """Act on the end of a connection, and wait as long as it says."""
        if verdict.kind == "logged_out" or verdict.wipe:
            await self._retire(verdict)
            return
        if not verdict.comes_back:
            self._stopped = verdict
            return
        if verdict.kind == "banned":
            until = self._now().timestamp() + verdict.seconds if verdict.seconds is not None else None
            await self._care.trouble("ban", until)
        if verdict.kind == "refresh_version":
            await self._app.version.refresh()
        seconds = verdict.seconds
        if seconds is None:
            seconds = failures.delay_seconds(failed, self._randomness.rng)
            seconds += failures.spread_seconds(self._app.sockets, self._randomness.rng) if failed == 1 else 0.0
        if seconds <= 0:
            return
        self._retry_at = self._now() + timedelta(seconds=seconds)
        self._say("paused" if verdict.kind == "banned" else "down", verdict.reason)
        await self._stir(seconds)
        self._retry_at = None

    async def _retire(self, verdict: Verdict) -> None:
        """The phone does not know this device any more: keys aside, messages stay, a new link may begin."""
        if verdict.wipe:
            await self._keys.write(lambda rows: rows.retire_device(verdict.reason))
            self._jid = None
        self._stopped = verdict
        self._log.warning("web_unlinked", reason=verdict.reason)

    async def _connected(self, device: Device, *, again: str) -> tuple[Verdict, float]:
        """One connection of the linked device: why it ended, and for how long it was logged in."""
        assert device.jid is not None
        own = Own(device.jid, device.lid)
        await live.drain(self._keys, own, self._deliver)  # what a crash left
        up_at: float | None = None
        login = payload.login(version=self._app.version.current, jid=device.jid)

        def up() -> None:
            nonlocal up_at
            up_at = trio.current_time()
            self._went_up()

        async with trio.open_nursery() as nursery:
            try:
                connection = await self._connect(nursery, device, login)
            except Ended as error:
                ended = error
            else:
                self._app.sockets += 1
                self._files.connection = connection
                self._live = Live(
                    connection=connection,
                    keys=self._keys,
                    device=device,
                    own=own,
                    randomness=self._randomness,
                    now=self._now,
                    tenant=self._tenant,
                    deliver=self._deliver,
                    up=up,
                    trouble=self._care.trouble,
                    relieved=self._care.relieved,
                )
                try:
                    ended = await self._live.run()
                finally:
                    self._app.sockets -= 1
                    self._live = self._files.connection = None
                    self._is_up = trio.Event()
                    await connection.close()
            nursery.cancel_scope.cancel()
        verdict = ended.verdict(again)
        self._log.info("web_connection_ended", reason=ended.what, verdict=verdict.kind)
        return verdict, trio.current_time() - up_at if up_at is not None else 0.0

    async def _connect(self, nursery: trio.Nursery, device: Device, login: bytes) -> Connection:
        self._say("starting", "connecting")
        async with self._app.connecting:
            return await connect(
                nursery,
                self._server,
                device.noise,
                login,
                now=self._now().timestamp(),
                randomness=self._randomness,
            )

    def _went_up(self) -> None:
        self._is_up.set()
        self._say("paused" if self._care.stopped else "up", self._care.stopped)

    def _care_changed(self) -> None:
        """Sending was stopped to protect the number, or may go on."""
        if self._is_up.is_set():
            self._went_up()

    def _say(self, state: ChannelState, reason: str) -> None:
        if self._report is not None:
            self._report(state, reason)

    # Linking

    async def _link_once(self, device: Device | None) -> None:
        """One connection with nobody linked: shows what is to be scanned or typed until the phone has answered."""
        if trio.current_time() >= self._wish_until:
            self._wish, self._shown = None, None
            self._stopped = Verdict(kind="operator", reason=EXPIRED)
            return
        if device is None:
            device = link.new_device(self._randomness.bytes)
            made = device
            await self._keys.write(lambda rows: rows.save_device(made))
        registration = payload.registration(
            version=self._app.version.current,
            registration_id=device.registration_id,
            identity=device.identity.public,
            signed_prekey=device.signed_prekey,
        )
        paired = False
        async with trio.open_nursery() as nursery:
            try:
                connection = await self._connect(nursery, device, registration)
            except Ended as error:
                ended = error
            else:
                self._link = Link(
                    connection,
                    self._keys,
                    device,
                    phone=self._wish or "",
                    show=self._show,
                    now=self._now,
                    randomness=self._randomness,
                    tenant=self._tenant,
                )
                try:
                    with trio.move_on_at(self._wish_until):
                        ended = await self._link.run()
                    if trio.current_time() >= self._wish_until:
                        ended = Ended(EXPIRED, "ended")
                finally:
                    paired, self._link = self._link.paired, None
                    await connection.close()
            nursery.cancel_scope.cancel()
        if paired:
            self._wish, self._shown = None, None
            return
        verdict = ended.verdict("")
        if verdict.kind == "refresh_version":
            await self._app.version.refresh()
        elif not verdict.comes_back or verdict.kind == "wait":
            self._wish, self._shown, self._stopped = None, None, verdict
        elif self._wish is not None:
            await self._stir(1.0)

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._say("down", shown.sentence)
        if shown.qr or shown.pairing_code or shown.passkey:
            self._shows.set()

    async def pair(self, phone: str, *, seconds: float) -> None:
        """Begin to link, and wait up to `seconds` until there is something to show. Raises `ChannelError`."""
        device = await self._keys.read(lambda rows: rows.device())
        if device is not None and device.paired and (self._stopped is None or not self._stopped.wipe):
            if self._stopped is None:
                raise ChannelError("a phone is linked already", "unlink it first with POST …/channel/logout")
            await self._keys.write(lambda rows: rows.retire_device("linked anew"))
        self._stopped = None
        self._wish, self._wish_until = phone, trio.current_time() + PAIRING_SECONDS
        self._shown, self._shows = None, trio.Event()
        if self._link is not None:
            self._link.give_up()
        self._stirred.set()
        with trio.move_on_after(seconds):
            await self._shows.wait()

    async def answer_passkey(self, assertion: Mapping[str, Any]) -> None:
        """Hand a passkey's proof over. Raises `ChannelError`."""
        if self._link is None:
            raise ChannelError("no pairing is under way", "begin with POST …/channel/pair")
        await self._link.answer_passkey(assertion)

    async def logout(self) -> None:
        """Unlink: WhatsApp is told where it can be, the keys are put aside in any case."""
        self._wish = None
        if self._link is not None:
            self._link.give_up()
        if self._live is not None:
            own = self._live.own
            try:
                await self._live.connection.ask(queries.remove_device(own), seconds=LOGOUT_SECONDS)
            except NoAnswer:
                self._log.warning("web_logout_unanswered")
            if self._live is not None:
                self._live.connection.end(Ended("unlinked by the operator", "ended"))
        await self._keys.write(lambda rows: rows.retire_device("unlinked by the operator"))
        self._jid, self._shown = None, None
        self._stopped = Verdict(kind="logged_out", reason=NOT_LINKED)
        self._stirred.set()

    @property
    def details(self) -> Details:
        """What a person is shown of the link."""
        return Details(
            jid=str(self._jid) if self._jid is not None else None, retry_at=self._retry_at, shown=self._shown
        )

    # Sending

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over, as `Channel.send` says. What was encrypted before goes again as it was."""
        before = await self._keys.read(lambda rows: rows.outbound(message.id))
        if before is not None and before.state == "encrypted":
            if int(self._now().timestamp() * 1000) - before.at > UNSENT_HOURS * 3_600_000:
                raise SendRefused("WhatsApp never confirmed the message", "write again if it still matters")
            if self._live is None or not self._is_up.is_set():
                await self._is_up.wait()
                raise SendUnsettled("the connection is back")  # whether it should still go is asked anew
        if self._live is None or not self._is_up.is_set():
            raise ChannelPaused("the phone's link is down", "see GET …/channel")
        sending = self._live.sending
        paces = await self._care.pace()
        chat = before.chat if before is not None else await sending.destination(lid=message.lid, phone=message.phone)
        await self._in_turn(paces, str(chat), message)
        paces.begun(str(chat), self._now().timestamp())
        try:
            if before is None and not message.human:
                rng = self._randomness.rng
                seconds = pace.typing_seconds(len(message.text), rng, factor=self._factor)
                await shown_typing(sending.connection, chat, sending.own, seconds, voice=message.kind == "voice")
            lifetime = await self._keys.read(partial(chats.lifetime, chat=chat))
            composed = await self._composer.message(message, lifetime)
            draft = outbound.Draft(our_id=message.id, chat=chat, message=composed)
            network_id = await sending.send(draft)
        except Ended as error:
            raise SendUnsettled(f"the connection ended ({error})") from error
        finally:
            paces.done(str(chat))
        await self._care.keep()
        return Receipt(network_id=network_id, phone=message.phone)

    async def _in_turn(self, paces: pace.Pace, chat: str, message: Outgoing) -> None:
        match paces.ready(chat, self._now().timestamp(), human=message.human):
            case pace.Stopped() as stopped:
                raise SendDelayed(stopped.reason, stopped.seconds, "channel")
            case pace.Wait() as wait:
                raise SendDelayed(wait.reason, wait.seconds if wait.seconds is not None else 1.0)

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """Show the customer that the message was read. A courtesy: failures are not raised."""
        id_, _, chat = network_id.partition("/")
        live_now = self._live
        if live_now is None or not id_ or not chat:
            return
        try:
            jid = Jid.parse(chat)
            for node in outgoing.read(jid, [id_], now=int(self._now().timestamp())):
                await live_now.connection.send(node)
            if typing:
                await live_now.connection.send(outgoing.chatstate(jid, "composing", live_now.own))
        except (Ended, Garbled) as error:
            self._log.info("web_not_marked_read", reason=str(error))
