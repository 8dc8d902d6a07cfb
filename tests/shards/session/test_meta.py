from shards.session import meta
from tests.support.session import SessionFile


def test_a_value_is_replaced(file: SessionFile) -> None:
    assert file(meta.get, "tenant") is None
    file(meta.put, "tenant", "auto-sul")
    file(meta.put, "tenant", "vizinha")
    file(meta.put, "key_id", "ab")
    assert (file(meta.get, "tenant"), file(meta.get, "key_id")) == ("vizinha", "ab")
