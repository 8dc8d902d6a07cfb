import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import failures
from daemon.whatsapp.web.failures import AGAIN, TABLE, Close, Kind, Verdict
from daemon.whatsapp.web.node import Node


def failure(reason: str, **attrs: str) -> Node:
    return Node("failure", {"reason": reason, **attrs})


def stream(code: str = "", *children: Node) -> Node:
    return Node("stream:error", {"code": code} if code else {}, children or None)


def conflict(kind: str) -> Node:
    return Node("conflict", {"type": kind})


@pytest.mark.parametrize(
    ("reason", "kind", "wipe"),
    [
        ("400", "operator", False),
        ("401", "logged_out", True),
        ("402", "banned", False),
        ("403", "logged_out", True),
        ("405", "refresh_version", False),
        ("406", "banned", True),
        ("409", "operator", False),
        ("411", "operator", False),
        ("415", "operator", False),
        ("429", "wait", False),
        ("418", "operator", False),
        ("419", "operator", False),
        ("500", "reconnect", False),
        ("501", "reconnect", False),
        ("503", "reconnect", False),
        ("599", "reconnect", False),  # not known
        ("444", "operator", False),
        ("", "operator", False),
    ],
)
def test_a_login_that_failed(reason: str, kind: Kind, wipe: bool) -> None:
    verdict = failures.of_failure(failure(reason))
    assert (verdict.kind, verdict.wipe) == (kind, wipe)


@pytest.mark.parametrize(
    ("node", "kind", "wipe"),
    [
        (stream("515"), "restart", False),
        (stream("516"), "reconnect", False),
        (stream("401"), "reconnect", False),
        (stream("401", conflict("device_removed")), "logged_out", True),
        (stream("", conflict("replaced")), "replaced", False),
        (stream("401", conflict("something new")), "replaced", False),
        (stream("440"), "replaced", False),
        (stream("409"), "replaced", False),
        (stream("429"), "wait", False),
        (stream("503"), "reconnect", False),
        (stream("", Node("ack", {"class": "message", "id": "3EB0"})), "reconnect", False),
        (stream("", Node("xml-not-well-formed")), "reconnect", False),
        (stream("", Node("text"), Node("bad-request")), "reconnect", False),
        (stream("777"), "reconnect", False),
        (stream(), "reconnect", False),
    ],
)
def test_a_stream_that_ended(node: Node, kind: Kind, wipe: bool) -> None:
    verdict = failures.of_stream_error(node)
    assert (verdict.kind, verdict.wipe) == (kind, wipe)


@pytest.mark.parametrize(
    ("status", "kind"), [(408, "reconnect"), (429, "wait"), (403, "operator"), (404, "operator"), (502, "reconnect")]
)
def test_an_upgrade_that_was_refused(status: int, kind: Kind) -> None:
    assert failures.of_upgrade(status).kind == kind


@pytest.mark.parametrize("why", get_args(Close))
def test_a_close_without_a_word_comes_back(why: Close) -> None:
    assert failures.of_close(why).comes_back


def test_a_certificate_that_proves_nothing_is_not_hammered() -> None:
    verdict = failures.of_close("untrusted")
    assert verdict.kind == "wait"
    assert verdict.seconds == 900


def test_the_second_time() -> None:
    assert failures.of_failure(failure("405"), again=True).kind == "operator"
    first = failures.of_stream_error(stream("", conflict("replaced")))
    second = failures.of_stream_error(stream("", conflict("replaced")), again=True)
    assert (first.seconds, first.comes_back) == (60, True)
    assert (second.kind, second.comes_back) == ("replaced", False)
    removed = failures.of_stream_error(stream("516"), again=True)
    assert (removed.kind, removed.wipe) == ("logged_out", False)
    assert failures.of_failure(failure("503"), again=True) == TABLE["failure", "503"]


def test_keys_are_wiped_only_where_whatsapp_is_certain() -> None:
    wiping = {key for key, verdict in (*TABLE.items(), *AGAIN.items()) if verdict.wipe}
    assert wiping == {("failure", "401"), ("failure", "403"), ("failure", "406"), ("stream", "device_removed")}


def test_what_stops_says_what_to_do() -> None:
    for verdict in (*TABLE.values(), *AGAIN.values()):
        assert ": " in verdict.reason
        assert "\n" not in verdict.reason
        assert len(verdict.reason) < 240
        if verdict.kind in ("logged_out", "operator"):
            assert not verdict.comes_back


def test_the_second_time_is_of_the_same_table() -> None:
    assert set(AGAIN) <= set(TABLE)


@pytest.mark.parametrize(
    ("code", "expire", "words"),
    [
        ("101", "7200", "for 2 h because it wrote to too many people"),
        ("104", "90", "for 2 min because it sent the same message"),
        ("999", "86400", "for 24 h because reason 999"),
        ("", "60", "for 1 min because reason 0"),
    ],
)
def test_a_temporary_ban(code: str, expire: str, words: str) -> None:
    verdict = failures.of_failure(failure("402", code=code, expire=expire))
    assert (verdict.kind, verdict.seconds, verdict.wipe) == ("banned", float(expire), False)
    assert words in verdict.reason


@pytest.mark.parametrize("expire", ["", "0", "-5", "soon"])
def test_a_ban_without_an_end_waits_for_a_person(expire: str) -> None:
    verdict = failures.of_failure(failure("402", code="101", expire=expire))
    assert not verdict.comes_back
    assert "restart the tenant" in verdict.reason


def test_a_locked_account_shows_what_whatsapp_says() -> None:
    node = failure("403", logout_message_header="Account\nlocked", logout_message_subtext="Verify  it\x1b")
    verdict = failures.of_failure(node)
    assert verdict.reason.endswith("(WhatsApp says: Account locked Verify it)")
    assert verdict.wipe


@given(st.text(), st.text(), st.text(), st.booleans())
def test_nothing_raises(one: str, two: str, three: str, again: bool) -> None:
    for verdict in (
        failures.of_failure(failure(one, code=two, expire=three), again=again),
        failures.of_failure(failure("402", code=one, expire=two), again=again),
        failures.of_stream_error(stream(one, Node(two), Node("conflict", {"type": three})), again=again),
        failures.of_stream_error(stream(one, Node(two)), again=again),
    ):
        assert isinstance(verdict, Verdict)
        assert verdict.reason.isprintable()


# Coming back


class Fixed(random.Random):
    """Always the same draw."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self._value = value

    def random(self) -> float:
        return self._value


def test_the_pauses_are_fibonacci_up_to_a_quarter_of_an_hour() -> None:
    pauses = [failures.delay_seconds(attempt, Fixed(0)) for attempt in range(1, 19)]
    assert pauses[:8] == [1, 1, 2, 3, 5, 8, 13, 21]
    assert pauses[14:] == [610, 900, 900, 900]


@given(st.integers(0, 10**9), st.integers(0, 2**32))
def test_a_pause_is_at_most_a_tenth_shorter(attempt: int, seed: int) -> None:
    longest = failures.delay_seconds(attempt, Fixed(0))
    assert 0.9 * longest <= failures.delay_seconds(attempt, random.Random(seed)) <= longest <= 900


def test_only_a_stable_login_ends_a_row_of_failures() -> None:
    assert failures.failed_attempts(0, 0.0) == 1
    assert failures.failed_attempts(4, 29.9) == 5
    assert failures.failed_attempts(4, 30.0) == 1


def test_a_thousand_sockets_come_back_over_twenty_seconds() -> None:
    assert failures.spread_seconds(1000, Fixed(0.5)) == 10
    assert failures.spread_seconds(1, Fixed(0.5)) < 0.1
