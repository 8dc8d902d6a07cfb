"""Who can answer customers: the vendors that are configured and how they do, and the catalogue."""

from datetime import datetime
from typing import Final, Literal

from attrs import frozen

from daemon.control.call import Answer, Call, Route, listed
from daemon.control.queries import NoQuery


@frozen(kw_only=True)
class ProviderOut:
    """A provider that this server could ask. `state`: `ready`, `resting` (left alone after failures until
    `retry_at`) or `trying` (asked again to see whether it is well)."""

    name: str
    state: Literal["ready", "resting", "trying"] = "ready"
    reason: str = ""
    retry_at: datetime | None = None


_STATES: Final[dict[str, Literal["ready", "resting", "trying"]]] = {
    "closed": "ready",
    "open": "resting",
    "half_open": "trying",
}


async def list_providers(call: Call) -> Answer:
    vendors = [
        ProviderOut(name=one.name, state=_STATES[one.state], reason=one.reason, retry_at=one.retry_at)
        for one in call.services.providers()
    ]
    return listed([*vendors, ProviderOut(name="catalogue")], None)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/providers",
        name="listProviders",
        tag="tasks",
        summary="Who can answer customers: the vendors with a key, how they do, and the catalogue.",
        handler=list_providers,
        query=NoQuery,
        answer=ProviderOut,
        listed=True,
        reach="list",
    ),
)
