"""The session file on disk: opened on demand, its owner's alone, whole or not at all under kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import trio
import trio.testing

from daemon.channels.web.keys import Inbound, Keys, Outbound, Rows
from daemon.errors import SealBroken
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.web.jid import LID, Jid
from shards.directory import IDLE_SECONDS, SWEEP_SECONDS, ShardDirectory
from shards.errors import Conflict, ShardCorrupt, ShardMissing
from tests.daemon.tenants.test_web_device import DEVICE
from tests.support.session import OTHER_SEALER, SEALER, pair
from tests.support.shards import HandClock

CHAT: Final = Jid("222", LID)
STEPS: Final = 6


@asynccontextmanager
async def sessions(path: Path) -> AsyncIterator[ShardDirectory]:
    directory = ShardDirectory(path, kind="session", limiter=trio.CapacityLimiter(2), now=HandClock())
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        yield directory
        nursery.cancel_scope.cancel()


async def keys_of(directory: ShardDirectory, tenant: str = "auto-sul") -> Keys:
    return WebKeys(await directory.create(tenant), SEALER, tenant)


async def test_what_was_written_is_read_after_the_file_was_closed(tmp_path: Path) -> None:
    async with sessions(tmp_path) as directory:
        keys = await keys_of(directory)
        await keys.write(lambda rows: rows.save_device(DEVICE))
        await directory.release("auto-sul")
        assert directory.open_count == 0
        assert await keys.read(lambda rows: rows.device()) == DEVICE
        assert await (await keys_of(directory)).read(lambda rows: rows.device()) == DEVICE


async def test_an_idle_tenant_holds_no_open_file(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with sessions(tmp_path) as directory:
        keys = await keys_of(directory)
        await keys.write(lambda rows: rows.set_fact("pace", b"1"))
        await trio.sleep(IDLE_SECONDS + 2 * SWEEP_SECONDS)
        assert directory.open_count == 0
        assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["auto-sul.db"]
        assert await keys.read(lambda rows: rows.fact("pace")) == b"1"


async def test_file_and_folder_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        async with sessions(tmp_path) as directory:
            keys = await keys_of(directory)
            await keys.write(lambda rows: rows.set_fact("pace", b"1"))
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "sessions").iterdir()}
            assert modes == dict.fromkeys(("auto-sul.db", "auto-sul.db-wal", "auto-sul.db-shm"), 0o600)
            assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


async def test_what_the_work_raises_undoes_it(tmp_path: Path) -> None:
    sent = Outbound(our_id="01m", id="A", chat=CHAT, node=b"n", plaintext=b"p")

    def twice(rows: Rows) -> None:
        rows.save_session("222_1:0", b"advanced")
        rows.save_outbound(sent)
        rows.save_outbound(Outbound(our_id="01m", id="B", chat=CHAT, node=b"n", plaintext=b"p"))

    async with sessions(tmp_path) as directory:
        keys = await keys_of(directory)
        with pytest.raises(Conflict):
            await keys.write(twice)
        assert await keys.read(lambda rows: (rows.session("222_1:0"), rows.outbound("01m"))) == (None, None)


async def test_a_file_that_was_lost_is_not_made_by_asking(tmp_path: Path) -> None:
    async with sessions(tmp_path) as directory:
        keys = WebKeys(directory.handle("auto-sul"), SEALER, "auto-sul")
        with pytest.raises(ShardMissing):
            await keys.read(lambda rows: rows.device())


async def test_another_master_key_or_tenant_is_refused(tmp_path: Path) -> None:
    async with sessions(tmp_path) as directory:
        keys = await keys_of(directory)
        await keys.write(lambda rows: rows.save_device(DEVICE))
        handle = directory.handle("auto-sul")
        with pytest.raises(SealBroken, match="pair it again"):
            await WebKeys(handle, OTHER_SEALER, "auto-sul").read(lambda rows: rows.device())
        with pytest.raises(ShardCorrupt, match="belongs to auto-sul"):
            await WebKeys(handle, SEALER, "vizinha").read(lambda rows: rows.to_drain(1))
        assert await keys.read(lambda rows: rows.device()) == DEVICE


async def test_after_the_first_transaction_the_file_is_known_to_be_ours(tmp_path: Path) -> None:
    async with sessions(tmp_path) as directory:
        keys = await keys_of(directory)
        await keys.write(lambda rows: rows.set_fact("pace", b"1"))
        await directory.handle("auto-sul").write(lambda tx: tx.run("UPDATE meta SET value = 'x' WHERE key = 'key_id'"))
        assert await keys.read(lambda rows: rows.fact("pace")) == b"1", "not asked again at each use"


# kill -9


def receive(rows: Rows, step: int) -> None:
    """What a received message changes: ratchet, prekey, address, plaintext."""
    rows.save_session("222_1:0", b"ratchet %d" % step)
    rows.spend_prekey(step)
    rows.learn_address(lid_user="222", pn_user=f"55{step}")
    rows.store_inbound(Inbound(hash=b"%d" % step, chat=CHAT, sender=CHAT, id=f"M{step}", plaintext=b"oi"))


async def life(path: Path) -> None:
    """Run in a process of its own: one commit makes the file, one the prekeys, then one a message."""
    async with sessions(path) as directory:
        keys = await keys_of(directory)
        await keys.write(lambda rows: rows.add_prekeys([pair(step) for step in range(STEPS)]))
        for step in range(1, STEPS):
            await keys.write(lambda rows, step=step: receive(rows, step))  # type: ignore[misc]
            print(step, flush=True)


@pytest.mark.parametrize("commit", [1, 2, 4])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_kill_leaves_all_of_a_transaction_or_nothing(tmp_path: Path, commit: int, moment: str) -> None:
    program = f"import trio; from {__name__} import life, Path; trio.run(life, Path({str(tmp_path)!r}))"
    done = await trio.run_process(
        [sys.executable, "-c", program],
        env={**os.environ, "SHOWROOMD_KILL_AT_COMMIT": f"{commit}:{moment}"},
        capture_stdout=True,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    told = [int(line) for line in done.stdout.split()]
    steps = commit - 1 if moment == "after" else commit - 2  # messages that are on disk
    assert told == list(range(1, commit - 1)), "nobody was told of what was not on disk"

    def check(rows: Rows) -> None:
        there = [step for step in range(1, STEPS) if rows.inbound_of(CHAT, f"M{step}") is not None]
        assert there == list(range(1, steps + 1))
        assert rows.session("222_1:0") == (b"ratchet %d" % steps if steps > 0 else None)
        assert rows.pn_of("222") == (f"55{steps}" if steps > 0 else None)
        left = [step for step in range(1, STEPS + 1) if rows.prekey(step) is not None]
        assert left == (list(range(steps + 1, STEPS + 1)) if steps >= 0 else [])

    async with sessions(tmp_path) as directory:
        await (await keys_of(directory)).read(check)
