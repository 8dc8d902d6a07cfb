"""Tenants' lives: whole or not at all, whatever fails in between."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve

from daemon.assembly import Parts
from daemon.emulator import deliveries
from daemon.tenants.service import PARKED_FILE
from shards.central import tenants
from shards.directory import ShardHandle
from shards.errors import Conflict, Invalid, NotFound, ShardUnavailable, StorageFull
from shards.requests import AlreadyDone, RequestKey, StoredRequest
from shards.shard import Shard
from shards.tenant import identity, profile, usage
from tests.support.failing import Failing
from tests.support.house import around, cloud_profile, count, house, in_central, sandbox_profile, until

FULL = StorageFull("the disk is full", "free some space")
TOKEN = "EAAG-not-for-others"


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path) as made:
        yield made


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


def asked(key: str = "k") -> StoredRequest:
    """A call that will be repeated."""
    return StoredRequest(RequestKey("token", "/v1/tenants", key, b"body"), 201, lambda tx, subject: subject.encode())


async def states(parts: Parts) -> dict[str, str]:
    return dict(await in_central(parts, "SELECT id, state FROM tenants ORDER BY id"))


async def owner(parts: Parts, number: str) -> str | None:
    return await parts.central.read(lambda tx: tenants.by_phone_number_id(tx, number))


# Creating


async def test_a_tenant_is_made_and_runs(parts: Parts) -> None:
    report = await parts.service.create(cloud_profile("auto-sul", "1"), {"channel.access_token": TOKEN})
    assert report.state == "active"
    assert {task.name for task in report.tasks} >= {"channel", "message handler", "outbox", "cache refresh"}
    assert await parts.service.profile("auto-sul") == cloud_profile("auto-sul", "1")
    assert await parts.service.secret_names("auto-sul") == {"channel.access_token"}
    assert [row.id for row in await parts.service.rows()] == ["auto-sul"]
    assert (await parts.service.row("auto-sul")).name == "Auto Sul Veículos"
    assert parts.service.channel("auto-sul").kind == "cloud"
    assert list(parts.service.all_reports()) == ["auto-sul"]


async def test_lists_go_by_id_in_pages(parts: Parts) -> None:
    for tenant in ("cc", "aa", "bb"):
        await parts.service.create(sandbox_profile(tenant), {})
    assert [row.id for row in await parts.service.rows(limit=2)] == ["aa", "bb"]
    assert [row.id for row in await parts.service.rows(after="bb")] == ["cc"]


@pytest.mark.parametrize("bad", ["", "a", "A-b", "../x", "-ab", "a" * 64])
async def test_an_id_that_is_no_file_name_is_refused(parts: Parts, bad: str) -> None:
    with pytest.raises(Invalid):
        await parts.service.create(sandbox_profile(bad), {})
    assert await states(parts) == {}


async def test_a_taken_number_changes_nothing(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    with pytest.raises(Conflict, match="already leads to 'auto-sul'"):
        await parts.service.create(cloud_profile("outra", "1"), {})
    assert await states(parts) == {"auto-sul": "active"}
    assert not parts.directory.path("outra").exists()
    with pytest.raises(NotFound):
        parts.service.report("outra")


async def test_a_taken_id_changes_nothing(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    with pytest.raises(Conflict, match="is taken"):
        await parts.service.create(cloud_profile("auto-sul", "2"), {})
    assert await owner(parts, "2") is None
    assert (await parts.service.profile("auto-sul")).channel.phone_number_id == "1"


async def test_a_cloud_channel_needs_its_number(parts: Parts) -> None:
    with pytest.raises(Invalid) as caught:
        await parts.service.create(cloud_profile("auto-sul", ""), {})
    assert caught.value.path == "channel.phone_number_id"
    assert await states(parts) == {}


@pytest.mark.parametrize(("file", "after"), [("auto-sul.db", 0), ("central.db", 1)])
async def test_a_creation_that_fails_is_undone(parts: Parts, failing: Failing, file: str, after: int) -> None:
    failing.plan(file, FULL, after=after)
    with pytest.raises(StorageFull):
        await parts.service.create(cloud_profile("auto-sul", "1"), {})
    failing.heal(file)
    if file == "central.db":  # which could not take the reservation back either: the next start does
        assert await states(parts) == {"auto-sul": "reserved"}
    else:
        assert await states(parts) == {}
    assert await parts.service.rows() == []
    assert not parts.directory.path("auto-sul").exists()
    report = await parts.service.create(cloud_profile("auto-sul", "1"), {"channel.access_token": TOKEN})
    assert report.state == "active"


async def test_a_file_that_nobody_knows_is_not_taken_over(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.service.suspend("auto-sul", "")
    await parts.directory.release("auto-sul")
    parts.directory.path("auto-sul").rename(parts.directory.path("achada"))
    with pytest.raises(Conflict, match="adopt it, or move it away"):
        await parts.service.create(cloud_profile("achada", "1"), {})
    assert await owner(parts, "1") is None
    assert "achada" not in await states(parts)
    assert parts.directory.path("achada").exists()


@pytest.mark.parametrize(
    ("file", "after", "finished"),
    [("auto-sul.db", 0, False), ("central.db", 1, True)],
    ids=["before the shard is written", "before it is activated"],
)
async def test_a_crash_in_a_creation_is_repaired_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, after: int, finished: bool
) -> None:
    failing = Failing(monkeypatch)
    async with house(tmp_path) as first:
        failing.plan(file, Crash(), after=after)
        with pytest.raises(Crash):
            await first.service.create(cloud_profile("auto-sul", "1"), {"channel.access_token": TOKEN})
        failing.heal(file)
        assert await states(first) == {"auto-sul": "reserved"}
    async with house(tmp_path) as second:
        if finished:
            assert second.service.report("auto-sul").state == "active"
            assert await owner(second, "1") == "auto-sul"
        else:
            assert await states(second) == {}
            assert await owner(second, "1") is None
            assert not second.directory.path("auto-sul").exists()
            await second.service.create(cloud_profile("auto-sul", "1"), {})
            assert await states(second) == {"auto-sul": "active"}


async def test_a_broken_half_made_file_does_not_keep_the_others_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch)
    async with house(tmp_path) as first:
        await first.service.create(sandbox_profile("auto-norte"), {})
        failing.plan("auto-sul.db", Crash())
        with pytest.raises(Crash):
            await first.service.create(sandbox_profile("auto-sul"), {})
        failing.heal("auto-sul.db")
        broken = first.directory.path("auto-sul")
    broken.write_bytes(b"this is no database, whatever its name says" * 100)
    async with house(tmp_path) as second:
        assert second.active == ["auto-norte"]
        assert second.service.report("auto-norte").state == "active"
        assert broken.exists(), "nothing is thrown away that cannot be read"


async def test_a_repeated_call_is_told_what_the_first_did(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {}, request=asked())
    with pytest.raises(AlreadyDone) as caught:
        await parts.service.create(sandbox_profile("auto-sul"), {}, request=asked())
    assert (caught.value.done.status, caught.value.done.response) == (201, b"auto-sul")


async def test_two_calls_at_once_with_one_key_make_one_tenant(parts: Parts) -> None:
    done: list[str] = []

    async def create() -> None:
        try:
            await parts.service.create(sandbox_profile("auto-sul"), {}, request=asked())
            done.append("made")
        except AlreadyDone:
            done.append("told")

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(create)
    assert sorted(done) == ["made", "told", "told"]


async def test_who_hangs_up_leaves_nothing_half_done(parts: Parts) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await parts.service.create(cloud_profile("auto-sul", "1"), {})
    assert await states(parts) in ({}, {"auto-sul": "active"})


# Changing


async def test_a_change_reroutes(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {"channel.access_token": TOKEN})
    changed = evolve(cloud_profile("auto-sul", "2"), name="Sul Motors")
    report = await parts.service.update(changed, {})
    assert report.state == "active"
    assert (await owner(parts, "1"), await owner(parts, "2")) == (None, "auto-sul")
    assert (await parts.service.row("auto-sul")).name == "Sul Motors"
    running = parts.supervisor.running("auto-sul")
    assert running is not None
    assert running.profile == changed
    assert await parts.service.secret_names("auto-sul") == {"channel.access_token"}
    await parts.service.update(changed, {"channel.access_token": None})
    assert await parts.service.secret_names("auto-sul") == frozenset()
    report = parts.service.report("auto-sul")
    assert (report.state, "no access token" in report.reason) == ("credentials_needed", True)


async def test_a_change_to_a_taken_number_changes_nothing(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-norte", "1"), {})
    await parts.service.create(cloud_profile("auto-sul", "2"), {})
    with pytest.raises(Conflict):
        await parts.service.update(evolve(cloud_profile("auto-sul", "1"), name="Sul Motors"), {})
    assert (await owner(parts, "1"), await owner(parts, "2")) == ("auto-norte", "auto-sul")
    assert (await parts.service.row("auto-sul")).name == "Auto Sul Veículos"
    assert (await parts.service.profile("auto-sul")).channel.phone_number_id == "2"


async def test_a_change_that_fails_leads_where_it_led_before(parts: Parts, failing: Failing) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    failing.plan("auto-sul.db", FULL)
    with pytest.raises(StorageFull):
        await parts.service.update(cloud_profile("auto-sul", "2"), {})
    assert (await owner(parts, "1"), await owner(parts, "2")) == ("auto-sul", None)


async def test_a_crash_in_a_change_is_mended_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch)
    async with house(tmp_path) as first:
        await first.service.create(cloud_profile("auto-sul", "1"), {})
        failing.plan("auto-sul.db", Crash())
        with pytest.raises(Crash):
            await first.service.update(cloud_profile("auto-sul", "2"), {})
        failing.heal("auto-sul.db")
        assert await owner(first, "2") == "auto-sul"
    async with house(tmp_path) as second:
        assert (await owner(second, "1"), await owner(second, "2")) == ("auto-sul", None)
        assert (await second.service.profile("auto-sul")).channel.phone_number_id == "1"


async def test_a_number_that_was_given_away_meanwhile_stays_given_away(tmp_path: Path) -> None:
    async with house(tmp_path) as first:
        await first.service.create(cloud_profile("auto-norte", "1"), {})
        await first.service.create(cloud_profile("auto-sul", "2"), {})
        await first.directory.handle("auto-sul").write(lambda tx: profile.save(tx, cloud_profile("auto-sul", "1")))
    async with house(tmp_path) as second:
        assert await owner(second, "1") == "auto-norte"
        assert second.service.report("auto-sul").state in ("active", "credentials_needed")


# Suspending and resuming


async def test_a_suspended_tenant_stores_and_answers_when_it_is_resumed(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    report = await parts.service.suspend("auto-sul", "the invoice is open")
    assert (report.state, report.reason) == ("suspended", "the invoice is open")
    assert parts.supervisor.running("auto-sul") is None
    await parts.service.sandbox_says("auto-sul", "ana", "Oi, tem civic?")
    assert await count(parts, "auto-sul", "SELECT count(*) FROM messages") == 1
    await parts.service.restart("auto-sul")
    assert parts.supervisor.running("auto-sul") is None, "a restart does not resume"
    assert (await parts.service.resume("auto-sul")).state == "active"
    await until(lambda: _answered(parts))


async def _answered(parts: Parts) -> bool:
    return bool(await count(parts, "auto-sul", "SELECT count(*) FROM messages WHERE direction = 'out'"))


async def test_it_stays_suspended_over_a_start(tmp_path: Path) -> None:
    async with house(tmp_path) as first:
        await first.service.create(sandbox_profile("auto-sul"), {})
        await first.service.suspend("auto-sul", "paused")
        await first.directory.handle("auto-sul").write(lambda tx: usage.record(tx, "turn", "catalogue"))
    async with house(tmp_path) as second:
        assert second.active == []
        assert second.service.report("auto-sul").state == "suspended"
        assert second.rollup.waiting == 1, "its receipts are not forgotten"
        assert await second.rollup.round() == 1


async def test_resuming_takes_an_account_pause_back(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.directory.handle("auto-sul").write(lambda tx: identity.set_fact(tx, "channel_paused", "locked"))
    await parts.service.restart("auto-sul")
    assert parts.service.channel("auto-sul").state == "paused"
    await parts.service.resume("auto-sul")
    await until(lambda: parts.service.channel("auto-sul").state == "up")


async def test_a_suspension_that_is_refused_does_not_stop_it(parts: Parts, failing: Failing) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    failing.plan("central.db", FULL)
    with pytest.raises(StorageFull):
        await parts.service.suspend("auto-sul", "")
    failing.heal("central.db")
    assert parts.supervisor.running("auto-sul") is not None
    await parts.service.suspend("auto-sul", "first", request=asked())
    await parts.service.resume("auto-sul")
    with pytest.raises(AlreadyDone):
        await parts.service.suspend("auto-sul", "first", request=asked())
    assert parts.supervisor.running("auto-sul") is not None
    assert parts.service.report("auto-sul").state == "active"


# Deleting


async def test_deleting_moves_the_files_aside(parts: Parts, tmp_path: Path) -> None:
    data = tmp_path / "data"
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    (data / "media" / "auto-sul" / "ab").mkdir(parents=True)
    (data / "media" / "auto-sul" / "ab" / "cd").write_bytes(b"photo")
    (data / "sessions" / "auto-sul.db").write_bytes(b"keys")
    await parts.directory.handle("auto-sul").write(lambda tx: usage.record(tx, "turn", "catalogue"))
    await parts.service.delete("auto-sul")
    [aside] = (data / "deleted").iterdir()
    assert sorted(path.name for path in aside.iterdir()) == ["auto-sul.db", "media-auto-sul", "session-auto-sul.db"]
    assert (aside / "session-auto-sul.db").read_bytes() == b"keys"
    assert (aside / "auto-sul.db").read_bytes().startswith(b"SQLite format 3")
    assert not parts.directory.path("auto-sul").exists()
    with pytest.raises(NotFound):
        parts.service.report("auto-sul")
    assert await owner(parts, "1") is None
    assert await in_central(parts, "SELECT count(*) FROM ledger WHERE tenant = 'auto-sul'") == [(1,)]
    with pytest.raises(Conflict, match="belonged to a deleted tenant"):
        await parts.service.create(cloud_profile("auto-sul", "1"), {})
    assert (await parts.service.create(cloud_profile("outra", "1"), {})).state != "failed"


async def test_what_was_parked_goes_with_the_files(parts: Parts, tmp_path: Path, failing: Failing) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    failing.plan("auto-sul.db", FULL)
    await parts.reception.receive(deliveries.delivery(deliveries.text("Oi", phone_number_id="1")))
    assert parts.reception.parked_items == 1
    failing.heal("auto-sul.db")
    await parts.service.delete("auto-sul")
    assert parts.reception.parked_items == 0
    assert await in_central(parts, "SELECT count(*) FROM parked") == [(0,)]
    [aside] = (tmp_path / "data" / "deleted").iterdir()
    assert b'"Oi"' in (aside / PARKED_FILE).read_bytes()


async def test_a_deletion_that_fails_leaves_it_running(parts: Parts, failing: Failing) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    failing.plan("central.db", FULL)
    with pytest.raises(StorageFull):
        await parts.service.delete("auto-sul")
    failing.heal("central.db")
    await until(lambda: parts.supervisor.running("auto-sul") is not None)
    assert await owner(parts, "1") == "auto-sul"


async def test_deleting_closes_the_session_file_and_takes_a_killed_ones_log_along(parts: Parts, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for tenant in ("auto-sul", "morta"):
        await parts.service.create(sandbox_profile(tenant), {})
        handle = await parts.sessions.create(tenant)
        await handle.write(lambda tx: tx.run("INSERT INTO meta VALUES ('a', 'b')"))
    await parts.sessions.release("morta")
    (data / "sessions" / "morta.db-wal").write_bytes(b"log")
    for tenant in ("auto-sul", "morta"):
        await parts.service.delete(tenant)
    assert parts.sessions.open_count == 0
    assert not list((data / "sessions").iterdir())
    assert sorted(path.name for path in data.glob("deleted/*/session-*")) == [
        "session-auto-sul.db",
        "session-morta.db",
        "session-morta.db-wal",
    ]


async def test_a_broken_tenant_can_be_deleted(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.service.suspend("auto-sul", "")
    await parts.directory.release("auto-sul")
    parts.directory.path("auto-sul").write_bytes(b"no database at all" * 400)
    await parts.service.delete("auto-sul")
    assert await states(parts) == {"auto-sul": "deleted"}


async def test_who_waited_for_a_deletion_finds_nothing(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {})
    ended: list[str] = []

    async def change() -> None:
        with pytest.raises(NotFound):
            await parts.service.update(cloud_profile("auto-sul", "2"), {})
        ended.append("change")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(parts.service.delete, "auto-sul")
        await trio.lowlevel.checkpoint()
        nursery.start_soon(change)
    assert ended == ["change"]
    assert await owner(parts, "2") is None, "a number never leads to a deleted tenant"


@pytest.mark.parametrize("method", ["delete", "resume", "restart", "profile", "row", "secret_names"])
async def test_a_tenant_that_is_not_there(parts: Parts, method: str) -> None:
    with pytest.raises(NotFound, match="there is no tenant 'ninguem'"):
        await getattr(parts.service, method)("ninguem")


async def test_a_tenants_fault_is_a_sentence_in_its_report(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    await parts.service.create(sandbox_profile("auto-norte"), {})

    async def glance(self: ShardHandle, work: Any) -> Any:
        await trio.lowlevel.checkpoint()
        raise ShardUnavailable("the disk is gone", "look for it")

    with monkeypatch.context() as patch:
        patch.setattr(ShardHandle, "glance", glance)
        report = await parts.service.restart("auto-norte")
    assert (report.state, report.reason) == ("failed", "the disk is gone: look for it")
    assert parts.service.channel("auto-norte").state == "down"
    assert around(parts).metrics.render().count(b'showroomd_tenant_restarts_total{tenant="auto-norte"} 1.0') == 1
    assert isinstance(parts.central, Shard)
