"""The lines of an invoice from a month's segments and their usage. Pure; `pricing.amount` is the only rounding."""

from collections.abc import Callable, Mapping

from daemon.billing import wording
from daemon.billing.periods import Period
from daemon.billing.plans import readings
from daemon.billing.pricing import amount
from daemon.billing.proration import Segment, prorated
from shards.central.daily import Used
from shards.central.invoices import InvoiceLine
from shards.central.plans import METERS, MeterTerms, PlanVersion

Plans = Mapping[tuple[str, int], PlanVersion]


def lines(
    period: Period, segments: tuple[Segment, ...], plans: Plans, used: Callable[[Segment], Used]
) -> tuple[InvoiceLine, ...]:
    """For each segment its fee, and what was used beyond what its days include; a trial costs nothing."""
    found: list[InvoiceLine] = []
    for segment in segments:
        plan = plans[segment.plan, segment.version]
        if segment.trial:
            found.append(
                _line("trial", f"Período de teste do plano {plan.name}, {_days(segment)}", segment.days, "0", 1)
            )
            continue
        found.append(_fee(period, segment, plan))
        read = readings(used(segment))
        for meter in METERS:
            terms = plan.meters.get(meter)
            if terms is not None and (beyond := _beyond(period, segment, meter, terms, read[meter])) is not None:
                found.append(beyond)
    return tuple(found)


def _fee(period: Period, segment: Segment, plan: PlanVersion) -> InvoiceLine:
    monthly = f"{plan.monthly_centavos // 100}.{plan.monthly_centavos % 100:02}"
    if segment.days == period.days:
        return _line("fee", f"Mensalidade do plano {plan.name}", 1, monthly, 1)
    text = f"Mensalidade do plano {plan.name}, {_days(segment)} ({segment.days} de {period.days} dias)"
    return _line("fee", text, segment.days, monthly, period.days)


def _beyond(period: Period, segment: Segment, meter: str, terms: MeterTerms, read: int) -> InvoiceLine | None:
    included = prorated(terms.included, segment.days, period.days)
    extra = read - included
    if extra <= 0:
        return None
    name, agreed = wording.METER_NAMES[meter]
    text = f"{name} além de {wording.number(included)} {agreed} ({wording.number(read)} no total)"
    if segment.days != period.days:
        text += f", {_days(segment)}"
    return _line(meter, text, extra, terms.price, terms.per)


def _line(kind: str, text: str, quantity: int, price: str, per: int) -> InvoiceLine:
    return InvoiceLine(
        kind=kind, text=text, quantity=quantity, price=price, per=per, amount_centavos=amount(quantity, price, per)
    )


def _days(segment: Segment) -> str:
    last = segment.end.fromordinal(segment.end.toordinal() - 1)
    if last == segment.first:
        return wording.short_day(last)
    return f"{wording.short_day(segment.first)} a {wording.short_day(last)}"
