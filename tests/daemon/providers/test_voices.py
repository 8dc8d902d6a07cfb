"""ElevenLabs, then OpenAI: who is asked, who may bill what, and which speech is good enough."""

import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from attrs import define, evolve, field

from daemon.errors import ProviderError, ProviderGarbage, ProviderRefused, ProviderUnavailable, ProviderUntried
from daemon.providers.base import Spoken, Tokens, Transcript
from daemon.providers.guard import Bounds
from daemon.providers.settings import ElevenlabsConfig, OpenaiConfig
from daemon.providers.voices import Hearing, Speech, Voice, build

AUDIO = Path(__file__).parents[2] / "data" / "audio"
BOUNDS = {name: Bounds(timeout_seconds=10, max_concurrent=4) for name in ("elevenlabs", "openai")}

Plan = ProviderError | Callable[[], Awaitable[None]] | str


@define
class Scripted:
    """A vendor that does this, and well after it. A text is a file of tests/data/audio that it speaks."""

    name: str
    plan: list[Plan] = field(factory=list)
    voice: str = "bia"
    speech_model: str = "m"
    asked: int = 0

    async def _next(self) -> str:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        now = self.plan.pop(0) if self.plan else "civic.ogg"
        if isinstance(now, ProviderError):
            raise now
        if isinstance(now, str):
            return now
        await now()
        raise AssertionError

    async def transcribe(
        self, file: Path, *, mime_type: str, seconds: float = 0.0, language: str = "pt", timeout_seconds: float = 30.0
    ) -> Transcript:
        await self._next()
        return Transcript(text=language, seconds=seconds, provider=self.name, model="m")

    def voice_for(self, wanted: str) -> str:
        return wanted or self.voice

    async def speak(self, text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        shutil.copyfile(AUDIO / await self._next(), to)
        return Spoken(path=to, characters=len(text), provider=self.name, model="m", voice=voice)


@define
class Notebook:
    """An observer that writes everything down."""

    seen: list[tuple[str, str]] = field(factory=list)

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        self.seen.append((provider, "answered"))

    def failed(self, provider: str, reason_kind: str) -> None:
        self.seen.append((provider, reason_kind))


@define
class Table:
    """Both kinds of work with two scripted vendors."""

    eleven: Scripted
    gpt: Scripted
    rng: random.Random
    notes: Notebook = field(factory=Notebook)
    unknown: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        both = [self.eleven, self.gpt]
        self.hearing = Hearing(both, "transcription", bounds=BOUNDS, rng=self.rng, observer=self.notes)
        self.speech = Speech(both, "speech", bounds=BOUNDS, rng=self.rng, observer=self.notes)

    hearing: Hearing = field(init=False)
    speech: Speech = field(init=False)

    async def hear(self) -> Transcript:
        return await self.hearing.transcribe(
            AUDIO / "civic.ogg", mime_type="audio/ogg", seconds=6.3, tenant="auto-sul", unknown=self.unknown
        )

    async def speak(self, to: Path, voice: str = "") -> Spoken:
        return await self.speech.speak("Oi!", voice=voice, to=to, tenant="auto-sul", unknown=self.unknown)


@pytest.fixture
def table(rng: random.Random) -> Table:
    return Table(Scripted("elevenlabs"), Scripted("openai"), rng)


async def never() -> None:
    await trio.sleep_forever()


async def test_the_first_is_asked_first(table: Table, autojump_clock: trio.testing.MockClock) -> None:
    heard = await table.hear()
    assert (heard.provider, heard.text, heard.seconds) == ("elevenlabs", "pt", 6.3)
    assert (table.gpt.asked, table.unknown) == (0, [])
    assert table.notes.seen == [("elevenlabs transcription", "answered")]


@pytest.mark.parametrize(
    ("plan", "asked", "unknown"),
    [
        ([ProviderUnavailable("500")] * 3, 3, ["elevenlabs"]),
        ([ProviderGarbage("html")] * 2, 2, ["elevenlabs"]),
        ([ProviderRefused("400")], 1, []),
        ([never], 1, ["elevenlabs"]),
    ],
)
async def test_then_the_second(
    table: Table, autojump_clock: trio.testing.MockClock, plan: list[Plan], asked: int, unknown: list[str]
) -> None:
    table.eleven.plan = list(plan)
    assert (await table.hear()).provider == "openai"
    assert (table.eleven.asked, table.gpt.asked, table.unknown) == (asked, 1, unknown)


async def test_both_fail(table: Table, autojump_clock: trio.testing.MockClock) -> None:
    table.eleven.plan = [ProviderRefused("elevenlabs answered 422")]
    table.gpt.plan = [never]
    with pytest.raises(ProviderUnavailable, match=r"422; openai did not answer within 10 s") as raised:
        await table.hear()
    assert not isinstance(raised.value, ProviderUntried)
    assert table.unknown == ["openai"]


async def test_a_cancelled_request_may_be_billed(table: Table, autojump_clock: trio.testing.MockClock) -> None:
    table.eleven.plan = [never]
    with trio.move_on_after(1):
        await table.hear()
    assert table.unknown == ["elevenlabs"]


async def test_nobody_is_configured(rng: random.Random) -> None:
    nobody = Hearing([], "transcription", bounds={}, rng=rng)
    assert (nobody.names(), nobody.available(), nobody.reports()) == ((), (), ())
    with pytest.raises(ProviderUntried, match="no vendor of transcription is configured"):
        await nobody.transcribe(Path("x"), mime_type="audio/ogg", seconds=1, tenant="auto-sul", unknown=[])


async def test_a_circuit_opens_for_one_kind_of_work(table: Table, autojump_clock: trio.testing.MockClock) -> None:
    for _ in range(5):
        table.eleven.plan = [ProviderGarbage("html")] * 2
        await table.hear()
    assert table.hearing.available() == ("openai",)
    assert table.speech.available() == ("elevenlabs", "openai")
    assert [report.state for report in table.hearing.reports()] == ["open", "closed"]


@pytest.mark.parametrize("bad", ["stereo.ogg", "vorbis.ogg", "civic.mp3", "README"])
async def test_what_is_no_voice_note_is_not_taken(
    table: Table, autojump_clock: trio.testing.MockClock, tmp_path: Path, bad: str
) -> None:
    table.eleven.plan = [bad, bad]
    spoken = await table.speak(tmp_path / "out.ogg")
    assert (spoken.provider, table.eleven.asked, table.unknown) == ("openai", 2, ["elevenlabs"])
    assert (tmp_path / "out.ogg").read_bytes() == (AUDIO / "civic.ogg").read_bytes()


async def test_half_a_file_is_not_taken(
    table: Table, autojump_clock: trio.testing.MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (AUDIO / "civic.ogg").read_bytes()

    async def half(text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        await trio.lowlevel.checkpoint()
        to.write_bytes(whole[: len(whole) // 2])
        return Spoken(path=to, characters=3, provider="elevenlabs", model="m", voice=voice)

    monkeypatch.setattr(Scripted, "speak", lambda self, text, **more: half(text, **more))
    with pytest.raises(ProviderUnavailable, match="half of a file"):
        await table.speak(tmp_path / "out.ogg")


async def test_the_voices_that_would_be_tried(table: Table) -> None:
    assert table.speech.voices() == (Voice("elevenlabs", "m", "bia"), Voice("openai", "m", "bia"))
    assert table.speech.voices("joao")[0].voice == "joao"
    table.eleven.voice = ""
    assert [voice.provider for voice in table.speech.voices()] == ["openai"]


async def test_who_has_no_voice_is_not_asked(
    table: Table, autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    table.eleven.voice = ""
    assert (await table.speak(tmp_path / "out.ogg")).provider == "openai"
    assert (table.eleven.asked, table.unknown) == (0, [])
    assert table.speech.available() == ("elevenlabs", "openai")


async def test_only_vendors_with_a_key_are_there(rng: random.Random) -> None:
    settings = {"elevenlabs": evolve(ElevenlabsConfig(), voice_id="bia"), "openai": OpenaiConfig()}
    for eleven, gpt, names in (("k", "k", ("elevenlabs", "openai")), ("", "k", ("openai",)), ("", " ", ())):
        made = build(**settings, elevenlabs_key=eleven, openai_key=gpt, rng=rng)  # type: ignore[arg-type]
        assert (made.hearing.names(), made.speech.names()) == (names, names)
        await made.aclose()
