import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.errors import FetchError
from daemon.stock.errors import StockFileError
from daemon.stock.feed import poll
from daemon.stock.fetch import Fetcher
from shards.directory import ShardHandle
from shards.tenant import stock
from shards.tenant.profile import StockFeed
from tests.support.stock_shard import NOW, closed, shard_on_disk
from tests.support.web_peer import Answer, Asked, web_peer

BODY = gzip.compress(json.dumps([{"id": n, "make": "Fiat", "model": "Uno"} for n in range(3)]).encode(), mtime=0)


@pytest.fixture
async def shard(tmp_path: Path) -> AsyncIterator[ShardHandle]:
    handle = await shard_on_disk(tmp_path)
    yield handle
    await closed(handle)


class Feed:
    """A feed with an ETag, which can be made to fail."""

    def __init__(self) -> None:
        self.body = BODY
        self.etag = '"1"'
        self.status = 200

    def __call__(self, asked: Asked) -> Answer:
        if self.status != 200:
            return self.status, {}, b"oops"
        if asked.headers.get("if-none-match") == self.etag:
            return 304, {"ETag": self.etag, "Content-Length": ""}, b""
        headers = {"ETag": self.etag, "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT", "Content-Type": "text/html"}
        return 200, headers, self.body


async def test_rounds_of_a_feed(shard: ShardHandle) -> None:
    answer = Feed()
    async with web_peer(answer) as peer, Fetcher(allow_private=["127.0.0.0/8"]) as fetcher:
        feed = StockFeed(url=f"http://127.0.0.1:{peer.port}/estoque")

        async def state() -> stock.FeedState:
            return await shard.read(lambda tx: stock.feed_state(tx, feed.url))

        result = await poll(shard, feed, fetcher, NOW)
        assert result == "3 rows: 3 created, 0 updated, 0 unchanged, 0 withdrawn, 0 refused"
        first = await state()
        assert (first.ok, first.result, first.created, first.etag, first.checked_at) == (True, result, 3, '"1"', NOW)
        assert "if-none-match" not in peer.asked[0].headers

        assert await poll(shard, feed, fetcher, NOW) == "the feed has not changed"
        assert peer.asked[1].headers["if-none-match"] == '"1"'
        assert peer.asked[1].headers["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"
        assert ((await state()).etag, (await state()).created) == ('"1"', 3)

        answer.status = 500
        with pytest.raises(FetchError, match="HTTP status 500"):
            await poll(shard, feed, fetcher, NOW)
        failed = await state()
        assert (failed.ok, failed.etag) == (False, '"1"')
        assert "500" in failed.result

        answer.status, answer.etag, answer.body = 200, '"2"', b'[{"id": 1, "make": "Fiat"'
        with pytest.raises(StockFileError, match="cut off"):
            await poll(shard, feed, fetcher, NOW)
        assert (await state()).etag == '"1"', "the next round asks for it again"

        answer.etag, answer.body = '"3"', b'[{"id": 1, "make": "Fiat"}]'
        with pytest.raises(StockFileError, match="nothing was withdrawn"):
            await poll(shard, feed, fetcher, NOW)
        assert (await state()).etag == ""

        answer.etag, answer.body = '"4"', BODY
        assert "3 unchanged" in await poll(shard, feed, fetcher, NOW)
        assert (await state()).ok
        assert len(await shard.read(lambda tx: stock.hot(tx, 10))) == 3


async def test_an_address_inside_is_refused_and_told(shard: ShardHandle) -> None:
    feed = StockFeed(url="http://127.0.0.1:9/")
    async with Fetcher() as fetcher:
        with pytest.raises(FetchError, match="not a public address"):
            await poll(shard, feed, fetcher, NOW)
    state = await shard.read(lambda tx: stock.feed_state(tx, feed.url))
    assert not state.ok
    assert "allow_private" in state.result
