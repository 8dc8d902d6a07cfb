import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.shard import Tx
from shards.tenant.stock_text import TextMeaning, read_text
from tests.support.stock_shard import car, memory_tx


@pytest.fixture(scope="module")
def lot() -> Tx:
    return memory_tx(
        [
            car("Toyota", "Corolla", version="XEi 2.0", options=("Bancos de couro", "Teto solar")),
            car("Volkswagen", "Gol", version="1.0 MPI"),
            car("Volkswagen", "T-Cross", version="Highline"),
            car("Peugeot", "2008"),
            car("Honda", "City", description="Carro de garagem, vidros elétricos."),
        ]
    )


def lines(tx: Tx, meaning: TextMeaning) -> set[str]:
    return {tx.value("SELECT model FROM stock_lines WHERE id = ?", (line,)) for line in (meaning.lines or frozenset())}


def test_names_restrictions_years_and_words_are_told_apart(lot: Tx) -> None:
    meaning = read_text(lot, "corola prata 2020 automático com teto solar")
    assert lines(lot, meaning) == {"Corolla"}
    assert meaning.corrected == [("corola", "Corolla")]
    assert meaning.colors == ("prata",)
    assert meaning.transmissions == ("automatic", "cvt")
    assert meaning.years == {2020}
    assert meaning.terms == ["teto", "solar"]


def test_a_make_alone_and_a_make_with_its_model(lot: Tx) -> None:
    assert lines(lot, read_text(lot, "vw")) == {"Gol", "T-Cross"}
    assert lines(lot, read_text(lot, "vw gol")) == {"Gol"}
    assert lines(lot, read_text(lot, "t cross ou gol")) == {"T-Cross", "Gol"}


def test_a_model_may_look_like_a_year(lot: Tx) -> None:
    meaning = read_text(lot, "2008")
    assert lines(lot, meaning) == {"2008"}
    assert not meaning.years


def test_displacements_are_one_word(lot: Tx) -> None:
    assert read_text(lot, "gol 1.0").terms == ["1p0"]


def test_plurals_and_accents(lot: Tx) -> None:
    meaning = read_text(lot, "SUVs automáticos flex")
    assert (meaning.bodies, meaning.fuels, meaning.terms) == (("suv",), ("flex",), [])


def test_electric_windows_are_no_electric_car(lot: Tx) -> None:
    meaning = read_text(lot, "vidros elétricos")
    assert meaning.fuels == ()
    assert meaning.terms == ["vidro", "eletrico"]


def test_unknown_words_must_be_found(lot: Tx) -> None:
    assert read_text(lot, "lamborghini").terms == ["lamborghini"]
    assert read_text(lot, "lamborghini").lines is None


def test_words_of_the_stock_are_not_corrected(lot: Tx) -> None:
    assert read_text(lot, "couro garagem").corrected == []


@given(st.text(max_size=500))
def test_any_text_is_read(lot: Tx, text: str) -> None:
    meaning = read_text(lot, text)
    assert len(meaning.terms) <= 40
