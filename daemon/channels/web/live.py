"""A logged-in connection: what each stanza leads to, and what keeps the device in good standing.

Stanzas are handled one after the other, and none waits for an answer of the server's: what must ask is an errand, done
meanwhile. A stanza whose errand cannot be taken on, or that could not be handled, is not cleared: the server keeps it.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import trio
from attrs import define, evolve, field

from daemon.channels.web import chats, inbound, outbound
from daemon.channels.web.connection import Connection, Ended, NoAnswer, Randomness
from daemon.channels.web.keys import Device, Keys, Rows
from daemon.channels.web.prekeys import Prekeys
from daemon.channels.web.sending import Sending
from daemon.channels.web.told import Taken
from daemon.errors import SendDelayed
from daemon.logs import get_logger
from daemon.whatsapp.events import Event, StatusReceived
from daemon.whatsapp.web import bundle, content, notifications, outgoing, pace, queries, receipts, stanza
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.payload import Version
from daemon.whatsapp.web.stanza import Own

LOGIN_SECONDS: Final = 60.0
"""From the handshake until we take part; a server that answers nothing else is left."""
ASK_SECONDS: Final = 30.0
MOST_ERRANDS: Final = 64
DRAIN_BATCH: Final = 50
BACKLOG_SECONDS: Final = 60.0
"""A backlog that stands still so long is over."""
TIDY_SECONDS: Final = 86_400.0
VERSION: Final = "client_version"
LATEST: Final = 1 << 34
"""Seconds; later times are nobody's."""

Deliver = Callable[[Sequence[Event]], Awaitable[None]]
"""Stores events in the tenant's shard; they are on disk when it returns. Raises `ShardUnavailable`."""
Errand = Callable[[], Awaitable[None]]


async def drain(keys: Keys, own: Own, deliver: Deliver) -> None:
    """Bring what was received and not yet stored into the shard. May be cancelled: the rest is drained later."""
    while waiting := await keys.read(partial(inbound.to_deliver, own=own, limit=DRAIN_BATCH)):
        events = [event for each in waiting for event in each.events]
        if events:
            await deliver(events)
        seqs = [each.seq for each in waiting]
        await keys.write(lambda rows, seqs=seqs: rows.drained(seqs))  # type: ignore[misc]


@define(eq=False)
class Live:
    """One connection of a linked device, from its login to its end."""

    connection: Connection
    keys: Keys
    device: Device
    own: Own
    randomness: Randomness
    now: Callable[[], datetime]
    tenant: str
    version: Version  # as the login told it
    deliver: Deliver
    up: Callable[[Sending], None]  # logged in and declared active
    trouble: Callable[[pace.Trouble, float | None], Awaitable[None]]  # (what, until when in Unix seconds)
    relieved: Callable[[], Awaitable[None]]
    _sending: Sending = field(init=False)
    _prekeys: Prekeys = field(init=False)
    _nursery: trio.Nursery | None = None
    _errands: int = 0
    _logged_in: trio.Event = field(factory=trio.Event)
    _due: int = 0  # stanzas of the backlog that we asked for and that have not come
    _backlog: trio.CancelScope | None = None  # ends what waits for it
    _resends: deque[tuple[float, Jid]] = field(factory=deque)
    _log: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._log = get_logger("channels.web", tenant=self.tenant)
        self._prekeys = Prekeys(self.connection, self.keys, self.device, self.randomness)
        self._sending = Sending(
            connection=self.connection,
            keys=self.keys,
            device=self.device,
            own=self.own,
            randomness=self.randomness,
            tenant=self.tenant,
            trouble=self.trouble,
            aside=partial(self._meanwhile, "a courtesy"),
        )

    async def run(self) -> Ended:
        """Serve the connection until it ends. Raises `ShardUnavailable` when a file fails: nothing is cleared then that
        was not stored."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._expect_login)
            nursery.start_soon(self._tidy)
            try:
                ended = await self.connection.serve(self._handle)
            finally:
                self._nursery = None  # senders may still be about to ask for an errand
            nursery.cancel_scope.cancel()
        return ended

    async def _handle(self, node: Node) -> None:
        try:
            if self._backlog is not None and "offline" in node.attrs:
                await self._one_of_backlog()
            match node.tag:
                case "success":
                    assert self._nursery is not None
                    self._nursery.start_soon(self._log_in, node)
                case "message":
                    await self._message(node)
                case "receipt":
                    await self._receipt(node)
                case "notification" | "call":
                    await self._notification(node)
                case "ib":
                    await self._broadcast(node)
                case "iq":
                    if (answer := queries.pong(node)) is not None:
                        await self.connection.send(answer)
                case _:
                    await self._clear(node)
        except Garbled as error:  # a row of ours that cannot be read; the stanza itself never raises
            self._log.error("web_stanza_not_handled", what=node.tag, reason=str(error))

    def _meanwhile(self, what: str, errand: Errand) -> bool:
        """Do something that asks the server without holding up the stanzas that come before its answer. False if too
        much of it waits already, or the connection is over."""
        if self._nursery is None:
            return False
        if self._errands >= MOST_ERRANDS:
            self._log.warning("web_errand_left_out", what=what)
            return False
        self._errands += 1
        self._nursery.start_soon(self._run_errand, what, errand)
        return True

    async def _run_errand(self, what: str, errand: Errand) -> None:
        try:
            await errand()
        except Ended as error:
            self.connection.end(error)
        except (NoAnswer, Garbled, SendDelayed) as error:
            self._log.warning("web_errand_failed", what=what, reason=str(error))
        finally:
            self._errands -= 1

    async def _clear(self, node: Node) -> None:
        await self._answer(stanza.clearing(node, self.own))

    async def _answer(self, answers: Sequence[Node]) -> None:
        for answer in answers:
            await self.connection.send(answer)

    # Logging in

    async def _expect_login(self) -> None:
        with trio.move_on_after(LOGIN_SECONDS):
            await self._logged_in.wait()
            return
        self.connection.end(Ended(f"the login took longer than {LOGIN_SECONDS:.0f} s", "handshake"))

    async def _log_in(self, node: Node) -> None:
        lid = node.jid("lid")
        if lid is not None and self.device.lid is None:
            self.device, self.own = evolve(self.device, lid=lid), evolve(self.own, lid=lid)
            self._sending.device, self._sending.own = self.device, self.own
        await self.keys.write(partial(_know_ourselves, device=self.device, version=self.version))
        try:
            await self._prekeys.keep()
            queries.result_of(await self.connection.ask(queries.active(), seconds=ASK_SECONDS))
        except (NoAnswer, Garbled) as error:
            self.connection.end(Ended(f"the login did not go through: {error}", "handshake"))
            return
        self._logged_in.set()
        self.up(self._sending)

    async def _tidy(self) -> None:
        while True:
            await self.keys.write(lambda rows: rows.tidy(), brief=False)
            await trio.sleep(TIDY_SECONDS)

    # The backlog comes in the batches that are asked for, and nothing new before its end

    async def _pull(self, scope: trio.CancelScope) -> None:
        self._due = 0
        with scope:
            await self._next_batch()
            before = -1
            while before != self._due:
                before = self._due
                await trio.sleep(BACKLOG_SECONDS)
            self._log.warning("web_backlog_without_end")
        self._backlog = None

    async def _one_of_backlog(self) -> None:
        self._due -= 1
        if self._due <= outgoing.OFFLINE_BATCH // 2:
            await self._next_batch()

    async def _next_batch(self) -> None:
        self._due += outgoing.OFFLINE_BATCH
        await self.connection.send(outgoing.offline_batch())

    # What comes in

    async def _message(self, node: Node) -> None:
        scope = stanza.scope(node, self.own)
        if not isinstance(scope, stanza.Incoming):
            if isinstance(scope, stanza.Malformed):
                self._log.warning("web_message_malformed", code=scope.code, reason=scope.reason)
            await self._answer(scope.answers)
            return
        taken = await self.keys.write(
            partial(inbound.take, message=scope, own=self.own, device=self.device, fresh=self.randomness.bytes),
            brief=not scope.peer,
        )
        for note in taken.notes:
            self._log.warning("web_message", note=note)
        if taken.ask_phone:
            self._meanwhile("asking the phone for a message", partial(self._ask_phone, scope, taken))
        else:
            await self._answer(taken.answers)
        if taken.stored:
            await drain(self.keys, self.own, self.deliver)

    async def _ask_phone(self, message: stanza.Incoming, taken: Taken) -> None:
        """Cleared only then: where the phone could not be asked the server brings the message again."""
        await self._sending.ask_phone(message)
        await self._answer(taken.answers)

    async def _receipt(self, node: Node) -> None:
        for told in receipts.read(node, self.own):
            match told:
                case receipts.Progress():
                    if events := await self.keys.read(partial(_statuses, told=told, now=self.now())):
                        await self.deliver(events)
                case receipts.RetryRequest():
                    self._meanwhile("sending a message again", partial(self._again, told, node))
                    return  # cleared after it was answered
                case receipts.Undelivered():
                    self._log.warning("web_message_not_delivered", reason=told.reason)
        await self._clear(node)

    async def _again(self, request: receipts.RetryRequest, node: Node) -> None:
        now = trio.current_time()
        while self._resends and self._resends[0][0] < now - 60:
            self._resends.popleft()
        chat = stanza.person(request.device)
        lately = sum(each == chat for _, each in self._resends)
        try:
            keys = bundle.read_retry(node)
        except Garbled:
            keys = None
            request = evolve(request, keys=None)
        why = await self._sending.again(request, keys, lately)
        if why.startswith("sent again") and chat is not None:
            self._resends.append((now, chat))
        self._log.info("web_asked_again", answer=why, count=request.count)
        await self._clear(node)

    async def _notification(self, node: Node) -> None:
        told = notifications.read(node, self.own)
        match told:
            case notifications.PrekeyCount() if told.low:
                self._meanwhile("uploading prekeys", partial(self._prekeys.keep, told.left))
            case notifications.IdentityChanged():
                await self.keys.write(partial(outbound.identity_changed, who=told.person, own=self.own))
                self._log.info("web_identity_changed")
            case notifications.DevicesChanged():
                await self.keys.write(partial(_devices_changed, told=told))
            case notifications.OwnDevicesChanged():
                await self.keys.write(partial(_own_devices_changed, own=self.own))
            case notifications.TokensGiven():
                await self.keys.write(partial(_tokens_given, told=told))
            case notifications.Timelock():
                if told.active:
                    await self.trouble("timelock", told.ends_at)
                else:
                    await self.relieved()
        await self._clear(node)

    async def _broadcast(self, node: Node) -> None:
        for told in notifications.read_ib(node):
            match told:
                case notifications.OfflinePreview() if told.count and self._backlog is None:
                    self._backlog = trio.CancelScope()
                    self._meanwhile("the backlog", partial(self._pull, self._backlog))
                case notifications.OfflineEnd() if self._backlog is not None:
                    self._backlog.cancel()
                case notifications.Routing() if told.info != self.device.routing_info:
                    self.device = evolve(self.device, routing_info=told.info)
                    await self.keys.write(partial(_routed, info=told.info))


def _know_ourselves(rows: Rows, device: Device, version: Version) -> None:
    """What the login told: our own addresses, and that the server takes this client version."""
    kept = rows.device()
    if kept is not None and kept.lid is None and device.lid is not None:
        rows.save_device(evolve(kept, lid=device.lid))
    if device.jid is not None and device.lid is not None:
        rows.learn_address(lid_user=device.lid.user, pn_user=device.jid.user)
    if rows.fact(VERSION) != (text := ".".join(map(str, version)).encode()):
        rows.set_fact(VERSION, text)


def version_taken(rows: Rows) -> Version | None:
    """The client version that the server took last."""
    kept = (rows.fact(VERSION) or b"").split(b".")
    return (int(kept[0]), int(kept[1]), int(kept[2])) if len(kept) == 3 else None


def _routed(rows: Rows, info: bytes) -> None:
    if (kept := rows.device()) is not None:
        rows.save_device(evolve(kept, routing_info=info))


def _statuses(rows: Rows, told: receipts.Progress, now: datetime) -> list[Event]:
    """News of messages of ours, from the person they were for."""
    at = datetime.fromtimestamp(told.at, UTC) if 0 < told.at < LATEST else now
    events: list[Event] = []
    for id_ in told.ids:
        sent = rows.outbound_of(id_)
        if sent is None or not sent.our_id:
            continue
        if chats.canonical(rows, told.who) != chats.canonical(rows, sent.chat):
            continue  # somebody else's word
        network_id = content.network_id(sent.id, str(sent.chat))
        events.append(StatusReceived(network_id=network_id, status=told.status, at=at, our_id=sent.our_id))
    return events


def _devices_changed(rows: Rows, told: notifications.DevicesChanged) -> None:
    if told.learned is not None:
        rows.learn_address(lid_user=told.learned.lid_user, pn_user=told.learned.pn_user)
    rows.forget_devices(told.person)
    if (other := chats.other_address(rows, told.person)) is not None:
        rows.forget_devices(other)


def _own_devices_changed(rows: Rows, own: Own) -> None:
    for each in (own.pn, own.lid):
        if each is not None:
            rows.forget_devices(each.bare)


def _tokens_given(rows: Rows, told: notifications.TokensGiven) -> None:
    if told.learned is not None:
        rows.learn_address(lid_user=told.learned.lid_user, pn_user=told.learned.pn_user)
    outbound.token_received(rows, told.person, told.tokens[-1])
