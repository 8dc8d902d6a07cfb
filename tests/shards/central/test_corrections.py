from datetime import date

from shards.central import corrections, daily
from tests.shards.central.test_daily import invoice
from tests.support.files import memory
from tests.support.ledgers import SAO_PAULO, book, noon, receipt

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def test_a_correction_is_a_receipt_of_its_own() -> None:
    with memory("central") as tx:
        book(tx, "a", receipt(noon(NOVEMBER), "message", "whatsapp", messages=5))
        wrong = receipt(noon(NOVEMBER), "message", "whatsapp", messages=-2)
        event_id, day = corrections.correct(tx, "a", SAO_PAULO, wrong, reason="contadas duas vezes", actor="cli")
        assert day == NOVEMBER
        assert daily.used(tx, "a", NOVEMBER, DECEMBER).messages == 3
        assert daily.differences(tx, "a", daily.calendar(tx, "a", SAO_PAULO)) == []
        assert tx.row("SELECT epoch FROM ledger WHERE event_id = ?", (event_id,)) == (corrections.EPOCH,)
        assert tx.row("SELECT reason, actor FROM corrections") == ("contadas duas vezes", "cli")


def test_of_a_billed_month_it_counts_in_the_next() -> None:
    with memory("central") as tx:
        invoice(tx, "a")
        fields = receipt(noon(NOVEMBER), "message", "whatsapp", messages=-2)
        _, day = corrections.correct(tx, "a", SAO_PAULO, fields, reason="x", actor="cli")
        assert day == DECEMBER
