"""One round of polling a tenant's stock feed."""

from datetime import datetime

import trio
from attrs import evolve

from daemon.errors import FetchError
from daemon.stock.errors import StockFileError
from daemon.stock.fetch import Fetcher, Opened
from daemon.stock.importing import ImportReport, import_stock
from daemon.stock.rows import MAX_BODY_BYTES
from shards.directory import ShardHandle
from shards.tenant import stock
from shards.tenant.profile import StockFeed


async def poll(
    shard: ShardHandle,
    feed: StockFeed,
    fetcher: Fetcher,
    now: datetime,
    *,
    limiter: trio.CapacityLimiter | None = None,
) -> str:
    """Ask the feed whether it changed and replace the stock by it if so; how that ended, as a sentence.

    The sentence, the counts and what the next question needs are kept in the shard (`stock.feed_state`), also before
    an error is raised: `FetchError` when the feed cannot be had, `StockFileError` when it is no stock; then the stock
    stays as it was, and the next round asks anew. Raises `ShardError` besides. May be cancelled.
    """
    before = await shard.read(lambda tx: stock.feed_state(tx, feed.url))
    asked = evolve(before, checked_at=now)
    try:
        async with fetcher.open(feed.url, max_bytes=MAX_BODY_BYTES, headers=_conditions(before)) as opened:
            state = await _answered(shard, feed, opened, asked, limiter)
    except (FetchError, StockFileError) as error:
        failed = evolve(asked, ok=False, result=str(error))
        await shard.write(lambda tx: stock.save_feed_state(tx, failed))
        raise
    await shard.write(lambda tx: stock.save_feed_state(tx, state))
    if not state.ok:
        raise StockFileError(state.result, "look at the feed's rows")
    return state.result


def _conditions(before: stock.FeedState) -> dict[str, str]:
    """Request headers that let the server answer 304."""
    headers = {"If-None-Match": before.etag, "If-Modified-Since": before.last_modified}
    return {name: value for name, value in headers.items() if value}


async def _answered(
    shard: ShardHandle,
    feed: StockFeed,
    opened: Opened,
    asked: stock.FeedState,
    limiter: trio.CapacityLimiter | None,
) -> stock.FeedState:
    assert asked.checked_at is not None
    if opened.status == 304:
        return evolve(asked, ok=True, result="the feed has not changed")
    if opened.status != 200:
        raise FetchError(f"the feed answered with HTTP status {opened.status}", "check its address")
    # The format is told by the content: servers call feeds text/html as often as not.
    report = await import_stock(
        shard, opened.chunks, content_type=feed.format, mode="replace", now=asked.checked_at, limiter=limiter
    )
    return _imported(asked, opened, report)


def _imported(asked: stock.FeedState, opened: Opened, report: ImportReport) -> stock.FeedState:
    usable = report.refused < report.rows
    return evolve(
        asked,
        etag=opened.headers.get("etag", "")[:500] if usable else "",
        last_modified=opened.headers.get("last-modified", "")[:100] if usable else "",
        ok=usable,
        result=report.sentence,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        withdrawn=report.withdrawn,
        refused=report.refused,
    )
