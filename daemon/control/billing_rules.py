"""What the fields under `/v1/billing` may hold (see `rules.RULES`)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from daemon.billing.periods import Period
from daemon.billing.pricing import DECIMAL, decimal
from daemon.control.billing_shapes import (
    CorrectionIn,
    CreditIn,
    InvoiceIn,
    InvoiceQuery,
    MeterIn,
    MonthQuery,
    PaymentIn,
    PlanIn,
    PriceIn,
    RateIn,
    ReportQuery,
    SubscriptionEndIn,
    SubscriptionIn,
    SubscriptionQuery,
    VoidIn,
)
from daemon.control.strict import Rule, Rules

TENANT_ID_PATTERN: Final = "^[a-z0-9][a-z0-9-]{1,62}$"
_MOST: Final = 10**12
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "must be a day like 2026-11-01"
    return "" if day.isoformat() == value and _FIRST <= day <= _LAST else "must be a day like 2026-11-01"


def _decimal(value: str) -> str:
    try:
        decimal(value)
    except ValueError as error:
        return str(error)
    return ""


def _month(value: str) -> str:
    try:
        Period.parse(value)
    except ValueError as error:
        return str(error) if value else ""
    return ""


TENANT: Final = Rule(pattern=TENANT_ID_PATTERN, example="auto-sul")
_ONLY: Final = Rule(pattern=f"^$|{TENANT_ID_PATTERN}")
_DAY: Final = Rule(check=_day, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example="2026-11-01")
_MONTH: Final = Rule(check=_month, pattern="^$|^[0-9]{4}-[0-9]{2}$", describe="as 2026-11")
_PERIOD: Final = Rule(check=_month, pattern="^[0-9]{4}-[0-9]{2}$", example="2026-11")
_PRICE: Final = Rule(pattern=DECIMAL, check=_decimal, describe="an exact decimal", example="0.35")
_PER: Final = Rule(least=1, most=10**9)
_COUNT: Final = Rule(least=-_MOST, most=_MOST)
_REASON: Final = Rule(shortest=1, longest=300, pattern=_ONE_LINE)
_WORD: Final = Rule(longest=100, pattern=_ONE_LINE)
_PLAN_ID: Final = Rule(pattern="^[a-z0-9][a-z0-9-]{0,62}$", example="essencial")
_VERSION: Final = Rule(least=1, most=10**6)
_PAGE: Final[Rules] = {
    "limit": Rule(least=1, most=500, describe="items on a page"),
    "after": Rule(longest=200, describe="the `next` of the page before"),
}

BILLING_RULES: Final[Mapping[type[Any], Rules]] = {
    MeterIn: {
        "included": Rule(least=0, most=_MOST, example=300),
        "price": Rule(
            pattern=DECIMAL, check=_decimal, describe="reais for `per` units beyond, an exact decimal", example="0.35"
        ),
        "per": _PER,
        "hard_limit": Rule(least=1, most=_MOST),
    },
    PlanIn: {
        "id": _PLAN_ID,
        "name": Rule(shortest=1, longest=60, pattern=_ONE_LINE, describe="as dealers read it", example="Essencial"),
        "monthly_centavos": Rule(least=0, most=10**10, example=29_900),
        "trial_days": Rule(least=0, most=366),
    },
    SubscriptionIn: {"tenant": TENANT, "plan": _PLAN_ID, "version": _VERSION, "day": _DAY},
    SubscriptionEndIn: {"tenant": TENANT, "day": _DAY},
    PriceIn: {
        "provider": Rule(shortest=1, longest=60, pattern=_ONE_LINE, example="anthropic"),
        "model": _WORD,
        "pricing_category": _WORD,
        "pricing_type": _WORD,
        "price": _PRICE,
        "per": _PER,
        "from_day": _DAY,
    },
    RateIn: {"day": _DAY, "usd_brl": Rule(pattern=DECIMAL, check=_decimal, example="5.4321")},
    CorrectionIn: {
        "tenant": TENANT,
        "provider": Rule(shortest=1, longest=60, pattern=_ONE_LINE),
        "model": _WORD,
        "input_tokens": _COUNT,
        "output_tokens": _COUNT,
        "cache_read_tokens": _COUNT,
        "cache_write_tokens": _COUNT,
        "characters": _COUNT,
        "audio_ms": _COUNT,
        "messages": _COUNT,
        "reason": _REASON,
    },
    InvoiceIn: {"tenant": TENANT, "period": _PERIOD},
    PaymentIn: {"amount_centavos": Rule(least=1, most=_MOST), "reference": _WORD},
    CreditIn: {"amount_centavos": Rule(least=1, most=_MOST), "reason": _REASON},
    VoidIn: {"reason": _REASON},
    SubscriptionQuery: {**_PAGE, "tenant": _ONLY},
    MonthQuery: {**_PAGE, "month": _MONTH, "tenant": _ONLY},
    InvoiceQuery: {**_PAGE, "period": _MONTH, "tenant": _ONLY},
    ReportQuery: {"month": _MONTH},
}
