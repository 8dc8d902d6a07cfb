"""Invoices: drawing, issuing, paying, crediting, voiding; as JSON and as a page."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Final

from daemon.billing import invoicing, paying
from daemon.billing.periods import Period
from daemon.control import invoice_page
from daemon.control.billing_call import changed, in_json, only, terms
from daemon.control.billing_shapes import (
    CreditIn,
    CreditOut,
    InvoiceBrief,
    InvoiceIn,
    InvoiceOut,
    InvoiceQuery,
    LineOut,
    PaymentIn,
    PaymentOut,
    VoidIn,
)
from daemon.control.call import Answer, Call, Route, dump, listed
from daemon.control.queries import NoQuery
from daemon.control.shapes import Nothing
from shards.central import invoices, payments
from shards.central.invoices import Invoice
from shards.errors import NotFound
from shards.shard import Tx


def whole(tx: Tx, invoice: Invoice) -> InvoiceOut:
    """An invoice with its lines, payments and credit notes."""
    return in_json(
        invoice,
        InvoiceOut,
        lines=tuple(in_json(one, LineOut) for one in invoices.lines(tx, invoice.id)),
        payments=tuple(in_json(one, PaymentOut) for one in payments.of(tx, invoice.id)),
        credit_notes=tuple(in_json(one, CreditOut) for one in payments.credits(tx, invoice.id)),
    )


async def list_invoices(call: Call) -> Answer:
    query: InvoiceQuery = call.query
    tenant = only(call, query.tenant)
    found = await call.services.central.read(
        lambda tx: invoices.page(
            tx, tenant=tenant, state=query.state, period=query.period, after=query.after, limit=query.limit + 1
        )
    )
    page = found[: query.limit]
    more = page[-1].id if len(found) > query.limit else None
    return listed([in_json(one, InvoiceBrief) for one in page], more)


async def show_invoice(call: Call) -> Answer:
    return Answer(body=dump(await _seen(call)))


async def show_page(call: Call) -> Answer:
    page = invoice_page.render(await _seen(call))
    headers = (("Content-Security-Policy", invoice_page.POLICY),)
    return Answer(body=page.encode(), content_type=invoice_page.HTML, headers=headers)


async def _seen(call: Call) -> InvoiceOut:
    id_ = call.args["i"]

    def read(tx: Tx) -> InvoiceOut:
        invoice = invoices.get(tx, id_)
        if call.actor.tenant not in (None, invoice.tenant):
            raise NotFound(f"there is no invoice {id_!r}", "list the invoices to find the id")
        return whole(tx, invoice)

    return await call.services.central.read(read)


async def draw_invoice(call: Call) -> Answer:
    body: InvoiceIn = call.body
    settings, period = terms(call), Period.parse(body.period)

    def work(tx: Tx) -> InvoiceOut:
        return whole(tx, invoices.get(tx, invoicing.draw(tx, body.tenant, period, settings)))

    return await changed(call, work, _same, target=f"{body.tenant} {body.period}")


async def issue_invoice(call: Call) -> Answer:
    settings = terms(call)
    return await _on(call, lambda tx, id_, _: invoicing.issue(tx, id_, settings))


async def pay_invoice(call: Call) -> Answer:
    body: PaymentIn = call.body
    pay = partial(
        paying.pay,
        amount_centavos=body.amount_centavos,
        method=body.method,
        reference=body.reference,
        paid_at=body.paid_at,
    )
    audit = {"amount_centavos": body.amount_centavos, "method": body.method, "reference": body.reference}
    return await _on(call, lambda tx, id_, today: pay(tx, id_, today=today), audit)


async def credit_invoice(call: Call) -> Answer:
    body: CreditIn = call.body
    audit = {"amount_centavos": body.amount_centavos, "reason": body.reason}
    return await _on(
        call, lambda tx, id_, today: paying.credit(tx, id_, body.amount_centavos, body.reason, today=today), audit
    )


async def void_invoice(call: Call) -> Answer:
    body: VoidIn = call.body
    return await _on(call, lambda tx, id_, _: paying.void(tx, id_, body.reason), {"reason": body.reason})


async def _on(call: Call, work: Callable[[Tx, str, date], Invoice], audit: dict[str, Any] | None = None) -> Answer:
    """Change one invoice; `work` gets its id and the tenant's day."""
    id_, settings = call.args["i"], terms(call)

    def effect(tx: Tx) -> InvoiceOut:
        today = invoicing.today(tx, invoices.get(tx, id_).tenant, settings)
        return whole(tx, work(tx, id_, today))

    return await changed(call, effect, _same, target=id_, audit=audit)


def _same(shown: InvoiceOut) -> InvoiceOut:
    return shown


_CHANGE: Final[dict[str, Any]] = {
    "method": "POST",
    "tag": "billing",
    "query": NoQuery,
    "answer": InvoiceOut,
    "reach": "server",
    "admin_only": True,
    "keeps_in_central": True,
    "conflicts": True,
}
_LOOK: Final[dict[str, Any]] = {"method": "GET", "tag": "billing", "reach": "list"}

ROUTES: Final = (
    Route(
        **_LOOK,
        path="/v1/billing/invoices",
        name="listInvoices",
        summary="Invoices, the newest first.",
        handler=list_invoices,
        query=InvoiceQuery,
        answer=InvoiceBrief,
        listed=True,
    ),
    Route(
        **_CHANGE,
        path="/v1/billing/invoices",
        name="drawInvoice",
        summary="Draw a month that is over, as a draft; the billing task does it by itself once.",
        handler=draw_invoice,
        status=201,
        body=InvoiceIn,
        action="invoice.draw",
    ),
    Route(
        **_LOOK,
        path="/v1/billing/invoices/{i}",
        name="getInvoice",
        summary="One invoice with its lines, payments and credit notes.",
        handler=show_invoice,
        query=NoQuery,
        answer=InvoiceOut,
    ),
    Route(
        **_LOOK,
        path="/v1/billing/invoices/{i}/page",
        name="getInvoicePage",
        summary="The invoice as a page to print or send, in Portuguese, with its Pix code.",
        handler=show_page,
        query=NoQuery,
        only="text/html",
    ),
    Route(
        **_CHANGE,
        path="/v1/billing/invoices/{i}/issue",
        name="issueInvoice",
        summary="Number and freeze a draft now.",
        handler=issue_invoice,
        body=Nothing,
        body_optional=True,
        action="invoice.issue",
    ),
    Route(
        **_CHANGE,
        path="/v1/billing/invoices/{i}/payments",
        name="payInvoice",
        summary="Note a payment; an invoice that is paid frees its tenant at once.",
        handler=pay_invoice,
        status=201,
        body=PaymentIn,
        body_optional=True,
        action="invoice.pay",
    ),
    Route(
        **_CHANGE,
        path="/v1/billing/invoices/{i}/credits",
        name="creditInvoice",
        summary="Give a credit note.",
        handler=credit_invoice,
        status=201,
        body=CreditIn,
        action="invoice.credit",
    ),
    Route(
        **_CHANGE,
        path="/v1/billing/invoices/{i}/void",
        name="voidInvoice",
        summary="Take an unpaid invoice back; its month is billed again only when it is drawn.",
        handler=void_invoice,
        body=VoidIn,
        action="invoice.void",
    ),
)
