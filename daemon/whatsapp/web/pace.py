"""Care for the number: how fast it writes, and when it stops.

WhatsApp publishes no limits and bans numbers that write like machines. The figures here are our judgement, not facts:
slow enough for a person at a keyboard, quick enough for a showroom on a Saturday.
"""

import math
import random
import struct
from typing import Final, Literal

from attrs import define, field, frozen

from daemon.whatsapp.web.errors import Garbled

SHORTEST_TYPING_SECONDS: Final = 1.0
LONGEST_TYPING_SECONDS: Final = 8.0
SECONDS_A_CHARACTER: Final = 0.05
CHAT_GAP_SECONDS: Final = 1.0
NUMBER_GAP_SECONDS: Final = 0.4
DAY_SECONDS: Final = 86_400

LONGEST_STOP_SECONDS: Final = 30 * DAY_SECONDS
_MAX_CHATS: Final = 4096

Trouble = Literal["stranger", "timelock", "ban"]
"""stranger: a message was refused with 463 · timelock: the server says the number is limited · ban: for a while."""

_SENTENCES: Final[dict[Trouble, str]] = {
    "stranger": "WhatsApp refused a message as one to a stranger (463), so sending stopped to protect the number:"
    " write to new customers from the phone meanwhile",
    "timelock": "WhatsApp limits whom this number may write to, so sending stopped to protect it:"
    " answer customers from the phone and let nobody write to strangers",
    "ban": "WhatsApp banned the number for a while: see on the phone what it says and write to nobody until then",
}
_ORDER: Final[tuple[Trouble, ...]] = ("stranger", "timelock", "ban")
_STRIKES_SECONDS: Final = (900.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""How long the first, second, … refusal of kind "stranger" stops the number; forgotten after a day without one."""
_UNTOLD_SECONDS: Final = 24 * 3600.0
"""How long a timelock or ban lasts that came without its end."""


@frozen
class Caps:
    """Messages a number sends at most."""

    minute: int
    hour: int
    day: int


WARM_UP: Final[tuple[tuple[int, Caps], ...]] = (
    (3, Caps(minute=12, hour=150, day=800)),
    (7, Caps(minute=20, hour=300, day=2000)),
)
"""Until so many days after pairing, so much."""
USUAL: Final = Caps(minute=30, hour=600, day=5000)


def caps_at(age_seconds: float) -> Caps:
    """What a device may send that was paired so long ago."""
    return next((caps for days, caps in WARM_UP if age_seconds < days * DAY_SECONDS), USUAL)


def typing_seconds(characters: int, rng: random.Random, *, factor: float = 1.0) -> float:
    """How long a person would show "typing" for a text: 1 to 8 s by its length, a quarter more or less by chance.

    `factor` scales it; 0 switches it off.
    """
    wanted = (SHORTEST_TYPING_SECONDS + characters * SECONDS_A_CHARACTER) * rng.uniform(0.75, 1.25)
    return min(max(wanted, SHORTEST_TYPING_SECONDS), LONGEST_TYPING_SECONDS) * factor


@frozen(kw_only=True)
class Go:
    """Send it now."""


@frozen(kw_only=True)
class Wait:
    """Not yet: look again after `seconds`; None: once the chat's message in flight is done."""

    seconds: float | None
    reason: str


@frozen(kw_only=True)
class Stopped:
    """The number must not send until then; `reason` is for the operator."""

    seconds: float
    reason: str


@define
class _Window:
    """Counts what was sent within the last `size` steps; a step that began within them counts whole."""

    step_seconds: int
    size: int
    counts: dict[int, int] = field(factory=dict)  # by step

    def add(self, now: float) -> None:
        step = self._step(now)
        self.counts = self._recent(step)
        self.counts[step] = self.counts.get(step, 0) + 1

    def wait_seconds(self, now: float, cap: int) -> float:
        """Until one more is within the cap."""
        free = step = self._step(now)
        recent = self._recent(step)
        left = sum(recent.values())
        for each in sorted(recent):
            if left < cap:
                break
            left -= recent[each]
            free = each + self.size + 1
        return max(0.0, free * self.step_seconds - now)

    def _recent(self, step: int) -> dict[int, int]:
        """What counts at `step`. Steps yet to come (the clock was set back) count as this one."""
        recent: dict[int, int] = {}
        for each, count in self.counts.items():
            if each >= step - self.size:
                recent[min(each, step)] = recent.get(min(each, step), 0) + count
        return recent

    def _step(self, now: float) -> int:
        return int(now // self.step_seconds)


_HEADER: Final = struct.Struct(">BBBdd")
_COUNT: Final = struct.Struct(">BIH")
_VERSION: Final = 1


class Pace:
    """One number's pace. `now` is wall time in seconds throughout: the counts outlive a restart.

    `factor` scales what only makes us look human; with 0 (tests, benchmarks) there are no gaps and no caps, but a chat
    still has one message in flight at a time and a stop still stops.
    """

    def __init__(self, *, paired_at: float, factor: float = 1.0, state: bytes = b"") -> None:
        """`state` is what `to_bytes` gave. Raises `Garbled` if it is not."""
        self._paired_at = paired_at
        self._factor = factor
        self._windows = (_Window(5, 12), _Window(300, 12), _Window(3600, 24))
        self._in_flight: set[str] = set()
        self._last_in_chat: dict[str, float] = {}
        self._last = -math.inf
        self._trouble: Trouble | None = None
        self._until = 0.0
        self._strikes = 0
        self._struck_at = 0.0
        if state:
            self._restore(state)

    # --- sending ------------------------------------------------------------------------------------------------------

    def ready(self, chat: str, now: float, *, human: bool = False) -> Go | Wait | Stopped:
        """Whether a message to `chat` may go now. A salesperson's own (`human`) waits for no gap and no cap."""
        if self._trouble is not None and now < self._until:
            return Stopped(seconds=self._until - now, reason=_SENTENCES[self._trouble])
        if chat in self._in_flight:
            return Wait(seconds=None, reason="a message to this chat is on its way")
        if human or not self._factor:
            return Go()
        gaps = (
            (_rest(self._last_in_chat.get(chat, -math.inf), CHAT_GAP_SECONDS * self._factor, now), "chat"),
            (_rest(self._last, NUMBER_GAP_SECONDS * self._factor, now), "number"),
        )
        seconds, where = max(gaps)
        if seconds > 0:
            return Wait(seconds=seconds, reason=f"a moment between two messages of a {where}")
        return self._within_caps(now)

    def _within_caps(self, now: float) -> Go | Wait:
        caps = caps_at(now - self._paired_at)
        limits = zip(self._windows, (caps.minute, caps.hour, caps.day), ("minute", "hour", "day"), strict=True)
        waits = [(window.wait_seconds(now, cap), cap, name) for window, cap, name in limits]
        seconds, cap, name = max(waits)
        if seconds > 0:
            return Wait(seconds=seconds, reason=f"the number has sent {cap} messages, what it may within a {name}")
        return Go()

    def begun(self, chat: str, now: float) -> None:
        """A message goes to `chat`: call `done` when its ack, or the end of hope for one, has come."""
        self._in_flight.add(chat)
        self._last = now
        self._last_in_chat.pop(chat, None)
        self._last_in_chat[chat] = now
        if len(self._last_in_chat) > _MAX_CHATS:
            del self._last_in_chat[next(iter(self._last_in_chat))]
        for window in self._windows:
            window.add(now)

    def done(self, chat: str) -> None:
        """The message in flight to `chat` was acknowledged, refused or given up."""
        self._in_flight.discard(chat)

    # --- trouble ------------------------------------------------------------------------------------------------------

    def trouble(self, kind: Trouble, now: float, *, until: float | None = None) -> Stopped:
        """The server signalled trouble: nothing is sent until `until`, or as long as such trouble usually lasts.

        A shorter stop never replaces a longer one.
        """
        end = until if until is not None else now + (self._strike(now) if kind == "stranger" else _UNTOLD_SECONDS)
        end = min(max(end, now), now + LONGEST_STOP_SECONDS)
        if self._trouble is None or end >= self._until or now >= self._until:
            self._trouble, self._until = kind, end
        return Stopped(seconds=self._until - now, reason=_SENTENCES[self._trouble])

    def _strike(self, now: float) -> float:
        self._strikes = self._strikes + 1 if now - self._struck_at < DAY_SECONDS else 1
        self._struck_at = now
        return _STRIKES_SECONDS[min(self._strikes, len(_STRIKES_SECONDS)) - 1]

    def relieved(self) -> None:
        """The server took its limit back. A ban is another matter and stays."""
        if self._trouble != "ban":
            self._trouble = None

    def resume(self) -> None:
        """The operator wants to try again, whatever it was."""
        self._trouble = None

    def banned(self, now: float) -> bool:
        """Whether the stop is a ban: then nobody even connects."""
        return self._trouble == "ban" and now < self._until

    def stopped(self, now: float) -> str:
        """The sentence for the operator; "" while the number may send."""
        return _SENTENCES[self._trouble] if self._trouble is not None and now < self._until else ""

    # --- across restarts ----------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """What must outlive a restart: the counts and the stop, less than 400 bytes."""
        kind = _ORDER.index(self._trouble) + 1 if self._trouble is not None else 0
        counts = (
            _COUNT.pack(number, step, min(count, 0xFFFF))
            for number, window in enumerate(self._windows)
            for step, count in window.counts.items()
        )
        return _HEADER.pack(_VERSION, kind, min(self._strikes, 255), self._until, self._struck_at) + b"".join(counts)

    def _restore(self, state: bytes) -> None:
        rest = len(state) - _HEADER.size
        if rest < 0 or rest % _COUNT.size or state[0] != _VERSION:
            raise Garbled("the stored pace of the number is damaged or of a newer version")
        _, kind, self._strikes, self._until, self._struck_at = _HEADER.unpack_from(state)
        if kind > len(_ORDER) or not (math.isfinite(self._until) and math.isfinite(self._struck_at)):
            raise Garbled("the stored pace of the number is damaged")
        self._trouble = _ORDER[kind - 1] if kind else None
        for number, step, count in _COUNT.iter_unpack(state[_HEADER.size :]):
            if number >= len(self._windows):
                raise Garbled("the stored pace of the number is damaged")
            self._windows[number].counts[step] = count


def _rest(last: float, gap: float, now: float) -> float:
    """What is left of a gap; never more than all of it, should the clock have been set back."""
    return min(max(0.0, last + gap - now), gap)
