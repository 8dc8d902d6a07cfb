"""Customers' files and small leftovers go when their time has passed, and nothing else does."""

from pathlib import Path

import trio
import trio.testing

from daemon.channels.media import media_path
from daemon.tenants.photos import photo_path
from daemon.tenants.retention import FILES_A_WRITE, Retention
from shards.directory import ShardDirectory
from shards.shard import Tx
from shards.tenant import photos
from tests.support.shards import HandClock
from tests.support.tenancy import say

DAY_SECONDS = 24 * 3600


def _store(tx: Tx, hashes: list[str]) -> None:
    for value in hashes:
        say(tx, "ana", "veja")
        content = f'{{"media": {{"hash": "{value}"}}}}'
        tx.run("UPDATE messages SET content = ? WHERE seq = (SELECT max(seq) FROM messages)", (content,))
        tx.run(
            "INSERT INTO media (hash, mime_type, bytes, stored_at) VALUES (?, 'image/jpeg', 1, ?)", (value, tx.now_ms)
        )


async def test_old_files_are_removed_and_young_ones_stay(tmp_path: Path) -> None:
    clock = HandClock()
    directory = ShardDirectory(tmp_path, limiter=trio.CapacityLimiter(2), now=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        shard = await directory.create("auto-sul")
        old = [f"{number:064x}" for number in range(FILES_A_WRITE + 3)]
        await shard.write(lambda tx: _store(tx, old))
        await shard.write(
            lambda tx: tx.run("INSERT INTO early_statuses VALUES ('wamid.1', 'sent', ?, '{}')", (tx.now_ms,))
        )
        clock.move(90 * DAY_SECONDS + 60)
        young = ["f" * 64]
        await shard.write(lambda tx: _store(tx, young))
        for value in (old[0], young[0]):
            path = media_path(tmp_path / "media", "auto-sul", value)
            path.parent.mkdir(parents=True)
            path.write_bytes(b"x")
        retention = Retention(directory=directory, data_dir=tmp_path, media_days=90, tenants=lambda: ["auto-sul"])
        assert await retention.visit("auto-sul") == len(old)
        assert not media_path(tmp_path / "media", "auto-sul", old[0]).exists()
        assert media_path(tmp_path / "media", "auto-sul", young[0]).exists()
        assert await shard.glance(lambda tx: [value for (value,) in tx.rows("SELECT hash FROM media")]) == young
        assert await shard.glance(lambda tx: tx.value("SELECT count(*) FROM early_statuses")) == 0
        nursery.cancel_scope.cancel()


async def test_one_round_visits_every_tenant_and_skips_a_broken_one(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    clock = HandClock()
    directory = ShardDirectory(tmp_path, limiter=trio.CapacityLimiter(2), now=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        shard = await directory.create("good")
        await shard.write(lambda tx: _store(tx, ["a" * 64]))
        directory.path("bad").write_bytes(b"no database" * 1000)
        clock.move(100 * DAY_SECONDS)
        retention = Retention(directory=directory, data_dir=tmp_path, media_days=90, tenants=lambda: ["bad", "good"])
        await retention.round()
        assert await shard.glance(lambda tx: tx.value("SELECT count(*) FROM media")) == 0
        nursery.cancel_scope.cancel()


async def test_what_customers_deleted_and_old_pictures_of_vehicles_go(tmp_path: Path) -> None:
    clock = HandClock()
    directory = ShardDirectory(tmp_path, limiter=trio.CapacityLimiter(2), now=clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        shard = await directory.create("auto-sul")
        await shard.write(lambda tx: _store(tx, ["b" * 64]))
        await shard.write(lambda tx: tx.run("DELETE FROM messages"))
        await shard.write(lambda tx: photos.keep(tx, "https://fotos.example/1.jpg", "c" * 64, "image/jpeg", 1))
        retention = Retention(directory=directory, data_dir=tmp_path, media_days=90, tenants=lambda: ["auto-sul"])
        path = photo_path(tmp_path / "media", "auto-sul", "c" * 64)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        assert await retention.visit("auto-sul") == 1, "the file that no message has"
        assert path.exists()
        clock.move(31 * DAY_SECONDS)
        assert await retention.visit("auto-sul") == 1
        assert not path.exists()
        nursery.cancel_scope.cancel()
