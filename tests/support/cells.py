"""Two real cells and the webhook entry in front of them, each a process of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import trio
from attrs import frozen

from tests.support.rig import Json, Rig, free_port, rig

COUNT: Final = 2


@frozen
class Cells:
    """The entry, a rig whose process is `showroomd entry`, and the cells behind it. Nothing runs yet."""

    entry: Rig
    cells: tuple[Rig, ...]
    status: httpx.AsyncClient  # of `entry.status`

    async def start(self) -> None:
        """Start all of them."""
        async with trio.open_nursery() as nursery:
            for each in self.cells:
                nursery.start_soon(each.start)
        await self.entry.start()

    async def health(self) -> Json:
        """What the entry's /healthz says."""
        found: Json = (await self.status.get("/healthz")).json()
        return found

    async def figure(self, start: str) -> float:
        """The sum of the entry's figures that begin so."""
        text = (await self.status.get("/metrics")).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(start))

    async def post(self, body: bytes) -> int:
        """Post a signed body to the entry once; the status."""
        return (await self.entry.webhook_bytes(body)).status_code


@asynccontextmanager
async def cells(directory: Path, *, settings: str = "") -> AsyncIterator[Cells]:
    """Two cells in `directory` and their entry. `settings` is TOML that is added to the cells' configuration."""
    port, status = free_port(), free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/whatsapp"
    async with AsyncExitStack() as stack:
        made: list[Rig] = []
        for number in range(1, COUNT + 1):
            place = directory / f"cell-{number}"
            place.mkdir()
            http = f'entry_socket = "{place}/entry.sock"'
            made.append(await stack.enter_async_context(rig(place, settings=settings, http=http, webhook=webhook)))
        sockets = [f"{each.directory}/entry.sock" for each in made]
        (directory / "showroomd.toml").write_text(
            f"""[daemon]
log_format = "json"
[http]
bind = ["127.0.0.1:{port}"]
[entry]
cells = {sockets}
status = "127.0.0.1:{status}"
refresh_seconds = 2
"""
        )
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60))
        status_client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{status}", timeout=60)
        )
        first = made[0]
        entry = Rig(directory, port, first.graph, first.vendor, first.nursery, client, first.environ, verb="entry")
        try:
            yield Cells(entry, tuple(made), status_client)
        finally:
            with trio.CancelScope(shield=True):
                if entry.process is not None and entry.process.returncode is None:
                    await entry.kill()
                await entry.admin.aclose()
