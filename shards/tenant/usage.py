"""Receipts: what was consumed, one row each, copied to central by its event id."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final

from attrs import fields, frozen

from shards.ids import event_id_of, new_event_id
from shards.shard import Tx


@frozen(kw_only=True)
class Usage:
    """One receipt, as a shard keeps it and as central's ledger takes it over."""

    event_id: str
    at: int
    kind: str  # turn | tokens | unknown | message | speech | transcription | picture
    provider: str
    model: str = ""
    conversation: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    characters: int = 0
    audio_ms: int = 0
    messages: int = 0
    pricing_category: str = ""
    pricing_type: str = ""


COLUMNS: Final = tuple(attribute.name for attribute in fields(Usage))
_INSERT: Final = (
    f"INSERT INTO usage ({', '.join(COLUMNS)}, turn, message) VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"
)
_INSERT_ONCE: Final = _INSERT + " ON CONFLICT DO NOTHING"
_values: Final = attrgetter(*COLUMNS)
_UNCOPIED: Final = f"SELECT seq, {', '.join(COLUMNS)} FROM usage WHERE copied = 0 ORDER BY seq LIMIT ?"


def record(
    tx: Tx,
    kind: str,
    provider: str,
    *,
    turn: int | None = None,
    message: str | None = None,
    **quantities: Any,
) -> str:
    """Write one receipt; its event id. A second "message" receipt of the same message is dropped.

    Also by central, where the first one is known while a restored file has forgotten it.
    """
    once = kind == "message" and message is not None
    event_id = event_id_of(f"message:{message}") if once else new_event_id(tx.now_ms)
    usage = Usage(event_id=event_id, at=tx.now_ms, kind=kind, provider=provider, **quantities)
    tx.run(_INSERT_ONCE if kind == "message" else _INSERT, (*_values(usage), turn, message))
    return usage.event_id


def uncopied(tx: Tx, limit: int) -> list[tuple[int, Usage]]:
    """The oldest receipts that central may not have yet, with their row numbers."""
    return [(row[0], Usage(**dict(zip(COLUMNS, row[1:], strict=True)))) for row in tx.rows(_UNCOPIED, (limit,))]


def copied(tx: Tx, seqs: Iterable[int]) -> None:
    """Central has these."""
    tx.connection.executemany("UPDATE usage SET copied = 1 WHERE seq = ?", ((seq,) for seq in seqs))


def any_uncopied(tx: Tx) -> bool:
    """Whether the rollup has work here (receipts or tombstones)."""
    return bool(
        tx.value(
            "SELECT EXISTS (SELECT 1 FROM usage WHERE copied = 0) OR EXISTS (SELECT 1 FROM tombstones WHERE copied = 0)"
        )
    )


def ids(tx: Tx, after: int, limit: int) -> list[tuple[int, str, bool]]:
    """(row number, event id, copied) of receipts after a row number, in order."""
    return [
        (seq, event_id, bool(copied))
        for seq, event_id, copied in tx.rows(
            "SELECT seq, event_id, copied FROM usage WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
    ]
