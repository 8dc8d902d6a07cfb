"""The AI vendors that are configured, and the one way to ask them."""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

import trio
from attrs import define, frozen

from daemon.backoff import delay_seconds
from daemon.clock import Now, utc_now
from daemon.desk.fairness import FairSlots
from daemon.errors import (
    ConfigError,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUntried,
)
from daemon.providers.base import Model, ModelReply, Prompt, Tokens
from daemon.providers.breaker import RULES, Admission, Breaker, Rules, State
from daemon.providers.failures import ProviderShut
from daemon.providers.limits import ConcurrencyLimit

ATTEMPTS: Final = 3
"""How often one request is sent at most."""
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
"""Who asks for more patience than this between attempts is passed over: the customer is waiting."""


class Observer(Protocol):
    """Who wants to know how the vendors do. Called in the event loop: must be quick and must not raise."""

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        """A usable answer came, `seconds` after the first attempt began."""
        ...

    def failed(self, provider: str, reason_kind: str) -> None:
        """An attempt failed (overloaded, unavailable, garbage, refused, shut), the time was over (timeout), or
        nothing was sent (open: the circuit is; busy: no slot came free)."""
        ...


class Silent:
    """An observer that takes no notice."""

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        """Nothing."""

    def failed(self, provider: str, reason_kind: str) -> None:
        """Nothing."""


SILENT: Final = Silent()


class Settings(Protocol):
    """What the configuration says of a provider."""

    @property
    def base_url(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def timeout_seconds(self) -> float: ...
    @property
    def max_concurrent(self) -> int: ...


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


@define(eq=False)
class _Provider:
    """One provider: its model and what guards it."""

    model: Model
    bounds: Bounds
    breaker: Breaker
    limit: ConcurrencyLimit
    slots: FairSlots


class Roster:
    """All configured providers. One per process; `aclose` ends it."""

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        bounds: Mapping[str, Bounds],
        rng: random.Random,
        now: Now = utc_now,
        observer: Observer = SILENT,
        rules: Rules = RULES,
        closing: tuple[Callable[[], Awaitable[None]], ...] = (),
    ) -> None:
        self._rng = rng
        self._now = now
        self._observer = observer
        self._closing = closing
        self._providers = {
            name: _Provider(
                model=model,
                bounds=bounds[name],
                breaker=Breaker(rng, rules),
                limit=ConcurrencyLimit(bounds[name].max_concurrent),
                slots=FairSlots(bounds[name].max_concurrent),
            )
            for name, model in models.items()
        }

    def names(self) -> tuple[str, ...]:
        """Every configured provider, whether it is well or not."""
        return tuple(self._providers)

    def available(self) -> tuple[str, ...]:
        """The providers that would be asked now: configured, and their circuit is not open."""
        now = trio.current_time()
        return tuple(name for name, one in self._providers.items() if not one.breaker.closed_for(now))

    def reports(self) -> tuple[ProviderReport, ...]:
        """How every provider is."""
        return tuple(self._report(name, one) for name, one in self._providers.items())

    def _report(self, name: str, one: _Provider) -> ProviderReport:
        now = trio.current_time()
        circuit = one.breaker.circuit
        limit = one.limit.current(now)
        retry_at, reason = None, ""
        if circuit.state != "closed":
            retry_at = self._now() + timedelta(seconds=one.breaker.closed_for(now))
            reason = f"left alone after failures, the last: {circuit.reason}"
        elif limit < one.bounds.max_concurrent:
            reason = f"asked {limit} at a time instead of {one.bounds.max_concurrent}: the vendor asked to slow down"
        return ProviderReport(
            name=name,
            state=circuit.state,
            reason=reason,
            retry_at=retry_at,
            running=one.slots.in_use,
            waiting=one.slots.waiting,
            limit=limit,
        )

    async def ask(
        self,
        name: str,
        prompt: Prompt,
        *,
        tenant: str,
        priority: int = 0,
        waiting_since: float | None = None,
    ) -> ModelReply:
        """Ask a provider: wait for a fair slot, then up to `ATTEMPTS` attempts, both within its time-out each.

        `priority` and `waiting_since` are those of `FairSlots.held`. May be cancelled at any point (the vendor may
        bill what it had begun). Raises `ProviderUntried` (not configured, left alone, no slot), `ProviderUnavailable`,
        `ProviderRefused` or `ProviderGarbage`.
        """
        one = self._providers.get(name)
        if one is None:
            raise ProviderUntried(f"{name} is not configured", f"give its key, {name.upper()}_API_KEY")
        self._refuse_if_open(name, one)
        one.slots.resize(one.limit.current(trio.current_time()))
        patience = one.bounds.timeout_seconds
        with trio.move_on_after(patience) as waiting:
            async with one.slots.held(tenant, priority=priority, waiting_since=waiting_since):
                waiting.deadline = float("inf")  # it bounds the wait for the slot alone
                return await self._guarded(name, one, prompt)
        self._observer.failed(name, "busy")
        raise ProviderUntried(f"{name} had no free slot for {patience:g} s", "raise its max_concurrent")

    def _refuse_if_open(self, name: str, one: _Provider) -> None:
        seconds = one.breaker.closed_for(trio.current_time())
        if seconds:
            self._observer.failed(name, "open")
            raise ProviderUntried(
                f"{name} is left alone after failures", one.breaker.circuit.reason, retry_after_seconds=seconds
            )

    async def _guarded(self, name: str, one: _Provider, prompt: Prompt) -> ModelReply:
        """With a slot held: the circuit learns how it went."""
        begun_at = trio.current_time()
        admission = one.breaker.admit(begun_at)
        if admission == "refused":
            self._refuse_if_open(name, one)
        settled = False
        try:
            reply = await self._within_time(name, one, prompt)
            settled = True
            one.breaker.succeeded(admission)
        except ProviderError as error:
            settled = True
            self._judge(one, admission, error)
            raise
        finally:
            if not settled:
                one.breaker.abandoned(admission, trio.current_time())
        self._observer.answered(name, trio.current_time() - begun_at, reply.tokens)
        return reply

    def _judge(self, one: _Provider, admission: Admission, error: ProviderError) -> None:
        if isinstance(error, ProviderRefused) and not isinstance(error, ProviderShut):
            one.breaker.succeeded(admission)  # the vendor is well, this one request was not
            return
        wish = error.retry_after_seconds if isinstance(error, ProviderUnavailable) else None
        one.breaker.failed(admission, str(error), trio.current_time(), wish)

    async def _within_time(self, name: str, one: _Provider, prompt: Prompt) -> ModelReply:
        seconds = one.bounds.timeout_seconds
        try:
            with trio.fail_after(seconds):
                return await self._attempts(name, one, prompt, trio.current_time() + seconds)
        except trio.TooSlowError:
            self._observer.failed(name, "timeout")
            raise ProviderUnavailable(
                f"{name} did not answer within {seconds:g} s",
                f"raise [providers.{name}] timeout_seconds if that is usual",
            ) from None

    async def _attempts(self, name: str, one: _Provider, prompt: Prompt, deadline: float) -> ModelReply:
        attempt = 1
        while True:
            begun_at = trio.current_time()
            try:
                return await one.model.ask(prompt)
            except ProviderError as error:
                self._observer.failed(name, _kind(error))
                if isinstance(error, ProviderOverloaded):
                    self._slow_down(one, begun_at)
                pause = self._pause(error, attempt)
                if pause is None or trio.current_time() + pause >= deadline:
                    raise
            await trio.sleep(pause)
            attempt += 1

    def _slow_down(self, one: _Provider, begun_at: float) -> None:
        now = trio.current_time()
        one.slots.resize(one.limit.complained(begun_at=begun_at, running=one.slots.in_use, now=now))

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

    async def aclose(self) -> None:
        """Close the connections to every vendor."""
        for close in self._closing:
            await close()


def _kind(error: ProviderError) -> str:
    kinds: tuple[tuple[type[ProviderError], str], ...] = (
        (ProviderOverloaded, "overloaded"),
        (ProviderUnavailable, "unavailable"),
        (ProviderShut, "shut"),
        (ProviderRefused, "refused"),
    )
    return next((kind for one, kind in kinds if isinstance(error, one)), "garbage")


def build(
    *,
    anthropic: Settings,
    openai: Settings,
    anthropic_key: str | None,
    openai_key: str | None,
    rng: random.Random,
    now: Now = utc_now,
    observer: Observer = SILENT,
) -> Roster:
    """The roster of a configuration. Providers without a key are absent; an OpenAI-compatible server of one's own
    (`base_url` set) needs none. The caller closes it. Raises `ConfigError` for a key or address that cannot be used.
    """
    faults = [
        *_faults("anthropic", anthropic, anthropic_key),
        *_faults("openai", openai, openai_key),
    ]
    if faults:
        raise ConfigError(tuple(faults))
    models: dict[str, Model] = {}
    closing: list[Callable[[], Awaitable[None]]] = []
    # A vendor's SDK costs up to 0.8 s and 60 MB to import: only those in use are.
    if anthropic_key and anthropic_key.strip():
        from daemon.providers.claude import ClaudeModel

        claude = ClaudeModel(
            key=anthropic_key.strip(),
            model=anthropic.model,
            base_url=anthropic.base_url,
            timeout_seconds=anthropic.timeout_seconds,
            now=now,
        )
        models[claude.name] = claude
        closing.append(claude.aclose)
    if (openai_key and openai_key.strip()) or openai.base_url:
        from daemon.providers.gpt import GptModel

        gpt = GptModel(
            key=(openai_key or "").strip() or "none",
            model=openai.model,
            base_url=openai.base_url,
            timeout_seconds=openai.timeout_seconds,
            now=now,
        )
        models[gpt.name] = gpt
        closing.append(gpt.aclose)
    settings = {"anthropic": anthropic, "openai": openai}
    bounds = {
        name: Bounds(timeout_seconds=settings[name].timeout_seconds, max_concurrent=settings[name].max_concurrent)
        for name in models
    }
    return Roster(models, bounds=bounds, rng=rng, now=now, observer=observer, closing=tuple(closing))


def _faults(name: str, settings: Settings, key: str | None) -> list[str]:
    faults = []
    if settings.base_url:
        parts = urlsplit(settings.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            faults.append(f"providers.{name}.base_url: {settings.base_url!r} is no http(s) address")
    if key and not (key.strip().isascii() and key.strip().isprintable() and " " not in key.strip()):
        faults.append(f"{name.upper()}_API_KEY: has characters that no key has; copy it anew")
    return faults
