import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.graph_errors import REACTIONS, GraphError, reaction_to, read_error

# Every code of Meta's table and what it asks for: R retry, N never, T template, P pause, O operator.
TABLE = """
0 P 190 P 3 P 10 P 200 P 299 P 131005 P 1 R 2 R 4 R 80007 R 33 P 100 N 131008 N 131009 N 368 P 131031 P 130429 R
131056 R 131048 P 131064 O 130472 N 130497 N 131000 R 131016 R 133004 R 131021 N 131026 N 131030 N 131037 P 131042 P
131045 P
131047 T 131049 N 131050 N 131051 N 131052 N 131053 N 131057 R 131060 N 131062 N 131063 N 132000 N 132005 N 132008 N
132012 N 132001 N 132007 N 132015 N 132016 N 132068 N 132069 R 133000 O 133005 O 133006 O 133008 O 133009 O 133010 P
133015 O 133016 O 134011 N 135000 R 137000 N 2494100 R 2593107 O 2593108 O
"""
EXPECTED = {int(code): kind for code, kind in re.findall(r"(\d+) ([A-Z])", TABLE)}
KINDS = {
    "R": {"retry"},
    "P": {"pause"},
    "O": {"operator"},
    "T": {"needs_template"},
    "N": {"refuse", "opt_out", "needs_phone", "disable_template"},
}


@pytest.mark.parametrize("code", sorted(EXPECTED))
@pytest.mark.parametrize("http_status", [200, 400, 401, 500])
def test_every_code_has_its_reaction_whatever_the_status(code: int, http_status: int) -> None:
    reaction = reaction_to(code, http_status=http_status, transient=http_status == 500)
    assert reaction.do in KINDS[EXPECTED[code]]
    assert reaction == reaction_to(code)


def test_the_table_is_whole() -> None:
    assert set(REACTIONS) == {code for code in EXPECTED if not 200 <= code <= 299}


@pytest.mark.parametrize("code", sorted(REACTIONS))
def test_reactions_make_sense(code: int) -> None:
    reaction = REACTIONS[code]
    assert re.fullmatch(r"[^\n.]{10,120}", reaction.meaning)
    if reaction.do == "retry":
        assert reaction.delay_seconds(1) > 0
        assert reaction.delay_seconds(10**6) <= reaction.longest_seconds
    if reaction.do == "pause":
        assert reaction.remedy


def test_the_pair_limit_waits_by_powers_of_four_for_the_customer_alone() -> None:
    pair = REACTIONS[131056]
    assert pair.scope == "contact"
    assert [pair.delay_seconds(attempt) for attempt in range(1, 6)] == [1, 4, 16, 64, 256]


def test_scopes() -> None:
    assert REACTIONS[4].scope == "app"
    assert REACTIONS[80007].scope == "waba"
    assert REACTIONS[130429].scope == "number"
    assert REACTIONS[1].attempts == 3  # tried again twice at most


@given(st.integers(), st.integers(), st.booleans())
def test_unknown_codes_are_tried_again_only_if_they_may_pass(code: int, status: int, transient: bool) -> None:
    reaction = reaction_to(code, http_status=status, transient=transient)
    if code not in REACTIONS and not 200 <= code <= 299:
        assert reaction.do == ("retry" if transient or status >= 500 else "refuse")


@pytest.mark.parametrize("value", [None, 5, {}, {"code": "x"}, {"code": True}, []])
def test_what_is_no_error(value: Any) -> None:
    assert read_error(value) is None


def test_an_error_as_one_line() -> None:
    error = read_error(
        {
            "code": "131026",
            "message": "Undeliverable",
            "error_data": {"details": "line\n  two"},
            "fbtrace_id": "Az",
            "is_transient": True,
            "error_subcode": 5,
        }
    )
    assert error == GraphError(
        code=131026, message="Undeliverable", details="line\n  two", subcode=5, transient=True, trace_id="Az"
    )
    assert str(error) == "131026 line two [fbtrace_id Az]"
