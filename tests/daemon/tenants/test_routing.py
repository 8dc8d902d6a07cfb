"""Central leads to a tenant by what its profile says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from daemon.tenants.routing import leads, led_by, reroute, route
from shards.central import tenants
from shards.errors import Conflict, Invalid
from shards.shard import Shard
from shards.tenant.profile import ChannelProfile
from tests.support.shards import HandClock, open_shard, tenant_profile, within

CLOCK = HandClock()
CLOUD = evolve(
    tenant_profile(), channel=ChannelProfile(kind="cloud", phone_number_id="200000000000001", waba_id="100000000000001")
)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Shard]:
    shard = open_shard(tmp_path / "central.db", CLOCK, "central")
    within(shard, lambda tx: tenants.reserve(tx, "auto-sul", "Auto Sul"), CLOCK)
    yield shard
    shard.close()


def test_only_the_cloud_has_numbers() -> None:
    assert leads(CLOUD) == ("200000000000001", "100000000000001")
    assert leads(evolve(CLOUD, channel=evolve(CLOUD.channel, kind="sandbox"))) == ("", "")


def test_a_profile_is_followed(central: Shard) -> None:
    assert within(central, lambda tx: led_by(tx, "auto-sul"), CLOCK) == ("", "")
    within(central, lambda tx: route(tx, CLOUD), CLOCK)
    assert within(central, lambda tx: led_by(tx, "auto-sul"), CLOCK) == leads(CLOUD)
    changed = evolve(CLOUD, name="Sul Motors", channel=evolve(CLOUD.channel, phone_number_id="7", waba_id=""))
    within(central, lambda tx: reroute(tx, changed), CLOCK)
    assert within(central, lambda tx: led_by(tx, "auto-sul"), CLOCK) == ("7", "")
    assert within(central, lambda tx: tenants.one(tx, "auto-sul").name, CLOCK) == "Sul Motors"
    within(central, lambda tx: reroute(tx, tenant_profile()), CLOCK)
    assert within(central, lambda tx: led_by(tx, "auto-sul"), CLOCK) == ("", "")


def test_a_cloud_channel_without_a_number_and_a_taken_number(central: Shard) -> None:
    with pytest.raises(Invalid) as caught:
        within(central, lambda tx: route(tx, evolve(CLOUD, channel=ChannelProfile(kind="cloud"))), CLOCK)
    assert caught.value.path == "channel.phone_number_id"
    within(central, lambda tx: route(tx, CLOUD), CLOCK)
    within(central, lambda tx: tenants.reserve(tx, "auto-norte", "Auto Norte"), CLOCK)
    with pytest.raises(Conflict):
        within(central, lambda tx: route(tx, evolve(CLOUD, id="auto-norte")), CLOCK)
    assert within(central, lambda tx: led_by(tx, "auto-norte"), CLOCK) == ("", "")
