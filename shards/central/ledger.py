"""Usage of all tenants: append only, each receipt once by its event id."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from shards.shard import Tx

_SUMS: Final = "count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(messages), 0)"


def append(tx: Tx, tenant: str, epoch: str, receipts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Take receipts over (the fields of `shards.tenant.usage.Usage`); those already here change nothing.

    Returns those that were new, for `shards.central.daily.add` in the same transaction.
    """
    given = {receipt["event_id"]: receipt for receipt in reversed(list(receipts))}  # of two the first counts
    here = _here(tx, list(given))
    new = [receipt for event_id, receipt in reversed(given.items()) if event_id not in here]
    tx.connection.executemany(
        "INSERT INTO ledger (event_id, tenant, epoch, at, kind, provider, model, conversation, input_tokens,"
        " output_tokens, cache_read_tokens, cache_write_tokens, characters, audio_ms, messages, pricing_category,"
        " pricing_type, copied_at) VALUES (:event_id, :tenant, :epoch, :at, :kind, :provider, :model, :conversation,"
        " :input_tokens, :output_tokens, :cache_read_tokens, :cache_write_tokens, :characters, :audio_ms, :messages,"
        " :pricing_category, :pricing_type, :copied_at)",
        ({**receipt, "tenant": tenant, "epoch": epoch, "copied_at": tx.now_ms} for receipt in new),
    )
    return new


def _here(tx: Tx, event_ids: list[str]) -> set[str]:
    """Which of these receipts are here, of whichever tenant."""
    sql = "SELECT event_id FROM ledger WHERE event_id IN (SELECT value FROM json_each(?))"
    return {event_id for (event_id,) in tx.rows(sql, (json.dumps(event_ids),))}


def bury(tx: Tx, tenant: str, tombstones: Iterable[tuple[str, bytes, int]]) -> None:
    """Take (kind, hash, at) over; the newest of a kind stands."""
    tx.connection.executemany(
        "INSERT INTO tombstones (tenant, kind, hash, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (tenant, hash, kind) DO UPDATE SET at = max(at, excluded.at)",
        ((tenant, kind, value, at) for kind, value, at in tombstones),
    )


def totals(tx: Tx, tenant: str) -> dict[str, int]:
    """Sums over a tenant's receipts, to compare with its shard."""
    row = tx.row(
        "SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(messages), 0)"
        " FROM ledger WHERE tenant = ?",
        (tenant,),
    )
    assert row is not None
    return dict(zip(("receipts", "input_tokens", "output_tokens", "messages"), row, strict=True))


def graves(tx: Tx, tenant: str) -> list[tuple[str, bytes, int]]:
    """(kind, hash, at) of a tenant's tombstones, as `bury` took them."""
    return [
        (kind, value, at)
        for kind, value, at in tx.rows("SELECT kind, hash, at FROM tombstones WHERE tenant = ?", (tenant,))
    ]


def by_epoch(tx: Tx, tenant: str, until: int) -> list[tuple[Any, ...]]:
    """(epoch, receipts, input tokens, output tokens, messages) of what was copied up to `until` (ms)."""
    sql = f"SELECT epoch, {_SUMS} FROM ledger WHERE tenant = ? AND copied_at <= ? GROUP BY epoch"
    return list(tx.rows(sql, (tenant, until)))


def known(tx: Tx, tenant: str, event_ids: list[str], until: int) -> tuple[list[tuple[Any, ...]], set[str]]:
    """As `by_epoch`, of these receipts alone; and which of them are here, whenever they were copied."""
    wanted = json.dumps(event_ids)
    mine = "+tenant = ? AND event_id IN (SELECT value FROM json_each(?))"
    sql = f"SELECT epoch, {_SUMS} FROM ledger WHERE {mine} AND copied_at <= ? GROUP BY epoch"
    sums = list(tx.rows(sql, (tenant, wanted, until)))
    here = {id_ for (id_,) in tx.rows(f"SELECT event_id FROM ledger WHERE {mine}", (tenant, wanted))}
    return sums, here
