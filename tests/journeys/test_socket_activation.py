"""Restarts behind a socket that somebody else holds open, as systemd does: nobody is refused, nothing is lost."""

import socket
import sys
from pathlib import Path

import httpx
import trio

from daemon.emulator import deliveries
from tests.support.rig import Rig, now_s, rig

AS_SYSTEMD_DOES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="public")
os.execv(sys.executable, [sys.executable, "-m", "daemon", *sys.argv[2:]])
"""


class Senders:
    """Webhooks, each on a connection of its own."""

    def __init__(self, daemon: Rig, phone_number_id: str) -> None:
        self.daemon, self.phone_number_id = daemon, phone_number_id
        self.sent = 0
        self.answers: list[int] = []
        self.scope = trio.CancelScope()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.daemon.port}", timeout=60, limits=limits) as client,
            trio.open_nursery() as nursery,
        ):
            task_status.started()
            with self.scope:
                while True:
                    self.sent += 1
                    nursery.start_soon(self._one, client, self.sent)
                    await trio.sleep(0.01)  # the pace of the traffic

    async def _one(self, client: httpx.AsyncClient, number: int) -> None:
        entry = deliveries.text(
            f"mensagem {number}",
            phone=f"55119{number % 50:08}",
            phone_number_id=self.phone_number_id,
            message_id=f"wamid.restart.{number}",
            at=now_s(),
        )
        self.answers.append((await self.daemon.webhook(entry, client=client)).status_code)


async def test_a_restart_refuses_no_connection_and_loses_no_webhook(tmp_path: Path) -> None:
    async with rig(tmp_path) as daemon:
        with socket.create_server(("127.0.0.1", daemon.port), backlog=1024) as held:
            daemon.handed_over = (held.fileno(),)
            daemon.command = [sys.executable, "-c", AS_SYSTEMD_DOES, str(held.fileno())]
            await daemon.start()
            number = await daemon.add_tenant("auto-sul", quiet_spell_seconds=60.0)
            senders = Senders(daemon, number)
            async with trio.open_nursery() as nursery:
                await nursery.start(senders.run)
                for _ in range(2):
                    assert await daemon.stop() == 0
                    await daemon.start()
                senders.scope.cancel()
            assert senders.answers == [200] * senders.sent
            assert await _stored(daemon) == {f"mensagem {number + 1}" for number in range(senders.sent)}
            assert await daemon.stop() == 0
            # the socket is not the daemon's: it is open still, and a customer waits in it
            with socket.create_connection(("127.0.0.1", daemon.port)):
                pass


async def _stored(daemon: Rig) -> set[str]:
    found: set[str] = set()
    for conversation in (await daemon.call("GET", "/v1/tenants/auto-sul/conversations?limit=200"))["items"]:
        path = f"/v1/tenants/auto-sul/conversations/{conversation['id']}/messages?limit=200"
        found |= {message["text"] for message in (await daemon.call("GET", path))["items"]}
    return found
