"""The demo's ears and mouth say what they are, and fail as a vendor does."""

import io
import random
from pathlib import Path

import pytest

from daemon.audio import inspect
from daemon.emulator import stand_in_voice
from daemon.emulator.stand_in_voice import QUESTIONS, StandInEars, StandInMouth, can_speak, stand_ins
from daemon.errors import ProviderUnavailable
from daemon.providers.settings import ElevenlabsConfig, OpenaiConfig
from daemon.providers.voices import Voices, build


def built(*, elevenlabs_key: str = "") -> Voices:
    return build(
        elevenlabs=ElevenlabsConfig(voice_id="bia"),
        openai=OpenaiConfig(),
        elevenlabs_key=elevenlabs_key,
        openai_key="",
        rng=random.Random(1),
        stand_ins=stand_ins(),
    )


async def test_the_ears_claim_one_question_after_the_other(tmp_path: Path) -> None:
    ears = StandInEars()
    heard = [await ears.transcribe(tmp_path / "a", mime_type="audio/ogg", seconds=3) for _ in range(5)]
    assert [each.text for each in heard] == [*QUESTIONS, QUESTIONS[0]]
    assert {(each.provider, each.seconds) for each in heard} == {("stand-in", 3)}


@pytest.mark.skipif(not can_speak(), reason="espeak-ng or ffmpeg is not installed")
async def test_the_mouth_speaks_voice_notes(tmp_path: Path) -> None:
    to = tmp_path / "said"
    voices = built()
    spoken = await voices.speech.speak("Temos um Onix por sessenta mil reais.", to=to, tenant="auto-sul", unknown=[])
    assert (spoken.provider, spoken.model, spoken.voice) == ("stand-in", "espeak-ng", "pt-br")
    sound = inspect(io.BytesIO(to.read_bytes()))
    assert (sound.opus, sound.channels, sound.whole) == (True, 1, True)
    assert 1 < sound.seconds < 10


async def test_a_missing_program_and_one_that_fails_are_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in_voice, "ESPEAK", ("showroomd-no-such-program",))
    with pytest.raises(ProviderUnavailable, match="cannot be started"):
        await StandInMouth().speak("oi", voice="", to=tmp_path / "said")
    assert not can_speak()
    assert stand_ins().mouth is None
    monkeypatch.setattr(stand_in_voice, "ESPEAK", ("false",))
    with pytest.raises(ProviderUnavailable, match="false failed"):
        await StandInMouth().speak("oi", voice="", to=tmp_path / "said")


async def test_they_step_back_for_a_vendor_with_a_key() -> None:
    assert built().hearing.names() == ("stand-in",)
    voices = built(elevenlabs_key="k")
    assert (voices.hearing.names(), voices.speech.names()) == (("elevenlabs",), ("elevenlabs",))
    await voices.aclose()
