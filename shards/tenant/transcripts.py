"""What customers' voice notes say: which are to be heard, and what was heard."""

import json
from typing import Final, Literal

from attrs import frozen

from shards.shard import Tx
from shards.tenant import usage

KINDS: Final = frozenset(["voice", "audio"])
"""Messages that speak."""
PATIENCE_MS: Final = 90_000
"""How long a turn waits for the words of a voice note, its download included."""

Reason = Literal["gone", "large", "long", "broken", "silent", "unheard", "deaf", "late"]
"""Why a voice note has no transcript: its file could not be had, or is too large, too long, no sound file, or without
words; the vendors failed, none may be asked, or it took too long."""


@frozen(kw_only=True)
class ToHear:
    """A voice note that is to be heard. `hash` is None where its file could not be had."""

    message: int
    message_id: str
    conversation_id: str
    hash: str | None


def want(tx: Tx, message: int) -> None:
    """A voice note came."""
    tx.run("INSERT INTO transcripts (message, give_up_at) VALUES (?, ?)", (message, tx.now_ms + PATIENCE_MS))


def to_hear(tx: Tx, limit: int) -> list[ToHear]:
    """The oldest voice notes that are wanted and whose file is here, or will not come."""
    return [
        ToHear(message=message, message_id=id_, conversation_id=conversation, hash=hash_)
        for message, id_, conversation, hash_ in tx.rows(
            "SELECT t.message, m.id, c.id, json_extract(m.content, '$.media.hash')"
            " FROM transcripts t INDEXED BY transcripts_wanted"
            " JOIN messages m ON m.seq = t.message JOIN conversations c ON c.seq = m.conversation"
            " WHERE t.state = 'wanted' AND t.message NOT IN (SELECT message FROM media_wanted)"
            " ORDER BY t.message LIMIT ?",
            (limit,),
        )
    ]


def asked(tx: Tx, message: int, provider: str) -> None:
    """A vendor is about to be asked: after a crash nobody knows what that cost."""
    tx.run("UPDATE transcripts SET provider = ? WHERE message = ? AND state = 'wanted'", (provider, message))


def heard(
    tx: Tx, one: ToHear, *, text: str, audio_ms: int, provider: str, model: str, unknown: tuple[str, ...] = ()
) -> None:
    """A vendor's response: its receipt, and the transcript if the voice note is still there, also when it comes late.

    `unknown`: the vendors that were asked before and gave nothing; they may bill it.
    """
    _receipts(tx, one, unknown)
    usage.record(
        tx,
        "transcription",
        provider,
        model=model,
        conversation=one.conversation_id,
        message=one.message_id,
        audio_ms=audio_ms,
    )
    tx.run(
        "UPDATE transcripts SET state = ?, reason = ?, text = ?, audio_ms = ?, provider = ?, model = ?"
        " WHERE message = ?",
        ("heard" if text else "failed", "" if text else "silent", text, audio_ms, provider, model, one.message),
    )


def fail(tx: Tx, one: ToHear, reason: Reason, unknown: tuple[str, ...] = ()) -> None:
    """It will not be heard; `unknown` as in `heard`."""
    _receipts(tx, one, unknown)
    tx.run(
        "UPDATE transcripts SET state = 'failed', reason = ?, provider = '' WHERE message = ? AND state = 'wanted'",
        (reason, one.message),
    )


def _receipts(tx: Tx, one: ToHear, unknown: tuple[str, ...]) -> None:
    for vendor in unknown:
        usage.record(tx, "unknown", vendor, conversation=one.conversation_id, message=one.message_id)


def resume(tx: Tx) -> bool:
    """After a start: what is wanted has its time anew. Whom the process before had asked may bill it.

    Whether that left receipts.
    """
    left = list(
        tx.rows(
            "SELECT t.provider, m.id, c.id FROM transcripts t JOIN messages m ON m.seq = t.message"
            " JOIN conversations c ON c.seq = m.conversation WHERE t.state = 'wanted' AND t.provider <> ''"
        )
    )
    for vendor, message_id, conversation_id in left:
        usage.record(tx, "unknown", vendor, conversation=conversation_id, message=message_id)
    tx.run("UPDATE transcripts SET give_up_at = ?, provider = '' WHERE state = 'wanted'", (tx.now_ms + PATIENCE_MS,))
    return bool(left)


def any_wanted(tx: Tx) -> bool:
    """Whether a voice note is to be heard."""
    return (
        tx.value("SELECT 1 FROM transcripts INDEXED BY transcripts_wanted WHERE state = 'wanted' LIMIT 1") is not None
    )


def held_until(tx: Tx, conversation: int, after: int) -> int | None:
    """Until when (ms) a turn over the messages past row `after` waits, None if it need not.

    What has had its time is given up here: the turn that asks goes on without it.
    """
    wanted = list(
        tx.rows(
            # from the few that are wanted, not from the conversation's messages
            "SELECT t.message, t.give_up_at FROM transcripts t INDEXED BY transcripts_wanted"
            " CROSS JOIN messages m ON m.seq = t.message"
            " WHERE t.state = 'wanted' AND m.conversation = ? AND m.seq > ?",
            (conversation, after),
        )
    )
    for message, give_up_at in wanted:
        if give_up_at <= tx.now_ms:
            tx.run("UPDATE transcripts SET state = 'failed', reason = 'late' WHERE message = ?", (message,))
    return max((give_up_at for _, give_up_at in wanted if give_up_at > tx.now_ms), default=None)


def due(tx: Tx, message: int) -> tuple[int, int] | None:
    """(conversation, answers given so far) of the voice note's conversation if a turn is owed there."""
    row = tx.row(
        "SELECT c.seq, c.turns FROM messages m JOIN conversations c ON c.seq = m.conversation"
        " WHERE m.seq = ? AND c.due_at IS NOT NULL",
        (message,),
    )
    return None if row is None else (row[0], row[1])


AS_JSON: Final = (
    "(SELECT json_array(t.state, t.text, t.audio_ms, t.provider, t.model, t.reason)"
    " FROM transcripts t WHERE t.message = m.seq)"
)
"""A column of a query on `messages AS m`, for `of_json`."""


@frozen(kw_only=True)
class Transcribed:
    """What is known of a voice note's words, to show; `text` is "" unless `state` is "heard"."""

    state: str  # wanted | heard | failed
    text: str
    seconds: float
    provider: str
    model: str
    reason: str


def of_json(document: str | None) -> Transcribed | None:
    """From `AS_JSON`."""
    if document is None:
        return None
    state, text, audio_ms, provider, model, reason = json.loads(document)
    return Transcribed(state=state, text=text, seconds=audio_ms / 1000, provider=provider, model=model, reason=reason)
