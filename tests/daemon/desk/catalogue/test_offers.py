"""Showing vehicles."""

from daemon.desk.brief import SaveLead
from tests.corpus.play import Conversation, mentioned


def test_a_list_has_each_vehicle_on_its_own_line() -> None:
    text = Conversation().says("suv até 100 mil").text
    assert len([line for line in text.splitlines() if line.startswith("🚗")]) == len(mentioned(text)) == 3


def test_reserved_is_said_and_what_is_free_is_shown() -> None:
    text = Conversation().says("tem renegade longitude?").text
    assert "reservado" in text
    assert [v.id for v in mentioned(text)] == ["v045", "v046"]


def test_equipment_not_on_record_is_no_denial() -> None:
    text = Conversation().says("versa tem airbag?").text
    assert "não temos" not in text
    assert "não aparece no anúncio" in text
    assert "vendedor confirm" in text


def test_a_film_is_a_salespersons() -> None:
    reply = Conversation().says("tem vídeo da hilux?")
    assert "Vídeo" in reply.text
    assert reply.photos


def test_missing_names_what_is_missing() -> None:
    assert "não temos Corolla" in Conversation().says("tem corolla?").text
    assert "0 km" in Conversation().says("tem carro 0km?").text


def test_the_lead_is_readable() -> None:
    reply = Conversation().says("tem suv automatico ate 100 mil?")
    (lead,) = [effect for effect in reply.effects if isinstance(effect, SaveLead)]
    assert lead.interest == "SUV automático até R$ 100.000"
    assert lead.budget_centavos == 10_000_000
