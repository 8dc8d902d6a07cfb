from shards.session import addresses, device, facts, failures, inbound, prekeys, retired, sessions
from shards.session.retired import KEPT_MS
from tests.shards.session.test_device import ROW
from tests.shards.session.test_inbound import row
from tests.support.session import SessionFile

KEPT = {"meta", "retired", "addresses", "inbound", "failures", "outbound", "retries"}


def test_keys_are_put_aside_and_what_is_known_of_messages_stays(file: SessionFile) -> None:
    file(device.save, ROW)
    file(sessions.save_record, "222_1:7", b"record")
    file(sessions.save_identity, "222_1:7", b"identity")
    file(prekeys.add, [(5, b"pair")], uploaded=True)
    file(facts.put, "pace", b"fact")
    file(facts.save_app_state_key, b"\1\2", b"key")
    file(addresses.learn, lid_user="222", pn_user="55")
    file(failures.count, chat="222@lid", sender="222@lid", id_="A", at=1, reason=0)
    kept = file(inbound.store, row(b"h"))
    file(retired.put_aside, "logged out", "k1")
    aside = file(lambda tx: set(tx.rows("SELECT reason, key_id, kind, name, value FROM retired")))
    assert aside == {
        ("logged out", "k1", *each)
        for each in (
            ("device", "noise", b"n"),
            ("device", "identity", b"i"),
            ("device", "signed_prekey", b"s"),
            ("device", "adv_secret", b"a"),
            ("device", "account", b""),
            ("device", "jid", b""),
            ("sessions", "222_1:7", b"record"),
            ("identities", "222_1:7", b"identity"),
            ("prekeys", "5", b"pair"),
            ("app_state_keys", "0102", b"key"),
            ("facts", "pace", b"fact"),
        )
    }
    assert file(device.load) is None
    assert file(inbound.to_drain, 9) == [kept]
    assert file(addresses.pn_of, "222") == "55"
    assert file(failures.unresolved) == 1


def test_every_other_table_is_empty(file: SessionFile) -> None:
    tables = file.column("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert set(tables) == KEPT | set(retired._EMPTIED), "decide of a new table whether it outlives the device"


def test_they_are_forgotten_after_60_days(file: SessionFile) -> None:
    file(facts.put, "pace", b"fact")
    file(retired.put_aside, "", "k1")
    file.clock.move(KEPT_MS / 1000 - 1)
    file(retired.tidy)
    assert file.value("SELECT count(*) FROM retired") == 1
    file.clock.move(1)
    file(retired.tidy)
    assert file.value("SELECT count(*) FROM retired") == 0
