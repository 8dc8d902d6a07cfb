from shards.session import sessions
from tests.support.session import SessionFile


def test_records_and_identities_are_kept_by_address(file: SessionFile) -> None:
    assert file(sessions.record, "222_1:7") is None
    assert file(sessions.identity, "222_1:7") is None
    file(sessions.save_record, "222_1:7", b"one")
    file(sessions.save_record, "222_1:7", b"two")
    file(sessions.save_identity, "222_1:7", b"id")
    assert file(sessions.record, "222_1:7") == b"two"
    assert file(sessions.identity, "222_1:7") == b"id"
    file(sessions.forget_record, "222_1:7")
    assert file(sessions.record, "222_1:7") is None
    assert file(sessions.identity, "222_1:7") == b"id"


def test_when_an_identity_was_first_seen_stays(file: SessionFile) -> None:
    file(sessions.save_identity, "222_1:0", b"one")
    first = file.clock.ms
    file.clock.move(1)
    file(sessions.save_identity, "222_1:0", b"two")
    times = file(lambda tx: tx.row("SELECT first_seen, changed_at FROM identities"))
    assert times == (first, file.clock.ms)


def test_a_user_is_nobody_whose_number_begins_alike(file: SessionFile) -> None:
    for address in ("22:1", "222:0", "222:10", "222:2", "222_1:0", "2222:0", "222_128:3"):
        file(sessions.save_record, address, address.encode())
        file(sessions.save_identity, address, address.encode())
    assert file(sessions.of_user, "sessions", "222") == [
        (address, address.encode()) for address in ("222:0", "222:10", "222:2")
    ]
    assert file(sessions.of_user, "identities", "222_1") == [("222_1:0", b"222_1:0")]
    file(sessions.forget_users, ["222", "222_128"])
    for table in ("sessions", "identities"):
        assert file.column(f"SELECT address FROM {table} ORDER BY address") == ["2222:0", "222_1:0", "22:1"]
