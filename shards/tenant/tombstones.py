"""Opt-outs and erasures as keyed hashes, on their way to central: a restore must not undo them."""

from collections.abc import Iterable

from attrs import frozen

from shards.shard import Tx


@frozen
class Tombstone:
    """`kind`: opt_out, opt_in or erasure; `hash`: keyed hash of an alias; `at`: ms."""

    kind: str
    hash: bytes
    at: int


def bury(tx: Tx, kind: str, hashes: Iterable[bytes]) -> None:
    """Note that what these aliases stood for was opted out, opted in again, or erased."""
    tx.connection.executemany(
        "INSERT INTO tombstones (kind, hash, at) VALUES (?, ?, ?)",
        ((kind, value, tx.now_ms) for value in hashes),
    )


def uncopied(tx: Tx, limit: int) -> list[tuple[int, Tombstone]]:
    """The oldest that central may not have yet, with their row numbers."""
    return [
        (seq, Tombstone(kind, value, at))
        for seq, kind, value, at in tx.rows(
            "SELECT seq, kind, hash, at FROM tombstones WHERE copied = 0 ORDER BY seq LIMIT ?", (limit,)
        )
    ]


def copied(tx: Tx, seqs: Iterable[int]) -> None:
    """Central has these."""
    tx.connection.executemany("UPDATE tombstones SET copied = 1 WHERE seq = ?", ((seq,) for seq in seqs))
