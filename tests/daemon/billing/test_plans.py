from datetime import UTC, datetime

import pytest

from daemon.billing.plans import Mark, marks, readings, standing
from shards.central.daily import Used
from shards.central.plans import MeterTerms, PlanVersion

PLAN = PlanVersion(
    id="a",
    version=1,
    name="A",
    monthly_centavos=0,
    meters={"tokens": MeterTerms(hard_limit=1_000), "messages": MeterTerms(included=5)},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_started_seconds_count() -> None:
    read = readings(Used(conversations=1, messages=2, tokens=3, audio_ms=4_001))
    assert read == {"conversations": 1, "messages": 2, "tokens": 3, "voice_seconds": 5}


@pytest.mark.parametrize(
    ("tokens", "percents"), [(0, []), (799, []), (800, [80]), (999, [80]), (1_000, [80, 100]), (9_999, [80, 100])]
)
def test_marks(tokens: int, percents: list[int]) -> None:
    found = marks(PLAN, readings(Used(tokens=tokens, messages=10**9)))
    assert [one.percent for one in found] == percents
    assert {one.meter for one in found} <= {"tokens"}


def test_who_answers() -> None:
    near, over = (Mark(meter="tokens", percent=percent, used=1_000, hard_limit=1_000) for percent in (80, 100))
    assert standing("current", PLAN, ()) == ("full", "")
    assert standing("reminded", PLAN, (near,)) == ("full", "")
    assert standing("current", PLAN, (near, over))[0] == "catalogue"
    assert standing("current", None, (over,))[0] == "full"
    assert standing("human_only", PLAN, (over,)) == ("human", "an invoice is overdue")
    handing = PlanVersion(
        id="a", version=1, name="A", monthly_centavos=0, over_limit="hand_over", created_at=PLAN.created_at
    )
    assert standing("current", handing, (over,)) == (
        "human",
        "1000 of 1000 tokens a month are used (100 % was reached)",
    )
