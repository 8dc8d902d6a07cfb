"""Stanzas' decrypted contents on their way into the shard; their rows stay as proof that we had them."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve, field, frozen

from shards.shard import Row, Tx

PROOF_MS: Final = 60 * 24 * 3600 * 1000


@frozen(kw_only=True)
class InboundRow:
    """`hash` is the ciphertext's; `chat` and `sender` are addresses as text; `at` is the network's time in ms."""

    seq: int
    hash: bytes
    chat: str
    sender: str
    id: str
    stanza: bytes
    plaintext: bytes = field(repr=False)
    drained: bool
    at: int


_SELECT: Final = "SELECT seq, hash, chat, sender, id, stanza, plaintext, drained, at FROM inbound"


def _inbound(row: Row) -> InboundRow:
    seq, hash_, chat, sender, id_, stanza, plaintext, drained, at = row
    return InboundRow(
        seq=seq,
        hash=hash_,
        chat=chat,
        sender=sender,
        id=id_,
        stanza=stanza,
        plaintext=plaintext,
        drained=bool(drained),
        at=at,
    )


def by_hash(tx: Tx, hash_: bytes) -> InboundRow | None:
    """What a ciphertext became, if it ever came."""
    row = tx.row(f"{_SELECT} WHERE hash = ?", (hash_,))
    return None if row is None else _inbound(row)


def of_message(tx: Tx, chats: tuple[str, str], id_: str) -> InboundRow | None:
    """The first content that a message had, under either address of its chat."""
    row = tx.row(f"{_SELECT} WHERE id = ? AND chat IN (?, ?) ORDER BY seq", (id_, *chats))
    return None if row is None else _inbound(row)


def store(tx: Tx, row: InboundRow) -> InboundRow:
    """Keep it; with the number it was given. One whose ciphertext came already is returned as it is kept."""
    if (kept := by_hash(tx, row.hash)) is not None:
        return kept
    made = evolve(row, stanza=b"", plaintext=b"") if row.drained else row
    seq: int = tx.value(
        "INSERT INTO inbound (hash, chat, sender, id, stanza, plaintext, drained, at, stored_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
        (
            made.hash,
            made.chat,
            made.sender,
            made.id,
            made.stanza,
            made.plaintext,
            int(made.drained),
            made.at,
            tx.now_ms,
        ),
    )
    return evolve(made, seq=seq)


def to_drain(tx: Tx, limit: int) -> list[InboundRow]:
    """What the shard may not have, in order of arrival."""
    return [_inbound(row) for row in tx.rows(f"{_SELECT} WHERE drained = 0 ORDER BY seq LIMIT ?", (limit,))]


def drained(tx: Tx, seqs: Iterable[int]) -> None:
    """The shard has these: what they say and who says it goes, the proof stays."""
    tx.connection.executemany(
        "UPDATE inbound SET drained = 1, stanza = x'', plaintext = x'' WHERE seq = ?", ((seq,) for seq in seqs)
    )


def tidy(tx: Tx) -> None:
    """Forget proofs after 60 days. What was not drained stays however old it is."""
    tx.run("DELETE FROM inbound WHERE stored_at <= ? AND drained = 1", (tx.now_ms - PROOF_MS,))
