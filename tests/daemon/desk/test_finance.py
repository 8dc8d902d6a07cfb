from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.finance import estimate, instalment
from tests.support.lot import COROLLA, HB20, KA


@pytest.mark.parametrize(
    ("financed", "rate", "months", "expected"),
    [
        (1_000_000, 1.0, 12, 88_849),  # the textbook's R$ 888,49
        (8_990_000, 1.69, 48, 274_912),
        (1_000_000, 0.0, 3, 333_333),
        (1_000_001, 0.0, 2, 500_001),  # half a centavo goes up
        (0, 1.69, 48, 0),
        (100_000, 2.0, 1, 102_000),
    ],
)
def test_price_table(financed: int, rate: float, months: int, expected: int) -> None:
    assert instalment(financed, rate, months) == expected


@given(st.integers(0, 50_000_000), st.integers(1, 500), st.integers(1, 72))
def test_payments_repay_the_loan(financed: int, rate_hundredths: int, months: int) -> None:
    payment = instalment(financed, rate_hundredths / 100, months)
    rate = Fraction(rate_hundredths, 10_000)
    exact = financed * rate / (1 - (1 + rate) ** -months)
    assert abs(payment - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(("financed", "rate", "months"), [(-1, 1.0, 12), (1, -1.0, 12), (1, 1.0, 0)])
def test_impossible_loans(financed: int, rate: float, months: int) -> None:
    with pytest.raises(ValueError):
        instalment(financed, rate, months)


def test_estimate_takes_the_asking_price() -> None:
    made = estimate(HB20, 1.69, 990_000, 36)
    assert (made.vehicle_id, made.price_centavos, made.months) == ("hb20", 5_990_000, 36)
    assert made.instalment_centavos == instalment(5_000_000, 1.69, 36)


@pytest.mark.parametrize(
    ("vehicle", "down", "months", "why"),
    [
        (KA, 0, 48, "no price"),
        (COROLLA, 10_990_000, 48, "down payment"),
        (COROLLA, -1, 48, "down payment"),
        (COROLLA, 0, 5, "6 to 72"),
        (evolve(COROLLA, price_centavos=0), 0, 12, "down payment"),
    ],
)
def test_what_cannot_be_estimated(vehicle: object, down: int, months: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        estimate(vehicle, 1.69, down, months)  # type: ignore[arg-type]
