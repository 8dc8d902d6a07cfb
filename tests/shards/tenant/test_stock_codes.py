from shards.tenant import stock_codes as codes
from shards.tenant.stock_words import COLOR_WORDS
from shards.tenant.vehicle import BODIES, CONDITIONS, FUELS, STATUSES, TRANSMISSIONS
from tests.support.stock_shard import car


def test_every_word_has_a_number_of_its_own() -> None:
    for table, names in (
        (codes.BODY, BODIES),
        (codes.TRANSMISSION, TRANSMISSIONS),
        (codes.FUEL, FUELS),
        (codes.CONDITION, CONDITIONS),
        (codes.STATUS, STATUSES),
        (codes.COLOR, tuple(COLOR_WORDS)),
    ):
        assert set(table) == set(names)
        assert len(set(table.values())) == len(table)


def test_numbers_that_are_in_files_stay() -> None:
    assert (codes.BODY["suv"], codes.TRANSMISSION["cvt"], codes.FUEL["electric"]) == (3, 3, 7)
    assert (codes.STATUS["available"], codes.CONDITION["used"], codes.COLOR["bronze"]) == (1, 2, 16)


def test_paints_without_a_family_are_zero() -> None:
    assert codes.color_code("Furta-cor") == 0
    assert codes.color_code("Preto Ninja") == codes.COLOR["preto"]


def test_merit_prefers_newer_then_photos_then_a_price() -> None:
    bare = car("Fiat", "Uno", year_model=2020)
    priced = car("Fiat", "Uno", year_model=2020, price_centavos=100)
    pictured = car("Fiat", "Uno", year_model=2020, photos=("https://fotos.example/1.jpg",))
    newer = car("Fiat", "Uno", year_model=2021)
    unknown = car("Fiat", "Uno", photos=("https://fotos.example/1.jpg",), price_centavos=100)
    order = sorted([newer, bare, unknown, pictured, priced], key=codes.merit)
    assert order == [unknown, bare, priced, pictured, newer]
