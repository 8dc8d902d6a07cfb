from datetime import date

from daemon.billing import wording
from shards.central.invoices import STATES
from shards.central.plans import METERS


def test_as_brazilians_write_it() -> None:
    assert wording.reais(123_456) == "R$\u00a01.234,56"
    assert wording.reais(-5) == "-R$\u00a00,05"
    assert wording.number(1_234_567) == "1.234.567"
    assert wording.price("0.35", 1) == "R$\u00a00,35"
    assert wording.price("0.0125", 1_000) == "R$\u00a00,0125 por 1.000"
    assert wording.price("1299", 30) == "R$\u00a01.299,00 por 30"
    assert wording.price("0.500", 1) == "R$\u00a00,50"
    assert wording.day(date(2026, 11, 5)) == "05/11/2026"
    assert wording.short_day(date(2026, 11, 5)) == "05/11"
    assert wording.month(date(2026, 3, 1)) == "março de 2026"


def test_everything_has_a_name() -> None:
    assert set(wording.METER_NAMES) == set(METERS)
    assert set(wording.STATE_NAMES) == set(STATES)
