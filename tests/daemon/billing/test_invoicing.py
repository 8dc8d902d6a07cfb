"""From a month to its frozen invoice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from daemon.billing import invoicing, pix
from daemon.billing.invoicing import Due, Terms
from daemon.billing.periods import Period
from shards.central import daily, invoices, subscriptions, tenants
from shards.errors import Conflict, Invalid, NotFound
from shards.shard import Tx
from tests.support.files import memory
from tests.support.ledgers import SAO_PAULO, book, noon, plan, receipt, tenant

OCTOBER, NOVEMBER = Period(date(2026, 10, 1)), Period(date(2026, 11, 1))
FIFTH_OF_DECEMBER = datetime(2026, 12, 5, 12, tzinfo=UTC)
TERMS = Terms(issuer="Nós Ltda", pix_key="pix@example.com", pix_city="Porto Alegre", due_days=10)


@pytest.fixture
def tx() -> Iterator[Tx]:
    """The fifth of December; one tenant that has a plan since the 20th of October."""
    with memory("central", FIFTH_OF_DECEMBER) as tx:
        tenant(tx)
        plan(tx)
        daily.calendar(tx, "auto-sul", SAO_PAULO)
        subscriptions.subscribe(tx, "auto-sul", "essencial", date(2026, 10, 20))
        yield tx


def test_every_month_that_is_over_is_due_once(tx: Tx) -> None:
    assert invoicing.due(tx, TERMS) == [Due("auto-sul", OCTOBER), Due("auto-sul", NOVEMBER)]
    id_ = invoicing.draw(tx, "auto-sul", OCTOBER, TERMS)
    assert invoicing.due(tx, TERMS) == [Due("auto-sul", NOVEMBER)]
    invoices.set_state(tx, id_, "void", "x")
    assert invoicing.due(tx, TERMS) == [Due("auto-sul", NOVEMBER)], "a void one is drawn again only when asked for"
    assert invoicing.draw(tx, "auto-sul", OCTOBER, TERMS) != id_


def test_a_month_begins_when_it_does_for_the_tenant(tx: Tx) -> None:
    just_before = Tx(tx.connection, datetime(2026, 12, 1, 2, 59, tzinfo=UTC))
    assert invoicing.due(just_before, TERMS) == [Due("auto-sul", OCTOBER)]
    assert len(invoicing.due(Tx(tx.connection, datetime(2026, 12, 1, 3, tzinfo=UTC)), TERMS)) == 2


def test_an_issued_invoice_has_everything(tx: Tx) -> None:
    messages = [receipt(noon(date(2026, 11, 3)), "message", "whatsapp", messages=1) for _ in range(103)]
    book(tx, "auto-sul", *messages)
    id_ = invoicing.draw(tx, "auto-sul", NOVEMBER, TERMS)
    book(tx, "auto-sul", receipt(noon(date(2026, 11, 30)), "message", "whatsapp", messages=7))  # came late
    issued = invoicing.issue(tx, id_, TERMS)
    assert [line.amount_centavos for line in invoices.lines(tx, id_)] == [29_900, 50]
    assert (issued.state, issued.number, issued.total_centavos) == ("open", 1, 29_950)
    assert (issued.due_day, issued.txid, issued.issuer) == (date(2026, 12, 15), "FATURA000001", "Nós Ltda")
    code = pix.parse(issued.pix or "")
    assert (code.amount_centavos, code.txid, code.name) == (29_950, "FATURA000001", "Nos Ltda")
    with pytest.raises(Conflict):
        invoicing.issue(tx, id_, TERMS)


def test_one_of_nothing_is_paid(tx: Tx) -> None:
    tenant(tx, "b")
    plan(tx, "livre", monthly_centavos=0)
    subscriptions.subscribe(tx, "b", "livre", date(2026, 11, 1))
    issued = invoicing.issue(tx, invoicing.draw(tx, "b", NOVEMBER, TERMS), TERMS)
    assert (issued.state, issued.total_centavos, issued.pix) == ("paid", 0, "")


def test_what_ends_is_not_billed_on(tx: Tx) -> None:
    subscriptions.end(tx, "auto-sul", date(2026, 11, 11))
    later = Tx(tx.connection, FIFTH_OF_DECEMBER + timedelta(days=90))
    assert [one.period for one in invoicing.due(later, TERMS)] == [OCTOBER, NOVEMBER]
    id_ = invoicing.draw(later, "auto-sul", NOVEMBER, TERMS)
    assert invoices.get(tx, id_).total_centavos == round(29_900 * 10 / 30)


def test_a_deleted_tenant_pays_until_the_day_it_was_deleted(tx: Tx) -> None:
    deleted = Tx(tx.connection, datetime(2026, 12, 2, 12, tzinfo=UTC))
    tenants.set_state(deleted, "auto-sul", "deleted")
    later = Tx(tx.connection, FIFTH_OF_DECEMBER + timedelta(days=90))
    periods = [one.period.label for one in invoicing.due(later, TERMS)]
    assert periods == ["2026-10", "2026-11", "2026-12"]
    id_ = invoicing.draw(later, "auto-sul", Period(date(2026, 12, 1)), TERMS)
    [line] = invoices.lines(tx, id_)
    assert (line.quantity, line.per) == (2, 31)


def test_what_cannot_be_drawn(tx: Tx) -> None:
    with pytest.raises(Invalid, match="not over"):
        invoicing.draw(tx, "auto-sul", Period(date(2026, 12, 1)), TERMS)
    with pytest.raises(Invalid, match="no plan"):
        invoicing.draw(tx, "auto-sul", Period(date(2026, 9, 1)), TERMS)
    with pytest.raises(Invalid, match="no plan"):
        invoicing.draw(tx, "nobody", NOVEMBER, TERMS)
    with pytest.raises(NotFound):
        invoicing.issue(tx, "x", TERMS)


def test_a_draft_can_be_looked_at(tx: Tx) -> None:
    draft = invoices.get(tx, invoicing.draw(tx, "auto-sul", OCTOBER, TERMS))
    assert not invoicing.is_ripe(draft, FIFTH_OF_DECEMBER + timedelta(hours=23), TERMS)
    assert invoicing.is_ripe(draft, FIFTH_OF_DECEMBER + timedelta(hours=24), TERMS)
    assert invoicing.is_ripe(draft, FIFTH_OF_DECEMBER + timedelta(hours=1), evolve(TERMS, draft_hours=1))
