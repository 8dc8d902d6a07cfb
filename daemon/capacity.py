"""How many dealerships a server carries, from measured figures. Pure arithmetic; `showroomd capacity` prints it.

A *message* is one customer's message with all that follows it: its answer, statuses and receipts. Every resource is
planned up to the same share (`utilisation`), and CPU for the busiest hour of the day.
"""

import math
from collections.abc import Callable
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from daemon.whatsapp.web.pace import USUAL

CLOUD_MESSAGES_PER_SECOND: Final = 80
"""What Meta takes and gives on one number, in and out together ("Throughput" in its Cloud API pages)."""
ADVISED_UTILISATION: Final = 0.6
"""Above it waiting grows quickly, and nothing is left for an hour that is busier than the busiest."""

Limit = Literal["number", "cpu", "memory", "disk", "tried"]
"""What is used up first; `tried`: nobody has run more dealerships in one process."""


def _between(low: float, high: float) -> Callable[[object, "Attribute[Any]", float], None]:
    """A validator of a finite number."""

    def check(_: object, attribute: "Attribute[Any]", value: float) -> None:
        if not low <= value <= high:  # nor is NaN
            raise ValueError(f"{attribute.name} is {value:g} and must be {low:.3g} to {high:.3g}")

    return check


_AMOUNT: Final = _between(1e-3, 1e9)


@frozen(kw_only=True)
class Figures:
    """What was measured on one core of one machine; `daemon/capacity.json` says when, where and how."""

    cpu_ms_per_message: float = field(validator=_AMOUNT)
    cpu_ms_per_message_web: float = field(validator=_AMOUNT)
    memory_mb_per_process: float = field(validator=_AMOUNT)  # with what traffic leaves in it
    memory_mb_per_tenant_cloud: float = field(validator=_AMOUNT)  # its file open, as in the busiest hour
    memory_mb_per_tenant_web: float = field(validator=_AMOUNT)
    disk_bytes_per_message: float = field(validator=_AMOUNT)
    disk_bytes_per_tenant: float = field(validator=_AMOUNT)  # without messages
    copy_mb_per_second: float = field(validator=_AMOUNT)
    tenants_per_process_tried: int = field(validator=_AMOUNT)


@frozen(kw_only=True)
class Server:
    """A machine. One process keeps one core busy, so each whole core gets a process."""

    cores: float = field(validator=_AMOUNT)
    memory_gb: float = field(validator=_AMOUNT)
    disk_gb: float = field(validator=_AMOUNT)
    cost_centavos: int = field(validator=_between(0, 1e12))  # a month

    @property
    def processes(self) -> int:
        """How many it runs."""
        return max(1, math.floor(self.cores))

    @property
    def busy_cores(self) -> float:
        """What they can keep busy."""
        return min(self.cores, self.processes)


@frozen(kw_only=True)
class Demand:
    """What each dealership's customers do, and how full the server may be."""

    messages_per_day: float = field(validator=_AMOUNT)
    messages_per_conversation: float = field(validator=_AMOUNT)
    peak_share: float = field(validator=_between(1 / 24, 1))  # of a day, in its busiest hour
    share_of_web: float = field(validator=_between(0, 1))
    keep_days: float = field(validator=_AMOUNT)  # messages are kept; how long until the disk may be full
    utilisation: float = field(default=ADVISED_UTILISATION, validator=_between(0.01, 1))

    @property
    def busiest_hour_messages(self) -> float:
        """Of one dealership."""
        return self.messages_per_day * self.peak_share


@frozen(kw_only=True)
class Plan:
    """A server with so many dealerships on it. Shares are of the whole server: 0.6 is 60 %."""

    tenants: int
    first_limit: Limit
    limits: dict[Limit, int]  # how many dealerships each would allow
    fits: bool
    cpu_share: float
    memory_share: float
    disk_share: float
    messages_per_day: float
    conversations_per_day: float
    messages_per_second: float  # in the busiest hour
    copy_minutes: float  # for a round in which every dealership's file changed
    cost_centavos_per_tenant: int | None  # a month, rounded up; None without dealerships


def planned(figures: Figures, server: Server, demand: Demand, tenants: int | None = None) -> Plan:
    """The plan for so many dealerships, or for as many as the server carries."""
    limits = limits_of(figures, server, demand)
    first: Limit = min(limits, key=lambda limit: limits[limit])
    count = limits[first] if tenants is None else tenants
    disk_mb = count * _disk_bytes(figures, demand) / 1e6
    return Plan(
        tenants=count,
        first_limit=first,
        limits=limits,
        fits=count <= limits[first],
        cpu_share=count * _cpu_seconds(figures, demand) / (server.busy_cores * 3600),
        memory_share=(_base_mb(figures, server) + count * _memory_mb(figures, demand)) / (server.memory_gb * 1000),
        disk_share=2 * disk_mb / (server.disk_gb * 1000),
        messages_per_day=count * demand.messages_per_day,
        conversations_per_day=count * demand.messages_per_day / demand.messages_per_conversation,
        messages_per_second=count * demand.busiest_hour_messages / 3600,
        copy_minutes=disk_mb / figures.copy_mb_per_second / 60,
        cost_centavos_per_tenant=-(-server.cost_centavos // count) if count else None,
    )


def limits_of(figures: Figures, server: Server, demand: Demand) -> dict[Limit, int]:
    """How many dealerships each resource carries, 0 or more."""
    room = demand.utilisation
    free_mb = room * server.memory_gb * 1000 - _base_mb(figures, server)
    tried = server.processes * figures.tenants_per_process_tried
    return {
        "number": tried if demand.messages_per_day <= messages_per_day_of_a_number(demand) else 0,
        "cpu": math.floor(room * server.busy_cores * 3600 / _cpu_seconds(figures, demand)),
        "memory": max(0, math.floor(free_mb / _memory_mb(figures, demand))),
        "disk": math.floor(room * server.disk_gb * 1e9 / (2 * _disk_bytes(figures, demand))),
        "tried": tried,
    }


def messages_per_day_of_a_number(demand: Demand) -> float:
    """Customers' messages that one number can answer in a day.

    On the Cloud API a message and its answer are two of Meta's messages a second; a phone's number also keeps to the
    pace of `daemon/whatsapp/web/pace.py`.
    """
    cloud = demand.utilisation * CLOUD_MESSAGES_PER_SECOND / 2 * 3600 / demand.peak_share
    if not demand.share_of_web:
        return cloud
    return min(cloud, USUAL.day, USUAL.hour / demand.peak_share)


def _cpu_seconds(figures: Figures, demand: Demand) -> float:
    """Of one dealership in the busiest hour, the average of both channels."""
    web = demand.share_of_web
    cpu_ms = web * figures.cpu_ms_per_message_web + (1 - web) * figures.cpu_ms_per_message
    return demand.busiest_hour_messages * cpu_ms / 1000


def _base_mb(figures: Figures, server: Server) -> float:
    return server.processes * figures.memory_mb_per_process


def _memory_mb(figures: Figures, demand: Demand) -> float:
    """Of one dealership, the average of both channels."""
    web = demand.share_of_web
    return web * figures.memory_mb_per_tenant_web + (1 - web) * figures.memory_mb_per_tenant_cloud


def _disk_bytes(figures: Figures, demand: Demand) -> float:
    """Of one dealership when `keep_days` are over; its copy is as large again."""
    return figures.disk_bytes_per_tenant + demand.messages_per_day * demand.keep_days * figures.disk_bytes_per_message
