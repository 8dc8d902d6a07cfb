"""Instalments by the Price table, in integer centavos. Pure."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from daemon.desk.brief import Estimate
from shards.tenant.vehicle import Vehicle

MONTHS: Final = (6, 72)
"""The shortest and the longest term that is computed."""


def instalment(financed_centavos: int, rate_percent_month: float, months: int) -> int:
    """The equal monthly payment of a loan by the Price table, in centavos.

    Rounded half up to the centavo, once, at the end; the last payment of a real contract takes up what
    the rounding leaves. A rate of 0 divides evenly. Raises `ValueError` for a negative amount or rate and
    for less than one month.
    """
    if financed_centavos < 0 or rate_percent_month < 0 or months < 1:
        raise ValueError("an instalment needs an amount and a rate of at least 0 and at least one month")
    with localcontext() as context:
        context.prec = 40
        financed = Decimal(financed_centavos)
        rate = Decimal(str(rate_percent_month)) / 100
        if rate == 0:
            payment = financed / months
        else:
            payment = financed * rate / (1 - (1 + rate) ** -months)
        return int(payment.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def estimate(vehicle: Vehicle, rate_percent_month: float, down_payment_centavos: int, months: int) -> Estimate:
    """What a vehicle would cost a month. Raises `ValueError` (one line) when that cannot be said: no price,
    a down payment that is not below it, a term outside `MONTHS`."""
    price = vehicle.asking_centavos
    if price is None:
        raise ValueError("the vehicle has no price in stock; a salesperson must tell it")
    if not 0 <= down_payment_centavos < price:
        raise ValueError("the down payment must be at least 0 and below the price")
    if not MONTHS[0] <= months <= MONTHS[1]:
        raise ValueError(f"the term must be {MONTHS[0]} to {MONTHS[1]} months")
    return Estimate(
        vehicle_id=vehicle.id,
        price_centavos=price,
        down_payment_centavos=down_payment_centavos,
        months=months,
        instalment_centavos=instalment(price - down_payment_centavos, rate_percent_month, months),
    )
