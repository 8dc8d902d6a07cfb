"""The entry's process: its nursery tree, top to bottom. It has no files and keeps nothing."""

import os
import signal
from functools import partial
from typing import Final

import trio

from daemon import listeners
from daemon.config import Config
from daemon.control.webhooks import Webhooks
from daemon.entry.cells import Cell
from daemon.entry.door import PublicDoor, StatusDoor
from daemon.entry.relay import Relay
from daemon.listeners import serve_on
from daemon.logs import get_logger
from daemon.notify import Notifier, watchdog_seconds
from daemon.secrets import Secrets

DRAIN_SECONDS: Final = 15.0
"""How long deliveries under way may go on after a stop was asked for."""
ALIVE_SECONDS: Final = 15.0

_log = get_logger("entry")


async def serve(config: Config, secrets: Secrets) -> None:
    """Run the entry until SIGTERM or SIGINT, then let deliveries under way end, and return.

    Raises `CannotListen`.
    """
    notifier, stop = Notifier.of(os.environ), trio.Event()
    with listeners.entry_opened(config, os.environ) as (public, status):
        cells = [Cell(path) for path in config.entry.cells]
        relay = Relay(cells, secrets.whatsapp_app_secret, refresh_seconds=config.entry.refresh_seconds)
        webhooks = Webhooks(relay.receive, secrets.whatsapp_app_secret, secrets.whatsapp_verify_token)
        async with trio.open_nursery() as house:
            house.start_soon(_stop_on_signal, stop)
            await house.start(relay.run)
            async with trio.open_nursery() as doors:
                door = partial(serve_on, stopping=stop.wait, graceful_seconds=DRAIN_SECONDS)
                await doors.start(partial(door, StatusDoor(relay, webhooks.counts), status))
                await doors.start(partial(door, PublicDoor(webhooks, relay), public, deliveries=webhooks))
                notifier.ready(relay.status())
                house.start_soon(_feed_watchdog, notifier, relay)
                _log.info("ready", cells=list(relay.cells), public=[listeners.address(one) for one in public])
                await stop.wait()
                notifier.stopping("draining")
            house.cancel_scope.cancel()
    _log.info("stopped")


async def _stop_on_signal(stop: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            _log.info("stopping", signal=signal.Signals(received).name)
            stop.set()


async def _feed_watchdog(notifier: Notifier, relay: Relay) -> None:
    """There is no disk to probe: a loop that turns is well."""
    interval = watchdog_seconds(os.environ, os.getpid()) or ALIVE_SECONDS
    while True:
        notifier.alive()
        notifier.status(relay.status())
        await trio.sleep(interval)
