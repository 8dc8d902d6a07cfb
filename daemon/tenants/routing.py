"""What leads to a tenant, in central, as its profile says."""

from shards.central import tenants
from shards.errors import Invalid
from shards.shard import Tx
from shards.tenant.profile import TenantProfile


def leads(profile: TenantProfile) -> tuple[str, str]:
    """The number and the WhatsApp account that should lead to a tenant."""
    channel = profile.channel
    return (channel.phone_number_id, channel.waba_id) if channel.kind == "cloud" else ("", "")


def led_by(tx: Tx, tenant: str) -> tuple[str, str]:
    """The number and the account that do, "" where none does."""
    number = tx.value("SELECT key FROM routes WHERE kind = 'phone_number_id' AND tenant = ?", (tenant,))
    return number or "", tx.value("SELECT waba_id FROM wabas WHERE tenant = ?", (tenant,)) or ""


def route(tx: Tx, profile: TenantProfile) -> None:
    """Let its number lead to the tenant. Raises `Conflict` if another has it, `Invalid` without one."""
    number, waba_id = leads(profile)
    if profile.channel.kind == "cloud" and not number:
        raise Invalid("a cloud channel needs its number", "set phone_number_id", path="channel.phone_number_id")
    tenants.route(tx, profile.id, phone_number_id=number, waba_id=waba_id)


def reroute(tx: Tx, profile: TenantProfile) -> None:
    """Central follows a changed profile: its name, and what leads to it. Raises as `route`."""
    tenants.rename(tx, profile.id, profile.name)
    route(tx, profile)
