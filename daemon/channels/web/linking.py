"""Linking a phone, over one connection after the other, until it is linked or the time is over."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import trio

from daemon.channels.base import ChannelState
from daemon.channels.web.connection import Connection, Ended, Randomness
from daemon.channels.web.keys import Device, Keys
from daemon.channels.web.link import Link, Shown, new_device
from daemon.channels.web.version import ClientVersion
from daemon.whatsapp.web import failures, payload
from daemon.whatsapp.web.failures import Verdict

PAIRING_SECONDS: Final = 600.0
"""A pairing that nobody finishes ends after so long."""
GIVEN_UP: Final = "the pairing was given up"
EXPIRED: Final = "nobody linked a phone in time: begin again with POST …/channel/pair"

Connect = Callable[[Device, bytes], Awaitable[Connection]]
"""Open a connection of that device with that payload. Raises `Ended`."""
Say = Callable[[ChannelState, str], None]


class Linking:
    """What somebody asked for with POST …/channel/pair. `run` once."""

    def __init__(
        self,
        phone: str,
        *,
        keys: Keys,
        version: ClientVersion,
        connect: Connect,
        say: Say,
        now: Callable[[], datetime],
        randomness: Randomness,
        tenant: str,
    ) -> None:
        """`phone`: digits to pair by code, "" to pair by QR."""
        self._phone = phone
        self._keys = keys
        self._version = version
        self._connect = connect
        self._say = say
        self._now = now
        self._randomness = randomness
        self._tenant = tenant
        self._until = trio.current_time() + PAIRING_SECONDS
        self._given_up = trio.Event()
        self._tried_version = False
        self.link: Link | None = None  # over the connection that is open
        self.shown: Shown | None = None
        self.retry_at: datetime | None = None
        self.shows = trio.Event()  # there is something to scan or to type, or there will be nothing

    def give_up(self) -> None:
        """Let `run` end soon."""
        self._given_up.set()
        self.shows.set()
        if self.link is not None:
            self.link.give_up()

    async def run(self, device: Device | None) -> Verdict | None:
        """Why it ended; None if a phone is linked. `device`: what was made for an earlier attempt.

        Raises `ShardUnavailable` when the keys cannot be kept.
        """
        try:
            if device is None:
                device = new_device(self._randomness.bytes)
                made = device
                await self._keys.write(lambda rows: rows.save_device(made))
            return await self._until_linked(device)
        finally:
            self.link = self.shown = None
            self.shows.set()

    async def _until_linked(self, device: Device) -> Verdict | None:
        failed = 0
        while True:
            ended, link = await self._once(device)
            if link is not None and link.paired:
                return None
            if self._given_up.is_set():
                return Verdict(kind="operator", reason=GIVEN_UP)
            if trio.current_time() >= self._until:
                return Verdict(kind="operator", reason=EXPIRED)
            if link is not None and link.refused:
                return Verdict(kind="operator", reason=link.refused)
            verdict = ended.verdict("refresh_version" if self._tried_version else "")
            if not verdict.comes_back or verdict.kind == "wait":
                return verdict
            if verdict.kind == "refresh_version":
                self._tried_version = await self._version.refresh()
            failed = 0 if link is not None and ended.why == "ended" else failed + 1
            if failed:
                await self._pause(failures.delay_seconds(failed, self._randomness.rng), verdict.reason)
            found = await self._keys.read(lambda rows: rows.device())
            device = found if found is not None else device

    async def _once(self, device: Device) -> tuple[Ended, Link | None]:
        registration = payload.registration(
            version=self._version.current,
            registration_id=device.registration_id,
            identity=device.identity.public,
            signed_prekey=device.signed_prekey,
        )
        try:
            connection = await self._connect(device, registration)
        except Ended as error:
            return error, None
        link = self.link = Link(
            connection,
            self._keys,
            device,
            phone=self._phone,
            show=self._show,
            now=self._now,
            randomness=self._randomness,
            tenant=self._tenant,
        )
        if self._given_up.is_set():
            link.give_up()
        ended = Ended(EXPIRED, "ended")
        try:
            with trio.move_on_at(self._until):
                ended = await link.run()
        finally:
            self.link = None
            await connection.close()
        return ended, link

    async def _pause(self, seconds: float, reason: str) -> None:
        self.shown, self.retry_at = None, self._now() + timedelta(seconds=seconds)
        self._say("down", reason)
        with trio.move_on_after(seconds):
            await self._given_up.wait()
        self.retry_at = None

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        self._say("down", shown.sentence)
        if shown.qr or shown.pairing_code or shown.passkey:
            self.shows.set()
