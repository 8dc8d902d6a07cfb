from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.errors import ShardCorrupt, ShardUnavailable
from shards.inspection import facts, opened
from shards.migrate import newest
from shards.tenant import identity
from tests.support.shards import HandClock, open_shard, within


def test_a_tenants_file_and_central_say_what_they_are(tmp_path: Path) -> None:
    clock = HandClock()
    shard = open_shard(tmp_path / "a.db", clock)
    within(shard, lambda tx: identity.establish(tx, "auto-sul"), clock)
    shard.close()
    found = facts(tmp_path / "a.db", check=True)
    assert (found.kind, found.tenant, found.schema, found.messages) == ("tenant", "auto-sul", newest("tenant"), 0)
    assert found.epoch
    assert not found.faults
    assert not found.too_new
    central = open_shard(tmp_path / "central.db", clock, "central")
    within(central, lambda tx: tx.run("INSERT INTO tenants VALUES ('aa', 'A', 'active', '', 1, 1)"), clock)
    within(central, lambda tx: tx.run("INSERT INTO tenants VALUES ('bb', 'B', 'deleted', '', 1, 1)"), clock)
    central.close()
    found = facts(tmp_path / "central.db")
    assert (found.kind, found.tenants) == ("central", ("aa",))


def test_looking_writes_nothing(tmp_path: Path) -> None:
    open_shard(tmp_path / "a.db", HandClock()).close()
    before = (tmp_path / "a.db").read_bytes()
    with opened(tmp_path / "a.db") as connection, pytest.raises(apsw.Error):
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
    facts(tmp_path / "a.db", check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_broken_reference_is_a_fault(tmp_path: Path) -> None:
    open_shard(tmp_path / "a.db", HandClock()).close()
    connection = apsw.Connection(str(tmp_path / "a.db"))
    connection.execute("INSERT INTO aliases VALUES ('phone', '5511', 77)")
    connection.close()
    (fault,) = facts(tmp_path / "a.db", check=True).faults
    assert "leads to no row of contacts" in fault


def test_a_log_with_something_in_it_is_refused(tmp_path: Path) -> None:
    clock = HandClock()
    shard = open_shard(tmp_path / "a.db", clock)
    try:
        with pytest.raises(ShardUnavailable, match="has a log beside it"):
            facts(tmp_path / "a.db")
    finally:
        shard.close()


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "a.db"))
    connection.execute("CREATE TABLE music (name)")
    connection.close()
    with pytest.raises(ShardCorrupt, match="no file of showroomd"):
        facts(tmp_path / "a.db")


@given(junk=st.binary(min_size=1, max_size=3_000))
def test_junk_is_refused(junk: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("junk") / "a.db"
    path.write_bytes(junk)
    with pytest.raises(ShardUnavailable):
        facts(path, check=True)
