"""Sortable by time, never the same twice."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from shards.ids import new_epoch, new_event_id, new_id

MOMENTS = st.integers(0, 2**48 - 1)


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_time(first: int, second: int) -> None:
    if first < second:
        assert new_id(first) < new_id(second)


@given(MOMENTS)
def test_ids_of_one_instant_differ(moment: int) -> None:
    made = {new_id(moment) for _ in range(50)}
    assert len(made) == 50
    assert all(len(id_) == 26 and id_.isalnum() and id_ == id_.lower() for id_ in made)


@given(MOMENTS)
def test_ids_begin_with_their_time_in_base_32(moment: int) -> None:
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    read = sum(alphabet.index(digit) << 5 * place for place, digit in enumerate(reversed(new_id(moment))))
    assert read >> 80 == moment


@given(MOMENTS)
def test_event_ids_are_uuids_of_their_time(moment: int) -> None:
    made = {new_event_id(moment) for _ in range(50)}
    assert len(made) == 50
    for id_ in made:
        found = uuid.UUID(id_)
        assert str(found) == id_
        assert (found.version, found.variant, found.int >> 80) == (7, uuid.RFC_4122, moment)


@given(MOMENTS, MOMENTS)
def test_event_ids_sort_by_time(first: int, second: int) -> None:
    if first < second:
        assert new_event_id(first) < new_event_id(second)


def test_epochs_differ_in_their_first_characters() -> None:
    assert len({new_epoch()[:4] for _ in range(100)}) > 90
