"""A session file behaves as dictionaries would, transaction by transaction, and shows no key."""

import random
from collections.abc import Iterator
from contextlib import nullcontext
from copy import deepcopy
from functools import partial
from itertools import product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.channels.web.keys import Inbound, Outbound, PrivacyToken
from daemon.errors import SealBroken
from daemon.whatsapp.web.jid import HOSTED, HOSTED_LID, LID, Jid
from tests.daemon.tenants.test_web_device import DEVICE, PAIRED
from tests.support.model_rows import DAY_MS, ModelRows
from tests.support.session import OTHER_SEALER, SessionFile, pair, session_file

USERS, LIDS = ("551", "5511"), ("22", "222")
PEOPLE = (*(Jid(user) for user in USERS), *(Jid(user, LID) for user in LIDS))
DEVICES = tuple(Jid(who.user, who.server, device) for who in PEOPLE for device in (0, 7, 70))
IDS, FACTS = ("A", "B"), ("pace", "nct_salt")
STATES: tuple[Literal["encrypted", "acked", "failed"], ...] = ("encrypted", "acked", "failed")
ADDRESSES = tuple(device.address for device in DEVICES)
VALUES = (b"", b"x", b"yz")
REQUESTS, KINDS = ("R", "S"), ("resend", "media")
INBOUND = tuple(
    Inbound(hash=hash_, chat=chat, sender=Jid(chat.user, chat.server, 7), id=id_, plaintext=b"oi", drained=drained)
    for hash_, chat, id_, drained in product((b"h", b"f", b"g"), PEOPLE, IDS, (False, True))
)
OUTBOUND = tuple(
    Outbound(id=id_, our_id=our_id, chat=chat, node=node, plaintext=said, state=state)
    for (id_, our_id), chat, node, said, state in product(
        (("A", "01a"), ("A", ""), ("B", "01b"), ("B", "")), PEOPLE[1:3], (b"", b"n"), (b"", b"p"), STATES
    )
)
CALLS: dict[str, dict[str, tuple[Any, ...]]] = {  # what each argument may be
    "device": {},
    "save_device": {"device": (DEVICE, PAIRED)},
    "retire_device": {"reason": ("logged out",)},
    "session": {"address": ADDRESSES},
    "save_session": {"address": ADDRESSES, "record": VALUES},
    "identity": {"address": ADDRESSES},
    "save_identity": {"address": ADDRESSES, "identity": VALUES},
    "forget_session": {"address": ADDRESSES},
    "forget_person": {"person": DEVICES},
    "prekey": {"id_": tuple(range(1, 10))},
    "spend_prekey": {"id_": tuple(range(1, 10))},
    "add_prekeys": {"pairs": ((), (pair(0),), (pair(1), pair(2))), "uploaded": (False, False, True)},
    "unsent_prekeys": {"limit": (0, 1, 9)},
    "prekeys_uploaded": {"ids": ((), (1,), (2, 3, 9))},
    "prekeys_left": {},
    "lid_of": {"pn_user": USERS},
    "pn_of": {"lid_user": LIDS},
    "learn_address": {"lid_user": LIDS, "pn_user": USERS},
    "devices": {"person": PEOPLE},
    "save_devices": {"person": PEOPLE, "devices": ((), (0, 7), (3, 0))},
    "forget_devices": {"person": PEOPLE},
    "inbound": {"hash_": (b"h", b"g")},
    "inbound_of": {"chat": PEOPLE, "id_": IDS},
    "store_inbound": {"inbound": INBOUND},
    "to_drain": {"limit": (0, 1, 9)},
    "drained": {"seqs": ((), (1,), (2, 3))},
    "count_failure": {"chat": PEOPLE, "sender": DEVICES, "id_": IDS, "at": (5,), "reason": (0, 7)},
    "failure_resolved": {"chat": PEOPLE, "id_": IDS},
    "failures": {},
    "outbound": {"our_id": ("01a", "01b", "")},
    "outbound_of": {"id_": IDS},
    "save_outbound": {"outbound": OUTBOUND},
    "count_retry": {"id_": IDS, "device": DEVICES},
    "secret": {"chat": PEOPLE, "id_": IDS},
    "save_secret": {"chat": PEOPLE, "sender": DEVICES, "id_": IDS, "secret": VALUES},
    "privacy_token": {"lid_user": LIDS},
    "save_privacy_token": {"lid_user": LIDS, "token": (PrivacyToken(), PrivacyToken(token=b"t", received_at=5))},
    "ask_phone": {"request_id": REQUESTS, "kind": KINDS, "chat": PEOPLE, "id_": IDS},
    "asked_phone": {"request_id": REQUESTS, "kind": KINDS},
    "phone_answered": {"chat": PEOPLE, "id_": IDS},
    "save_app_state_key": {"key_id": (b"1", b"2"), "key": VALUES},
    "fact": {"key": FACTS},
    "set_fact": {"key": FACTS, "value": (None, *VALUES)},
    "tidy": {},
}
PAUSES_MS = (0, 0, 1, 8 * DAY_MS, 30 * DAY_MS)
Call = tuple[str, dict[str, Any]]
History = list[tuple[list[Call], bool, int]]  # transactions: calls, whether it is undone, the pause after it

CALL = st.one_of(
    [
        st.tuples(st.just(name), st.fixed_dictionaries({key: st.sampled_from(found) for key, found in values.items()}))
        for name, values in CALLS.items()
    ]
)
HISTORY = st.lists(
    st.tuples(st.lists(CALL, min_size=1, max_size=8), st.booleans(), st.sampled_from(PAUSES_MS)), max_size=12
)


class Undone(Exception):
    pass


@given(HISTORY)
def test_a_short_history_is_that_of_the_model(history: History) -> None:
    retold(history)


def test_a_long_history_is_that_of_the_model(rng: random.Random) -> None:
    def call() -> Call:
        name = rng.choice([name for name in CALLS if name != "retire_device" or not rng.randrange(5)])
        return name, {key: rng.choice(found) for key, found in CALLS[name].items()}

    retold(
        [([call() for _ in range(rng.randint(1, 8))], rng.random() < 0.2, rng.choice(PAUSES_MS)) for _ in range(1500)]
    )


def retold(history: History) -> None:
    """Tell it to the file and to the model: they answer alike, all the way."""
    with session_file() as file:
        model = ModelRows(file.clock.ms)
        for calls, undone, pause_ms in history:
            before = deepcopy(model) if undone else model
            with pytest.raises(Undone) if undone else nullcontext():
                file.rows(partial(_told, model=model, calls=calls, undone=undone))
            model = before
            file.rows(partial(everything_alike, model=model))
            file.clock.move(pause_ms / 1000)
            model.now_ms = file.clock.ms


def _told(rows: Any, model: ModelRows, calls: list[Call], undone: bool) -> None:
    for name, arguments in calls:
        assert getattr(rows, name)(**arguments) == getattr(model, name)(**arguments), name
    if undone:
        raise Undone


def everything_alike(rows: Any, model: ModelRows) -> None:
    """What either shows of all that the histories speak of."""
    assert rows.now_ms == model.now_ms
    seen = [
        [
            one.device(),
            [(one.session(jid.address), one.identity(jid.address)) for jid in DEVICES],
            [one.prekey(id_) for id_ in range(1, 30)],
            (one.unsent_prekeys(99), one.prekeys_left(), one.failures(), one.to_drain(99)),
            [one.lid_of(user) for user in USERS],
            [(one.pn_of(user), one.privacy_token(user)) for user in LIDS],
            [(one.devices(who), one.inbound_of(who, id_), one.secret(who, id_)) for who in PEOPLE for id_ in IDS],
            [(one.outbound_of(id_), one.outbound(f"01{id_.lower()}")) for id_ in IDS],
            [one.asked_phone(request, kind) for request in REQUESTS for kind in KINDS],
            [one.fact(key) for key in FACTS],
        ]
        for one in (rows, model)
    ]
    assert seen[0] == seen[1]


def test_every_method_takes_part_in_the_histories() -> None:
    methods = {name for name in vars(ModelRows) if not name.startswith("_") and callable(getattr(ModelRows, name))}
    assert methods == CALLS.keys()


@pytest.fixture
def file() -> Iterator[SessionFile]:
    with session_file() as made:
        yield made


def test_hosted_devices_move_with_their_person(file: SessionFile) -> None:
    def work(rows: Any) -> None:
        rows.save_session(Jid("55", HOSTED, 99).address, b"hosted")
        rows.save_identity(Jid("55", HOSTED, 99).address, b"identity")
        assert rows.learn_address(lid_user="222", pn_user="55")
        assert rows.session(Jid("222", HOSTED_LID, 99).address) == b"hosted"
        assert rows.identity(Jid("222", HOSTED_LID, 99).address) == b"identity"
        assert rows.session(Jid("55", HOSTED, 99).address) is None
        assert not rows.learn_address(lid_user="222", pn_user="55")
        rows.save_session("222_1:0", b"phone")
        rows.forget_person(Jid("55", HOSTED, 99))
        assert rows.session("222_1:0") is None
        assert rows.session(Jid("222", HOSTED_LID, 99).address) is None

    file.rows(work)


def test_what_is_kept_under_the_number_gives_way_to_nothing(file: SessionFile) -> None:
    def work(rows: Any) -> None:
        rows.save_session("222_1:0", b"by lid")
        rows.save_session("55:0", b"by number")
        rows.save_session("222_1:7", b"stays")
        rows.learn_address(lid_user="222", pn_user="55")
        assert [rows.session(address) for address in ("55:0", "222_1:0", "222_1:7")] == [None, b"by number", b"stays"]

    file.rows(work)


SECRETS = [f"secret-{name}".encode() for name in ("record", "identity", "said", "message", "token", "state", "fact")]


def keep_secrets(rows: Any) -> None:
    record, identity, said, message, token, state, fact = SECRETS
    rows.save_device(PAIRED)
    rows.save_session("222_1:7", record)
    rows.save_identity("222_1:7", identity)
    rows.add_prekeys([pair(9)])
    rows.save_outbound(Outbound(our_id="01m", id="A", chat=Jid("222", LID), node=b"node", plaintext=said))
    rows.save_secret(Jid("222", LID), Jid("222", LID, 7), "A", message)
    rows.save_privacy_token("222", PrivacyToken(token=token))
    rows.save_app_state_key(b"id", state)
    rows.set_fact("nct_salt", fact)


def test_no_secret_can_be_read_without_the_master_key(file: SessionFile) -> None:
    file.rows(keep_secrets)
    raw = file.connection.serialize("main")
    device = [PAIRED.noise.private, PAIRED.identity.private, PAIRED.signed_prekey.pair.private, PAIRED.adv_secret]
    assert not [secret for secret in (*SECRETS, *device, pair(9).private) if secret in raw]
    assert b"222_1:7" in raw, "this is where they would be"


@pytest.mark.parametrize(
    "look",
    [
        lambda rows: rows.device(),
        lambda rows: rows.session("222_1:7"),
        lambda rows: rows.identity("222_1:7"),
        lambda rows: rows.prekey(1),
        lambda rows: rows.outbound("01m"),
        lambda rows: rows.secret(Jid("222", LID), "A"),
        lambda rows: rows.privacy_token("222"),
        lambda rows: rows.fact("nct_salt"),
        lambda rows: rows.set_fact("pace", b"1"),
    ],
)
def test_another_master_key_opens_nothing(file: SessionFile, look: Any) -> None:
    file.rows(keep_secrets)
    file.sealer = OTHER_SEALER.of_tenant("auto-sul")
    with pytest.raises(SealBroken, match="start with that master key"):
        file.rows(look)


def test_another_master_key_can_begin_anew_and_still_drain(file: SessionFile) -> None:
    file.rows(keep_secrets)
    waiting = Inbound(hash=b"h", chat=Jid("222", LID), sender=Jid("222", LID), id="B", plaintext=b"oi")
    file.rows(lambda rows: rows.store_inbound(waiting))
    file.sealer = OTHER_SEALER.of_tenant("auto-sul")
    assert [one.plaintext for one in file.rows(lambda rows: rows.to_drain(9))] == [b"oi"]
    file.rows(lambda rows: rows.retire_device("another master key"))

    def again(rows: Any) -> None:
        assert rows.device() is None
        rows.save_device(DEVICE)
        assert rows.device() == DEVICE
        sent = rows.outbound("01m")
        assert (sent.state, sent.node) == ("failed", b""), "its bytes are the former device's"
        assert [one.id for one in rows.to_drain(9)] == ["B"]

    file.rows(again)


def test_a_value_moved_to_another_row_does_not_open(file: SessionFile) -> None:
    file.rows(keep_secrets)
    file(lambda tx: tx.run("UPDATE sessions SET address = '222_1:8'"))
    with pytest.raises(SealBroken, match="altered or copied"):
        file.rows(lambda rows: rows.session("222_1:8"))
