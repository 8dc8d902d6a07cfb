"""From a row of any feed to a `Vehicle`: names of fields, what is refused, what is only warned of. Pure.

Refused is what would make us say something untrue: no id, make or model, or a price, year or mileage that was
given and cannot be read. Everything else that is not understood is left out or `other`, with a warning.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from daemon.stock import values
from daemon.stock.values import Unreadable, clean, clean_text
from shards.tenant.vehicle import Vehicle
from shards.text import fold

MAX_ID: Final = 100
MAX_DESCRIPTION: Final = 5_000
MAX_OPTIONS: Final = 150
MAX_PHOTOS: Final = 50

# Our field: the names others give it, folded, without signs; the first that has a value wins.
_NAMES: Final = {
    "id": "id vehicleid codigo idveiculo veiculoid codigoveiculo code cod idanuncio adid stocknumber stockid sku"
    " externalid idexterno referencia vin chassi",
    "make": "make brand marca fabricante montadora manufacturer makename marcanome nomemarca",
    "model": "basemodel model modelo modelname modelonome nomemodelo",
    "version": "version versao trim trimlevel variant versaonome nomeversao modelversion",
    "year_manufacture": "yearmanufacture anofabricacao fabricyear anofab manufactureyear fabricationyear yearbuilt"
    " anodefabricacao",
    "year_model": "yearmodel anomodelo modelyear anomod anodomodelo anofabricacaomodelo anofabmod year ano",
    "price": "price preco valor precovenda valorvenda sellingprice listprice vehicleallinprice vehiclemsrp priceamount"
    " pricevalue precovalor",
    "price_centavos": "pricecentavos precocentavos",
    "sale_price": "saleprice precopromocional valorpromocional promotionalprice precooferta valoroferta specialprice"
    " precopromocao offerprice",
    "sale_price_centavos": "salepricecentavos",
    "mileage": "mileagekm mileage mileagevalue km quilometragem kilometragem odometer kms kmrodados odometro",
    "mileage_unit": "mileageunit",
    "fuel": "fuel fueltype combustivel tipocombustivel combustivelnome",
    "transmission": "transmission transmissiontype cambio gear gearbox transmissao tipocambio",
    "body": "body bodystyle bodytype carroceria tipocarroceria segmento",
    "category": "category categoria tipoveiculo vehicletype",
    "color": "color colour exteriorcolor cor corexterna corexterior",
    "doors": "doors portas numeroportas numberofdoors qtdportas numportas quantidadeportas",
    "plate_end": "plateend finalplaca placafinal finaldaplaca",
    "plate": "placa plate licenseplate",
    "vin": "vin chassi chassis",
    "options": "options opcionais opcional features feature accessories acessorios equipamentos vehicleoption"
    " optionals itens",
    "description": "description descricao observacao observacoes obs detalhes comments comentarios",
    "condition": "condition stateofvehicle condicao tipo estado",
    "zero_km": "zerokm zero 0km novo",
    "status": "status availability disponibilidade situacao vehiclestatus",
    "fipe_code": "fipecode codigofipe fipe codfipe",
    "url": "url link urlanuncio linkanuncio vehicleurl linktemplate",
    "updated_at": "updatedat lastupdate lastupdated dataatualizacao ultimaatualizacao dataalteracao modified date data",
    "title": "title titulo name nome",
}  # fmt: skip
_WAYS: Final = {field: tuple(names.split()) for field, names in _NAMES.items()}
_PHOTOS: Final = re.compile(
    r"(photos?|fotos?|imag(e|em|ens|es)|pictures?|imagelink|additionalimagelinks?|imageurls?|galeria)\d*(url|link|src)?"
)
_KEY: Final = re.compile(r"[^a-z0-9]+")
_YES: Final = ("s", "sim", "y", "yes", "true", "1")


@frozen
class Refused:
    """A row that is not taken over: where, whose, and why in one line."""

    row: int
    id: str
    reason: str


@frozen
class Accepted:
    """A row taken over, with what was not understood of it."""

    row: int
    vehicle: Vehicle
    warnings: tuple[str, ...] = ()


def read_row(row: int, raw: object, now: datetime) -> Accepted | Refused:
    """Make a vehicle of a row; `row` is its place in the file, from 1."""
    if not isinstance(raw, Mapping):
        return Refused(row, "", f"this is {_kind(raw)}, not a vehicle with named fields")
    given = _flat(raw)
    vehicle_id = clean(_first(given, "id"))
    try:
        reader = _Reader(given, now)
        return Accepted(row, reader.vehicle(vehicle_id), tuple(reader.warnings))
    except Unreadable as error:
        return Refused(row, vehicle_id[:MAX_ID], str(error))


def _kind(raw: object) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}
    return kinds.get(type(raw), "something else")


@lru_cache(4096)
def _plain_name(name: str) -> str:
    return _KEY.sub("", fold(name))


def _flat(raw: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Fields by plain name; of nested ones also "mileage.value" → mileagevalue. Own fields win over nested ones."""
    flat: dict[str, Any] = {}
    nested: dict[str, Any] = {}
    for name, value in raw.items():
        key = prefix + _plain_name(str(name)[:80])
        if isinstance(value, Mapping) and depth < 3:
            nested.update(_flat(value, key, depth + 1))
        if value not in (None, "", [], {}):
            flat.setdefault(key, value)
    for key, value in nested.items():
        flat.setdefault(key, value)
    return flat


def _first(given: Mapping[str, Any], field: str) -> Any:
    for name in _WAYS[field]:
        value = given.get(name)
        if value is not None and (field in ("options",) or not isinstance(value, Mapping | list)) and value != "":
            return value
    return None


class _Reader:
    """Reads one row's fields; `warnings` gathers what was left out."""

    def __init__(self, given: Mapping[str, Any], now: datetime) -> None:
        self.given = given
        self.now = now
        self.warnings: list[str] = []

    def vehicle(self, vehicle_id: str) -> Vehicle:
        """The vehicle. Raises `Unreadable` with the reason why the row is refused."""
        if not vehicle_id:
            raise Unreadable("the vehicle has no id")
        if len(vehicle_id) > MAX_ID:
            raise Unreadable(f"the id is longer than {MAX_ID} characters")
        make, model, version = self._name()
        manufactured, model_year = self._years()
        price = self._price("price")
        sale = self._price("sale_price")
        if price is not None and sale is not None and sale >= price:
            if sale > price:
                self._warn("sale price above the price was left out")
            sale = None
        return Vehicle(
            id=vehicle_id,
            make=make,
            model=model,
            version=version,
            year_manufacture=manufactured,
            year_model=model_year,
            price_centavos=price,
            sale_price_centavos=sale,
            mileage_km=values.kilometres(self._get("mileage"), clean(self._get("mileage_unit"))),
            fuel=self._enumeration("fuel", values.fuel),
            transmission=self._enumeration("transmission", values.transmission),
            body=self._body(),
            color=self._text("color", 60),
            doors=self._doors(),
            plate_end=self._plate_end(),
            vin=self._text("vin", 40),
            options=self._options(),
            description=self._description(),
            photos=self._photos(),
            condition=self._condition(),
            status=self._status(),
            fipe_code=self._text("fipe_code", 20),
            url=self._url(),
            updated_at=self._moment(),
        )

    def _get(self, field: str) -> Any:
        return _first(self.given, field)

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def _text(self, field: str, limit: int) -> str:
        text = clean(self._get(field))
        if len(text) > limit:
            self._warn(f"{field} was cut to {limit} characters")
        return text[:limit].strip()

    def _name(self) -> tuple[str, str, str]:
        make, model, version = self._text("make", 60), self._text("model", 100), self._text("version", 150)
        title = self._text("title", 150)
        if make and not model and title:
            model = re.sub(rf"(?i)^{re.escape(make)}\s+", "", title)[:100]
            self._warn("the model was taken from the title")
        if not make:
            raise Unreadable("the vehicle has no make")
        if not model:
            raise Unreadable("the vehicle has no model")
        long_model = clean(self.given.get("model"))
        if not version and long_model and long_model != model:  # a feed with base_model has the version in model
            version = re.sub(rf"(?i)^{re.escape(model)}\s+", "", long_model)[:150]
        return make, model, version

    def _years(self) -> tuple[int | None, int | None]:
        manufactured, model_year = values.years(self._get("year_model"), self.now)
        before, after = values.years(self._get("year_manufacture"), self.now)
        return (after if before is None else before) or manufactured, model_year or (
            after if before is not None else None
        )

    def _price(self, field: str) -> int | None:
        given = self._get(f"{field}_centavos")
        if given is not None:
            centavos = values.whole_centavos(given)
        else:
            given = self._get(field)
            centavos = values.price_centavos(given)
        if centavos is not None and centavos < values.LEAST_PRICE_CENTAVOS:
            # an advertised price binds the dealer: "59,9" for 59.900 must not be quoted
            self._warn(f"{field} {clean(given)[:40]!r} is no price of a vehicle and was left out")
            return None
        return centavos

    def _enumeration(self, field: str, read: Callable[[str], str | None]) -> str:
        text = clean(self._get(field))
        if not text or fold(text) == "other":
            return "other"
        known = read(text[:80])
        if known is None:
            self._warn(f"{field} {text[:40]!r} is not known and was stored as other")
        return known or "other"

    def _body(self) -> str:
        if self._get("body") is None:
            return values.body(clean(self._get("category"))[:80]) or "other"
        if values.is_utility(clean(self._get("body"))) and values.is_van(clean(self._get("model"))):
            return "van"
        return self._enumeration("body", values.body)

    def _doors(self) -> int | None:
        text = clean(self._get("doors"))
        found = re.match(r"\d{1,2}(?!\d)", text)
        if text and (not found or not 0 <= int(found.group()) <= 9):
            self._warn(f"doors {text[:40]!r} was left out")
            return None
        return (int(found.group()) or None) if found else None

    def _plate_end(self) -> str:
        given = clean(self._get("plate_end")) or clean(self._get("plate"))
        return given[-1:] if given[-1:].isdigit() else ""

    def _options(self) -> tuple[str, ...]:
        found = [option[:120] for option in values.options(self._get("options"))]
        if len(found) > MAX_OPTIONS:
            self._warn(f"only the first {MAX_OPTIONS} options were kept")
        return tuple(found[:MAX_OPTIONS])

    def _description(self) -> str:
        text = clean_text(self._get("description"))
        if len(text) > MAX_DESCRIPTION:
            self._warn(f"description was cut to {MAX_DESCRIPTION} characters")
        return text[:MAX_DESCRIPTION].strip()

    def _photos(self) -> tuple[str, ...]:
        keys = sorted(key for key in self.given if _PHOTOS.fullmatch(key))
        keys.sort(key=lambda key: (int("".join(filter(str.isdigit, key)) or -1), "additional" in key))
        found, bad = values.addresses([self.given[key] for key in keys])
        if bad:
            self._warn(f"{bad} photo{'s' if bad > 1 else ''} without an http(s) address left out")
        if len(found) > MAX_PHOTOS:
            self._warn(f"only the first {MAX_PHOTOS} photos were kept")
        return tuple(found[:MAX_PHOTOS])

    def _condition(self) -> str:
        if fold(clean(self._get("zero_km"))) in _YES:
            return "new"
        text = clean(self._get("condition"))
        known = values.condition(text) or values.condition(clean(self.given.get("situacao")))
        strict = any(self.given.get(name) for name in ("condition", "stateofvehicle", "condicao"))
        if text and known is None and strict:
            self._warn(f"condition {text[:40]!r} is not known and was stored as used")
        return known or "used"

    def _status(self) -> str:
        text = clean(self._get("status"))
        known = values.status(text)
        if text and known is None and values.condition(text) is None:
            self._warn(f"status {text[:40]!r} is not known and was stored as available")
        return known or "available"

    def _url(self) -> str:
        address = clean(self._get("url"))
        if address and not values.web_address(address):
            self._warn("url without an http(s) address left out")
            return ""
        return address

    def _moment(self) -> datetime | None:
        try:
            return values.moment(self._get("updated_at"))
        except Unreadable as error:
            self._warn(f"{error}; left out")
            return None
