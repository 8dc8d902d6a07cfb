import pytest

from daemon.desk.brief import HandOver, Reply, SaveLead
from daemon.desk.handover import hurried, in_hours, opening, told
from tests.support.lot import brief

OPEN = brief("oi")
SHUT = brief("oi", open_now=False, next_opening="amanhã às 8h")
NEVER = brief("oi", open_now=False, next_opening="")


def reply(*effects: HandOver | SaveLead, text: str = "Certo!") -> Reply:
    return Reply(text=text, provider="catalogue", effects=effects)


def test_when_people_are_back() -> None:
    assert [opening(one) for one in (OPEN, SHUT, NEVER)] == [None, "amanhã às 8h", ""]


def test_in_opening_hours_nothing_changes() -> None:
    asked = reply(HandOver("pediu"), text="")
    assert in_hours(OPEN, asked) is asked


def test_while_closed_only_the_wish_is_noted() -> None:
    lead = SaveLead(interest="Civic")
    assert in_hours(SHUT, reply(lead, HandOver("pediu"))).effects == (lead, HandOver("pediu", requested=True))
    assert in_hours(SHUT, reply(lead)).effects == (lead,)
    assert in_hours(SHUT, reply(HandOver("reclamação", always=True))).effects == (HandOver("reclamação", always=True),)


def test_while_closed_there_is_no_silence() -> None:
    assert "amanhã às 8h" in in_hours(SHUT, reply(HandOver("pediu"), text="")).text
    assert "assim que a loja abrir" in in_hours(NEVER, reply(HandOver("pediu"), text="")).text
    assert in_hours(SHUT, reply(HandOver("reclamação", always=True), text="")).text == ""


def test_models_are_told_when() -> None:
    assert "takes over after your text" in told(OPEN, HandOver("x"))
    assert "amanhã às 8h" in told(SHUT, HandOver("x"))
    assert "go on helping" in told(SHUT, HandOver("x"))
    assert "go on helping" not in told(SHUT, HandOver("x", always=True))
    assert "when the shop opens" in told(NEVER, HandOver("x"))


@pytest.mark.parametrize(
    "text",
    [
        "Um vendedor já vai te chamar por aqui.",
        "Certo! Vou chamar um consultor e ele já continua com você.",
        "Só um instante que já te respondem.",
        "Um consultor te chama em instantes!",
        "Daqui a pouco alguém fala com você.",
        "A equipe já te atende.",
    ],
)
def test_a_person_at_once_is_a_fault_while_closed(text: str) -> None:
    (fault,) = hurried(SHUT, text)
    assert fault.kind == "person"
    assert "amanhã às 8h" in fault.why
    assert hurried(OPEN, text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Amanhã às 8h um consultor te chama por aqui; enquanto isso sigo te ajudando.",
        "Já deixei avisado, e um vendedor te chama por aqui.",
        "O carro já vai com IPVA pago.",
        "Ele já foi vendido.",
    ],
)
def test_a_person_later_is_none(text: str) -> None:
    assert hurried(SHUT, text) == ()
