"""Voice notes in the outbox: what the network refuses or loses goes out in writing, once."""

from typing import Any

import pytest

from daemon.desk import outbox
from daemon.desk.outbox import Claimed, StatusWatch, claim_next
from shards.tenant import messages, profile, speech
from shards.tenant.profile import VoiceProfile
from shards.tenant.speech import Note, Wish
from tests.support.desk_rows import Desk
from tests.support.shards import tenant_profile

LIST = "Temos estas:\n• Gol R$ 30.000\n• Onix R$ 50.000\n• HB20 R$ 60.000\nQual delas?"
NOTE = Note(hash="ab" * 32, bytes=9, seconds=3, waveform=(50,) * 64)


@pytest.fixture
def spoken(desk: Desk) -> Desk:
    """A desk whose answer is a voice note in the outbox, with a list behind it."""
    desk(profile.save, tenant_profile(voice=VoiceProfile(enabled=True)))
    desk.says("oi", kind="voice")
    desk(lambda tx: tx.run("UPDATE transcripts SET state = 'heard', text = 'oi'"))
    assert desk.speak(desk.claim_when_due(), LIST).spoken
    wish = claim(desk)
    assert isinstance(wish, Wish)
    desk(speech.keep, "key", NOTE)
    assert desk(speech.spoken, wish, NOTE)
    return desk


def claim(desk: Desk) -> Any:
    watch = StatusWatch(started_at=desk.clock.ms - 10_000, first_status_at=desk.clock.ms - 10_000)
    return desk(claim_next, 1, watch=watch, resend_after_ms=1_000, held=False)


def claimed(desk: Desk) -> Claimed:
    found = claim(desk)
    assert isinstance(found, Claimed), found
    return found


def out(desk: Desk) -> list[tuple[str, str]]:
    """(kind, state) of what went or goes out."""
    return desk.rows("SELECT kind, state FROM messages WHERE direction = 'out' ORDER BY seq")


def test_a_wish_is_decided_before_anything_is_claimed(desk: Desk) -> None:
    desk(profile.save, tenant_profile(voice=VoiceProfile(enabled=True)))
    desk.says("oi", kind="voice")
    desk(lambda tx: tx.run("UPDATE transcripts SET state = 'heard', text = 'oi'"))
    desk.speak(desk.claim_when_due(), "Oi!")
    assert isinstance(claim(desk), Wish)
    assert isinstance(claim(desk), Wish), "it stands until it is decided"
    assert out(desk) == [("text", "queued")]


def test_the_voice_goes_first_with_what_it_says_as_its_text(spoken: Desk) -> None:
    voice = claimed(spoken)
    assert voice.outgoing.kind == "voice"
    assert voice.outgoing.content == NOTE.content()
    assert voice.outgoing.text == "Temos estas:\nte mandei por escrito aqui embaixo.\nQual delas?"


def test_a_voice_note_that_is_refused_goes_out_in_writing_whole(spoken: Desk) -> None:
    voice = claimed(spoken)
    spoken(outbox.refuse, voice.message, "131053 media refused")
    assert out(spoken) == [("text", "queued"), ("text", "cancelled")]
    assert claimed(spoken).outgoing.text == LIST
    assert spoken.conversation().state == "assistant"


def test_a_text_that_is_refused_too_is_a_persons(spoken: Desk) -> None:
    spoken(outbox.refuse, claimed(spoken).message, "131026 not on WhatsApp")
    spoken(outbox.refuse, claimed(spoken).message, "131026 not on WhatsApp")
    assert out(spoken)[0] == ("text", "failed")
    assert spoken.conversation().state == "human"


def test_what_may_have_arrived_is_not_written_as_well(spoken: Desk) -> None:
    claimed(spoken)
    spoken.clock.move(60)
    again = claimed(spoken)
    assert again.resend
    spoken(outbox.refuse, again.message, "131053 media refused")
    assert out(spoken)[0] == ("voice", "failed")


def test_what_a_person_withdrew_while_it_was_sent_is_not_written(spoken: Desk) -> None:
    voice = claimed(spoken)
    spoken(messages.cancel_unsent, 1, "a person took over")
    spoken(outbox.refuse, voice.message, "131053 media refused")
    assert out(spoken) == [("text", "cancelled"), ("text", "cancelled")]


def _sent(desk: Desk) -> str:
    voice = claimed(desk)
    desk(messages.settle_send, voice.message.id, "wamid.1")
    return voice.message.id


def test_a_voice_note_lost_later_is_written_whole_where_its_list_has_not_gone(spoken: Desk) -> None:
    _sent(spoken)
    received = spoken.status("failed", network_id="wamid.1", error_code=131053)
    assert received.to_send == {1}
    assert out(spoken) == [("voice", "failed"), ("text", "cancelled"), ("text", "queued")]
    assert claimed(spoken).outgoing.text == LIST
    assert spoken.conversation().state == "assistant"


def test_a_voice_note_lost_later_is_written_without_the_list_that_has_gone(spoken: Desk) -> None:
    _sent(spoken)
    claimed(spoken)
    spoken.status("failed", network_id="wamid.1", error_code=131053)
    assert out(spoken) == [("voice", "failed"), ("text", "sending"), ("text", "queued")]
    newest = spoken.value("SELECT text FROM messages ORDER BY seq DESC LIMIT 1")
    assert newest == "Temos estas:\nte mandei por escrito aqui embaixo.\nQual delas?"


def test_a_voice_note_lost_after_a_person_took_over_is_theirs(spoken: Desk) -> None:
    _sent(spoken)
    spoken(lambda tx: tx.run("UPDATE conversations SET state = 'human'"))
    spoken.status("failed", network_id="wamid.1", error_code=131053)
    assert len(out(spoken)) == 2
    assert spoken.conversation().owed_since is not None
