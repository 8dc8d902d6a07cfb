"""The daemon's parts put together in the test's own process, on real shards, without its listeners."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import trio
from attrs import evolve

from daemon.assembly import Parts, assembled
from daemon.config import CloudConfig, Config, DaemonConfig, WhatsappConfig
from daemon.lock import locked
from daemon.secrets import Secrets
from daemon.tenants.surroundings import Surroundings
from shards.tenant.profile import ChannelProfile, TenantProfile
from tests.support.shards import HandClock, tenant_profile

MASTER_KEY: Final = bytes(range(32))
PATIENCE_SECONDS: Final = 20.0


def config_of(directory: Path, **more: Any) -> Config:
    """The defaults, on a data directory of the test's; nobody answers as Meta."""
    whatsapp = WhatsappConfig(cloud=CloudConfig(graph_url="http://127.0.0.1:9"))
    return evolve(Config(), daemon=DaemonConfig(data_dir=str(directory / "data")), whatsapp=whatsapp, **more)


def secrets_of(master_key: bytes = MASTER_KEY) -> Secrets:
    """A master key and nothing else."""
    return Secrets(master_key=master_key, whatsapp_app_secret="house")


def master_key_text(master_key: bytes = MASTER_KEY) -> str:
    """As an environment has it."""
    return base64.b64encode(master_key).decode()


def around(parts: Parts) -> Surroundings:
    """What the tenants share."""
    return parts.service._around


@asynccontextmanager
async def house(
    directory: Path, *, clock: HandClock | None = None, running: bool = True, master_key: bytes = MASTER_KEY
) -> AsyncIterator[Parts]:
    """All parts, with the supervisor and the directory running (but no rollup, no replay task, no listener)."""
    config = config_of(directory)
    with locked(config.data_dir, None):
        async with (
            assembled(config, secrets_of(master_key), now=clock or HandClock()) as parts,
            trio.open_nursery() as nursery,
        ):
            await nursery.start(parts.directory.run)
            await nursery.start(parts.sessions.run)
            async with trio.open_nursery() as tenants:
                if running:
                    await tenants.start(parts.supervisor.run, parts.active)
                yield parts
                tenants.cancel_scope.cancel()
            nursery.cancel_scope.cancel()


def cloud_profile(tenant: str, number: str, **assistant: Any) -> TenantProfile:
    """A dealership on the Cloud API."""
    profile = tenant_profile(tenant, **{"quiet_spell_seconds": 0.0, **assistant})
    return evolve(profile, channel=ChannelProfile(kind="cloud", phone_number_id=number, waba_id=f"9{number}"))


def sandbox_profile(tenant: str, **assistant: Any) -> TenantProfile:
    """A dealership without WhatsApp, that answers at once."""
    return tenant_profile(tenant, **{"quiet_spell_seconds": 0.0, **assistant})


async def until(look: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    """Look again and again until `look` is satisfied; fails after a while."""
    with trio.fail_after(PATIENCE_SECONDS):
        while True:
            found = look()
            if found if isinstance(found, bool) else await found:
                return
            await trio.sleep(0.005)


async def count(parts: Parts, tenant: str, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """The first column of the first row of a query on a tenant's shard."""
    return await parts.directory.handle(tenant).read(lambda tx: tx.value(sql, bindings))


async def in_central(parts: Parts, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
    """Rows of central."""
    return await parts.central.read(lambda tx: list(tx.rows(sql, bindings)))
