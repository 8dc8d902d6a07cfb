"""ElevenLabs' SDK on Trio against a peer that speaks its format: files in, files out, and every fault."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import trio

from daemon.audio import inspect
from daemon.emulator.scripts import Step
from daemon.emulator.vendors import WRONG_KEY, VendorPeer, serve
from daemon.errors import ProviderError, ProviderGarbage, ProviderOverloaded, ProviderRefused, ProviderUnavailable
from daemon.providers.elevenlabs_voice import ElevenlabsVoice
from daemon.providers.failures import ProviderShut

AUDIO = Path(__file__).parents[2] / "data" / "audio"


@pytest.fixture
def peer() -> VendorPeer:
    return VendorPeer()


@pytest.fixture
async def voice(peer: VendorPeer, nursery: trio.Nursery) -> AsyncIterator[ElevenlabsVoice]:
    port = await nursery.start(partial(serve, peer))
    made = ElevenlabsVoice(
        key="k",
        transcription_model="scribe_v2",
        speech_model="eleven_flash_v2_5",
        voice="bia",
        base_url=f"http://127.0.0.1:{port}",
    )
    yield made
    await made.aclose()
    nursery.cancel_scope.cancel()


async def test_a_voice_note_is_heard(voice: ElevenlabsVoice, peer: VendorPeer) -> None:
    heard = await voice.transcribe(AUDIO / "civic.ogg", mime_type="audio/ogg")
    assert (heard.text, heard.provider, heard.model) == (peer.said, "elevenlabs", "scribe_v2")
    assert heard.seconds == pytest.approx(6.32, abs=0.01)
    ((work, form),) = peer.requests
    assert work == "elevenlabs transcription"
    assert (form["model_id"], form["language_code"], form["tag_audio_events"]) == ("scribe_v2", "pt", "false")
    assert form["bytes"] == (AUDIO / "civic.ogg").stat().st_size


async def test_a_text_is_spoken_into_a_file(voice: ElevenlabsVoice, peer: VendorPeer, tmp_path: Path) -> None:
    to = tmp_path / "out.ogg"
    spoken = await voice.speak("Temos sim, um Civic lindo!", voice="", to=to)
    assert (spoken.path, spoken.characters, spoken.voice) == (to, 26, "bia")
    with to.open("rb") as file:
        sound = inspect(file)
    assert (sound.opus, sound.channels, sound.whole) == (True, 1, True)
    assert peer.requests[-1][1]["voice"] == "bia"
    assert (await voice.speak("Oi!", voice="joao", to=to)).voice == "joao"


FAULTS = [
    ("rate_limited", ProviderOverloaded),
    ("server_error", ProviderUnavailable),
    ("no_quota", ProviderShut),
    ("unauthorized", ProviderShut),
    ("bad_request", ProviderRefused),
    ("cut", ProviderUnavailable),
]


@pytest.mark.parametrize(
    ("fault", "kind"), [*FAULTS, ("html", ProviderGarbage), ("garbage", ProviderGarbage), ("hollow", ProviderGarbage)]
)
async def test_what_goes_wrong_when_hearing(
    voice: ElevenlabsVoice, peer: VendorPeer, fault: str, kind: type[ProviderError]
) -> None:
    peer.script.replace([Step(fault=fault)])
    with pytest.raises(kind):
        await voice.transcribe(AUDIO / "civic.ogg", mime_type="audio/ogg")
    assert (await voice.transcribe(AUDIO / "civic.ogg", mime_type="audio/ogg")).text == peer.said


@pytest.mark.parametrize(("fault", "kind"), [*FAULTS, ("empty", ProviderGarbage)])
async def test_what_goes_wrong_when_speaking(
    voice: ElevenlabsVoice, peer: VendorPeer, tmp_path: Path, fault: str, kind: type[ProviderError]
) -> None:
    peer.script.replace([Step(fault=fault)])
    with pytest.raises(kind):
        await voice.speak("Oi!", voice="", to=tmp_path / "out.ogg")
    await voice.speak("Oi!", voice="", to=tmp_path / "out.ogg")


async def test_a_stall_ends_with_the_caller(voice: ElevenlabsVoice, peer: VendorPeer, tmp_path: Path) -> None:
    for request in (
        partial(voice.transcribe, AUDIO / "civic.ogg", mime_type="audio/ogg"),
        partial(voice.speak, "Oi!", voice="", to=tmp_path / "out.ogg"),
    ):
        peer.script.replace([Step(fault="stall")])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(request)
            await peer.wait_stalled()
            nursery.cancel_scope.cancel()
        await peer.wait_gone()


async def test_a_wrong_key_and_nobody_there(peer: VendorPeer, nursery: trio.Nursery, tmp_path: Path) -> None:
    port = await nursery.start(partial(serve, peer))
    for key, url, kind in (
        (WRONG_KEY, f"http://127.0.0.1:{port}", ProviderShut),
        ("k", "http://127.0.0.1:1", ProviderUnavailable),
    ):
        voice = ElevenlabsVoice(key=key, transcription_model="m", speech_model="m", voice="bia", base_url=url)
        with pytest.raises(kind):
            await voice.transcribe(AUDIO / "civic.mp3", mime_type="audio/mpeg")
        with pytest.raises(kind):
            await voice.speak("Oi!", voice="", to=tmp_path / "out.ogg")
        await voice.aclose()
    nursery.cancel_scope.cancel()


async def test_a_disk_that_takes_no_file(voice: ElevenlabsVoice, tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="could not be stored"):
        await voice.speak("Oi!", voice="", to=tmp_path / "no such folder" / "out.ogg")
