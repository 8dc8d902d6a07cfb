"""Real shards for tests: in a temporary directory, with a clock that is moved by hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import trio
from attrs import define

from shards.directory import ShardDirectory, ShardHandle
from shards.shard import Shard, Tx
from shards.tenant import identity, profile
from shards.tenant.profile import AssistantProfile, ChannelProfile, TenantProfile

T = TypeVar("T")
NOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # a Monday, noon in São Paulo


@define
class HandClock:
    """A wall clock that stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    @property
    def ms(self) -> int:
        """The same in milliseconds."""
        return int(self.at.timestamp() * 1000)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


def open_shard(path: Path, clock: HandClock, kind: str = "tenant") -> Shard:
    """A migrated shard with a limiter of its own; the caller closes it."""
    return Shard.open(path, kind, create=True, limiter=trio.CapacityLimiter(4), now=clock)


def within(shard: Shard, work: Callable[[Tx], T], clock: HandClock) -> T:
    """Run `work` in a committed transaction, here and now, without a loop."""
    connection = shard._writer
    with connection:
        return work(Tx(connection, clock()))


def tenant_profile(tenant: str = "auto-sul", kind: str = "sandbox", **assistant: object) -> TenantProfile:
    """A dealership."""
    number = "200000000000001" if kind == "cloud" else ""
    return TenantProfile(
        id=tenant,
        name="Auto Sul Veículos",
        address="Av. Farrapos, 1200, Porto Alegre",
        phone="+555133330000",
        channel=ChannelProfile(kind=kind, phone_number_id=number),
        assistant=AssistantProfile(providers=("catalogue",), **assistant),  # type: ignore[arg-type]
    )


@asynccontextmanager
async def one_tenant(
    directory: Path, clock: HandClock, *, profile_: TenantProfile | None = None, limit: int = 8
) -> AsyncIterator[ShardHandle]:
    """A directory of shards with one tenant that has a profile."""
    profile_ = profile_ or tenant_profile()
    shards = ShardDirectory(directory, limiter=trio.CapacityLimiter(4), limit=limit, now=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(shards.run)
        handle = await shards.create(profile_.id)
        await handle.write(lambda tx: (identity.establish(tx, profile_.id), profile.save(tx, profile_)))
        yield handle
        nursery.cancel_scope.cancel()
