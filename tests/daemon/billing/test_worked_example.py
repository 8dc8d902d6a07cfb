"""The worked example of docs/how-to/billing.md, computed: every figure of the page is here."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from daemon.billing import invoicing, wording
from daemon.billing.invoicing import Terms
from daemon.billing.periods import Period
from daemon.billing.pricing import cost
from daemon.billing.report import report
from shards.central import daily, invoices, plans, prices, subscriptions, zones
from shards.central.invoices import Invoice
from shards.central.plans import MeterTerms
from shards.shard import Tx
from tests.support.files import memory
from tests.support.ledgers import SAO_PAULO, book, noon, receipt, tenant

PAGE: Final = Path(__file__).parents[3] / "docs" / "how-to" / "billing.md"
NOVEMBER: Final = Period(date(2026, 11, 1))
TERMS: Final = Terms(
    issuer="Painel Revendas Ltda · CNPJ 11.222.333/0001-81",
    pix_key="11222333000181",
    pix_name="Painel Revendas",
    pix_city="Porto Alegre",
)


def example(tx: Tx) -> Invoice:
    """Auto Sul's November, issued on the second of December."""
    tenant(tx)
    for id_, name, monthly, conversations, conversation, tokens, thousand in (
        ("essencial", "Essencial", 29_900, 300, "0.35", 2_000_000, "0.0185"),
        ("profissional", "Profissional", 59_900, 900, "0.29", 6_000_000, "0.0145"),
    ):
        meters = {
            "conversations": MeterTerms(included=conversations, price=conversation),
            "tokens": MeterTerms(included=tokens, price=thousand, per=1_000),
        }
        plans.add(tx, id_, name=name, monthly_centavos=monthly, trial_days=7, meters=meters)
    daily.calendar(tx, "auto-sul", SAO_PAULO)
    subscriptions.subscribe(tx, "auto-sul", "essencial", date(2026, 11, 5))
    subscriptions.subscribe(tx, "auto-sul", "profissional", date(2026, 11, 20))
    for day, conversations, tokens_in, tokens_out in (
        (date(2026, 11, 8), 40, 90_000, 10_000),
        (date(2026, 11, 15), 97, 450_000, 50_000),
        (date(2026, 11, 25), 345, 2_100_000, 234_567),
    ):
        at = noon(day)
        answered = [receipt(at, "turn", "anthropic", conversation=f"c{number}") for number in range(conversations)]
        spent = receipt(at, model="claude-haiku-5-5", input_tokens=tokens_in, output_tokens=tokens_out)
        book(tx, "auto-sul", *answered, spent)
    return invoicing.issue(tx, invoicing.draw(tx, "auto-sul", NOVEMBER, TERMS), TERMS)


def test_the_page_has_every_figure() -> None:
    page = PAGE.read_text("utf-8")
    with memory("central", datetime(2026, 12, 2, 15, tzinfo=UTC)) as tx:
        found = example(tx)
        for line in invoices.lines(tx, found.id):
            price = wording.price(line.price, line.per).replace("\u00a0", " ")
            amount = wording.reais(line.amount_centavos).replace("\u00a0", " ")
            row = f"| {line.text} | {wording.number(line.quantity)} | {price} | {amount} |"
            assert row in page, row
        assert found.total_centavos == 31_161
        assert "| **Total** | | | **R$ 311,61** |" in page
        assert (found.pix or "") in page
        calendar = zones.calendar(tx, "auto-sul")
        assert calendar is not None
        assert daily.differences(tx, "auto-sul", calendar) == []


def test_and_what_is_left_of_it() -> None:
    page = PAGE.read_text("utf-8")
    with memory("central", datetime(2026, 12, 2, 15, tzinfo=UTC)) as tx:
        found = example(tx)
        for unit, price in (("input_tokens", "1.00"), ("output_tokens", "5.00")):
            prices.add(
                tx,
                provider="anthropic",
                model="claude-haiku-5-5",
                unit=unit,
                currency="USD",
                price=price,
                per=1_000_000,
                from_day=date(2026, 11, 1),
            )
        prices.set_rate(tx, date(2026, 11, 1), "5.40")
        vendors = cost(daily.sums(tx, "auto-sul", NOVEMBER.first, NOVEMBER.end), prices.book(tx))
        others = {f"b{number}": cost((), prices.book(tx)) for number in range(7)}
        mine, *_ = report(
            "2026-11",
            {"auto-sul": vendors, **others},
            {"auto-sul": (found.total_centavos, 0)},
            server_cost_centavos=50_000,
        )
    for value in (mine.revenue_centavos, mine.vendor_cost_centavos, mine.server_cost_centavos, mine.margin_centavos):
        assert wording.reais(value).replace("\u00a0", " ") in page
    assert (mine.vendor_cost_centavos, mine.margin_centavos) == (2_221, 22_690)
