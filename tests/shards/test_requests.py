from datetime import timedelta

import pytest
from attrs import evolve

from shards import requests
from shards.requests import AlreadyDone, RequestKey, StoredRequest
from shards.shard import Tx
from tests.support.files import MOMENT, memory

KEY = RequestKey("t", "/v1/x", "k", requests.body_hash(b"body"))


def stored(key: RequestKey = KEY) -> StoredRequest:
    return StoredRequest(key, 201, lambda _, subject: subject.encode())


@pytest.mark.parametrize("kind", ["tenant", "central"])
def test_what_was_answered_is_found_for_a_day(kind: str) -> None:
    with memory(kind) as tx:
        assert requests.find(tx, KEY) is None
        requests.store(tx, stored(), "made")
        done = requests.find(tx, KEY)
        assert done is not None
        assert (done.status, done.response, done.body_hash) == (201, b"made", KEY.body_hash)
        for other in (evolve(KEY, token="u"), evolve(KEY, path="/y"), evolve(KEY, key="l")):
            assert requests.find(tx, other) is None
        later = Tx(tx.connection, MOMENT + timedelta(hours=23, minutes=59))
        assert requests.find(later, KEY) is not None
        too_late = Tx(tx.connection, MOMENT + timedelta(hours=24))
        assert requests.find(too_late, KEY) is None
        requests.store(too_late, stored(), "anew")
        found = requests.find(too_late, KEY)
        assert found is not None
        assert found.response == b"anew"


def test_the_second_of_two_learns_what_the_first_did() -> None:
    with memory("central") as tx:
        requests.store(tx, stored(), "first")
        with pytest.raises(AlreadyDone) as raised:
            requests.store(tx, stored(), "second")
        assert raised.value.done.response == b"first"


def test_without_a_key_nothing_is_kept() -> None:
    with memory("central") as tx:
        requests.store(tx, None, "x")
        assert tx.value("SELECT count(*) FROM requests") == 0


def test_old_answers_are_dropped() -> None:
    with memory("central") as tx:
        requests.store(tx, stored(), "x")
        assert requests.purge(tx) == 0
        assert requests.purge(Tx(tx.connection, MOMENT + timedelta(days=1))) == 1
