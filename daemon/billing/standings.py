"""Who answers each tenant's customers now, in memory: the collector writes it, the desks ask."""

from attrs import define, field

from daemon.billing.plans import Standing


@define(eq=False)
class Standings:
    """Tenants that are not answered by everybody. Rebuilt from central at start."""

    _limited: dict[str, tuple[Standing, str]] = field(factory=dict)

    def of(self, tenant: str) -> Standing:
        """Who answers: `full`, `catalogue`, `human`."""
        return self._limited.get(tenant, ("full", ""))[0]

    def reason(self, tenant: str) -> str:
        """Why not everybody, "" if so."""
        return self._limited.get(tenant, ("full", ""))[1]

    def replace(self, found: dict[str, tuple[Standing, str]]) -> None:
        """What holds from now on; tenants that are left out are answered by everybody."""
        self._limited = {tenant: one for tenant, one in found.items() if one[0] != "full"}
