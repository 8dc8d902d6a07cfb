import pytest
from attrs import evolve

from daemon.desk.claims import normalised
from daemon.desk.promises import check_promises
from tests.support.lot import PROFILE, sources


def kinds(text: str, **changes: object) -> list[str]:
    return [fault.kind for fault in check_promises(normalised(text), sources(**changes))]


@pytest.mark.parametrize(
    "text",
    [
        "Crédito aprovado!",
        "Aprovação garantida",
        "Aprovamos na hora",
        "Financiamento garantido pra você",
        "sem consulta ao SPC/Serasa",
        "Financiamos negativado",
        "Você já foi aprovado",
        "Não se preocupe, seu cadastro será aprovado",
        "Garanto o financiamento",
        "taxa de 0,89% ao mês",
        "juros de 0,5%",
        "financiamento com taxa zero",
        "crédito liberado na hora",
    ],
)
def test_promised(text: str) -> None:
    assert kinds(text) == ["credit"]


@pytest.mark.parametrize(
    "text",
    [
        "Crédito sujeito a aprovação",
        "Não posso garantir a aprovação",
        "Se o crédito for aprovado, é seu",
        "A aprovação do crédito depende do banco",
        "O financiamento é aprovado pelo banco após análise; não prometemos nada",
        "taxa de 1,69% ao mês",
        "Carro 100% revisado",
        "Não trabalhamos sem juros",
    ],
)
def test_not_promised(text: str) -> None:
    assert kinds(text) == []


def test_links_and_phones_are_the_dealerships() -> None:
    assert kinds("https://autosul.example/corolla (51) 3333-0000, +55 51 99999-0000") == []
    assert kinds("Veja https://outra.example/x") == ["tenant"]
    assert kinds("www.golpe.com.br e bit.ly/abc") == ["tenant", "tenant"]
    assert kinds("Chama no 11 98765-4321") == ["tenant"]
    assert kinds("O seu é 11 98765-4321, certo?", customer_words=("meu zap: 11987654321",)) == []
    assert kinds("Custa R$ 109.900 e tem 62.000 km, ano 2019/2020") == []


def test_a_rate_of_the_facts_may_be_said() -> None:
    told = evolve(PROFILE, assistant=evolve(PROFILE.assistant, facts="Taxa a partir de 0,99% ao mês."))
    assert kinds("taxa de 0,99% ao mês", profile=told) == []
