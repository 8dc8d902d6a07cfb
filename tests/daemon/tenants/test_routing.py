from pathlib import Path

import pytest
from attrs import evolve

from daemon.tenants import routing
from shards.central import tenants
from shards.errors import Conflict, Invalid
from tests.support.house import cloud_profile, sandbox_profile
from tests.support.shards import HandClock, open_shard, within


def test_central_leads_to_where_the_profile_says(tmp_path: Path) -> None:
    clock = HandClock()
    central = open_shard(tmp_path / "central.db", clock, "central")
    first, second = cloud_profile("aa", "1"), cloud_profile("bb", "2")
    try:
        for profile in (first, second):
            within(central, lambda tx, one=profile: tenants.reserve(tx, one.id, one.name), clock)
            within(central, lambda tx, one=profile: routing.route(tx, one), clock)
        assert routing.leads(first) == ("1", "91")
        assert within(central, lambda tx: routing.led_by(tx, "aa"), clock) == ("1", "91")
        with pytest.raises(Conflict, match="already leads to 'bb'"):
            within(central, lambda tx: routing.reroute(tx, cloud_profile("aa", "2")), clock)
        assert within(central, lambda tx: routing.led_by(tx, "aa"), clock) == ("1", "91")
        within(central, lambda tx: routing.reroute(tx, evolve(sandbox_profile("aa"), name="New")), clock)
        assert within(central, lambda tx: routing.led_by(tx, "aa"), clock) == ("", "")
        assert within(central, lambda tx: tenants.one(tx, "aa").name, clock) == "New"
        with pytest.raises(Invalid, match="needs its number"):
            within(central, lambda tx: routing.route(tx, cloud_profile("aa", "")), clock)
    finally:
        central.close()
