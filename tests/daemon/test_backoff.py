"""Pauses double up to their limit, and a crowd does not come back together."""

import random

from hypothesis import given
from hypothesis import strategies as st

from daemon.backoff import FIRST_SECONDS, LONGEST_SECONDS, delay_seconds


class Lowest(random.Random):
    def random(self) -> float:
        return 0.0


class Highest(random.Random):
    def random(self) -> float:
        return 1.0


def test_the_ceiling_doubles_from_the_first_to_the_longest() -> None:
    ceilings = [delay_seconds(attempt, Highest()) for attempt in range(1, 12)]
    assert ceilings == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert [delay_seconds(attempt, Lowest()) for attempt in range(1, 4)] == [0.5, 1, 2], "half is fixed"


@given(st.integers(1, 10**9), st.integers(0, 2**32), st.floats(0.01, 10), st.floats(10, 1000))
def test_it_stays_within_its_bounds(attempt: int, seed: int, first: float, longest: float) -> None:
    pause = delay_seconds(attempt, random.Random(seed), first_seconds=first, longest_seconds=longest)
    assert first / 2 <= pause <= longest


def test_the_defaults_suit_a_restart() -> None:
    assert 0 < FIRST_SECONDS < LONGEST_SECONDS <= 600


def test_a_crowd_spreads(rng: random.Random) -> None:
    pauses = {round(delay_seconds(6, rng), 1) for _ in range(200)}
    assert len(pauses) > 50
