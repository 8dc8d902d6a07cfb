"""The rows of answers by voice."""

from typing import Final

import pytest

from shards.tenant import media, messages, speech
from shards.tenant.speech import Note, Paid, Wish
from tests.support.desk_rows import Desk

NOTE: Final = Note(hash="cd" * 32, bytes=100, seconds=4, waveform=tuple(range(64)))


@pytest.fixture
def wish(desk: Desk) -> Wish:
    """An answer that is to be spoken."""
    desk.says("oi")
    id_ = desk(messages.queue, 1, author="assistant", kind="text", text="R$ 1")
    desk(speech.wish, id_, said="um real", prose="R$ 1")
    found = desk(speech.wished, desk.value("SELECT seq FROM messages WHERE id = ?", id_))
    assert found is not None
    return found


def test_a_wish_says_what_is_to_be_said_until_it_is_decided(desk: Desk, wish: Wish) -> None:
    assert (wish.said, wish.voice, wish.attempts, wish.asked) == ("um real", "", 0, "")
    desk(speech.begun, wish, "elevenlabs")
    again = desk(speech.wished, wish.message)
    assert again is not None
    assert (again.attempts, again.asked) == (1, "elevenlabs")
    assert desk(speech.spoken, wish, NOTE)
    assert desk(speech.wished, wish.message) is None
    assert not desk(speech.spoken, wish, NOTE), "once"


def test_who_was_asked_before_a_crash_may_bill_it(desk: Desk, wish: Wish) -> None:
    desk(speech.begun, wish, "elevenlabs")
    again = desk(speech.wished, wish.message)
    assert again is not None
    desk(speech.account, again, Paid(provider="openai", model="m", characters=7), ("elevenlabs",))
    assert desk.rows("SELECT kind, provider, characters, message FROM usage ORDER BY seq") == [
        ("unknown", "elevenlabs", 0, wish.message_id),
        ("unknown", "elevenlabs", 0, wish.message_id),
        ("speech", "openai", 7, wish.message_id),
    ]


def test_the_cache_gives_the_first_key_that_it_has(desk: Desk) -> None:
    assert desk(speech.cached, ["a", "b"]) is None
    desk(speech.keep, "b", NOTE)
    assert desk(speech.cached, ["a", "b"]) == NOTE
    desk(speech.forget, NOTE.hash)
    assert desk(speech.cached, ["a", "b"]) is None


def test_the_cache_forgets_a_file_with_its_row(desk: Desk) -> None:
    desk(speech.keep, "a", NOTE)
    assert desk(media.expired, desk.clock.ms + 1, 10) == [NOTE.hash]
    assert desk(speech.cached, ["a"]) is None


def test_a_spoken_answer_holds_its_file_and_an_erased_one_lets_it_go(desk: Desk, wish: Wish) -> None:
    desk(speech.keep, "a", NOTE)
    desk(speech.spoken, wish, NOTE)
    assert desk(media.unused, 10) == []
    desk(lambda tx: tx.run("DELETE FROM contacts"))
    assert desk.rows("SELECT message FROM speech") == []
    assert desk(media.unused, 10) == [NOTE.hash]


def test_only_what_was_to_be_spoken_is_written_instead(desk: Desk, wish: Wish) -> None:
    other = desk(messages.queue, 1, author="assistant", kind="text", text="oi")
    seq = desk.value("SELECT seq FROM messages WHERE id = ?", other)
    assert not desk(speech.write_instead, seq, "why")
    assert desk(speech.write_instead, wish.message, "why")
    assert not desk(speech.write_instead, wish.message, "why"), "once"
    assert desk(speech.write_again, wish.message_id, "why") is None
