from collections.abc import Iterator
from datetime import date

import pytest

from daemon.billing import asaas, paying
from shards.central import invoices
from shards.errors import Conflict, Invalid, NotFound
from shards.shard import Tx
from tests.daemon.billing.test_asaas import notice
from tests.shards.central.test_invoices import DRAFT, issued
from tests.support.files import memory

TODAY = date(2026, 12, 5)
TOTAL = 59_800


@pytest.fixture
def tx() -> Iterator[Tx]:
    with memory("central") as tx:
        yield tx


def test_paid_in_parts(tx: Tx) -> None:
    id_ = issued(tx)
    part = paying.pay(tx, id_, 50_000, method="pix", today=TODAY)
    assert (part.state, part.balance_centavos) == ("open", 9_800)
    rest = paying.pay(tx, id_, None, method="pix", reference="E2", today=TODAY)
    assert (rest.state, rest.balance_centavos) == ("paid", 0)
    with pytest.raises(Conflict, match="nothing is owed"):
        paying.pay(tx, id_, None, method="pix", today=TODAY)
    with pytest.raises(Conflict, match="noted before"):
        paying.pay(tx, id_, 5, method="pix", reference="E2", today=TODAY)
    assert paying.pay(tx, id_, 5, method="pix", today=TODAY).balance_centavos == -5


def test_what_is_not_owed_is_not_paid(tx: Tx) -> None:
    draft = invoices.draw(tx, DRAFT)
    for work in (
        lambda: paying.pay(tx, draft, 1, method="pix", today=TODAY),
        lambda: paying.credit(tx, draft, 1, "x", today=TODAY),
    ):
        with pytest.raises(Conflict, match="the invoice is draft"):
            work()
    with pytest.raises(NotFound):
        paying.pay(tx, "x", 1, method="pix", today=TODAY)


def test_credits(tx: Tx) -> None:
    id_ = issued(tx)
    assert paying.credit(tx, id_, 9_800, "cortesia", today=TODAY).balance_centavos == 50_000
    with pytest.raises(Invalid, match="more than"):
        paying.credit(tx, id_, 50_001, "x", today=TODAY)
    assert paying.credit(tx, id_, 50_000, "x", today=TODAY).state == "paid"


def test_void(tx: Tx) -> None:
    id_ = issued(tx)
    paying.pay(tx, id_, 1, method="pix", today=TODAY)
    with pytest.raises(Conflict, match="credit note"):
        paying.void(tx, id_, "x")
    other = invoices.draw(tx, _of("b"))
    assert paying.void(tx, other, "engano").state_reason == "engano"
    with pytest.raises(Conflict, match="is void"):
        paying.void(tx, other, "x")


def _of(tenant: str) -> invoices.Draft:
    from attrs import evolve

    return evolve(DRAFT, tenant=tenant)


def take(tx: Tx, *said: bytes) -> list[str]:
    return [paying.take(tx, asaas.parse(body), TODAY).outcome for body in said]


def test_a_notice_counts_once_and_a_payment_too(tx: Tx) -> None:
    id_ = issued(tx)
    confirmed = notice("PAYMENT_CONFIRMED", "evt_1", value=TOTAL / 100, externalReference=id_)
    received = notice("PAYMENT_RECEIVED", "evt_2", value=TOTAL / 100, externalReference=id_)
    assert take(tx, confirmed, confirmed, received, received) == ["paid", "seen", "nothing", "seen"]
    found = invoices.get(tx, id_)
    assert (found.state, found.paid_centavos) == ("paid", TOTAL)


@pytest.mark.parametrize("reference", ["1", "000001", "FATURA000001"])
def test_an_invoice_is_named_by_its_number_too(tx: Tx, reference: str) -> None:
    id_ = issued(tx)
    assert take(tx, notice(value=598, externalReference=reference)) == ["paid"]
    assert invoices.get(tx, id_).state == "paid"


def test_by_the_description_where_there_is_no_reference(tx: Tx) -> None:
    issued(tx)
    assert take(tx, notice(value=598, externalReference=None, description="FATURA000001")) == ["paid"]


@pytest.mark.parametrize("reference", ["", "9", "0", "Fatura", "0" * 26, "z" * 26, None])
def test_a_payment_that_names_none_is_for_a_person(tx: Tx, reference: str | None) -> None:
    issued(tx)
    body = notice(externalReference=reference)
    taken = paying.take(tx, asaas.parse(body), TODAY)
    assert taken.outcome == "look"
    assert "names no invoice: note it by hand" in taken.sentence


def test_a_payment_for_a_void_one_is_for_a_person(tx: Tx) -> None:
    paying.void(tx, issued(tx), "x")
    assert "that is void" in paying.take(tx, asaas.parse(notice()), TODAY).sentence


@pytest.mark.parametrize(("today", "state"), [(TODAY, "open"), (date(2026, 12, 13), "overdue")])
def test_a_payment_is_taken_back_once(tx: Tx, today: date, state: str) -> None:
    id_ = issued(tx)
    take(tx, notice("PAYMENT_RECEIVED", "evt_1", value=598))
    back = [notice("PAYMENT_REFUNDED", name) for name in ("evt_2", "evt_2", "evt_3")]
    outcomes = [paying.take(tx, asaas.parse(body), today).outcome for body in back]
    assert outcomes == ["reversed", "seen", "nothing"]
    found = invoices.get(tx, id_)
    assert (found.state, found.balance_centavos) == (state, TOTAL)


def test_other_notices(tx: Tx) -> None:
    assert take(
        tx,
        notice("PAYMENT_CREATED", "evt_1"),
        notice("PAYMENT_REFUNDED", "evt_2"),
        notice("PAYMENT_CHARGEBACK_REQUESTED", "evt_3"),
    ) == ["nothing", "look", "look"]
