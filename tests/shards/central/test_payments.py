import apsw
import pytest

from shards.central import payments
from tests.shards.central.test_invoices import issued
from tests.support.files import MOMENT, memory


def test_a_reference_counts_once_and_none_as_often_as_said() -> None:
    with memory("central") as tx:
        id_ = issued(tx)
        first = payments.pay(tx, id_, 100, method="pix", reference="E1")
        assert first is not None
        assert first.paid_at == MOMENT
        assert payments.pay(tx, id_, 100, method="pix", reference="E1") is None
        assert payments.pay(tx, id_, 100, method="asaas", reference="E1") is not None
        for _ in range(2):
            assert payments.pay(tx, id_, 1, method="cash") is not None
        assert sorted(one.amount_centavos for one in payments.of(tx, id_)) == [1, 1, 100, 100]
        assert payments.find(tx, "pix", "E1") == (id_, 100)
        assert payments.find(tx, "pix", "E2") is None


def test_nothing_of_it_is_changed() -> None:
    with memory("central") as tx:
        id_ = issued(tx)
        payments.pay(tx, id_, 100, method="pix")
        note = payments.credit(tx, id_, 50, "cortesia")
        assert payments.credits(tx, id_) == [note]
        for table in ("payments", "credit_notes"):
            for sql in (f"UPDATE {table} SET amount_centavos = 1", f"DELETE FROM {table}"):
                with pytest.raises(apsw.ConstraintError, match=r"never changed|reversed"):
                    tx.run(sql)


def test_notices_are_seen_once() -> None:
    with memory("central") as tx:
        assert not payments.seen(tx, "evt_1")
        payments.see(tx, "evt_1", "PAYMENT_RECEIVED", "pay_1", "paid")
        assert payments.seen(tx, "evt_1")
