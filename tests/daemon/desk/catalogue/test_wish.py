"""Wishes, and whether a vehicle is what is wished for."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.catalogue.wish import AUTOMATIC, Wish, described, has_option, recalled, remembered, same_color
from shards.tenant.vehicle import Vehicle

CIVIC = Vehicle(
    id="v1",
    make="Honda",
    model="Civic",
    version="2.0 EXL",
    year_model=2019,
    price_centavos=9_490_000,
    mileage_km=61_200,
    transmission="cvt",
    body="sedan",
    color="Preta",
    options=("teto solar",),
    description="Sem multimídia. Único dono.",
)


def test_fits() -> None:
    assert Wish(models=("civic",), transmissions=AUTOMATIC, max_centavos=10_000_000, colors=("preto",)).fits(CIVIC)
    assert not Wish(max_centavos=9_000_000).fits(CIVIC)
    assert not Wish(max_centavos=10_000_000).fits(evolve(CIVIC, price_centavos=None))
    assert not Wish(models=("HR-V",)).fits(CIVIC)
    assert Wish(version="exl").fits(CIVIC)
    assert not Wish(not_colors=("preto",)).fits(CIVIC)


def test_a_model_with_its_version_in_the_name() -> None:
    assert Wish(models=("Onix",)).fits(evolve(CIVIC, make="Chevrolet", model="ONIX HATCH LT 1.0"))
    assert not Wish(models=("Onix",)).fits(evolve(CIVIC, make="Chevrolet", model="ONIX PLUS LT"))
    assert Wish(makes=("Volkswagen",)).fits(evolve(CIVIC, make="VW"))


def test_silence_and_denial_are_no_equipment() -> None:
    assert has_option(CIVIC, "teto")
    assert not has_option(CIVIC, "multimidia")
    assert not has_option(CIVIC, "couro")


def test_colors_agree_in_gender() -> None:
    assert same_color("Branco Perolizado", "branco")
    assert same_color("PRETA", "preto")
    assert not same_color("", "preto")
    assert not same_color("Prata", "preto")


def test_what_is_said_anew_takes_the_old_place() -> None:
    older = Wish(bodies=("suv",), transmissions=AUTOMATIC, max_centavos=10_000_000, sort="price")
    assert Wish(max_centavos=8_000_000).over(older) == evolve(older, max_centavos=8_000_000, sort="")
    assert Wish(bodies=("sedan",)).over(Wish(models=("HB20",), max_centavos=1)) == Wish(
        bodies=("sedan",), max_centavos=1
    )
    assert Wish(models=("Civic",)).over(older).bodies == ()


def test_described() -> None:
    wish = Wish(bodies=("suv",), transmissions=AUTOMATIC, max_centavos=10_000_000, min_year=2018)
    assert described(wish) == "SUV automático a partir de 2018 até R$ 100.000"
    assert described(Wish(bodies=("pickup",), transmissions=AUTOMATIC)) == "picape automática"


@given(
    st.builds(
        Wish,
        models=st.lists(st.text(max_size=5), max_size=2).map(tuple),
        max_centavos=st.none() | st.integers(1, 10**9),
        min_year=st.none() | st.integers(1950, 2030),
        sort=st.sampled_from(["", "price"]),
        cars_only=st.booleans(),
    )
)
def test_is_recalled_as_remembered(wish: Wish) -> None:
    assert recalled(remembered(wish)) == wish


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_strange_memory_is_no_wish(stored: object) -> None:
    assert isinstance(recalled(stored), Wish)
