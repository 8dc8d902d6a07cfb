"""Messages of ours as they were encrypted: the same bytes go again until the network has them."""

from typing import Final

import apsw
from attrs import field, frozen

from shards.errors import Conflict
from shards.shard import Row, Tx

PLAINTEXT_MS: Final = 7 * 24 * 3600 * 1000
PROOF_MS: Final = 60 * 24 * 3600 * 1000


@frozen(kw_only=True)
class OutboundRow:
    """`id` is the network's, `our_id` the shard's or ""; `plaintext` is sealed; `at` in ms."""

    id: str
    our_id: str
    chat: str
    node: bytes = field(repr=False)
    plaintext: bytes = field(repr=False)
    phash: str
    state: str
    at: int


_SELECT: Final = "SELECT id, our_id, chat, node, plaintext, phash, state, at FROM outbound"


def _outbound(row: Row) -> OutboundRow:
    id_, our_id, chat, node, plaintext, phash, state, at = row
    return OutboundRow(
        id=id_, our_id=our_id, chat=chat, node=node, plaintext=plaintext, phash=phash, state=state, at=at
    )


def by_our_id(tx: Tx, our_id: str) -> OutboundRow | None:
    """By the message's id in the shard."""
    row = tx.row(f"{_SELECT} WHERE our_id = ? AND our_id <> ''", (our_id,))
    return None if row is None else _outbound(row)


def by_id(tx: Tx, id_: str) -> OutboundRow | None:
    """By the network's id."""
    row = tx.row(f"{_SELECT} WHERE id = ?", (id_,))
    return None if row is None else _outbound(row)


def save(tx: Tx, row: OutboundRow) -> None:
    """Make it, or replace all of it. Raises `Conflict` if its message has another id at the network already."""
    try:
        tx.run(
            "INSERT INTO outbound (id, our_id, chat, node, plaintext, phash, state, at, stored_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET our_id = excluded.our_id,"
            " chat = excluded.chat, node = excluded.node, plaintext = excluded.plaintext, phash = excluded.phash,"
            " state = excluded.state, at = excluded.at",
            (row.id, row.our_id, row.chat, row.node, row.plaintext, row.phash, row.state, row.at, tx.now_ms),
        )
    except apsw.ConstraintError as error:
        raise Conflict(f"the message {row.our_id} has another id at the network than {row.id}") from error


def abandon(tx: Tx) -> None:
    """The device that encrypted them is gone: nothing of it is sent again, nothing can be asked for again."""
    tx.run("UPDATE outbound SET node = x'', plaintext = x'', state = iif(state = 'encrypted', 'failed', state)")
    tx.run("DELETE FROM retries")


def count_retry(tx: Tx, id_: str, device: str) -> int:
    """A device asked for a message again; how often so far."""
    so_far: int = tx.value(
        "INSERT INTO retries VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE"
        " SET count = count + 1, asked_at = excluded.asked_at RETURNING count",
        (id_, device, tx.now_ms),
    )
    return so_far


def tidy(tx: Tx) -> None:
    """Forget plaintext and retries after 7 days, the rest after 60; never a message that the shard still awaits."""
    settled = "(state <> 'encrypted' OR our_id = '')"
    tx.run(
        f"UPDATE outbound SET plaintext = x'' WHERE stored_at <= ? AND plaintext <> x'' AND {settled}",
        (tx.now_ms - PLAINTEXT_MS,),
    )
    tx.run(f"DELETE FROM outbound WHERE stored_at <= ? AND {settled}", (tx.now_ms - PROOF_MS,))
    tx.run("DELETE FROM retries WHERE asked_at <= ?", (tx.now_ms - PLAINTEXT_MS,))
