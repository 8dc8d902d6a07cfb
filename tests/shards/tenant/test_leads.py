"""What customers are after: the newest word stands, silence changes nothing."""

import pytest

from shards.tenant import leads
from tests.support.desk_rows import BIA, Desk

LEAD = "SELECT interest, vehicle, trade_in, budget_centavos, source FROM leads ORDER BY seq"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With two threads."""
    desk.says("oi")
    desk.says("oi", BIA)
    return desk


def test_a_contact_has_one_lead_that_is_filled_up(desk: Desk) -> None:
    desk(leads.save, 1, 1, interest="Civic", source="click-1")
    began = desk.clock.ms
    desk.clock.move(60)
    desk(leads.save, 1, 1, vehicle="civic-1", budget_centavos=9_000_000)
    desk(leads.save, 1, 1, trade_in="Gol 2015")
    assert desk.rows(LEAD) == [("Civic", "civic-1", "Gol 2015", 9_000_000, "click-1")]
    desk(leads.save, 1, 1, interest="Corolla", budget_centavos=0)
    assert desk.rows(LEAD) == [("Corolla", "civic-1", "Gol 2015", 0, "click-1")]
    assert desk.rows("SELECT created_at, changed_at FROM leads") == [(began, desk.clock.ms)]


def test_each_contact_has_its_own(desk: Desk) -> None:
    desk(leads.save, 1, 1, interest="Civic")
    desk(leads.save, 2, 2, interest="Corolla")
    assert len(desk.rows(LEAD)) == 2


def test_the_same_visit_asked_for_again_changes_the_open_one(desk: Desk) -> None:
    first = desk(leads.book, 1, 1, vehicle="civic-1", starts_at=None, wish="sábado")
    again = desk(leads.book, 1, 1, vehicle="civic-1", starts_at=5_000, wish="")
    assert first == again
    assert desk.rows("SELECT wish, starts_at, state FROM appointments") == [("sábado", 5_000, "asked")]
    assert desk(leads.book, 1, 1, vehicle=None, starts_at=None, wish="domingo") != first


def test_a_confirmed_visit_is_not_changed_by_the_next(desk: Desk) -> None:
    desk(leads.book, 1, 1, vehicle="civic-1", starts_at=5_000, wish="")
    desk(lambda tx: tx.run("UPDATE appointments SET state = 'confirmed'"))
    desk(leads.book, 1, 1, vehicle="civic-1", starts_at=9_000, wish="")
    assert desk.rows("SELECT starts_at, state FROM appointments ORDER BY seq") == [
        (5_000, "confirmed"),
        (9_000, "asked"),
    ]


def test_open_visits_are_called_off_and_past_ones_stay(desk: Desk) -> None:
    day = 86_400_000
    desk(leads.book, 1, 1, vehicle="civic-1", starts_at=desk.clock.ms - 2 * day, wish="")
    desk(lambda tx: tx.run("UPDATE appointments SET state = 'confirmed'"))
    desk(leads.book, 1, 1, vehicle="civic-1", starts_at=desk.clock.ms + day, wish="")
    desk(leads.book, 1, 1, vehicle="gol-1", starts_at=None, wish="sábado")
    desk(leads.book, 2, 2, vehicle="gol-1", starts_at=None, wish="domingo")
    states = "SELECT state FROM appointments ORDER BY seq"
    assert desk(leads.cancel, 1, "gol-1") == 1
    assert desk.rows(states) == ["confirmed", "asked", "cancelled", "asked"]
    assert desk(leads.cancel, 1) == 1
    assert desk.rows(states) == ["confirmed", "cancelled", "cancelled", "asked"]
    assert desk(leads.cancel, 1) == 0
