import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.shard import Tx
from shards.tenant import stock
from shards.tenant.stock_names import distance, make_key, sound, squash, understand_make, understand_model
from tests.support.stock_shard import car, memory_tx

LOT = [
    ("Volkswagen", "Gol"), ("Volkswagen", "T-Cross"), ("Volkswagen", "Fusca"), ("Chevrolet", "Onix"),
    ("Chevrolet", "Onix Plus"), ("Hyundai", "HB20"), ("Hyundai", "HB20S"), ("Toyota", "Corolla"),
    ("Toyota", "Corolla Cross"), ("Toyota", "RAV4"), ("Toyota", "Hilux"), ("Toyota", "Hilux SW4"),
    ("Honda", "CR-V"), ("Honda", "HR-V"), ("Honda", "Civic"), ("Land Rover", "Range Rover Evoque"), ("BMW", "320i"),
    ("Mercedes-Benz", "C 180"), ("CAOA Chery", "Tiggo 5X"), ("Renault", "Kwid"), ("Peugeot", "208"),
    ("Peugeot", "2008"), ("Jeep", "Compass"), ("Jeep", "Renegade"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lot() -> Tx:
    return memory_tx(car(make, model) for make, model in LOT)


def models(tx: Tx, written: str) -> set[str]:
    found = understand_model(tx, written)
    lines = found.lines if found else ()
    return {tx.value("SELECT model FROM stock_lines WHERE id = ?", (line,)) for line in lines}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("corolla", "Corolla"), ("corola", "Corolla"), ("COROLLA", "Corolla"), ("corrolla", "Corolla"),
        ("hb 20", "HB20"), ("hb20", "HB20"), ("HB-20", "HB20"), ("hb20s", "HB20S"), ("rav4", "RAV4"),
        ("rav 4", "RAV4"), ("onix plus", "Onix Plus"), ("onixplus", "Onix Plus"), ("onyx", "Onix"),
        ("crv", "CR-V"), ("cr v", "CR-V"), ("hr v", "HR-V"), ("t cross", "T-Cross"), ("tcross", "T-Cross"),
        ("fusca", "Fusca"), ("hilux", "Hilux"), ("hillux", "Hilux"), ("sw4", "Hilux SW4"),
        ("evoque", "Range Rover Evoque"), ("range rover", "Range Rover Evoque"), ("320", "320i"),
        ("c180", "C 180"), ("mercedes c180", "C 180"), ("tigo 5x", "Tiggo 5X"), ("kuid", "Kwid"),
        ("vw gol", "Gol"), ("gol g5", "Gol"), ("gol 1.0", "Gol"), ("civic 2020", "Civic"),
        ("civic automático", "Civic"),
        ("208", "208"), ("2008", "2008"), ("jeep compas", "Compass"), ("renegad", "Renegade"),
        ("corolla cros", "Corolla Cross"), ("cívic", "Civic"),
    ],
)  # fmt: skip
def test_models_are_understood(lot: Tx, written: str, meant: str) -> None:
    assert models(lot, written) == {meant}


@pytest.mark.parametrize(
    "written",
    ["golf", "polo", "ferrari", "308", "3008", "x", "c4", "fox", "uno", "gle", "", "!!", "hb"],
)
def test_what_is_not_in_stock_is_nothing(lot: Tx, written: str) -> None:
    assert models(lot, written) == set()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("vw", "Volkswagen"), ("volksvagem", "Volkswagen"), ("wolkswagen", "Volkswagen"), ("gm", "Chevrolet"),
        ("chevy", "Chevrolet"), ("chevrolet/gm", "Chevrolet"), ("cheverolet", "Chevrolet"),
        ("mercedes", "Mercedes-Benz"), ("toyta", "Toyota"), ("pegeout", "Peugeot"), ("caoa", "CAOA Chery"),
        ("chery", "CAOA Chery"), ("land rover", "Land Rover"), ("renaut", "Renault"), ("hunday", "Hyundai"),
    ],
)  # fmt: skip
def test_makes_are_understood(lot: Tx, written: str, meant: str) -> None:
    found = understand_make(lot, written)
    assert found is not None
    assert found.shown == meant


@pytest.mark.parametrize("written", ["fiat", "ford", "ferrari", "ram", "", "b"])
def test_makes_that_are_not_in_stock(lot: Tx, written: str) -> None:
    assert understand_make(lot, written) is None


def test_a_correction_is_told(lot: Tx) -> None:
    found = understand_model(lot, "corola")
    assert found is not None
    assert (found.shown, found.corrected) == ("Corolla", True)
    exact = understand_model(lot, "COROLLA")
    assert exact is not None
    assert not exact.corrected


def test_words_left_over_must_be_found(lot: Tx) -> None:
    found = understand_model(lot, "onix premier turbo")
    assert found is not None
    assert found.rest == ("premier", "turbo")


def test_a_feed_that_writes_versions_into_the_model() -> None:
    tx = memory_tx(
        [car("TOYOTA", "COROLLA XEI 2.0 FLEX"), car("TOYOTA", "COROLLA CROSS XRE"), car("FIAT", "UNO VIVACE")]
    )
    assert models(tx, "corola") == {"COROLLA XEI 2.0 FLEX"}
    assert models(tx, "corolla cross") == {"COROLLA CROSS XRE"}
    assert models(tx, "uno") == {"UNO VIVACE"}


def test_a_name_goes_with_its_last_vehicle() -> None:
    tx = memory_tx([car("Fiat", "Uno"), car("Fiat", "Argo")])
    stock.remove(tx, "fiat-uno")
    assert models(tx, "uno") == set()
    stock.clean_up(tx, 10)
    assert tx.value("SELECT count(*) FROM stock_lines") == 1
    assert tx.value("SELECT count(*) FROM stock_spellings WHERE name = 'uno'") == 0
    assert understand_make(tx, "fiat") is not None
    stock.put(tx, car("Fiat", "Uno"))
    assert models(tx, "uno") == {"Uno"}


def test_names_that_others_still_need_are_kept() -> None:
    tx = memory_tx(
        [car("Land Rover", "Range Rover Evoque"), car("Rover", "Range Rover Evoque"), car("Toyota", "Corolla")]
    )
    stock.put(tx, car("Toyota", "Corolla Cross"))
    for gone in ("land-rover-range-rover-evoque", "toyota-corolla-cross", "toyota-corolla"):
        stock.remove(tx, gone)
    while stock.clean_up(tx, 1):
        if tx.value("SELECT 1 FROM stock_lines WHERE model = 'Corolla' AND vehicles = 0"):
            stock.put(tx, car("Toyota", "Corolla"))
    assert models(tx, "evoque") == {"Range Rover Evoque"}
    assert models(tx, "corola") == {"Corolla"}


def test_sounds_and_keys() -> None:
    assert sound("volksvagem") == sound("volkswagen")
    assert sound("onyx") == sound("onix")
    assert sound("2008") == "2008"
    assert squash("T-Cross") == "tcross"
    assert make_key("VW - VolksWagen") == make_key("vw") == "volkswagen"


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("corolla", "corolla", 0), ("corola", "corolla", 1), ("coroall", "corolla", 2), ("", "abc", 3), ("ab", "ba", 1)],
)
def test_distance(one: str, other: str, edits: int) -> None:
    assert distance(one, other) == edits


@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
def test_distance_is_a_distance(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


@given(st.text(max_size=60))
def test_any_text_is_understood_or_not(lot: Tx, text: str) -> None:
    understand_model(lot, text)
    understand_make(lot, text)
