"""A file that goes back into service in an older state: a new epoch, in which nothing of the old is done again."""

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from shards.ids import new_epoch
from shards.shard import Tx
from shards.tenant import conversations, identity
from shards.tenant.tombstones import Tombstone

NOBODY_KNOWS: Final = "restored from a copy: nobody can tell whether it was sent"
TURN_ENDED: Final = "the file was restored from a copy"


@frozen(kw_only=True)
class Settled:
    """What was open in the file and is closed now, in rows."""

    unknown_sends: int
    handed_over: int


def begin(tx: Tx) -> str:
    """Give the file a new epoch that begins now; its id."""
    epoch = new_epoch()
    identity.set_fact(tx, "epoch", epoch)
    identity.set_fact(tx, "restored_at", str(tx.now_ms))
    return epoch


def settle(tx: Tx) -> Settled:
    """Close what was under way: no send is repeated, no turn goes on, and people have what is owed."""
    sends = tx.run(
        "UPDATE messages SET state = 'unknown', error = ? WHERE state IN ('queued', 'sending')", (NOBODY_KNOWS,)
    )
    tx.run(
        "UPDATE turns SET state = 'released', ended_at = ?, error = ?, asked = responses WHERE state = 'running'",
        (tx.now_ms, TURN_ENDED),
    )
    owed = [seq for (seq,) in tx.rows("SELECT seq FROM conversations WHERE owed_since IS NOT NULL")]
    for seq in owed:
        conversations.take_over(tx, seq, None)
    # a turn that was begun before belongs to no conversation of this epoch
    tx.run("UPDATE conversations SET generation = generation + 1, send_after = 0, due_at = NULL")
    return Settled(unknown_sends=sends, handed_over=len(owed))


def account_anew(tx: Tx) -> None:
    """Let all receipts and tombstones go to central again; there each counts once, by its id."""
    tx.run("UPDATE usage SET copied = 0 WHERE copied <> 0")
    tx.run("UPDATE tombstones SET copied = 0 WHERE copied <> 0")


def learn(tx: Tx, known: Iterable[Tombstone]) -> int:
    """Take over the tombstones of later epochs that this file does not have; how many."""
    have = {(kind, hash_, at) for kind, hash_, at in tx.rows("SELECT kind, hash, at FROM tombstones")}
    new = [grave for grave in known if (grave.kind, grave.hash, grave.at) not in have]
    tx.connection.executemany(
        "INSERT INTO tombstones (kind, hash, at, copied) VALUES (?, ?, ?, 1)",
        ((grave.kind, grave.hash, grave.at) for grave in new),
    )
    return len(new)
