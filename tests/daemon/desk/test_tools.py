from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from daemon.desk.brief import BookVisit, CancelVisit, HandOver, SaveLead
from daemon.desk.tools import BadArguments, Details, Search, SendPhotos, Simulate, read, specs
from daemon.providers.base import ToolCall
from shards.tenant.vehicle import StockQuery
from tests.support.lot import NOW, PROFILE

NAMES = [spec.name for spec in specs(PROFILE)]


def asked(name: str, given: dict[str, Any] | None) -> Any:
    return read(ToolCall("c", name, given), PROFILE, NOW)


def test_no_financing_without_a_rate() -> None:
    poor = evolve(PROFILE, assistant=evolve(PROFILE.assistant, finance_rate_percent_month=None))
    assert "simulate_financing" not in {spec.name for spec in specs(poor)}
    assert len(specs(poor)) == len(NAMES) - 1


def test_search() -> None:
    wanted = asked(
        "search_stock",
        {"body": "suv", "transmission": "automatic", "max_price_reais": "100000", "min_year": 2018.0, "make": None},
    )
    assert wanted == Search(
        StockQuery(
            bodies=("suv",),
            transmissions=("automatic", "cvt", "automated"),
            max_price_centavos=10_000_000,
            min_year=2018,
            limit=6,
        )
    )


def test_others() -> None:
    assert asked("vehicle_details", {"vehicle_ids": ["a", "a", "b"]}) == Details(("a", "b"))
    assert asked("send_photos", {"vehicle_ids": ["a"]}) == SendPhotos(("a",), 4)
    assert asked("send_photos", {"vehicle_ids": ["a", "b", "c"]}) == SendPhotos(("a", "b", "c"), 1)
    assert asked("simulate_financing", {"vehicle_id": "a", "down_payment_reais": 0, "months": 48}) == Simulate(
        "a", 0, 48
    )
    assert asked("save_lead", {"trade_in": "Gol\n2015", "budget_reais": 90000}) == SaveLead(
        trade_in="Gol 2015", budget_centavos=9_000_000
    )
    assert asked("hand_over", {"reason": "quer negociar"}) == HandOver("quer negociar")
    assert asked("hand_over", {"reason": "procon", "complaint": True}) == HandOver("procon", always=True)


def test_visit() -> None:
    visit = asked("book_visit", {"date": "2026-11-21", "time": "10:00", "vehicle_id": "a"})
    assert isinstance(visit, BookVisit)
    assert visit.starts_at is not None
    assert visit.starts_at.isoformat() == "2026-11-21T10:00:00-03:00"
    assert asked("book_visit", {"wish": "sábado cedo"}) == BookVisit(wish="sábado cedo")
    assert asked("book_visit", {"date": "2026-11-21"}) == BookVisit(wish="2026-11-21")
    assert asked("cancel_visit", {}) == CancelVisit()
    assert asked("cancel_visit", {"vehicle_id": "a"}) == CancelVisit(vehicle_id="a")


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("search_stock", None, "not a JSON object"),
        ("search_stock", {"x": 1}, "unknown argument x"),
        ("search_stock", {"body": "SUV"}, "body must be one of"),
        ("search_stock", {"model": ["Onix"]}, "model must be text"),
        ("search_stock", {"max_price_reais": True}, "whole number"),
        ("search_stock", {"max_price_reais": 89.5}, "whole number"),
        ("search_stock", {"max_price_reais": -1}, "between 0"),
        ("search_stock", {"max_price_reais": float("nan")}, "whole number"),
        ("search_stock", {"min_year": 2020, "max_year": 2018}, "min_year is above"),
        ("search_stock", {"min_price_reais": 2, "max_price_reais": 1}, "min_price_reais is above"),
        ("vehicle_details", {"vehicle_ids": "a"}, "list of vehicle ids"),
        ("vehicle_details", {"vehicle_ids": ["a", 1]}, "list of vehicle ids"),
        ("vehicle_details", {"vehicle_ids": list("abcde")}, "at most 4"),
        ("vehicle_details", {"vehicle_ids": []}, "vehicle_ids is missing"),
        ("send_photos", {"vehicle_ids": ["a"], "per_vehicle": 9}, "between 1 and 4"),
        ("simulate_financing", {"vehicle_id": "a", "months": 48}, "down_payment_reais is missing"),
        ("simulate_financing", {"vehicle_id": "a", "down_payment_reais": 0, "months": 96}, "between 6 and 72"),
        ("save_lead", {}, "at least one"),
        ("hand_over", {}, "reason is missing"),
        ("hand_over", {"reason": "x", "complaint": "sim"}, "must be true or false"),
        ("book_visit", {}, "needs date and time"),
        ("book_visit", {"date": "amanhã", "time": "10:00"}, "YYYY-MM-DD"),
        ("book_visit", {"date": "2026-11-19", "time": "10:00"}, "is over"),
        ("book_visit", {"date": "2027-11-19", "time": "10:00"}, "90 days"),
        ("book_visit", {"date": "2026-11-21", "time": "15:00"}, "09:00-13:00"),
        ("book_visit", {"date": "2026-11-22", "time": "10:00"}, "closed"),
        ("book_visit", {"date": "2026-12-25", "time": "10:00"}, "closed"),
        ("order_pizza", {}, "there is no tool"),
    ],
)
def test_refused_with_a_reason(name: str, given: dict[str, Any] | None, why: str) -> None:
    with pytest.raises(BadArguments, match=why):
        asked(name, given)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data(), st.sampled_from(NAMES))
def test_any_arguments(data: st.DataObject, name: str) -> None:
    properties = next(spec for spec in specs(PROFILE) if spec.name == name).parameters["properties"]
    given_ = data.draw(st.dictionaries(st.sampled_from(sorted(properties)), VALUES, max_size=6))
    with suppress(BadArguments):
        asked(name, given_)
