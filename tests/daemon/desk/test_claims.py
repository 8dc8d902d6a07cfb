import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import flat
from daemon.desk.claims import Claim, claims, normalised


def read(text: str) -> list[Claim]:
    clean = normalised(text)
    return claims(clean, flat(clean))


@pytest.mark.parametrize(
    ("text", "kind", "values", "role"),
    [
        ("sai por R$ 65.900", "price", (6_590_000,), "plain"),
        ("sai por 65", "price", (6_500_000,), "plain"),
        ("custa 89,9", "price", (8_990_000,), "plain"),
        ("sai por noventa", "price", (9_000_000,), "plain"),
        ("Ａ R$ ８９.９００", "price", (8_990_000,), "plain"),
        ("R$ 89\u200b.900", "price", (8_990_000,), "plain"),
        ("*R$ 89.900*", "price", (8_990_000,), "plain"),
        ("a partir de R$ 59.900", "price", (5_990_000,), "from"),
        ("até R$ 90 mil", "price", (9_000_000,), "limit"),
        ("48x de R$ 1.912,37", "price", (191_237,), "instalment"),
        ("R$ 1.912 por mês", "price", (191_200,), "instalment"),
        ("entrada de R$ 20.000", "price", (2_000_000,), "down"),
        ("R$ 20 mil de entrada", "price", (2_000_000,), "down"),
        ("financiando R$ 69.900", "price", (6_990_000,), "financed"),
        ("R$ 2.000 de desconto", "price", (200_000,), "discount"),
        ("economia de R$ 2.000", "price", (200_000,), "discount"),
        ("sedan econômico até R$ 75.000", "price", (7_500_000,), "limit"),
        ("ano 2019/2020", "year", (2019, 2020), "plain"),
        ("19/20", "year", (2019, 2020), "plain"),
        ("Gol-2018", "year", (2018,), "plain"),
        ("versão 2018", "year", (2018,), "plain"),
        ("a partir de 2018", "year", (2018,), "limit"),
        ("2018 pra cima", "year", (2018,), "limit"),
        ("novembro de 2026", "year", (2026,), "date"),
        ("Outlander 2019", "year", (2019,), "plain"),
        ("Marea 2019", "year", (2019,), "plain"),
        ("Titano de 2013", "year", (2013,), "plain"),
        ("novo 2019", "year", (2019,), "plain"),
        ("out 2026", "year", (2026,), "date"),
        ("45.000 km", "mileage", (45_000,), "plain"),
        ("zero km", "mileage", (0,), "plain"),
        ("menos de 50 mil km", "mileage", (50_000,), "limit"),
        ("revisado até 50 mil km", "mileage", (50_000,), "plain"),
    ],
)
def test_one_figure(text: str, kind: str, values: tuple[int, ...], role: str) -> None:
    (claim,) = read(text)
    assert (claim.kind, claim.values, claim.role) == (kind, values, role)


@pytest.mark.parametrize(
    "text",
    ["motor 1.6, 4 portas, 16V, 120 cv", "faz 12 km/l", "abre às 18:00, dia 28/11/2026", "são só 15 minutos", "em 48x?",
     "tenho 3 opções", "(51) 3333-0000", "oi, tudo bem?"],
)  # fmt: skip
def test_no_figure(text: str) -> None:
    assert read(text) == []


def test_range() -> None:
    low, high = read("entre R$ 60 e R$ 100 mil")
    assert (low.values, low.upper, high.values, high.upper) == ((6_000_000,), False, (10_000_000,), True)


def test_months_of_an_instalment() -> None:
    assert read("48x de R$ 1.912,37")[0].months == 48
    assert read("na simulação em 36 vezes a parcela fica R$ 2.000")[0].months == 36
    assert read("parcela de R$ 2.000")[0].months is None


def test_rounded_only_where_said() -> None:
    (about,) = read("uns 90 mil")
    (exact,) = read("90 mil")
    assert about.means(8_990_000)
    assert about.means(9_049_900)
    assert not about.means(9_060_000)
    assert not exact.means(8_990_000)
    assert not about.means(None)
    assert evolve(exact, values=(8_990_000,)).means(8_990_000)


@given(st.text(max_size=80))
def test_positions_are_those_of_the_text(text: str) -> None:
    clean = normalised(text)
    for claim in claims(clean, flat(clean)):
        assert 0 <= claim.start < claim.end <= len(clean)


def test_a_names_end_is_no_price_word() -> None:
    assert read("C3 Picasso 16") == []
