"""The whole control API over real files, without a listener."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import define, field

from daemon.billing.collection import Around, Collector
from daemon.billing.settings import BillingConfig
from daemon.control.app import ControlApp, build_app
from daemon.control.asaas import AsaasWebhook
from daemon.control.auth import TokenBook
from daemon.control.call import Limits
from daemon.control.events import EventRing, Ring
from daemon.control.gate import Gate
from daemon.control.sandbox_page import DemoInfo
from daemon.control.webhooks import Webhooks
from daemon.providers.roster import ProviderReport
from daemon.stock.importing import import_stock
from shards.central import operators
from shards.directory import ShardDirectory
from shards.shard import Shard
from tests.support.backups import FakeBackups
from tests.support.tenancy import FakeTenancy, now

SECRET = "app-secret"
ASAAS_TOKEN = "asaas-token"
BILLING = BillingConfig(
    issuer="Painel Revendas Ltda · CNPJ 11.222.333/0001-81",
    pix_key="11222333000181",
    pix_name="Painel Revendas",
    pix_city="Porto Alegre",
    server_cost_centavos=10_000,
)
VERIFY = "verify-me"
AUTO_SUL = {"id": "auto-sul", "name": "Auto Sul Veículos", "channel": {"kind": "sandbox"}}


@define
class FakeHealth:
    """What a test says it is."""

    reasons: list[str] = field(factory=list)
    wrongs: list[str] = field(factory=list)

    def ready(self) -> tuple[bool, list[str]]:
        return not self.reasons, self.reasons

    def degraded(self) -> list[str]:
        return self.wrongs


@define
class Control:
    """The parts, and clients of them."""

    tenancy: FakeTenancy
    central: Shard
    tokens: TokenBook
    ring: EventRing
    health: FakeHealth
    webhooks: Webhooks
    app: ControlApp
    media: Path
    received: list[bytes] = field(factory=list)
    demo: bool = False
    backups: FakeBackups = field(factory=FakeBackups)
    vendors: list[ProviderReport] = field(factory=list)
    collector: Collector | None = None

    def gate(self, *, trusted: bool = False) -> Gate:
        return Gate(
            quart_app=self.app,
            webhooks=self.webhooks,
            health=self.health,
            metrics=lambda: b"showroomd_up 1\n",
            tokens=self.tokens,
            trusted=trusted,
            loopback_only=self.demo,
            asaas=AsaasWebhook(self.central, ASAAS_TOKEN, self.collector) if self.collector else None,
        )

    def client(self, token: str | None = None, *, trusted: bool = False) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=self.gate(trusted=trusted))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)

    async def token(self, role: str = "admin", tenant: str | None = None) -> str:
        return (await self.new_token(role, tenant))[1]

    async def new_token(self, role: str = "admin", tenant: str | None = None) -> tuple[str, str]:
        made, clear = await self.central.write(lambda tx: operators.add(tx, name=f"a {role}", role=role, tenant=tenant))
        return made.id, clear

    async def add(self, id_: str = "auto-sul", **more: Any) -> dict[str, Any]:
        async with self.client(trusted=True) as api:
            answer = await api.post("/v1/tenants", json={**AUTO_SUL, "id": id_, **more})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def say(self, text: str, sender: str = "maria", tenant: str = "auto-sul") -> str:
        """A customer writes; the id of the conversation."""
        async with self.client(trusted=True) as api:
            path = f"/v1/tenants/{tenant}/sandbox/messages"
            answer = await api.post(path, json={"from": sender, "text": text})
            assert answer.status_code == 201, answer.text
            page = await api.get(path, params={"from": sender})
        conversation: str = page.json()["conversation"]["id"]
        return conversation


@asynccontextmanager
async def control(
    tmp_path: Path, *, limits: Limits | None = None, demo: DemoInfo | None = None, secret: str = SECRET
) -> AsyncIterator[Control]:
    """Open everything, close everything."""
    limiter = trio.CapacityLimiter(4)
    central = await trio.to_thread.run_sync(
        partial(Shard.open, tmp_path / "central.db", "central", create=True, limiter=limiter, now=now)
    )
    async with trio.open_nursery() as nursery:
        directory = ShardDirectory(tmp_path, limiter=limiter, now=now)
        await nursery.start(directory.run)
        tenancy = FakeTenancy(directory, central)
        tokens = TokenBook(central)
        ring = EventRing(Ring("boot"))
        media = tmp_path / "media"
        backups = FakeBackups()
        received: list[bytes] = []
        vendors: list[ProviderReport] = []
        collector = Collector(
            central,
            Around(
                terms=BILLING.terms,
                rules=BILLING.rules,
                suspend=tenancy.suspend,
                resume=tenancy.resume,
                say=ring.publish,
                trouble=lambda _: None,
            ),
        )
        app = build_app(
            tenancy=tenancy,
            central=central,
            tokens=tokens,
            ring=ring,
            import_stock=import_stock,
            media_path=lambda tenant, hash_: media / tenant / hash_[:2] / hash_[2:],
            now=now,
            limits=limits or Limits(),
            demo=demo,
            backups=backups,
            providers=lambda: vendors,
            collector=collector,
            server_cost_centavos=lambda: BILLING.server_cost_centavos,
        )
        webhooks = Webhooks(receive=_keeping(received), app_secret=secret, verify_token=VERIFY)
        yield Control(
            tenancy,
            central,
            tokens,
            ring,
            FakeHealth(),
            webhooks,
            app,
            media,
            received,
            demo is not None,
            backups,
            vendors,
            collector,
        )
        ring.close()
        nursery.cancel_scope.cancel()
    await trio.to_thread.run_sync(central.close)


def _keeping(received: list[bytes]) -> Callable[[bytes], Awaitable[None]]:
    async def receive(raw: bytes) -> None:
        await trio.lowlevel.checkpoint()
        received.append(raw)

    return receive
