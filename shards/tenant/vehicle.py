"""A vehicle of the stock, as stored and as shown (DESIGN 10.3)."""

from datetime import datetime
from typing import Final

from attrs import frozen

FUELS: Final = (
    "flex",
    "gasoline",
    "ethanol",
    "diesel",
    "hybrid",
    "plugin_hybrid",
    "electric",
    "cng",
    "other",
)
TRANSMISSIONS: Final = ("manual", "automatic", "cvt", "automated", "other")
BODIES: Final = (
    "hatch", "sedan", "suv", "pickup", "wagon", "minivan", "coupe", "convertible", "van", "motorcycle",
    "truck", "other",
)  # fmt: skip
CONDITIONS: Final = ("new", "used", "certified")
STATUSES: Final = ("available", "reserved", "sold")


@frozen(kw_only=True)
class Vehicle:
    """One vehicle. Empty strings and None mean that the feed did not say."""

    id: str
    make: str
    model: str
    version: str = ""
    year_manufacture: int | None = None
    year_model: int | None = None
    price_centavos: int | None = None
    sale_price_centavos: int | None = None
    mileage_km: int | None = None
    fuel: str = "other"
    transmission: str = "other"
    body: str = "other"
    color: str = ""
    doors: int | None = None
    plate_end: str = ""
    vin: str = ""
    options: tuple[str, ...] = ()
    description: str = ""
    photos: tuple[str, ...] = ()
    condition: str = "used"
    status: str = "available"
    fipe_code: str = ""
    url: str = ""
    updated_at: datetime | None = None

    @property
    def asking_centavos(self) -> int | None:
        """What the customer would pay today: the sale price where there is one."""
        return self.sale_price_centavos if self.sale_price_centavos is not None else self.price_centavos

    @property
    def year(self) -> int | None:
        """The year customers name: of the model, else of manufacture."""
        return self.year_model if self.year_model is not None else self.year_manufacture


@frozen(kw_only=True)
class StockQuery:
    """What is wanted of the stock; empty tuples and None do not restrict. Prices are of `asking_centavos`."""

    text: str = ""  # free words: matched against make, model, version, options, colour, description
    makes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()  # any spelling a customer would use
    version: str = ""
    min_year: int | None = None
    max_year: int | None = None
    min_price_centavos: int | None = None
    max_price_centavos: int | None = None
    max_mileage_km: int | None = None
    transmissions: tuple[str, ...] = ()
    fuels: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    doors: int | None = None
    condition: str = ""
    statuses: tuple[str, ...] = ("available",)
    exclude: tuple[str, ...] = ()  # vehicle ids
    sort: str = "relevance"  # relevance | price | -price | year | -year | mileage | updated
    limit: int = 5
    after: str = ""  # cursor of the page before


@frozen
class StockPage:
    """One page of a search. `total` counts all matches, up to a cap of 1,000."""

    items: tuple[Vehicle, ...]
    total: int
    next: str | None = None
    corrected: tuple[tuple[str, str], ...] = ()  # (as written, as understood): ("corola", "Corolla")


@frozen
class StockLine:
    """All offered vehicles of one make and model, in figures."""

    make: str
    model: str
    count: int
    min_price_centavos: int | None
    max_price_centavos: int | None
    min_year: int | None
    max_year: int | None
    bodies: tuple[str, ...] = ()


@frozen
class StockSummary:
    """The stock in a page: what the assistant knows before it searches. At most 400 lines."""

    total: int = 0
    lines: tuple[StockLine, ...] = ()
    changed_at: datetime | None = None
