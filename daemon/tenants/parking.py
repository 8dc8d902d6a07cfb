"""A tenant whose parts wait in central: its shard cannot be written, or more came than could be taken in."""

import math

import trio
from attrs import define, field

from daemon.logs import get_logger
from daemon.whatsapp.cloud import MalformedDelivery, Part
from shards.central import parked, tenants
from shards.shard import Tx

_log = get_logger("reception")


@define(eq=False)
class Parked:
    """What is known in memory of one such tenant. All that comes for it goes to central too, so it stays in order."""

    items: int = 0
    since_ms: int = 0  # none of them has waited for longer
    writing: int = 0  # deliveries on their way into central
    held: bool = False  # on purpose: nothing is replayed until it ends
    failures: int = 0  # of the shard, in a row; 0: the press alone parked them
    retry_at: float = -math.inf  # the loop's clock
    replaying: trio.Lock = field(factory=trio.Lock)

    @property
    def unwritable(self) -> bool:
        """Whether they wait for the shard, not for their turn."""
        return self.held or self.failures > 0

    def ripe(self, now: float) -> bool:
        """Whether a replay would find something, or the end."""
        return not self.held and self.retry_at <= now and (self.items > 0 or not self.writing)


def never_pressed(part: Part) -> bool:
    """Whether a part says only what became of our messages, or that a person wrote from the phone.

    The press parks none of these: taking one in costs no more, the order of statuses is nobody's promise, one that
    waited could not settle its send in time, and who takes a conversation over is to be heard at once (G8).
    """
    if part.raw["field"] == "smb_message_echoes":
        return True
    value = part.raw["value"]
    return part.raw["field"] == "messages" and bool(value.get("statuses")) and not value.get("messages")


def parts_of(tenant: str, batch: list[tuple[int, bytes]]) -> list[Part]:
    """Rows of central as parts; a damaged one is logged and left out."""
    parts = []
    for _, document in batch:
        try:
            parts.append(Part.loads(document))
        except MalformedDelivery as error:
            _log.error("parked_part_damaged", tenant=tenant, reason=str(error))
    return parts


def waiting(tx: Tx) -> dict[str, tuple[int, int]]:
    """How many parked parts and since when (ms), by tenant; those of a deleted one wait for nobody."""
    gone = "SELECT 1 FROM tenants WHERE id = ? AND state = 'deleted'"
    return {
        tenant: (count, parked.since(tx, tenant) or tx.now_ms)
        for tenant, count in parked.counts(tx).items()
        if tx.value(gone, (tenant,)) is None
    }


def park(tx: Tx, tenant: str, parts: list[Part]) -> None:
    """Keep the parts in order. Raises `NotFound` where the tenant was deleted meanwhile."""
    tenants.one(tx, tenant)  # not for one that was deleted meanwhile
    for part in parts:
        parked.park(tx, tenant, part.dumps())
