"""The circuit's table, row by row, and that it never locks itself up."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.providers.breaker import CLOSED, Breaker, Rules, abandoned, admit, failed, succeeded

RULES = Rules(failures=3, window=10, window_failures=5, first_open_seconds=10.0, longest_open_seconds=60.0)


@pytest.fixture
def breaker(rng: random.Random) -> Breaker:
    return Breaker(rng, RULES)


def opened(breaker: Breaker, now: float = 0.0) -> Breaker:
    for _ in range(RULES.failures):
        breaker.failed(breaker.admit(now), "openai answered 500", now)
    assert breaker.circuit.state == "open"
    return breaker


def test_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.failed(breaker.admit(0), "no", 0)
    breaker.succeeded(breaker.admit(0))
    for _ in range(2):
        breaker.failed(breaker.admit(0), "no", 0)
    assert breaker.circuit.state == "closed"
    breaker.failed(breaker.admit(0), "the last straw", 0)
    assert breaker.circuit.state == "open"
    assert breaker.circuit.reason == "the last straw"


def test_opens_at_a_rate_too(breaker: Breaker) -> None:
    for bad in [True, True, False] * 4:
        if breaker.circuit.state == "closed":
            admission = breaker.admit(0)
            if bad:
                breaker.failed(admission, "no", 0)
            else:
                breaker.succeeded(admission)
    assert breaker.circuit.state == "open"


def test_old_failures_are_forgotten(breaker: Breaker) -> None:
    for bad in ([True] + [False] * 3) * 30:
        admission = breaker.admit(0)
        if bad:
            breaker.failed(admission, "no", 0)
        else:
            breaker.succeeded(admission)
    assert breaker.circuit.state == "closed"


def test_open_refuses_then_lets_one_probe_through(breaker: Breaker) -> None:
    opened(breaker)
    until = breaker.circuit.until
    assert 5.0 <= until <= 10.0
    assert breaker.admit(until - 0.1) == "refused"
    assert breaker.closed_for(until - 0.1) > 0
    assert breaker.closed_for(until) == 0
    assert breaker.admit(until) == "probe"
    assert breaker.admit(until) == "refused"
    assert breaker.closed_for(until) > 0


def test_a_good_probe_closes(breaker: Breaker) -> None:
    opened(breaker)
    breaker.succeeded(breaker.admit(100))
    assert breaker.circuit == CLOSED


def test_a_bad_probe_opens_for_longer_up_to_the_bound(breaker: Breaker) -> None:
    opened(breaker)
    now, waits = 0.0, []
    for _ in range(6):
        now = breaker.circuit.until
        breaker.failed(breaker.admit(now), "still no", now)
        waits.append(breaker.circuit.until - now)
    assert 10 <= waits[0] <= 20
    assert 20 <= waits[1] <= 40
    assert max(waits) <= 60
    assert min(waits[3:]) >= 30


def test_a_cancelled_probe_makes_room_for_the_next(breaker: Breaker) -> None:
    opened(breaker)
    breaker.abandoned(breaker.admit(100), 100)
    assert breaker.circuit.state == "open"
    assert breaker.admit(100) == "probe"


def test_a_cancelled_request_says_nothing(breaker: Breaker) -> None:
    breaker.abandoned(breaker.admit(0), 0)
    assert breaker.circuit == CLOSED


def test_late_outcomes_change_nothing(breaker: Breaker) -> None:
    late = breaker.admit(0)
    opened(breaker)
    before = breaker.circuit
    breaker.failed(late, "late", 1)
    breaker.succeeded(late)
    assert breaker.circuit == before


@pytest.mark.parametrize(("wish", "least", "most"), [(45.0, 45.0, 45.0), (9e9, 60.0, 60.0), (None, 5.0, 10.0)])
def test_the_vendors_wish_is_followed_within_bounds(
    rng: random.Random, wish: float | None, least: float, most: float
) -> None:
    circuit = CLOSED
    for _ in range(RULES.failures):
        circuit = failed(circuit, "through", "429", 0.0, RULES, rng, wish)
    assert least <= circuit.until <= most


@given(st.lists(st.sampled_from(["good", "bad", "cancelled", "wait"]), max_size=80), st.integers())
def test_it_always_comes_back(steps: list[str], seed: int) -> None:
    rng, now, circuit = random.Random(seed), 0.0, CLOSED
    for step in steps:
        now += 100.0 if step == "wait" else 1.0
        circuit, admission = admit(circuit, now)
        if admission == "refused":
            continue
        if step == "bad":
            circuit = failed(circuit, admission, "no", now, RULES, rng)
        elif step == "cancelled":
            circuit = abandoned(circuit, admission, now)
        else:
            circuit = succeeded(circuit, admission, RULES)
        assert circuit.state != "half_open"
    circuit, admission = admit(circuit, now + RULES.longest_open_seconds)
    assert admission != "refused"
