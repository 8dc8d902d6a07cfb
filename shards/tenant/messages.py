"""Messages in and out. The outbox is the rows that are queued or sending."""

import json
from typing import Any, Final

from attrs import field, frozen

from shards.ids import new_id
from shards.shard import Tx


@frozen(kw_only=True)
class StoredMessage:
    """One row as the desk reads it; times in ms."""

    seq: int
    id: str
    author: str
    kind: str
    text: str
    content: dict[str, Any]
    network_id: str | None
    vehicle: str | None
    at: int
    quoted_text: str = ""  # of a voice note what it says
    quoted_vehicle: str | None = None
    transcript: str = ""  # what a voice note says
    unheard: str = ""  # why a voice note has no transcript (`transcripts.Reason`)


@frozen(kw_only=True)
class Sendable:
    """One row of the outbox, with what its conversation and its contact say about sending."""

    seq: int
    id: str
    conversation: int
    author: str
    kind: str
    text: str
    content: dict[str, Any]
    reply_to: str | None
    state: str
    attempts: int
    attempted_at: int | None
    resends: int
    withdrawn: bool  # it was being sent when a person took over or the customer opted out
    wished: bool  # it is to be spoken, and whether it will be is not decided
    contact: int
    channel: str
    phone: str  # how the contact is dialled
    user_id: str
    window_opened_at: int  # of its conversation
    send_after: int


@frozen(kw_only=True)
class NewInbound:
    """A customer's message to be stored."""

    conversation: int
    kind: str
    text: str
    network_id: str
    at: int
    content: dict[str, Any] = field(factory=dict)
    reply_to: str | None = None


def known(tx: Tx, network_id: str) -> bool:
    """Whether a message with this network id is stored (in or out)."""
    return tx.value("SELECT 1 FROM messages WHERE network_id = ?", (network_id,)) is not None


def store_inbound(tx: Tx, message: NewInbound) -> tuple[int, str]:
    """Store a customer's message; (row number, public id). The caller has checked that it is not `known`."""
    id_ = new_id(tx.now_ms)
    tx.run(
        "INSERT INTO messages (id, conversation, direction, author, kind, text, content, network_id, reply_to, vehicle,"
        " at, stored_at, state)"
        " VALUES (?, ?, 'in', 'customer', ?, ?, ?, ?, ?,"
        " (SELECT vehicle FROM messages WHERE network_id = ?), ?, ?, 'received')",
        (
            id_,
            message.conversation,
            message.kind,
            message.text,
            _dump(message.content),
            message.network_id,
            message.reply_to,
            message.reply_to,
            message.at,
            tx.now_ms,
        ),
    )
    return tx.connection.last_insert_rowid(), id_


def queue(
    tx: Tx,
    conversation: int,
    *,
    author: str,
    kind: str,
    text: str,
    content: dict[str, Any] | None = None,
    vehicle: str | None = None,
    turn: int | None = None,
    reply_to: str | None = None,
) -> str:
    """Put a message into the outbox; its public id, which goes out with it and comes back in statuses."""
    id_ = new_id(tx.now_ms)
    tx.run(
        "INSERT INTO messages (id, conversation, direction, author, kind, text, content, vehicle, turn, reply_to,"
        " at, stored_at, state) VALUES (?, ?, 'out', ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
        (
            id_,
            conversation,
            author,
            kind,
            text,
            _dump(content or {}),
            vehicle,
            turn,
            reply_to,
            tx.now_ms,
            tx.now_ms,
        ),
    )
    tx.run("UPDATE conversations SET last_message_at = ? WHERE seq = ?", (tx.now_ms, conversation))
    return id_


def store_sent_elsewhere(
    tx: Tx, conversation: int, *, kind: str, text: str, content: dict[str, Any], network_id: str, at: int
) -> str:
    """Keep what a person sent from the phone; its public id."""
    id_ = new_id(tx.now_ms)
    tx.run(
        "INSERT INTO messages (id, conversation, direction, author, kind, text, content, network_id, at, stored_at,"
        " state) VALUES (?, ?, 'out', 'human', ?, ?, ?, ?, ?, ?, 'sent')",
        (id_, conversation, kind, text, _dump(content), network_id, at, tx.now_ms),
    )
    tx.run("UPDATE conversations SET last_message_at = ? WHERE seq = ?", (tx.now_ms, conversation))
    return id_


_READ: Final = (
    "SELECT m.seq, m.id, m.author, m.kind, m.text, m.content, m.network_id, m.vehicle, m.at,"
    " coalesce(nullif(q.text, ''), qt.text, ''), q.vehicle, coalesce(t.text, ''), coalesce(t.reason, '')"
    " FROM messages m LEFT JOIN messages q ON m.reply_to IS NOT NULL AND q.network_id = m.reply_to"
    " LEFT JOIN transcripts t ON t.message = m.seq LEFT JOIN transcripts qt ON qt.message = q.seq"
    " WHERE m.conversation = ?"
)


def _stored(row: tuple[Any, ...]) -> StoredMessage:
    seq, id_, author, kind, text, content, network_id, vehicle, at, quoted_text, quoted_vehicle, said, unheard = row
    return StoredMessage(
        seq=seq,
        id=id_,
        author=author,
        kind=kind,
        text=text,
        content=json.loads(content),
        network_id=network_id,
        vehicle=vehicle,
        at=at,
        quoted_text=quoted_text,
        quoted_vehicle=quoted_vehicle,
        transcript=said,
        unheard=unheard,
    )


def burst(tx: Tx, conversation: int, *, after: int, limit: int) -> list[StoredMessage]:
    """The customer's newest messages past row `after`, oldest first, deleted ones left out."""
    rows = tx.rows(
        _READ + " AND m.seq > ? AND m.direction = 'in' AND m.kind <> 'revoked' ORDER BY m.seq DESC LIMIT ?",
        (conversation, after, limit),
    )
    return [_stored(row) for row in rows][::-1]


def history(tx: Tx, conversation: int, *, before: int, limit: int) -> list[StoredMessage]:
    """What was said up to row `before`, oldest first; what was never sent is left out."""
    rows = tx.rows(
        _READ + " AND m.seq <= ? AND m.state NOT IN ('cancelled', 'failed') AND m.kind <> 'revoked'"
        " ORDER BY m.seq DESC LIMIT ?",
        (conversation, before, limit),
    )
    return [_stored(row) for row in rows][::-1]


# The outbox


def conversations_to_send(tx: Tx) -> list[int]:
    """Conversations with something queued or unsettled."""
    return [
        seq
        for (seq,) in tx.rows(
            "SELECT DISTINCT conversation FROM messages WHERE state IN ('queued', 'sending') ORDER BY conversation"
        )
    ]


_SENDABLE: Final = (
    *("seq", "id", "conversation", "author", "kind", "text", "reply_to", "state", "attempts", "attempted_at"),
    *("resends", "contact", "channel", "phone", "user_id", "window_opened_at", "send_after"),
)


def next_to_send(tx: Tx, conversation: int) -> Sendable | None:
    """The oldest message of a conversation that is queued or sending."""
    row = tx.row(
        "SELECT m.seq, m.id, m.conversation, m.author, m.kind, m.text, m.reply_to, m.state, m.attempts, m.attempted_at,"
        " m.resends, c.contact, c.channel, p.dial_phone, p.dial_user_id, c.window_opened_at, c.send_after,"
        " m.content, m.state = 'sending' AND m.error IS NOT NULL,"
        " EXISTS (SELECT 1 FROM speech s WHERE s.message = m.seq AND s.state = 'wished')"
        " FROM messages m JOIN conversations c ON c.seq = m.conversation JOIN contacts p ON p.seq = c.contact"
        " WHERE m.conversation = ? AND m.state IN ('queued', 'sending') ORDER BY m.seq LIMIT 1",
        (conversation,),
    )
    if row is None:
        return None
    *plain, content, withdrawn, wished = row
    return Sendable(
        **dict(zip(_SENDABLE, plain, strict=True)),
        content=json.loads(content),
        withdrawn=bool(withdrawn),
        wished=bool(wished),
    )


def claim_send(tx: Tx, seq: int, *, resend: bool) -> None:
    """The message is about to be handed to the network: from now on its outcome may be unknown."""
    tx.run(
        "UPDATE messages SET state = 'sending', attempts = attempts + 1, attempted_at = ?, resends = resends + ?,"
        " error = NULL WHERE seq = ?",
        (tx.now_ms, int(resend), seq),
    )


def settle_send(tx: Tx, id_: str, network_id: str, *, state: str = "sent") -> bool:
    """The network took the message over under this id; False if that was known already."""
    return bool(
        tx.run(
            "UPDATE messages SET network_id = ?, error = NULL,"
            " state = CASE WHEN state IN ('queued', 'sending', 'unknown', 'cancelled') THEN ? ELSE state END"
            " WHERE id = ? AND network_id IS NULL",
            (network_id, state, id_),
        )
    )


def release_send(tx: Tx, id_: str, reason: str) -> None:
    """Surely not sent: back into the queue, unless it was withdrawn meanwhile."""
    tx.run(
        "UPDATE messages SET state = iif(error IS NULL, 'queued', 'cancelled'), error = coalesce(error, ?)"
        " WHERE id = ? AND state = 'sending' AND network_id IS NULL",
        (reason, id_),
    )


def give_up(tx: Tx, id_: str, state: str, reason: str) -> bool:
    """`failed`: the network refused it for good; `unknown`: nobody can tell. False if that was settled already."""
    return bool(
        tx.run(
            "UPDATE messages SET state = ?, error = ? WHERE id = ? AND network_id IS NULL"
            " AND state IN ('queued', 'sending')",
            (state, reason, id_),
        )
    )


def cancel_unsent(tx: Tx, conversation: int, reason: str) -> int:
    """Withdraw the assistant's messages that are still queued; how many. One that is being sent is on its way:
    it is marked (a `sending` row has no other error), so that it is not tried again."""
    tx.run(
        "UPDATE messages SET error = ? WHERE conversation = ? AND state = 'sending' AND network_id IS NULL"
        " AND author = 'assistant'",
        (reason, conversation),
    )
    return tx.run(
        "UPDATE messages SET state = 'cancelled', error = ? WHERE conversation = ? AND state = 'queued'"
        " AND author = 'assistant'",
        (reason, conversation),
    )


def edit(tx: Tx, network_id: str, text: str) -> int | None:
    """The customer changed a message: its row number, or None if it is not stored."""
    row = tx.row(
        "UPDATE messages SET text = ? WHERE network_id = ? AND direction = 'in' AND kind <> 'revoked' RETURNING seq",
        (text, network_id),
    )
    return row[0] if row else None


def revoke(tx: Tx, network_id: str) -> int | None:
    """The customer deleted a message: what it said goes, the row stays. Its row number, or None."""
    row = tx.row(
        "UPDATE messages SET kind = 'revoked', text = '', content = '{}' WHERE network_id = ? AND direction = 'in'"
        " RETURNING seq",
        (network_id,),
    )
    if row is None:
        return None
    tx.run("DELETE FROM media_wanted WHERE message = ?", (row[0],))
    tx.run("DELETE FROM transcripts WHERE message = ?", (row[0],))
    seq: int = row[0]
    return seq


def react(tx: Tx, target: str, emoji: str, at: int) -> None:
    """Keep the customer's newest reaction to a message; an empty emoji takes it back."""
    if emoji:
        tx.run(
            "INSERT INTO reactions (target, emoji, at) VALUES (?, ?, ?) ON CONFLICT (target) DO UPDATE"
            " SET emoji = excluded.emoji, at = excluded.at WHERE excluded.at >= reactions.at",
            (target, emoji, at),
        )
    else:
        tx.run("DELETE FROM reactions WHERE target = ? AND at <= ?", (target, at))


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
