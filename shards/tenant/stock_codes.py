"""Numbers that `stock_offers` stores for words. They are in files: never change one, only add."""

from typing import Final

from shards.tenant.stock_words import color_family
from shards.tenant.vehicle import Vehicle

BODY: Final = {
    "other": 0, "hatch": 1, "sedan": 2, "suv": 3, "pickup": 4, "wagon": 5, "minivan": 6, "coupe": 7,
    "convertible": 8, "van": 9, "motorcycle": 10, "truck": 11,
}  # fmt: skip
TRANSMISSION: Final = {"other": 0, "manual": 1, "automatic": 2, "cvt": 3, "automated": 4}
FUEL: Final = {
    "other": 0, "flex": 1, "gasoline": 2, "ethanol": 3, "diesel": 4, "hybrid": 5, "plugin_hybrid": 6,
    "electric": 7, "cng": 8,
}  # fmt: skip
CONDITION: Final = {"new": 1, "used": 2, "certified": 3}
STATUS: Final = {"available": 1, "reserved": 2, "sold": 3}
COLOR: Final = {
    "branco": 1, "preto": 2, "prata": 3, "cinza": 4, "vermelho": 5, "azul": 6, "verde": 7, "amarelo": 8,
    "laranja": 9, "marrom": 10, "bege": 11, "dourado": 12, "vinho": 13, "roxo": 14, "rosa": 15, "bronze": 16,
}  # fmt: skip
NO_COLOR: Final = 0


def color_code(color: str) -> int:
    """The number of a paint's family; 0 for paints of none."""
    family = color_family(color)
    return COLOR[family] if family else NO_COLOR


def merit(vehicle: Vehicle) -> int:
    """The order of "relevance" without text: newer first, then with photos, then with a price."""
    known_price = vehicle.asking_centavos is not None
    return (vehicle.year or 0) * 4 + 2 * bool(vehicle.photos) + known_price
