"""The one-time prekeys we keep at the server: each lets one stranger begin a session with us while we are away."""

from typing import Final

import trio
from attrs import define, field

from daemon.channels.web.connection import Connection, Randomness
from daemon.channels.web.keys import Device, Keys
from daemon.whatsapp.web import bundle, notifications, queries
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.record import Me, PreKey

FIRST: Final = 812
MORE: Final = 50
A_WRITE: Final = 100
"""Made in one transaction: it takes the loop some milliseconds."""
ASK_SECONDS: Final = 30.0


@define(eq=False)
class Prekeys:
    """Those of a logged-in device."""

    connection: Connection
    keys: Keys
    device: Device
    randomness: Randomness
    _uploading: trio.Lock = field(factory=trio.Lock)

    async def keep(self, on_server: int | None = None) -> None:
        """Upload some where few are left; `on_server` is how many there are, where the server has told.

        They are on disk before they are uploaded, and those whose upload was cut off go again. Raises `NoAnswer`,
        `Garbled` where the server refuses.
        """
        async with self._uploading:
            if on_server is None:
                answer = await self.connection.ask(queries.prekey_count(), seconds=ASK_SECONDS)
                on_server = queries.read_prekey_count(answer)
            if on_server >= notifications.FEW_PREKEYS:
                return
            ours = await self.keys.read(lambda rows: rows.prekeys_left())
            wanted = MORE if ours or on_server else FIRST
            unsent = await self.keys.read(lambda rows: rows.unsent_prekeys(wanted))
            while len(unsent) < wanted:
                unsent += await self._make(min(A_WRITE, wanted - len(unsent)))
            await self._upload(unsent)

    async def _make(self, count: int) -> list[PreKey]:
        pairs = [KeyPair.generate(self.randomness.bytes(32)) for _ in range(count)]
        return await self.keys.write(lambda rows: rows.add_prekeys(pairs), brief=False)

    async def _upload(self, prekeys: list[PreKey]) -> None:
        me = Me(self.device.identity, self.device.registration_id)
        node = bundle.upload(me, self.device.signed_prekey, prekeys)
        queries.result_of(await self.connection.ask(node, seconds=ASK_SECONDS))
        ids = [prekey.id for prekey in prekeys]
        await self.keys.write(lambda rows: rows.prekeys_uploaded(ids), brief=False)
