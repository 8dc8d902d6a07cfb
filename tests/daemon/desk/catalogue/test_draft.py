"""A reply in the making."""

from daemon.desk.brief import Brief, HandOver, Line, SaveLead
from daemon.desk.catalogue.draft import PHOTOS, Draft
from tests.corpus.play import NOW, PROFILE, summary, vehicles


def draft(memory: dict[str, object] | None = None) -> Draft:
    return Draft(
        Brief(
            now=NOW,
            profile=PROFILE,
            contact_name="",
            contact_has_phone=True,
            history=(),
            burst=(Line(author="customer", kind="text", text="oi", at=NOW),),
            memory=dict(memory or {}),
            summary=summary(),
            open_now=True,
            next_opening="",
            first_turn=True,
        )
    )


def test_one_question_and_the_first_stays() -> None:
    made = draft()
    made.say("Olá!")
    made.ask("Qual carro?", "model")
    made.ask("Até quanto?", "budget")
    reply = made.reply()
    assert reply.text == "Olá!\n\nQual carro?"
    assert reply.memory["asked"] == "model"
    made.ask("Até quanto?", "budget", instead=True)
    assert made.reply().memory["asked"] == "budget"


def test_who_is_handed_over_is_asked_nothing() -> None:
    made = draft()
    made.say("Já chamei.")
    made.ask("Qual carro?", "model")
    made.do(HandOver("one"))
    made.do(HandOver("two"))
    reply = made.reply()
    assert reply.text == "Já chamei."
    assert reply.effects == (HandOver("one"),)


def test_leads_make_one() -> None:
    made = draft()
    made.lead(interest="", budget_centavos=None)
    assert not made.effects
    made.lead(interest="SUV")
    made.lead(vehicle_id="v1", interest="")
    assert made.effects == [SaveLead(interest="SUV", vehicle_id="v1")]


def test_what_was_shown_is_remembered() -> None:
    made = draft({"seen": ["v009", 3], "focus": "v009"})
    made.show((vehicles()["v001"], vehicles()["v002"]))
    assert made.memory["shown"] == ["v001", "v002"]
    assert made.memory["seen"] == ["v009", "v001", "v002"]
    assert "focus" not in made.memory
    made.show((vehicles()["v001"],))
    assert made.memory["focus"] == "v001"
    assert made.reply().vehicle_id == "v001"


def test_pictures_of_one_and_of_several() -> None:
    made = draft()
    assert made.picture((vehicles()["v001"],)) == PHOTOS
    made = draft()
    assert made.picture((vehicles()["v001"], vehicles()["v002"])) == 2
    assert {photo.vehicle_id for photo in made.photos} == {"v001", "v002"}
    assert draft().picture((vehicles()["v038"],)) == 0


def test_misses_are_counted_in_a_row() -> None:
    made = draft({"missed": 1})
    made.missed = True
    assert made.reply().memory["missed"] == 2
    assert draft({"missed": 1}).reply().memory["missed"] == 0
