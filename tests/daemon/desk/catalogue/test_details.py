"""What is said of one vehicle is on its record."""

from attrs import evolve

from daemon.desk.catalogue import details
from shards.tenant.vehicle import Vehicle
from tests.corpus.play import vehicles

CIVIC, HILUX = vehicles()["v001"], vehicles()["v011"]


def test_names_without_repetition() -> None:
    assert details.name(CIVIC) == "Honda Civic 2.0 EXL CVT"
    assert details.name(Vehicle(id="x", make="Fiat", model="FIAT Uno", version="Uno Way")) == "Fiat Uno Way"
    assert details.short_name(CIVIC) == "Civic"


def test_gender() -> None:
    assert (details.article(CIVIC), details.pronoun(CIVIC)) == ("o", "ele")
    assert (details.article(HILUX), details.pronoun(HILUX)) == ("a", "ela")


def test_years_and_prices() -> None:
    assert details.year_words(evolve(CIVIC, year_manufacture=2018)) == "2018/2019"
    assert details.year_words(CIVIC) == "2019"
    assert details.year_words(Vehicle(id="x", make="a", model="b")) == ""
    assert details.price_words(evolve(CIVIC, price_centavos=None)) == "preço sob consulta"
    assert details.price_words(evolve(CIVIC, sale_price_centavos=9_000_000)) == "R$ 90.000"


def test_lines_and_cards() -> None:
    assert "R$ 94.900" in details.line(CIVIC)
    assert "prata" in details.line(CIVIC)
    card = details.card(CIVIC)
    assert "câmbio automático CVT" in card
    assert "Único dono" in card
    assert "prata" not in details.line_without_color(CIVIC)


def test_links_and_phones_of_a_description_are_not_quoted() -> None:
    sly = evolve(CIVIC, description="Fale em www.outra.com. Ligue 99999-8888. Pneus novos.")
    assert "www" not in details.card(sly)
    assert "8888" not in details.card(sly)
    assert details.told(sly, "state") == "Pneus novos"


def test_facts_say_whether_they_are_on_record() -> None:
    assert details.fact(CIVIC, "km") == ("está com 61.200 km rodados", True)
    assert details.fact(evolve(CIVIC, mileage_km=None), "km")[1] is False
    assert details.fact(CIVIC, "engine") == ("a versão é 2.0 EXL CVT", True)
    assert details.fact(CIVIC, "consumption")[1] is False
    assert details.fact(CIVIC, "owner")[1] is True
    assert details.fact(HILUX, "report")[1] is False


def test_silence_of_an_advertisement_is_no_denial() -> None:
    assert details.option_words(CIVIC, "bancos em couro", "couro") == ("tem bancos em couro, sim", True)
    words, told = details.option_words(CIVIC, "airbags", "airbag")
    assert not told
    assert "não tem" not in words


def test_kinds() -> None:
    assert details.kind_word(HILUX) == "picape"
    assert details.kind_word(HILUX, plural=True) == "picapes"
