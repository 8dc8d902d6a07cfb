import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.assembly import Parts
from daemon.backup import restore as module
from daemon.backup.restore import finish_all
from daemon.emulator import deliveries
from shards import restore as files
from shards.central import tenants
from shards.errors import Conflict, Invalid, NotFound, ShardUnavailable
from shards.tenant import identity
from tests.daemon.backup.test_server import copy_of
from tests.support.house import cloud_profile, count, house, in_central, sandbox_profile, until
from tests.support.shards import HandClock


async def answered(parts: Parts, tenant: str) -> bool:
    return bool(await count(parts, tenant, "SELECT count(*) FROM messages WHERE author = 'assistant'"))


def restoring(parts: Parts) -> module.Restoring:
    return parts.office._restoring


async def test_a_restore_exchanges_the_file_and_keeps_the_other(tmp_path: Path) -> None:
    clock = HandClock()
    async with house(tmp_path, clock=clock) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        await parts.service.create(sandbox_profile("vizinha"), {})
        await parts.service.sandbox_says("auto-sul", "maria", "oi")
        await until(lambda: answered(parts, "auto-sul"))
        backup = await copy_of(parts, "auto-sul", tmp_path)
        clock.move(60)
        await parts.service.sandbox_says("auto-sul", "ana", "oi também")
        await until(partial(many, parts, 3))
        neighbour = parts.supervisor.running("vizinha")
        before = parts.supervisor.running("auto-sul")
        clock.move(60)
        report = await restoring(parts).restore("auto-sul", backup)
        assert report.lost.known
        assert report.lost.received == 1
        assert report.lost.contacts == 1
        assert await count(parts, "auto-sul", "SELECT count(*) FROM contacts") == 1
        found = await parts.directory.handle("auto-sul").read(identity.load)
        assert (found.epoch, found.restored_at) == (report.epoch, clock.ms)
        aside = tmp_path / "data" / report.kept_aside
        assert {path.name for path in aside.iterdir()} == {"auto-sul.db", "report.json"}
        assert json.loads((aside / "report.json").read_text())["lost"]["received"] == 1
        assert parts.supervisor.running("vizinha") is neighbour
        assert parts.supervisor.running("auto-sul") is not before
        assert not list((tmp_path / "data" / "restoring").iterdir())
        assert "auto-sul" in parts.directory.written, "a new copy of it is due"
        clock.move(60)
        await parts.service.sandbox_says("auto-sul", "rui", "oi")
        await until(lambda: answered(parts, "auto-sul"))


async def many(parts: Parts, number: int) -> bool:
    found: int = await count(parts, "auto-sul", "SELECT count(*) FROM messages")
    return found >= number


async def test_what_comes_meanwhile_is_parked_and_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock()
    async with house(tmp_path, clock=clock) as parts:
        await parts.service.create(cloud_profile("auto-sul", "1061"), {"channel.access_token": "EAAG"})
        backup = await copy_of(parts, "auto-sul", tmp_path)
        clock.move(60)
        swap = module.Restoring._swap
        parked: list[int] = []

        async def slow(self: Any, *rest: Any) -> Any:
            entry = deliveries.text("oi", phone_number_id="1061", message_id="wamid.1", at=int(clock().timestamp()))
            await parts.reception.receive(deliveries.delivery(entry))
            parked.append(parts.reception.parked_items)
            with pytest.raises(ShardUnavailable, match="is being restored"):
                await parts.directory.handle("auto-sul").read(identity.load)
            return await swap(self, *rest)

        monkeypatch.setattr(module.Restoring, "_swap", slow)
        await restoring(parts).restore("auto-sul", backup)
        assert parked == [1]
        await until(lambda: parts.reception.parked_items == 0)
        thread = "SELECT state || ' ' || (owed_since IS NOT NULL) FROM conversations"
        assert await count(parts, "auto-sul", thread) == "human 1", "it is from before the restore: a person decides"


async def test_a_suspended_tenant_stays_suspended(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        await parts.service.suspend("auto-sul", "late with the bill")
        backup = await copy_of(parts, "auto-sul", tmp_path)
        await restoring(parts).restore("auto-sul", backup)
        assert parts.supervisor.running("auto-sul") is None
        assert parts.service.report("auto-sul").state == "suspended"


async def test_what_cannot_be_restored_changes_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(cloud_profile("auto-sul", "1061"), {})
        await parts.service.create(sandbox_profile("vizinha"), {})
        backup = await copy_of(parts, "auto-sul", tmp_path)
        running = parts.supervisor.running("auto-sul")
        with pytest.raises(NotFound):
            await restoring(parts).restore("nobody", backup)
        with pytest.raises(Conflict, match="belongs to 'auto-sul'"):
            await restoring(parts).restore("vizinha", backup)
        (tmp_path / "junk.db").write_bytes(b"\xff" * 9000)
        with pytest.raises(Invalid, match=r"junk\.db is damaged"):
            await restoring(parts).restore("auto-sul", tmp_path / "junk.db")
        # the number has gone to the neighbour meanwhile
        await parts.service.update(cloud_profile("auto-sul", "1062"), {})
        await parts.service.update(cloud_profile("vizinha", "1061"), {})
        running = parts.supervisor.running("auto-sul")
        with pytest.raises(Conflict, match="leads to 'vizinha' now"):
            await restoring(parts).restore("auto-sul", backup)
        assert parts.supervisor.running("auto-sul") is running
        assert not list((tmp_path / "data" / "restoring").iterdir())


async def test_a_damaged_file_is_replaced_all_the_same(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        backup = await copy_of(parts, "auto-sul", tmp_path)
        await parts.supervisor.stop("auto-sul")
        await parts.directory.release("auto-sul")
        path = parts.directory.path("auto-sul")
        path.write_bytes(b"\xff" * path.stat().st_size)
        report = await restoring(parts).restore("auto-sul", backup)
        assert not report.lost.known
        await until(lambda: parts.supervisor.running("auto-sul") is not None)
        assert (tmp_path / "data" / report.kept_aside / "auto-sul.db").read_bytes()[:4] == b"\xff" * 4


async def test_moves_that_fail_are_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        backup = await copy_of(parts, "auto-sul", tmp_path)
        epoch = (await parts.directory.handle("auto-sul").read(identity.load)).epoch

        def broken(source: Path, target: Path) -> None:
            if target.name == "auto-sul.db" and target.parent.name == "shards":
                raise OSError(5, "Input/output error")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                os.replace(source, target)

        monkeypatch.setattr(files, "_move", broken)
        with pytest.raises(ShardUnavailable, match="could not be exchanged"):
            await restoring(parts).restore("auto-sul", backup)
        monkeypatch.undo()
        await until(lambda: parts.supervisor.running("auto-sul") is not None)
        assert (await parts.directory.handle("auto-sul").read(identity.load)).epoch == epoch
    assert finish_all(tmp_path / "data") == []


async def test_a_tenant_is_adopted_with_its_number_and_usage(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    clock = HandClock()
    async with house(tmp_path / "one", clock=clock) as parts:
        await parts.service.create(cloud_profile("auto-sul", "1061"), {"channel.access_token": "EAAG"})
        await parts.service.sandbox_says("auto-sul", "maria", "oi")
        await until(lambda: answered(parts, "auto-sul"))
        await parts.rollup.drain("auto-sul")
        receipts = await in_central(parts, "SELECT event_id FROM ledger")
        backup = await copy_of(parts, "auto-sul", tmp_path)
        with pytest.raises(Conflict, match="is taken"):
            await restoring(parts).adopt(backup)
    async with house(tmp_path / "two", clock=clock) as parts:
        await parts.service.create(cloud_profile("vizinha", "1061"), {})
        with pytest.raises(Conflict, match="already leads to 'vizinha'"):
            await restoring(parts).adopt(backup)
        assert await in_central(parts, "SELECT id FROM tenants") == [("vizinha",)], "nothing is left of the try"
        await parts.service.update(sandbox_profile("vizinha"), {})
        report = await restoring(parts).adopt(backup)
        assert report.tenant == "auto-sul"
        assert parts.supervisor.running("auto-sul") is not None
        assert parts.service.report("auto-sul").state == "active"
        assert await parts.central.glance(partial(tenants.by_phone_number_id, phone_number_id="1061")) == "auto-sul"
        await parts.rollup.drain("auto-sul")
        mine = "SELECT event_id FROM ledger WHERE tenant = 'auto-sul'"
        assert set(receipts) <= set(await in_central(parts, mine))
        assert receipts


async def test_a_restore_goes_on_when_its_caller_goes_away(tmp_path: Path) -> None:
    async with house(tmp_path) as parts, trio.open_nursery() as nursery:
        await nursery.start(parts.office.run)
        await parts.service.create(sandbox_profile("auto-sul"), {})
        backup = await copy_of(parts, "auto-sul", tmp_path)
        epoch = (await parts.directory.handle("auto-sul").read(identity.load)).epoch
        with trio.CancelScope() as caller:
            nursery.start_soon(cancel_soon, caller)
            await parts.office.restore("auto-sul", backup)

        async def changed() -> bool:
            try:
                return (await parts.directory.handle("auto-sul").read(identity.load)).epoch != epoch
            except ShardUnavailable:
                return False

        await until(changed)
        nursery.cancel_scope.cancel()


async def cancel_soon(scope: trio.CancelScope) -> None:
    await trio.lowlevel.checkpoint()
    scope.cancel()


async def test_centrals_file_is_no_tenants(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        await parts.copies.round()
        central = tmp_path / "data" / "copies" / "central.db"
        for refuse in (restoring(parts).adopt, partial(restoring(parts).restore, "auto-sul")):
            with pytest.raises(Invalid, match="central.db is a copy of central.db.*a tenant's file"):
                await refuse(central)
        assert parts.supervisor.running("auto-sul") is not None
