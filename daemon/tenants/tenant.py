"""One tenant's nursery: channel, message handler, outbox, cache refresh, inbound media, voice notes."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import trio

from daemon.channels.base import Channel, ChannelState
from daemon.channels.cloud import CloudChannel
from daemon.channels.media import MediaFetcher
from daemon.channels.sandbox import SandboxChannel
from daemon.channels.web.channel import WebChannel
from daemon.desk.inbox import Inbox
from daemon.desk.outbox import Outbox
from daemon.desk.receive import PAUSE_FACT, Received, Rules, receive
from daemon.desk.settle import Settled
from daemon.desk.turn import Thinker, look_away
from daemon.desk.voice_reply import VoiceReplies
from daemon.errors import FetchError, SealBroken
from daemon.logs import get_logger
from daemon.sealing import Sealed
from daemon.stock.errors import StockFileError
from daemon.tenants.cache import VehicleCache
from daemon.tenants.ears import Ears
from daemon.tenants.inbound_media import Fetcher as MediaSource
from daemon.tenants.inbound_media import InboundMedia
from daemon.tenants.photos import PhotoShelf, vehicle_photos
from daemon.tenants.sight import Arrived, Sight, all_here
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tasks import TaskBoard
from daemon.tenants.voice_notes import NoteShelf
from daemon.tenants.web_channel import web_channel
from daemon.whatsapp.events import Event
from shards.directory import ShardHandle
from shards.errors import ShardCorrupt
from shards.shard import Tx
from shards.tenant import identity, usage
from shards.tenant.profile import StockFeed, TenantProfile, load

ACCESS_TOKEN: Final = "channel.access_token"  # noqa: S105 - the name of a field
FRESH_SECONDS: Final = 300.0
"""How often the vehicle cache is refreshed where nothing tells it to."""


def rules_of(profile: TenantProfile, around: Surroundings) -> Rules:
    """What receiving for this tenant depends on."""
    turns = around.config.turns
    quiet = profile.assistant.quiet_spell_seconds
    quiet = turns.quiet_spell_seconds if quiet is None else quiet
    return Rules(
        channel=profile.channel.kind,
        quiet_ms=int(quiet * 1000),
        quiet_max_ms=int(max(turns.quiet_spell_max_seconds, quiet) * 1000),
        handover_ms=profile.assistant.handover_minutes * 60_000,
        keyed_hash=partial(around.sealer.keyed_hash, profile.id),
    )


class Tenant:
    """A tenant that runs. Made anew at each start; `run` once."""

    def __init__(self, tenant: str, around: Surroundings) -> None:
        self.id = tenant
        self._around = around
        self._shard: ShardHandle = around.directory.handle(tenant)
        self.board = TaskBoard(around.now)
        self.channel_state: ChannelState = "starting"
        self.channel_reason = ""
        self.profile: TenantProfile | None = None
        self.rules: Rules | None = None
        self._needed_at_start = ""  # why its secrets cannot be used; they change only with a restart
        self.cache: VehicleCache | None = None
        self.inbox: Inbox | None = None
        self.outbox: Outbox | None = None
        self.web: WebChannel | None = None  # where that is the tenant's channel
        self._media: InboundMedia | None = None
        self._sight: Sight | None = None
        self._photos = vehicle_photos(self._shard, around)
        self._ears = Ears(self._shard, around, self._heard)
        self._stock_bell = trio.Event()
        self._sealed: tuple[str, bytes] | None = None
        self._account_pause = ""
        self._log = get_logger("tenant", tenant=tenant)

    async def run(
        self,
        *,
        connect: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until cancelled or drained. `started()` once everything runs but the channel, which awaits `connect`.

        Raises what a channel or the storage raises; the supervisor is the boundary.
        """
        await self._open()
        assert self.profile is not None
        channel = await self._make_channel(self.profile)
        self._build(self.profile, channel)
        assert self.inbox is not None
        assert self.outbox is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.board.run, "cache refresh", self._refresh)
            await nursery.start(self.board.run, "outbox", self.outbox.run)
            await nursery.start(self.board.run, "voice notes", self._ears.run)
            await nursery.start(self.board.run, "message handler", self.inbox.run)
            nursery.start_soon(self.board.run, "channel", partial(self._connected, connect, channel))
            if self._media is not None:
                nursery.start_soon(self.board.run, "inbound media", self._media.run)
            task_status.started()

    async def _connected(
        self, connect: Callable[[], Awaitable[None]], channel: Channel, *, task_status: trio.TaskStatus[None]
    ) -> None:
        await connect()
        await channel.run(self._channel_says, task_status=task_status)

    async def _open(self) -> None:
        """Read who the shard is; one that belongs to another tenant is refused."""
        profile, file, self._sealed, self._account_pause, receipts = await self._shard.glance(_opening)
        self.profile = profile
        if file.tenant != self.id:
            raise ShardCorrupt(
                f"the file of {self.id} belongs to {file.tenant or 'nobody'}", "put the right file in its place"
            )
        self._needed_at_start = self._needed(profile)
        if receipts:
            self._around.receipts(self.id)

    def _build(self, profile: TenantProfile, channel: Channel) -> None:
        around = self._around
        self.rules = rules = rules_of(profile, around)
        # every tenant can be tried in the sandbox, whatever its customers use
        channels: dict[str, Channel] = {"sandbox": SandboxChannel(), channel.kind: channel}
        self.cache = VehicleCache(self._shard)
        thinker = Thinker(
            shard=self._shard,
            profile=profile,
            vehicles=self.cache,
            roster=around.roster,
            thinking=around.thinking,
            now=around.now,
            receipts=partial(around.receipts, self.id),
            standing=partial(around.standings.of, self.id),
            look=self._sight.look if self._sight is not None else look_away,
            prepare=self._photos.prepare,
        )
        self.inbox = Inbox(
            shard=self._shard,
            channels=channels,
            thinker=thinker,
            slots=around.turn_slots,
            now=around.now,
            handover_ms=rules.handover_ms,
            quiet_ms=rules.quiet_ms,
            keyed_hash=rules.keyed_hash,
            settled=self._settled,
            ended=partial(around.metrics.turn, self.id),
        )
        self.outbox = Outbox(
            shard=self._shard,
            channels=channels,
            watch=around.watch,
            brake=around.brake,
            resend_after_ms=self._resend_after_ms,
            now=around.now,
            received=self.received,
            sent=self._sent,
            voice=VoiceReplies(
                shard=self._shard,
                speech=around.speech,
                media_dir=around.data_dir / "media",
                receipts=partial(around.receipts, self.id),
                room=around.room,
                allowed=lambda: around.standings.of(self.id) == "full",
            ),
        )

    async def _make_channel(self, profile: TenantProfile) -> Channel:
        if profile.channel.kind == "sandbox":
            self._sight = self._sight_of(all_here)
            return SandboxChannel()
        if profile.channel.kind == "web":
            self.web, files = await web_channel(self.id, self._around, self.deliver, self._photos.load)
            self._receive_files(files)
            return self.web
        around, cloud = self._around, self._around.config.whatsapp.cloud
        common: dict[str, Any] = {
            "graph_url": cloud.graph_url,
            "version": cloud.graph_version,
            "phone_number_id": profile.channel.phone_number_id,
            "token": self.access_token,
        }
        fetcher = MediaFetcher(
            around.graph,
            tenant=self.id,
            media_dir=around.data_dir / "media",
            hosts=cloud.media_hosts,
            **common,
        )
        self._receive_files(fetcher)
        sender = profile.channel.phone_number_id
        pictures = PhotoShelf(self._photos, self._shard, sender=sender, now=around.now)
        shelf = NoteShelf(pictures, self._shard, media_dir=around.data_dir / "media", sender=sender, now=around.now)
        return CloudChannel(around.graph, rng=around.rng, app=around.cloud_app, shelf=shelf, **common)

    def _receive_files(self, fetcher: MediaSource) -> None:
        """Build what fetches customers' files, and what shows their pictures to a model."""
        around = self._around
        self._media = InboundMedia(self._shard, around, fetcher, self._ears.woken, self._media_says)
        self._sight = self._sight_of(self._media.arrived)

    def _sight_of(self, arrived: Arrived) -> Sight:
        media_dir = self._around.data_dir / "media"
        return Sight(self._shard, media_dir=media_dir, arrived=arrived, limiter=self._around.decoders)

    def access_token(self) -> str:
        """The tenant's token, opened anew each time. Raises `SealBroken`."""
        if self._sealed is None:
            raise SealBroken(f"{self.id} has no access token", "set channel.access_token with PATCH /v1/tenants/{t}")
        return self._around.sealer.open(self.id, ACCESS_TOKEN, Sealed(*self._sealed))

    @property
    def credentials_needed(self) -> str:
        """Why the tenant's secrets cannot be used, "" if they can (or none are needed)."""
        return self.web.credentials_needed if self.web is not None else self._needed_at_start

    def _needed(self, profile: TenantProfile) -> str:
        if profile.channel.kind != "cloud":
            return ""
        try:
            self.access_token()
        except SealBroken as error:
            return str(error)
        return ""

    def settings_changed(self) -> None:
        """The server's settings were read anew: what hangs on them follows at once."""
        if self.profile is None or self.inbox is None or self.outbox is None:
            return
        self.rules = rules_of(self.profile, self._around)
        self.inbox.quiet_ms = self.rules.quiet_ms
        self.outbox.resend_after_ms = self._resend_after_ms

    @property
    def _resend_after_ms(self) -> int:
        return int(self._around.config.outbox.resend_after_seconds * 1000)

    async def deliver(self, events: Sequence[Event]) -> None:
        """Store what the tenant's own socket brought; it is on disk when this returns. Raises `ShardUnavailable`."""
        assert self.rules is not None
        received = await self._shard.write(partial(receive, batch=events, rules=self.rules), brief=True)
        for name, count in received.counts.items():
            if name.startswith("ignored_"):
                for _ in range(count):
                    self._around.metrics.ignored(name.removeprefix("ignored_"))
        self.received(received)

    # Woken after commits

    def received(self, received: Received) -> None:
        """A delivery was stored, or a send settled."""
        if self.inbox is not None and (received.due or received.overtaken):
            self.inbox.woken(received.due, received.overtaken)
        if self.outbox is not None and received.to_send:
            self.outbox.woken(received.to_send)
        if received.media:
            self._ears.woken()
            if self._media is not None:
                self._media.woken()
        if received.receipts:
            self._around.receipts(self.id)
        self._around.publish(self.id, received.news)

    def _heard(self, conversation: int, answered: int) -> None:
        """A turn that waited for a voice note need not any more."""
        if self.inbox is not None:
            self.inbox.woken({conversation: (int(self._around.now().timestamp() * 1000), answered)})

    def _settled(self, settled: Settled) -> None:
        if self.inbox is not None and settled.due:
            self.inbox.woken(settled.due)
        if self.outbox is not None and settled.to_send:
            self.outbox.woken(settled.to_send)
        self._around.receipts(self.id)
        self._around.publish(self.id, settled.news)

    def account_pause_changed(self, reason: str) -> None:
        """Meta paused the account, or (with "") took that back."""
        self._account_pause = reason
        if self.outbox is not None:
            self.outbox.pause(reason)

    def stock_changed(self) -> None:
        """Vehicles were written: the cache is read anew."""
        self._stock_bell.set()

    def drain(self) -> None:
        """Begin no turn any more."""
        if self.inbox is not None:
            self.inbox.drain()

    @property
    def drained(self) -> bool:
        """Whether no turn runs and nothing is on its way to the network."""
        return (self.inbox is None or not self.inbox.running) and (self.outbox is None or self.outbox.idle)

    # Tasks

    def _channel_says(self, state: ChannelState, reason: str) -> None:
        self.channel_state, self.channel_reason = state, reason
        self.board.set("channel", "running" if state == "up" else "paused" if state == "paused" else "waiting", reason)
        if state == "up" and self.outbox is not None and not self._account_pause:
            self.outbox.pause("")
        self._around.events.publish("channel", {"tenant": self.id, "state": state, "reason": reason}, self.id)

    def _media_says(self, reason: str) -> None:
        self.board.set("inbound media", "paused" if reason else "running", reason)

    def _sent(self, result: str) -> None:
        if result == "resent":
            self._around.metrics.resent(self.id)
        else:
            self._around.metrics.send(self.id, result)

    async def _refresh(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the vehicle cache fresh and the stock feed polled, until cancelled."""
        assert self.cache is not None
        assert self.profile is not None
        feed = self.profile.stock_feed
        task_status.started()
        next_poll = trio.current_time() + self._around.rng.uniform(1, 20)
        while True:
            wait = FRESH_SECONDS if feed is None else min(FRESH_SECONDS, max(0.0, next_poll - trio.current_time()))
            with trio.move_on_after(wait):
                await self._stock_bell.wait()
            if feed is not None and trio.current_time() >= next_poll:
                next_poll = trio.current_time() + feed.every_minutes * 60 * self._around.rng.uniform(0.95, 1.05)
                await self._poll(feed)
                self._stock_bell.set()
            await self._freshen(self.cache)

    async def _freshen(self, cache: VehicleCache) -> None:
        """Read a cache in use anew when vehicles were written; let one that nobody asks go."""
        age = cache.age_seconds
        if self._stock_bell.is_set():
            self._stock_bell = trio.Event()
            if age is None:
                cache.invalidate()
            else:
                await cache.refresh()
        elif age is not None and age > FRESH_SECONDS:
            cache.invalidate()

    async def _poll(self, feed: StockFeed) -> None:
        try:
            result = await self._around.poll_feed(self._shard, feed)
        except (FetchError, StockFileError) as error:
            self._log.warning("stock_feed_failed", reason=str(error))
            self.board.set("cache refresh", "running", f"stock feed: {error}")
        else:
            self._log.info("stock_feed_polled", result=result)
            self.board.set("cache refresh", "running")


def _opening(tx: Tx) -> tuple[TenantProfile, identity.FileIdentity, tuple[str, bytes] | None, str, bool]:
    return (
        load(tx),
        identity.load(tx),
        identity.sealed(tx, ACCESS_TOKEN),
        identity.fact(tx, PAUSE_FACT),
        usage.any_uncopied(tx),
    )
