"""An invoice as a page: to look at, to print, to save as PDF. Nothing in it comes from elsewhere."""

import io
from datetime import date, timedelta
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import segno

from daemon.billing import wording
from daemon.control.billing_shapes import InvoiceOut, LineOut

HTML: Final = "text/html; charset=utf-8"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_STYLE: Final = """
@page { size: A4; margin: 16mm; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: #1c2430; background: #eef1f5;
  margin: 0; }
main { background: #fff; max-width: 820px; margin: 24px auto; padding: 44px 48px; border-radius: 10px;
  box-shadow: 0 1px 4px #0002; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 24px;
  border-bottom: 2px solid #1c2430; padding-bottom: 18px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; }
h2 { font-size: 13px; letter-spacing: .06em; text-transform: uppercase; color: #5b6675; margin: 30px 0 8px; }
p { margin: 0; }
.issuer { color: #5b6675; margin-top: 4px; }
.state { border-radius: 999px; padding: 4px 14px; font-weight: 600; white-space: nowrap; background: #e3e8ef; }
.open { background: #e1ecfd; color: #12478f; } .paid { background: #dcf3e3; color: #14602f; }
.overdue { background: #fde4e1; color: #9a1c0c; } .void { text-decoration: line-through; }
dl { display: grid; grid-template-columns: repeat(4, 1fr); gap: 4px 20px; margin: 22px 0 0; }
dl div { min-width: 0; } dt { color: #5b6675; font-size: 13px; } dd { margin: 0; font-weight: 600; }
dl .wide { grid-column: span 2; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { color: #5b6675; font-size: 13px; font-weight: 600; text-align: right; padding: 0 0 6px 16px;
  border-bottom: 1px solid #c5ccd6; }
td { text-align: right; padding: 9px 0 9px 16px; border-bottom: 1px solid #e6eaf0; vertical-align: top;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; }
tr { break-inside: avoid; }
tfoot td { border-bottom: 0; padding-top: 5px; padding-bottom: 5px; }
tfoot tr:first-child td { padding-top: 14px; }
tfoot .due td { font-size: 20px; font-weight: 700; border-top: 2px solid #1c2430; padding-top: 10px; }
.pix { display: flex; gap: 28px; align-items: center; border: 1px solid #c5ccd6; border-radius: 8px; padding: 20px;
  break-inside: avoid; }
.pix svg { width: 184px; height: 184px; flex: none; }
.pix code { display: block; font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere;
  background: #f3f5f8; border-radius: 6px; padding: 10px 12px; margin-top: 8px; }
footer { color: #5b6675; font-size: 12.5px; margin-top: 32px; border-top: 1px solid #e6eaf0; padding-top: 12px; }
@media print { body { background: #fff; } main { box-shadow: none; margin: 0; padding: 0; max-width: none; } }
@media (max-width: 640px) { main { margin: 0; padding: 24px 18px; border-radius: 0; }
  dl { grid-template-columns: 1fr 1fr; } .pix { flex-direction: column; } th, td { padding-left: 8px; } }
"""


def render(invoice: InvoiceOut) -> str:
    """The page, in Portuguese, with days as the dealer's calendar has them."""
    number = "Rascunho de fatura" if invoice.number is None else f"Fatura nº {invoice.number:06}"
    return "".join(
        (
            '<!doctype html><html lang="pt-BR"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{number} – {escape(invoice.tenant_name)}</title><style>{_STYLE}</style></head><body><main>",
            f"<header><div><h1>{number}</h1><p class=issuer>{escape(invoice.issuer)}</p></div>",
            f'<span class="state {invoice.state}">{wording.STATE_NAMES[invoice.state]}</span></header>',
            _facts(invoice),
            "<h2>Itens</h2>",
            _table(invoice),
            _received(invoice),
            _pix(invoice),
            _foot(invoice),
            "</main></body></html>",
        )
    )


def _facts(invoice: InvoiceOut) -> str:
    first, end = date.fromisoformat(invoice.first_day), date.fromisoformat(invoice.end_day)
    issued = invoice.issued_at
    facts = (
        ("wide", "Cliente", invoice.tenant_name),
        ("wide", "Referência", wording.month(first)),
        ("wide", "Período", f"{wording.day(first)} a {wording.day(end - timedelta(days=1))}"),
        ("", "Emissão", "–" if issued is None else wording.day(issued.astimezone(ZoneInfo(invoice.time_zone)).date())),
        ("", "Vencimento", wording.day(date.fromisoformat(invoice.due_day)) if invoice.due_day else "–"),
    )
    shown = (f"<div class='{kind}'><dt>{name}</dt><dd>{escape(value)}</dd></div>" for kind, name, value in facts)
    return f"<dl>{''.join(shown)}</dl>"


def _table(invoice: InvoiceOut) -> str:
    head = "<tr><th>Descrição<th>Quantidade<th>Preço<th>Valor</tr>"
    sums = [("Total", invoice.total_centavos, "")]
    if invoice.credited_centavos:
        sums.append(("Créditos", -invoice.credited_centavos, ""))
    if invoice.paid_centavos:
        sums.append(("Pago", -invoice.paid_centavos, ""))
    owed = 0 if invoice.state == "void" else invoice.balance_centavos
    sums.append(("A pagar" if owed >= 0 else "Pago a mais", abs(owed), "due"))
    foot = "".join(
        f'<tr class="{kind}"><td colspan=3>{name}</td><td>{wording.reais(value)}</td></tr>'
        for name, value, kind in sums
    )
    return (
        f"<table><thead>{head}</thead><tbody>{''.join(map(_row, invoice.lines))}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _row(line: LineOut) -> str:
    days = " dias" if line.kind == "fee" and line.per > 1 else ""
    return (
        f"<tr><td>{escape(line.text)}</td><td>{wording.number(line.quantity)}</td>"
        f"<td>{wording.price(line.price, line.per)}{days}</td><td>{wording.reais(line.amount_centavos)}</td></tr>"
    )


def _received(invoice: InvoiceOut) -> str:
    zone = ZoneInfo(invoice.time_zone)
    rows = [
        (one.paid_at, f"Pagamento ({_METHODS.get(one.method, one.method)})", one.amount_centavos)
        for one in invoice.payments
    ]
    rows += [(one.at, f"Nota de crédito: {one.reason}", one.amount_centavos) for one in invoice.credit_notes]
    if not rows:
        return ""
    shown = "".join(
        f"<tr><td>{wording.day(at.astimezone(zone).date())} – {escape(text)}</td><td>{wording.reais(value)}</td></tr>"
        for at, text, value in sorted(rows)
    )
    return f"<h2>Pagamentos e créditos</h2><table><tbody>{shown}</tbody></table>"


_METHODS: Final = {
    "pix": "Pix",
    "boleto": "boleto",
    "card": "cartão",
    "cash": "dinheiro",
    "transfer": "transferência",
    "other": "outro",
    "asaas": "Asaas",
}


def _pix(invoice: InvoiceOut) -> str:
    if (
        not invoice.pix
        or invoice.state not in ("open", "overdue")
        or invoice.balance_centavos != invoice.total_centavos
    ):
        return ""
    return (
        "<h2>Pague com Pix</h2><div class=pix>"
        f"{qr(invoice.pix)}<div><p>Abra o aplicativo do seu banco, escolha <strong>Pix</strong> e leia o código ao"
        f" lado, ou use o Pix copia e cola:</p><code>{escape(invoice.pix)}</code></div></div>"
    )


def qr(text: str) -> str:
    """A QR code as an inline SVG, in the page's own colours."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, border=2, omitsize=True, title="Código Pix"
    )
    return out.getvalue().decode()


def _foot(invoice: InvoiceOut) -> str:
    said = ["Cada linha é quantidade × preço, arredondada uma só vez ao centavo (meio centavo vai para o par)."]
    if invoice.state == "draft":
        said.insert(0, "Rascunho: os valores podem mudar até a emissão.")
    if invoice.credit_notes and invoice.pix and invoice.balance_centavos > 0:
        said.append("Com crédito ou pagamento parcial o código Pix não vale mais: pague o valor que falta pela chave.")
    said.append(f"Dias contados no fuso horário {invoice.time_zone.replace('_', ' ')}.")
    return f"<footer>{escape(' '.join(said))}</footer>"
