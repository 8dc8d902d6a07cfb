"""What Prometheus may know of us: one object per daemon, with a registry of its own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from daemon import __version__

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
TENANTS_NAMED: Final = 200
"""With more tenants than this their names are left out of the labels."""
_SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)

Sample = Callable[[], float]
Samples = Callable[[], Mapping[tuple[str, ...], float]]
"""Values by those of the labels."""


class Metrics:
    """Counters and gauges, told by name. Every method is quick and never fails."""

    def __init__(self, *, per_tenant: bool = True) -> None:
        """`per_tenant`: label with the tenant's id; pass `count <= TENANTS_NAMED`."""
        self.registry: Final = CollectorRegistry(auto_describe=False)
        self._per_tenant = per_tenant
        self._sampled = _Sampled()
        self.registry.register(self._sampled)
        self._gauge("info", "The running version.", "version").labels(__version__).set(1)
        self._turns = self._counter("turns", "Turns ended, by outcome.", "tenant", "outcome")
        self._turn_seconds = self._histogram("turn_seconds", "From a turn's claim to its end.")
        self._provider_seconds = self._histogram("provider_seconds", "One request to a vendor.", "provider")
        self._provider_errors = self._counter("provider_errors", "Failed requests.", "provider", "reason")
        self._tokens = self._counter("provider_tokens", "Tokens as billed.", "tenant", "provider", "kind")
        self._copy_age: Gauge | None = None  # none is shown before the first copy was made
        self._resends = self._counter("resends", "Messages sent again after an unknown result.", "tenant")
        self._ignored = self._counter("ignored_items", "Webhook items not acted on.", "reason")
        self._messages = self._counter("messages", "Messages stored.", "tenant", "direction", "kind")
        self._sends = self._counter("sends", "Attempts to hand a message over.", "tenant", "result")
        self._restarts = self._counter("tenant_restarts", "Tenants restarted after a fault.", "tenant")
        self._media_full = self._gauge("media_quota_reached", "Whether customers' files are refused.", "tenant")

    def turn(self, tenant: str, outcome: str, seconds: float) -> None:
        """A turn ended: settled, superseded, failed, released."""
        self._turns.labels(self._named(tenant), outcome).inc()
        self._turn_seconds.observe(seconds)

    def provider(self, provider: str, seconds: float) -> None:
        """A vendor answered after so long."""
        self._provider_seconds.labels(provider).observe(seconds)

    def provider_failed(self, provider: str, reason: str, seconds: float) -> None:
        """A vendor gave no usable answer; `reason` is timeout, overloaded, refused or garbage."""
        self._provider_seconds.labels(provider).observe(seconds)
        self._provider_errors.labels(provider, reason).inc()

    def tokens(self, tenant: str, provider: str, kind: str, count: int) -> None:
        """Tokens of one response; `kind`: input, output, cache_read, cache_write."""
        self._tokens.labels(self._named(tenant), provider, kind).inc(count)

    def copy_age(self, seconds: float) -> None:
        """How old the oldest copy is whose shard has changed since."""
        if self._copy_age is None:
            self._copy_age = self._gauge("copy_age_seconds", "Age of the oldest copy that is out of date.")
        self._copy_age.set(seconds)

    def resent(self, tenant: str) -> None:
        """A send whose result stayed unknown was repeated."""
        self._resends.labels(self._named(tenant)).inc()

    def ignored(self, reason: str) -> None:
        """An item of a delivery was not acted on."""
        self._ignored.labels(reason).inc()

    def message(self, tenant: str, direction: str, kind: str) -> None:
        """A message was stored; `direction`: in, out."""
        self._messages.labels(self._named(tenant), direction, kind).inc()

    def send(self, tenant: str, result: str) -> None:
        """An attempt to hand a message over ended: sent, refused, delayed, unsettled, paused."""
        self._sends.labels(self._named(tenant), result).inc()

    def media_full(self, tenant: str, full: bool) -> None:
        """A tenant's files take as much room as they may, or no more."""
        if self._per_tenant:
            self._media_full.labels(tenant).set(full)

    def tenant_restarted(self, tenant: str) -> None:
        """A tenant's nursery ended with a fault and will be started anew."""
        self._restarts.labels(self._named(tenant)).inc()

    def sample_gauge(self, name: str, about: str, sample: Sample) -> None:
        """Call `sample` at each scrape, in the event loop: `queue_age_seconds`, `parked_items`."""
        self.sample_gauges(name, about, (), lambda: {(): sample()})

    def sample_counter(self, name: str, about: str, sample: Sample) -> None:
        """As `sample_gauge`, of a total that only grows: `shard_commits`, `shard_writes`."""
        self.sample_counters(name, about, (), lambda: {(): sample()})

    def sample_gauges(self, name: str, about: str, labels: tuple[str, ...], samples: Samples) -> None:
        """As `sample_gauge`, of several values told apart by `labels`: `channels` by kind and state."""
        self._sampled.gauges[f"showroomd_{name}"] = (about, labels, samples)

    def sample_counters(self, name: str, about: str, labels: tuple[str, ...], samples: Samples) -> None:
        """As `sample_counter`, of several totals: `webhooks` by result."""
        self._sampled.counters[f"showroomd_{name}"] = (about, labels, samples)

    def render(self) -> bytes:
        """The text for a scrape; its type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)

    def _named(self, tenant: str) -> str:
        return tenant if self._per_tenant else ""

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"showroomd_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"showroomd_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(f"showroomd_{name}", about, labels, registry=self.registry, buckets=_SECONDS)


class _Sampled:
    """Values that are asked for when somebody scrapes."""

    def __init__(self) -> None:
        self.gauges: dict[str, tuple[str, tuple[str, ...], Samples]] = {}
        self.counters: dict[str, tuple[str, tuple[str, ...], Samples]] = {}

    def collect(self) -> Iterator[Metric]:
        for kind, found in ((GaugeMetricFamily, self.gauges), (CounterMetricFamily, self.counters)):
            for name, (about, labels, samples) in found.items():
                family = kind(name, about, labels=labels)
                for values, value in samples().items():
                    family.add_metric(values, value)
                yield family
