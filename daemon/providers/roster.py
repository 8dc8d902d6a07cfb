"""The AI models that are configured, and the one way to ask them."""

import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

from attrs import frozen

from daemon.clock import Now, utc_now
from daemon.errors import ConfigError, ProviderUntried
from daemon.providers.base import Model, ModelReply, Prompt, Tokens
from daemon.providers.breaker import RULES, Rules
from daemon.providers.guard import Bounds, FailureObserver, Guard, ProviderReport

__all__ = ["Bounds", "ProviderReport", "Roster", "build"]


class Observer(FailureObserver, Protocol):
    """Who wants to know how the vendors do. Called in the event loop: must be quick and must not raise."""

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        """A usable answer came, `seconds` after the first attempt began."""
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


@frozen
class _Provider:
    """One provider: its model and what guards it."""

    model: Model
    guard: Guard


class Roster:
    """All configured models. One per process; `aclose` ends it."""

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
        self._observer = observer
        self._closing = closing
        self._providers = {
            name: _Provider(model, Guard(name, bounds[name], rng=rng, now=now, observer=observer, rules=rules))
            for name, model in models.items()
        }

    def names(self) -> tuple[str, ...]:
        """Every configured provider, whether it is well or not."""
        return tuple(self._providers)

    def available(self) -> tuple[str, ...]:
        """The providers that would be asked now: configured, and their circuit is not open."""
        return tuple(name for name, one in self._providers.items() if one.guard.admits)

    def reports(self) -> tuple[ProviderReport, ...]:
        """How every provider is."""
        return tuple(one.guard.report() for one in self._providers.values())

    async def ask(
        self,
        name: str,
        prompt: Prompt,
        *,
        tenant: str,
        priority: int = 0,
        waiting_since: float | None = None,
    ) -> ModelReply:
        """Ask a provider, as `Guard.run` does; may be cancelled at any point. Raises what that raises, and
        `ProviderUntried` for one that is not configured."""
        one = self._providers.get(name)
        if one is None:
            raise ProviderUntried(f"{name} is not configured", f"give its key, {name.upper()}_API_KEY")
        return await one.guard.run(
            partial(one.model.ask, prompt),
            tenant=tenant,
            priority=priority,
            waiting_since=waiting_since,
            answered=partial(self._answered, name),
        )

    def _answered(self, name: str, seconds: float, reply: ModelReply) -> None:
        self._observer.answered(name, seconds, reply.tokens)

    async def aclose(self) -> None:
        """Close the connections to every vendor."""
        for close in self._closing:
            await close()


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
