"""What the network says became of a message, also where it says so before its id is known."""

import json
from typing import Any, Final

from attrs import frozen

from shards.shard import Tx

STATE_RANK: Final = {
    "queued": 0,
    "sending": 1,
    "unknown": 1,
    "failed": 3,
    "sent": 3,
    "delivered": 4,
    "read": 5,
}
"""Statuses come out of order: a message only climbs. A delivery disproves a failure, a late "sent" does not."""

NETWORK_STATES: Final = frozenset(["failed", "sent", "delivered", "read"])
"""What a status may say."""


@frozen
class Climb:
    """What a status meant: the message, its conversation, whether it settled an unsettled send or changed anything,
    and whether the message has its receipt."""

    id: str
    conversation: int
    conversation_id: str
    author: str
    state: str
    settled: bool
    changed: bool
    counted: bool


def apply(tx: Tx, *, our_id: str, network_id: str, status: str, error: str) -> Climb | None:
    """Take a status over; None if it names no message of ours. A repeated or older status changes nothing."""
    row = tx.row(
        "SELECT m.id, m.conversation, c.id, m.author, m.state, m.network_id,"
        " EXISTS (SELECT 1 FROM usage u WHERE u.message = m.id AND u.kind = 'message') FROM messages m"
        " JOIN conversations c ON c.seq = m.conversation"
        " WHERE m.direction = 'out' AND (m.network_id = ?1 OR (m.id = ?2 AND m.network_id IS NULL)) LIMIT 1",
        (network_id, our_id),
    )
    if row is None:
        return None
    id_, conversation, conversation_id, author, state, known_as, counted = row
    target = {"played": "read"}.get(status, status)
    settled = known_as is None
    if target not in NETWORK_STATES:
        if not settled:
            return Climb(id_, conversation, conversation_id, author, state, False, False, bool(counted))
        target = "sent"  # whatever the word means, the network has the message
    new = target if STATE_RANK[target] > STATE_RANK.get(state, -1) else state
    if target == "failed" and state == "sent":
        new = "failed"
    changed = settled or new != state
    if changed:
        tx.run(
            "UPDATE messages SET state = ?, network_id = coalesce(network_id, ?), error = ? WHERE id = ?",
            (new, network_id, error or None, id_),
        )
    return Climb(id_, conversation, conversation_id, author, new, settled, changed, bool(counted))


def keep_early(tx: Tx, *, network_id: str, status: str, at: int, document: dict[str, Any]) -> None:
    """A status of an id we do not know: it may be of a send whose answer is still on its way."""
    tx.run(
        "INSERT INTO early_statuses (network_id, status, at, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (network_id, status, at, json.dumps(document, ensure_ascii=False, separators=(",", ":"))),
    )


def take_early(tx: Tx, network_id: str) -> list[dict[str, Any]]:
    """The statuses that came before the id was known, oldest first; they are removed."""
    rows = list(tx.rows("SELECT document FROM early_statuses WHERE network_id = ? ORDER BY at", (network_id,)))
    if rows:
        tx.run("DELETE FROM early_statuses WHERE network_id = ?", (network_id,))
    return [json.loads(document) for (document,) in rows]


def forget_early(tx: Tx, before: int) -> None:
    """Drop what nobody claimed (ms): other apps and the phone cause statuses too."""
    tx.run("DELETE FROM early_statuses WHERE at < ?", (before,))
