"""What networks tell us becomes rows once; who answers is decided in the same transaction."""

import pytest
from attrs import evolve

from daemon.desk import settle
from daemon.desk.receive import MAX_TEXT, PAUSE_FACT, identity_of
from daemon.desk.wording import OPTED_OUT
from daemon.whatsapp.events import (
    AccountEvent,
    Ignored,
    MarketingChoice,
    MessageEdited,
    MessageRevoked,
    ReactionReceived,
    Sender,
)
from shards.tenant import contacts, conversations, identity, messages
from tests.support.desk_rows import ANA, BIA, HANDOVER_MS, QUIET_MS, Desk

DAY = 24 * 60 * 60


def test_a_message_is_stored_once_and_an_answer_is_owed(desk: Desk) -> None:
    received = desk.says("tem civic?", id_="wamid.1")
    thread = desk.conversation()
    assert received.due == {1: (desk.clock.ms + QUIET_MS, 0)}
    assert (thread.owed_since, thread.window_opened_at) == (desk.clock.ms, desk.clock.ms)
    before = desk.rows("SELECT * FROM conversations")
    desk.clock.move(1)
    again = desk.says("tem civic?", id_="wamid.1")
    assert again.counts == {"duplicate": 1}
    assert (again.due, again.overtaken, again.news) == ({}, set(), [])
    assert desk.rows("SELECT * FROM conversations") == before
    assert desk.rows("SELECT text FROM messages") == ["tem civic?"]


def test_the_same_message_twice_in_one_delivery_is_one(desk: Desk) -> None:
    received = desk.receive(desk.said("oi", id_="wamid.1"), desk.said("oi", id_="wamid.1"))
    assert received.counts == {"message": 1, "duplicate": 1}


def test_a_long_text_is_cut_and_a_time_in_the_future_is_now(desk: Desk) -> None:
    desk.says("a" * (MAX_TEXT + 5), ago_seconds=-3600)
    assert desk.rows("SELECT length(text), at FROM messages") == [(MAX_TEXT, desk.clock.ms)]


def test_groups_and_senders_without_any_name_are_left_alone(desk: Desk) -> None:
    received = desk.receive(
        desk.said("oi, grupo", group_id="120363@g.us"), desk.said("oi", Sender(name="Ana")), Ignored(reason="calls")
    )
    assert received.counts == {"ignored_group": 1, "ignored_nameless": 1, "ignored_calls": 1}
    assert desk.rows("SELECT 1 FROM contacts") == desk.rows("SELECT 1 FROM messages") == []


def test_two_people_without_phones_are_never_joined(desk: Desk) -> None:
    desk.says("oi", Sender(user_id="BR.1", phone=""))
    desk.says("oi", Sender(user_id="BR.2", phone=""))
    assert desk.rows("SELECT count(DISTINCT contact) FROM conversations") == [2]
    assert desk.rows("SELECT kind FROM aliases") == ["user_id", "user_id"]


def test_an_identity_has_no_empty_alias_and_a_canonical_phone() -> None:
    person = identity_of(Sender(phone="551155500101", user_id=""))
    assert person.aliases == (("phone", "551155500101"),)
    assert identity_of(Sender(phone="551195550101")).alias("phone") == "5511995550101"
    assert identity_of(Sender()).aliases == ()


def test_an_ad_makes_a_lead_with_its_click(desk: Desk) -> None:
    desk.says("vi o anúncio", referral={"headline": "HB20 2020", "ctwa_clid": "click-1"})
    assert desk.rows("SELECT interest, source FROM leads") == [("HB20 2020", "click-1")]
    assert desk.value("SELECT content ->> '$.referral.headline' FROM messages") == "HB20 2020"


def test_a_file_is_wanted_at_once(desk: Desk) -> None:
    received = desk.says("", kind="voice", content={"media": {"id": "m1", "voice": True}})
    assert received.media
    assert desk.rows("SELECT due_at FROM media_wanted") == [desk.clock.ms]


# Who answers


def test_a_message_before_a_restore_or_older_than_a_day_goes_to_a_person(desk: Desk) -> None:
    desk.says("oi", ANA, ago_seconds=DAY)
    desk(identity.set_fact, "restored_at", str(desk.clock.ms))
    received = desk.says("tem civic?", BIA)
    assert received.counts["late"] == 1
    for seq in (1, 2):
        thread = desk.conversation(seq)
        assert (thread.state, thread.human_until, thread.due_at) == ("human", None, None)
        assert thread.owed_since == desk.clock.ms, "it waits for the person"
    desk.clock.move(1)
    desk.says("oi?", Sender(phone="5511955500103"))
    assert desk.conversation(3).due_at is not None, "what is written after the restore is answered"


def test_a_burst_moves_its_due_time_up_to_the_ceiling(desk: Desk) -> None:
    began = desk.clock.ms
    due = []
    for text in ("oi", "tem civic?", "até 90 mil", "automático", "prata", "2019"):
        desk.says(text)
        due.append((desk.conversation().due_at or 0) - began)
        desk.clock.move(1.2)
    assert due == [1500, 2700, 3900, 5100, 6000, 6000]


@pytest.mark.parametrize("word", ["parar", "PARAR!", "Sair.", "não quero mais mensagens", "  Descadastrar  "])
def test_a_stop_word_opts_out_and_is_confirmed_once(desk: Desk, word: str) -> None:
    desk.says("oi")
    desk.says(word)
    assert desk.value("SELECT opted_out_at FROM contacts") == desk.clock.ms
    assert desk.rows("SELECT text FROM messages WHERE direction = 'out'") == [OPTED_OUT]
    thread = desk.conversation()
    assert (thread.state, thread.owed_since, thread.due_at) == ("human", None, None)
    received = desk.says(word)
    assert desk.states() == ["queued"], "the word again withdraws nothing"
    assert received.counts["opted_out"] == 1
    assert desk.rows("SELECT kind, hash FROM tombstones") == [
        ("opt_out", b"#phone:5511955500101"),
        ("opt_out", b"#user_id:BR.111"),
    ]


@pytest.mark.parametrize(
    "text", ["pode parar de mandar preço e me ligar?", "quero sair com o carro hoje", "parar" + " " * 80 + "na loja"]
)
def test_a_stop_word_inside_a_sentence_is_none(desk: Desk, text: str) -> None:
    assert desk.says(text).due


def test_who_opted_out_is_not_answered_until_the_resume_word(desk: Desk) -> None:
    desk.says("parar")
    received = desk.says("tem civic?")
    assert received.counts["opted_out"] == 1
    assert (received.due, desk.conversation().owed_since) == ({}, None)
    assert desk.says("voltar").due
    assert desk.value("SELECT opted_out_at FROM contacts") is None
    assert desk.rows("SELECT kind FROM tombstones WHERE hash = ?", b"#user_id:BR.111") == ["opt_out", "opt_in"]
    assert [message.text for message in desk.claim_when_due().burst] == ["tem civic?", "voltar"]


def test_the_resume_word_of_somebody_who_never_left_is_a_message(desk: Desk) -> None:
    assert desk.says("voltar").due
    assert desk.rows("SELECT 1 FROM tombstones") == []


def test_the_resume_word_does_not_take_a_thread_from_a_person(desk: Desk) -> None:
    desk.says("parar")
    desk(conversations.take_over, 1, desk.clock.ms + 60_000)
    desk.says("voltar")
    thread = desk.conversation()
    assert thread.held_by_human(desk.clock.ms)
    assert thread.due_at == desk.clock.ms + 60_000


def test_a_late_stop_word_is_honoured_without_a_word(desk: Desk) -> None:
    desk(identity.set_fact, "restored_at", str(desk.clock.ms))
    desk.says("parar")
    assert desk.value("SELECT opted_out_at FROM contacts") is not None
    assert desk.states() == [], "nothing old is answered after a restore"


def test_a_stop_word_withdraws_what_is_queued_and_overtakes_the_turn(desk: Desk) -> None:
    desk.says("oi")
    desk.answer()
    desk.says("tem civic?")
    claim = desk.claim_when_due()
    received = desk.says("parar")
    assert received.overtaken == {1}
    assert desk.states() == ["cancelled", "queued"]
    assert not desk.speak(claim).spoken


def test_marketing_choices_are_kept(desk: Desk) -> None:
    desk.says("oi")
    desk.receive(MarketingChoice(sender=ANA, at=desk.clock(), stopped=True))
    assert desk.value("SELECT marketing_stopped_at FROM contacts") == desk.clock.ms
    desk.receive(
        MarketingChoice(sender=ANA, at=desk.clock(), stopped=False),
        MarketingChoice(sender=Sender(), at=desk.clock(), stopped=True),
    )
    assert desk.rows("SELECT marketing_stopped_at FROM contacts") == [None]


# Edits, deletions, reactions


def test_an_edit_begins_a_turn_anew_that_has_not_spoken(desk: Desk) -> None:
    desk.says("tem civic?", id_="wamid.1")
    claim = desk.claim_when_due()
    received = desk.receive(
        MessageEdited(network_id="e1", sender=ANA, at=desk.clock(), target="wamid.1", text="tem corolla?")
    )
    assert received.overtaken == {1}
    assert received.due == {1: (desk.clock.ms, 0)}
    assert not desk.speak(claim).spoken
    assert [message.text for message in desk.claim().burst] == ["tem corolla?"]


def test_an_edit_of_what_was_answered_changes_the_words_alone(desk: Desk) -> None:
    desk.says("tem civic?", id_="wamid.1")
    desk.answer()
    received = desk.receive(
        MessageEdited(network_id="e1", sender=ANA, at=desk.clock(), target="wamid.1", text="tem corolla?")
    )
    assert (received.due, received.overtaken) == ({}, set())
    assert desk.rows("SELECT text FROM messages WHERE direction = 'in'") == ["tem corolla?"]


def test_a_deleted_message_is_not_answered_and_an_edit_does_not_bring_it_back(desk: Desk) -> None:
    desk.says("meu CPF é 111", id_="wamid.1", content={"media": {"id": "m1"}})
    revoked = MessageRevoked(network_id="r1", sender=ANA, at=desk.clock(), target="wamid.1")
    edited = MessageEdited(network_id="e1", sender=ANA, at=desk.clock(), target="wamid.1", text="meu CPF é 111")
    assert desk.receive(revoked, edited).counts == {"rewritten": 1, "rewrite_unknown": 1}
    assert desk.rows("SELECT kind, text, content FROM messages") == [("revoked", "", "{}")]
    assert desk.rows("SELECT 1 FROM media_wanted") == [], "nor is its file fetched"
    desk.clock.move(2)
    assert desk(settle.claim, 1, "") is None
    assert desk.conversation().owed_since is None


def test_reactions_are_kept_and_owe_nothing(desk: Desk) -> None:
    desk.says("oi")
    desk.answer()
    for emoji, at in (("👍", 5), ("❤️", 9), ("😡", 7)):
        moment = desk.clock().replace(second=at)
        received = desk.receive(
            ReactionReceived(network_id=f"re{at}", sender=ANA, at=moment, target="wamid.out", emoji=emoji)
        )
        assert not received.due
    assert desk.rows("SELECT emoji FROM reactions") == ["❤️"]
    desk.receive(
        ReactionReceived(network_id="re0", sender=ANA, at=desk.clock().replace(second=8), target="wamid.out", emoji="")
    )
    assert desk.rows("SELECT emoji FROM reactions") == ["❤️"], "an older taking-back came late"


# Persons and the account


def test_a_person_on_the_phone_silences_the_assistant_until_the_time_is_over(desk: Desk) -> None:
    desk.says("tem civic?")
    claim = desk.claim_when_due()
    received = desk.person_wrote("Oi Ana, aqui é o Beto")
    assert received.overtaken == {1}
    assert not desk.speak(claim).spoken
    until = desk.clock.ms + HANDOVER_MS
    for _ in range(3):
        desk.clock.move(600)
        desk.says("e o preço?")
        thread = desk.conversation()
        assert (thread.state, thread.human_until, thread.due_at) == ("human", until, until)
    desk.clock.at = desk.clock.at.fromtimestamp(until / 1000, desk.clock.at.tzinfo)
    assert len(desk.claim().burst) == 3, "then the assistant has what nobody answered"
    assert desk.conversation().state == "assistant"


def test_each_word_of_the_person_prolongs_the_silence(desk: Desk) -> None:
    desk.says("oi")
    desk.person_wrote("oi")
    desk.clock.move(3600)
    desk.person_wrote("ainda está aí?")
    assert desk.conversation().human_until == desk.clock.ms + HANDOVER_MS
    desk.person_wrote("isto eu disse antes", ago_seconds=1800)
    assert desk.conversation().human_until == desk.clock.ms + HANDOVER_MS, "a late one shortens nothing"


def test_a_hold_without_an_end_stays_without_an_end(desk: Desk) -> None:
    desk.says("oi")
    desk(conversations.take_over, 1, None)
    desk.person_wrote("oi")
    assert desk.conversation().human_until is None
    assert desk.conversation().held_by_human(desk.clock.ms + 10 * HANDOVER_MS)


def test_an_old_word_of_a_person_is_kept_and_changes_nothing_else(desk: Desk) -> None:
    desk.says("oi")
    desk.answer()
    desk.person_wrote("ontem", ago_seconds=DAY)
    assert desk.conversation().state == "assistant"
    assert desk.states() == ["queued", "sent"]


def test_what_the_customer_wrote_after_the_person_stays_owed(desk: Desk) -> None:
    desk.says("oi")
    desk.clock.move(60)
    desk.says("e o preço?")
    desk.person_wrote("oi!", ago_seconds=30)
    thread = desk.conversation()
    assert thread.owed_since == desk.clock.ms
    assert thread.due_at == thread.human_until == desk.clock.ms - 30_000 + HANDOVER_MS
    assert (thread.answered_seq, desk.rows("SELECT seq FROM messages WHERE text = 'oi'")) == (1, [1])


def test_a_person_who_writes_first_makes_the_contact(desk: Desk) -> None:
    desk.person_wrote("Bom dia, Bia!", BIA)
    assert desk.conversation().held_by_human(desk.clock.ms)
    desk.person_wrote("?", Sender())
    assert desk.rows("SELECT count(*) FROM contacts") == [1]


@pytest.mark.parametrize("kind", ["text", "image"])
def test_the_echo_of_our_own_send_is_no_person(desk: Desk, kind: str) -> None:
    desk.says("oi")
    text = "Temos sim!" if kind == "text" else ""
    desk(messages.queue, 1, author="assistant", kind=kind, text=text)
    seq = desk.value("SELECT seq FROM messages WHERE direction = 'out'")
    desk(messages.claim_send, seq, resend=False)
    assert desk.person_wrote(text, id_="wamid.out", kind=kind).counts == {"echo_of_ours": 1}
    desk(messages.settle_send, desk.value("SELECT id FROM messages WHERE seq = ?", seq), "wamid.out")
    assert desk.person_wrote(text, id_="wamid.out", kind=kind).counts == {"duplicate": 1}
    assert desk.conversation().state == "assistant"


def test_a_person_who_says_what_we_once_said_is_a_person(desk: Desk) -> None:
    desk.says("oi")
    id_ = desk.answer("Temos sim!")
    desk(messages.settle_send, id_, "wamid.out")
    assert desk.person_wrote("Temos sim!").counts == {"human_answered": 1}


def test_the_account_pauses_and_resumes(desk: Desk) -> None:
    down = AccountEvent(event="account_update.DISABLED_UPDATE", at=desk.clock(), pause="Meta disabled the account")
    assert desk.receive(down).channel_changed
    assert desk(identity.fact, PAUSE_FACT) == "Meta disabled the account"
    neutral = desk.receive(evolve(down, event="phone_number_quality_update.ONBOARDING", pause=""))
    assert not neutral.channel_changed
    assert desk(identity.fact, PAUSE_FACT)
    assert desk.receive(evolve(down, pause="", resume=True)).channel_changed
    assert desk(identity.fact, PAUSE_FACT) == ""


def test_one_phone_at_two_channels_is_one_contact_with_two_threads(desk: Desk) -> None:
    desk.says("oi")
    desk.in_channel("sandbox").says("oi", id_="sandbox.1")
    assert desk.rows("SELECT channel FROM conversations") == ["cloud", "sandbox"]
    assert len(desk(contacts.aliases, 1)) == 2
