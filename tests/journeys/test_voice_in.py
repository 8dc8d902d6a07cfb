"""Voice notes in: the real process hears them, waits for their words, and never stays silent."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import trio

from daemon.emulator import deliveries
from daemon.emulator.scripts import Step
from daemon.emulator.voice_wire import ogg_opus
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

AUDIO = Path(__file__).parents[1] / "data" / "audio"
ELEVEN, GPT = "elevenlabs transcription", "openai transcription"
HEARING = ("elevenlabs", "openai")


@pytest.fixture
async def daemon(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(tmp_path, vendors=getattr(request, "param", HEARING)) as made:
        made.vendor.said = "Oi, tem corolla?"
        await made.start()
        await add_shop(made)
        yield made


async def add_shop(daemon: Rig, **assistant: Any) -> None:
    """A dealership with stock, on the number that `speaks` writes to."""
    await daemon.add_tenant("auto-sul", **assistant)
    await daemon.add_stock("auto-sul", STOCK)


async def speaks(daemon: Rig, sound: bytes | None = None, **who: Any) -> None:
    """A customer's voice note."""
    sound = (AUDIO / "civic.ogg").read_bytes() if sound is None else sound
    media_id = daemon.graph.add_file(sound, "audio/ogg; codecs=opus", "200000000000001")
    note = deliveries.audio(media_id, phone_number_id="200000000000001", at=now_s(), **who)
    assert (await daemon.webhook(note)).status_code == 200


async def writes(daemon: Rig, said: str) -> None:
    """A customer's text."""
    note = deliveries.text(said, phone_number_id="200000000000001", at=now_s())
    assert (await daemon.webhook(note)).status_code == 200


async def answers(daemon: Rig, count: int = 1) -> list[str]:
    """The texts that went out, at least so many."""
    await daemon.graph.until_calls(count)
    return [sent.body["text"]["body"] for sent in daemon.graph.sent]


async def messages(daemon: Rig) -> list[dict[str, Any]]:
    """The one conversation's, in order."""
    [conversation] = (await daemon.call("GET", "/v1/tenants/auto-sul/conversations"))["items"]
    found = (await daemon.call("GET", f"/v1/tenants/auto-sul/conversations/{conversation['id']}/messages"))["items"]
    return sorted(found, key=lambda message: message["id"])


async def receipts(daemon: Rig) -> list[tuple[str, str, int, int]]:
    """(kind, provider, receipts, ms of audio) of what voice notes cost."""
    usage = (await daemon.call("GET", "/v1/tenants/auto-sul/usage"))["items"]
    return [
        (line["kind"], line["provider"], line["receipts"], line["audio_ms"])
        for line in usage
        if line["kind"] in ("transcription", "unknown")
    ]


async def test_a_voice_note_is_answered_from_the_stock(daemon: Rig) -> None:
    await speaks(daemon)
    [said] = await answers(daemon)
    assert "Corolla" in said
    assert "118.900" in said
    question, _ = await messages(daemon)
    assert (question["kind"], question["text"]) == ("voice", "")
    transcript = question["transcript"]
    assert (transcript["state"], transcript["text"]) == ("heard", "Oi, tem corolla?")
    assert (transcript["provider"], transcript["model"]) == ("elevenlabs", "scribe_v2")
    assert transcript["seconds"] == pytest.approx(6.3, abs=0.1)
    assert await receipts(daemon) == [("transcription", "elevenlabs", 1, 6321)]


@pytest.mark.parametrize("name", ["civic.m4a", "civic.mp3", "civic.aac"])
async def test_a_sound_file_is_heard_too(daemon: Rig, name: str) -> None:
    await speaks(daemon, (AUDIO / name).read_bytes())
    assert "Corolla" in (await answers(daemon))[0]
    assert daemon.vendor.requests[0][1]["bytes"] == (AUDIO / name).stat().st_size


@pytest.mark.skipif(not (which("espeak-ng") and which("ffmpeg")), reason="espeak-ng and ffmpeg are not installed")
async def test_a_voice_note_made_on_the_spot(daemon: Rig, tmp_path: Path) -> None:
    spoken, note = tmp_path / "spoken.wav", tmp_path / "note.ogg"
    said = "Boa tarde, vocês têm Corolla?"
    await trio.run_process(["espeak-ng", "-v", "pt-br", "-w", str(spoken), said])
    form = ["-ac", "1", "-c:a", "libopus", "-b:a", "16k", "-metadata", f"TRANSCRIPT={said}"]
    await trio.run_process(["ffmpeg", "-v", "error", "-i", str(spoken), *form, str(note)])
    await speaks(daemon, note.read_bytes())
    assert "Corolla" in (await answers(daemon))[0]
    assert (await messages(daemon))[0]["transcript"]["text"] == said


@pytest.mark.parametrize("daemon", [("anthropic", *HEARING)], indirect=True)
async def test_a_model_is_told_that_it_was_spoken(daemon: Rig) -> None:
    await daemon.call("PATCH", "/v1/tenants/auto-sul", {"assistant": {"providers": ["anthropic", "catalogue"]}})
    await speaks(daemon)
    assert "Corolla" in (await answers(daemon))[0]
    asked = next(body for vendor, body in daemon.vendor.requests if vendor == "anthropic")
    assert "spoken in a voice note" in asked["messages"][0]["content"][0]["text"]
    assert "<customer>Oi, tem corolla?</customer>" in asked["messages"][0]["content"][0]["text"]


async def test_a_text_behind_a_voice_note_does_not_overtake_it(daemon: Rig) -> None:
    daemon.vendor.script.replace([Step(fault="stall", vendor=ELEVEN), Step(fault="stall", vendor=GPT)])
    await speaks(daemon)
    await daemon.vendor.wait_stalled()
    await writes(daemon, "o mais barato, por favor")
    assert daemon.graph.sent == []
    daemon.vendor.release()
    [said] = await answers(daemon)
    assert "Corolla" in said
    assert (await messages(daemon))[-1]["author"] == "assistant"


@pytest.mark.parametrize("fault", ["server_error", "cut", "html", "hollow", "garbage", "unauthorized", "stall"])
async def test_the_second_vendor_hears_it(daemon: Rig, fault: str) -> None:
    daemon.vendor.script.replace([Step(fault=fault, vendor=ELEVEN, times=0)])
    await speaks(daemon)
    assert "Corolla" in (await answers(daemon))[0]
    assert (await messages(daemon))[0]["transcript"]["provider"] == "openai"
    found = await receipts(daemon)
    assert ("transcription", "openai", 1, 6000) in found
    assert (("unknown", "elevenlabs", 1, 0) in found) == (fault != "unauthorized"), "a refusal costs nothing"


async def test_both_vendors_fail(daemon: Rig) -> None:
    daemon.vendor.script.replace([Step(fault="bad_request", vendor=vendor, times=0) for vendor in (ELEVEN, GPT)])
    await speaks(daemon)
    [said] = await answers(daemon)
    assert "Recebi seu áudio" in said
    assert "escrever" in said
    assert (await messages(daemon))[0]["transcript"]["reason"] == "unheard"


@pytest.mark.parametrize(
    ("sound", "reason", "words"),
    [
        (b"OggS, but no more", "broken", "não abriu"),
        (ogg_opus(601), "long", "passou de 10 minutos"),
    ],
)
async def test_what_cannot_be_heard_is_asked_for_in_writing(daemon: Rig, sound: bytes, reason: str, words: str) -> None:
    await speaks(daemon, sound)
    [said] = await answers(daemon)
    assert words in said
    assert (await messages(daemon))[0]["transcript"]["reason"] == reason
    assert daemon.vendor.asked[ELEVEN] == 0


async def test_a_note_without_words(daemon: Rig) -> None:
    daemon.vendor.said = ""
    await speaks(daemon)
    assert "não deu para ouvir" in (await answers(daemon))[0]
    assert await receipts(daemon) == [("transcription", "elevenlabs", 1, 6321)], "silence is paid for too"


async def test_nobody_can_hear(tmp_path: Path) -> None:
    async with rig(tmp_path) as daemon:
        await daemon.start()
        await add_shop(daemon)
        await speaks(daemon)
        assert "Recebi seu áudio" in (await answers(daemon))[0]
        assert (await messages(daemon))[0]["transcript"]["reason"] == "deaf"


async def test_a_kill_while_a_vendor_hears(daemon: Rig) -> None:
    daemon.vendor.script.replace([Step(fault="stall", vendor=ELEVEN)])
    await speaks(daemon)
    await writes(daemon, "e tem automático?")
    await daemon.vendor.wait_stalled()
    await daemon.kill()
    await daemon.start()
    assert "Corolla" in (await answers(daemon))[0]
    assert (await messages(daemon))[0]["transcript"]["text"] == "Oi, tem corolla?"
    assert await receipts(daemon) == [("transcription", "elevenlabs", 1, 6321), ("unknown", "elevenlabs", 1, 0)]


async def test_a_kill_when_it_was_heard(daemon: Rig) -> None:
    await speaks(daemon)
    await daemon.until_logged("voice_note_heard")
    await daemon.kill()
    await daemon.start()
    assert "Corolla" in (await answers(daemon))[0]
    assert daemon.vendor.asked[ELEVEN] == 1
    assert await receipts(daemon) == [("transcription", "elevenlabs", 1, 6321)]
