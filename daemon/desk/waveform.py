"""The picture of a voice note: 64 bars, as WhatsApp draws them. Pure."""

from collections.abc import Sequence
from typing import Final

BARS: Final = 64
LOUDEST: Final = 100
FLAT: Final = 50


def waveform(packet_sizes: Sequence[int]) -> tuple[int, ...]:
    """64 loudnesses of 0 to 100, guessed from the sizes of the Opus packets: silence takes few bytes, speech many.

    Packets of one size (a constant bit rate) say nothing: the line is flat.
    """
    if not packet_sizes:
        return (FLAT,) * BARS
    count = len(packet_sizes)
    bars = []
    for bar in range(BARS):
        first = bar * count // BARS
        packets = packet_sizes[first : max(first + 1, (bar + 1) * count // BARS)]
        bars.append(sum(packets) / len(packets))
    quietest, loudest = min(bars), max(bars)
    if quietest == loudest:
        return (FLAT,) * BARS
    return tuple(round((size - quietest) / (loudest - quietest) * LOUDEST) for size in bars)
