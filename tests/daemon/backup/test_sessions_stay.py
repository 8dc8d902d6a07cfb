"""WhatsApp's keys go forward only: no copy, backup, restore or adoption has or changes a session file."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest
import trio

from daemon.assembly import Parts
from daemon.backup.restore import Restoring
from daemon.backup.server import restore_server
from daemon.backup.verify import verify
from daemon.tenants.web_keys import WebKeys
from shards.errors import Invalid
from tests.daemon.backup.test_server import SEALER, copy_of
from tests.daemon.tenants.test_web_device import DEVICE
from tests.support.house import house, sandbox_profile
from tests.support.shards import NOON


async def with_session(parts: Parts, tenant: str) -> Path:
    """A tenant whose session file has keys in it, and is closed."""
    await parts.service.create(sandbox_profile(tenant), {})
    keys = WebKeys(await parts.sessions.create(tenant), SEALER, tenant)
    await keys.write(lambda rows: rows.save_device(DEVICE))
    await parts.sessions.release(tenant)
    return parts.sessions.path(tenant)


def files(folders: Iterable[Path]) -> list[str]:
    return sorted(str(path) for folder in folders for path in folder.rglob("*") if path.is_file())


def restoring(parts: Parts) -> Restoring:
    return parts.office._restoring


async def test_copies_and_backups_have_none(tmp_path: Path) -> None:
    async with house(tmp_path) as parts, trio.open_nursery() as nursery:
        await nursery.start(parts.office.run)
        session = await with_session(parts, "auto-sul")
        before = session.read_bytes()
        await parts.copies.round()
        for tenant in (None, "auto-sul"):
            begun = await parts.office.begin(tenant)
            with trio.fail_after(30):
                while (await parts.office.one(begun.id)).backup.state == "running":
                    await trio.lowlevel.checkpoint()
            assert (await parts.office.one(begun.id)).backup.state == "done"
        data = parts.around.data_dir
        made = files(data / name for name in ("copies", "backups"))
        assert any(name.endswith("shards/auto-sul.db") for name in made)
        assert not [name for name in made if "session" in name]
        assert DEVICE.noise.public not in b"".join(Path(name).read_bytes() for name in made)
        assert session.read_bytes() == before
        nursery.cancel_scope.cancel()


async def test_a_restore_leaves_it_as_it_is(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        session = await with_session(parts, "auto-sul")
        backup = await copy_of(parts, "auto-sul", tmp_path)
        keys = WebKeys(parts.sessions.handle("auto-sul"), SEALER, "auto-sul")
        await keys.write(lambda rows: rows.save_session("222_1:0", b"advanced"))
        await parts.sessions.release("auto-sul")
        before = session.read_bytes()
        await restoring(parts).restore("auto-sul", backup)
        assert session.read_bytes() == before
        assert await keys.read(lambda rows: rows.session("222_1:0")) == b"advanced"
        assert files([parts.around.data_dir / "aside"]), "the former shard was put there"
        assert not [name for name in files([parts.around.data_dir / "aside"]) if "session" in name]


async def test_an_adopted_tenant_pairs_again(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with house(tmp_path / "one") as parts:
        session = await with_session(parts, "auto-sul")
        backup = await copy_of(parts, "auto-sul", tmp_path)
        await parts.copies.round()
        for refuse in (restoring(parts).adopt, partial(restoring(parts).restore, "auto-sul")):
            with pytest.raises(Invalid, match="is no file of showroomd"):
                await refuse(session)
    async with house(tmp_path / "two") as parts:
        await restoring(parts).adopt(backup)
        assert not parts.sessions.path("auto-sul").exists()
    whole = tmp_path / "three"
    restore_server(whole, tmp_path / "one" / "data" / "copies", SEALER, NOON, lambda *_: None)
    assert (whole / "shards" / "auto-sul.db").exists()
    assert not files([whole / "sessions"])


async def test_a_session_file_is_no_backup(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        session = await with_session(parts, "auto-sul")
    [verdict] = verify([session], NOON)
    assert "is no file of showroomd" in "".join(verdict.faults)
