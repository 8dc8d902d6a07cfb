import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.record import (
    MAX_ARCHIVED,
    MAX_RECEIVERS,
    MAX_SKIPPED,
    Pending,
    Receiver,
    Sender,
    Session,
    SessionRecord,
    SignedPreKey,
    Skipped,
)

KEY = st.binary(min_size=32, max_size=32)
COUNTER = st.integers(0, 2**32 - 1)
RECEIVER = st.builds(Receiver, KEY, KEY, COUNTER, st.lists(st.builds(Skipped, COUNTER, KEY), max_size=3).map(tuple))
SESSION = st.builds(
    Session,
    registration_id=COUNTER,
    base=KEY,
    root=KEY,
    sender=st.builds(Sender, st.builds(KeyPair, KEY, KEY), KEY, COUNTER),
    receivers=st.lists(RECEIVER, max_size=MAX_RECEIVERS).map(tuple),
    previous_counter=COUNTER,
    pending=st.none() | st.builds(Pending, st.none() | COUNTER, COUNTER),
)
RECORD = st.builds(SessionRecord, KEY, st.lists(SESSION, min_size=1, max_size=4).map(tuple))


def session(number: int = 0, *, skipped: int = 0) -> Session:
    """A session named by a number, with keys of one chain skipped."""
    chain = Receiver(b"r" * 32, b"c" * 32, skipped, tuple(Skipped(index, b"s" * 32) for index in range(skipped)))
    return Session(
        registration_id=1,
        base=number.to_bytes(32),
        root=b"o" * 32,
        sender=Sender(KeyPair(b"p" * 32, b"q" * 32), b"k" * 32),
        receivers=(chain,),
    )


@given(RECORD)
def test_a_record_is_read_as_it_was_written(record: SessionRecord) -> None:
    assert SessionRecord.from_bytes(record.to_bytes()) == record


@given(RECORD, st.data())
def test_a_record_cut_short_or_with_more_is_garbled(record: SessionRecord, data: st.DataObject) -> None:
    stored = record.to_bytes()
    cut = data.draw(st.integers(0, len(stored) - 1))
    with pytest.raises(Garbled):
        SessionRecord.from_bytes(stored[:cut])
    with pytest.raises(Garbled, match="left over"):
        SessionRecord.from_bytes(stored + b"\x00")


@given(st.binary(max_size=400), st.booleans())
def test_arbitrary_bytes_are_garbled_or_a_record(stored: bytes, framed: bool) -> None:
    if framed:
        stored = b"\x01" + bytes(32) + b"\x01" + stored
    try:
        record = SessionRecord.from_bytes(stored)
    except Garbled:
        return
    assert SessionRecord.from_bytes(record.to_bytes()) == record


def test_a_record_of_another_format_or_with_no_session_or_too_many_is_garbled() -> None:
    stored = SessionRecord(b"i" * 32, (session(),)).to_bytes()
    with pytest.raises(Garbled, match="format 2"):
        SessionRecord.from_bytes(b"\x02" + stored[1:])
    for count in (0, MAX_ARCHIVED + 2):
        with pytest.raises(Garbled, match=f"{count} sessions"):
            SessionRecord.from_bytes(stored[:33] + bytes([count]) + stored[34:])


def test_a_record_over_its_limits_is_garbled() -> None:
    one = session()
    chains = tuple(Receiver(bytes([number]) * 32, b"c" * 32) for number in range(MAX_RECEIVERS + 1))
    for too_much in (evolve(one, receivers=chains), session(skipped=MAX_SKIPPED + 1)):
        with pytest.raises(Garbled):
            SessionRecord.from_bytes(SessionRecord(b"i" * 32, (too_much,)).to_bytes())


def test_a_fresh_session_takes_less_than_300_bytes() -> None:
    assert len(SessionRecord(b"i" * 32, (session(),)).to_bytes()) < 300


def test_a_sixth_chain_pushes_the_first_out() -> None:
    grown = evolve(session(), receivers=())
    for number in range(MAX_RECEIVERS + 1):
        grown = grown.with_receiver(Receiver(bytes([number]) * 32, b"c" * 32))
    assert [chain.ratchet[0] for chain in grown.receivers] == [1, 2, 3, 4, 5]


def test_a_chain_moved_on_keeps_its_place() -> None:
    first, second = Receiver(b"1" * 32, b"c" * 32), Receiver(b"2" * 32, b"c" * 32)
    grown = evolve(session(), receivers=(first, second)).with_receiver(evolve(first, index=7))
    assert [chain.index for chain in grown.receivers] == [7, 0]
    assert grown.receiver(b"3" * 32) is None


def test_the_oldest_skipped_keys_give_way() -> None:
    old = session(skipped=MAX_SKIPPED)
    newer = Receiver(b"2" * 32, b"c" * 32, 3, tuple(Skipped(index, b"n" * 32) for index in range(3)))
    grown = old.with_receiver(newer)
    assert grown.skipped == MAX_SKIPPED
    assert grown.receivers[0].skipped[0].index == 3
    assert grown.receivers[1] == newer


def test_the_newest_archived_sessions_keep_their_skipped_keys() -> None:
    record = SessionRecord(b"i" * 32, (session(0, skipped=1500),))
    for number in range(1, 4):
        record = record.opened(session(number, skipped=1500))
    assert [each.skipped for each in record.sessions] == [1500, 1500, 500, 0]
    assert [each.base[-1] for each in record.sessions] == [3, 2, 1, 0]


def test_only_so_many_sessions_are_archived() -> None:
    record = SessionRecord(b"i" * 32, (session(0),))
    for number in range(1, MAX_ARCHIVED + 3):
        record = record.opened(session(number))
    assert len(record.sessions) == 1 + MAX_ARCHIVED
    assert not record.holds((1).to_bytes(32))
    assert record.holds((2).to_bytes(32))
    assert record.current.base == (MAX_ARCHIVED + 2).to_bytes(32)


def test_a_session_that_moves_on_becomes_the_current_one() -> None:
    record = SessionRecord(b"i" * 32, tuple(session(number) for number in range(3)))
    moved = record.advanced(1, evolve(record.sessions[1], previous_counter=5))
    assert [each.base[-1] for each in moved.sessions] == [1, 0, 2]
    assert moved.current.previous_counter == 5


def test_changing_between_sessions_keeps_no_more_skipped_keys() -> None:
    record = SessionRecord(b"i" * 32, tuple(session(number) for number in range(4)))
    for _ in range(4):
        record = record.advanced(3, evolve(record.sessions[3], receivers=session(skipped=MAX_SKIPPED).receivers))
    assert [each.skipped for each in record.sessions] == [MAX_SKIPPED, MAX_SKIPPED, 0, 0]


def test_a_signed_prekey_proves_whose_it_is() -> None:
    identity, pair = KeyPair.generate(b"i" * 32), KeyPair.generate(b"s" * 32)
    signed = SignedPreKey.signed(identity, 1, pair, b"z" * 64)
    assert xeddsa.verify(identity.public, b"\x05" + pair.public, signed.signature)


def test_no_secret_is_shown() -> None:
    shown = repr(SessionRecord(b"i" * 32, (session(skipped=1),)))
    for secret in (b"o", b"p", b"k", b"c", b"s"):
        assert repr(secret * 32) not in shown
