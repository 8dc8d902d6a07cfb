"""A tenant's threads with its contacts: who answers, what is owed, and until when."""

import json
from typing import Any, Final

from attrs import frozen

from shards.errors import NotFound
from shards.ids import new_id
from shards.shard import Tx
from shards.tenant import messages

DAY_MS: Final = 24 * 60 * 60 * 1000
MAX_RESTARTS: Final = 2
"""How often one burst's turn is begun anew because the customer wrote on."""


@frozen(kw_only=True)
class Conversation:
    """One row; times in ms."""

    seq: int
    id: str
    contact: int
    channel: str
    state: str  # assistant | human | closed
    human_until: int | None
    window_opened_at: int
    generation: int
    owed_since: int | None
    due_at: int | None
    restarts: int
    failures: int
    answered_seq: int
    turns: int
    send_after: int
    memory: dict[str, Any]

    def held_by_human(self, now_ms: int) -> bool:
        """Whether the assistant must be silent now."""
        return self.state == "human" and (self.human_until is None or self.human_until > now_ms)


_COLUMNS: Final = (
    "seq, id, contact, channel, state, human_until, window_opened_at, generation, owed_since, due_at,"
    " restarts, failures, answered_seq, turns, send_after, memory"
)
_ONE: Final = f"SELECT {_COLUMNS} FROM conversations WHERE seq = ?"
_NAMES: Final = tuple(name.strip() for name in _COLUMNS.split(","))


def _conversation(row: tuple[Any, ...]) -> Conversation:
    values = dict(zip(_NAMES, row, strict=True))
    values["memory"] = json.loads(values["memory"])
    return Conversation(**values)


def one(tx: Tx, seq: int) -> Conversation:
    """The conversation with this row number. Raises `NotFound`."""
    found = find(tx, seq)
    if found is None:
        raise NotFound(f"there is no conversation {seq} here")
    return found


def find(tx: Tx, seq: int) -> Conversation | None:
    """The conversation with this row number, None if it is gone (erased, or joined to another)."""
    row = tx.row(_ONE, (seq,))
    return None if row is None else _conversation(row)


def by_id(tx: Tx, id_: str) -> Conversation:
    """The conversation with this public id. Raises `NotFound`."""
    row = tx.row(f"SELECT {_COLUMNS} FROM conversations WHERE id = ?", (id_,))
    if row is None:
        raise NotFound(f"there is no conversation {id_!r}", "list them to find the id")
    return _conversation(row)


def of_contact(tx: Tx, contact: int, channel: str) -> Conversation:
    """The contact's conversation on a channel, begun if there is none."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM conversations WHERE contact = ? AND channel = ?",
        (contact, channel),
    )
    if row is None:
        row = tx.row(
            "INSERT INTO conversations (id, contact, channel, created_at, last_message_at) VALUES (?, ?, ?, ?, ?)"
            f" RETURNING {_COLUMNS}",
            (new_id(tx.now_ms), contact, channel, tx.now_ms, tx.now_ms),
        )
        assert row is not None
    return _conversation(row)


def customer_wrote(tx: Tx, conversation: Conversation, *, at: int) -> None:
    """A customer's message was stored: the thread moves up and its 24-hour window opens (`at`: network time)."""
    tx.run(
        "UPDATE conversations SET last_message_at = ?, window_opened_at = max(window_opened_at, ?) WHERE seq = ?",
        (tx.now_ms, at, conversation.seq),
    )


@frozen
class Owed:
    """When the turn for what was just stored is due (ms, None while a person has the thread for good), and whether
    one that runs is overtaken by it."""

    due_at: int | None
    overtakes: bool


def owe(tx: Tx, conversation: Conversation, *, quiet_ms: int, quiet_max_ms: int) -> Owed:
    """An answer is owed for what was just stored.

    A running turn is overtaken (its generation is past) at most `MAX_RESTARTS` times a burst; after that it
    may finish, and the newest message waits for the next turn.
    """
    running = tx.value(
        "SELECT 1 FROM turns WHERE conversation = ? AND state = 'running' AND generation = ?",
        (conversation.seq, conversation.generation),
    )
    owed_since = conversation.owed_since if conversation.owed_since is not None else tx.now_ms
    state, human_until = conversation.state, conversation.human_until
    generation, restarts = conversation.generation, conversation.restarts
    if conversation.held_by_human(tx.now_ms):
        due_at = human_until
        generation += 1
    else:
        state, human_until = "assistant", None
        if running and restarts >= MAX_RESTARTS:
            # the spell counts from this message: the turn that runs answers those before
            due_at = tx.now_ms + quiet_ms
        else:
            restarts += 1 if running else 0
            generation += 1
            spell_began = tx.now_ms if running else owed_since
            due_at = min(tx.now_ms + quiet_ms, max(spell_began + quiet_max_ms, tx.now_ms))
            if restarts and not running and conversation.due_at is not None:
                # a spell that a restart began is not cut short because the burst is older
                due_at = max(due_at, conversation.due_at)
    tx.run(
        "UPDATE conversations SET owed_since = ?, due_at = ?, state = ?, human_until = ?, generation = ?, restarts = ?"
        " WHERE seq = ?",
        (owed_since, due_at, state, human_until, generation, restarts, conversation.seq),
    )
    return Owed(due_at, overtakes=generation != conversation.generation)


def take_over(tx: Tx, seq: int, until: int | None) -> None:
    """A person has the conversation until `until` (ms; None: until released). The running turn is overtaken."""
    tx.run(
        "UPDATE conversations SET state = 'human', human_until = ?1, generation = generation + 1, restarts = 0,"
        " failures = 0, due_at = CASE WHEN owed_since IS NULL THEN NULL ELSE ?1 END WHERE seq = ?2",
        (until, seq),
    )


def release(tx: Tx, seq: int) -> None:
    """The assistant has the conversation again; what is still owed is due now."""
    tx.run(
        "UPDATE conversations SET state = 'assistant', human_until = NULL, generation = generation + 1,"
        " due_at = CASE WHEN owed_since IS NULL THEN NULL ELSE ? END WHERE seq = ?",
        (tx.now_ms, seq),
    )


def answered(tx: Tx, seq: int, up_to: int) -> None:
    """Everything up to the inbound message `up_to` has its answer, from whomever."""
    tx.run(
        "UPDATE conversations SET owed_since = NULL, due_at = NULL, restarts = 0, failures = 0,"
        " answered_seq = max(answered_seq, ?) WHERE seq = ?",
        (up_to, seq),
    )


def spoke(tx: Tx, seq: int, generation: int, *, up_to: int, memory: dict[str, Any]) -> bool:
    """The assistant answers everything up to the inbound message `up_to`, as `answered`, if the conversation is its
    own and still of this generation; else False, and nothing is changed."""
    return bool(
        tx.run(
            "UPDATE conversations SET turns = turns + 1, memory = ?, owed_since = NULL, due_at = NULL, restarts = 0,"
            " failures = 0, answered_seq = max(answered_seq, ?)"
            " WHERE seq = ? AND generation = ? AND state = 'assistant'",
            (json.dumps(memory, ensure_ascii=False, separators=(",", ":")), up_to, seq, generation),
        )
    )


def answered_until(tx: Tx, seq: int, at: int) -> None:
    """A person answered at `at` (network time, ms): what the customer wrote later is still owed."""
    row = tx.row(
        "SELECT max(iif(at <= ?2, seq, 0)), min(iif(at > ?2, stored_at, NULL)) FROM messages WHERE conversation = ?1"
        " AND direction = 'in' AND kind <> 'revoked' AND seq > (SELECT answered_seq FROM conversations WHERE seq = ?1)",
        (seq, at),
    )
    assert row is not None
    up_to, newer = row
    owed = tx.value("SELECT owed_since FROM conversations WHERE seq = ?", (seq,)) is not None
    answered(tx, seq, up_to or 0)
    if owed and newer is not None:
        tx.run("UPDATE conversations SET owed_since = ? WHERE seq = ?", (newer, seq))


def merge(tx: Tx, *, keep: int, gone: int) -> None:
    """Two threads are one person's: all of `gone` becomes `keep`'s. Running turns of both are overtaken.

    What was owed in either is owed, what a person held in either is held, and nothing is taken for answered that
    was not.
    """
    first_open = [_first_unanswered(tx, seq) for seq in (keep, gone)]
    for table in ("messages", "turns", "leads", "appointments"):
        tx.run(f"UPDATE {table} SET conversation = ? WHERE conversation = ?", (keep, gone))
    one_, other = one(tx, keep), one(tx, gone)
    owed = [thread.owed_since for thread in (one_, other) if thread.owed_since is not None]
    held = [thread for thread in (one_, other) if thread.held_by_human(tx.now_ms)]
    untils = [thread.human_until for thread in held if thread.human_until is not None]
    until = max(untils) if untils and len(untils) == len(held) else None
    dues = [thread.due_at for thread in (one_, other) if thread.due_at is not None]
    due_at = None
    if owed:
        due_at = until if held else min(dues, default=tx.now_ms)
    answered_seq = min(
        [seq - 1 for seq in first_open if seq is not None], default=max(one_.answered_seq, other.answered_seq)
    )
    tx.run(
        "UPDATE conversations SET generation = max(conversations.generation, other.generation) + 1,"
        " window_opened_at = max(conversations.window_opened_at, other.window_opened_at),"
        " last_message_at = max(conversations.last_message_at, other.last_message_at),"
        " send_after = max(conversations.send_after, other.send_after),"
        " turns = conversations.turns + other.turns,"
        " state = ?3, human_until = ?4, owed_since = ?5, due_at = ?6, answered_seq = ?7, restarts = 0"
        " FROM conversations AS other WHERE conversations.seq = ?1 AND other.seq = ?2",
        (keep, gone, "human" if held else "assistant", until, min(owed, default=None), due_at, answered_seq),
    )
    tx.run("DELETE FROM conversations WHERE seq = ?", (gone,))


def _first_unanswered(tx: Tx, seq: int) -> int | None:
    """The oldest inbound message that is owed an answer."""
    found: int | None = tx.value(
        "SELECT min(m.seq) FROM conversations c JOIN messages m ON m.conversation = c.seq AND m.seq > c.answered_seq"
        " WHERE c.seq = ? AND c.owed_since IS NOT NULL AND m.direction = 'in'",
        (seq,),
    )
    return found


def silence(tx: Tx, contact: int) -> None:
    """The contact wants no messages: nothing is owed in any of its threads, and no assistant speaks there."""
    for (seq,) in list(tx.rows("SELECT seq FROM conversations WHERE contact = ?", (contact,))):
        messages.cancel_unsent(tx, seq, "the customer opted out")
        take_over(tx, seq, None)
        answered(tx, seq, newest_inbound(tx, seq))


def newest_inbound(tx: Tx, seq: int) -> int:
    """Row number of the customer's newest message, 0 if there is none."""
    return tx.value("SELECT max(seq) FROM messages WHERE conversation = ? AND direction = 'in'", (seq,)) or 0


def due(tx: Tx) -> list[tuple[int, int, int]]:
    """(conversation, due at ms, answers given so far) of all that are owed to the assistant, soonest first."""
    return [
        (seq, due_at, turns)
        for seq, due_at, turns in tx.rows(
            "SELECT seq, due_at, turns FROM conversations WHERE due_at IS NOT NULL ORDER BY due_at"
        )
    ]


def hold_sending(tx: Tx, seq: int, until: int) -> None:
    """The outbox leaves this conversation alone until then (ms)."""
    tx.run("UPDATE conversations SET send_after = ? WHERE seq = ?", (until, seq))
