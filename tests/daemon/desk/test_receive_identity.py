"""One person under two names is one thread, two persons under one number are two."""

from daemon.desk import outbox, settle
from daemon.desk.outbox import Claimed, StatusWatch
from daemon.whatsapp.events import IdentityChanged, MarketingChoice, Sender
from shards.tenant import conversations
from tests.support.desk_rows import ANA, Desk

PHONE = Sender(phone=ANA.phone)
USER_ID = Sender(user_id=ANA.user_id)


def threads(desk: Desk) -> list[int]:
    found: list[int] = desk.rows("SELECT seq FROM conversations ORDER BY seq")
    return found


def changed(desk: Desk, old: Sender, new: Sender) -> object:
    return desk.receive(IdentityChanged(old=old, new=new, at=desk.clock()))


def test_a_user_id_that_comes_with_a_known_phone_is_linked(desk: Desk) -> None:
    desk.says("oi", PHONE)
    desk.says("oi", ANA)
    desk.says("oi", USER_ID)
    assert threads(desk) == [1]
    assert desk.rows("SELECT kind, value FROM aliases ORDER BY kind") == [
        ("phone", "5511955500101"),
        ("user_id", "BR.111"),
    ]
    assert desk.rows("SELECT name, dial_phone, dial_user_id FROM contacts") == [("Ana", ANA.phone, ANA.user_id)]


def test_two_threads_become_one_when_both_names_come_together(desk: Desk) -> None:
    desk.says("oi", PHONE)
    desk.says("tem civic?", USER_ID)
    assert threads(desk) == [1, 2]
    desk.says("até 90 mil", ANA)
    assert len(threads(desk)) == 1
    seq = threads(desk)[0]
    assert [message.text for message in desk.claim_when_due(seq).burst] == ["oi", "tem civic?", "até 90 mil"]


def test_a_number_with_another_user_id_is_another_person(desk: Desk) -> None:
    desk.says("meu CPF é 111", ANA)
    desk.answer()
    desk.says("oi", Sender(phone=ANA.phone, user_id="BR.999", name="Caio"))
    assert threads(desk) == [1, 2]
    claim = desk.claim_when_due(2)
    assert claim.history == ()
    assert desk.rows("SELECT name, dial_phone, dial_user_id FROM contacts ORDER BY seq") == [
        ("Ana", "", "BR.111"),
        ("Caio", ANA.phone, "BR.999"),
    ]
    assert desk.rows("SELECT contact FROM aliases WHERE kind = 'phone'") == [2]


def test_what_is_still_unsent_for_the_old_owner_does_not_go_to_the_new_one(desk: Desk) -> None:
    desk.says("oi", ANA)
    desk.answer("Ana, seu Gol vale 30 mil")
    desk.says("oi", Sender(phone=ANA.phone, user_id="BR.999"))
    claimed = desk(outbox.claim_next, 1, watch=StatusWatch(started_at=0), resend_after_ms=1, held=False)
    assert isinstance(claimed, Claimed)
    assert (claimed.outgoing.phone, claimed.outgoing.user_id) == ("", "BR.111")


def test_a_changed_number_leads_to_the_same_thread(desk: Desk) -> None:
    desk.says("oi", ANA)
    new = Sender(phone="5511955500777", user_id="BR.777")
    changed(desk, ANA, new)
    desk.says("tem civic?", new)
    assert threads(desk) == [1]
    assert desk.rows("SELECT kind, value FROM aliases ORDER BY kind") == [
        ("phone", "5511955500777"),
        ("user_id", "BR.777"),
    ]
    assert desk.rows("SELECT dial_phone, dial_user_id FROM contacts") == [("5511955500777", "BR.777")]
    desk.says("oi", Sender(phone=ANA.phone, user_id="BR.555"))
    assert threads(desk) == [1, 2], "the old number is free for somebody else"


def test_a_notice_that_comes_after_the_first_message_under_the_new_name_joins_both(desk: Desk) -> None:
    new = Sender(phone="5511955500777", user_id="BR.777")
    desk.says("tem civic?", ANA)
    desk.says("e corolla?", new)
    received = desk.receive(IdentityChanged(old=ANA, new=new, at=desk.clock()))
    [seq] = threads(desk)
    assert set(received.due) == {seq}, "what is owed in the joined thread is looked at again"
    assert [message.text for message in desk.claim_when_due(seq).burst] == ["tem civic?", "e corolla?"]


def test_a_changed_user_id_without_a_phone_is_dialled_by_the_user_id(desk: Desk) -> None:
    desk.says("oi", ANA)
    changed(desk, Sender(user_id=ANA.user_id), Sender(user_id="BR.777"))
    assert desk.rows("SELECT dial_phone, dial_user_id FROM contacts") == [("", "BR.777")]


def test_a_change_of_somebody_unknown_makes_nobody(desk: Desk) -> None:
    received = desk.receive(
        IdentityChanged(old=USER_ID, new=Sender(user_id="BR.777"), at=desk.clock()),
        IdentityChanged(old=Sender(), new=ANA, at=desk.clock()),
    )
    assert received.counts == {"identity_unknown": 2}
    assert desk.rows("SELECT 1 FROM contacts") == []


def test_a_new_number_that_another_known_person_has_joins_no_strangers(desk: Desk) -> None:
    other = Sender(phone="5511955500777", user_id="BR.222", name="Bia")
    desk.says("oi", ANA)
    desk.says("oi", other)
    changed(desk, ANA, Sender(phone=other.phone, user_id="BR.333"))
    assert threads(desk) == [1, 2]
    assert desk.rows("SELECT dial_phone FROM contacts ORDER BY seq") == [other.phone, ""]


# Joining while something is under way


def test_joining_threads_loses_nothing_that_is_owed(desk: Desk) -> None:
    """The thread that stays has answered later messages than the one that goes still owes."""
    desk.says("tem civic?", PHONE)
    desk.says("oi", USER_ID)
    desk.answer(seq=2)
    desk.receive(MarketingChoice(sender=ANA, at=desk.clock(), stopped=True))
    [seq] = threads(desk)
    assert "tem civic?" in [message.text for message in desk.claim_when_due(seq).burst]


def test_a_turn_of_a_thread_that_was_joined_ends_and_its_message_is_due_again(desk: Desk) -> None:
    desk.says("tem civic?", PHONE)
    desk.says("oi", USER_ID)
    desk.answer(seq=2)
    claim = desk.claim_when_due(1)
    received = desk.receive(MarketingChoice(sender=ANA, at=desk.clock(), stopped=True))
    [seq] = threads(desk)
    assert received.due == {seq: (desk.clock.ms, 1)}
    assert not desk.speak(claim).spoken
    assert desk.rows("SELECT state FROM turns WHERE seq = ?", claim.turn.seq) == ["superseded"]
    assert desk.claim(seq).burst[0].text == "tem civic?"


def test_a_failing_turn_of_a_joined_thread_ends_too(desk: Desk) -> None:
    desk.says("tem civic?", PHONE)
    desk.says("oi", USER_ID)
    claim = desk.claim_when_due(1)
    desk.says("oi", ANA)
    desk(settle.fail, claim, "ValueError: no")
    assert desk.rows("SELECT 1 FROM turns WHERE state = 'running'") == []


def test_a_person_keeps_the_thread_that_is_joined(desk: Desk) -> None:
    desk.says("oi", PHONE)
    desk.says("oi", USER_ID)
    desk(conversations.take_over, 1, desk.clock.ms + 60_000)
    received = desk.says("tem civic?", ANA)
    [seq] = threads(desk)
    thread = desk.conversation(seq)
    assert thread.held_by_human(desk.clock.ms)
    assert thread.due_at == desk.clock.ms + 60_000
    assert received.due[seq][0] == desk.clock.ms + 60_000


def test_who_opted_out_under_one_name_has_under_the_other(desk: Desk) -> None:
    desk.says("parar", PHONE)
    desk.says("tem civic?", USER_ID)
    desk.answer(seq=2)
    desk.says("oi", ANA)
    [seq] = threads(desk)
    thread = desk.conversation(seq)
    assert (thread.state, thread.owed_since, thread.due_at) == ("human", None, None)
    assert "queued" not in desk.rows("SELECT state FROM messages WHERE turn IS NOT NULL")


def test_a_send_that_is_under_way_while_threads_are_joined_is_settled(desk: Desk) -> None:
    desk.says("oi", PHONE)
    desk.says("oi", USER_ID)
    first = desk.answer(seq=1)
    claimed = desk(outbox.claim_next, 1, watch=StatusWatch(started_at=0), resend_after_ms=1, held=False)
    assert isinstance(claimed, Claimed)
    desk.says("tem civic?", ANA)
    desk(outbox.settle, claimed.message, outbox.Receipt(network_id="wamid.out"))
    assert desk.rows("SELECT state FROM messages WHERE id = ?", first) == ["sent"]


def test_unsent_messages_of_a_joined_thread_are_looked_at_again(desk: Desk) -> None:
    desk.says("oi", PHONE)
    desk.says("oi", USER_ID)
    desk.answer(seq=1)
    received = desk.receive(MarketingChoice(sender=ANA, at=desk.clock(), stopped=True))
    assert received.to_send == set(threads(desk))
