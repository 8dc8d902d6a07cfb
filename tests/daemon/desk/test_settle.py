"""The transactions round a turn: all of a reply or nothing of it."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from daemon.desk import settle
from daemon.desk.brief import BookVisit, CancelVisit, HandOver, OptOut, Photo, SaveLead
from daemon.desk.settle import BURST_LIMIT, MAX_FAILURES, MAX_INTEREST, RETRY_MS, WANTED, NotYet
from daemon.desk.wording import TURN_FAILED, turn_failed
from daemon.whatsapp.events import MessageEdited
from shards.tenant import contacts, conversations, messages, turns
from shards.tenant import profile as profiles
from shards.tenant.profile import DAYS
from tests.support.desk_rows import ANA, BIA, HANDOVER_MS, QUIET_MS, Desk
from tests.support.shards import tenant_profile

EFFECTS = (
    SaveLead(interest="Civic", vehicle_id="civic-1", trade_in="Gol 2015", budget_centavos=9_000_000),
    BookVisit(wish="sábado de manhã"),
)
ALL_OF_A_REPLY = ("messages", "leads", "appointments", "usage", "conversations", "contacts", "tombstones")


def everything(desk: Desk) -> dict[str, list[Any]]:
    return {table: desk.rows(f"SELECT * FROM {table}") for table in ALL_OF_A_REPLY}


# Claiming


def test_a_turn_that_was_cancelled_for_a_message_it_has_is_due_again(desk: Desk) -> None:
    desk.says("oi")
    claim = desk.claim_when_due()
    settled = desk(settle.supersede, claim)
    assert settled.due == {1: (desk.clock.ms, 0)}
    claim = desk.claim()
    desk.says("tem civic?")
    due_at = desk.conversation().due_at
    assert desk(settle.supersede, claim).due == {}, "the newer message has made it due"
    assert desk.conversation().due_at == due_at
    claim = desk.claim_when_due()
    desk(conversations.take_over, 1, None)
    assert desk(settle.supersede, claim).due == {}
    assert desk.conversation().due_at is None, "a person has it"


def test_a_burst_is_claimed_together_and_once(desk: Desk) -> None:
    for text in ("oi", "tem civic?", "até 90 mil"):
        desk.says(text)
    claim = desk.claim_when_due()
    assert [message.text for message in claim.burst] == ["oi", "tem civic?", "até 90 mil"]
    assert claim.history == ()
    assert desk(settle.claim, 1, "") is None
    desk.speak(claim, "Temos sim!")
    desk.says("e o preço?")
    claim = desk.claim_when_due()
    assert [message.text for message in claim.burst] == ["e o preço?"]
    assert [(line.author, line.text) for line in claim.history][-1] == ("assistant", "Temos sim!")


def test_nothing_is_claimed_before_it_is_due(desk: Desk) -> None:
    desk.says("oi")
    assert desk(settle.claim, 1, "") == NotYet(desk.clock.ms + QUIET_MS)
    assert desk(settle.claim, 99, "") is None


def test_a_person_who_holds_the_thread_is_waited_for(desk: Desk) -> None:
    desk.says("oi")
    until = desk.clock.ms + 60_000
    desk(conversations.take_over, 1, until)
    desk(lambda tx: tx.run("UPDATE conversations SET due_at = 1"))
    assert desk(settle.claim, 1, "") == NotYet(until)
    desk.clock.move(60)
    assert desk.claim().conversation.state == "assistant"


def test_a_person_without_a_time_is_never_disturbed(desk: Desk) -> None:
    desk.says("oi")
    desk(conversations.take_over, 1, None)
    desk(lambda tx: tx.run("UPDATE conversations SET due_at = 1"))
    assert desk(settle.claim, 1, "") is None
    assert desk.conversation().due_at is None


def test_who_opted_out_meanwhile_is_not_answered(desk: Desk) -> None:
    desk.says("oi")
    desk(contacts.opt_out, 1, desk.clock.ms)
    desk.clock.move(2)
    assert desk(settle.claim, 1, "") is None
    assert desk.conversation().owed_since is None


def test_of_an_endless_burst_the_newest_are_read(desk: Desk) -> None:
    for number in range(BURST_LIMIT + 3):
        desk.says(f"mensagem {number}")
    burst = desk.claim_when_due().burst
    assert (len(burst), burst[0].text) == (BURST_LIMIT, "mensagem 3")


# Speaking


@pytest.mark.parametrize(("channel", "pricing"), [("cloud", ""), ("web", ""), ("sandbox", "sandbox")])
def test_a_turn_that_was_only_tried_out_is_told_apart(desk: Desk, channel: str, pricing: str) -> None:
    there = desk.in_channel(channel)
    there.says("tem civic?")
    there.speak(there.claim_when_due())
    assert there.rows("SELECT kind, pricing_type FROM usage") == [("turn", pricing)]


def test_speaking_writes_the_reply_its_effects_and_the_state(desk: Desk) -> None:
    desk.says("tem civic?")
    claim = desk.claim_when_due()
    settled = desk.speak(
        claim,
        "Temos um Civic!",
        effects=EFFECTS,
        photos=(Photo("civic-1", "https://fotos.example/1.jpg", "Frente"),),
        memory={"asked": "visit"},
        vehicle_id="civic-1",
    )
    assert (settled.spoken, settled.to_send, settled.due) == (True, {1}, {})
    assert desk.rows("SELECT kind, text, vehicle, state, turn FROM messages WHERE direction = 'out'") == [
        ("text", "Temos um Civic!", "civic-1", "queued", claim.turn.seq),
        ("image", "Frente", "civic-1", "queued", claim.turn.seq),
    ]
    assert desk.rows("SELECT interest, vehicle, trade_in, budget_centavos FROM leads") == [
        ("Civic", "civic-1", "Gol 2015", 9_000_000)
    ]
    assert desk.rows("SELECT wish, starts_at FROM appointments") == [("sábado de manhã", None)]
    assert desk.rows("SELECT kind, provider, turn FROM usage") == [("turn", "catalogue", claim.turn.seq)]
    assert desk.rows("SELECT state, provider FROM turns") == [("settled", "catalogue")]
    thread = desk.conversation()
    assert (thread.owed_since, thread.due_at, thread.turns, thread.memory) == (None, None, 1, {"asked": "visit"})
    assert {event for event, _ in settled.news} == {"message", "lead", "appointment"}


def takeover(desk: Desk) -> None:
    desk(conversations.take_over, 1, None)


def timed_takeover(desk: Desk) -> None:
    desk(conversations.take_over, 1, desk.clock.ms + 1)
    desk.clock.move(1)  # over already, and yet a person was here


def newer_message(desk: Desk) -> None:
    desk.says("até 90 mil")


def edit(desk: Desk) -> None:
    desk.receive(MessageEdited(network_id="e", sender=ANA, at=desk.clock(), target="wamid.1", text="tem corolla?"))


def person(desk: Desk) -> None:
    desk.person_wrote("oi")


def stop_word(desk: Desk) -> None:
    desk.says("parar")


def handed_back(desk: Desk) -> None:
    desk(conversations.take_over, 1, None)
    desk(conversations.release, 1)


def erasure(desk: Desk) -> None:
    desk(lambda tx: tx.run("DELETE FROM contacts"))


@pytest.mark.parametrize(
    "between",
    [takeover, timed_takeover, newer_message, edit, person, stop_word, handed_back, erasure],
    ids=lambda between: between.__name__,
)
def test_a_stale_claim_writes_nothing(desk: Desk, between: Any) -> None:
    desk.says("tem civic?", id_="wamid.1")
    claim = desk.claim_when_due()
    between(desk)
    before = everything(desk)
    settled = desk.speak(claim, effects=(*EFFECTS, HandOver("quer desconto"), OptOut()))
    assert (settled.spoken, settled.to_send, settled.due, settled.news) == (False, set(), {}, [])
    assert everything(desk) == before
    assert desk.rows("SELECT state FROM turns") in (["superseded"], [])
    desk(settle.fail, claim, "ValueError: no")
    assert everything(desk) == before


def test_a_reply_that_cannot_be_written_whole_leaves_nothing(desk: Desk) -> None:
    desk.says("tem civic?")
    claim = desk.claim_when_due()
    before = everything(desk)
    broken = SaveLead(interest="Civic", budget_centavos="noventa mil")  # type: ignore[arg-type]
    with pytest.raises(Exception, match="leads.budget_centavos"):
        desk.speak(claim, effects=(broken,))
    assert everything(desk) == before
    assert desk.rows("SELECT state FROM turns") == ["running"]


def test_a_hand_over_with_words_gives_the_thread_to_a_person_for_a_time(desk: Desk) -> None:
    desk.says("quero falar com vendedor")
    desk.answer("Vou chamar um vendedor!", effects=(HandOver("pediu"),))
    thread = desk.conversation()
    assert (thread.state, thread.human_until) == ("human", desk.clock.ms + HANDOVER_MS)
    assert (thread.owed_since, thread.due_at) == (None, None)
    assert desk.states() == ["queued"], "the words themselves are said"


def test_a_silent_hand_over_leaves_the_answer_owed_by_the_person(desk: Desk) -> None:
    desk.says("tem civic?")
    since = desk.clock.ms
    settled = desk.speak(desk.claim_when_due(), "", effects=(HandOver("nothing that stock bears out"),))
    thread = desk.conversation()
    assert thread.owed_since == since
    assert thread.due_at == thread.human_until
    assert settled.due == {1: (thread.human_until, 1)}
    assert desk.states() == []
    desk(conversations.release, 1)
    assert [message.text for message in desk.claim().burst] == ["tem civic?"], "given back unanswered: the assistant's"


def closed(desk: Desk) -> str:
    """The shop opens in an hour; "hoje às 11h" or so."""
    local = desk.clock().astimezone(ZoneInfo("America/Sao_Paulo"))
    later = local + timedelta(hours=1)
    span = f"{later.hour:02}:00-{later.hour:02}:59"
    assert later.day == local.day
    desk(profiles.save, tenant_profile(hours={DAYS[local.weekday()]: (span,)}))
    return f"hoje às {later.hour}h"


def test_a_person_asked_for_while_closed_is_noted_and_the_assistant_goes_on(desk: Desk) -> None:
    desk.says("tem civic?")
    desk.answer("Temos!", effects=(SaveLead(interest="Civic"),))
    desk.says("quero falar com vendedor")
    effects = (HandOver("pediu um vendedor", requested=True),)
    settled = desk.speak(desk.claim_when_due(), "Amanhã às 8h um consultor te chama!", effects=effects)
    thread = desk.conversation()
    assert (thread.state, thread.human_until, thread.owed_since) == ("assistant", None, None)
    assert desk.rows("SELECT interest FROM leads") == ["Civic · chamar: pediu um vendedor"]
    [news] = [fields for event, fields in settled.news if event == "conversation"]
    assert (news["state"], news["handover_requested"], news["reason"]) == ("assistant", True, "pediu um vendedor")
    desk.says("e tem corolla?")
    desk.answer("Temos!", effects=effects)
    assert desk.rows("SELECT interest FROM leads") == ["Civic · chamar: pediu um vendedor"], "said once"
    desk.says("e corolla?")
    desk.answer("Temos!", effects=(SaveLead(interest="Corolla"), HandOver("quer desconto", requested=True)))
    wanted = ["Corolla · chamar: pediu um vendedor, quer desconto"]
    assert desk.rows("SELECT interest FROM leads") == wanted
    desk.says("troco meu gol")
    desk.answer("Legal!", effects=(SaveLead(trade_in="Gol"),))
    assert desk.rows("SELECT interest FROM leads") == wanted


def test_a_lead_does_not_grow_for_ever(desk: Desk) -> None:
    for number in range(30):
        desk.says("quero falar com vendedor")
        desk.answer("Anotado!", effects=(HandOver(f"pediu {number} " + "x" * 50, requested=True),))
    assert len(desk.value("SELECT interest FROM leads")) <= 2 * MAX_INTEREST + len(WANTED)


def test_an_opt_out_by_the_turn_is_final_and_remembered(desk: Desk) -> None:
    desk.says("não quero mais nada de vocês")
    desk.answer("Tudo bem, não te escrevo mais.", effects=(OptOut(),))
    assert desk.value("SELECT opted_out_at FROM contacts") == desk.clock.ms
    assert desk.conversation().held_by_human(desk.clock.ms + 10 * HANDOVER_MS)
    assert desk.rows("SELECT hash FROM tombstones") == [b"#phone:5511955500101", b"#user_id:BR.111"]


def test_a_booked_time_is_kept_in_milliseconds(desk: Desk) -> None:
    desk.says("posso ir sábado 10h?")
    starts = desk.clock() + timedelta(days=5)
    desk.answer(effects=(BookVisit(vehicle_id="civic-1", starts_at=starts),))
    assert desk.rows("SELECT vehicle, starts_at FROM appointments") == [("civic-1", int(starts.timestamp() * 1000))]


def test_a_visit_is_called_off(desk: Desk) -> None:
    desk.says("posso ir sábado?")
    desk.answer(effects=(BookVisit(wish="sábado"),))
    desk.says("não vou mais")
    desk.answer(effects=(CancelVisit(),))
    assert desk.rows("SELECT state FROM appointments") == ["cancelled"]


# Overtaking


def test_a_turn_is_begun_anew_twice_and_then_may_finish(desk: Desk) -> None:
    desk.says("oi")
    for number, text in enumerate(("tem civic?", "até 90 mil"), start=1):
        claim = desk.claim_when_due()
        assert desk.says(text).overtaken == {1}
        assert not desk.speak(claim).spoken
        assert desk.conversation().restarts == number
    claim = desk.claim_when_due()
    received = desk.says("automático")
    assert received.overtaken == set(), "the third time it may finish"
    settled = desk.speak(claim, "Temos um Civic por 85 mil")
    assert settled.spoken
    assert settled.due == {1: (desk.clock.ms + QUIET_MS, 1)}
    thread = desk.conversation()
    assert (thread.owed_since, thread.restarts) == (desk.clock.ms, 0)
    assert [message.text for message in desk.claim_when_due().burst] == ["automático"]


def test_a_burst_during_one_turn_costs_one_restart(desk: Desk) -> None:
    desk.says("oi")
    claim = desk.claim_when_due()
    for text in ("tem civic?", "até 90 mil", "automático"):
        desk.says(text)
        desk.clock.move(0.2)
    assert desk.conversation().restarts == 1
    assert not desk.speak(claim).spoken


def test_the_quiet_spell_after_a_restart_is_whole(desk: Desk) -> None:
    desk.says("oi")
    claim = desk.claim_when_due()
    desk.clock.move(20)  # a slow vendor
    desk.says("tem civic?")
    due_at = desk.conversation().due_at or 0
    assert due_at == desk.clock.ms + QUIET_MS
    desk(settle.supersede, claim)
    desk.clock.move(1)
    desk.says("até 90 mil")
    assert (desk.conversation().due_at or 0) >= due_at


# Failing and stopping


def test_the_third_failure_tells_the_customer_and_a_person_takes_over(desk: Desk) -> None:
    desk.says("oi")
    for pause in RETRY_MS:
        settled = desk(settle.fail, desk.claim_when_due(), "ValueError: no")
        assert settled.due == {1: (desk.clock.ms + pause, 0)}
        assert desk.states() == []
    settled = desk(settle.fail, desk.claim_when_due(), "ValueError: no")
    assert settled.to_send == {1}
    assert desk.rows("SELECT text, state FROM messages WHERE direction = 'out'") == [(TURN_FAILED, "queued")]
    thread = desk.conversation()
    assert thread.human_until == desk.clock.ms + HANDOVER_MS
    assert desk.rows("SELECT state, error FROM turns") == [("failed", "ValueError: no")] * MAX_FAILURES
    assert any(fields.get("state") == "human" for _, fields in settled.news)


def test_the_third_failure_while_closed_says_when_somebody_is_there(desk: Desk) -> None:
    desk.says("oi")
    desk(lambda tx: tx.run("UPDATE conversations SET failures = 2"))
    claim = desk.claim_when_due()
    opening = closed(desk)
    desk(settle.fail, claim, "ValueError: no")
    assert desk.rows("SELECT text FROM messages WHERE direction = 'out'") == [turn_failed(opening)]
    assert desk.conversation().state == "human", "a person's at any hour"


def test_what_came_during_the_last_failing_turn_stays_owed(desk: Desk) -> None:
    desk.says("oi")
    desk(lambda tx: tx.run("UPDATE conversations SET failures = 2, restarts = 2"))
    claim = desk.claim_when_due()
    desk.says("tem civic?")
    desk(settle.fail, claim, "ValueError: no")
    assert desk.conversation().owed_since == desk.clock.ms


def test_an_answer_forgets_the_failures_before_it(desk: Desk) -> None:
    desk.says("oi")
    desk(settle.fail, desk.claim_when_due(), "ValueError: no")
    assert desk.conversation().failures == 1
    desk.answer()
    assert desk.conversation().failures == 0


def test_a_stopped_turn_is_due_again_at_once(desk: Desk) -> None:
    desk.says("oi")
    claim = desk.claim_when_due()
    desk(settle.release, claim)
    assert desk.conversation().due_at == desk.clock.ms
    assert desk.claim().burst == claim.burst
    assert desk.rows("SELECT state FROM turns ORDER BY seq") == ["released", "running"]


def test_a_stopped_turn_that_a_person_overtook_stays_with_the_person(desk: Desk) -> None:
    desk.says("oi")
    claim = desk.claim_when_due()
    desk(conversations.take_over, 1, None)
    desk(settle.release, claim)
    assert desk.conversation().due_at is None


@pytest.mark.parametrize("end", ["speak", "fail", "supersede", "release"])
def test_requests_without_a_response_are_counted_as_unknown(desk: Desk, end: str) -> None:
    desk.says("oi")
    claim = desk(settle.claim, 1, "anthropic") if desk.clock.move(2) is None else None
    assert isinstance(claim, settle.Claim)
    unknown = ("anthropic", "openai")
    match end:
        case "speak":
            reply = settle.Reply(text="Oi!", provider="catalogue")
            desk(
                settle.speak,
                claim,
                reply,
                handover_ms=HANDOVER_MS,
                quiet_ms=QUIET_MS,
                keyed_hash=desk.rules.keyed_hash,
                unknown=unknown,
            )
        case "fail":
            desk(settle.fail, claim, "no", unknown)
        case "supersede":
            desk(settle.supersede, claim, unknown)
        case "release":
            desk(settle.release, claim, unknown)
    assert desk.rows("SELECT provider, conversation FROM usage WHERE kind = 'unknown'") == [
        (vendor, claim.conversation.id) for vendor in unknown
    ]
    assert desk(turns.release_running) == 0


def test_two_conversations_do_not_touch_each_other(desk: Desk) -> None:
    desk.says("oi", ANA)
    desk.says("oi", BIA)
    claim = desk.claim_when_due(1)
    desk(conversations.take_over, 2, None)
    assert desk.speak(claim).spoken
    assert desk(messages.conversations_to_send) == [1]
    assert evolve(desk.conversation(2), due_at=None).owed_since is not None
