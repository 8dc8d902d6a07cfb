"""Customers' files: fetched at once, retried, given up aloud, and never kept for nobody."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import trio
import trio.testing

from daemon.channels.media import MediaGone, StoredMedia, media_path
from daemon.config import Config
from daemon.errors import FetchError
from daemon.metrics import Metrics
from daemon.tenants.inbound_media import ATTEMPTS, InboundMedia
from shards.directory import ShardHandle
from shards.shard import Tx
from tests.support.shards import HandClock, one_tenant
from tests.support.tenancy import say

HASH = "ab" + "c" * 62


class Fetcher:
    """Gives what it was told to give, in order; the file is on disk then."""

    def __init__(self, media_dir: Path) -> None:
        self.path = media_path(media_dir, "auto-sul", HASH)
        self.plan: list[Exception | None] = []
        self.asked: list[Any] = []
        self.gate: trio.Event | None = None
        self.reached = trio.Event()

    async def fetch(self, wanted: Any) -> StoredMedia:
        self.asked.append(wanted)
        self.reached.set()
        await trio.lowlevel.checkpoint()
        if self.gate is not None:
            await self.gate.wait()
        error = self.plan.pop(0) if self.plan else None
        if error is not None:
            raise error
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"photo")
        return StoredMedia(hash=HASH, mime_type="image/jpeg", bytes=5, path=self.path)


class Desk:
    """One tenant's shard, its fetching task and what it fetches from."""

    def __init__(self, directory: Path, shard: ShardHandle, clock: HandClock, client: httpx.AsyncClient) -> None:
        self.shard, self.clock, self.room = shard, clock, True
        self.metrics = Metrics()
        around = SimpleNamespace(
            now=clock,
            rng=random.Random(1),
            graph=client,
            data_dir=directory,
            config=Config(),
            room=lambda: self.room,
            metrics=self.metrics,
            publish=lambda _, news: self.news.extend(news),
        )
        self.news: list[Any] = []
        self.said: list[str] = []
        self.fetcher = Fetcher(directory / "media")
        self.media = InboundMedia(shard, around, self.fetcher, say=self.said.append)  # type: ignore[arg-type]

    async def want(self, sender: str = "ana", kind: str = "image") -> None:
        def work(tx: Tx) -> None:
            say(tx, sender, "veja")
            seq = tx.value("SELECT max(seq) FROM messages")
            content = '{"media": {"id": "77"}}'
            tx.run("UPDATE messages SET kind = ?, content = ? WHERE seq = ?", (kind, content, seq))
            tx.run("INSERT INTO media_wanted (message, due_at) VALUES (?, ?)", (seq, tx.now_ms))

        await self.shard.write(work)
        self.media.woken()

    async def rows(self, sql: str) -> list[Any]:
        return await self.shard.read(lambda tx: list(tx.rows(sql)))

    async def until_rows(self, sql: str, expected: list[Any]) -> None:
        with trio.fail_after(60):
            while await self.rows(sql) != expected:  # noqa: ASYNC110 - the shard tells nobody
                await trio.sleep(0.005)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = HandClock()
    async with one_tenant(tmp_path, clock) as shard, httpx.AsyncClient() as client:
        yield Desk(tmp_path, shard, clock, client)


async def test_a_file_is_fetched_when_it_is_wanted(desk: Desk, nursery: trio.Nursery) -> None:
    await nursery.start(desk.media.run)
    await desk.want()
    await desk.until_rows("SELECT hash, mime_type, bytes FROM media", [(HASH, "image/jpeg", 5)])
    assert desk.fetcher.asked == [{"id": "77"}]
    assert await desk.rows("SELECT json_extract(content, '$.media.hash') FROM messages") == [(HASH,)]
    assert await desk.rows("SELECT * FROM media_wanted") == []


async def test_what_was_wanted_before_the_start_is_fetched(desk: Desk, nursery: trio.Nursery) -> None:
    await desk.want()
    await nursery.start(desk.media.run)
    await desk.until_rows("SELECT hash FROM media", [(HASH,)])


async def test_a_failure_is_retried_later(desk: Desk, nursery: trio.Nursery) -> None:
    desk.fetcher.plan = [FetchError("no network")]
    await nursery.start(desk.media.run)
    await desk.want()
    await desk.until_rows("SELECT attempts FROM media_wanted", [(1,)])
    [(due_at,)] = await desk.rows("SELECT due_at FROM media_wanted")
    assert 1_000 <= due_at - desk.clock.ms <= 2_000
    assert len(desk.fetcher.asked) == 1
    desk.clock.move(2.1)
    desk.media.woken()
    await desk.until_rows("SELECT hash FROM media", [(HASH,)])


async def test_it_is_given_up_after_so_many(desk: Desk, nursery: trio.Nursery) -> None:
    desk.fetcher.plan = [FetchError("no network") for _ in range(ATTEMPTS)]
    await nursery.start(desk.media.run)
    await desk.want()
    for attempt in range(1, ATTEMPTS):
        await desk.until_rows("SELECT attempts FROM media_wanted", [(attempt,)])
        desk.clock.move(601)
        desk.media.woken()
    await desk.until_rows("SELECT json_extract(content, '$.media.error') FROM messages", [("no network",)])
    assert await desk.rows("SELECT * FROM media_wanted") == []


async def test_a_full_disk_puts_it_off(desk: Desk, nursery: trio.Nursery) -> None:
    desk.room = False
    await nursery.start(desk.media.run)
    await desk.want()
    await trio.testing.wait_all_tasks_blocked(0.05)
    assert desk.fetcher.asked == []
    assert await desk.rows("SELECT attempts FROM media_wanted") == [(0,)], "that is no attempt"


async def test_what_is_gone_is_not_asked_for_again(desk: Desk, nursery: trio.Nursery) -> None:
    desk.fetcher.plan = [MediaGone("WhatsApp does not have it any more")]
    await nursery.start(desk.media.run)
    await desk.want()
    await desk.until_rows(
        "SELECT json_extract(content, '$.media.error') FROM messages", [("WhatsApp does not have it any more",)]
    )
    assert len(desk.fetcher.asked) == 1
    await desk.want("bia")
    await desk.until_rows("SELECT hash FROM media", [(HASH,)])


@pytest.mark.parametrize("known", [False, True])
async def test_a_customer_who_was_erased_meanwhile_leaves_no_file(
    desk: Desk, nursery: trio.Nursery, known: bool
) -> None:
    if known:
        await desk.shard.write(lambda tx: tx.run("INSERT INTO media VALUES (?, 'image/jpeg', 5, 0)", (HASH,)))
    desk.fetcher.gate = trio.Event()
    await nursery.start(desk.media.run)
    await desk.want()
    await desk.fetcher.reached.wait()
    await desk.shard.write(lambda tx: tx.run("DELETE FROM contacts"))
    desk.fetcher.plan = [None, MediaGone("no")]
    desk.fetcher.gate.set()
    await desk.want("bia")  # the next one waits until this one is done
    await desk.until_rows("SELECT count(*) FROM media_wanted", [(0,)])
    if known:
        assert desk.fetcher.path.exists(), "another customer's message shows it"
    else:
        assert await desk.rows("SELECT count(*) FROM media") == [(0,)]


async def test_halves_that_a_kill_left_are_swept(desk: Desk, tmp_path: Path, nursery: trio.Nursery) -> None:
    folder = tmp_path / "media" / "auto-sul"
    folder.mkdir(parents=True)
    (folder / ".incoming-0011").write_bytes(b"half")
    (folder / "ab").mkdir()
    (tmp_path / "media" / "auto-norte").mkdir()
    (tmp_path / "media" / "auto-norte" / ".incoming-0022").write_bytes(b"half")
    await nursery.start(desk.media.run)
    assert sorted(path.name for path in folder.iterdir()) == ["ab"]
    assert (tmp_path / "media" / "auto-norte" / ".incoming-0022").exists(), "a neighbour's is not ours"


async def test_the_fetcher_names_its_halves_as_they_are_swept() -> None:
    from daemon.channels import media
    from daemon.tenants.inbound_media import INCOMING

    source = Path(media.__file__).read_text("utf-8")
    assert f'f"{INCOMING}{{' in source


async def test_a_film_does_not_hold_up_a_picture(desk: Desk, nursery: trio.Nursery) -> None:
    desk.fetcher.gate = trio.Event()
    await nursery.start(desk.media.run)
    await desk.want("ana", kind="video")
    await trio.testing.wait_all_tasks_blocked(0.05)
    assert desk.fetcher.reached.is_set()
    desk.fetcher.gate, film = None, desk.fetcher.gate
    await desk.want("bia", kind="image")
    await desk.until_rows("SELECT count(*) FROM media_wanted", [(1,)])
    film.set()
    await desk.until_rows("SELECT count(*) FROM media_wanted", [(0,)])


async def test_who_waits_for_a_file_learns_that_it_came_or_will_not(desk: Desk, nursery: trio.Nursery) -> None:
    desk.fetcher.plan = [MediaGone("no")]
    await desk.media.arrived([1, 2])
    await desk.want("ana")
    await desk.want("bia")
    seen: list[int] = []
    both = trio.Event()

    async def wait(message: int) -> None:
        await desk.media.arrived([message])
        seen.append(message)
        if len(seen) == 2:
            both.set()

    nursery.start_soon(wait, 1)
    nursery.start_soon(wait, 2)
    await trio.testing.wait_all_tasks_blocked(0.05)
    assert seen == []
    await nursery.start(desk.media.run)
    with trio.fail_after(60):
        await both.wait()


async def test_at_the_quota_a_file_is_given_up_and_everybody_told(desk: Desk, nursery: trio.Nursery) -> None:
    limit = Config().retention.media_mb_per_tenant * 1_000_000
    await desk.shard.write(lambda tx: tx.run("INSERT INTO media VALUES (?, 'image/jpeg', ?, 0)", ("f" * 64, limit)))
    await nursery.start(desk.media.run)
    await desk.want()
    await desk.until_rows("SELECT count(*) FROM media_wanted", [(0,)])
    [(error,)] = await desk.rows("SELECT json_extract(content, '$.media.error') FROM messages")
    assert "2048 MB of 2048 MB" in error
    assert desk.fetcher.asked == []
    [(event, told)] = desk.news
    assert (event, told["state"]) == ("media", "full")
    assert desk.said == [told["reason"]]
    assert b'media_quota_reached{tenant="auto-sul"} 1.0' in desk.metrics.render()
    await desk.shard.write(lambda tx: tx.run("DELETE FROM media"))
    await desk.want()
    await desk.until_rows("SELECT hash FROM media", [(HASH,)])
    assert desk.said[1:] == [""]
    assert b'media_quota_reached{tenant="auto-sul"} 0.0' in desk.metrics.render()
