"""The vendors that hear and speak, in their order (ElevenLabs, then OpenAI), and the one way to ask them."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import trio
from attrs import evolve, frozen

from daemon.audio import BrokenAudio, inspect
from daemon.clock import Now, utc_now
from daemon.errors import ProviderError, ProviderRefused, ProviderUnavailable, ProviderUntried
from daemon.providers.answers import garbage
from daemon.providers.base import Speaker, Spoken, Tokens, Transcriber, Transcript
from daemon.providers.breaker import RULES, Rules
from daemon.providers.guard import Bounds, Guard, ProviderReport
from daemon.providers.roster import SILENT, Observer
from daemon.providers.settings import ElevenlabsConfig, OpenaiConfig

SPEECH_SECONDS: Final = 12.0
"""A minute of speech comes within a few seconds."""
STAND_IN_BOUNDS: Final = Bounds(timeout_seconds=10.0, max_concurrent=2)

V = TypeVar("V", bound="Named")
T = TypeVar("T")


class Named(Protocol):
    """A vendor."""

    name: str


class VoicedSpeaker(Speaker, Protocol):
    """A speaker that knows which of its voices would be taken."""

    speech_model: str

    def voice_for(self, wanted: str) -> str:
        """The voice that would speak, "" if it has none to speak with."""
        ...


@frozen
class _Watch:
    """Tells an observer of failures under the name of the vendor and of what it does."""

    inner: Observer
    work: str

    def failed(self, provider: str, reason_kind: str) -> None:
        self.inner.failed(f"{provider} {self.work}", reason_kind)


@frozen
class _Vendor(Generic[V]):
    voice: V
    guard: Guard
    timeout_seconds: float


class _Vendors(Generic[V]):
    """Vendors of one kind of work, tried one after the other."""

    def __init__(
        self,
        voices: Sequence[V],
        work: str,
        *,
        bounds: Mapping[str, Bounds],
        rng: random.Random,
        now: Now = utc_now,
        observer: Observer = SILENT,
        rules: Rules = RULES,
    ) -> None:
        self._work = work
        self._observer = observer
        self._vendors = tuple(
            _Vendor(
                one,
                Guard(one.name, bounds[one.name], rng=rng, now=now, observer=_Watch(observer, work), rules=rules),
                bounds[one.name].timeout_seconds,
            )
            for one in voices
        )

    def names(self) -> tuple[str, ...]:
        """Every configured vendor in order, whether it is well or not."""
        return tuple(one.guard.name for one in self._vendors)

    def available(self) -> tuple[str, ...]:
        """The vendors that would be asked now, in order: their circuit is not open."""
        return tuple(one.guard.name for one in self._vendors if one.guard.admits)

    def reports(self) -> tuple[ProviderReport, ...]:
        """How every vendor is, under its name and its work."""
        reports = (one.guard.report() for one in self._vendors)
        return tuple(evolve(report, name=f"{report.name} {self._work}") for report in reports)

    async def _in_turn(
        self, request: Callable[[_Vendor[V]], Awaitable[T]], tenant: str, unknown: list[str], priority: int
    ) -> T:
        failures: list[str] = []
        for one in self._vendors:
            name = one.guard.name
            unknown.append(name)
            try:
                answer: T = await one.guard.run(
                    partial(request, one), tenant=tenant, priority=priority, answered=partial(self._answered, name)
                )
            except ProviderError as error:
                if isinstance(error, ProviderRefused | ProviderUntried):
                    unknown.remove(name)  # nothing was asked, or the refusal cost nothing
                failures.append(str(error))
                continue
            unknown.remove(name)
            return answer
        if not failures:
            raise ProviderUntried(f"no vendor of {self._work} is configured", "give ELEVENLABS_API_KEY")
        raise ProviderUnavailable(f"no vendor of {self._work} gave one ({'; '.join(failures)})")

    def _answered(self, name: str, seconds: float, answer: object) -> None:
        self._observer.answered(f"{name} {self._work}", seconds, Tokens())


class Hearing(_Vendors[Transcriber]):
    """All configured transcribers."""

    async def transcribe(
        self,
        file: Path,
        *,
        mime_type: str,
        seconds: float,
        tenant: str,
        unknown: list[str],
        language: str = "pt",
        priority: int = 0,
    ) -> Transcript:
        """Hear a file: each vendor within its time-out until one has it. `seconds` is the file's length.

        `unknown` collects the vendors that were asked and gave nothing, for they may bill it; also when cancelled,
        which may be at any point. Raises `ProviderUntried` where none is configured, else `ProviderUnavailable`.
        """

        async def request(one: _Vendor[Transcriber]) -> Transcript:
            return await one.voice.transcribe(
                file,
                mime_type=mime_type,
                seconds=seconds,
                language=language,
                timeout_seconds=one.timeout_seconds,
            )

        return await self._in_turn(request, tenant, unknown, priority)


@frozen
class Voice:
    """A way to speak; the same text comes out the same."""

    provider: str
    model: str
    voice: str


class Speech(_Vendors[VoicedSpeaker]):
    """All configured speakers."""

    def voices(self, wanted: str = "") -> tuple[Voice, ...]:
        """The voices that would be tried in order: a tenant's own (`wanted`), else the configured ones."""
        chosen = ((one.voice, one.voice.voice_for(wanted)) for one in self._vendors)
        return tuple(Voice(one.name, one.speech_model, voice) for one, voice in chosen if voice)

    async def speak(
        self, text: str, *, voice: str = "", to: Path, tenant: str, unknown: list[str], priority: int = 0
    ) -> Spoken:
        """Write the speech to the file `to`: each vendor within its time-out until one gave whole Ogg/Opus, mono.

        `voice` is as in `voices`; `unknown` as in `Hearing.transcribe`. Failed or cancelled, something may be left at
        `to`: the caller removes it. Raises `ProviderUntried` where none is configured, else `ProviderUnavailable`.
        """

        async def request(one: _Vendor[VoicedSpeaker]) -> Spoken:
            chosen = one.voice.voice_for(voice)
            if not chosen:
                raise ProviderUntried(f"{one.guard.name} has no voice to speak with", "set its voice_id")
            spoken = await one.voice.speak(text, voice=chosen, to=to, timeout_seconds=one.timeout_seconds)
            if fault := await trio.to_thread.run_sync(_fault, to):
                garbage(one.guard.name, fault)
            return spoken

        return await self._in_turn(request, tenant, unknown, priority)


def _fault(file: Path) -> str:
    """What a speech is that it should not be, "" if it is a voice note."""
    try:
        with file.open("rb") as opened:
            sound = inspect(opened)
    except BrokenAudio as error:
        return error.what
    except OSError as error:
        return f"the file cannot be read back: {error.strerror}"
    if not sound.opus:
        return f"{sound.container} instead of Ogg/Opus"
    if sound.channels != 1:
        return f"{sound.channels} channels instead of one"
    return "" if sound.whole else "half of a file"


@frozen
class Voices:
    """Ears and mouths of a process. `aclose` ends both."""

    hearing: Hearing
    speech: Speech
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()

    async def aclose(self) -> None:
        """Close the connections to every vendor."""
        for close in self.closing:
            await close()


@frozen(kw_only=True)
class StandIns:
    """Who hears and speaks where no vendor has a key. For the demo; nobody is billed for them."""

    ears: Transcriber
    mouth: VoicedSpeaker | None


def build(
    *,
    elevenlabs: ElevenlabsConfig,
    openai: OpenaiConfig,
    elevenlabs_key: str,
    openai_key: str,
    rng: random.Random,
    now: Now = utc_now,
    observer: Observer = SILENT,
    stand_ins: StandIns | None = None,
) -> Voices:
    """The voices of a configuration: vendors without a key are absent. The caller closes them."""
    bounds: dict[str, Bounds] = {}
    ears: list[Transcriber] = []
    mouths: list[VoicedSpeaker] = []
    closing: list[Callable[[], Awaitable[None]]] = []
    # A vendor's SDK costs up to 0.8 s and 60 MB to import: only those in use are.
    if elevenlabs_key.strip():
        from daemon.providers.elevenlabs_voice import ElevenlabsVoice

        eleven = ElevenlabsVoice(
            key=elevenlabs_key.strip(),
            transcription_model=elevenlabs.transcription_model,
            speech_model=elevenlabs.speech_model,
            voice=elevenlabs.voice_id,
            base_url=elevenlabs.base_url,
            now=now,
        )
        bounds[eleven.name] = _bounds(elevenlabs)
        ears.append(eleven)
        mouths.append(eleven)
        closing.append(eleven.aclose)
    if openai_key.strip():
        from daemon.providers.openai_voice import OpenaiVoice

        gpt = OpenaiVoice(
            key=openai_key.strip(),
            transcription_model=openai.transcription_model,
            speech_model=openai.speech_model,
            voice=openai.voice,
            base_url=openai.base_url,
            now=now,
        )
        bounds[gpt.name] = _bounds(openai)
        ears.append(gpt)
        mouths.append(gpt)
        closing.append(gpt.aclose)
    if stand_ins is not None and not ears:
        bounds[stand_ins.ears.name] = STAND_IN_BOUNDS
        ears.append(stand_ins.ears)
        if stand_ins.mouth is not None:
            bounds[stand_ins.mouth.name] = STAND_IN_BOUNDS
            mouths.append(stand_ins.mouth)
    return Voices(
        Hearing(ears, "transcription", bounds=bounds, rng=rng, now=now, observer=observer),
        Speech(mouths, "speech", bounds=_of_speech(bounds), rng=rng, now=now, observer=observer),
        tuple(closing),
    )


def _bounds(settings: ElevenlabsConfig | OpenaiConfig) -> Bounds:
    return Bounds(timeout_seconds=settings.timeout_seconds, max_concurrent=settings.max_concurrent)


def _of_speech(bounds: Mapping[str, Bounds]) -> dict[str, Bounds]:
    """Who stalls is left after `SPEECH_SECONDS`, so that the next may still speak before the customer has to read."""
    return {name: evolve(one, timeout_seconds=min(one.timeout_seconds, SPEECH_SECONDS)) for name, one in bounds.items()}
