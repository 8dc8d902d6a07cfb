from pathlib import Path

import pytest
import trio

from daemon.assembly import Parts
from shards.errors import Invalid, NotFound, ShardUnavailable, StorageFull
from tests.support.house import house, sandbox_profile, until


async def test_copies_and_sets_on_demand(tmp_path: Path) -> None:
    async with house(tmp_path) as parts, trio.open_nursery() as nursery:
        await nursery.start(parts.office.run)
        await parts.service.create(sandbox_profile("auto-sul"), {})
        report = await parts.office.copy_now()
        assert (report.copied, report.failed) == (2, {})
        made = await parts.office.begin("auto-sul")
        with pytest.raises(NotFound):
            await parts.office.begin("nobody")

        async def done() -> bool:
            return (await parts.office.one(made.id)).backup.state == "done"

        await until(done)
        assert [one.id for one in await parts.office.sets()] == [made.id]
        source = await parts.office.source(backup=made.id, file="", tenant="auto-sul")
        assert source.name == "auto-sul.db"
        restored = await parts.office.restore("auto-sul", source)
        assert restored.tenant == "auto-sul"
        assert [line.error for line in await parts.office.reconcile("")] == [""]
        await parts.office.remove(made.id)
        parts.floor._free = lambda _: 0
        with pytest.raises(StorageFull):
            await parts.office.copy_now()
        nursery.cancel_scope.cancel()


async def test_only_files_of_the_data_directory_are_taken(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        (tmp_path / "secret.db").write_text("somebody's")
        (tmp_path / "data" / "incoming").mkdir()
        (tmp_path / "data" / "incoming" / "way-out.db").symlink_to(tmp_path / "secret.db")
        for file in (
            "../secret.db",
            "incoming/../../secret.db",
            "incoming/way-out.db",
            "/etc/passwd",
            "central.db",
            "sessions/a.db",
            "incoming/none.db",
            "incoming",
            ".",
            "a\0b",
        ):
            with pytest.raises(Invalid):
                await parts.office.source(backup="", file=file, tenant="")
        for backup, file in (("", ""), ("a", "b")):
            with pytest.raises(Invalid, match="either"):
                await parts.office.source(backup=backup, file=file, tenant="")
        with pytest.raises(NotFound):
            await parts.office.source(backup="../../x", file="", tenant="auto-sul")


async def test_a_stop_answers_those_who_wait(tmp_path: Path) -> None:
    async with house(tmp_path) as parts, trio.open_nursery() as nursery:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        office = trio.CancelScope()
        nursery.start_soon(_run, parts, office)
        parts.copies._pace = 0.001
        nursery.start_soon(_cancel, parts, office)
        with pytest.raises(ShardUnavailable, match="stopping"):
            await parts.office.copy_now()


async def _run(parts: Parts, scope: trio.CancelScope) -> None:
    with scope:
        await parts.office.run()


async def _cancel(parts: Parts, scope: trio.CancelScope) -> None:
    scratch = parts.directory.data_dir / "copying"
    await until(lambda: scratch.exists() and any(scratch.iterdir()))
    scope.cancel()
