"""What stands between us and one vendor: fair slots, a circuit breaker, time-outs, retries, its wish to slow down."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import trio
from attrs import frozen

from daemon.backoff import delay_seconds
from daemon.clock import Now
from daemon.desk.fairness import FairSlots
from daemon.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUntried,
)
from daemon.providers.breaker import RULES, Admission, Breaker, Rules, State
from daemon.providers.failures import ProviderShut
from daemon.providers.limits import ConcurrencyLimit

T = TypeVar("T")

ATTEMPTS: Final = 3
"""How often one request is sent at most."""
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
"""Who asks for more patience than this between attempts is passed over: the customer is waiting."""


@frozen(kw_only=True)
class Bounds:
    """How long a provider may take and how much it is asked at once."""

    timeout_seconds: float = 30.0
    max_concurrent: int = 1024


@frozen(kw_only=True)
class ProviderReport:
    """A provider as it is now, to show. `reason` is a sentence, "" when all is well."""

    name: str
    state: State
    reason: str
    retry_at: datetime | None
    running: int
    waiting: int
    limit: int


class FailureObserver(Protocol):
    """Who wants to know what goes wrong. Called in the event loop: must be quick and must not raise."""

    def failed(self, provider: str, reason_kind: str) -> None:
        """An attempt failed (overloaded, unavailable, garbage, refused, shut), the time was over (timeout), or
        nothing was sent (open: the circuit is; busy: no slot came free)."""
        ...


class Guard:
    """One provider's guard. `name` is how it is called in messages, the configuration and metrics."""

    def __init__(
        self,
        name: str,
        bounds: Bounds,
        *,
        rng: random.Random,
        now: Now,
        observer: FailureObserver,
        rules: Rules = RULES,
    ) -> None:
        self.name = name
        self._bounds = bounds
        self._rng = rng
        self._now = now
        self._observer = observer
        self._breaker = Breaker(rng, rules)
        self._limit = ConcurrencyLimit(bounds.max_concurrent)
        self._slots = FairSlots(bounds.max_concurrent)

    @property
    def admits(self) -> bool:
        """Whether it would be asked now: its circuit is not open."""
        return not self._breaker.closed_for(trio.current_time())

    def report(self) -> ProviderReport:
        """How it is."""
        now = trio.current_time()
        circuit = self._breaker.circuit
        limit = self._limit.current(now)
        retry_at, reason = None, ""
        if circuit.state != "closed":
            retry_at = self._now() + timedelta(seconds=self._breaker.closed_for(now))
            reason = f"left alone after failures, the last: {circuit.reason}"
        elif limit < self._bounds.max_concurrent:
            reason = f"asked {limit} at a time instead of {self._bounds.max_concurrent}: the vendor asked to slow down"
        return ProviderReport(
            name=self.name,
            state=circuit.state,
            reason=reason,
            retry_at=retry_at,
            running=self._slots.in_use,
            waiting=self._slots.waiting,
            limit=limit,
        )

    async def run(
        self,
        request: Callable[[], Awaitable[T]],
        *,
        tenant: str,
        priority: int = 0,
        waiting_since: float | None = None,
        answered: Callable[[float, T], None] | None = None,
    ) -> T:
        """Wait for a fair slot, then up to `ATTEMPTS` attempts of `request`, both within the time-out each.

        `priority` and `waiting_since` are those of `FairSlots.held`; `answered` is told the seconds that a usable
        answer took from the first attempt on. May be cancelled at any point (the vendor may bill what it had begun).
        Raises `ProviderUntried` (left alone, no slot), `ProviderUnavailable`, `ProviderRefused` or `ProviderGarbage`.
        """
        self._refuse_if_open()
        self._slots.resize(self._limit.current(trio.current_time()))
        patience = self._bounds.timeout_seconds
        try:
            slot = await self._slots.take(tenant, priority=priority, waiting_since=waiting_since, patience=patience)
        except trio.TooSlowError:
            self._observer.failed(self.name, "busy")
            raise ProviderUntried(
                f"{self.name} had no free slot for {patience:g} s", "raise its max_concurrent"
            ) from None
        try:
            return await self._guarded(request, answered)
        finally:
            self._slots.give_back(slot)

    def _refuse_if_open(self) -> None:
        seconds = self._breaker.closed_for(trio.current_time())
        if seconds:
            self._observer.failed(self.name, "open")
            raise ProviderUntried(
                f"{self.name} is left alone after failures", self._breaker.circuit.reason, retry_after_seconds=seconds
            )

    async def _guarded(self, request: Callable[[], Awaitable[T]], answered: Callable[[float, T], None] | None) -> T:
        """With a slot held: the circuit learns how it went."""
        begun_at = trio.current_time()
        admission = self._breaker.admit(begun_at)
        if admission == "refused":
            self._refuse_if_open()
        settled = False
        try:
            answer = await self._within_time(request)
            settled = True
            self._breaker.succeeded(admission)
        except ProviderError as error:
            settled = True
            self._judge(admission, error)
            raise
        finally:
            if not settled:
                self._breaker.abandoned(admission, trio.current_time())
        if answered is not None:
            answered(trio.current_time() - begun_at, answer)
        return answer

    def _judge(self, admission: Admission, error: ProviderError) -> None:
        if isinstance(error, ProviderRefused) and not isinstance(error, ProviderShut):
            self._breaker.succeeded(admission)  # the vendor is well, this one request was not
            return
        wish = error.retry_after_seconds if isinstance(error, ProviderUnavailable) else None
        self._breaker.failed(admission, str(error), trio.current_time(), wish)

    async def _within_time(self, request: Callable[[], Awaitable[T]]) -> T:
        seconds = self._bounds.timeout_seconds
        with trio.move_on_after(seconds):
            return await self._attempts(request, trio.current_time() + seconds)
        self._observer.failed(self.name, "timeout")
        raise ProviderUnavailable(
            f"{self.name} did not answer within {seconds:g} s",
            f"raise [providers.{self.name}] timeout_seconds if that is usual",
        )

    async def _attempts(self, request: Callable[[], Awaitable[T]], deadline: float) -> T:
        attempt = 1
        while True:
            begun_at = trio.current_time()
            try:
                return await request()
            except ProviderError as error:
                self._observer.failed(self.name, _kind(error))
                if isinstance(error, ProviderOverloaded):
                    self._slow_down(begun_at)
                pause = self._pause(error, attempt)
                if pause is None or trio.current_time() + pause >= deadline:
                    raise
            await trio.sleep(pause)
            attempt += 1

    def _slow_down(self, begun_at: float) -> None:
        now = trio.current_time()
        self._slots.resize(self._limit.complained(begun_at=begun_at, running=self._slots.in_use, now=now))

    def _pause(self, error: ProviderError, attempt: int) -> float | None:
        """Seconds until the next attempt; None when there is to be none."""
        if isinstance(error, ProviderGarbage):
            return FIRST_PAUSE_SECONDS if attempt == 1 else None  # it is paid for: once more, not twice
        if not isinstance(error, ProviderUnavailable) or attempt >= ATTEMPTS:
            return None
        own = delay_seconds(
            attempt, self._rng, first_seconds=FIRST_PAUSE_SECONDS, longest_seconds=LONGEST_PAUSE_SECONDS
        )
        wish = error.retry_after_seconds or 0.0
        return None if wish > LONGEST_PAUSE_SECONDS else max(own, wish)


def _kind(error: ProviderError) -> str:
    kinds: tuple[tuple[type[ProviderError], str], ...] = (
        (ProviderOverloaded, "overloaded"),
        (ProviderUnavailable, "unavailable"),
        (ProviderShut, "shut"),
        (ProviderRefused, "refused"),
    )
    return next((kind for one, kind in kinds if isinstance(error, one)), "garbage")
