import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import ratchet
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.key_schedule import MAC_BYTES, mac, message_key, message_keys
from daemon.whatsapp.web.record import (
    MAX_ARCHIVED,
    MAX_RECEIVERS,
    MAX_SKIPPED,
    Me,
    PreKey,
    SessionRecord,
    SignedPreKey,
)

VECTORS = json.loads(Path("tests/data/whatsapp-web/test-vectors.json").read_text())["signal"]


@define
class Device:
    """One side of a conversation, as a channel would keep it."""

    rng: random.Random
    me: Me = field(init=False)
    signed: SignedPreKey = field(init=False)
    prekeys: dict[int, PreKey] = field(factory=dict)
    published: int = 0
    record: SessionRecord | None = None

    def __attrs_post_init__(self) -> None:
        self.me = Me(self.pair(), self.rng.getrandbits(14))
        self.signed = SignedPreKey.signed(self.me.identity, 1, self.pair(), self.rng.randbytes(64))

    def pair(self) -> KeyPair:
        return KeyPair.generate(self.rng.randbytes(32))

    def bundle(self, *, one_time: bool = True) -> Bundle:
        prekey = None
        if one_time:
            self.published += 1
            made = PreKey(self.published, self.pair())
            self.prekeys[made.id] = made
            prekey = (made.id, made.pair.public)
        return Bundle(
            registration_id=self.me.registration_id,
            identity=self.me.identity.public,
            signed_id=self.signed.id,
            signed_public=self.signed.pair.public,
            signature=self.signed.signature,
            prekey=prekey,
        )

    def start(self, bundle: Bundle) -> None:
        self.record = ratchet.start(self.me, bundle, base=self.pair(), ratchet=self.pair(), record=self.record)

    def write(self, plain: bytes) -> tuple[str, bytes]:
        self.record, kind, body = ratchet.encrypt(self.me, self.record, plain)
        return kind, body

    def read(self, message: tuple[str, bytes]) -> bytes:
        kind, body = message
        if kind == "msg":
            self.record, plain = ratchet.decrypt_message(self.me, self.record, body, new_ratchet=self.pair())
            return plain
        parsed = ratchet.read_prekey_message(body)
        self.record, plain, spent = ratchet.decrypt_prekey_message(
            self.me,
            self.record,
            parsed,
            signed=self.signed if parsed.signed_id == self.signed.id else None,
            prekey=self.prekeys.get(parsed.prekey_id or 0),
            new_ratchet=self.pair(),
        )
        if spent:
            del self.prekeys[parsed.prekey_id or 0]
        return plain


def pair_of_devices(seed: int = 1) -> tuple[Device, Device]:
    return Device(random.Random(seed)), Device(random.Random(f"{seed} too"))


def talking(seed: int = 1) -> tuple[Device, Device]:
    """Two devices that have both heard from each other."""
    ana, rui = pair_of_devices(seed)
    ana.start(rui.bundle())
    assert rui.read(ana.write(b"oi")) == b"oi"
    assert ana.read(rui.write(b"bom dia")) == b"bom dia"
    return ana, rui


def test_the_published_vector_is_decrypted_in_its_delivery_order() -> None:
    def bytes_of(name: str) -> bytes:
        return bytes.fromhex(VECTORS[name])

    def pair_of(given_: dict[str, Any]) -> KeyPair:
        return KeyPair.from_private(bytes.fromhex(given_["private"]))

    me = Me(KeyPair.from_private(bytes_of("bob_identity_private")), VECTORS["bob_registration_id"])
    given_signed = VECTORS["bob_signed_prekey"]
    signed = SignedPreKey(given_signed["id"], pair_of(given_signed), bytes.fromhex(given_signed["signature"]))
    prekey = PreKey(VECTORS["bob_one_time_prekey"]["id"], pair_of(VECTORS["bob_one_time_prekey"]))
    assert me.identity.public == bytes_of("bob_identity_public")

    record: SessionRecord | None = None
    spent: list[bool] = []
    for position in VECTORS["delivery_order"]:
        message = VECTORS["messages"][position]
        parsed = ratchet.read_prekey_message(bytes.fromhex(message["ciphertext"]))
        assert parsed.identity == bytes_of("alice_identity_public")
        assert parsed.registration_id == VECTORS["alice_registration_id"]
        record, plain, used = ratchet.decrypt_prekey_message(
            me,
            record,
            parsed,
            signed=signed,
            prekey=None if any(spent) else prekey,
            new_ratchet=KeyPair.generate(bytes([position]) * 32),
        )
        assert plain == bytes.fromhex(message["padded_plaintext"])
        spent.append(used)
    assert spent == [True, False, False]


def test_every_message_starts_a_session_until_the_peer_has_answered() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle())
    first, second = ana.write(b"1"), ana.write(b"2")
    assert (first[0], second[0]) == ("pkmsg", "pkmsg")
    assert (rui.read(second), rui.read(first)) == (b"2", b"1")
    answer = rui.write(b"3")
    assert answer[0] == "msg"
    assert ana.read(answer) == b"3"
    assert ana.write(b"4")[0] == "msg"


def test_a_session_can_start_without_a_one_time_prekey() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle(one_time=False))
    kind, body = ana.write(b"oi")
    assert ratchet.read_prekey_message(body).prekey_id is None
    assert rui.read((kind, body)) == b"oi"


def test_a_one_time_prekey_is_spent_once() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle())
    message = ana.write(b"oi")
    rui.read(message)
    assert rui.prekeys == {}
    rui.record = None
    with pytest.raises(ratchet.MissingPreKey) as refused:
        rui.read(message)
    assert refused.value.reason == 3


def test_a_signed_prekey_that_is_not_ours_is_named() -> None:
    ana, rui = pair_of_devices()
    ana.start(evolve(rui.bundle(), signed_id=9))
    with pytest.raises(ratchet.MissingPreKey, match="signed prekey 9"):
        rui.read(ana.write(b"oi"))


def test_prekeys_other_than_those_named_are_not_used() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle())
    parsed = ratchet.read_prekey_message(ana.write(b"oi")[1])
    prekey = rui.prekeys[1]
    for signed, one_time in (
        (evolve(rui.signed, id=2), prekey),
        (None, prekey),
        (rui.signed, evolve(prekey, id=2)),
        (rui.signed, None),
    ):
        with pytest.raises(ratchet.MissingPreKey):
            ratchet.decrypt_prekey_message(rui.me, None, parsed, signed=signed, prekey=one_time, new_ratchet=rui.pair())


def test_a_prekey_message_under_another_identity_is_none_of_the_session_it_names() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle(one_time=False))
    rui.read(ana.write(b"oi"))
    _, body = ana.write(b"again")
    message = wa.PreKeySignalMessage.FromString(body[1:])
    message.identityKey = b"\x05" + rui.me.identity.public
    before = rui.record
    with pytest.raises(ratchet.BadMac):
        rui.read(("pkmsg", body[:1] + message.SerializeToString()))
    assert rui.record is before


@pytest.mark.parametrize("position", [0, 31, 63])
def test_a_bundle_whose_signature_is_altered_starts_nothing(position: int) -> None:
    """Pitfall 2: a verification that never fails."""
    ana, rui = pair_of_devices()
    bundle = rui.bundle()
    signature = bytearray(bundle.signature)
    signature[position] ^= 1
    with pytest.raises(Untrusted):
        ana.start(evolve(bundle, signature=bytes(signature)))
    with pytest.raises(Untrusted):
        ana.start(evolve(bundle, identity=ana.me.identity.public))
    assert ana.record is None


def test_a_bundle_with_a_prekey_that_fixes_the_secret_starts_nothing() -> None:
    ana, rui = pair_of_devices()
    with pytest.raises(Untrusted):
        ana.start(evolve(rui.bundle(), prekey=(7, bytes(32))))


def test_messages_may_overtake_each_other_and_none_is_read_twice() -> None:
    ana, rui = talking()
    messages = [ana.write(b"%d" % n) for n in range(5)]
    assert [rui.read(messages[n]) for n in (3, 0, 4, 2, 1)] == [b"3", b"0", b"4", b"2", b"1"]
    assert rui.record is not None
    assert rui.record.current.skipped == 0
    for message in messages:
        before = rui.record
        with pytest.raises(ratchet.DuplicateMessage):
            rui.read(message)
        assert rui.record is before


def test_a_message_of_an_older_chain_is_still_read() -> None:
    ana, rui = talking()
    late = ana.write(b"late")
    for turn in range(MAX_RECEIVERS - 1):
        rui.read(ana.write(b"%d" % turn))
        ana.read(rui.write(b"."))
    assert rui.read(late) == b"late"


def test_a_message_of_a_chain_long_gone_is_not() -> None:
    ana, rui = talking()
    late = ana.write(b"late")
    for turn in range(MAX_RECEIVERS + 1):
        rui.read(ana.write(b"%d" % turn))
        ana.read(rui.write(b"."))
    with pytest.raises(ratchet.BadMac):
        rui.read(late)


def test_too_many_lost_messages_are_too_far_ahead() -> None:
    ana, rui = talking()
    rui.read(ana.write(b"."))
    messages = [ana.write(b"") for _ in range(MAX_SKIPPED + 2)]
    before = rui.record
    with pytest.raises(ratchet.TooFarAhead) as refused:
        rui.read(messages[-1])
    assert refused.value.reason == 6
    assert rui.record is before
    rui.read(messages[-2])
    assert rui.record is not None
    assert rui.record.current.skipped == MAX_SKIPPED
    # One more gap pushes the oldest out.
    rui.read(ana.write(b""))
    assert rui.record.current.skipped == MAX_SKIPPED
    with pytest.raises(ratchet.DuplicateMessage):
        rui.read(messages[0])
    assert rui.read(messages[1]) == b""


def test_skipped_keys_never_outgrow_their_limit_over_several_chains() -> None:
    ana, rui = talking()
    for _ in range(3):
        for _ in range(MAX_SKIPPED // 2):
            ana.write(b"lost")
        rui.read(ana.write(b"."))
        ana.read(rui.write(b"."))
    assert rui.record is not None
    assert rui.record.current.skipped == MAX_SKIPPED


def test_sessions_started_over_and_over_keep_a_record_small() -> None:
    ana, rui = pair_of_devices()
    for _ in range(MAX_ARCHIVED + 5):
        ana.start(rui.bundle())
        for _ in range(100):
            ana.write(b"lost")
        rui.read(ana.write(b"."))
    assert rui.record is not None
    assert ana.record is not None
    assert len(rui.record.sessions) == len(ana.record.sessions) == MAX_ARCHIVED + 1
    assert sum(session.skipped for session in rui.record.sessions[1:]) <= MAX_SKIPPED


def test_a_message_tells_how_far_the_chain_before_went() -> None:
    ana, rui = talking()

    def told() -> int:
        _, body = ana.write(b"")
        return wa.SignalMessage.FromString(body[1:-MAC_BYTES]).previousCounter

    assert told() == 0  # one message before the answer: its counter was 0
    for _ in range(3):
        rui.read(ana.write(b"."))
    ana.read(rui.write(b"."))
    assert told() == 3


def test_both_may_start_at_once() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle())
    rui.start(ana.bundle())
    from_ana, from_rui = ana.write(b"ana"), rui.write(b"rui")
    assert ana.read(from_rui) == b"rui"
    assert rui.read(from_ana) == b"ana"
    for _ in range(3):
        from_ana, from_rui = ana.write(b"ana"), rui.write(b"rui")
        assert ana.read(from_rui) == b"rui"
        assert rui.read(from_ana) == b"ana"
    assert ana.write(b"")[0] == rui.write(b"")[0] == "msg"


def test_an_older_session_that_is_used_becomes_the_current_one() -> None:
    ana, rui = talking()
    older = ana.write(b"older")
    rui.start(ana.bundle())
    assert rui.record is not None
    assert rui.record.current.pending is not None
    assert rui.read(older) == b"older"
    assert rui.record.current.pending is None
    assert len(rui.record.sessions) == 2


@pytest.mark.parametrize(("lost", "read"), [(100, True), (101, False)])
def test_a_forger_cannot_make_us_count_through_every_archived_session(lost: int, read: bool) -> None:
    ana, rui = talking()
    for _ in range(lost):
        ana.write(b"lost")
    older = ana.write(b"older")
    rui.start(ana.bundle())
    if read:
        assert rui.read(older) == b"older"
    else:
        with pytest.raises(ratchet.BadMac):
            rui.read(older)


def test_another_identity_never_keeps_the_old_sessions() -> None:
    ana, rui = talking()
    reinstalled = Device(random.Random("reinstalled"))
    reinstalled.start(rui.bundle())
    rui.read(reinstalled.write(b"oi"))
    assert rui.record is not None
    assert rui.record.identity == reinstalled.me.identity.public
    assert len(rui.record.sessions) == 1
    ana.start(reinstalled.bundle())
    assert ana.record is not None
    assert ana.record.identity == reinstalled.me.identity.public
    assert len(ana.record.sessions) == 1


def test_without_a_session_there_is_nothing_to_decrypt_or_encrypt_with() -> None:
    ana, rui = talking()
    message = ana.write(b"oi")
    rui.record = None
    with pytest.raises(ratchet.NoSession) as refused:
        rui.read(message)
    assert refused.value.reason == 1
    with pytest.raises(ratchet.NoSession):
        rui.write(b"oi")


@pytest.mark.parametrize("answered", [False, True])
def test_no_altered_message_is_read_and_none_changes_anything(answered: bool) -> None:
    """Pitfall 8: state advanced before the MAC is checked."""
    ana, rui = talking() if answered else pair_of_devices()
    if not answered:
        ana.start(rui.bundle())
    kind, body = ana.write(b"original")
    before = rui.record
    # Of a pkmsg only the inner message is authenticated as bytes; the rest is proved by the keys it leads to.
    inside = body if answered else ratchet.read_prekey_message(body).message
    begin = body.index(inside)
    outcomes = set()
    for position in range(begin, begin + len(inside)):
        altered = bytearray(body)
        altered[position] ^= 0x01
        with pytest.raises((ratchet.SessionError, ratchet.DuplicateMessage)) as refused:
            rui.read((kind, bytes(altered)))
        outcomes.add(refused.type)
    assert ratchet.BadMac in outcomes
    assert rui.record is before
    assert rui.read((kind, body)) == b"original"


def inner(ana: Device, change: Callable[[wa.SignalMessage], None]) -> tuple[str, bytes]:
    """A message of `ana` with its body changed; the MAC is left as it was."""
    kind, body = ana.write(b"oi")
    message = wa.SignalMessage.FromString(body[1:-MAC_BYTES])
    change(message)
    return kind, body[:1] + message.SerializeToString() + body[-MAC_BYTES:]


def test_keys_and_counters_that_cannot_be_are_refused_by_name() -> None:
    ana, rui = talking()

    def low_order(message: wa.SignalMessage) -> None:
        message.ratchetKey = b"\x05" + bytes(32)

    def other_type(message: wa.SignalMessage) -> None:
        message.ratchetKey = b"\x06" + message.ratchetKey[1:]

    def last_counter(message: wa.SignalMessage) -> None:
        message.counter = 0xFFFFFFFF

    def one_before(message: wa.SignalMessage) -> None:
        message.counter = 0xFFFFFFFE

    for change, outcome in (
        (low_order, ratchet.InvalidKey),
        (other_type, ratchet.InvalidKey),
        (last_counter, ratchet.InvalidMessage),
        (one_before, ratchet.TooFarAhead),
    ):
        with pytest.raises(outcome):
            rui.read(inner(ana, change))


@pytest.mark.parametrize("padded", [b"", b"x" * 15, b"x" * 15 + b"\x00", b"x" * 15 + b"\x11", b"x" * 15 + b"\x02"])
def test_an_authentic_message_may_still_be_nonsense(padded: bytes) -> None:
    ana, rui = talking()
    assert ana.record is not None
    sender = ana.record.current.sender
    cipher, mac_key = message_keys(message_key(sender.key))
    body = wa.SignalMessage(
        ratchetKey=b"\x05" + sender.ratchet.public,
        counter=sender.index,
        ciphertext=cipher.encryptor().update(padded) if len(padded) % 16 == 0 else padded,
    )
    signed = b"\x33" + body.SerializeToString()
    vouched = mac(mac_key, ana.me.identity.public, rui.me.identity.public, signed)
    before = rui.record
    with pytest.raises(ratchet.InvalidMessage) as refused:
        rui.read(("msg", signed + vouched))
    assert refused.value.reason == 4
    assert rui.record is before


def test_a_prekey_message_with_unusable_keys_is_refused_by_name() -> None:
    ana, rui = pair_of_devices()
    ana.start(rui.bundle())
    _, body = ana.write(b"oi")
    for name in ("baseKey", "identityKey"):
        for key in (b"\x05" + bytes(32), b"", b"\x05"):
            message = wa.PreKeySignalMessage.FromString(body[1:])
            setattr(message, name, key)
            with pytest.raises(ratchet.InvalidKey) as refused:
                rui.read(("pkmsg", body[:1] + message.SerializeToString()))
            assert refused.value.reason == 2
    message = wa.PreKeySignalMessage.FromString(body[1:])
    message.ClearField("signedPreKeyId")
    with pytest.raises(ratchet.InvalidMessage):
        rui.read(("pkmsg", body[:1] + message.SerializeToString()))
    with pytest.raises(ratchet.InvalidMessage, match="version"):
        rui.read(("pkmsg", b"\x44" + body[1:]))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_garbled_and_nothing_else(body: bytes) -> None:
    _, rui = TALKING
    with pytest.raises(Garbled):
        ratchet.decrypt_message(rui.me, rui.record, body, new_ratchet=rui.me.identity)
    with contextlib.suppress(Garbled):
        ratchet.read_prekey_message(body)


@given(
    st.binary(max_size=64),
    st.integers(0, 2**32 - 1),
    st.sampled_from([b"", b"\x05" + bytes(32), b"\x05" + b"k" * 32]),
    st.binary(min_size=8, max_size=8),
)
def test_well_formed_messages_of_strangers_are_session_errors(
    ciphertext: bytes, counter: int, key: bytes, vouched: bytes
) -> None:
    _, rui = TALKING
    message = wa.SignalMessage(ratchetKey=key, counter=counter, ciphertext=ciphertext)
    with pytest.raises(ratchet.SessionError):
        ratchet.decrypt_message(
            rui.me, rui.record, b"\x33" + message.SerializeToString() + vouched, new_ratchet=rui.me.identity
        )


TALKING = talking()


# --- any history of two devices ---------------------------------------------------------------------------------------


@define
class Sent:
    plain: bytes
    message: tuple[str, bytes]
    reads: int = 0

    @property
    def ratchet(self) -> bytes:
        kind, body = self.message
        body = ratchet.read_prekey_message(body).message if kind == "pkmsg" else body
        return wa.SignalMessage.FromString(body[1:-MAC_BYTES]).ratchetKey[1:]


@define
class Side:
    """A device and the messages on their way to it."""

    device: Device
    arriving: list[Sent] = field(factory=list)
    seen: set[bytes] = field(factory=set)  # ratchet keys of messages read

    def read(self, sent: Sent) -> None:
        """Deliver a message: the first copy is read, any further one is a duplicate and changes nothing."""
        if sent.reads == 0:
            assert self.device.read(sent.message) == sent.plain
            self.seen.add(sent.ratchet)
        else:
            before = self.device.record
            with pytest.raises(ratchet.DuplicateMessage):
                self.device.read(sent.message)
            assert self.device.record is before
        sent.reads += 1
        self.check()

    def read_forged(self, sent: Sent) -> None:
        """Deliver a message with another MAC."""
        kind, body = sent.message
        inside = ratchet.read_prekey_message(body).message if kind == "pkmsg" else body
        end = body.index(inside) + len(inside) - 1
        forged = body[:end] + bytes([body[end] ^ 1]) + body[end + 1 :]
        before = self.device.record
        with pytest.raises(ratchet.DuplicateMessage if sent.reads else ratchet.BadMac):
            self.device.read((kind, forged))
        assert self.device.record is before

    def check(self) -> None:
        """The record is within its limits and survives being stored; what came too late for it is lost."""
        record = self.device.record
        assert record is not None
        assert len(record.sessions) <= 1 + MAX_ARCHIVED
        assert all(len(session.receivers) <= MAX_RECEIVERS for session in record.sessions)
        self.device.record = SessionRecord.from_bytes(record.to_bytes())
        assert self.device.record == record
        held = {chain.ratchet for session in record.sessions for chain in session.receivers}
        self.arriving = [each for each in self.arriving if each.ratchet in held or each.ratchet not in self.seen]


ACTIONS = st.tuples(
    st.sampled_from(["write"] * 4 + ["read"] * 4 + ["lose", "forge", "start"]), st.booleans(), st.integers(0, 40)
)


@given(st.lists(ACTIONS, min_size=40, max_size=100), st.booleans(), st.booleans())
def test_whatever_happens_to_them_messages_are_read_once_and_rightly(
    actions: list[tuple[str, bool, int]], ana_starts: bool, both_start: bool
) -> None:
    sides = [Side(device) for device in pair_of_devices()]
    ana, rui = sides
    if ana_starts or both_start:
        ana.device.start(rui.device.bundle())
    if both_start or not ana_starts:
        rui.device.start(ana.device.bundle())
    starts_left = MAX_ARCHIVED - 2
    for number, (action, first, pick) in enumerate(actions):
        here, there = sides if first else sides[::-1]
        if action == "write" and here.device.record is not None:
            plain = b"%d" % number
            there.arriving.append(Sent(plain, here.device.write(plain)))
        elif action == "start" and starts_left:
            starts_left -= 1
            here.device.start(there.device.bundle(one_time=bool(pick % 2)))
            here.check()
        elif here.arriving:
            sent = here.arriving[pick % len(here.arriving)]
            if action == "read":
                here.read(sent)
            elif action == "forge":
                here.read_forged(sent)
            elif action == "lose":
                here.arriving.remove(sent)


# --- padding ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.integers(1, 16))
def test_padding_is_undone(plain: bytes, length: int) -> None:
    padded = ratchet.pad(plain, length)
    assert len(padded) == len(plain) + length
    assert ratchet.unpad(padded) == plain


@pytest.mark.parametrize("padded", [b"", b"\x00", b"abc\x00", b"\x02", b"ab\x01\x02", b"a\x05\x05\x05\x05"])
def test_what_is_not_padded_is_garbled(padded: bytes) -> None:
    with pytest.raises(Garbled):
        ratchet.unpad(padded)


@pytest.mark.parametrize("length", [0, 17])
def test_padding_has_its_limits(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 16"):
        ratchet.pad(b"oi", length)
