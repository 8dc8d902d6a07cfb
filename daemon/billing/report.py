"""Revenue, cost and margin of a month, by tenant. Pure."""

from collections.abc import Mapping

from attrs import frozen

from daemon.billing.pricing import Cost, centavos


@frozen(kw_only=True)
class TenantMonth:
    """One tenant's month. Cost is exact until its one rounding; revenue is what was invoiced."""

    tenant: str
    month: str
    invoiced_centavos: int
    credited_centavos: int
    revenue_centavos: int
    vendor_cost_centavos: int
    server_cost_centavos: int
    cost_centavos: int
    margin_centavos: int
    unpriced: int  # how many sums the price book has no price for


def report(
    month: str,
    costs: Mapping[str, Cost],
    billed: Mapping[str, tuple[int, int]],
    server_cost_centavos: int,
) -> tuple[TenantMonth, ...]:
    """A line for each tenant in `costs`: they share the server's cost alike, to the centavo."""
    found = []
    for tenant, share in shares(server_cost_centavos, sorted(costs)).items():
        cost = costs[tenant]
        invoiced, credited = billed.get(tenant, (0, 0))
        vendors = centavos(cost.reais)
        found.append(
            TenantMonth(
                tenant=tenant,
                month=month,
                invoiced_centavos=invoiced,
                credited_centavos=credited,
                revenue_centavos=invoiced - credited,
                vendor_cost_centavos=vendors,
                server_cost_centavos=share,
                cost_centavos=vendors + share,
                margin_centavos=invoiced - credited - vendors - share,
                unpriced=len(cost.unpriced),
            )
        )
    return tuple(found)


def shares(total_centavos: int, tenants: list[str]) -> dict[str, int]:
    """The total in equal parts whose sum is the total: what is left over goes to the first, a centavo each."""
    if not tenants:
        return {}
    each, left = divmod(total_centavos, len(tenants))
    return {tenant: each + (index < left) for index, tenant in enumerate(tenants)}
