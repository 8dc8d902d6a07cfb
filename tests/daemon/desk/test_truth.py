import pytest
from attrs import evolve

from daemon.desk.claims import Claim
from daemon.desk.truth import true_of, true_of_line, why, within
from tests.support.lot import COROLLA, HB20, KA, SUMMARY, T_CROSS


def claim(kind: str, *values: int, **more: object) -> Claim:
    return Claim(kind=kind, values=values, start=0, end=1, said="x", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "vehicle", "true"),
    [
        (claim("price", 5_990_000), HB20, True),
        (claim("price", 6_290_000), HB20, True),  # what it cost before
        (claim("price", 6_000_000, role="limit"), HB20, True),
        (claim("price", 5_000_000, role="limit"), HB20, False),
        (claim("price", 1), KA, False),
        (claim("mileage", 0), T_CROSS, True),
        (claim("mileage", 0), HB20, False),
        (claim("mileage", 55_000, about=True, step=1000), HB20, True),
        (claim("mileage", 55_000, step=1000), HB20, False),
        (claim("mileage", 50_000, role="limit", upper=False), HB20, True),
        (claim("mileage", 1), KA, False),
        (claim("year", 2019), HB20, True),
        (claim("year", 2020), HB20, True),
        (claim("year", 2021), HB20, False),
        (claim("year", 2019, 2020), HB20, True),
        (claim("year", 2020, 2019), HB20, False),
        (claim("year", 2018, 2018), KA, True),
        (claim("year", 2017, 2018), KA, False),
        (claim("year", 2018, role="limit", upper=False), COROLLA, True),
    ],
)
def test_true_of_one(said: Claim, vehicle: object, true: bool) -> None:
    assert true_of(said, vehicle) is true  # type: ignore[arg-type]


def test_true_of_a_line() -> None:
    civic = SUMMARY.lines[1:2]
    assert true_of_line(claim("price", 9_590_000, role="from"), civic)
    assert not true_of_line(claim("price", 9_590_000), civic)
    assert not true_of_line(claim("price", 8_000_000, role="from"), civic)
    assert true_of_line(claim("year", 2018, role="limit"), civic)
    assert not true_of_line(claim("year", 2018), civic)
    assert true_of_line(claim("year", 2020), SUMMARY.lines[2:])


def test_the_reason_gives_the_right_figure() -> None:
    assert why(claim("price", 1), HB20) == "the price of Hyundai HB20 1.0 Comfort is R$ 59.900"
    assert why(claim("mileage", 1), HB20).endswith("has 55.320 km")
    assert why(claim("year", 1), HB20).endswith("is 2019/2020")
    assert "no price" in why(claim("price", 1), KA)
    assert "not in stock data" in why(claim("mileage", 1), KA)
    assert "not in stock data" in why(claim("year", 1), evolve(KA, year_model=None))
    assert "no vehicle" in why(claim("price", 1), None)
    assert "simulate_financing" in why(claim("price", 1, role="instalment"), HB20)


def test_within() -> None:
    assert within(claim("price", 5, upper=True), 5)
    assert not within(claim("price", 5, upper=False), 4)
