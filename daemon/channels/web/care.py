"""Care for one number: its pace, kept across restarts, and the stop when the server signals trouble."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from daemon.channels.web.keys import Keys
from daemon.errors import SendDelayed
from daemon.logs import get_logger
from daemon.whatsapp.web import pace
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.pace import Pace, Trouble

PACE: Final = "pace"
"""The fact under which the pace is kept; it goes with the device."""
SAME_CHAT_SECONDS: Final = 1.0
"""Until the next look while a message to the chat is on its way."""


class Care:
    """Belongs to the channel. To be loaded before each connection: another phone may have been linked."""

    def __init__(
        self, keys: Keys, *, tenant: str, now: Callable[[], datetime], factor: float, changed: Callable[[], None]
    ) -> None:
        """`factor` as `Pace`'s; `changed` is called when sending was stopped or may go on."""
        self._keys = keys
        self._now = now
        self._factor = factor
        self._changed = changed
        self._pace: Pace | None = None
        self._of = ""  # the device whose pace it is
        self._queued_until = 0.0  # Unix seconds: when the last message that must wait has its turn
        self._log = get_logger("channels.web", tenant=tenant)

    async def load(self) -> None:
        """Read the pace of the device that is linked now. Raises `ShardUnavailable`."""
        device, state = await self._keys.read(lambda rows: (rows.device(), rows.fact(PACE)))
        of = str(device.jid) if device is not None else ""
        if self._pace is not None and of == self._of:
            return
        paired_at = device.paired_at / 1000 if device is not None else 0.0
        self._of, self._queued_until = of, 0.0
        try:
            self._pace = Pace(paired_at=paired_at, factor=self._factor, state=state or b"")
        except Garbled as error:
            self._log.warning("pace_forgotten", reason=str(error))
            self._pace = Pace(paired_at=paired_at, factor=self._factor)

    @property
    def stopped(self) -> pace.Stopped | None:
        """Why nothing may be sent and for how long, None while it may."""
        found = self._pace.ready("", self._seconds(), human=True) if self._pace is not None else None
        return found if isinstance(found, pace.Stopped) else None

    @property
    def banned(self) -> bool:
        """Whether the number is banned for a while."""
        return self._pace is not None and self._pace.banned(self._seconds())

    def begin(self, chat: str, *, human: bool) -> None:
        """A message to `chat` goes now: call `free` when that is over. Raises `SendDelayed` if it must wait.

        A salesperson's own message goes before the pace, but not while the number is stopped.
        """
        assert self._pace is not None
        now = self._seconds()
        match self._pace.ready(chat, now, human=human):
            case pace.Stopped() as stopped:
                raise SendDelayed(stopped.reason, stopped.seconds, "channel")
            case pace.Wait(seconds=None) as wait:
                raise SendDelayed(wait.reason, SAME_CHAT_SECONDS)
            case pace.Wait() as wait:
                raise SendDelayed(wait.reason, self._turn_in(wait.seconds or 0.0, now))
        self._pace.begun(chat, now)

    def _turn_in(self, seconds: float, now: float) -> float:
        """Each that waits comes a little after the one before, so that they do not all come back at once in vain."""
        gap = pace.NUMBER_GAP_SECONDS * self._factor
        self._queued_until = max(now + seconds, self._queued_until + gap)
        return self._queued_until - now

    def free(self, chat: str) -> None:
        """The message was handed over or not: the next one to the chat may go."""
        assert self._pace is not None
        self._pace.done(chat)

    async def trouble(self, kind: Trouble, until: float | None) -> None:
        """The server signalled trouble: stop until then (Unix seconds), or as long as such trouble usually lasts."""
        assert self._pace is not None
        stopped = self._pace.trouble(kind, self._seconds(), until=until)
        self._log.warning("web_sending_stopped", reason=stopped.reason, seconds=round(stopped.seconds))
        await self._write()
        self._changed()

    async def relieved(self) -> None:
        """The server took its limit back."""
        assert self._pace is not None
        self._pace.relieved()
        await self._write()
        self._changed()

    async def keep(self) -> None:
        """Write the pace down: a restart must not forget what the number has sent. Raises `ShardUnavailable`."""
        if self._factor:
            await self._write()

    async def _write(self) -> None:
        assert self._pace is not None
        state = self._pace.to_bytes()
        await self._keys.write(lambda rows: rows.set_fact(PACE, state))

    def _seconds(self) -> float:
        return self._now().timestamp()
