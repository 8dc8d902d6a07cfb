"""The bars of a voice note."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from daemon.audio import opus_packet_sizes
from daemon.desk.waveform import BARS, waveform

AUDIO = Path(__file__).parents[2] / "data" / "audio"


@given(st.lists(st.integers(0, 1500), max_size=400))
def test_there_are_always_64_bars_within_their_range(sizes: list[int]) -> None:
    bars = waveform(sizes)
    assert len(bars) == BARS
    assert all(0 <= bar <= 100 for bar in bars)


def test_louder_is_higher_and_one_size_is_flat() -> None:
    bars = waveform([10] * 64 + [200] * 64)
    assert bars == (0,) * 32 + (100,) * 32
    assert len(set(waveform([80] * 100))) == 1
    assert len(set(waveform([]))) == 1


def test_real_speech_goes_up_and_down() -> None:
    with (AUDIO / "civic.ogg").open("rb") as file:
        bars = waveform(opus_packet_sizes(file))
    assert (min(bars), max(bars)) == (0, 100)
    assert len(set(bars)) > 10
