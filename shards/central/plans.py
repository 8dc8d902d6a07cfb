"""Plans: what a dealer pays a month and what is included. A change is a new version; the old ones stay."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, frozen

from shards.errors import NotFound
from shards.shard import Tx

METERS: Final = ("conversations", "messages", "tokens", "voice_seconds")
OVER_LIMIT: Final = ("catalogue", "hand_over")


@frozen(kw_only=True)
class MeterTerms:
    """What a plan says of one meter."""

    included: int = 0  # in a whole month
    price: str = "0"  # reais for `per` units beyond, an exact decimal
    per: int = 1
    hard_limit: int | None = None  # units a month


@frozen(kw_only=True)
class PlanVersion:
    """One version of a plan, never changed."""

    id: str
    version: int
    name: str
    monthly_centavos: int
    trial_days: int = 0
    over_limit: str = "catalogue"  # who answers beyond a hard limit: catalogue | hand_over
    meters: Mapping[str, MeterTerms] = field(factory=dict)
    created_at: datetime


_COLUMNS: Final = "id, version, name, monthly_centavos, trial_days, over_limit, created_at"


def _plan(tx: Tx, row: tuple[Any, ...]) -> PlanVersion:
    id_, version, name, monthly_centavos, trial_days, over_limit, created_at = row
    meters = tx.rows(
        "SELECT meter, included, price, per, hard_limit FROM plan_meters WHERE plan = ? AND version = ? ORDER BY meter",
        (id_, version),
    )
    return PlanVersion(
        id=id_,
        version=version,
        name=name,
        monthly_centavos=monthly_centavos,
        trial_days=trial_days,
        over_limit=over_limit,
        meters={
            meter: MeterTerms(included=included, price=price, per=per, hard_limit=hard_limit)
            for meter, included, price, per, hard_limit in meters
        },
        created_at=datetime.fromtimestamp(created_at / 1000, UTC),
    )


def add(
    tx: Tx,
    id_: str,
    *,
    name: str,
    monthly_centavos: int,
    trial_days: int = 0,
    over_limit: str = "catalogue",
    meters: Mapping[str, MeterTerms],
) -> PlanVersion:
    """A new plan, or the next version of one that is there."""
    version = (tx.value("SELECT max(version) FROM plans WHERE id = ?", (id_,)) or 0) + 1
    tx.run(
        "INSERT INTO plans (id, version, name, monthly_centavos, trial_days, over_limit, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id_, version, name, monthly_centavos, trial_days, over_limit, tx.now_ms),
    )
    tx.connection.executemany(
        "INSERT INTO plan_meters (plan, version, meter, included, price, per, hard_limit) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (id_, version, meter, terms.included, terms.price, terms.per, terms.hard_limit)
            for meter, terms in meters.items()
        ),
    )
    return get(tx, id_, version)


def get(tx: Tx, id_: str, version: int | None = None) -> PlanVersion:
    """One version, the newest if none is named. Raises `NotFound`."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM plans WHERE id = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1",
        (id_, version),
    )
    if row is None:
        raise NotFound(
            f"there is no plan {id_!r}" if version is None else f"the plan {id_!r} has no version {version}",
            "list the plans, or make it with POST /v1/billing/plans",
        )
    return _plan(tx, row)


def page(tx: Tx, *, after: str = "", limit: int = 100) -> tuple[list[PlanVersion], str | None]:
    """All versions by plan and version, and the cursor of the next page."""
    plan, _, version = after.partition(":")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    rows = list(
        tx.rows(
            f"SELECT {_COLUMNS} FROM plans WHERE (id, version) > (?, ?) ORDER BY id, version LIMIT ?",
            (plan, number, limit + 1),
        )
    )
    found = [_plan(tx, row) for row in rows[:limit]]
    return found, f"{found[-1].id}:{found[-1].version}" if len(rows) > limit else None
