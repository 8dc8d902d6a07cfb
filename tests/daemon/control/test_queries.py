from typing import Any

import pytest

from daemon.control.queries import ConversationQuery, LedgerQuery, PageQuery, VehicleQuery, read
from daemon.control.rules import RULES
from daemon.control.strict import BadRequestBody


def test_texts_become_values() -> None:
    query = read(
        {
            "make": ["fiat,honda", "vw"],
            "min_year": ["2015"],
            "q": ["suv até 100 mil"],
            "doors": [""],
            "sort": ["-price"],
        },
        VehicleQuery,
        RULES,
    )
    assert query == VehicleQuery(make=("fiat", "honda", "vw"), min_year=2015, q="suv até 100 mil", sort="-price")
    assert read({"waiting": ["TRUE"]}, ConversationQuery, RULES).waiting is True
    assert read({"from": ["2026-01-01T00:00:00Z"]}, LedgerQuery, RULES).start is not None
    assert read({}, PageQuery, RULES) == PageQuery()


@pytest.mark.parametrize(
    ("pairs", "kind", "paths"),
    [
        ({"limit": ["1e2"]}, PageQuery, ["query.limit"]),
        ({"limit": ["١"]}, PageQuery, ["query.limit"]),
        ({"limit": ["9" * 30]}, PageQuery, ["query.limit"]),
        ({"limit": ["0"], "x": ["1"]}, PageQuery, ["query.x", "query.limit"]),
        ({"after": ["a", "b"]}, PageQuery, ["query.after"]),
        ({"fuel": ["flex,water"]}, VehicleQuery, ["query.fuel[1]"]),
        ({"waiting": ["2"]}, ConversationQuery, ["query.waiting"]),
        ({"from": ["soon"]}, LedgerQuery, ["query.from"]),
    ],
)
def test_every_fault_is_named(pairs: dict[str, list[str]], kind: type[Any], paths: list[str]) -> None:
    with pytest.raises(BadRequestBody) as raised:
        read(pairs, kind, RULES)
    assert [fault.path for fault in raised.value.faults] == paths
