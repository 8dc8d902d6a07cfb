"""Visits: booked, moved, called off."""

from datetime import datetime

from daemon.desk.brief import BookVisit, CancelVisit, Reply
from tests.corpus.play import ZONE, Conversation


def visits(reply: Reply) -> list[BookVisit]:
    return [effect for effect in reply.effects if isinstance(effect, BookVisit)]


def test_booked_moved_and_called_off() -> None:
    talk = Conversation()
    booked = visits(talk.says("quero ver o versa amanhã às 10h"))
    assert [visit.starts_at for visit in booked] == [datetime(2026, 3, 13, 10, tzinfo=ZONE)]

    moved = visits(talk.says("dá pra mudar pras 16h?"))
    assert [visit.starts_at for visit in moved] == [datetime(2026, 3, 13, 16, tzinfo=ZONE)]
    assert moved[0].vehicle_id == booked[0].vehicle_id == "v061"

    other_day = visits(talk.says("na verdade pode ser sexta que vem às 10?"))
    assert [visit.starts_at for visit in other_day] == [datetime(2026, 3, 20, 10, tzinfo=ZONE)]

    reply = talk.says("vixi, não vou poder ir mais")
    assert reply.effects == (CancelVisit(),)
    assert "visit" not in reply.memory


def test_cancel_after_a_booking_calls_the_visit_off() -> None:
    talk = Conversation()
    talk.says("quero ver o versa amanhã às 10h")
    assert talk.says("cancela").effects == (CancelVisit(),)
    assert CancelVisit() not in Conversation().says("cancela").effects


def test_when_he_leaves_work_is_no_appointment() -> None:
    talk = Conversation()
    talk.says("tem hilux?")
    (visit,) = visits(talk.says("hoje dá tempo de ver? saio do trabalho 17h"))
    assert visit.starts_at is None
    assert visit.wish == "hoje depois das 17h"


def test_after_closing_nothing_is_booked() -> None:
    reply = Conversation().says("posso ir hoje depois das 19h?")
    assert not visits(reply)
    assert "18h" in reply.text


def test_a_visit_in_memory_that_is_not_ours_is_ignored() -> None:
    talk = Conversation(memory={"visit": ["x"], "visit_day": 7})
    assert talk.says("posso passar aí?").text
    broken = Conversation(memory={"visit": {"day": "someday", "at": 5, "vehicle": 3}})
    assert broken.says("pode ser às 10h?").text


def test_not_coming_without_a_visit_is_no_calling_off() -> None:
    assert not visits(Conversation().says("não vou poder comprar agora"))
