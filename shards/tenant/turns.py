"""Claims of the right to answer a burst, and how each ended."""

from attrs import frozen

from shards.shard import Tx
from shards.tenant import usage


@frozen(kw_only=True)
class Turn:
    """A claim: speaking is allowed only while the conversation's generation is still this one."""

    seq: int
    conversation: int
    generation: int
    up_to: int


def claim(tx: Tx, conversation: int, generation: int, up_to: int, vendor: str) -> Turn:
    """Begin a turn over the inbound messages up to row `up_to`; the conversation is not due while it runs.

    `vendor`: which one will be asked first, "" for none; until its response is accounted for, one request's
    cost is unknown.
    """
    tx.run(
        "INSERT INTO turns (conversation, generation, up_to, state, started_at, provider, asked)"
        " VALUES (?, ?, ?, 'running', ?, nullif(?, ''), ?)",
        (conversation, generation, up_to, tx.now_ms, vendor, int(bool(vendor))),
    )
    turn = tx.connection.last_insert_rowid()
    tx.run("UPDATE conversations SET due_at = NULL WHERE seq = ?", (conversation,))
    return Turn(seq=turn, conversation=conversation, generation=generation, up_to=up_to)


def end(tx: Tx, turn: Turn, state: str, *, provider: str = "", error: str = "", unknown: tuple[str, ...] = ()) -> None:
    """`settled`, `superseded`, `failed` or `released`.

    `unknown`: the vendors of requests that were begun and got no response; they may be billed.
    """
    row = tx.row(
        "UPDATE turns SET state = ?, ended_at = ?, provider = coalesce(nullif(?, ''), provider),"
        " error = nullif(?, ''), asked = responses + ? WHERE seq = ? AND state = 'running' RETURNING conversation",
        (state, tx.now_ms, provider, error, len(unknown), turn.seq),
    )
    if row is None or not unknown:
        return
    conversation = tx.value("SELECT id FROM conversations WHERE seq = ?", (row[0],))
    for vendor in unknown:
        usage.record(tx, "unknown", vendor, conversation=conversation, turn=turn.seq)


def responded(tx: Tx, turn: int, vendor: str, *, more: bool) -> None:
    """A vendor's response was accounted for; `more`: it will be asked again at once."""
    tx.run(
        "UPDATE turns SET responses = responses + 1, asked = responses + 1 + ?, provider = ? WHERE seq = ?",
        (int(more), vendor, turn),
    )


def release_running(tx: Tx) -> int:
    """Give back the claims of a process that is gone; how many. What they owed is due now."""
    rows = list(
        tx.rows(
            "SELECT seq, conversation, generation, up_to, coalesce(provider, ''), asked - responses FROM turns"
            " WHERE state = 'running'"
        )
    )
    for seq, conversation, generation, up_to, vendor, open_requests in rows:
        turn = Turn(seq=seq, conversation=conversation, generation=generation, up_to=up_to)
        end(tx, turn, "released", error="the daemon ended while the turn ran", unknown=(vendor,) * open_requests)
        tx.run(
            "UPDATE conversations SET"
            " due_at = coalesce(due_at, CASE WHEN state = 'human' THEN human_until ELSE ? END)"
            " WHERE seq = ? AND owed_since IS NOT NULL",
            (tx.now_ms, conversation),
        )
    return len(rows)


def any_running(tx: Tx) -> bool:
    """Whether a claim is open."""
    return tx.value("SELECT 1 FROM turns WHERE state = 'running' LIMIT 1") is not None
