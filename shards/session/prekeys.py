"""One-time prekeys nobody has used yet. Pairs come and go sealed."""

from collections.abc import Iterable, Sequence
from typing import Final

from shards.session import meta
from shards.shard import Tx

LARGEST_ID: Final = 0xFFFFFF
_LAST: Final = "last_prekey"


def next_ids(tx: Tx, count: int) -> list[int]:
    """That many ids, numbered on from the last that was ever given; after the largest from 1, past those in use."""
    id_ = int(meta.get(tx, _LAST) or 0)
    ids: list[int] = []
    while len(ids) < count:
        id_ = id_ % LARGEST_ID + 1
        if get(tx, id_) is None:
            ids.append(id_)
    if ids:
        meta.put(tx, _LAST, str(id_))
    return ids


def add(tx: Tx, pairs: Iterable[tuple[int, bytes]], *, uploaded: bool) -> None:
    """Keep pairs under ids that `next_ids` gave in this transaction."""
    tx.connection.executemany(
        "INSERT INTO prekeys (id, pair, uploaded) VALUES (?, ?, ?)", ((id_, pair, int(uploaded)) for id_, pair in pairs)
    )


def get(tx: Tx, id_: int) -> bytes | None:
    """The pair, if it was not used yet."""
    found: bytes | None = tx.value("SELECT pair FROM prekeys WHERE id = ?", (id_,))
    return found


def spend(tx: Tx, id_: int) -> None:
    """It is used, and gone."""
    tx.run("DELETE FROM prekeys WHERE id = ?", (id_,))


def unsent(tx: Tx, limit: int) -> list[tuple[int, bytes]]:
    """The oldest that the network may not have."""
    return list(tx.rows("SELECT id, pair FROM prekeys WHERE uploaded = 0 ORDER BY seq LIMIT ?", (limit,)))


def mark_uploaded(tx: Tx, ids: Sequence[int]) -> None:
    """The network has these."""
    tx.connection.executemany("UPDATE prekeys SET uploaded = 1 WHERE id = ?", ((id_,) for id_ in ids))


def left(tx: Tx) -> int:
    """How many of those that the network was given nobody has used yet."""
    count: int = tx.value("SELECT count(*) FROM prekeys WHERE uploaded = 1")
    return count
