"""One tenant's nursery: what it is made of, who is woken, what it refuses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from attrs import evolve

from daemon.assembly import Parts
from daemon.desk.receive import Received
from daemon.errors import FetchError, SealBroken
from daemon.sealing import Sealer
from daemon.tenants.tenant import ACCESS_TOKEN, Tenant, rules_of
from shards.errors import ShardCorrupt
from shards.tenant import identity, usage
from shards.tenant.profile import StockFeed
from tests.support.house import around, cloud_profile, house, sandbox_profile, until


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path) as made:
        yield made


def running(parts: Parts, tenant: str = "auto-sul") -> Tenant:
    found = parts.supervisor.running(tenant)
    assert found is not None
    return found


async def test_rules_are_the_profiles_or_else_the_servers(parts: Parts) -> None:
    profile = sandbox_profile("auto-sul", handover_minutes=5)
    rules = rules_of(profile, around(parts))
    assert (rules.channel, rules.quiet_ms, rules.quiet_max_ms, rules.handover_ms) == ("sandbox", 0, 6_000, 300_000)
    rules = rules_of(evolve(profile, assistant=evolve(profile.assistant, quiet_spell_seconds=None)), around(parts))
    assert rules.quiet_ms == 1_500
    rules = rules_of(evolve(profile, assistant=evolve(profile.assistant, quiet_spell_seconds=9.0)), around(parts))
    assert rules.quiet_max_ms == 9_000, "never shorter than the spell itself"
    other = rules_of(sandbox_profile("auto-norte"), around(parts))
    assert rules.keyed_hash("phone:1") != other.keyed_hash("phone:1"), "one tenant's hashes say nothing to another"


async def test_its_tasks_are_the_pictures(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "EAAG"})
    await until(lambda: len(running(parts).board.reports()) == 6)
    states = {task.name: task.state for task in running(parts).board.reports()}
    assert set(states) == {"outbox", "message handler", "cache refresh", "channel", "inbound media", "voice notes"}
    assert (states["outbox"], states["message handler"]) == ("running", "running")
    assert running(parts).access_token() == "EAAG"
    assert running(parts).credentials_needed == ""


async def test_another_master_key_makes_credentials_needed(tmp_path: Path) -> None:
    async with house(tmp_path) as first:
        await first.service.create(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "EAAG"})
        await first.service.create(sandbox_profile("auto-norte"), {})
    async with house(tmp_path, master_key=b"k" * 32) as second:
        report = second.service.report("auto-sul")
        assert report.state == "credentials_needed"
        assert "master key" in report.reason
        assert second.service.report("auto-norte").state == "active"
        with pytest.raises(SealBroken):
            running(second).access_token()
        assert (await second.service.update(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "new"})).state == "active"


async def test_a_sealed_value_of_another_tenant_does_not_open(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "EAAG"})
    stolen = Sealer(bytes(range(32))).seal("auto-norte", ACCESS_TOKEN, "EAAG")
    await parts.directory.handle("auto-sul").write(
        lambda tx: identity.seal(tx, ACCESS_TOKEN, stolen.key_id, stolen.value)
    )
    report = await parts.service.restart("auto-sul")
    assert report.state == "credentials_needed"


async def test_a_file_of_nobody_is_refused(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.service.suspend("auto-sul", "")
    await parts.directory.handle("auto-sul").write(lambda tx: identity.set_fact(tx, "tenant", ""))
    with pytest.raises(ShardCorrupt, match="belongs to nobody"):
        await Tenant("auto-sul", around(parts)).run()


async def test_receipts_left_by_a_crash_are_found_at_the_start(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    await parts.rollup.round()
    await parts.directory.handle("auto-sul").write(lambda tx: usage.record(tx, "turn", "catalogue"))
    assert parts.rollup.waiting == 0
    await parts.service.restart("auto-sul")
    assert parts.rollup.waiting == 1


async def test_an_account_pause_holds_until_it_is_taken_back(parts: Parts) -> None:
    await parts.service.create(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "EAAG"})
    tenant = running(parts)
    tenant._channel_says("up", "")
    tenant.account_pause_changed("Meta locked the number")
    assert parts.service.channel("auto-sul").state == "paused"
    tenant._channel_says("up", "")
    channel = parts.service.channel("auto-sul")
    assert (channel.state, channel.reason) == ("paused", "Meta locked the number"), "the network being up is no pardon"
    tenant.account_pause_changed("")
    assert parts.service.channel("auto-sul").state == "up"


async def test_an_account_pause_outlives_the_process(tmp_path: Path) -> None:
    async with house(tmp_path) as first:
        await first.service.create(cloud_profile("auto-sul", "1"), {ACCESS_TOKEN: "EAAG"})
        await first.directory.handle("auto-sul").write(
            lambda tx: identity.set_fact(tx, "channel_paused", "Meta locked the number")
        )
    async with house(tmp_path) as second:
        running(second)._channel_says("up", "")
        assert second.service.channel("auto-sul").reason == "Meta locked the number"


async def test_a_feed_that_fails_is_shown_and_stops_nothing(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    tenant = running(parts)

    async def poll(shard: object, feed: object) -> str:
        await trio.lowlevel.checkpoint()
        if not mended:
            raise FetchError("the feed answered with HTTP status 500", "check its address")
        return "3 vehicles"

    mended: list[bool] = []
    tenant._around = evolve(tenant._around, poll_feed=poll)
    await tenant._poll(StockFeed(url="https://x.example"))
    [report] = [task for task in tenant.board.reports() if task.name == "cache refresh"]
    assert (report.state, report.reason) == (
        "running",
        "stock feed: the feed answered with HTTP status 500: check its address",
    )
    mended.append(True)
    await tenant._poll(StockFeed(url="https://x.example"))
    [report] = [task for task in tenant.board.reports() if task.name == "cache refresh"]
    assert report.reason == ""
    assert running(parts) is tenant


async def test_written_vehicles_are_seen_by_a_cache_in_use(parts: Parts) -> None:
    await parts.service.create(sandbox_profile("auto-sul"), {})
    tenant = running(parts)
    assert tenant.cache is not None
    assert (await tenant.cache.summary()).total == 0

    tenant.stock_changed()
    generation = tenant.cache._generation
    await until(lambda: not tenant._stock_bell.is_set())
    assert tenant.cache._generation >= generation


async def test_draining_and_waking_before_the_start_is_harmless(parts: Parts) -> None:
    tenant = Tenant("auto-sul", around(parts))
    tenant.drain()
    assert tenant.drained
    tenant.received(Received(due={1: (0, 0)}, to_send={1}, media=True))
    tenant.account_pause_changed("locked")
    assert tenant.credentials_needed == ""
