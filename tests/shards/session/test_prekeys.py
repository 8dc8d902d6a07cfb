from shards.session import meta, prekeys
from shards.session.prekeys import LARGEST_ID
from tests.support.session import SessionFile


def added(file: SessionFile, count: int, *, uploaded: bool = False) -> list[int]:
    ids = file(prekeys.next_ids, count)
    file(prekeys.add, [(id_, b"pair %d" % id_) for id_ in ids], uploaded=uploaded)
    return ids


def test_ids_go_on_also_past_those_that_were_spent(file: SessionFile) -> None:
    assert added(file, 3) == [1, 2, 3]
    file(prekeys.spend, 3)
    assert file(prekeys.get, 3) is None
    assert added(file, 1) == [4]
    assert file(prekeys.next_ids, 0) == []
    assert added(file, 1) == [5]


def test_after_the_largest_they_begin_anew_past_those_in_use(file: SessionFile) -> None:
    added(file, 2)
    file(prekeys.spend, 1)
    file(meta.put, "last_prekey", str(LARGEST_ID - 1))
    assert added(file, 3) == [LARGEST_ID, 1, 3]
    assert [id_ for id_, _ in file(prekeys.unsent, 9)] == [2, LARGEST_ID, 1, 3], "in the order they were made"


def test_what_was_uploaded_is_not_sent_again_and_counts_until_it_is_spent(file: SessionFile) -> None:
    added(file, 4)
    assert file(prekeys.left) == 0
    assert file(prekeys.unsent, 2) == [(1, b"pair 1"), (2, b"pair 2")]
    file(prekeys.mark_uploaded, [1, 2, 77])
    assert [id_ for id_, _ in file(prekeys.unsent, 9)] == [3, 4]
    assert file(prekeys.left) == 2
    file(prekeys.spend, 1)
    added(file, 1, uploaded=True)
    assert file(prekeys.left) == 2
    assert file(prekeys.get, 5) == b"pair 5"
