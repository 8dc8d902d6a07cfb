from datetime import UTC, date, datetime

from shards.central import zones
from shards.shard import Tx
from tests.support.files import memory


def test_a_zone_is_noted_once() -> None:
    with memory("central") as tx:
        assert zones.calendar(tx, "a") is None
        first, known = zones.keep(tx, "a", "America/Manaus")
        again, later = zones.keep(tx, "a", "America/Manaus")
        assert (known, later) == (True, False)
        assert first == again == zones.calendar(tx, "a")


def test_a_move_holds_from_the_next_month_and_may_be_taken_back() -> None:
    with memory("central", datetime(2026, 11, 20, tzinfo=UTC)) as tx:
        zones.keep(tx, "a", "America/Manaus")
        moved, _ = zones.keep(tx, "a", "America/Noronha")
        assert [(one.from_day, one.zone.key) for one in moved.stretches] == [
            (date.min, "America/Manaus"),
            (date(2026, 12, 1), "America/Noronha"),
        ]
        third, _ = zones.keep(tx, "a", "America/Belem")
        assert [one.zone.key for one in third.stretches] == ["America/Manaus", "America/Belem"]
        back, _ = zones.keep(tx, "a", "America/Manaus")
        assert [one.zone.key for one in back.stretches] == ["America/Manaus"]


def test_two_moves_in_two_months() -> None:
    with memory("central", datetime(2026, 11, 20, tzinfo=UTC)) as tx:
        zones.keep(tx, "a", "America/Manaus")
        zones.keep(tx, "a", "America/Noronha")
        later = Tx(tx.connection, datetime(2026, 12, 20, tzinfo=UTC))
        moved, _ = zones.keep(later, "a", "America/Belem")
        assert [one.from_day.month for one in moved.stretches] == [1, 12, 1]


def test_a_zone_nobody_knows_is_the_fallback() -> None:
    with memory("central") as tx:
        for name in ("", "Mars/Olympus", "../etc/passwd", "\0"):
            assert zones.usable(name) == zones.FALLBACK
        assert zones.keep(tx, "a", "")[0].stretches[0].zone.key == zones.FALLBACK
