import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.pace import (
    CHAT_GAP_SECONDS,
    DAY_SECONDS,
    NUMBER_GAP_SECONDS,
    USUAL,
    WARM_UP,
    Go,
    Pace,
    Stopped,
    Wait,
    caps_at,
    typing_seconds,
)

NOW = 1_700_000_000.0
LONG_AGO = NOW - 100 * DAY_SECONDS


def settled(factor: float = 1.0, state: bytes = b"") -> Pace:
    return Pace(paired_at=LONG_AGO, factor=factor, state=state)


def send(pace: Pace, chat: str, now: float) -> None:
    pace.begun(chat, now)
    pace.done(chat)


# --- looking human ----------------------------------------------------------------------------------------------------


@given(st.integers(0, 100_000), st.integers())
def test_typing_takes_one_to_eight_seconds(characters: int, seed: int) -> None:
    assert 1.0 <= typing_seconds(characters, random.Random(seed)) <= 8.0


def test_typing_grows_with_the_text_and_varies() -> None:
    rng = random.Random(1)
    short, long = ([typing_seconds(length, rng) for _ in range(100)] for length in (20, 100))
    assert max(short) < min(long)
    assert len(set(short)) == 100


def test_typing_is_scaled_or_switched_off() -> None:
    assert typing_seconds(80, random.Random(1), factor=0.5) == typing_seconds(80, random.Random(1)) / 2
    assert typing_seconds(80, random.Random(1), factor=0) == 0.0


def test_one_message_in_flight_in_each_chat() -> None:
    pace = settled(factor=0)
    pace.begun("ana", NOW)
    assert pace.ready("ana", NOW + 99) == Wait(seconds=None, reason="a message to this chat is on its way")
    assert pace.ready("ana", NOW, human=True) == pace.ready("ana", NOW)
    assert pace.ready("bia", NOW) == Go()
    pace.done("ana")
    assert pace.ready("ana", NOW) == Go()


def test_gaps_in_a_chat_and_on_the_number() -> None:
    pace = settled()
    send(pace, "ana", NOW)
    assert pace.ready("ana", NOW) == Wait(seconds=CHAT_GAP_SECONDS, reason="a moment between two messages of a chat")
    assert pace.ready("bia", NOW) == Wait(
        seconds=NUMBER_GAP_SECONDS, reason="a moment between two messages of a number"
    )
    assert pace.ready("bia", NOW + NUMBER_GAP_SECONDS) == Go()
    assert pace.ready("ana", NOW + CHAT_GAP_SECONDS) == Go()
    assert pace.ready("ana", NOW, human=True) == Go()


def test_a_clock_set_back_makes_nobody_wait_longer_than_the_gap() -> None:
    pace = settled()
    send(pace, "ana", NOW)
    found = pace.ready("ana", NOW - 10 * DAY_SECONDS)
    assert isinstance(found, Wait)
    assert found.seconds == CHAT_GAP_SECONDS


def test_chats_are_forgotten_in_time() -> None:
    pace = settled()
    for number in range(10_000):
        send(pace, str(number), NOW)
    assert len(pace._last_in_chat) <= 4096


# --- caps -------------------------------------------------------------------------------------------------------------


def test_the_first_days_are_slower() -> None:
    ages = [caps_at(days * DAY_SECONDS) for days in (0, 2.9, 3, 6.9, 7, 1000)]
    first, second = WARM_UP[0][1], WARM_UP[1][1]
    assert ages == [first, first, second, second, USUAL, USUAL]
    for lower, higher in ((first, second), (second, USUAL)):
        assert (lower.minute, lower.hour, lower.day) < (higher.minute, higher.hour, higher.day)


@pytest.mark.parametrize(("every", "name"), [(1.0, "minute"), (3.0, "hour"), (15.0, "day")])
def test_a_full_window_makes_the_number_wait(every: float, name: str) -> None:
    pace, now, waits = settled(), NOW, set()
    for _ in range(20_000):
        found = pace.ready("ana", now)
        if isinstance(found, Wait):
            waits.add(found.reason.rpartition(" ")[2])
            assert found.seconds is not None
            assert pace.ready("ana", now, human=True) == Go()
            now += found.seconds
            break
        send(pace, "ana", now)
        now += every
    assert waits == {name}
    assert pace.ready("ana", now) == Go()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0, 61.0, 301.0]), min_size=50, max_size=400))
def test_no_window_ever_holds_more_than_its_cap(pauses: list[float]) -> None:
    """Whoever sends whenever it may, with pauses: checked against the list of all sends."""
    pace, now, sent = Pace(paired_at=NOW), NOW, list[float]()
    for number, pause in enumerate(pauses):
        now += pause
        chat = str(number)
        while isinstance(found := pace.ready(chat, now), Wait):
            assert found.seconds is not None
            now += found.seconds + 1e-6
        send(pace, chat, now)
        sent.append(now)
    caps = WARM_UP[0][1]
    for cap, seconds in ((caps.minute, 60), (caps.hour, 3600), (caps.day, DAY_SECONDS)):
        for first, beyond in zip(sent, sent[cap:], strict=False):
            assert beyond - first > seconds


def test_a_window_empties_for_good() -> None:
    pace = settled()
    for number in range(USUAL.minute):
        send(pace, "ana", NOW + number)
    assert isinstance(pace.ready("bia", NOW + 31), Wait)
    assert pace.ready("bia", NOW + 95) == Go()


def test_a_clock_that_was_wrong_does_not_stop_the_number_for_years() -> None:
    pace = settled()
    for number in range(USUAL.minute):
        send(pace, "ana", NOW + 10 * 365 * DAY_SECONDS + number)
    found = pace.ready("bia", NOW)
    assert isinstance(found, Wait)
    assert found.seconds is not None
    assert found.seconds <= 65
    send(pace, "bia", NOW)
    assert pace.ready("bia", NOW + 70) == Go()


def test_factor_0_knows_no_gaps_and_no_caps() -> None:
    pace = settled(factor=0)
    for _ in range(USUAL.day + 1):
        send(pace, "ana", NOW)
    assert pace.ready("ana", NOW) == Go()


# --- trouble ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.0, 1.0])
@pytest.mark.parametrize("human", [False, True])
def test_trouble_stops_everybody_whatever_the_factor(factor: float, human: bool) -> None:
    pace = settled(factor=factor)
    stop = pace.trouble("ban", NOW, until=NOW + 500)
    assert stop.seconds == 500
    assert "banned the number" in stop.reason
    assert pace.ready("ana", NOW + 100, human=human) == Stopped(seconds=400, reason=stop.reason)
    assert pace.stopped(NOW + 499) == stop.reason
    assert pace.stopped(NOW + 500) == ""
    assert pace.ready("ana", NOW + 500, human=human) == Go()


def test_each_refusal_within_a_day_stops_for_longer() -> None:
    pace, now, lasted = settled(), NOW, []
    for _ in range(5):
        stop = pace.trouble("stranger", now)
        assert "463" in stop.reason
        lasted.append(stop.seconds)
        now += stop.seconds
    assert lasted == [900, 3600, 21_600, 86_400, 900]  # the last comes a day after the one before
    assert pace.trouble("stranger", now + DAY_SECONDS).seconds == 900


def test_a_limit_without_an_end_lasts_a_day_and_may_be_taken_back() -> None:
    pace = settled()
    assert pace.trouble("timelock", NOW).seconds == DAY_SECONDS
    pace.relieved()
    assert pace.ready("ana", NOW) == Go()


def test_a_ban_stays_until_its_end_or_the_operators_wish() -> None:
    pace = settled()
    pace.trouble("ban", NOW, until=NOW + 900)
    pace.relieved()
    assert isinstance(pace.ready("ana", NOW), Stopped)
    pace.resume()
    assert pace.ready("ana", NOW) == Go()


def test_a_shorter_stop_never_replaces_a_longer_one() -> None:
    pace = settled()
    long = pace.trouble("ban", NOW, until=NOW + 9000)
    assert pace.trouble("stranger", NOW) == long
    assert pace.trouble("timelock", NOW, until=NOW + 9001).reason != long.reason


@pytest.mark.parametrize(("until", "seconds"), [(NOW - 5, 0.0), (NOW + 1e12, 30 * DAY_SECONDS)])
def test_an_end_that_cannot_be_is_bounded(until: float, seconds: float) -> None:
    assert settled().trouble("ban", NOW, until=until).seconds == seconds


# --- across restarts --------------------------------------------------------------------------------------------------


def test_a_restart_forgets_neither_counts_nor_the_stop() -> None:
    pace = settled()
    for number in range(USUAL.minute):
        send(pace, "ana", NOW + number)
    pace.trouble("stranger", NOW)
    again = settled(state=pace.to_bytes())
    assert again.to_bytes() == pace.to_bytes()
    assert again.ready("ana", NOW + 31) == pace.ready("ana", NOW + 31)
    assert again.trouble("stranger", NOW + 901).seconds == 3600
    again.relieved()
    assert isinstance(again.ready("bia", NOW + 40), Wait)


def test_the_state_is_small_even_for_a_busy_number() -> None:
    pace = settled(factor=0)
    for number in range(20_000):
        send(pace, "ana", NOW + number * 10.0)
    assert len(pace.to_bytes()) < 400


@given(st.one_of(st.binary(max_size=60), st.binary(min_size=12, max_size=12).map(lambda b: b"\1\1\1" + b)))
def test_any_stored_state_is_read_or_garbled(state: bytes) -> None:
    try:
        pace = settled(state=state)
    except Garbled:
        return
    assert pace.ready("ana", NOW) is not None
    assert settled(state=pace.to_bytes()).to_bytes() == pace.to_bytes()


@pytest.mark.parametrize(
    "state",
    [
        b"\2" + bytes(18),
        b"\1\4\0" + bytes(16),
        b"\1\1\0" + struct.pack(">dd", float("nan"), 0),
        b"\1\0\0" + bytes(16) + b"\3" + bytes(6),
        b"\1",
    ],
)
def test_damaged_states(state: bytes) -> None:
    with pytest.raises(Garbled, match="stored pace"):
        settled(state=state)
