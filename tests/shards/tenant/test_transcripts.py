"""Voice notes' words: who waits for them until when, what a response leaves behind, and that it is paid for once."""

from typing import Any

import pytest

from daemon.whatsapp.events import MessageRevoked
from shards.tenant import transcripts
from shards.tenant.transcripts import PATIENCE_MS, ToHear
from tests.support.desk_rows import ANA, Desk

VOICE: dict[str, Any] = {"kind": "voice", "content": {"media": {"id": "77"}}}


def note(desk: Desk, *, here: bool = True, id_: str = "") -> ToHear | None:
    """A voice note came; the newest that can be heard."""
    desk.says("", id_=id_, **VOICE)
    if here:
        desk(lambda tx: tx.run("DELETE FROM media_wanted"))
        desk(lambda tx: tx.run("UPDATE messages SET content = json_set(content, '$.media.hash', 'abc')"))
    found: list[ToHear] = desk(transcripts.to_hear, 10)
    return found[-1] if found else None


def hear(desk: Desk, one: ToHear, text: str = "tem civic?", **more: Any) -> None:
    desk(transcripts.heard, one, text=text, audio_ms=6321, provider="elevenlabs", model="scribe_v2", **more)


def row(desk: Desk) -> tuple[Any, ...]:
    [found] = desk.rows("SELECT state, text, provider, reason FROM transcripts")
    return tuple(found)


RECEIPTS = "SELECT kind, provider, model, audio_ms, message IS NOT NULL, conversation <> '' FROM usage ORDER BY seq"


def test_it_is_heard_when_its_file_is_here(desk: Desk) -> None:
    assert note(desk, here=False) is None
    one = note(desk)
    assert one is not None
    assert one.hash == "abc"
    assert desk(transcripts.any_wanted)


def test_a_response_leaves_words_and_a_receipt(desk: Desk) -> None:
    one = note(desk)
    assert one is not None
    hear(desk, one, unknown=("openai",))
    assert row(desk) == ("heard", "tem civic?", "elevenlabs", "")
    assert desk.rows(RECEIPTS) == [
        ("unknown", "openai", "", 0, 1, 1),
        ("transcription", "elevenlabs", "scribe_v2", 6321, 1, 1),
    ]
    assert desk(transcripts.to_hear, 10) == []
    assert not desk(transcripts.any_wanted)


def test_silence_is_paid_for_and_no_words(desk: Desk) -> None:
    one = note(desk)
    assert one is not None
    hear(desk, one, text="")
    assert row(desk) == ("failed", "", "elevenlabs", "silent")
    assert desk.value("SELECT audio_ms FROM usage") == 6321


def test_a_failure_says_why(desk: Desk) -> None:
    one = note(desk)
    assert one is not None
    desk(transcripts.asked, one.message, "elevenlabs")
    desk(transcripts.fail, one, "unheard", ("elevenlabs",))
    assert row(desk) == ("failed", "", "", "unheard")
    assert desk.rows("SELECT kind, provider FROM usage") == [("unknown", "elevenlabs")]


def test_a_response_after_all_was_given_up_is_kept_and_paid(desk: Desk) -> None:
    one = note(desk)
    assert one is not None
    desk.clock.move(PATIENCE_MS / 1000)
    assert desk(transcripts.held_until, 1, 0) is None
    assert row(desk) == ("failed", "", "", "late")
    hear(desk, one)
    assert row(desk)[:2] == ("heard", "tem civic?")


def test_of_a_note_that_is_gone_the_receipt_stays(desk: Desk) -> None:
    one = note(desk, id_="wamid.gone")
    assert one is not None
    desk.receive(MessageRevoked(network_id="r", sender=ANA, at=desk.clock(), target="wamid.gone"))
    assert desk.rows("SELECT * FROM transcripts") == []
    hear(desk, one)
    assert desk.rows("SELECT * FROM transcripts") == []
    assert desk.value("SELECT count(*) FROM usage WHERE kind = 'transcription'") == 1


def test_a_turn_waits_so_long_and_no_longer(desk: Desk) -> None:
    note(desk)
    until = desk.clock.ms + PATIENCE_MS
    assert desk(transcripts.held_until, 1, 0) == until
    assert desk(transcripts.held_until, 1, 99) is None, "it is answered already"
    assert desk(transcripts.held_until, 2, 0) is None, "another conversation's"
    desk.clock.move(1)
    note(desk)
    assert desk(transcripts.held_until, 1, 0) == until + 1000


def test_a_start_gives_it_its_time_anew(desk: Desk) -> None:
    one = note(desk)
    assert one is not None
    assert not desk(transcripts.resume)
    desk(transcripts.asked, one.message, "elevenlabs")
    desk.clock.move(7200)
    assert desk(transcripts.resume), "what was asked before may be billed"
    assert desk.rows("SELECT kind, provider FROM usage") == [("unknown", "elevenlabs")]
    assert desk(transcripts.held_until, 1, 0) == desk.clock.ms + PATIENCE_MS
    assert not desk(transcripts.resume), "and once"


@pytest.mark.parametrize("owed", [True, False])
def test_whose_turn_it_is(desk: Desk, owed: bool) -> None:
    one = note(desk)
    assert one is not None
    if not owed:
        desk(lambda tx: tx.run("UPDATE conversations SET due_at = NULL"))
    assert desk(transcripts.due, one.message) == ((1, 0) if owed else None)


def test_who_wants_no_messages_is_not_listened_to(desk: Desk) -> None:
    desk.says("sair")
    assert note(desk) is None
    assert desk.rows("SELECT * FROM transcripts") == []


def test_to_show() -> None:
    assert transcripts.of_json(None) is None
    shown = transcripts.of_json('["heard", "oi", 6321, "elevenlabs", "scribe_v2", ""]')
    assert shown is not None
    assert (shown.state, shown.text, shown.seconds) == ("heard", "oi", 6.321)
