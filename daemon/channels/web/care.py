"""Care for one number: its pace, kept across restarts, and the stop when the server signals trouble."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from daemon.channels.web.keys import Keys
from daemon.logs import get_logger
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.pace import Pace, Trouble

PACE: Final = "pace"
"""The fact under which the pace is kept."""


class Care:
    """Belongs to the channel. Read from the file when the first message goes."""

    def __init__(
        self, keys: Keys, *, tenant: str, now: Callable[[], datetime], factor: float, changed: Callable[[], None]
    ) -> None:
        """`factor` as `Pace`'s; `changed` is called when sending was stopped or may go on."""
        self._keys = keys
        self._now = now
        self._factor = factor
        self._changed = changed
        self._pace: Pace | None = None
        self._log = get_logger("channels.web", tenant=tenant)

    async def pace(self) -> Pace:
        """The number's pace."""
        if self._pace is None:
            device, state = await self._keys.read(lambda rows: (rows.device(), rows.fact(PACE)))
            paired_at = device.paired_at / 1000 if device is not None else 0.0
            try:
                self._pace = Pace(paired_at=paired_at, factor=self._factor, state=state or b"")
            except Garbled as error:
                self._log.warning("pace_forgotten", reason=str(error))
                self._pace = Pace(paired_at=paired_at, factor=self._factor)
        return self._pace

    @property
    def stopped(self) -> str:
        """Why nothing may be sent, "" while it may."""
        return self._pace.stopped(self._now().timestamp()) if self._pace is not None else ""

    async def keep(self) -> None:
        """Write the pace down: a restart must not forget what the number has sent."""
        if self._pace is not None and (self._factor or self.stopped):
            state = self._pace.to_bytes()
            await self._keys.write(lambda rows: rows.set_fact(PACE, state))

    async def trouble(self, kind: Trouble, until: float | None) -> None:
        """The server signalled trouble: stop until then (Unix seconds), or as long as such trouble usually lasts."""
        pace = await self.pace()
        stopped = pace.trouble(kind, self._now().timestamp(), until=until)
        self._log.warning("web_sending_stopped", reason=stopped.reason, seconds=round(stopped.seconds))
        await self.keep()
        self._changed()

    async def relieved(self) -> None:
        """The server took its limit back."""
        (await self.pace()).relieved()
        await self.keep()
        self._changed()
