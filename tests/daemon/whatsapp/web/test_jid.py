"""Addresses: their text, what they are the same as, and what sessions are kept under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import (
    BROADCAST,
    DOMAINS,
    GROUP,
    HOSTED,
    HOSTED_LID,
    INTEROP,
    LID,
    MESSENGER,
    PN,
    SERVER,
    Jid,
)

users = st.from_regex(r"[0-9]{1,20}", fullmatch=True)
people = st.builds(Jid, users, st.sampled_from(list(DOMAINS.values())), st.integers(0, 255))
strange_people = st.builds(Jid.in_domain, users, st.integers(0, 255), st.integers(0, 255))
others = st.builds(
    Jid, st.sampled_from(["status", "120363-1", "a.b_c", ""]), st.sampled_from([GROUP, BROADCAST, "bot"])
)
jids = people | strange_people | others | st.just(SERVER)


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("5511999990001@s.whatsapp.net", Jid("5511999990001")),
        ("5511999990001:7@s.whatsapp.net", Jid("5511999990001", PN, 7)),
        ("222@lid", Jid("222", LID)),
        ("222:7@lid", Jid("222", LID, 7)),
        ("222.0:7@lid", Jid("222", LID, 7)),
        ("222.1:7@s.whatsapp.net", Jid("222", LID, 7)),
        ("222_1:7@s.whatsapp.net", Jid("222", LID, 7)),
        ("222.128:99@s.whatsapp.net", Jid("222", HOSTED, 99)),
        ("222.129:99@lid", Jid("222", HOSTED_LID, 99)),
        ("222:99@hosted.lid", Jid("222", HOSTED_LID, 99)),
        ("222.5:7@s.whatsapp.net", Jid("222.5", PN, 7)),  # a domain nobody knows stays what it is
        ("5511999990001@c.us", Jid("5511999990001")),
        ("@s.whatsapp.net", SERVER),
        ("s.whatsapp.net", SERVER),
        ("c.us", SERVER),
        ("g.us", Jid("", GROUP)),
        ("@new.server", Jid("", "new.server")),
        ("status@broadcast", Jid("status", BROADCAST)),
        ("5511999990001-1600000000@g.us", Jid("5511999990001-1600000000", GROUP)),
        ("a_1.2@g.us", Jid("a_1.2", GROUP)),
        ("3-abc:9@interop", Jid("3-abc", INTEROP, 9)),
        ("100:65535@msgr", Jid("100", MESSENGER, 65535)),
    ],
)
def test_text_to_address(text: str, jid: Jid) -> None:
    assert Jid.parse(text) == jid
    assert Jid.parse(str(jid)) == jid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "222",
        "available",
        "a@b@lid",
        "1:2:3@lid",
        ":7@lid",
        "222:@lid",
        "222:65536@lid",
        "222:-1@lid",
        "222:٣@lid",
        "222.300@lid",
        "a.b@lid",
        "a_b.5@lid",
        ".5@lid",
        "2 2@lid",
        "222@lid\n",
        "222@",
        "222@ÄÖ",
        "222@-x",
    ],
)
def test_text_that_is_no_address(text: str) -> None:
    with pytest.raises(Garbled):
        Jid.parse(text)


@pytest.mark.parametrize(
    ("jid", "text"),
    [
        (Jid("222"), "222@s.whatsapp.net"),
        (Jid("222", LID, 7), "222:7@lid"),
        (SERVER, "s.whatsapp.net"),
        (Jid("", "new.server"), "@new.server"),
    ],
)
def test_address_to_text(jid: Jid, text: str) -> None:
    assert str(jid) == text


@given(jids)
def test_every_address_has_a_text_of_its_own(jid: Jid) -> None:
    assert Jid.parse(str(jid)) == jid


@given(st.text(alphabet="0123456789ab.:_@lid-\x00 é", max_size=30) | st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        jid = Jid.parse(text)
    except Garbled:
        return
    assert Jid.parse(str(jid)) == jid


@given(st.text(), st.text() | st.sampled_from([PN, LID, GROUP, "c.us"]), st.integers(-1, 70000))
def test_parts_that_are_taken_have_a_text_that_means_them(user: str, server: str, device: int) -> None:
    try:
        jid = Jid.checked(user, server, device)
    except Garbled:
        return
    assert Jid.parse(str(jid)) == jid


@pytest.mark.parametrize(
    ("user", "server", "device"),
    [
        ("222:7", PN, 0),
        ("222@lid", PN, 0),
        ("222_1", PN, 0),  # would share its session with 222@lid
        ("222.128", LID, 0),
        ("2 2", GROUP, 0),
        ("", PN, 7),
        ("222", PN, -1),
        ("222", PN, 65536),
        ("222", "", 0),
        ("222", "lid@lid", 0),
    ],
)
def test_parts_that_could_be_read_as_another_address(user: str, server: str, device: int) -> None:
    with pytest.raises(Garbled):
        Jid.checked(user, server, device)


@pytest.mark.parametrize(("user", "domain"), [("", 0), ("2.2", 0), ("2_1", 5), ("222", 256), ("222", -1)])
def test_no_user_of_a_domain(user: str, domain: int) -> None:
    with pytest.raises(Garbled):
        Jid.in_domain(user, domain, 0)


def test_the_same_number_on_two_servers_is_two_people() -> None:
    assert Jid("222", LID) != Jid("222", PN)
    assert Jid("222", LID, 7).bare == Jid("222", LID)
    assert Jid("222", LID).bare == Jid("222", LID)
    assert Jid("222", LID).is_lid
    assert not Jid("222", PN).is_lid


@pytest.mark.parametrize(
    ("jid", "person"),
    [
        (Jid("222", LID, 7), True),
        (Jid("5511999990001"), True),
        (Jid("0"), False),
        (SERVER, False),
        (Jid("222.5"), False),
        (Jid("٣", LID), False),
        (Jid("222", HOSTED, 99), False),
        (Jid("status", BROADCAST), False),
        (Jid("120363", GROUP), False),
    ],
)
def test_who_is_a_person(jid: Jid, person: bool) -> None:
    assert jid.is_user is person


@pytest.mark.parametrize(
    ("jid", "address"),
    [
        (Jid("222"), "222:0"),
        (Jid("222", LID, 7), "222_1:7"),
        (Jid("222", HOSTED, 99), "222_128:99"),
        (Jid("222", HOSTED_LID, 99), "222_129:99"),
    ],
)
def test_what_a_session_is_kept_under(jid: Jid, address: str) -> None:
    assert jid.address == address


@pytest.mark.parametrize("jid", [SERVER, Jid("120363", GROUP), Jid("222.5"), Jid("222_1")])
def test_no_session_with_these(jid: Jid) -> None:
    with pytest.raises(Garbled, match="sessions"):
        _ = jid.address


@given(people, people)
def test_two_people_never_share_a_session(one: Jid, other: Jid) -> None:
    assert (one.address == other.address) == (one == other)
