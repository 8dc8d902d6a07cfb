import pytest
from hypothesis import given
from hypothesis import strategies as st

from shards.tenant import stock_words
from shards.tenant.stock_words import color_family, facet_of, meaningful, stem, tokens
from shards.tenant.vehicle import BODIES, FUELS, TRANSMISSIONS


@pytest.mark.parametrize(
    ("plural", "single"),
    [
        ("automaticos", "automatico"),
        ("suvs", "suv"),
        ("caminhoes", "caminhao"),
        ("motores", "motor"),
        ("conversiveis", "conversivel"),
        ("manuais", "manual"),
        ("gas", "gas"),
        ("208s", "208s"),
        ("cross", "cross"),
    ],
)
def test_plurals_lose_their_ending(plural: str, single: str) -> None:
    assert stem(plural) == single


def test_tokens_keep_decimals_together_and_fold_accents() -> None:
    assert tokens("Sedãs AUTOMÁTICOS 1.0 e 2,0") == ["seda", "automatico", "1p0", "e", "2p0"]


@given(st.text(max_size=80))
def test_tokens_are_plain_whatever_the_text(text: str) -> None:
    assert all(token.isascii() and token.isalnum() for token in tokens(text))


def test_the_tables_name_only_what_vehicles_have() -> None:
    assert set(stock_words.BODY_WORDS) == set(BODIES) - {"other"}
    assert set(stock_words.TRANSMISSION_WORDS) == set(TRANSMISSIONS) - {"other"}
    assert set(stock_words.FUEL_WORDS) == set(FUELS) - {"other"}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("suv", "", ""), ("bodies", ("suv",))),
        (("automatico", "", ""), ("transmissions", ("automatic", "cvt"))),
        (("manual", "", ""), ("transmissions", ("manual",))),
        (("manual", "", "do"), None),
        (("eletrico", "carro", ""), ("fuels", ("electric",))),
        (("eletrico", "vidro", ""), None),
        (("prata", "", ""), ("colors", ("prata",))),
        (("couro", "", ""), None),
        (("gas", "", ""), None),
    ],
)
def test_words_restrict_by_their_neighbours(words: tuple[str, str, str], meant: object) -> None:
    assert facet_of(*words) == meant


def test_paints_have_a_plain_colour() -> None:
    assert color_family("Prata Sirius Metálico") == "prata"
    assert color_family("White") == "branco"
    assert color_family("Furta-cor") is None


def test_meaningful_drops_what_says_nothing() -> None:
    assert meaningful(["carro", "com", "teto", "solar", "teto"]) == ["teto", "solar"]
