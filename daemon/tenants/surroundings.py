"""What all tenants of a process share. No tenant's rows are reachable from here but through its own handle."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import define, field

from daemon.billing.standings import Standings
from daemon.channels.cloud import CloudApp
from daemon.channels.web.channel import WebApp
from daemon.clock import Now
from daemon.config import Config
from daemon.control.ports import Events
from daemon.desk.fairness import FairSlots
from daemon.desk.outbox import Brake, StatusWatch
from daemon.desk.turn import Roster, Thinking
from daemon.metrics import Metrics
from daemon.providers.voices import Hearing, Speech
from daemon.sealing import Sealer
from daemon.stock.fetch import Fetcher
from shards.directory import ShardDirectory, ShardHandle
from shards.tenant.profile import StockFeed

PollFeed = Callable[[ShardHandle, StockFeed], Awaitable[str]]
"""One polling round of a stock feed; its result as a sentence. Raises `FetchError` or `StockFileError`."""


@define(kw_only=True, eq=False)
class Surroundings:
    """Made once in `daemon/assembly.py`. Nothing of it is replaced but the settings."""

    config: Config  # the whole is replaced by a reload (`daemon/reload.py`)
    data_dir: Path
    directory: ShardDirectory
    sessions: ShardDirectory  # the files of kind "session", of tenants on the `web` channel
    sealer: Sealer
    graph: httpx.AsyncClient
    cloud_app: CloudApp
    web_app: WebApp
    fetcher: Fetcher  # of feeds and pictures: public addresses only
    roster: Roster
    hearing: Hearing
    speech: Speech
    thinking: Thinking
    turn_slots: FairSlots
    brake: Brake
    watch: StatusWatch
    events: Events
    metrics: Metrics
    poll_feed: PollFeed
    receipts: Callable[[str], None]  # the rollup has work at this tenant
    now: Now
    rng: random.Random
    room: Callable[[], bool] = lambda: True  # for customers' files
    decoders: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(2))  # pictures decoded at a time
    standings: Standings = field(factory=Standings)  # who answers for each tenant

    def publish(self, tenant: str, news: list[tuple[str, dict[str, Any]]]) -> None:
        """Tell the event stream what a commit made true, and count the messages it stored."""
        for event, data in news:
            if event == "message" and data["state"] in ("received", "queued"):
                self.metrics.message(tenant, data["direction"], "any")
            self.events.publish(event, {"tenant": tenant, **data}, tenant)
