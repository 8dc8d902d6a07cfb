"""What the entry answers: webhooks in public; health and metrics, without a token, where its settings say."""

from collections.abc import Iterator
from typing import Final

import orjson
from attrs import define
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from daemon import __version__
from daemon.control.asgi import Body, Receive, Scope, Send, refuse
from daemon.control.webhooks import PATH, WebhookCounts, Webhooks
from daemon.entry.relay import Relay

METRICS_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


@define(eq=False)
class PublicDoor:
    """The ASGI application that the world reaches: Meta's webhook, and whether we live."""

    webhooks: Webhooks
    relay: Relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self.webhooks(scope, receive, send)
        else:
            await _vital(self.relay, scope, receive, send, in_public=True)


@define(eq=False)
class StatusDoor:
    """The ASGI application of `entry.status`: health, and figures without a name of a dealership."""

    relay: Relay
    counts: WebhookCounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "http" and scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD"):
            text = metrics(self.relay, self.counts)
            await refuse(scope, send, Body(scope, receive), 200, text, METRICS_TYPE)
        else:
            await _vital(self.relay, scope, receive, send)


async def _vital(relay: Relay, scope: Scope, receive: Receive, send: Send, *, in_public: bool = False) -> None:
    """Health. In public nothing is named: paths and phone numbers are no stranger's business."""
    named = _counted if in_public else list[str]
    if scope["type"] != "http":
        return
    body = Body(scope, receive)
    if scope["path"] not in ("/healthz", "/readyz"):
        await refuse(scope, send, body, 404, b"this is the webhook entry; the API is at each cell\n")
    elif scope["method"] not in ("GET", "HEAD"):
        await refuse(scope, send, body, 405, b"use GET\n", headers=((b"allow", b"GET, HEAD"),))
    elif scope["path"] == "/readyz" and (waiting := relay.ready()):
        await refuse(scope, send, body, 503, _health("not ready", named(waiting)), b"application/json")
    else:
        well = "ok" if scope["path"] == "/healthz" else "ready"
        degraded = relay.degraded()
        await refuse(
            scope, send, body, 200, _health("degraded" if degraded else well, named(degraded)), b"application/json"
        )


def _counted(reasons: list[str]) -> list[str]:
    return [f"{len(reasons)} found; the status address of the entry names what"] if reasons else []


def _health(status: str, reasons: list[str]) -> bytes:
    return orjson.dumps({"status": status, "reasons": reasons})


def metrics(relay: Relay, counts: WebhookCounts) -> bytes:
    """The text for a scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(relay, counts))
    return generate_latest(registry)


@define(eq=False)
class _Figures:
    relay: Relay
    counts: WebhookCounts

    def collect(self) -> Iterator[Metric]:
        cells = self.relay.cells.values()
        info = GaugeMetricFamily("showroomd_info", "The running version.", labels=("version",))
        info.add_metric((__version__,), 1)
        yield info
        webhooks = CounterMetricFamily(
            "showroomd_entry_webhooks", "Webhook deliveries, by what was answered.", labels=("result",)
        )
        for result in ("accepted", "bad_signature", "too_large", "malformed", "not_stored"):
            webhooks.add_metric((result,), getattr(self.counts, result))
        yield webhooks
        handed = CounterMetricFamily(
            "showroomd_entry_handed_over", "Deliveries handed to a cell.", labels=("cell", "result")
        )
        for cell in cells:
            handed.add_metric((cell.path, "taken"), cell.taken)
            handed.add_metric((cell.path, "failed"), cell.failed)
        yield handed
        ignored = CounterMetricFamily("showroomd_entry_ignored_items", "Items that no cell has.", labels=("reason",))
        for reason, count in self.relay.ignored.items():
            ignored.add_metric((reason,), count)
        yield ignored
        up = GaugeMetricFamily("showroomd_entry_cell_up", "Whether a cell said its numbers.", labels=("cell",))
        numbers = GaugeMetricFamily("showroomd_entry_cell_numbers", "Numbers of a cell.", labels=("cell",))
        for cell in cells:
            up.add_metric((cell.path,), 0 if cell.silent or cell.numbers is None else 1)
            numbers.add_metric((cell.path,), len(cell.numbers or ()))
        yield from (up, numbers)
        yield GaugeMetricFamily("showroomd_entry_shared_numbers", "Numbers in several cells.", value=self.relay.shared)
