"""Receipts, plans and months for tests of billing, straight in central."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final

from attrs import asdict

from shards.central import daily, ledger, plans
from shards.central.plans import MeterTerms, PlanVersion
from shards.shard import Tx
from shards.tenant.usage import Usage

SAO_PAULO: Final = "America/Sao_Paulo"
_NUMBERS = count()


def receipt(at: datetime, kind: str = "tokens", provider: str = "anthropic", **quantities: Any) -> dict[str, Any]:
    """One receipt with an id of its own."""
    fields = {"event_id": f"e{next(_NUMBERS)}", "at": int(at.timestamp() * 1000), **quantities}
    return asdict(Usage(kind=kind, provider=provider, **fields))


def book(tx: Tx, tenant: str, *receipts: dict[str, Any], time_zone: str = SAO_PAULO) -> None:
    """As the rollup does."""
    calendar = daily.calendar(tx, tenant, time_zone)
    daily.add(tx, tenant, calendar, ledger.append(tx, tenant, "epoch", receipts))


def noon(day: date) -> datetime:
    """Noon in São Paulo."""
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


def tenant(tx: Tx, id_: str = "auto-sul", name: str = "Auto Sul Veículos") -> str:
    """A tenant that central knows."""
    tx.run("INSERT INTO tenants VALUES (?, ?, 'active', '', 0, 0)", (id_, name))
    return id_


def plan(tx: Tx, id_: str = "essencial", monthly_centavos: int = 29_900, **more: Any) -> PlanVersion:
    """A plan with all meters."""
    meters = {
        "conversations": MeterTerms(included=10, price="0.35"),
        "messages": MeterTerms(included=100, price="0.05"),
        "tokens": MeterTerms(included=1_000, price="0.02", per=1_000),
        "voice_seconds": MeterTerms(included=60, price="0.0125"),
    }
    given = {"name": "Essencial", "monthly_centavos": monthly_centavos, "meters": meters, **more}
    return plans.add(tx, id_, **given)


def days(first: date, number: int) -> list[date]:
    """So many days from `first` on."""
    return [first + timedelta(days=index) for index in range(number)]
