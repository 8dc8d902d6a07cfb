"""Contacts are found by every name, joined only when the names come together, and never by an empty one."""

from collections.abc import Iterator

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.errors import NotFound
from shards.shard import Tx
from shards.tenant import contacts, conversations, leads
from shards.tenant.contacts import Identity
from tests.support.stock_shard import memory_tx


def person(name: str = "", **aliases: str) -> Identity:
    """An identity whose dials are what its aliases say."""
    given_ = tuple((kind, aliases[kind]) for kind in contacts.ALIAS_KINDS if aliases.get(kind))
    return Identity(
        aliases=given_, dial_phone=aliases.get("phone", ""), dial_user_id=aliases.get("user_id", ""), name=name
    )


@pytest.fixture
def tx() -> Iterator[Tx]:
    made = memory_tx()
    yield made
    made.connection.close()


def test_a_contact_is_made_once_and_found_by_each_name(tx: Tx) -> None:
    made = contacts.resolve(tx, person("Ana", user_id="BR.1", phone="551"))
    assert (made.name, made.dial_phone, made.dial_user_id, made.opted_out_at) == ("Ana", "551", "BR.1", None)
    for again in (person(user_id="BR.1"), person(phone="551"), person("Ana", user_id="BR.1", phone="551")):
        assert contacts.resolve(tx, again) == made
    assert contacts.one(tx, made.seq) == made


def test_an_empty_identity_is_refused(tx: Tx) -> None:
    with pytest.raises(AssertionError):
        contacts.resolve(tx, Identity(aliases=()))
    with pytest.raises(apsw.ConstraintError):
        contacts.resolve(tx, Identity(aliases=(("phone", ""),)))


def test_there_is_no_contact_of_another_number(tx: Tx) -> None:
    with pytest.raises(NotFound, match="no contact 7"):
        contacts.one(tx, 7)


def test_new_names_replace_and_missing_ones_leave_what_is_known(tx: Tx) -> None:
    contacts.resolve(tx, person("Ana", user_id="BR.1", phone="551"))
    changed = contacts.resolve(tx, person("Ana Paula", user_id="BR.1"))
    assert (changed.name, changed.dial_phone) == ("Ana Paula", "551")
    assert contacts.resolve(tx, person(user_id="BR.1", phone="552")).dial_phone == "552"


def test_another_user_id_on_a_known_phone_is_another_person(tx: Tx) -> None:
    first = contacts.resolve(tx, person("Ana", user_id="BR.1", phone="551"))
    second = contacts.resolve(tx, person("Caio", user_id="BR.2", phone="551"))
    assert first.seq != second.seq
    assert contacts.aliases(tx, first.seq) == [("user_id", "BR.1")]
    assert contacts.one(tx, first.seq).dial_phone == "", "what is for Ana must not be dialled to Caio"
    assert contacts.resolve(tx, person(phone="551")).seq == second.seq


def test_two_known_persons_are_not_joined_by_a_number_that_wandered(tx: Tx) -> None:
    first = contacts.resolve(tx, person(user_id="BR.1", phone="551"))
    second = contacts.resolve(tx, person(user_id="BR.2", phone="552"))
    assert contacts.resolve(tx, person(user_id="BR.2", phone="551")).seq == second.seq
    assert contacts.find(tx, "phone", "551") == second.seq
    assert contacts.find(tx, "user_id", "BR.1") == first.seq


def test_a_weak_name_finds_where_no_sure_one_does(tx: Tx) -> None:
    made = contacts.resolve(tx, person(lid="77@lid"))
    assert contacts.resolve(tx, person(lid="77@lid", phone="551")).seq == made.seq
    assert contacts.find(tx, "phone", "551") == made.seq
    assert contacts.resolve(tx, person(sandbox="77@lid")).seq != made.seq, "a value is of one kind"


def test_joining_moves_everything(tx: Tx) -> None:
    first = contacts.resolve(tx, person(phone="551"))
    contacts.marketing(tx, first.seq, 5)
    thread = conversations.of_contact(tx, first.seq, "web")
    leads.save(tx, first.seq, thread.seq, interest="Civic")
    leads.book(tx, first.seq, thread.seq, vehicle=None, starts_at=None, wish="sábado")
    contacts.resolve(tx, person("Ana", user_id="BR.1"))
    joined = contacts.resolve(tx, person(user_id="BR.1", phone="551"))
    assert tx.value("SELECT count(*) FROM contacts") == 1
    assert {contact for (contact,) in tx.rows("SELECT contact FROM leads UNION SELECT contact FROM appointments")} == {
        joined.seq
    }
    assert conversations.one(tx, thread.seq).contact == joined.seq, "a thread on another channel stays one"
    assert tx.value("SELECT marketing_stopped_at FROM contacts") == 5


def test_a_renamed_contact_loses_the_old_names(tx: Tx) -> None:
    made = contacts.resolve(tx, person("Ana", user_id="BR.1", phone="551"))
    renamed = contacts.rename(tx, person(user_id="BR.1", phone="551"), person(user_id="BR.2", phone="552"))
    assert renamed is not None
    assert renamed.seq == made.seq
    assert sorted(contacts.aliases(tx, made.seq)) == [("phone", "552"), ("user_id", "BR.2")]
    assert contacts.rename(tx, person(user_id="BR.1"), person(user_id="BR.3")) is None


def test_an_address_the_network_used_is_learnt_but_takes_nothing_from_others(tx: Tx) -> None:
    first = contacts.resolve(tx, person(user_id="BR.1"))
    second = contacts.resolve(tx, person(user_id="BR.2", phone="552"))
    contacts.learn_dial(tx, first.seq, person(phone="552"))
    contacts.learn_dial(tx, first.seq, person(phone="551"))
    assert contacts.find(tx, "phone", "552") == second.seq
    assert contacts.find(tx, "phone", "551") == first.seq
    assert contacts.one(tx, first.seq).dial_phone == "551"


def test_opting_out_and_in(tx: Tx) -> None:
    made = contacts.resolve(tx, person(phone="551"))
    contacts.opt_out(tx, made.seq, 5)
    assert contacts.one(tx, made.seq).opted_out_at == 5
    contacts.opt_in(tx, made.seq)
    assert contacts.one(tx, made.seq).opted_out_at is None


ids = st.sampled_from(["", "BR.1", "BR.2", "BR.3"])
phones = st.sampled_from(["", "551", "552"])


@given(st.lists(st.tuples(ids, phones, st.booleans()), max_size=25))
def test_no_history_of_names_joins_two_user_ids(seen: list[tuple[str, str, bool]]) -> None:
    """Whatever comes, without a notice of a change: one user id one contact, one number dialled for one."""
    tx = memory_tx()
    try:
        for user_id, phone, weak in seen:
            identity = person(user_id=user_id, phone=phone, lid="9@lid" if weak and not user_id and not phone else "")
            if identity.aliases:
                found = contacts.resolve(tx, identity)
                assert set(identity.aliases) <= set(contacts.aliases(tx, found.seq))
            for (count,) in tx.rows("SELECT count(*) FROM aliases WHERE kind = 'user_id' GROUP BY contact"):
                assert count == 1
            dialled = [phone for (phone,) in tx.rows("SELECT dial_phone FROM contacts WHERE dial_phone <> ''")]
            assert len(dialled) == len(set(dialled))
    finally:
        tx.connection.close()
