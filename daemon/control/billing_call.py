"""What the routes under `/v1/billing` share: one transaction a change, and whose rows an actor may see."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import attrs

from daemon.billing.invoicing import Terms
from daemon.control.call import Answer, Call, dump
from daemon.control.problems import refuse
from shards import requests
from shards.days import Calendar
from shards.shard import Tx

T = TypeVar("T")


async def changed(
    call: Call, work: Callable[[Tx], T], shape: Callable[[T], Any], *, target: str, audit: dict[str, Any] | None = None
) -> Answer:
    """Carry a change of central out, with its Idempotency-Key, then let the billing task look at once."""

    def effect(tx: Tx) -> bytes:
        body = dump(shape(work(tx)))
        requests.store(tx, call.to_store(lambda _, __: body), target)
        return body

    body = await call.services.central.write(effect)
    if call.services.collector is not None:
        call.services.collector.wake()
    return Answer(body=body, target=target, audit=audit or {})


def terms(call: Call) -> Terms:
    """The operator's settings."""
    collector = call.services.collector
    return Terms() if collector is None else collector.around.terms()


def today(call: Call) -> date:
    """Which day it is for the operator."""
    return Calendar.of(terms(call).time_zone).day_of(call.services.now().astimezone(UTC))


def only(call: Call, tenant: str) -> str:
    """Whose rows the caller gets: what was asked for, as far as the token reaches. Raises `Refusal` 403."""
    found = call.actor.tenant or tenant
    if tenant not in ("", found):
        raise refuse(403, "this token is bound to another tenant")
    return found


def day_of(text: str | None, fallback: date) -> date:
    """A checked day, or the fallback."""
    return fallback if text is None else date.fromisoformat(text)


def in_json(value: Any, kind: type[T], **more: Any) -> T:
    """A frozen value as the type that goes out: same fields by name, days as text, the others given."""

    def field(name: str) -> Any:
        held = more[name] if name in more else getattr(value, name)
        return held.isoformat() if isinstance(held, date) and not isinstance(held, datetime) else held

    return kind(**{one.name: field(one.name) for one in attrs.fields(kind)})  # type: ignore[arg-type]
