"""A small stock for journeys, as the API takes it."""

from typing import Any

Json = dict[str, Any]


def vehicle(id_: str, make: str, model: str, **more: Any) -> Json:
    """One vehicle; what is not said is believable."""
    return {
        "id": id_,
        "make": make,
        "model": model,
        "version": "1.0",
        "year_manufacture": 2019,
        "year_model": 2020,
        "price_centavos": 8_990_000,
        "mileage_km": 45_000,
        "fuel": "flex",
        "transmission": "automatic",
        "body": "sedan",
        "color": "prata",
        **more,
    }


STOCK: list[Json] = [
    vehicle("corolla", "Toyota", "Corolla", version="2.0 XEi", price_centavos=11_890_000, mileage_km=52_300),
    vehicle("civic", "Honda", "Civic", version="2.0 EXL", price_centavos=10_990_000, mileage_km=61_200),
    vehicle("hb20", "Hyundai", "HB20", version="1.0 Comfort", body="hatch", price_centavos=6_290_000,
            transmission="manual", mileage_km=38_400),
    vehicle("onix", "Chevrolet", "Onix", version="1.0 LT", body="hatch", price_centavos=6_590_000,
            transmission="manual", mileage_km=29_900),
    vehicle("tracker", "Chevrolet", "Tracker", version="1.2 Premier", body="suv", price_centavos=12_490_000,
            mileage_km=33_700),
    vehicle("creta", "Hyundai", "Creta", version="1.6 Pulse", body="suv", price_centavos=9_690_000, mileage_km=47_100),
]  # fmt: skip
