from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.pricing import Cost, Unpriced
from daemon.billing.report import report, shares

UNPRICED = Unpriced(day=date(2026, 11, 1), provider="x", model="", unit="messages", quantity=1, reason="no price")


def test_revenue_cost_and_margin() -> None:
    costs = {"b": Cost(Fraction("12.345"), ()), "a": Cost(Fraction(0), (UNPRICED,)), "c": Cost(Fraction("0.005"), ())}
    first, second, third = report("2026-11", costs, {"b": (29_900, 900)}, 10_000)
    assert [one.tenant for one in (first, second, third)] == ["a", "b", "c"]
    assert (first.server_cost_centavos, second.server_cost_centavos) == (3_334, 3_333)
    assert (second.revenue_centavos, second.vendor_cost_centavos) == (29_000, 1_234)
    assert second.margin_centavos == 29_000 - 1_234 - 3_333
    assert (first.margin_centavos, first.unpriced) == (-3_334, 1)
    assert third.vendor_cost_centavos == 0
    assert report("2026-11", {}, {}, 10_000) == ()


@given(st.integers(0, 10**9), st.integers(1, 600))
def test_shares_add_up(total: int, count: int) -> None:
    found = shares(total, [str(number) for number in range(count)])
    assert sum(found.values()) == total
    assert max(found.values()) - min(found.values()) <= 1
