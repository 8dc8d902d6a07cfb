from collections.abc import Iterator

import pytest

from daemon.channels.web import chats
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.jid import HOSTED, HOSTED_LID, LID, Jid
from daemon.whatsapp.web.stanza import Own
from tests.support.session import SessionFile, session_file

OWN = Own(Jid("5511", device=12), Jid("111", LID, 12))
PN, HIDDEN = Jid("5521"), Jid("222", LID)


@pytest.fixture
def file() -> Iterator[SessionFile]:
    with session_file() as made:
        yield made


def learn(file: SessionFile, lid: str = "222", pn: str = "5521") -> str:
    return file.rows(lambda rows: chats.learn(rows, OWN, lid_user=lid, pn_user=pn))


def test_a_person_is_known_by_the_lid_once_it_is_known(file: SessionFile) -> None:
    group = Jid("1", "g.us")
    assert file.rows(lambda rows: chats.canonical(rows, PN)) == PN
    assert file.rows(lambda rows: (chats.other_address(rows, PN), chats.other_address(rows, HIDDEN))) == (None, None)
    assert file.rows(lambda rows: chats.addresses(rows, PN)) == (PN,)
    assert learn(file) == ""
    assert file.rows(lambda rows: [chats.canonical(rows, each) for each in (PN, HIDDEN, group)]) == [
        HIDDEN,
        HIDDEN,
        group,
    ]
    assert file.rows(lambda rows: chats.addresses(rows, Jid("5521", device=0))) == (PN, HIDDEN)
    assert file.rows(lambda rows: chats.addresses(rows, HIDDEN)) == (HIDDEN, PN)


def test_sessions_are_kept_under_the_lid(file: SessionFile) -> None:
    hosted = Jid("5521", HOSTED, 99)
    found = [Jid("5521", device=7), hosted, Jid("1", "g.us")]
    assert file.rows(lambda rows: [chats.session_device(rows, each) for each in found]) == found
    learn(file)
    assert file.rows(lambda rows: [chats.session_device(rows, each) for each in found]) == [
        Jid("222", LID, 7),
        Jid("222", HOSTED_LID, 99),
        Jid("1", "g.us"),
    ]


def test_learning_again_is_no_news_and_a_new_number_is(file: SessionFile) -> None:
    file.rows(lambda rows: rows.save_session(PN.address, b"record"))
    assert learn(file) == ""
    assert file.rows(lambda rows: rows.session("222_1:0")) == b"record"
    assert learn(file) == ""
    assert learn(file, pn="5599") == "a known customer has another number now"
    assert file.rows(lambda rows: (rows.lid_of("5521"), rows.lid_of("5599"))) == (None, "222")


@pytest.mark.parametrize(("lid", "pn"), [("111", "5521"), ("222", "5511")])
def test_our_addresses_are_never_somebody_else_s(file: SessionFile, lid: str, pn: str) -> None:
    assert "ignored" in learn(file, lid, pn)
    assert file.rows(lambda rows: (rows.pn_of(lid), rows.lid_of(pn))) == (None, None)
    assert learn(file, "111", "5511") == ""
    assert file.rows(lambda rows: rows.lid_of("5511")) == "111"


@pytest.mark.parametrize(
    ("told", "sane"), [(0, 1000), (-1, 1000), (999, 999), (87_400, 87_400), (87_401, 1000), (10**30, 1000)]
)
def test_times_that_nobody_s_clock_shows_are_now(told: int, sane: int) -> None:
    assert chats.sane_seconds(told, 1_000_999) == sane


def test_the_newest_setting_counts_and_not_the_newest_message(file: SessionFile) -> None:
    def after(seconds: int, set_at: int, *, at: int = 1000, chat: Jid = HIDDEN) -> Disappearing | None:
        file.rows(lambda rows: chats.set_lifetime(rows, chat, Disappearing(seconds, set_at), at=at))
        return file.rows(lambda rows: chats.lifetime(rows, HIDDEN))

    assert file.rows(lambda rows: chats.lifetime(rows, HIDDEN)) is None
    assert after(86_400, 950) == Disappearing(86_400, 950)
    assert after(604_800, 910) == Disappearing(86_400, 950), "set before, come later"
    assert after(604_800, 990) == Disappearing(604_800, 990)
    assert after(0, 0) == Disappearing(0, 1000), "whoever says no time means now"
    assert after(86_400, 1_700_000_000_000, at=2000) == Disappearing(86_400, 2000), "no lasting claim on the chat"


def test_a_setting_survives_the_learning_of_the_lid(file: SessionFile) -> None:
    file.rows(lambda rows: chats.set_lifetime(rows, PN, Disappearing(86_400, 5), at=5))
    assert file.rows(lambda rows: chats.lifetime(rows, HIDDEN)) is None
    learn(file)
    assert file.rows(lambda rows: chats.lifetime(rows, HIDDEN)) == Disappearing(86_400, 5)
    file.rows(lambda rows: chats.set_lifetime(rows, HIDDEN, Disappearing(0, 9), at=9))
    assert file.rows(lambda rows: chats.lifetime(rows, PN)) == Disappearing(0, 9)
