"""showroomd on a machine: installing it, and talking to it from outside."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import trio
from attrs import define, field

from daemon.emulator import deliveries
from tests.support.rig import now_s
from tests.systemd.machine import Machine

APP_SECRET: Final = "machine_app_secret"
VERIFY_TOKEN: Final = "machine_verify_token"
PHONE_NUMBER_ID: Final = "200000000000001"
TENANT: Final = "auto-sul"
PATIENCE_SECONDS: Final = 60.0

Json = dict[str, Any]


def unpack(machine: Machine, version: str, wheel: str = "showroomd") -> str:
    """Put a version of the program beside the others; its virtual environment."""
    venv = f"/opt/showroomd/versions/{version}"
    machine.run("python3", "-m", "venv", venv)
    machine.run(f"{venv}/bin/pip", "install", "--quiet", "--no-index", "--find-links=/wheels", wheel)
    return venv


def install(machine: Machine, version: str) -> str:
    """What docs/how-to/install.md tells an operator to do; what the command said."""
    return machine.run(f"{unpack(machine, version)}/bin/showroomd", "install-units", "--start")


@asynccontextmanager
async def socket_client(machine: Machine, path: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a unix socket of the machine that makes a new connection for each request."""
    transport = httpx.AsyncHTTPTransport(
        uds=str(machine.inside(path)), limits=httpx.Limits(max_keepalive_connections=0)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://showroomd", timeout=PATIENCE_SECONDS) as client:
        yield client


@asynccontextmanager
async def admin(machine: Machine, daemon: str = "showroomd") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the admin socket; `daemon` is its directory below /run."""
    async with socket_client(machine, f"/run/{daemon}/admin.sock") as client:
        yield client


async def add_tenant(
    machine: Machine, tenant: str = TENANT, number: str = PHONE_NUMBER_ID, daemon: str = "showroomd"
) -> None:
    """A dealership on the Cloud API whose quiet spell is so long that nothing is answered."""
    async with admin(machine, daemon) as client:
        response = await client.post(
            "/v1/tenants",
            json={
                "id": tenant,
                "name": "Auto Sul Veículos",
                "channel": {
                    "kind": "cloud",
                    "phone_number_id": number,
                    "waba_id": "100000000000001",
                    "access_token": "EAAG-machine",
                },
                "assistant": {"providers": ["catalogue"], "quiet_spell_seconds": 60.0},
            },
        )
        assert response.status_code == 201, response.text


async def stored(machine: Machine, tenant: str = TENANT, daemon: str = "showroomd") -> list[str]:
    """The texts of all messages that came in, in no order."""
    found: list[str] = []
    async with admin(machine, daemon) as client:

        async def items(path: str) -> list[Json]:
            response = await client.get(path, params={"limit": 200})
            assert response.status_code == 200, response.text
            assert response.json()["next"] is None
            items: list[Json] = response.json()["items"]
            return items

        for conversation in await items(f"/v1/tenants/{tenant}/conversations"):
            messages = await items(f"/v1/tenants/{tenant}/conversations/{conversation['id']}/messages")
            found += [message["text"] for message in messages if message["direction"] == "in"]
    return found


@define(eq=False)
class Traffic:
    """Webhooks, each on a connection of its own, one every few milliseconds, until told to stop."""

    machine: Machine
    first: int = 0
    """The number of the first message; the network's ids are made of them."""
    stubborn: bool = False
    """Deliver again what was not answered with 200, as Meta does; else that is a failure."""
    numbers: Sequence[str] = (PHONE_NUMBER_ID,)
    """Whom the messages are for, in turn."""
    sent: list[str] = field(factory=list)
    troubles: list[str] = field(factory=list)
    _scope: trio.CancelScope = field(factory=trio.CancelScope)

    async def run(self) -> None:
        """Send until `stop`, then wait for the answers to what is under way."""
        async with socket_client(self.machine, "/run/showroomd.sock") as client, trio.open_nursery() as nursery:
            with self._scope:
                while True:
                    text = f"mensagem {self.first + len(self.sent)}"
                    self.sent.append(text)
                    nursery.start_soon(self._deliver, client, text)
                    await trio.sleep(0.02)  # the rate of the traffic

    async def _deliver(self, client: httpx.AsyncClient, text: str) -> None:
        number = int(text.split()[1])
        body = deliveries.delivery(
            deliveries.text(
                text,
                phone=f"55119{number % 40:08}",
                phone_number_id=self.numbers[number % len(self.numbers)],
                message_id=f"wamid.machine.{number}",
                at=now_s(),
            )
        )
        headers = {"X-Hub-Signature-256": deliveries.sign(APP_SECRET, body)}
        while True:
            try:
                response = await client.post("/webhooks/whatsapp", content=body, headers=headers)
                if response.status_code == 200:
                    return
                self.troubles.append(f"{text}: {response.status_code} {response.text}")
            except httpx.TransportError as error:
                self.troubles.append(f"{text}: {error!r}")
            if not self.stubborn:
                return
            await trio.sleep(0.05)  # Meta waits longer

    async def flow(self, messages: int) -> None:
        """Wait until so many more were sent."""
        wanted = len(self.sent) + messages
        with trio.fail_after(PATIENCE_SECONDS):
            while len(self.sent) < wanted:  # noqa: ASYNC110 - its own pace is waited for
                await trio.sleep(0.02)

    def stop(self) -> None:
        """Send no more."""
        self._scope.cancel()


@asynccontextmanager
async def traffic(
    machine: Machine, *, first: int = 0, stubborn: bool = False, numbers: Sequence[str] = (PHONE_NUMBER_ID,)
) -> AsyncIterator[Traffic]:
    """Traffic while inside; at the end every message has been answered."""
    made = Traffic(machine, first, stubborn, numbers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        await made.flow(10)
        yield made
        made.stop()


async def until_state(machine: Machine, unit: str, state: str) -> None:
    """Wait until a unit is in a state; nothing else tells."""
    await until(lambda: machine.property(unit, "ActiveState") == state)


async def until(look: Callable[[], bool]) -> None:
    """Look at the machine again and again: nothing in it tells us."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not look():  # noqa: ASYNC110
            await trio.sleep(0.1)


def events(machine: Machine, name: str) -> list[Json]:
    """The daemon's log lines of one kind."""
    found: list[Json] = []
    for line in machine.journal("showroomd").splitlines():
        if line.startswith("{") and (event := json.loads(line)).get("event") == name:
            found.append(event)
    return found
