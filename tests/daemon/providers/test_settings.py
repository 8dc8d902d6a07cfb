"""What may stand in `[providers.…]`, and that a model can always be named."""

import pytest

from daemon.config import parse
from daemon.errors import ConfigError


def test_the_defaults_are_whole() -> None:
    providers = parse("").providers
    assert (providers.elevenlabs.transcription_model, providers.elevenlabs.speech_model) == (
        "scribe_v2",
        "eleven_flash_v2_5",
    )
    assert (providers.openai.transcription_model, providers.openai.voice) == ("gpt-transcribe", "coral")
    assert providers.elevenlabs.voice_id == ""


@pytest.mark.parametrize(
    ("table", "line", "path"),
    [
        ("openai", 'transcription_model = ""', "providers.openai.transcription_model"),
        ("openai", 'voice = ""', "providers.openai.voice"),
        ("elevenlabs", "timeout_seconds = 0", "providers.elevenlabs.timeout_seconds"),
        ("elevenlabs", 'base_url = "ftp://x"', "providers.elevenlabs.base_url"),
        ("anthropic", "max_concurrent = 0", "providers.anthropic.max_concurrent"),
    ],
)
def test_a_fault_names_its_path(table: str, line: str, path: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(f"[providers.{table}]\n{line}")
    assert [fault.partition(":")[0] for fault in raised.value.faults] == [path]
