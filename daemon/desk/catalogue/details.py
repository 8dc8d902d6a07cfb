"""What is said of a vehicle: only what its record says. Pure."""

import re
from typing import Final

from daemon.desk.amounts import kilometres, reais
from daemon.desk.catalogue.wish import BODY_WORDS, TRANSMISSION_WORDS, has_option
from shards.tenant.vehicle import Vehicle
from shards.text import fold

_QUOTED_MOST: Final = 140
_FEMININE: Final = frozenset({"pickup", "motorcycle", "van", "wagon", "minivan"})
_FUEL_NAMES: Final = {
    "flex": "flex",
    "gasoline": "gasolina",
    "ethanol": "etanol",
    "diesel": "diesel",
    "hybrid": "híbrido",
    "plugin_hybrid": "híbrido plug-in",
    "electric": "elétrico",
    "cng": "GNV",
}
# Facts that only the dealer's own words can tell: where they are looked for, and how they are called.
_TOLD: Final = {
    "owner": (r"\bdonos?\b|proprietari", "quantos donos teve não consta"),
    "auction": (r"laudo|cautelar|vistoria|sinistr|leilao|perici", "se passou por leilão não consta"),
    "report": (r"laudo|cautelar|vistoria|sinistr|leilao|batid|pintura|perici", "laudo e histórico não constam"),
    "ipva": (r"ipva|licenciad|licenciamento|multa|debito|quitad|document", "IPVA e documentação não constam"),
    "state": (
        r"pneu|revis|manual e chave|chave reserva|conserva|estado|impecavel|interior",
        "detalhes de conservação não constam",
    ),
    "battery": (r"\bbateria|autonomia|kwh", "autonomia e duração da bateria não constam"),
    "seats": (r"\blugares\b|passageiros", "o número de lugares não consta"),
    "consumption": (r"consumo|km/l", "o consumo não consta"),
    "engine": (r"\bmotor\b|\bcv\b|cavalos|potencia|torque", "detalhes do motor não constam"),
    "power": (r"\bcv\b|cavalos|potencia|torque", "potência e torque não constam"),
}


_TELLING: Final = re.compile(
    r"\bdono|laudo|cautelar|revis|ipva|garantia|manual|chave|pneu|pintura|perici|mecanica|documenta|licenci|quitad|leilao"
    r"|blindad|interior|original"
)
_PRAISE: Final = re.compile(
    r"oportunidade|imperdivel|prontinh|pront[oa] para rodar|procedencia|otimo estado|excelente|lind[oa]\b|bem cuidad"
    r"|ideal para|perfeit[oa] para|confira|venha|aproveite|sonho"
)
_MISSING: Final = {
    "km": "a quilometragem",
    "year": "o ano",
    "color": "a cor",
    "fuel": "o combustível",
    "transmission": "o câmbio",
    "doors": "o número de portas",
    "plate": "o final da placa",
    "fipe": "o valor da FIPE",
    "options": "a lista de opcionais",
}


def name(vehicle: Vehicle) -> str:
    """Make, model and version, without saying anything twice: "Honda Civic 2.0 EXL"."""
    model = vehicle.model
    if fold(model).startswith(fold(vehicle.make) + " "):
        model = model[len(vehicle.make) + 1 :]
    version = vehicle.version
    if fold(version).startswith(fold(model) + " "):
        version = version[len(model) + 1 :]
    return " ".join(part for part in (vehicle.make, model, version) if part)


def short_name(vehicle: Vehicle) -> str:
    """Model alone: "Civic"."""
    return vehicle.model


def upper_first(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def pronoun(vehicle: Vehicle) -> str:
    """ "ele" or "ela", as people speak of such a vehicle."""
    return "ela" if vehicle.body in _FEMININE else "ele"


def article(vehicle: Vehicle) -> str:
    """ "o" or "a"."""
    return "a" if vehicle.body in _FEMININE else "o"


def year_words(vehicle: Vehicle) -> str:
    """ "2018/2019", "2019", or ""."""
    made, model = vehicle.year_manufacture, vehicle.year_model
    if made and model and made != model:
        return f"{made}/{model}"
    return str(vehicle.year or "")


def price_words(vehicle: Vehicle) -> str:
    """The price asked, or that it is to be asked for."""
    asking = vehicle.asking_centavos
    return reais(asking) if asking else "preço sob consulta"


def line(vehicle: Vehicle) -> str:
    """One vehicle of a list, all its figures on its own line."""
    parts = [f"*{name(vehicle)}*", year_words(vehicle)]
    if vehicle.mileage_km is not None:
        parts.append(kilometres(vehicle.mileage_km))
    if vehicle.color:
        parts.append(vehicle.color.lower())
    parts.append(f"*{price_words(vehicle)}*")
    return "🚗 " + " · ".join(part for part in parts if part)


def card(vehicle: Vehicle) -> str:
    """One vehicle in full."""
    looks = [vehicle.color.lower() if vehicle.color else "", _gearbox(vehicle), _FUEL_NAMES.get(vehicle.fuel, "")]
    if vehicle.doors and vehicle.body != "motorcycle":
        looks.append(f"{vehicle.doors} portas")
    lines = [line_without_color(vehicle)]
    if any(looks):
        lines.append("• " + ", ".join(look for look in looks if look))
    if vehicle.options:
        lines.append("• " + ", ".join(vehicle.options[:8]))
    for said in _telling(vehicle)[:2]:
        lines.append(f"• {said}")
    return "\n".join(lines)


def line_without_color(vehicle: Vehicle) -> str:
    """`line` without the colour, for where the colour follows."""
    parts = [f"*{name(vehicle)}*", year_words(vehicle)]
    if vehicle.mileage_km is not None:
        parts.append(kilometres(vehicle.mileage_km))
    parts.append(f"*{price_words(vehicle)}*")
    return "🚗 " + " · ".join(part for part in parts if part)


def _gearbox(vehicle: Vehicle) -> str:
    words = TRANSMISSION_WORDS.get(vehicle.transmission, "")
    return f"câmbio {words}" if words else ""


def _sentences(vehicle: Vehicle) -> list[str]:
    """The description's short sentences without addresses, links or telephone numbers."""
    parts = re.split(r"(?<=[.!;])\s+|\n+", vehicle.description.strip())
    return [
        part.strip(" .;!")
        for part in parts
        if 3 < len(part) <= _QUOTED_MOST and not re.search(r"https?:|www\.|@|\d{4}-?\d{4}|R\$", part)
    ]


def _telling(vehicle: Vehicle) -> list[str]:
    """The sentences that tell something of this very car; praise alone is left out."""
    return [said for said in _sentences(vehicle) if _TELLING.search(fold(said)) or not _PRAISE.search(fold(said))]


def told(vehicle: Vehicle, fact: str) -> str:
    """What the advertisement says of a fact that only the dealer's words tell, or ""."""
    pattern = _TOLD[fact][0]
    for said in [*_sentences(vehicle), *vehicle.options]:
        if re.search(pattern, fold(said)):
            return said
    return ""


def fact(vehicle: Vehicle, asked: str) -> tuple[str, bool]:
    """(what is said of a fact after the vehicle's name, whether the record tells it)."""
    if asked in _TOLD:
        said = told(vehicle, asked)
        if said:
            return f"no anúncio consta “{said}”", True
        if asked == "engine" and vehicle.version:
            return f"a versão é {vehicle.version}", True
        return f"{_TOLD[asked][1]} no anúncio", False
    return _plain(vehicle, asked)


def _plain(vehicle: Vehicle, asked: str) -> tuple[str, bool]:
    value: str = ""
    match asked:
        case "price":
            if vehicle.asking_centavos is None:
                return "está com preço sob consulta", False
            value = f"está por {price_words(vehicle)}"
        case "km" if vehicle.mileage_km is not None:
            value = f"está com {kilometres(vehicle.mileage_km)} rodados"
        case "year" if vehicle.year:
            value = f"é ano {year_words(vehicle)}"
        case "color" if vehicle.color:
            value = f"é da cor {vehicle.color.lower()}"
        case "fuel" if vehicle.fuel in _FUEL_NAMES:
            value = f"é {_FUEL_NAMES[vehicle.fuel]}"
        case "transmission" if vehicle.transmission in TRANSMISSION_WORDS:
            value = f"tem {_gearbox(vehicle)}"
        case "doors" if vehicle.doors:
            value = f"tem {vehicle.doors} portas"
        case "plate" if vehicle.plate_end:
            value = f"tem final da placa {vehicle.plate_end}"
        case "options" if vehicle.options:
            value = "tem " + ", ".join(vehicle.options[:10])
    if value:
        return value, True
    return f"{_MISSING.get(asked, 'isso')} não consta no anúncio", False


def option_words(vehicle: Vehicle, called: str, wanted: str) -> tuple[str, bool]:
    """Whether the record names a piece of equipment; silence is no denial."""
    if has_option(vehicle, wanted):
        return f"tem {called}, sim", True
    return f"{called} não aparece no anúncio", False


def kind_word(vehicle: Vehicle, plural: bool = False) -> str:
    """ "SUV", "picapes", …"""
    return BODY_WORDS.get(vehicle.body, BODY_WORDS["other"])[plural]
