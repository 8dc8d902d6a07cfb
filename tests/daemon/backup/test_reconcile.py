from pathlib import Path

import pytest

from daemon.backup import reconcile as module
from daemon.backup.reconcile import reconcile
from shards.tenant import usage
from tests.support.house import house, sandbox_profile


async def test_every_difference_is_explained(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        shard = parts.directory.handle("auto-sul")
        for _ in range(3):
            await shard.write(lambda tx: usage.record(tx, "tokens", "anthropic", input_tokens=7, messages=1))
        line = await reconcile(parts.central, parts.directory, "auto-sul")
        assert (line.in_file, line.in_central, line.waiting, line.missing) == (3, 0, 3, 0)
        await parts.rollup.drain("auto-sul")
        line = await reconcile(parts.central, parts.directory, "auto-sul")
        assert (line.in_file, line.in_central, line.waiting, line.missing, line.only_central) == (3, 3, 0, 0, ())
        # the file goes back to an older state: central alone knows one of them
        await shard.write(lambda tx: tx.run("DELETE FROM usage WHERE seq = 3"))
        line = await reconcile(parts.central, parts.directory, "auto-sul")
        [only] = line.only_central
        assert (only.receipts, only.input_tokens, only.messages) == (1, 7, 1)
        assert line.missing == 0
        # what must never be: the file says that central has it, and central has not
        assert line.days == ()
        await parts.central.write(lambda tx: (tx.run("DROP TRIGGER ledger_kept"), tx.run("DELETE FROM ledger")))
        line = await reconcile(parts.central, parts.directory, "auto-sul")
        assert (line.missing, line.waiting) == (2, 0)
        [day] = line.days
        assert (day.kind, day.provider, day.summed, day.in_ledger) == ("tokens", "anthropic", 3, 0)


async def test_it_goes_page_by_page(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PAGE", 2)
        async with house(tmp_path) as parts:
            await parts.service.create(sandbox_profile("auto-sul"), {})
            for _ in range(5):
                await parts.directory.handle("auto-sul").write(lambda tx: usage.record(tx, "turn", "catalogue"))
            await parts.rollup.drain("auto-sul")
            line = await reconcile(parts.central, parts.directory, "auto-sul")
            assert (line.in_file, line.in_central, line.only_central) == (5, 5, ())


async def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        await parts.service.create(sandbox_profile("auto-sul"), {})
        async with parts.directory.shut("auto-sul", "is away"):
            line = await reconcile(parts.central, parts.directory, "auto-sul")
        assert "is away" in line.error
