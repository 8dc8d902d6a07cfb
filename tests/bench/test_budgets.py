"""Verdicts."""

from tests.bench.budgets import BUDGETS, Budget, kept, table

BUDGET = Budget("start", "idle: seconds to ready with #", 10, "s")


def test_a_figure_within_its_budget_meets_it() -> None:
    assert BUDGET.verdict({"idle: seconds to ready with 500": 10.0}) == "met"
    assert BUDGET.verdict({"idle: seconds to ready with 500": 10.1}) == "NOT met"


def test_the_figure_at_the_greatest_load_counts() -> None:
    figures = {"idle: seconds to ready with 500": 3.0, "idle: seconds to ready with 2000": 17.0}
    assert BUDGET.found(figures) == 17.0


def test_what_was_not_measured_is_never_met() -> None:
    assert {row["verdict"] for row in kept({})} == {"not measured"}
    assert BUDGET.verdict({"idle: seconds to ready with many": 1.0}) == "not measured"
    assert BUDGET.verdict({"idle: seconds to ready with 5": "not measured: no room"}) == "not measured"


def test_the_table_has_a_line_for_each() -> None:
    assert len(table({}).splitlines()) == len(BUDGETS)


def test_what_is_not_met_is_explained_once() -> None:
    figures = {"our share at 100/s, p50 ms": 21.0, "our share at 100/s, p99 ms": 101.0, "stock: search p99 ms": 4.0}
    said = table(figures)
    assert said.count("NOT met") == 2
    assert said.count("Our share at 100/s:") == 1
    assert "Burst:" not in said
