from datetime import UTC, datetime, timedelta, timezone

import orjson
from attrs import field, frozen

from daemon.control.call import dump, rfc3339, shown


@frozen(kw_only=True)
class View:
    id: str
    inner: int


@frozen(kw_only=True)
class Out:
    id: str
    more: str
    start: datetime | None = field(default=None, metadata={"json": "from"})


def test_times_go_out_in_utc() -> None:
    assert rfc3339(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
    brasilia = timezone(timedelta(hours=-3))
    assert rfc3339(datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=brasilia)) == "2026-01-01T15:00:00.123Z"


def test_views_become_what_goes_out() -> None:
    out = shown(View(id="1", inner=2), Out, more="x")
    assert out == Out(id="1", more="x")
    assert orjson.loads(dump([out, (None, {"a": (1, 2)})])) == [
        {"id": "1", "more": "x", "from": None},
        [None, {"a": [1, 2]}],
    ]
