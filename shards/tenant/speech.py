"""Answers by voice: which are to be spoken, which were, and what was spoken before."""

import json
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from shards.shard import Tx
from shards.tenant import messages, usage

READ_BEFORE: Final = "it is in the answer before it, which went out in writing"


@frozen(kw_only=True)
class Wish:
    """An answer in the outbox that is to be spoken: whether it will be is not decided yet."""

    message: int
    message_id: str
    conversation_id: str
    said: str
    voice: str
    asked: str  # a vendor that was asked by a process that is gone
    attempts: int


@frozen(kw_only=True)
class Note:
    """A voice note on disk, under its hash."""

    hash: str
    bytes: int
    seconds: int
    waveform: tuple[int, ...]

    def content(self) -> dict[str, Any]:
        """As a message has it."""
        media = {"hash": self.hash, "mime_type": NOTE_TYPE}
        return {"media": media, "seconds": self.seconds, "waveform": list(self.waveform)}


@frozen(kw_only=True)
class Paid:
    """What a vendor is paid for a speech: its characters. `audio_ms` is its length, 0 where it could not be used."""

    provider: str
    model: str
    characters: int
    audio_ms: int = 0


NOTE_TYPE: Final = "audio/ogg; codecs=opus"
"""Of a voice note, to the letter: WhatsApp plays others as files."""


def wish(tx: Tx, message_id: str, *, said: str, prose: str, besides: str | None = None, voice: str = "") -> None:
    """A text in the outbox is to be spoken. `besides` is the id of the message that follows it in writing."""
    tx.run(
        "INSERT INTO speech (message, said, prose, written, besides, voice)"
        " SELECT seq, ?, ?, text, (SELECT seq FROM messages WHERE id = ?), ? FROM messages WHERE id = ?",
        (said, prose, besides, voice, message_id),
    )


def wished(tx: Tx, message: int) -> Wish | None:
    """The wish of a message, None if it has none or it is decided."""
    row = tx.row(
        "SELECT m.id, c.id, s.said, s.voice, s.asked, s.attempts FROM speech s JOIN messages m ON m.seq = s.message"
        " JOIN conversations c ON c.seq = m.conversation WHERE s.message = ? AND s.state = 'wished'",
        (message,),
    )
    if row is None:
        return None
    message_id, conversation_id, said, voice, asked, attempts = row
    return Wish(
        message=message,
        message_id=message_id,
        conversation_id=conversation_id,
        said=said,
        voice=voice,
        asked=asked,
        attempts=attempts,
    )


def begun(tx: Tx, one: Wish, vendor: str) -> None:
    """A vendor is about to be asked."""
    account(tx, one, None, ())
    tx.run(
        "UPDATE speech SET asked = ?, attempts = attempts + 1 WHERE message = ? AND state = 'wished'",
        (vendor, one.message),
    )


def cached(tx: Tx, keys: Sequence[str]) -> Note | None:
    """The first of these that was spoken before."""
    for key in keys:
        row = tx.row(
            "SELECT c.hash, m.bytes, c.seconds, c.waveform FROM speech_cache c JOIN media m ON m.hash = c.hash"
            " WHERE c.key = ?",
            (key,),
        )
        if row is not None:
            content_hash, size, seconds, waveform = row
            return Note(hash=content_hash, bytes=size, seconds=seconds, waveform=tuple(json.loads(waveform)))
    return None


def keep(tx: Tx, key: str, note: Note) -> None:
    """The file is on disk: say so, and find it again by its key."""
    tx.run(
        "INSERT INTO media (hash, mime_type, bytes, stored_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (hash) DO UPDATE SET stored_at = excluded.stored_at",
        (note.hash, "audio/ogg", note.bytes, tx.now_ms),
    )
    tx.run(
        "INSERT INTO speech_cache (key, hash, seconds, waveform) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
        " DO UPDATE SET hash = excluded.hash, seconds = excluded.seconds, waveform = excluded.waveform",
        (key, note.hash, note.seconds, json.dumps(note.waveform)),
    )


def forget(tx: Tx, content_hash: str) -> None:
    """The file is not where it should be."""
    tx.run("DELETE FROM speech_cache WHERE hash = ?", (content_hash,))


def uploaded(tx: Tx, content_hash: str, sender: str, media_id: str, gone: int) -> None:
    """Meta has the file under an id. Uploads of before `gone` (ms) are forgotten."""
    tx.run("DELETE FROM uploads WHERE uploaded_at < ?", (gone,))
    tx.run(
        "INSERT INTO uploads (hash, sender, media_id, uploaded_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (hash, sender) DO UPDATE SET media_id = excluded.media_id, uploaded_at = excluded.uploaded_at",
        (content_hash, sender, media_id, tx.now_ms),
    )


def forget_upload(tx: Tx, content_hash: str, sender: str, before: int) -> bool:
    """Meta does not take the id any more; True if it was uploaded before then (ms)."""
    row = tx.row("DELETE FROM uploads WHERE sender = ? AND hash = ? RETURNING uploaded_at", (sender, content_hash))
    return row is not None and row[0] < before


def account(tx: Tx, one: Wish, paid: Paid | None, unknown: Sequence[str]) -> None:
    """The receipt of a response, and of vendors that were asked and gave nothing, also before a crash: they may bill
    what nobody got."""
    for vendor in (*((one.asked,) if one.asked else ()), *unknown):
        usage.record(tx, "unknown", vendor, message=one.message_id, conversation=one.conversation_id)
    if paid is not None:
        usage.record(
            tx,
            "speech",
            paid.provider,
            model=paid.model,
            message=one.message_id,
            conversation=one.conversation_id,
            characters=paid.characters,
            audio_ms=paid.audio_ms,
        )


def spoken(tx: Tx, one: Wish, note: Note) -> bool:
    """The answer goes out as a voice note; False if it does not go out any more (withdrawn, erased)."""
    changed = tx.run(
        "UPDATE messages SET kind = 'voice', text = (SELECT prose FROM speech WHERE message = seq), content = ?"
        " WHERE seq = ? AND state = 'queued' AND kind = 'text'"
        " AND seq IN (SELECT message FROM speech WHERE state = 'wished')",
        (json.dumps(note.content()), one.message),
    )
    if changed:
        _decide(tx, one.message, "spoken", "")
    return bool(changed)


def write_instead(tx: Tx, message: int, reason: str) -> bool:
    """An answer that is still in the outbox goes out in writing, whole; False if it is none that was to be spoken.

    The caller knows that the network does not have it.
    """
    row = tx.row("SELECT written, besides FROM speech WHERE message = ? AND state <> 'written'", (message,))
    if row is None:
        return False
    whole, besides = row
    _decide(tx, message, "written", reason)
    tx.run(
        "UPDATE messages SET kind = 'text', text = ?, content = '{}', attempts = 0,"
        " state = iif(error IS NULL, 'queued', 'cancelled') WHERE seq = ? AND state IN ('queued', 'sending')"
        " AND network_id IS NULL",
        (whole, message),
    )
    _drop(tx, besides)
    return True


def write_again(tx: Tx, message_id: str, reason: str) -> str | None:
    """The network lost a voice note that it had taken over: what was said goes out in writing; the id of that text.

    None if it is no voice note of ours, or was written already, or is not the assistant's to say any more.
    """
    row = tx.row(
        "SELECT s.message, m.conversation, s.prose, s.written, s.besides, b.state, m.turn FROM messages m"
        " JOIN speech s ON s.message = m.seq JOIN conversations c ON c.seq = m.conversation"
        " LEFT JOIN messages b ON b.seq = s.besides"
        " WHERE m.id = ? AND s.state = 'spoken' AND c.state = 'assistant'",
        (message_id,),
    )
    if row is None:
        return None
    message, conversation, prose, whole, besides, state, turn = row
    _decide(tx, message, "written", reason)
    on_its_way = besides is not None and state != "queued"
    if not on_its_way:
        _drop(tx, besides)
    return messages.queue(
        tx, conversation, author="assistant", kind="text", text=prose if on_its_way else whole, turn=turn
    )


def _decide(tx: Tx, message: int, state: str, reason: str) -> None:
    tx.run("UPDATE speech SET state = ?, asked = '', reason = ? WHERE message = ?", (state, reason[:300], message))


def _drop(tx: Tx, besides: int | None) -> None:
    tx.run(
        "UPDATE messages SET state = 'cancelled', error = ? WHERE seq = ? AND state = 'queued'", (READ_BEFORE, besides)
    )
