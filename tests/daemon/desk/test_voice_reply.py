"""Answers by voice: which are, how they are made, and what becomes of them when that fails."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define, field, frozen
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.channels.base import Outgoing
from daemon.channels.media import media_path
from daemon.desk import voice_reply
from daemon.desk.brief import OptOut, Photo
from daemon.desk.outbox import StatusWatch, claim_next
from daemon.desk.voice_reply import MAX_BYTES, PATIENCE_SECONDS, VoiceReplies
from daemon.errors import ProviderRefused, ProviderUnavailable
from daemon.providers.base import Spoken
from shards.tenant import messages, profile, speech
from shards.tenant.profile import VoiceProfile
from shards.tenant.speech import Wish
from tests.support.desk_rows import Desk
from tests.support.desk_tasks import InlineShard, passes
from tests.support.shards import tenant_profile

AUDIO = Path(__file__).parents[2] / "data" / "audio"
LIST = "Temos estas:\n• Gol R$ 30.000\n• Onix R$ 50.000\n• HB20 R$ 60.000\nQual delas?"


@frozen
class ScriptedVoice:
    provider: str
    model: str = "flash"
    voice: str = "ana"


@define
class ScriptedSpeech:
    """Speaks files, fails with errors, or waits for events, one entry of `plan` a request; else `civic.ogg`."""

    plan: list[Any] = field(factory=list)
    chosen: tuple[ScriptedVoice, ...] = (ScriptedVoice("elevenlabs"), ScriptedVoice("openai"))
    open: set[str] = field(factory=set)
    asked: list[str] = field(factory=list)
    lost: list[str] = field(factory=list)

    def voices(self, wanted: str = "") -> tuple[ScriptedVoice, ...]:
        return tuple(ScriptedVoice(one.provider, one.model, wanted or one.voice) for one in self.chosen)

    def available(self) -> tuple[str, ...]:
        return tuple(one.provider for one in self.chosen if one.provider not in self.open)

    async def speak(
        self, text: str, *, voice: str = "", to: Path, tenant: str, unknown: list[str], priority: int = 0
    ) -> Spoken:
        self.asked.append(text)
        speaker = next(one for one in self.voices(voice) if one.provider in self.available())
        unknown += self.lost
        step = self.plan.pop(0) if self.plan else AUDIO / "civic.ogg"
        if isinstance(step, trio.Event):
            unknown.append(speaker.provider)
            to.write_bytes(b"OggS half of it")
            await step.wait()
            unknown.remove(speaker.provider)
            step = AUDIO / "civic.ogg"
        await trio.lowlevel.checkpoint()
        if isinstance(step, Exception):
            raise step
        to.write_bytes(step if isinstance(step, bytes) else step.read_bytes())
        return Spoken(
            path=to, characters=len(text), provider=speaker.provider, model=speaker.model, voice=speaker.voice
        )


@define
class Booth:
    """A desk whose newest answer is to be spoken, and who speaks it."""

    desk: Desk
    media_dir: Path
    speech: ScriptedSpeech = field(factory=ScriptedSpeech)
    room: bool = True
    allowed: bool = True
    receipts: list[None] = field(factory=list)
    replies: VoiceReplies = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.replies = VoiceReplies(
            shard=InlineShard(self.desk),  # type: ignore[arg-type]
            speech=self.speech,
            media_dir=self.media_dir,
            receipts=lambda: self.receipts.append(None),
            room=lambda: self.room,
            allowed=lambda: self.allowed,
        )

    def answer(self, text: str = "Oi! Tudo bem?", kind: str = "voice", **more: Any) -> Wish | None:
        """The customer speaks, the assistant answers; what the outbox finds then."""
        self.desk.says("oi", kind=kind)
        self.desk(_heard)
        assert self.desk.speak(self.desk.claim_when_due(), text, **more).spoken
        return self.wish()

    def wish(self) -> Wish | None:
        """What the outbox has to have decided before it sends."""
        seq = self.desk.value("SELECT min(seq) FROM messages WHERE state = 'queued'")
        return self.desk(speech.wished, seq)

    def out(self) -> list[tuple[str, str, str]]:
        """(kind, text, state) of what is in the outbox."""
        return self.desk.rows("SELECT kind, text, state FROM messages WHERE direction = 'out' ORDER BY seq")

    def used(self) -> list[tuple[str, str, int]]:
        """(kind, provider, characters) of the receipts."""
        return self.desk.rows(
            "SELECT kind, provider, characters FROM usage WHERE kind IN ('speech', 'unknown') ORDER BY seq"
        )

    def files(self) -> list[Path]:
        return [path for path in self.media_dir.rglob("*") if path.is_file()]

    async def decide(self) -> None:
        wish = self.wish()
        assert wish is not None
        await self.replies.decide(wish)


def _heard(tx: Any) -> None:
    tx.run("UPDATE transcripts SET state = 'heard', text = 'oi'")


@pytest.fixture
def booth(desk: Desk, tmp_path: Path) -> Booth:
    desk(profile.save, tenant_profile(voice=VoiceProfile(enabled=True)))
    return Booth(desk, tmp_path / "media")


# Who is answered by voice


def test_who_spoke_last_is_answered_by_voice(booth: Booth) -> None:
    wish = booth.answer("O *Onix* está por R$ 59.900.")
    assert wish is not None
    assert wish.said == "O Onix está por cinquenta e nove mil e novecentos reais."
    assert booth.out() == [("text", "O *Onix* está por R$ 59.900.", "queued")]


@pytest.mark.parametrize("kind", ["text", "image", "audio"])
def test_who_did_not_speak_is_answered_in_writing(booth: Booth, kind: str) -> None:
    assert booth.answer(kind=kind) is None


def test_without_the_dealers_wish_nothing_is_spoken(booth: Booth) -> None:
    booth.desk(profile.save, tenant_profile(voice=VoiceProfile(enabled=False)))
    assert booth.answer() is None


def test_what_is_better_read_is_not_spoken(booth: Booth) -> None:
    assert booth.answer("muito " * 300) is None
    assert booth.out()[0][0] == "text"


def test_an_opt_out_is_confirmed_in_writing(booth: Booth) -> None:
    assert booth.answer("Tudo bem, mande *voltar*.", effects=(OptOut(),)) is None


def test_what_must_be_read_comes_behind_the_voice_and_before_the_photos(booth: Booth) -> None:
    booth.answer(LIST, photos=(Photo("v1", "https://x/1.jpg"),))
    assert [(kind, text[:12]) for kind, text, _ in booth.out()] == [
        ("text", "Temos estas:"),
        ("text", "Temos estas:"),
        ("image", ""),
    ]


# How it is made


async def test_an_answer_becomes_a_voice_note_with_one_receipt(booth: Booth) -> None:
    booth.answer()
    await booth.decide()
    assert booth.out() == [("voice", "Oi! Tudo bem?", "queued")]
    content = booth.desk.value("SELECT content FROM messages WHERE kind = 'voice' AND direction = 'out'")
    assert '"seconds"' in content
    assert booth.used() == [("speech", "elevenlabs", len("Oi! Tudo bem?"))]
    seconds = booth.desk.value(
        "SELECT content ->> '$.seconds' FROM messages WHERE kind = 'voice' AND direction = 'out'"
    )
    assert booth.desk.value("SELECT audio_ms FROM usage WHERE kind = 'speech'") == seconds * 1000
    [file] = booth.files()
    assert file.read_bytes() == (AUDIO / "civic.ogg").read_bytes()
    assert booth.wish() is None
    assert booth.receipts


async def test_the_channel_is_given_the_file_its_length_and_its_waveform(booth: Booth) -> None:
    booth.answer()
    await booth.decide()
    watch = StatusWatch(started_at=0)
    claimed = booth.desk(claim_next, 1, watch=watch, resend_after_ms=1, held=False)
    content = booth.replies.outgoing(claimed.outgoing).content  # type: ignore[union-attr]
    assert Path(content["path"]).read_bytes() == (AUDIO / "civic.ogg").read_bytes()
    assert content["mime_type"] == "audio/ogg; codecs=opus"
    assert content["seconds"] > 1
    assert len(bytes(content["waveform"])) == 64
    text = Outgoing(id="m", phone="", user_id="", kind="text", text="oi")
    assert booth.replies.outgoing(text) is text


async def test_the_same_words_by_the_same_voice_are_spoken_once(booth: Booth) -> None:
    for _ in range(2):
        booth.answer()
        await booth.decide()
        booth.desk(lambda tx: tx.run("UPDATE messages SET state = 'sent' WHERE direction = 'out'"))
    assert len(booth.speech.asked) == 1
    assert len(booth.used()) == 1
    booth.desk(profile.save, tenant_profile(voice=VoiceProfile(enabled=True, voice_id="bia")))
    booth.answer()
    await booth.decide()
    assert len(booth.speech.asked) == 2, "another voice is another file"


async def test_what_a_stand_in_spoke_is_not_taken_for_the_tenants_voice(booth: Booth) -> None:
    booth.speech.open = {"elevenlabs"}
    booth.answer()
    await booth.decide()
    booth.speech.open = set()
    booth.desk(lambda tx: tx.run("UPDATE messages SET state = 'sent' WHERE direction = 'out'"))
    booth.answer()
    await booth.decide()
    assert [provider for _, provider, _ in booth.used()] == ["openai", "elevenlabs"]


async def test_a_file_that_is_gone_is_spoken_anew(booth: Booth) -> None:
    booth.answer()
    await booth.decide()
    [file] = booth.files()
    file.unlink()
    booth.desk(lambda tx: tx.run("UPDATE messages SET state = 'sent' WHERE direction = 'out'"))
    booth.answer()
    await booth.decide()
    assert len(booth.speech.asked) == 2
    assert len(booth.files()) == 1


# What becomes of it when that fails


@pytest.mark.parametrize(
    "step",
    [
        ProviderUnavailable("nobody answers"),
        ProviderRefused("bad key"),
        b"",
        b"<html>Wi-Fi</html>",
        AUDIO / "civic.mp3",
        AUDIO / "stereo.ogg",
        AUDIO / "vorbis.ogg",
    ],
)
async def test_the_whole_text_goes_out_where_speech_fails(booth: Booth, step: Any) -> None:
    booth.speech.plan = [step]
    booth.answer(LIST)
    await booth.decide()
    assert [(text, state) for _, text, state in booth.out()][:1] == [(LIST, "queued")]
    assert [state for _, _, state in booth.out()] == ["queued", "cancelled"], "once, not twice"
    assert booth.files() == []
    assert booth.wish() is None


async def test_without_a_folder_for_files_the_answer_is_written(booth: Booth) -> None:
    booth.media_dir.write_bytes(b"a file where the folder should be")
    booth.answer()
    await booth.decide()
    assert booth.out() == [("text", "Oi! Tudo bem?", "queued")]
    assert "could not be stored" in booth.desk.value("SELECT reason FROM speech")


async def test_a_vendor_is_paid_for_what_cannot_be_used(booth: Booth) -> None:
    booth.speech.plan = [b"\0" * (MAX_BYTES + 1)]
    booth.answer()
    await booth.decide()
    assert booth.out() == [("text", "Oi! Tudo bem?", "queued")]
    assert booth.used() == [("speech", "elevenlabs", len("Oi! Tudo bem?"))]
    reason = booth.desk.value("SELECT reason FROM speech")
    assert "KB" in reason


async def test_vendors_that_gave_nothing_are_noted(booth: Booth) -> None:
    booth.speech.lost = ["elevenlabs"]
    booth.answer()
    await booth.decide()
    assert [(kind, provider) for kind, provider, _ in booth.used()] == [
        ("unknown", "elevenlabs"),
        ("speech", "elevenlabs"),
    ]


async def test_who_waits_too_long_reads(booth: Booth, mock_clock: MockClock) -> None:
    booth.speech.plan = [trio.Event()]
    booth.answer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(booth.decide)
        await wait_all_tasks_blocked(0.01)
        assert booth.out()[0][2] == "queued"
        await passes(booth.desk, mock_clock, PATIENCE_SECONDS + 1)
    assert booth.out() == [("text", "Oi! Tudo bem?", "queued")]
    assert booth.used() == [("unknown", "elevenlabs", 0)]
    assert booth.files() == []


def _no_voice(booth: Booth) -> None:
    booth.speech.chosen = ()


def _no_room(booth: Booth) -> None:
    booth.room = False


def _not_allowed(booth: Booth) -> None:
    booth.allowed = False


@pytest.mark.parametrize("hinder", [_no_voice, _no_room, _not_allowed])
async def test_no_vendor_is_asked_where_none_may_be(booth: Booth, hinder: Callable[[Booth], None]) -> None:
    hinder(booth)
    booth.answer()
    await booth.decide()
    assert booth.out() == [("text", "Oi! Tudo bem?", "queued")]
    assert booth.speech.asked == []
    assert booth.used() == []


async def test_cut_off_by_a_stop_the_wish_stands_and_its_cost_is_unknown(booth: Booth) -> None:
    booth.speech.plan = [trio.Event()]
    booth.answer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(booth.decide)
        await wait_all_tasks_blocked(0.01)
        nursery.cancel_scope.cancel()
    assert booth.wish() is not None
    assert booth.files() == []
    await booth.decide()
    assert booth.out() == [("voice", "Oi! Tudo bem?", "queued")]
    assert [(kind, provider) for kind, provider, _ in booth.used()] == [
        ("unknown", "elevenlabs"),
        ("speech", "elevenlabs"),
    ]


async def test_cut_off_twice_it_is_written(booth: Booth) -> None:
    booth.answer()
    booth.desk(lambda tx: tx.run("UPDATE speech SET attempts = 2, asked = 'openai'"))
    await booth.decide()
    assert booth.out() == [("text", "Oi! Tudo bem?", "queued")]
    assert booth.used() == [("unknown", "openai", 0)]


async def test_an_answer_withdrawn_while_it_is_spoken_stays_withdrawn(booth: Booth) -> None:
    event = trio.Event()
    booth.speech.plan = [event]
    booth.answer(LIST)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(booth.decide)
        await wait_all_tasks_blocked(0.01)
        booth.desk(messages.cancel_unsent, 1, "a person took over")
        event.set()
    assert {state for _, _, state in booth.out()} == {"cancelled"}
    assert [kind for kind, _, _ in booth.used()] == ["speech"], "it was paid for"


async def test_a_customer_erased_while_we_speak_harms_nobody(booth: Booth) -> None:
    event = trio.Event()
    booth.speech.plan = [event]
    booth.answer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(booth.decide)
        await wait_all_tasks_blocked(0.01)
        booth.desk(_erase)
        event.set()
    assert booth.out() == []
    assert [kind for kind, _, _ in booth.used()] == ["speech"]


def _erase(tx: Any) -> None:
    tx.run("DELETE FROM contacts WHERE seq = 1")


async def test_halves_of_a_killed_process_are_swept(booth: Booth) -> None:
    folder = booth.media_dir / "auto-sul"
    folder.mkdir(parents=True)
    (folder / f"{voice_reply.SPEAKING}1").write_bytes(b"half")
    (folder / "other").write_bytes(b"stays")
    await booth.replies.sweep()
    assert [file.name for file in booth.files()] == ["other"]


@pytest.fixture(autouse=True)
def _no_leftovers(booth: Booth) -> Iterator[None]:
    yield
    assert not list(booth.media_dir.rglob(f"{voice_reply.SPEAKING}*"))


def test_the_file_is_found_by_its_hash(booth: Booth) -> None:
    message = Outgoing(id="m", phone="", user_id="", kind="voice", text="", content={"media": {"hash": "ab" * 32}})
    assert booth.replies.outgoing(message).content["path"] == str(media_path(booth.media_dir, "auto-sul", "ab" * 32))
