"""Read models of central for the control API. Nothing here writes."""

from datetime import datetime

from attrs import frozen

from shards.shard import Tx


@frozen(kw_only=True)
class TenantUsage:
    """What one tenant consumed, summed over receipts of one kind, as far as central has them."""

    tenant: str
    kind: str
    provider: str
    model: str
    pricing_category: str
    pricing_type: str
    receipts: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    characters: int
    audio_ms: int
    messages: int


def usage(
    tx: Tx, *, start: datetime, end: datetime, tenant: str = "", after: str = "", limit: int = 100
) -> tuple[list[TenantUsage], str | None]:
    """The ledger from `start` (included) to `end` (not), `limit` tenants a page, and the next page's cursor."""
    begin, finish = int(start.timestamp() * 1000), int(end.timestamp() * 1000)
    tenants = [
        row[0]
        for row in tx.rows(
            "SELECT id FROM tenants WHERE id > ? AND (?2 = '' OR id = ?2) ORDER BY id LIMIT ?3",
            (after, tenant, limit + 1),
        )
    ]
    lines = [line for id_ in tenants[:limit] for line in _of_tenant(tx, id_, begin, finish)]
    return lines, tenants[limit - 1] if len(tenants) > limit else None


def _of_tenant(tx: Tx, tenant: str, begin: int, finish: int) -> list[TenantUsage]:
    return [
        TenantUsage(
            tenant=tenant,
            kind=row[0],
            provider=row[1],
            model=row[2],
            pricing_category=row[3],
            pricing_type=row[4],
            receipts=row[5],
            input_tokens=row[6],
            output_tokens=row[7],
            cache_read_tokens=row[8],
            cache_write_tokens=row[9],
            characters=row[10],
            audio_ms=row[11],
            messages=row[12],
        )
        for row in tx.rows(
            "SELECT kind, provider, model, pricing_category, pricing_type, count(*), sum(input_tokens),"
            " sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(characters),"
            " sum(audio_ms), sum(messages) FROM ledger WHERE tenant = ? AND at >= ? AND at < ?"
            " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
            (tenant, begin, finish),
        )
    ]
