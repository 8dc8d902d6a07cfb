"""`capacity`: how many dealerships a server carries, and what each costs."""

import argparse
import json
from importlib import resources
from typing import Any, Final

from attrs import asdict, frozen

from daemon.capacity import ADVISED_UTILISATION, Demand, Figures, Limit, Plan, Server, planned
from daemon.cli.common import CommandFailed, Commands, add_json, print_json, print_table

TYPICAL: Final = (
    Server(cores=1, memory_gb=2, disk_gb=40, cost_centavos=40_00),
    Server(cores=2, memory_gb=4, disk_gb=80, cost_centavos=80_00),
    Server(cores=4, memory_gb=8, disk_gb=160, cost_centavos=160_00),
    Server(cores=8, memory_gb=16, disk_gb=320, cost_centavos=320_00),
    Server(cores=16, memory_gb=32, disk_gb=640, cost_centavos=640_00),
)
"""Sizes that are rented everywhere. Their prices are examples, not offers."""
_LIMITS: Final[dict[Limit, str]] = {
    "number": "number's own limit",
    "cpu": "CPU",
    "memory": "memory",
    "disk": "disk",
    "tried": "more were not tried",
}
_HEAD: Final = ("cores", "GB", "disk GB", "R$ a month", "dealerships", "conversations a day", "messages/s")
_USED: Final = ("CPU", "memory", "disk")
_ALLOWED: Final = ("by CPU", "by memory", "by disk")


@frozen(kw_only=True)
class Measured:
    """The figures, with the machine and the commands they came from."""

    machine: str
    figures: Figures
    sources: dict[str, dict[str, Any]]


def measured() -> Measured:
    """The figures this version came with."""
    document = json.loads((resources.files("daemon") / "capacity.json").read_text("utf-8"))
    sources = document["figures"]
    figures = Figures(**{name: source["value"] for name, source in sources.items()})
    return Measured(machine=document["machine"], figures=figures, sources=sources)


def register(commands: Commands) -> None:
    """Add the command."""
    capacity = commands.add_parser(
        "capacity",
        help="how many dealerships a server carries, and what each costs",
        description="From figures that were measured (docs/reference/capacity.md). Without a server's size: a table of"
        " typical ones.",
    )
    ask = capacity.add_argument
    ask("--tenants", type=int, metavar="N", help="dealerships to plan for; without it, as many as fit")
    ask(
        "--messages-per-day",
        type=float,
        default=120,
        metavar="N",
        help="customers' messages that one dealership gets and has answered in a day (default: %(default)s)",
    )
    ask("--messages-per-conversation", type=float, default=6, metavar="N", help="of these (default: %(default)s)")
    ask(
        "--peak-share",
        type=float,
        default=0.12,
        metavar="SHARE",
        help="of a day's messages in its busiest hour (default: %(default)s)",
    )
    ask(
        "--share-of-web",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of the dealerships that are on the phone app (default: %(default)s)",
    )
    ask(
        "--keep-days",
        type=float,
        default=365,
        metavar="DAYS",
        help="how many days of messages the disk has to hold (default: %(default)s)",
    )
    ask(
        "--utilisation",
        type=float,
        default=ADVISED_UTILISATION,
        metavar="SHARE",
        help="how full the server may be (default: %(default)s, and better not more)",
    )
    ask("--cores", type=float, metavar="N", help="of your server")
    ask("--memory-gb", type=float, metavar="GB", help="of your server (default: 2 a core)")
    ask("--disk-gb", type=float, metavar="GB", help="of your server (default: 40 a core)")
    ask("--server-cost-brl", type=float, metavar="REAIS", help="a month (default: 40 a core, an example)")
    add_json(capacity)
    capacity.set_defaults(run=_capacity)


def _capacity(arguments: argparse.Namespace) -> int:
    try:
        if arguments.tenants is not None and arguments.tenants < 1:
            raise ValueError("--tenants must be 1 or more")
        demand = demand_of(arguments)
        servers = servers_of(arguments)
    except (ValueError, OverflowError) as error:
        what = str(error).replace("_", "-")
        raise CommandFailed(f"the arguments cannot be used ({what})", "see `showroomd capacity --help`") from None
    known = measured()
    plans = [planned(known.figures, server, demand, arguments.tenants) for server in servers]
    if arguments.json:
        print_json(
            {
                "machine": known.machine,
                "figures": known.sources,
                "demand": asdict(demand),
                "servers": [{"server": asdict(s), **asdict(plan)} for s, plan in zip(servers, plans, strict=True)],
            }
        )
        return 0
    _say(known, demand, servers, plans, used=arguments.tenants is not None)
    return 0


def demand_of(arguments: argparse.Namespace) -> Demand:
    """What the options say of customers. Raises ValueError."""
    return Demand(
        messages_per_day=arguments.messages_per_day,
        messages_per_conversation=arguments.messages_per_conversation,
        peak_share=arguments.peak_share,
        share_of_web=arguments.share_of_web,
        keep_days=arguments.keep_days,
        utilisation=arguments.utilisation,
    )


def servers_of(arguments: argparse.Namespace) -> tuple[Server, ...]:
    """The server that the options describe, or typical ones. Raises ValueError."""
    sizes = (arguments.cores, arguments.memory_gb, arguments.disk_gb, arguments.server_cost_brl)
    if sizes == (None,) * 4:
        return TYPICAL
    cores = 1.0 if arguments.cores is None else arguments.cores
    one = TYPICAL[0]
    memory_gb, disk_gb, cost = arguments.memory_gb, arguments.disk_gb, arguments.server_cost_brl
    server = Server(
        cores=cores,
        memory_gb=cores * one.memory_gb if memory_gb is None else memory_gb,
        disk_gb=cores * one.disk_gb if disk_gb is None else disk_gb,
        cost_centavos=round(cores * one.cost_centavos if cost is None else cost * 100),
    )
    return (server,)


def _say(known: Measured, demand: Demand, servers: tuple[Server, ...], plans: list[Plan], *, used: bool) -> None:
    each = demand.messages_per_day / demand.messages_per_conversation
    print(
        f"Each dealership: {demand.messages_per_day:g} customers' messages ({each:.3g} conversations) a day,"
        f" {demand.peak_share:.0%} of them in the busiest hour; {demand.share_of_web:.0%} on the phone app;"
        f" {demand.keep_days:g} days kept. Servers up to {demand.utilisation:.0%} full."
    )
    print()
    columns = (*_HEAD, *(_USED if used else _ALLOWED), "first limit", "R$ each")
    print_table(columns, [_row(server, plan, used) for server, plan in zip(servers, plans, strict=True)])
    print()
    print(f"messages/s and CPU are of the busiest hour. Measured on {known.machine}.")
    print("Not in it: what vendors take and charge, voice notes and pictures, backups, the proxy, a slower core.")
    if demand.utilisation > ADVISED_UTILISATION:
        print(f"More than {ADVISED_UTILISATION:.0%} leaves no room for a busier hour: answers will wait.")


def _row(server: Server, plan: Plan, used: bool) -> tuple[str, ...]:
    cost = plan.cost_centavos_per_tenant
    shares = (plan.cpu_share, plan.memory_share, plan.disk_share)
    return (
        f"{server.cores:g}",
        f"{server.memory_gb:g}",
        f"{server.disk_gb:g}",
        f"{server.cost_centavos / 100:.2f}",
        f"{plan.tenants:,}{'' if plan.fits else ' do not fit'}",
        f"{plan.conversations_per_day:,.0f}",
        f"{plan.messages_per_second:.2f}",
        *(f"{share:.1%}" for share in shares if used),
        *(f"{plan.limits[limit]:,}" for limit in ("cpu", "memory", "disk") if not used),
        f"{_LIMITS[plan.first_limit]} at {plan.limits[plan.first_limit]:,}",
        "" if cost is None or not plan.fits else f"{cost / 100:.2f}",
    )
