"""How invoices say numbers and days to a dealer (pt-BR). Pure."""

from datetime import date
from typing import Final

from daemon.billing.pricing import decimal

MONTHS: Final = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)
METER_NAMES: Final = {
    "conversations": ("Conversas", "incluídas"),
    "messages": ("Mensagens", "incluídas"),
    "tokens": ("Tokens de IA", "incluídos"),
    "voice_seconds": ("Segundos de voz", "incluídos"),
}
STATE_NAMES: Final = {
    "draft": "Rascunho",
    "open": "Em aberto",
    "paid": "Paga",
    "overdue": "Vencida",
    "void": "Cancelada",
}


def reais(centavos: int) -> str:
    """`R$ 1.234,56`, with a no-break space so that it stays on one line."""
    whole, rest = divmod(abs(centavos), 100)
    return f"{'-' if centavos < 0 else ''}R$\u00a0{number(whole)},{rest:02}"


def number(value: int) -> str:
    """`1.234.567`."""
    return f"{value:,}".replace(",", ".")


def price(text: str, per: int) -> str:
    """A unit price: `R$ 0,35`, `R$ 0,0125 por 1.000`. At least two decimals, as many as it has."""
    decimal(text)
    whole, _, rest = text.partition(".")
    shown = f"R$\u00a0{number(int(whole))},{rest.rstrip('0').ljust(2, '0')}"
    return shown if per == 1 else f"{shown} por {number(per)}"


def day(value: date) -> str:
    """`12/11/2026`."""
    return f"{value:%d/%m/%Y}"


def short_day(value: date) -> str:
    """`12/11`."""
    return f"{value:%d/%m}"


def month(value: date) -> str:
    """`novembro de 2026`."""
    return f"{MONTHS[value.month - 1]} de {value.year}"
