"""Who a file is, and what it keeps sealed."""

from shards.tenant import identity
from shards.tenant.identity import FileIdentity
from tests.support.desk_rows import Desk


def test_a_file_is_named_once(desk: Desk) -> None:
    before = desk(identity.load)
    desk(identity.establish, "another")
    assert desk(identity.load) == before
    assert (before.tenant, before.restored_at) == ("auto-sul", 0)
    assert len(before.epoch) == 36


def test_a_file_that_was_never_named_has_empty_fields(desk: Desk) -> None:
    desk(lambda tx: tx.run("DELETE FROM meta"))
    assert desk(identity.load) == FileIdentity(tenant="", epoch="", restored_at=0)


def test_facts_are_kept_replaced_and_forgotten(desk: Desk) -> None:
    assert desk(identity.fact, "channel_paused") == ""
    for value in ("one", "two"):
        desk(identity.set_fact, "channel_paused", value)
        assert desk(identity.fact, "channel_paused") == value
    desk(identity.set_fact, "channel_paused", "")
    desk(identity.set_fact, "channel_paused", "")
    assert desk.rows("SELECT 1 FROM meta WHERE key = 'channel_paused'") == []


def test_a_restore_is_known_by_its_time(desk: Desk) -> None:
    desk(identity.set_fact, "restored_at", "1795446001500")
    assert desk(identity.load).restored_at == 1_795_446_001_500


def test_sealed_values_are_replaced_and_removed(desk: Desk) -> None:
    assert desk(identity.sealed, "channel.access_token") is None
    desk(identity.seal, "channel.access_token", "k1", b"\x00one")
    desk(identity.seal, "channel.access_token", "k2", b"\x00two")
    assert desk(identity.sealed, "channel.access_token") == ("k2", b"\x00two")
    assert desk(identity.sealed_fields) == {"channel.access_token"}
    desk(identity.unseal, "channel.access_token")
    assert desk(identity.sealed_fields) == frozenset()
