from datetime import UTC, date, datetime
from typing import Any

import apsw
import pytest
from attrs import evolve

from shards.central import invoices, payments
from shards.central.invoices import Draft, InvoiceLine
from shards.errors import Conflict, NotFound
from shards.shard import Tx
from tests.support.files import memory

LINE = InvoiceLine(kind="fee", text="Mensalidade", quantity=1, price="299.00", per=1, amount_centavos=29_900)
DRAFT = Draft(
    tenant="auto-sul",
    period="2026-11",
    first_day=date(2026, 11, 1),
    end_day=date(2026, 12, 1),
    start=datetime(2026, 11, 1, 3, tzinfo=UTC),
    end=datetime(2026, 12, 1, 3, tzinfo=UTC),
    time_zone="America/Sao_Paulo",
    tenant_name="Auto Sul",
    lines=(LINE, LINE),
)


def issued(tx: Tx, draft: Draft = DRAFT) -> str:
    id_ = invoices.draw(tx, draft)
    number = invoices.next_number(tx)
    invoices.issue(tx, id_, number=number, due_day=date(2026, 12, 12), txid="F1", pix="", issuer="Nós")
    return id_


def test_a_draft_is_drawn_anew_under_the_same_id() -> None:
    with memory("central") as tx:
        id_ = invoices.draw(tx, DRAFT)
        assert invoices.draw(tx, evolve(DRAFT, lines=(LINE,), tenant_name="Outro")) == id_
        found = invoices.get(tx, id_)
        assert (found.state, found.total_centavos, found.tenant_name) == ("draft", 29_900, "Outro")
        assert invoices.lines(tx, id_) == (LINE,)
        assert [one.id for one in invoices.drafts(tx)] == [id_]


def test_an_issued_one_is_never_changed() -> None:
    with memory("central") as tx:
        id_ = issued(tx)
        with pytest.raises(Conflict, match="is issued"):
            invoices.draw(tx, DRAFT)
        with pytest.raises(Conflict, match="no draft"):
            invoices.issue(tx, id_, number=9, due_day=date(2026, 12, 12), txid="", pix="", issuer="")
        for column in ("total_centavos = 1", "due_day = '2030-01-01'", "number = 9", "pix = NULL", "tenant = 'x'"):
            with pytest.raises(apsw.ConstraintError, match="never changed"):
                tx.run(f"UPDATE invoices SET {column}")
        for sql in (
            "DELETE FROM invoices",
            "DELETE FROM invoice_lines",
            "UPDATE invoice_lines SET quantity = 2",
            f"INSERT INTO invoice_lines VALUES ('{id_}', 3, 'fee', '', 1, '1', 1, 100)",
        ):
            with pytest.raises(apsw.ConstraintError, match=r"never|not changed"):
                tx.run(sql)


@pytest.mark.parametrize(
    "way", [("draft",), ("void",), ("paid", "void"), ("paid", "draft"), ("void", "open"), ("overdue", "open")]
)
def test_ways_that_states_do_not_go(way: tuple[str, ...]) -> None:
    with memory("central") as tx:
        id_ = issued(tx) if way != ("void",) else invoices.draw(tx, DRAFT)
        for state in way[:-1]:
            invoices.set_state(tx, id_, state)
        if way == ("void",):
            invoices.set_state(tx, id_, "void")
            way = ("draft",)
        with pytest.raises(apsw.ConstraintError, match="does not go"):
            invoices.set_state(tx, id_, way[-1])


def test_one_for_a_tenant_and_month_but_for_void_ones() -> None:
    with memory("central") as tx:
        first = issued(tx)
        with pytest.raises(apsw.ConstraintError):
            tx.run("INSERT INTO invoices SELECT 'x', tenant, period, first_day, end_day, start_at, end_at, time_zone,"
                   " 'draft', 0, '', NULL, '', '', 0, 0, NULL, NULL, NULL, NULL FROM invoices")  # fmt: skip
        invoices.set_state(tx, first, "void", "errado")
        second = issued(tx)
        assert second != first
        assert (invoices.get(tx, first).number, invoices.get(tx, second).number) == (1, 2)
        assert invoices.periods(tx, "auto-sul") == {"2026-11": "open"}


def test_looking() -> None:
    with memory("central") as tx:
        first = issued(tx)
        payments.pay(tx, first, 10_000, method="pix")
        payments.credit(tx, first, 5_000, "cortesia")
        second = issued(tx, evolve(DRAFT, tenant="b"))
        third = invoices.draw(tx, evolve(DRAFT, tenant="c"))
        found = invoices.get(tx, first)
        assert (found.paid_centavos, found.credited_centavos, found.balance_centavos) == (10_000, 5_000, 44_800)
        assert {one.id for one in invoices.unpaid(tx)} == {first, second}
        assert invoices.billed(tx, "2026-11") == {"auto-sul": (59_800, 5_000), "b": (59_800, 0)}
        assert (invoices.by_number(tx, 2) or found).id == second
        assert invoices.by_number(tx, 7) is None
        assert invoices.find(tx, "x") is None
        with pytest.raises(NotFound):
            invoices.get(tx, "x")
        everything = invoices.page(tx)
        assert {one.id for one in everything} == {first, second, third}
        assert [one.id for one in invoices.page(tx, after=everything[0].id)] == [one.id for one in everything[1:]]
        only: list[dict[str, Any]] = [{"tenant": "b"}, {"state": "draft"}, {"period": "2026-12"}]
        assert [len(invoices.page(tx, **query)) for query in only] == [1, 1, 0]
