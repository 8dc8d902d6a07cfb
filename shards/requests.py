"""Idempotency keys: what a repeated call is answered. The same table is in central and in every shard."""

import hashlib
from collections.abc import Callable
from typing import Final

from attrs import frozen

from shards.errors import Conflict
from shards.shard import Tx

KEPT_MS: Final = 24 * 3600 * 1000
_PURGE_EVERY: Final = 64


class AlreadyDone(Conflict):
    """The call with this `key` was carried out meanwhile; `done` is what it answered."""

    def __init__(self, done: "DoneRequest", key: "RequestKey") -> None:
        super().__init__("the call with this Idempotency-Key was already carried out", "use its answer")
        self.done = done
        self.key = key


@frozen
class RequestKey:
    """Which call this is: who makes it, where, under which key, with which body."""

    token: str
    path: str
    key: str
    body_hash: bytes


@frozen
class DoneRequest:
    """What a call was answered."""

    body_hash: bytes
    status: int
    response: bytes


@frozen
class StoredRequest:
    """A call to be stored with its effect.

    `render` makes the response from the open transaction and the id of what the effect made or changed;
    it runs after the effect, in the same transaction.
    """

    key: RequestKey
    status: int
    render: Callable[[Tx, str], bytes]


def body_hash(body: bytes) -> bytes:
    """What tells one body from another."""
    return hashlib.sha256(body).digest()


def find(tx: Tx, key: RequestKey) -> DoneRequest | None:
    """The stored answer of a call of the last 24 hours."""
    row = tx.row(
        "SELECT body_hash, status, response FROM requests WHERE token = ? AND path = ? AND key = ? AND at > ?",
        (key.token, key.path, key.key, tx.now_ms - KEPT_MS),
    )
    return None if row is None else DoneRequest(*row)


def store(tx: Tx, request: StoredRequest | None, subject: str) -> None:
    """Keep the answer of the call whose effect this transaction wrote. None: nobody asked for it.

    Raises `AlreadyDone`, which undoes the transaction, when another call with the key was faster.
    """
    if request is None:
        return
    done = find(tx, request.key)
    if done is not None:
        raise AlreadyDone(done, request.key)
    key = request.key
    tx.run(
        "INSERT OR REPLACE INTO requests (token, path, key, body_hash, status, response, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key.token,
            key.path,
            key.key,
            key.body_hash,
            request.status,
            request.render(tx, subject),
            tx.now_ms,
        ),
    )
    if tx.now_ms % _PURGE_EVERY == 0:
        purge(tx)


def purge(tx: Tx) -> int:
    """Drop what is older than 24 hours; how many."""
    return tx.run("DELETE FROM requests WHERE at <= ?", (tx.now_ms - KEPT_MS,))
