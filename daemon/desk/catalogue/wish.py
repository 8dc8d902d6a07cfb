"""What a customer is looking for, and whether a vehicle is that. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import asdict, evolve, fields, frozen

from daemon.desk.amounts import kilometres, reais
from daemon.desk.catalogue.intents import OPTIONS
from daemon.desk.catalogue.lexicon import is_model, make_of, squash, with_make
from daemon.desk.catalogue.uses import use_called
from shards.tenant.vehicle import BODIES, StockQuery, Vehicle
from shards.text import fold

AUTOMATIC: Final = ("automatic", "cvt", "automated")
CARS: Final = tuple(body for body in BODIES if body not in {"motorcycle", "truck"})
BODY_WORDS: Final = {
    "hatch": ("hatch", "hatches"),
    "sedan": ("sedan", "sedans"),
    "suv": ("SUV", "SUVs"),
    "pickup": ("picape", "picapes"),
    "wagon": ("perua", "peruas"),
    "minivan": ("minivan", "minivans"),
    "coupe": ("cupê", "cupês"),
    "convertible": ("conversível", "conversíveis"),
    "van": ("van", "vans"),
    "motorcycle": ("moto", "motos"),
    "truck": ("caminhão", "caminhões"),
    "other": ("carro", "carros"),
}
_FEMININE: Final = frozenset({"pickup", "motorcycle", "van", "wagon", "minivan"})
_OPTION_NAMES: Final = {wanted: called for _, called, wanted in OPTIONS}
FUEL_WORDS: Final = {
    "flex": "flex", "gasoline": "a gasolina", "ethanol": "a etanol", "diesel": "a diesel", "hybrid": "híbrido",
    "plugin_hybrid": "híbrido plug-in", "electric": "elétrico", "cng": "com GNV",
}  # fmt: skip
TRANSMISSION_WORDS: Final = {
    "manual": "manual", "automatic": "automático", "cvt": "automático CVT", "automated": "automatizado",
}  # fmt: skip


@frozen(kw_only=True)
class Wish:
    """Restrictions on the stock. Empty and None do not restrict; `options` are words that the vehicle's
    version, options or description must hold."""

    makes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    not_named: tuple[str, ...] = ()  # makes and models refused
    version: str = ""
    not_version: str = ""  # words that the version must not hold
    min_year: int | None = None
    max_year: int | None = None
    min_centavos: int | None = None
    max_centavos: int | None = None
    around_centavos: int | None = None  # what was said where the limits were made round it
    max_km: int | None = None
    transmissions: tuple[str, ...] = ()
    fuels: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    not_bodies: tuple[str, ...] = ()  # said as refused, where `bodies` holds all others
    colors: tuple[str, ...] = ()
    not_colors: tuple[str, ...] = ()
    doors: int | None = None
    options: tuple[str, ...] = ()
    condition: str = ""
    sort: str = ""
    use: str = ""  # what it is for, a name of uses.py
    cars_only: bool = False  # without motorcycles and trucks, where a stock has both

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return evolve(self, cars_only=False) == _NOTHING

    @property
    def named(self) -> bool:
        """Whether a make or model is asked for."""
        return bool(self.makes or self.models)

    @property
    def priced(self) -> bool:
        """Whether there is a limit of price."""
        return self.min_centavos is not None or self.max_centavos is not None

    def over(self, older: "Wish") -> "Wish":
        """This wish added to an older one: what is said anew takes the place of what was said before."""
        changes = dict(_said(self).items())
        cabin = self.bodies == ("pickup",) and any("cabine" in option for option in self.options)
        if self.bodies and not self.named and not cabin:  # "e sedan?" after "tem hb20?" is no longer about HB20s
            changes |= {"models": (), "makes": (), "version": ""}
            if older.models and not self.colors:  # the colour and year were of that one car
                changes |= {"colors": (), "not_colors": ()}
            if older.models and self.min_year is None and self.max_year is None:
                changes |= {"min_year": None, "max_year": None}
        if self.models and older.named and older.min_year == older.max_year:
            changes |= {"min_year": None, "max_year": None}  # "o Corsa 2010 … e o Prisma?"
        if self.named:
            changes |= {"makes": self.makes, "models": self.models, "version": self.version}
            if self.models:
                changes.setdefault("bodies", ())
        if self.priced:
            changes |= {"min_centavos": self.min_centavos, "max_centavos": self.max_centavos}
            changes["around_centavos"] = self.around_centavos
        if self.min_year is not None or self.max_year is not None:
            changes |= {"min_year": self.min_year, "max_year": self.max_year}
        if not self.sort:
            changes["sort"] = ""
        return evolve(older, **changes)

    def without(self, *names: str) -> "Wish":
        """The wish with some restrictions dropped."""
        blank = {name: getattr(_NOTHING, name) for name in names}
        return evolve(self, **blank)

    def fits(self, vehicle: Vehicle) -> bool:
        """Whether a vehicle is what is asked for; unknown facts satisfy no limit."""
        asking, year = vehicle.asking_centavos, vehicle.year
        return (
            (not self.makes or bool(self.models) or make_of(vehicle.make) in map(make_of, self.makes))
            and (not self.models or any(_same_model(vehicle, model) for model in self.models))
            and (self.max_centavos is None or (asking is not None and asking <= self.max_centavos))
            and (self.min_centavos is None or (asking is not None and asking >= self.min_centavos))
            and (self.min_year is None or (year is not None and year >= self.min_year))
            and (self.max_year is None or (year is not None and year <= self.max_year))
            and (self.max_km is None or (vehicle.mileage_km is not None and vehicle.mileage_km <= self.max_km))
            and self.looks_like(vehicle)
        )

    def equipped(self, vehicle: Vehicle) -> bool:
        """Whether options, version and refused colours are as asked for: what a search does not look at."""
        if any(same_color(vehicle.color, color) for color in self.not_colors):
            return False
        if any(_is_named(vehicle, refused) for refused in self.not_named):
            return False
        if any(word in _name_words(vehicle).split() for word in fold(self.not_version).split()):
            return False
        use = use_called(self.use)
        if use is not None and not use.serves(vehicle):
            return False
        return all(has_option(vehicle, option) for option in self.options) and all(
            word in _name_words(vehicle) for word in fold(self.version).split()
        )

    def looks_like(self, vehicle: Vehicle) -> bool:
        """Whether kind, gearbox, fuel, colour, doors, options and version are as asked for."""
        return (
            (not self.transmissions or vehicle.transmission in self.transmissions)
            and (not self.fuels or vehicle.fuel in self.fuels)
            and (not self.bodies or vehicle.body in self.bodies)
            and (not self.colors or any(same_color(vehicle.color, color) for color in self.colors))
            and (self.doors is None or vehicle.doors == self.doors)
            and (not self.condition or vehicle.condition == self.condition)
            and self.equipped(vehicle)
        )

    @property
    def narrow(self) -> bool:
        """Whether more is asked for than a search looks at; see `equipped`."""
        return bool(self.options or self.version or self.not_colors or self.not_named or self.not_version or self.use)

    def query(
        self, *, limit: int, exclude: tuple[str, ...] = (), statuses: tuple[str, ...] = ("available",)
    ) -> StockQuery:
        """The search for it. Options and version are checked afterwards, by `fits`, on more than is shown."""
        return StockQuery(
            makes=() if self.models else self.makes,
            models=self.models,
            min_year=self.min_year,
            max_year=self.max_year,
            min_price_centavos=self.min_centavos,
            max_price_centavos=self.max_centavos,
            max_mileage_km=self.max_km,
            transmissions=self.transmissions,
            fuels=self.fuels,
            bodies=CARS if self.cars_only and not self.bodies and not self.models else self.bodies,
            colors=self.colors,
            doors=self.doors,
            condition=self.condition,
            statuses=statuses,
            exclude=exclude,
            sort=self.sort or "relevance",
            limit=limit,
        )


_NOTHING: Final = Wish()
_NAMES: Final = tuple(one.name for one in fields(Wish))


def _said(wish: Wish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in _NAMES if getattr(wish, name) != getattr(_NOTHING, name)}


def remembered(wish: Wish) -> dict[str, Any]:
    """The wish as plain JSON values."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(wish).items() if value}


def recalled(stored: object) -> Wish:
    """The wish that `remembered` made; whatever does not fit is left out."""
    if not isinstance(stored, Mapping):
        return Wish()
    values: dict[str, Any] = {}
    for name in _NAMES:
        value, blank = stored.get(name), getattr(_NOTHING, name)
        if isinstance(blank, tuple) and isinstance(value, list):
            values[name] = tuple(item for item in value if isinstance(item, str))
        elif (
            (isinstance(blank, str) and isinstance(value, str))
            or (blank is False and isinstance(value, bool))
            or (blank is None and isinstance(value, int) and not isinstance(value, bool))
        ):
            values[name] = value
    return Wish(**values)


def _same_model(vehicle: Vehicle, model: str) -> bool:
    """The stock's model may carry its version ("ONIX HATCH LT"): the first words count, as far as they are a
    model ("ONIX PLUS LT" is no Onix)."""
    wanted, full = squash(model), squash(vehicle.model)
    if wanted == full:
        return True
    words = vehicle.model.split()
    firsts = [squash(" ".join(words[:count])) for count in range(len(words) - 1, 0, -1)]
    return next((first for first in firsts if first == wanted or is_model(first)), None) == wanted


def _is_named(vehicle: Vehicle, name: str) -> bool:
    return make_of(vehicle.make) == make_of(name) or _same_model(vehicle, name)


def _name_words(vehicle: Vehicle) -> str:
    return fold(f"{vehicle.model} {vehicle.version}")


def same_color(painted: str, wanted: str) -> bool:
    """ "Branca", "branco perolizado" and "branco" are the same colour."""
    one, two = fold(painted), fold(wanted)
    stem = two[:-1] if two.endswith(("o", "a")) else two
    return bool(stem) and any(word.startswith(stem) for word in one.split())


def has_option(vehicle: Vehicle, option: str) -> bool:
    """Whether the stock says that the vehicle has it: the option's words in one option, the version or a
    sentence of the description that does not deny it."""
    wanted = fold(option).split()
    places = [*vehicle.options, vehicle.version, *vehicle.description.replace("\n", ".").split(".")]
    for place in map(fold, places):
        denied = place.startswith(("nao ", "sem ")) or " sem " in place or " nao " in place
        if not denied and all(word in place for word in wanted):
            return True
    return False


def described(wish: Wish) -> str:
    """The wish in Portuguese: "SUV automático até R$ 100.000"."""
    parts: list[str] = []
    use = use_called(wish.use)
    kinds = wish.bodies if not wish.not_bodies and (use is None or wish.bodies != use.bodies) else ()
    if wish.models:
        parts.append(" ou ".join(map(with_make, wish.models)))
    elif wish.makes:
        parts.append(" ou ".join(wish.makes))
        if kinds:
            parts.insert(0, BODY_WORDS[kinds[0]][0])
    else:
        parts.append(" ou ".join(BODY_WORDS[body][0] for body in kinds) or "carro")
    if wish.version:
        parts.append(wish.version)
    if wish.condition == "new":
        parts.append("0 km")
    if wish.transmissions:
        automatic = "automática" if kinds and kinds[0] in _FEMININE and not wish.models else "automático"
        parts.append("manual" if wish.transmissions == ("manual",) else automatic)
    if wish.fuels and len(wish.fuels) <= 2:
        parts.append(FUEL_WORDS.get(wish.fuels[0], wish.fuels[0]))
    if wish.colors:
        feminine = bool(kinds) and kinds[0] in _FEMININE and not wish.named
        parts.append(" ou ".join(_in_gender(color, feminine) for color in wish.colors))
    unwanted = tuple(word for fuel, word in FUEL_WORDS.items() if fuel not in wish.fuels)
    refused = (
        *(unwanted if len(wish.fuels) > 2 else ()),
        *wish.not_version.split(),
        *(BODY_WORDS[body][0] for body in wish.not_bodies),
        *wish.not_named,
        *wish.not_colors,
    )
    if wish.doors:
        parts.append(f"{wish.doors} portas")
    if wish.options:
        parts.append("com " + " e ".join(_OPTION_NAMES.get(option, option) for option in wish.options))
    if use is not None:
        parts.append(use.called)
    parts.extend(_limits(wish))
    if refused:
        parts.append("que não seja " + " nem ".join(refused))
    return " ".join(parts)


def _in_gender(color: str, feminine: bool) -> str:
    return color[:-1] + "a" if feminine and color.endswith("o") and color != "bordo" else color


def _limits(wish: Wish) -> list[str]:
    parts: list[str] = []
    low, high = wish.min_year, wish.max_year
    if low and high:
        parts.append(f"{low}" if low == high else f"de {low} a {high}")
    elif low:
        parts.append(f"a partir de {low}")
    elif high:
        parts.append(f"até {high}")
    if wish.around_centavos:
        parts.append(f"na faixa de {reais(wish.around_centavos)}")
    elif wish.min_centavos and wish.max_centavos:
        parts.append(f"entre {reais(wish.min_centavos)} e {reais(wish.max_centavos)}")
    elif wish.max_centavos:
        parts.append(f"até {reais(wish.max_centavos)}")
    elif wish.min_centavos:
        parts.append(f"a partir de {reais(wish.min_centavos)}")
    if wish.max_km:
        parts.append(f"com até {kilometres(wish.max_km)}")
    return parts
