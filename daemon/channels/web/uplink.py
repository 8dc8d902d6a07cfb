"""Whether a tenant's device is logged in, and with what to send while it is."""

import trio

from daemon.channels.web.sending import Sending


class Uplink:
    """Belongs to the channel, which raises and lowers it."""

    def __init__(self) -> None:
        self.sending: Sending | None = None
        self._risen = trio.Event()

    def rise(self, sending: Sending) -> None:
        """The device is logged in and takes part."""
        self.sending = sending
        self._risen.set()

    def fall(self) -> None:
        """It is not any more. Those who wait for it go on waiting."""
        self.sending = None
        if self._risen.is_set():
            self._risen = trio.Event()

    def ended(self, sending: Sending) -> None:
        """Somebody who sent found the connection at its end, before its owner did."""
        if self.sending is sending:
            self.fall()

    async def wait(self) -> Sending:
        """Wait until the device is logged in. May be cancelled."""
        while self.sending is None:
            await self._risen.wait()
        return self.sending
