"""Putting the parts together from a configuration. `daemon/main.py` says in which nursery each of them runs."""

import random
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import define, frozen

from daemon.billing.rollup import Rollup
from daemon.channels.cloud import CloudApp
from daemon.channels.media import media_path
from daemon.channels.transport import StripedTransport
from daemon.clock import Now, utc_now
from daemon.config import Config
from daemon.control.app import build_app
from daemon.control.auth import TokenBook
from daemon.control.events import EventRing, Ring
from daemon.control.gate import Gate
from daemon.control.sandbox_page import DemoInfo
from daemon.control.webhooks import Webhooks
from daemon.desk import assistant
from daemon.desk.fairness import FairSlots
from daemon.desk.outbox import Brake, StatusWatch
from daemon.metrics import TENANTS_NAMED, Metrics
from daemon.providers import roster
from daemon.providers.base import Tokens
from daemon.sealing import Sealer
from daemon.secrets import Secrets
from daemon.stock.feed import poll
from daemon.stock.fetch import Fetcher
from daemon.stock.importing import import_stock
from daemon.tenants.reception import Reception
from daemon.tenants.service import TenantService
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tenant import rules_of
from daemon.wellbeing import Wellbeing
from shards.directory import ShardDirectory, ShardHandle
from shards.shard import Shard
from shards.tenant.profile import StockFeed


@frozen(kw_only=True)
class Parts:
    """Everything a process is made of. Nothing of it runs yet."""

    config: Config
    central: Shard
    directory: ShardDirectory
    supervisor: Supervisor
    service: TenantService
    reception: Reception
    rollup: Rollup
    events: EventRing
    wellbeing: Wellbeing
    public: Gate
    admin: Gate
    active: list[str]  # tenants that should run


@define
class _VendorMetrics:
    """The roster's observer."""

    metrics: Metrics

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        self.metrics.provider(provider, seconds)
        for kind in ("input", "output", "cache_read", "cache_write"):
            self.metrics.tokens("", provider, kind, getattr(tokens, kind))

    def failed(self, provider: str, reason_kind: str) -> None:
        self.metrics.provider_failed(provider, reason_kind, 0.0)


@asynccontextmanager
async def assembled(
    config: Config,
    secrets: Secrets,
    *,
    now: Now = utc_now,
    demo: DemoInfo | None = None,
) -> AsyncIterator[Parts]:
    """Open central and build everything on it; the caller holds the data directory's lock.

    Raises `ConfigError`, `SealBroken` or a `ShardUnavailable` when it cannot serve at all.
    """
    async with AsyncExitStack() as stack:
        limiter = trio.CapacityLimiter(config.storage.threads)
        central = await trio.to_thread.run_sync(_open_central, config.data_dir, limiter, now, limiter=limiter)
        stack.callback(central.close)
        directory = ShardDirectory(config.data_dir, limiter=limiter, limit=config.storage.open_shards, now=now)
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
        graph = await stack.enter_async_context(httpx.AsyncClient(transport=StripedTransport(), trust_env=False))
        fetcher = Fetcher(allow_private=config.fetch.allow_private)
        stack.push_async_callback(fetcher.aclose)
        rollup = Rollup(central, directory)
        events = EventRing(Ring(uuid.uuid4().hex[:12]))
        around = Surroundings(
            config=config,
            data_dir=config.data_dir,
            directory=directory,
            sealer=Sealer(secrets.required_master_key()),
            graph=graph,
            cloud_app=CloudApp(),
            roster=vendors,
            thinking=assistant.turn,
            turn_slots=FairSlots(config.turns.max_running),
            brake=Brake(),
            watch=StatusWatch(int(now().timestamp() * 1000)),
            events=events,
            metrics=metrics,
            poll_feed=partial(_poll, fetcher=fetcher, limiter=limiter, now=now),
            receipts=rollup.mark,
            now=now,
            rng=rng,
        )
        yield await _with_tenants(around, central, rollup, events, secrets, demo)


async def _with_tenants(
    around: Surroundings,
    central: Shard,
    rollup: Rollup,
    events: EventRing,
    secrets: Secrets,
    demo: DemoInfo | None,
) -> Parts:
    supervisor = Supervisor(around, lambda tenant: reception.replay(tenant))
    reception = Reception(
        central=central,
        directory=around.directory,
        rules_of=partial(rules_of, around=around),
        running=supervisor.running,
        watch=around.watch,
        metrics=around.metrics,
        receipts=around.receipts,
        now=around.now,
    )
    service = TenantService(central=central, around=around, supervisor=supervisor)
    active = await service.open()
    await reception.open()
    wellbeing = Wellbeing(parked=lambda: reception.parked_items, tenants=supervisor.count)
    _sample(around, central, reception)
    tokens = TokenBook(central)
    webhooks = Webhooks(reception.receive, secrets.whatsapp_app_secret, secrets.whatsapp_verify_token)
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
    )
    common: dict[str, Any] = {
        "quart_app": app,
        "webhooks": webhooks,
        "health": wellbeing,
        "metrics": around.metrics.render,
        "tokens": tokens,
    }
    return Parts(
        config=around.config,
        central=central,
        directory=around.directory,
        supervisor=supervisor,
        service=service,
        reception=reception,
        rollup=rollup,
        events=events,
        wellbeing=wellbeing,
        public=Gate(**common, loopback_only=demo is not None),
        admin=Gate(**common, trusted=True),
        active=active,
    )


def _open_central(data_dir: Path, limiter: trio.CapacityLimiter, now: Now) -> Shard:
    return Shard.open(data_dir / "central.db", "central", create=True, limiter=limiter, now=now)


async def _few_tenants(central: Shard) -> bool:
    count: int = await central.glance(lambda tx: tx.value("SELECT count(*) FROM tenants WHERE state <> 'deleted'"))
    return count <= TENANTS_NAMED


async def _poll(
    shard: ShardHandle, feed: StockFeed, *, fetcher: Fetcher, limiter: trio.CapacityLimiter, now: Now
) -> str:
    return await poll(shard, feed, fetcher, now(), limiter=limiter)


def _sample(around: Surroundings, central: Shard, reception: Reception) -> None:
    metrics = around.metrics
    metrics.sample_gauge("parked_items", "Deliveries parked in central.", lambda: reception.parked_items)
    metrics.sample_gauge("open_shards", "Tenant files open now.", lambda: around.directory.open_count)
    metrics.sample_gauge("turns_running", "Turns that run now.", lambda: around.turn_slots.in_use)
    metrics.sample_gauge("turns_waiting", "Turns that wait for a slot.", lambda: around.turn_slots.waiting)
    metrics.sample_counter("central_commits", "Commits of central.", lambda: central.commits)
