"""How long to wait before the next attempt."""

import random
from typing import Final

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 300.0


def delay_seconds(
    attempt: int,
    rng: random.Random,
    *,
    first_seconds: float = FIRST_SECONDS,
    longest_seconds: float = LONGEST_SECONDS,
) -> float:
    """Exponential with full jitter in its upper half: attempt 1 waits `first_seconds` at most, each next doubles.

    Half is fixed and half random, so that a crowd that failed together does not return together, and
    nobody returns at once.
    """
    ceiling = min(longest_seconds, first_seconds * 2.0 ** min(attempt - 1, 30))
    return ceiling / 2 + rng.random() * ceiling / 2
