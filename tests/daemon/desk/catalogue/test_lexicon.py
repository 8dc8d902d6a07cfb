"""Makes and models in what customers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.catalogue.lexicon import Lexicon, distance, known_models, squash, with_make
from shards.tenant.vehicle import StockLine, StockSummary

EMPTY = StockSummary()


def found(text: str, summary: StockSummary = EMPTY) -> list[str]:
    return [mention.known.model or mention.known.make for mention in Lexicon(summary).find(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tem corola?", ["Corolla"]),
        ("corola cros", ["Corolla Cross"]),
        ("hb 20 ou t cross", ["HB20", "T-Cross"]),
        ("tem 208?", ["208"]),
        ("peugeot 2008 2020", ["Peugeot", "2008"]),
        ("onixx 2019", ["Onix"]),
        ("civics", ["Civic"]),
        ("um golzinho", ["Gol"]),
        ("celtinha", ["Celta"]),
        ("renegad preto", ["Renegade"]),
        ("mercedez c180", ["Mercedes-Benz", "C 180"]),
        ("volks wagen gol", ["Volkswagen", "Gol"]),
        ("algum da toiota", ["Toyota"]),
        ("hilux sw4", ["SW4"]),
        ("fiat 500", ["Fiat 500"]),
        ("cg 160", ["CG 160"]),
    ],
)
def test_finds(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "oi, bom dia, tudo bem?",
        "pick up diesel",
        "com 4 portas c 4 pneus novos",
        "estou ficando bravo",
        "que tipo de carro",
        "qual a versão completa",
        "quero fazer um test drive sábado",
        "sexta de tarde la pelas 4",
        "falei com a maria sobre isso",
        "ele tem 500 reais de multa",
        "marquei visita, certa hora",
        "na viagem pela estrada",
    ],
)
def test_finds_nothing_in_everyday_words(text: str) -> None:
    assert found(text) == []


def test_the_stock_names_its_own_models() -> None:
    summary = StockSummary(
        total=2,
        lines=(
            StockLine("VW", "T CROSS", 1, None, None, None, None, ("suv",)),
            StockLine("Acme", "Zonda", 1, None, None, None, None),
        ),
    )
    names = Lexicon(summary)
    mention = names.find("tem tcross?")[0]
    assert (mention.known.model, mention.known.make, mention.in_stock) == ("T CROSS", "VW", True)
    assert names.find("e zonda?")[0].in_stock
    assert not names.find("tem civic?")[0].in_stock


def test_the_market_is_known() -> None:
    assert len(known_models()) >= 350
    assert squash("T-Cross é") == "tcrosse"


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    for mention in Lexicon(EMPTY).find(text):
        assert 0 <= mention.start < mention.end <= len(text)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric(one: str, two: str) -> None:
    assert distance(one, two, 9) == distance(two, one, 9)
    assert (distance(one, two, 9) == 0) == (one == two)


def test_a_model_like_a_year_is_said_with_its_make() -> None:
    assert with_make("2008") == "Peugeot 2008"
    assert with_make("Civic") == "Civic"
