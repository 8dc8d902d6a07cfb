import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.amounts import flat
from daemon.desk.hearsay import Customer, customer_values, in_figures, own_figures


def test_short_figures_in_all_their_senses() -> None:
    values = customer_values(["até 90", "gol 15 com 80 mil km", "2019", "45.000"])
    assert {9_000_000, 4_500_000} <= values["price"]
    assert {2015, 2019} <= values["year"]
    assert {80_000, 45_000} <= values["mileage"]
    assert 8_000_000 not in values["price"]


def test_nothing_said() -> None:
    assert customer_values([]) == {"price": frozenset(), "year": frozenset(), "mileage": frozenset()}


def test_tenants_figures_keep_their_words() -> None:
    down, since = own_figures(("Entrada mínima de R$ 5.000. Na praça desde 1998.",))
    assert (down.kind, down.value) == ("price", 500_000)
    assert "entrada" in down.words
    assert (since.kind, since.value, "praca" in since.words) == ("year", 1998, True)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("aceita um celtinha 2010 na troca?", "Celta"),
        ("pega meu golzinho 2012?", "Gol"),
        ("meu corollinha", "Corolla"),
        ("tenho um upzinho", "Up"),
        ("minha s dez", "S10"),
        ("minha esse dez", "S10"),
        ("um hb vinte", "HB20"),
        ("meu c três", "C3"),
        ("um duzentos e oito", "208"),
        ("tenho um dois zero oito", "208"),
        ("minha montnaa", "Montana"),
        ("meu Traailblazer", "Trailblazer"),
        ("meu eco esporte", "EcoSport"),
        ("fiesta sedanzinho", "Fiesta Sedan"),
        ("meu agá erre vê", "HR-V"),
    ],
)
def test_names_in_any_spelling(said: str, name: str) -> None:
    assert Customer.of([said]).named(name)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("aceita meu gol na troca?", "Golf"),
        ("tem alguma festa aí?", "Fusca"),
        ("meu carrinho", "Corolla"),
        ("quero um suv", "SW4"),
        ("meu civic", "City"),
        ("", "Onix"),
        ("tem onix?", ""),
    ],
)
def test_other_names_are_not_heard(said: str, name: str) -> None:
    assert not Customer.of([said]).named(name)


@pytest.mark.parametrize(
    ("said", "years"),
    [
        ("fusion dois mil e treze", {2013}),
        ("gol 13/14", {2013, 2014}),
        ("gol 8/09", {2008, 2009}),
        ("astra 99/00", {1999, 2000}),
        ("palio ano doze", {2012}),
        ("palio ano seis", {2006}),
        ("uno noventa e oito", {1998}),
        ("kwid dois mil", {2000}),
        ("s dez dois mil e doze", {2012}),
        ("tracker vinte vinte e um", {2021}),
        ("celta mil novecentos e noventa e nove", {1999}),
    ],
)
def test_years_in_any_form(said: str, years: set[int]) -> None:
    assert years <= customer_values([said])["year"]


@pytest.mark.parametrize("said", ["20 mil de entrada", "tenho 15 mil", "em 48x", "10%", "45.000"])
def test_money_and_counts_are_no_years(said: str) -> None:
    assert not customer_values([said])["year"]


def test_the_customers_own_car() -> None:
    customer = Customer.of(["pega meu golzinho quadrado dois mil e dez com 90 mil km?"])
    assert customer.owns("a gente avalia seu golzinho quadrado ")
    assert customer.owns("seu gol ano ")
    assert customer.owns("seu gol 2010 com ")
    assert not customer.owns("seu onix ")
    assert not customer.owns("o golzinho ")
    assert not customer.owns("seu novo gol ")
    assert not customer.owns("seu ")
    assert customer.wrote("Golzinho  quadrado")
    assert not customer.wrote("gol bola")
    assert not customer.wrote("")


def test_numbers_in_figures() -> None:
    assert in_figures("s dez dois mil e doze, cento e dez mil") == "s 10 2012, 110000"
    assert in_figures("dois zero oito e trinta e um") == "208 e 31"
    assert in_figures("nada aqui") == "nada aqui"


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    customer = Customer.of([text])
    assert not customer.named("")
    assert customer.owns(flat(text)) in (True, False)
    in_figures(flat(text))
