from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from daemon.billing.pix import Pix, encode
from daemon.control.billing_shapes import CreditOut, InvoiceOut, LineOut, PaymentOut
from daemon.control.invoice_page import qr, render

CODE = encode(Pix(key="pix@example.com", name="Nos", city="Porto Alegre", amount_centavos=30_950, txid="FATURA000012"))
AT = datetime(2026, 12, 2, 1, 30, tzinfo=UTC)
INVOICE = InvoiceOut(
    id="x",
    number=12,
    tenant="auto-sul",
    tenant_name="Auto <Sul> & Filhos",
    issuer="Nós Ltda",
    period="2026-11",
    first_day="2026-11-01",
    end_day="2026-12-01",
    start=AT,
    end=AT,
    time_zone="America/Sao_Paulo",
    state="open",
    state_reason="",
    total_centavos=30_950,
    credited_centavos=0,
    paid_centavos=0,
    balance_centavos=30_950,
    drawn_at=AT,
    issued_at=AT,
    due_day="2026-12-11",
    txid="FATURA000012",
    pix=CODE,
    lines=(
        LineOut(kind="fee", text="Mensalidade", quantity=1, price="299.00", per=1, amount_centavos=29_900),
        LineOut(kind="tokens", text="Tokens", quantity=525_000, price="0.02", per=1_000, amount_centavos=1_050),
    ),
    payments=(),
    credit_notes=(),
)


def page(**changes: Any) -> str:
    return render(evolve(INVOICE, **changes)).replace("\u00a0", " ")


def test_what_a_dealer_reads() -> None:
    shown = page()
    for text in (
        "Fatura nº 000012",
        "Em aberto",
        "Auto &lt;Sul&gt; &amp; Filhos",
        "novembro de 2026",
        "01/11/2026 a 30/11/2026",
        "<dt>Emissão</dt><dd>01/12/2026</dd>",  # half past one UTC is the evening before
        "11/12/2026",
        "525.000</td><td>R$ 0,02 por 1.000</td><td>R$ 10,50",
        "R$ 309,50",
        CODE,
        "<svg",
        "America/Sao Paulo",
    ):
        assert text in shown, text
    assert "<Sul>" not in shown
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "")


def test_what_changes_with_its_state() -> None:
    assert "Rascunho de fatura" in page(number=None, state="draft", issued_at=None, due_day=None, pix=None)
    part = page(
        credited_centavos=950,
        balance_centavos=30_000,
        credit_notes=(CreditOut(id="c", amount_centavos=950, reason="cortesia <b>", at=AT),),
    )
    assert "Nota de crédito: cortesia &lt;b&gt;" in part
    assert "<svg" not in part, "the code has the whole amount in it"
    paid = page(
        state="paid",
        paid_centavos=31_000,
        balance_centavos=-50,
        payments=(PaymentOut(id="p", amount_centavos=31_000, method="pix", reference="", paid_at=AT),),
    )
    assert "Pagamento (Pix)" in paid
    assert "Pago a mais</td><td>R$ 0,50" in paid
    assert "A pagar</td><td>R$ 0,00" in page(state="void")


def test_the_code_scales() -> None:
    assert "viewBox" in qr(CODE)
    assert "width" not in qr(CODE).partition(">")[0]
