"""Putting the parts together from a configuration. `daemon/main.py` says in which nursery each of them runs."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from attrs import define, evolve, frozen

from daemon.backup import office as backup_office
from daemon.backup.copies import Copies
from daemon.backup.disk import MIB, DiskFloor
from daemon.backup.office import BackupOffice
from daemon.backup.restore import finish_all
from daemon.billing.collection import Around, Collector
from daemon.billing.rollup import Rollup
from daemon.channels.cloud import CloudApp
from daemon.channels.media import media_path
from daemon.channels.transport import GraphClient
from daemon.clock import Now, utc_now
from daemon.config import Config
from daemon.control.app import build_app
from daemon.control.asaas import AsaasWebhook
from daemon.control.auth import TokenBook
from daemon.control.cell import CellDoor
from daemon.control.events import EventRing, Ring
from daemon.control.gate import Gate
from daemon.control.sandbox_page import DemoInfo
from daemon.control.webhooks import WebhookCounts, Webhooks
from daemon.desk import assistant
from daemon.desk.fairness import BEGIN_AT_ONCE, FairSlots
from daemon.desk.outbox import Brake, StatusWatch
from daemon.desk.turn import Roster as DeskRoster
from daemon.metrics import TENANTS_NAMED, Metrics
from daemon.providers import roster, voices
from daemon.providers.base import ModelReply, Prompt, Tokens
from daemon.sealing import Sealer
from daemon.secrets import Secrets
from daemon.stall import StallInstrument
from daemon.stock.feed import poll
from daemon.stock.fetch import Fetcher
from daemon.stock.importing import import_stock
from daemon.tenants.press import Press
from daemon.tenants.reception import Reception
from daemon.tenants.retention import Retention
from daemon.tenants.service import TenantService
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tenant import rules_of
from daemon.tenants.web_channel import web_app
from daemon.wellbeing import Wellbeing
from shards.copy import before_migration
from shards.directory import ShardDirectory, ShardHandle
from shards.ids import new_id
from shards.memory import SpareMemory
from shards.shard import Shard
from shards.tenant.profile import StockFeed


@frozen(kw_only=True)
class Parts:
    """Everything a process is made of. Nothing of it runs yet."""

    around: Surroundings
    fetcher: Fetcher
    central: Shard
    directory: ShardDirectory
    sessions: ShardDirectory
    supervisor: Supervisor
    service: TenantService
    reception: Reception
    retention: Retention
    rollup: Rollup
    collector: Collector
    floor: DiskFloor
    copies: Copies
    office: BackupOffice
    events: EventRing
    wellbeing: Wellbeing
    public: Gate
    admin: Gate
    cell: CellDoor
    active: list[str]  # tenants that should run

    def apply(self, config: Config) -> None:
        """Go on with other settings; only what `daemon/reload.py` calls live may differ."""
        self.fetcher.allow(config.fetch.allow_private)
        self.around.config = config
        self.around.turn_slots.resize(config.turns.max_running)
        for tenant in self.supervisor.tenants():
            tenant.settings_changed()


@define
class _VendorMetrics:
    """The roster's observer."""

    metrics: Metrics

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        self.metrics.provider(provider, seconds)

    def failed(self, provider: str, reason_kind: str) -> None:
        self.metrics.provider_failed(provider, reason_kind, 0.0)


@frozen
class _Metered:
    """The roster as the desk sees it: its tokens are counted for the tenant that spends them."""

    inner: DeskRoster
    metrics: Metrics

    def available(self) -> tuple[str, ...]:
        return self.inner.available()

    async def ask(self, name: str, prompt: Prompt, *, tenant: str) -> ModelReply:
        reply = await self.inner.ask(name, prompt, tenant=tenant)
        for kind in ("input", "output", "cache_read", "cache_write"):
            self.metrics.tokens(tenant, name, kind, getattr(reply.tokens, kind))
        return reply


@asynccontextmanager
async def assembled(
    config: Config,
    secrets: Secrets,
    *,
    now: Now = utc_now,
    demo: DemoInfo | None = None,
    stand_ins: voices.StandIns | None = None,
) -> AsyncIterator[Parts]:
    """Open central and build everything on it; the caller holds the data directory's lock.

    `stand_ins` hear and speak where no vendor's key is set; the demo's alone.
    Raises `ConfigError`, `SealBroken` or a `ShardUnavailable` when it cannot serve at all.
    """
    async with AsyncExitStack() as stack:
        stall = StallInstrument()
        trio.lowlevel.add_instrument(stall)
        stack.callback(trio.lowlevel.remove_instrument, stall)
        limiter = trio.CapacityLimiter(config.storage.threads)
        central = await trio.to_thread.run_sync(_open_central, config.data_dir, limiter, now, limiter=limiter)
        stack.callback(central.close)
        spare = SpareMemory()
        directory = ShardDirectory(
            config.data_dir,
            limiter=limiter,
            limit=config.storage.open_shards,
            now=now,
            before_migration=before_migration(config.data_dir),
            spare=spare,
        )
        sessions = ShardDirectory(  # forward only: no copy is made of them, not even before a migration
            config.data_dir, kind="session", limiter=limiter, limit=config.storage.open_shards, now=now, spare=spare
        )
        wellbeing = Wellbeing()
        metrics = Metrics(per_tenant=await _few_tenants(central))
        rng = random.Random()  # noqa: S311 - jitter, not secrets
        vendors = roster.build(
            anthropic=config.providers.anthropic,
            openai=config.providers.openai,
            anthropic_key=secrets.anthropic_api_key,
            openai_key=secrets.openai_api_key,
            rng=rng,
            now=now,
            observer=_VendorMetrics(metrics),
        )
        stack.push_async_callback(vendors.aclose)
        voiced = voices.build(
            elevenlabs=config.providers.elevenlabs,
            openai=config.providers.openai,
            elevenlabs_key=secrets.elevenlabs_api_key,
            openai_key=secrets.openai_api_key,
            rng=rng,
            now=now,
            observer=_VendorMetrics(metrics),
            stand_ins=stand_ins,
        )
        stack.push_async_callback(voiced.aclose)
        graph = await stack.enter_async_context(GraphClient())
        fetcher = Fetcher(allow_private=config.fetch.allow_private)
        stack.push_async_callback(fetcher.aclose)
        rollup = Rollup(central, directory, partial(wellbeing.trouble, "rollup"))
        started_ms = int(now().timestamp() * 1000)
        events = EventRing(Ring(new_id(started_ms)))
        floor = DiskFloor(config.data_dir, config.storage.floor_mb * MIB, partial(wellbeing.trouble, "space"))
        around = Surroundings(
            config=config,
            data_dir=config.data_dir,
            directory=directory,
            sessions=sessions,
            sealer=Sealer(secrets.required_master_key()),
            graph=graph,
            cloud_app=CloudApp(),
            web_app=web_app(config.whatsapp.web, graph),
            fetcher=fetcher,
            roster=_Metered(vendors, metrics),
            hearing=voiced.hearing,
            speech=voiced.speech,
            thinking=assistant.turn,
            turn_slots=FairSlots(config.turns.max_running, at_once=BEGIN_AT_ONCE),
            brake=Brake(),
            watch=StatusWatch(started_ms),
            events=events,
            metrics=metrics,
            poll_feed=partial(_poll, fetcher=fetcher, limiter=limiter, now=now),
            receipts=rollup.mark,
            now=now,
            rng=rng,
            room=floor.room,
        )
        reports = partial(_reports, vendors, voiced)
        parts = await _with_tenants(around, fetcher, central, rollup, floor, events, wellbeing, secrets, demo, reports)
        metrics.sample_gauge("loop_lag_seconds", "Longest step since the last scrape.", stall.take_worst_seconds)
        yield parts


async def _with_tenants(
    around: Surroundings,
    fetcher: Fetcher,
    central: Shard,
    rollup: Rollup,
    floor: DiskFloor,
    events: EventRing,
    wellbeing: Wellbeing,
    secrets: Secrets,
    demo: DemoInfo | None,
    providers: Callable[[], tuple[roster.ProviderReport, ...]],
) -> Parts:
    async def before_start(tenant: str) -> None:
        await service.mend_route(tenant)
        await reception.replay(tenant)

    supervisor = Supervisor(around, before_start)
    reception = Reception(
        central=central,
        directory=around.directory,
        rules_of=partial(rules_of, around=around),
        running=supervisor.running,
        press=Press(around.turn_slots),
        watch=around.watch,
        metrics=around.metrics,
        receipts=around.receipts,
        publish=around.publish,
        now=around.now,
        rng=around.rng,
    )
    service = TenantService(
        central=central, around=around, supervisor=supervisor, roll_up=rollup.drain, forget_parked=reception.forget
    )
    copies, office = backup_office.build(
        around,
        central=central,
        service=service,
        supervisor=supervisor,
        reception=reception,
        rollup=rollup,
        floor=floor,
        trouble=partial(wellbeing.trouble, "copies"),
    )
    collector = Collector(
        central,
        Around(
            terms=lambda: around.config.billing.terms(),
            rules=lambda: around.config.billing.rules(),
            suspend=service.suspend,
            resume=service.resume,
            say=events.publish,
            trouble=partial(wellbeing.trouble, "billing"),
        ),
        around.standings,
    )
    active = await service.open()
    await reception.open()
    wellbeing.parked, wellbeing.pressed = (lambda: reception.unwritable_items), (lambda: reception.pressed_items)
    wellbeing.tenants, wellbeing.without_credentials = supervisor.count, supervisor.without_credentials
    tokens = TokenBook(central)
    webhooks = Webhooks(reception.receive, secrets.whatsapp_app_secret, secrets.whatsapp_verify_token)
    _sample(around, central, reception, supervisor, webhooks.counts)
    app = build_app(
        tenancy=service,
        central=central,
        tokens=tokens,
        ring=events,
        import_stock=partial(import_stock, limiter=around.directory.limiter),
        media_path=partial(media_path, around.data_dir / "media"),
        now=around.now,
        public_url=around.config.http.public_url,
        demo=demo,
        backups=office,
        providers=providers,
        collector=collector,
        server_cost_centavos=lambda: around.config.billing.server_cost_centavos,
    )
    common: dict[str, Any] = {
        "quart_app": app,
        "webhooks": webhooks,
        "health": wellbeing,
        "metrics": around.metrics.render,
        "tokens": tokens,
        "asaas": AsaasWebhook(central, secrets.asaas_token, collector),
    }
    return Parts(
        around=around,
        fetcher=fetcher,
        central=central,
        directory=around.directory,
        sessions=around.sessions,
        supervisor=supervisor,
        service=service,
        reception=reception,
        retention=Retention(
            directory=around.directory,
            data_dir=around.data_dir,
            media_days=around.config.retention.media_days,
            tenants=service.known,
        ),
        rollup=rollup,
        collector=collector,
        floor=floor,
        copies=copies,
        office=office,
        events=events,
        wellbeing=wellbeing,
        public=Gate(**common, loopback_only=demo is not None),
        admin=Gate(**common, trusted=True),
        cell=CellDoor(evolve(webhooks, receive=reception.receive_share), reception.numbers, wellbeing),
        active=active,
    )


def _reports(models: roster.Roster, voiced: voices.Voices) -> tuple[roster.ProviderReport, ...]:
    return (*models.reports(), *voiced.hearing.reports(), *voiced.speech.reports())


def _open_central(data_dir: Path, limiter: trio.CapacityLimiter, now: Now) -> Shard:
    finish_all(data_dir)
    keep = before_migration(data_dir)
    return Shard.open(data_dir / "central.db", "central", create=True, limiter=limiter, now=now, before_migration=keep)


async def _few_tenants(central: Shard) -> bool:
    count: int = await central.glance(lambda tx: tx.value("SELECT count(*) FROM tenants WHERE state <> 'deleted'"))
    return count <= TENANTS_NAMED


async def _poll(
    shard: ShardHandle, feed: StockFeed, *, fetcher: Fetcher, limiter: trio.CapacityLimiter, now: Now
) -> str:
    return await poll(shard, feed, fetcher, now(), limiter=limiter)


def _sample(
    around: Surroundings, central: Shard, reception: Reception, supervisor: Supervisor, webhooks: WebhookCounts
) -> None:
    metrics, directory = around.metrics, around.directory
    metrics.sample_gauge("parked_items", "Deliveries parked in central.", lambda: reception.parked_items)
    metrics.sample_gauge("deliveries_under_way", "Not answered yet.", lambda: reception.press.under_way)
    metrics.sample_gauge("open_shards", "Tenant files open now.", lambda: directory.open_count)
    metrics.sample_gauge("turns_running", "Turns that run now.", lambda: around.turn_slots.in_use)
    metrics.sample_gauge("turns_waiting", "Turns that wait for a slot.", lambda: around.turn_slots.waiting)
    metrics.sample_gauge(
        "queue_age_seconds",
        "How long the oldest due conversation has waited for its turn, or the oldest delivery parked.",
        lambda: max(supervisor.queue_age_seconds(), reception.parked_seconds()),
    )
    metrics.sample_gauges(
        "channels", "Channels by kind and state.", ("kind", "state"), lambda: Counter(supervisor.channels())
    )
    metrics.sample_counter("central_commits", "Commits of central.", lambda: central.commits)
    metrics.sample_counter("shard_commits", "Commits of all tenants' files.", lambda: directory.commits)
    metrics.sample_counter("shard_writes", "Writes of all tenants' files.", lambda: directory.writes)
    metrics.sample_counters(
        "webhooks", "Webhook deliveries, by what was answered.", ("result",), lambda: _answered(webhooks, reception)
    )


def _answered(webhooks: WebhookCounts, reception: Reception) -> Mapping[tuple[str, ...], float]:
    """The parked ones are among those that were accepted."""
    return {
        ("accepted",): webhooks.accepted,
        ("parked",): reception.parked_deliveries,
        ("bad_signature",): webhooks.bad_signature,
        ("too_large",): webhooks.too_large,
        ("malformed",): webhooks.malformed,
        ("not_stored",): webhooks.not_stored,
    }
