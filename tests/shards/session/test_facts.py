from shards.session import facts
from tests.support.session import SessionFile


def test_a_fact_is_replaced_and_forgotten(file: SessionFile) -> None:
    assert file(facts.get, "pace") is None
    file(facts.put, "pace", b"1")
    file(facts.put, "pace", b"2")
    assert file(facts.get, "pace") == b"2"
    file(facts.forget, "pace")
    assert file(facts.get, "pace") is None


def test_an_app_state_key_is_kept_by_its_id(file: SessionFile) -> None:
    for key_id, key in ((b"\0\1", b"a"), (b"\0\2", b"b"), (b"\0\1", b"c")):
        file(facts.save_app_state_key, key_id, key)
    assert file.column("SELECT key FROM app_state_keys ORDER BY key_id") == [b"c", b"b"]
