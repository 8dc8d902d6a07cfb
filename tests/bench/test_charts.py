"""Axes hold their values, and what is drawn is well-formed."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.charts import Axis, bars, lines

VALUES = st.lists(st.floats(min_value=0.001, max_value=1e7), min_size=1, max_size=30)


@given(VALUES, st.booleans())
def test_ticks_hold_all_values(values: list[float], log: bool) -> None:
    axis = Axis("ms", log=log)
    ticks = axis.ticks(values)
    assert 2 <= len(ticks) <= 12
    assert all(-1e-9 <= axis.place(value, ticks) <= 1 + 1e-9 for value in values)


@given(VALUES, VALUES)
def test_lines_are_well_formed(first: list[float], second: list[float]) -> None:
    series = [("p50 & <more>", list(enumerate(first))), ("p99", list(enumerate(second)))]
    drawn = lines('what "it" <is>', Axis("x"), Axis("y", log=True), series, limits=[("most", 10)])
    root = ElementTree.fromstring(drawn)
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2


def test_a_bar_for_each_value() -> None:
    root = ElementTree.fromstring(bars("t", "ms", [("a", 1.0), ("b", 0.0)]))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 3  # and the background
