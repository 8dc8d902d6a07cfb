import pytest

from daemon.desk.cues import APPRAISED, EXCEPT, absent, clause_end, clause_start, lines, offers, sentences


def test_sentences_keep_figures_whole() -> None:
    assert sentences("O Onix sai R$ 65.900. Quer ver? Motor 1.0!") == [
        "O Onix sai R$ 65.900.",
        "Quer ver?",
        "Motor 1.0!",
    ]
    assert lines("um\n\n  \ndois") == ["um", "dois"]


def test_clauses() -> None:
    plain = "nao temos fusca, mas temos onix; e gol"
    onix = plain.index("onix")
    assert plain[clause_start(plain, onix) : clause_end(plain, onix)].strip() == "temos onix"


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("infelizmente nao temos ", "", True),
        ("nao encontrei nenhum ", "", True),
        ("", " nao temos no momento", True),
        ("o ", " ja foi vendido", True),
        ("temos ", " sim", False),
        ("nao tenho nada mais barato que o ", "", False),
        ("nao e caro, temos ", "", False),
    ],
)
def test_absent(before: str, after: str, gone: bool) -> None:
    assert absent(before, after) is gone


@pytest.mark.parametrize(
    ("plain", "offered"),
    [("temos fusca", True), ("fusca por r$ 10", True), ("o fusca e antigo", False), ("fusca com 10.000 km", True)],
)
def test_offers(plain: str, offered: bool) -> None:
    start = plain.index("fusca")
    assert offers(plain, start, start + 5) is offered


@pytest.mark.parametrize(
    ("before", "left_out"),
    [
        ("carro ate 65 mil que nao seja ", True),
        ("tudo menos ", True),
        ("todos, exceto os da ", True),
        ("custa menos que o ", False),
        ("nao tenho nada mais barato que o ", False),
    ],
)
def test_what_a_wish_leaves_out(before: str, left_out: bool) -> None:
    assert (EXCEPT.search(before) is not None) is left_out


def test_appraised_right_behind_the_name() -> None:
    assert APPRAISED.match(" a gente avalia sim")
    assert APPRAISED.match(", sim, entra na troca")
    assert not APPRAISED.match(" e lindo e a gente avalia seu usado")
