"""The table of what becomes of a send whose outcome nobody knows, and what holds for all of it."""

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.unsettled import LOOK_AGAIN_MS, SILENT_WEBHOOKS_MS, Evidence, GiveUp, Resend, Wait, decide

AFTER = 90_000
START = 1_000_000
BASE = Evidence(
    now=START,
    attempted_at=START,
    started_at=START - 5_000,
    first_status_at=START - 4_000,
    resend_after=AFTER,
    resends=0,
    customer_wrote_since=False,
    human_took_over=False,
)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"now": START}, Wait),
        ({"now": START + AFTER - 1}, Wait),
        ({"now": START + AFTER}, Resend),
        ({"now": START + AFTER, "customer_wrote_since": True}, GiveUp),
        ({"now": START + AFTER, "human_took_over": True}, GiveUp),
        ({"now": START + AFTER, "resends": 1}, GiveUp),
        ({"now": START + AFTER - 1, "resends": 1, "customer_wrote_since": True, "human_took_over": True}, Wait),
        # attempted by the process before this one: statuses of that time come now
        ({"now": START + AFTER, "first_status_at": START + 10}, Wait),
        ({"now": START + AFTER + 10, "first_status_at": START + 10}, Resend),
        # no status webhook at all: perhaps they do not reach us
        ({"now": START + AFTER, "first_status_at": None}, Wait),
        ({"now": START + SILENT_WEBHOOKS_MS - 1, "first_status_at": None}, Wait),
        ({"now": START + SILENT_WEBHOOKS_MS, "first_status_at": None}, Resend),
        ({"now": START + SILENT_WEBHOOKS_MS, "first_status_at": None, "resends": 1}, GiveUp),
        ({"now": START + SILENT_WEBHOOKS_MS, "first_status_at": None, "started_at": START + 1}, Wait),
        ({"now": START + SILENT_WEBHOOKS_MS, "first_status_at": None, "resend_after": SILENT_WEBHOOKS_MS + 1}, Wait),
    ],
)
def test_the_table(given_: dict[str, Any], expected: type) -> None:
    assert isinstance(decide(evolve(BASE, **given_)), expected)


def test_a_wait_says_when_to_look_again() -> None:
    assert decide(BASE) == Wait(START + AFTER, "the network may have the message; waiting for a status that names it")
    silent = decide(evolve(BASE, first_status_at=None))
    assert isinstance(silent, Wait)
    assert silent.until == START + AFTER, "a first status webhook shortens the wait, and nobody rings for it"


times = st.integers(0, 2_000_000)
evidence = st.builds(
    Evidence,
    now=times,
    attempted_at=times,
    started_at=times,
    first_status_at=st.none() | times,
    resend_after=st.integers(0, 1_000_000),
    resends=st.integers(0, 2),
    customer_wrote_since=st.booleans(),
    human_took_over=st.booleans(),
)


@given(evidence)
def test_it_is_sent_again_at_most_once_never_early_and_never_over_anybody(known: Evidence) -> None:
    decision = decide(known)
    assert decision.why
    if isinstance(decision, Resend):
        assert known.resends == 0
        assert not known.customer_wrote_since
        assert not known.human_took_over
        assert known.now >= known.attempted_at + known.resend_after
        if known.first_status_at is None:
            assert known.now >= known.started_at + SILENT_WEBHOOKS_MS
        else:
            assert known.now >= known.first_status_at + known.resend_after


@given(evidence)
def test_waiting_ends(known: Evidence) -> None:
    """Looked at whenever it says so, it is decided after few looks, and a status that came in between is honoured."""
    known = evolve(known, resend_after=max(known.resend_after, 50_000))
    for _ in range(100):
        decision = decide(known)
        if not isinstance(decision, Wait):
            return
        assert decision.until > known.now
        known = evolve(known, now=decision.until)
    raise AssertionError("waits for ever")


@given(evidence, times)
def test_a_first_status_never_makes_the_look_late(known: Evidence, later: int) -> None:
    known = evolve(known, first_status_at=None)
    decision = decide(known)
    if isinstance(decision, Wait) and later > known.now:
        told = decide(evolve(known, now=decision.until, first_status_at=later))
        ripe = max(known.attempted_at, later) + known.resend_after
        assert isinstance(told, Wait) == (decision.until < ripe)
        latest = max(ripe, known.now + LOOK_AGAIN_MS)
        assert decision.until <= latest, "no status that comes from now on can be ripe before we look"


def test_no_pause_at_all_is_no_busy_loop() -> None:
    silent = decide(evolve(BASE, first_status_at=None, resend_after=0))
    assert silent == Wait(START + LOOK_AGAIN_MS, silent.why)
