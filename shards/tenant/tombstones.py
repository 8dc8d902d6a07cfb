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


def newest_choice(tx: Tx, hashes: Iterable[bytes]) -> Tombstone | None:
    """The last opt-out or opt-in of any of these aliases, if none of them was erased since."""
    found: list[Tombstone] = []
    for value in hashes:
        found += [
            Tombstone(kind, value, at)
            for kind, at in tx.rows("SELECT kind, at FROM tombstones WHERE hash = ? ORDER BY at", (value,))
        ]
    newest = max(found, key=lambda grave: (grave.at, grave.kind == "opt_out"), default=None)
    return newest if newest is not None and newest.kind != "erasure" else None
