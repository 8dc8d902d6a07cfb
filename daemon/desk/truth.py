"""Whether a claimed figure is true of a vehicle. Pure."""

from daemon.desk.amounts import kilometres, reais
from daemon.desk.claims import Claim
from daemon.desk.results import name as vehicle_name
from shards.tenant.vehicle import StockLine, Vehicle


def true_of(claim: Claim, vehicle: Vehicle) -> bool:
    """Whether a figure is one of this very vehicle's."""
    if claim.kind == "price":
        actual = [p for p in (vehicle.asking_centavos, vehicle.price_centavos) if p is not None]
        if claim.role == "limit":
            return any(within(claim, price) for price in actual[:1])
        return any(claim.means(price) for price in actual)
    if claim.kind == "mileage":
        if claim.values == (0,) and vehicle.condition == "new" and not vehicle.mileage_km:
            return True
        if claim.role == "limit":
            return vehicle.mileage_km is not None and within(claim, vehicle.mileage_km)
        return claim.means(vehicle.mileage_km)
    years = (vehicle.year_manufacture, vehicle.year_model)
    if len(claim.values) == 2:
        return all(
            said == actual or (actual is None and said in years)
            for said, actual in zip(claim.values, years, strict=True)
        )
    if claim.role == "limit":
        return vehicle.year is not None and within(claim, vehicle.year)
    return claim.value in years


def true_of_line(claim: Claim, lines: tuple[StockLine, ...]) -> bool:
    """Of a model that only the summary knows, the lowest price and the span of years may be said."""
    for line in lines:
        if claim.kind == "price" and claim.role in ("from", "limit"):
            ends = (line.min_price_centavos, line.max_price_centavos)
            if any(claim.means(end) for end in ends):
                return True
        spanned = claim.kind == "year" and (claim.role == "limit" or line.min_year == line.max_year)
        if spanned and claim.value in (line.min_year, line.max_year):
            return True
    return False


def within(claim: Claim, actual: int) -> bool:
    """Whether a figure keeps a limit."""
    return actual <= claim.value if claim.upper else actual >= claim.value


def why(claim: Claim, vehicle: Vehicle | None) -> str:
    """What a fault tells the model: the figure that stock has instead."""
    if vehicle is None:
        return "no vehicle from a tool has this"
    named = vehicle_name(vehicle)
    if claim.kind == "price":
        if claim.role == "instalment":
            return "an instalment must come from simulate_financing and be called a simulation"
        price = vehicle.asking_centavos
        return f"the price of {named} is {reais(price)}" if price is not None else f"{named} has no price in stock"
    if claim.kind == "mileage":
        km = vehicle.mileage_km
        return f"{named} has {kilometres(km)}" if km is not None else f"the mileage of {named} is not in stock data"
    years = "/".join(str(year) for year in (vehicle.year_manufacture, vehicle.year_model) if year is not None)
    return f"the year of {named} is {years}" if years else f"the year of {named} is not in stock data"
