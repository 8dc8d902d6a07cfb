"""A logged-in connection: what each stanza leads to, and what keeps the device in good standing."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import trio
from attrs import define, evolve, field

from daemon.channels.web import inbound, outbound
from daemon.channels.web.connection import Connection, Ended, NoAnswer, Randomness
from daemon.channels.web.keys import Device, Keys, Rows
from daemon.channels.web.sending import Sending
from daemon.errors import SendDelayed
from daemon.logs import get_logger
from daemon.whatsapp.events import Event, StatusReceived
from daemon.whatsapp.web import bundle, content, notifications, outgoing, pace, queries, receipts, stanza
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.record import Me, PreKey
from daemon.whatsapp.web.stanza import Own

FIRST_PREKEYS: Final = 812
MORE_PREKEYS: Final = 50
PREKEYS_A_WRITE: Final = 100
"""Made in one transaction: it takes the loop some milliseconds."""
DRAIN_BATCH: Final = 50
ASK_SECONDS: Final = 30.0

Deliver = Callable[[Sequence[Event]], Awaitable[None]]
"""Stores events in the tenant's shard; they are on disk when it returns. Raises `ShardUnavailable`."""


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
    deliver: Deliver
    up: Callable[[], None]  # logged in and declared active
    trouble: Callable[[pace.Trouble, float | None], Awaitable[None]]  # (what, until when in Unix seconds)
    relieved: Callable[[], Awaitable[None]]
    sending: Sending = field(init=False)
    _nursery: trio.Nursery | None = None
    _logged_in: bool = False
    _backlog: int = 0  # what waited for us and has not come yet
    _prekeys: trio.Lock = field(factory=trio.Lock)
    _resends: deque[tuple[float, Jid]] = field(factory=deque)

    def __attrs_post_init__(self) -> None:
        self.sending = Sending(
            connection=self.connection,
            keys=self.keys,
            device=self.device,
            own=self.own,
            randomness=self.randomness,
            tenant=self.tenant,
            trouble=self.trouble,
        )

    async def run(self) -> Ended:
        """Serve the connection until it ends. Raises `ShardUnavailable` when a file fails: nothing is acknowledged then
        that was not stored."""
        async with trio.open_nursery() as self._nursery:
            ended = await self.connection.serve(self._handle)
            self._nursery.cancel_scope.cancel()
        return ended

    async def _handle(self, node: Node) -> None:
        if self._backlog and "offline" in node.attrs:
            await self._one_of_backlog()
        match node.tag:
            case "success":
                self._aside(self._log_in, node)
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

    async def _one_of_backlog(self) -> None:
        """The server sends what waited in batches and goes on when asked: without it nothing new would ever come."""
        self._backlog -= 1
        if self._backlog and self._backlog % (outgoing.OFFLINE_BATCH // 2) == 0:
            await self.connection.send(outgoing.offline_batch())

    def _aside(self, work: Callable[[Node], Awaitable[None]], node: Node) -> None:
        """Do something that asks the server without holding up the stanzas that come before its answer."""
        assert self._nursery is not None
        self._nursery.start_soon(self._guarded, work, node)

    async def _guarded(self, work: Callable[[Node], Awaitable[None]], node: Node) -> None:
        try:
            await work(node)
        except Ended as error:
            self.connection.end(error)
        except (NoAnswer, Garbled, SendDelayed) as error:
            self._log.warning("web_upkeep_failed", what=node.tag, reason=str(error))
            if not self._logged_in:
                self.connection.end(Ended(f"the login did not go through: {error}", "handshake"))

    async def _clear(self, node: Node) -> None:
        for answer in stanza.clearing(node, self.own):
            await self.connection.send(answer)

    # Logging in

    async def _log_in(self, node: Node) -> None:
        lid = node.jid("lid")
        if lid is not None and self.device.lid is None:
            self.device = evolve(self.device, lid=lid)
            self.own = evolve(self.own, lid=lid)
            self.sending.device, self.sending.own = self.device, self.own
        await self.keys.write(partial(_know_ourselves, device=self.device))
        answer = await self.connection.ask(queries.prekey_count(), seconds=ASK_SECONDS)
        await self._keep_prekeys(queries.read_prekey_count(answer))
        queries.result_of(await self.connection.ask(queries.active(), seconds=ASK_SECONDS))
        self._logged_in = True
        self.up()

    async def _keep_prekeys(self, on_server: int) -> None:
        """Upload one-time prekeys where few are left; those whose upload was cut off go again."""
        if on_server >= notifications.FEW_PREKEYS:
            return
        async with self._prekeys:
            ours = await self.keys.read(lambda rows: rows.prekeys_left())
            wanted = MORE_PREKEYS if ours or on_server else FIRST_PREKEYS
            unsent = await self.keys.read(lambda rows: rows.unsent_prekeys(wanted))
            while len(unsent) < wanted:
                count = min(PREKEYS_A_WRITE, wanted - len(unsent))
                pairs = [KeyPair.generate(self.randomness.bytes(32)) for _ in range(count)]
                unsent += await self.keys.write(lambda rows, pairs=pairs: rows.add_prekeys(pairs))  # type: ignore[misc]
                await trio.lowlevel.checkpoint()
            await self._upload(unsent)

    async def _upload(self, prekeys: list[PreKey]) -> None:
        me = Me(self.device.identity, self.device.registration_id)
        node = bundle.upload(me, self.device.signed_prekey, prekeys)
        queries.result_of(await self.connection.ask(node, seconds=ASK_SECONDS))
        ids = [prekey.id for prekey in prekeys]
        await self.keys.write(lambda rows: rows.prekeys_uploaded(ids))

    # What comes in

    async def _message(self, node: Node) -> None:
        scope = stanza.scope(node, self.own)
        if not isinstance(scope, stanza.Incoming):
            if isinstance(scope, stanza.Malformed):
                self._log.warning("web_message_malformed", code=scope.code, reason=scope.reason)
            for answer in scope.answers:
                await self.connection.send(answer)
            return
        taken = await self.keys.write(
            partial(inbound.take, message=scope, own=self.own, device=self.device, fresh=self.randomness.bytes)
        )
        for note in taken.notes:
            self._log.warning("web_message", note=note)
        if taken.ask_phone:
            await self._ask_phone(scope)
        for answer in taken.answers:
            await self.connection.send(answer)
        if taken.stored:
            await drain(self.keys, self.own, self.deliver)

    async def _ask_phone(self, message: stanza.Incoming) -> None:
        try:
            await self.sending.ask_phone(message)
        except SendDelayed as error:
            self._log.warning("phone_not_asked", reason=str(error))

    async def _receipt(self, node: Node) -> None:
        for told in receipts.read(node, self.own):
            match told:
                case receipts.Progress():
                    if events := await self.keys.read(partial(_statuses, told=told, now=self.now())):
                        await self.deliver(events)
                case receipts.RetryRequest():
                    self._aside(partial(self._again, told), node)
                    return  # acknowledged after it was answered
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
        why = await self.sending.again(evolve(request, keys=None) if keys is None else request, keys, lately)
        if why.startswith("sent again") and chat is not None:
            self._resends.append((now, chat))
        self._log.info("web_asked_again", answer=why, count=request.count)
        await self._clear(node)

    async def _notification(self, node: Node) -> None:
        told = notifications.read(node, self.own)
        match told:
            case notifications.PrekeyCount() if told.low:
                self._aside(partial(self._more_prekeys, told.left), node)
            case notifications.IdentityChanged():
                await self.keys.write(lambda rows: rows.forget_person(told.person))
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

    async def _more_prekeys(self, left: int, _: Node) -> None:
        await self._keep_prekeys(left)

    async def _broadcast(self, node: Node) -> None:
        for told in notifications.read_ib(node):
            match told:
                case notifications.OfflinePreview() if told.count:
                    self._backlog = told.count
                    await self.connection.send(outgoing.offline_batch())
                case notifications.OfflineEnd():
                    self._backlog = 0
                case notifications.Routing():
                    if told.info != self.device.routing_info:
                        self.device = evolve(self.device, routing_info=told.info)
                        await self.keys.write(lambda rows: rows.save_device(self.device))

    @property
    def _log(self):  # type: ignore[no-untyped-def]
        return get_logger("channels.web", tenant=self.tenant)


def _know_ourselves(rows: Rows, device: Device) -> None:
    """Our own addresses, as the login told them."""
    kept = rows.device()
    if kept is not None and kept.lid is None and device.lid is not None:
        rows.save_device(evolve(kept, lid=device.lid))
    if device.jid is not None and device.lid is not None:
        rows.learn_address(lid_user=device.lid.user, pn_user=device.jid.user)


def _statuses(rows: Rows, told: receipts.Progress, now: datetime) -> list[Event]:
    """News of messages of ours, from the person they were for."""
    events: list[Event] = []
    for id_ in told.ids:
        sent = rows.outbound_of(id_)
        if sent is None or not sent.our_id:
            continue
        if inbound.canonical(rows, told.who) != inbound.canonical(rows, sent.chat):
            continue  # somebody else's word
        events.append(
            StatusReceived(
                network_id=content.network_id(sent.id, str(sent.chat)),
                status=told.status,
                at=datetime.fromtimestamp(told.at, UTC) if told.at else now,
                our_id=sent.our_id,
            )
        )
    return events


def _devices_changed(rows: Rows, told: notifications.DevicesChanged) -> None:
    if told.learned is not None:
        rows.learn_address(lid_user=told.learned.lid_user, pn_user=told.learned.pn_user)
    rows.forget_devices(told.person)
    if (other := outbound.other_address(rows, told.person)) is not None:
        rows.forget_devices(other)


def _own_devices_changed(rows: Rows, own: Own) -> None:
    for each in (own.pn, own.lid):
        if each is not None:
            rows.forget_devices(each.bare)


def _tokens_given(rows: Rows, told: notifications.TokensGiven) -> None:
    if told.learned is not None:
        rows.learn_address(lid_user=told.learned.lid_user, pn_user=told.learned.pn_user)
    outbound.token_received(rows, told.person, told.tokens[-1])
