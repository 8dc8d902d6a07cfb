import pytest

from daemon.desk.allowance import Allowance
from daemon.desk.amounts import flat, reais
from daemon.desk.claims import claims, normalised
from daemon.desk.finance import instalment
from daemon.desk.hearsay import Customer, own_figures
from daemon.desk.reference import Group
from tests.support.lot import COMPASS, COROLLA, CUSTOMER, HB20, PROFILE, SIMULATED, sources

SHOWN = (COROLLA, COMPASS)


def allowed(text: str, vehicles: tuple[object, ...] = (COROLLA,), *, estimated: bool = True) -> bool:
    given = sources()
    allowance = Allowance(given, own_figures((PROFILE.assistant.facts,)), Customer.of(CUSTOMER), estimated)
    clean = normalised(text)
    plain = flat(clean)
    group = Group(None, vehicles, named=vehicles)  # type: ignore[arg-type]
    return all(allowance.allows(claim, group, plain, SHOWN) for claim in claims(clean, plain))


@pytest.mark.parametrize(
    "text",
    [
        "a entrada mínima é R$ 5.000",
        "desde 1998",
        "até R$ 100 mil",
        "você disse que quer R$ 30 mil",
        "cabe nos seus R$ 100 mil",
        "não é 2018",
        "o seu é 2015",
        f"48x de {reais(SIMULATED.instalment_centavos)}",
        f"36x de {reais(instalment(10_990_000 - 2_000_000, 1.69, 36))}",
        "financiando R$ 89.900",
        "a diferença é de R$ 12.000",
        "IPVA 2027",
    ],
)
def test_allowed(text: str) -> None:
    assert allowed(text)


@pytest.mark.parametrize(
    "text",
    [
        "custa R$ 5.000",
        "custa R$ 100 mil",
        "sai por R$ 30 mil",
        "é 2018",
        "a partir de R$ 20 mil custa",
        "48x de R$ 1.000",
        "entrada de R$ 7.777",
        "a diferença é de R$ 13.000",
        "garantia até 2031",
    ],
)
def test_refused(text: str) -> None:
    assert not allowed(text)


def test_instalments_must_be_called_an_estimate() -> None:
    assert not allowed(f"48x de {reais(SIMULATED.instalment_centavos)}", estimated=False)


def test_dealers_description_dates_services_alone() -> None:
    assert allowed("revisado aos 60.000 km", (COMPASS,))
    assert not allowed("tem 60.000 km", (COMPASS,))
    assert not allowed("revisado aos 60.000 km", (HB20,))
