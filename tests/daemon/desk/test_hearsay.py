from daemon.desk.hearsay import customer_values, own_figures


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
