"""The demo's ears and mouth where no vendor's key is set. They say of themselves what they are: "stand-in".

The mouth is espeak-ng, encoded by ffmpeg: a robot, but it says what the assistant wrote. The ears understand nothing:
they claim to have heard one example question after the other. Only `daemon/emulator/demo.py` uses them.
"""

import shutil
import subprocess
from itertools import cycle
from pathlib import Path
from typing import Final

import trio
from attrs import define, field

from daemon.errors import ProviderUnavailable
from daemon.providers.base import Spoken, Transcript
from daemon.providers.voices import StandIns

NAME: Final = "stand-in"
QUESTIONS: Final = (
    "Oi, tudo bem? Vocês têm SUV automático até cem mil reais?",
    "E qual é o mais barato?",
    "Dá pra financiar em quarenta e oito vezes?",
    "Posso visitar a loja amanhã às dez horas?",
)
"""What the ears claim to have heard, in turn."""
WORDS_A_MINUTE: Final = 160
ESPEAK: Final = ("espeak-ng", "-v", "pt-br", "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout")
FFMPEG: Final = ("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", "pipe:0")
OPUS: Final = ("-ac", "1", "-c:a", "libopus", "-b:a", "24k", "-application", "voip", "-f", "ogg")
"""As a voice note of WhatsApp."""


@define
class StandInEars:
    """A `Transcriber` that does not listen."""

    name: str = NAME
    _questions: "cycle[str]" = field(factory=lambda: cycle(QUESTIONS))

    async def transcribe(
        self, file: Path, *, mime_type: str, seconds: float = 0.0, language: str = "pt", timeout_seconds: float = 30.0
    ) -> Transcript:
        """The next example question, whatever was said."""
        await trio.lowlevel.checkpoint()
        return Transcript(text=next(self._questions), seconds=seconds, provider=self.name, model="")


@define
class StandInMouth:
    """A `Speaker`: espeak-ng. One process each for speaking and encoding, ended when cancelled."""

    name: str = NAME
    speech_model: str = "espeak-ng"

    def voice_for(self, wanted: str) -> str:
        """The one voice; a vendor's is nobody here."""
        return "pt-br"

    async def speak(self, text: str, *, voice: str, to: Path, timeout_seconds: float = 30.0) -> Spoken:
        """As `Speaker.speak`."""
        with trio.move_on_after(timeout_seconds):
            sound = await self._run(ESPEAK, text.encode())
            await self._run((*FFMPEG, *OPUS, str(to)), sound)
            return Spoken(path=to, characters=len(text), provider=self.name, model=self.speech_model, voice=voice)
        raise ProviderUnavailable(f"espeak-ng did not speak within {timeout_seconds:g} s")

    async def _run(self, command: tuple[str, ...], given: bytes) -> bytes:
        try:
            done = await trio.run_process(command, stdin=given, capture_stdout=True, capture_stderr=True)
        except subprocess.CalledProcessError as error:
            raise ProviderUnavailable(f"{command[0]} failed: {error.stderr.decode(errors='replace')[:200]}") from None
        except OSError as error:
            raise ProviderUnavailable(f"{command[0]} cannot be started ({error.strerror})") from None
        out: bytes = done.stdout
        return out


def can_speak() -> bool:
    """Whether this machine has what the mouth is made of."""
    return all(shutil.which(command) for command in (ESPEAK[0], FFMPEG[0]))


def stand_ins() -> StandIns:
    """What speaks and hears where no vendor can."""
    return StandIns(ears=StandInEars(), mouth=StandInMouth() if can_speak() else None)
