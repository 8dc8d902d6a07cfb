"""The demo's dealerships: three characters, each with its profile and a stock drawn from the market table.

Everything comes out the same at every start: the stock of a tenant depends on its id and nothing else.
"""

import json
import random
from functools import cache
from typing import Any, Final

from attrs import asdict, evolve, frozen

from daemon.emulator.market import COLORS, MARKET, OPTIONS, Offer
from shards.errors import NotFound
from shards.tenant.profile import AssistantProfile, ChannelProfile, TenantProfile, VoiceProfile
from shards.tenant.vehicle import Vehicle

SEED: Final = "showroomd 2026"
PHOTOS_PATH: Final = "/demo/photos"
VIEWS: Final = 3
_THIS_YEAR: Final = 2026.85


@frozen(kw_only=True)
class Dealership:
    """A profile and how its stock is drawn: `letter` picks the market's rows, `extra` are second examples."""

    profile: TenantProfile
    letter: str
    prefix: str
    extra: int
    accent: str  # the colour of its walls, #rrggbb


_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri")

DEALERSHIPS: Final = (
    Dealership(
        letter="A",
        accent="#0f766e",
        prefix="as",
        extra=36,
        profile=TenantProfile(
            id="auto-sul",
            name="Auto Sul Veículos",
            address="Av. Farrapos, 1200, Floresta, Porto Alegre/RS",
            phone="+555133330000",
            channel=ChannelProfile(kind="sandbox"),
            assistant=AssistantProfile(
                voice=VoiceProfile(enabled=True),
                persona="Bia, da Auto Sul. Simpática e direta, fala como gaúcha sem exagerar no sotaque. "
                "Gosta de entender o uso do carro (família, cidade, estrada) antes de indicar.",
                greeting="Oi! Aqui é a Bia, assistente virtual da Auto Sul Veículos. Que bom te ver por aqui!",
                hours={**dict.fromkeys(_WEEKDAYS, ("08:30-18:30",)), "sat": ("09:00-17:00",), "sun": ()},
                finance_rate_percent_month=1.69,
                facts="Todos os carros têm laudo cautelar aprovado e garantia de 90 dias de motor e câmbio. "
                "Aceitamos carro na troca, com avaliação presencial na hora. Financiamento em até 60 vezes "
                "pelos principais bancos, sujeito a análise. Pix, transferência e cartão em até 12 vezes. "
                "Test drive com CNH válida. Estacionamento para clientes no pátio.",
            ),
        ),
    ),
    Dealership(
        letter="G",
        accent="#27407a",
        prefix="gp",
        extra=17,
        profile=TenantProfile(
            id="garagem-paulista",
            name="Garagem Paulista",
            address="Av. Europa, 1450, Jardim Europa, São Paulo/SP",
            phone="+551133330000",
            channel=ChannelProfile(kind="sandbox"),
            assistant=AssistantProfile(
                voice=VoiceProfile(enabled=True),
                persona="Henrique, consultor da Garagem Paulista. Educado, objetivo e discreto, "
                "conhece bem importados e não usa gírias.",
                greeting="Olá! Sou o Henrique, assistente virtual da Garagem Paulista. Será um prazer te atender.",
                hours={**dict.fromkeys(_WEEKDAYS, ("09:00-19:00",)), "sat": ("10:00-16:00",), "sun": ()},
                finance_rate_percent_month=1.49,
                facts="Veículos periciados, com histórico de revisões. Garantia de 6 meses de motor e câmbio "
                "e opção de garantia estendida. Avaliamos seminovos na troca e também compramos à vista. "
                "Financiamento em até 48 vezes, sujeito a análise. Atendimento com hora marcada e "
                "apresentação por vídeo. Entrega para todo o Brasil com seguro de transporte.",
            ),
        ),
    ),
    Dealership(
        letter="S",
        accent="#a3400f",
        prefix="sm",
        extra=35,
        profile=TenantProfile(
            id="sertao-motors",
            name="Sertão Motors",
            time_zone="America/Recife",
            address="Av. Mascarenhas de Morais, 3100, Imbiribeira, Recife/PE",
            phone="+558133330000",
            channel=ChannelProfile(kind="sandbox"),
            assistant=AssistantProfile(
                voice=VoiceProfile(enabled=True),
                persona="Dudu, da Sertão Motors. Animado e prestativo, fala simples, entende de picape e de "
                "carro para trabalhar.",
                greeting="Opa, tudo bem? Aqui é o Dudu, assistente virtual da Sertão Motors!",
                hours={**dict.fromkeys(_WEEKDAYS, ("08:00-18:00",)), "sat": ("08:00-14:00",), "sun": ()},
                finance_rate_percent_month=1.99,
                facts="Carros populares e picapes revisados, com garantia de 3 meses de motor e câmbio. "
                "Aceitamos carro e moto na troca. Financiamento em até 60 vezes, sujeito a análise. "
                "Pix, transferência, cartão em até 18 vezes e consórcio contemplado. "
                "Despachante na loja: transferência em até 5 dias úteis.",
            ),
        ),
    ),
)

PROFILES: Final = tuple(dealership.profile for dealership in DEALERSHIPS)


def vehicles(tenant: str, base_url: str) -> tuple[Vehicle, ...]:
    """The tenant's whole stock, with photo addresses below `base_url`. Raises `NotFound` for other tenants."""
    root = f"{base_url.rstrip('/')}{PHOTOS_PATH}/{tenant}"
    return tuple(
        evolve(vehicle, photos=tuple(f"{root}/{vehicle.id}-{view}.svg" for view in range(1, VIEWS + 1)))
        for vehicle in _stock(tenant)
    )


def accent_of(tenant: str) -> str:
    """The dealership's colour as #rrggbb. Raises `NotFound` for other tenants."""
    return _dealership(tenant).accent


def vehicle_shown(tenant: str, vehicle: str) -> Vehicle:
    """The vehicle as seeded, to draw its picture. Raises `NotFound`."""
    for known in _stock(tenant):
        if known.id == vehicle:
            return known
    raise NotFound(f"the demo has no vehicle {vehicle!r} at {tenant!r}")


def stock_file(stock: tuple[Vehicle, ...]) -> bytes:
    """The stock as the JSON array that a bulk import takes."""
    rows: list[dict[str, Any]] = []
    for vehicle in stock:
        row = asdict(vehicle)
        rows.append({key: value for key, value in row.items() if value not in (None, "", ())})
    return json.dumps(rows, ensure_ascii=False).encode()


def _dealership(tenant: str) -> Dealership:
    for dealership in DEALERSHIPS:
        if dealership.profile.id == tenant:
            return dealership
    raise NotFound(f"the demo has no dealership {tenant!r}")


@cache
def _stock(tenant: str) -> tuple[Vehicle, ...]:
    dealership = _dealership(tenant)
    rng = random.Random(f"{SEED} {tenant}")  # noqa: S311 (a seeded show, not a secret)
    offers = [offer for offer in MARKET if dealership.letter in offer.shops]
    offers += rng.sample(offers, dealership.extra)
    rng.shuffle(offers)
    return tuple(_vehicle(offer, f"{dealership.prefix}{number:03d}", rng) for number, offer in enumerate(offers, 1))


def _vehicle(offer: Offer, identity: str, rng: random.Random) -> Vehicle:
    first, last = offer.years
    year = rng.randint(first, last)
    made = year - (rng.random() < 0.45 and year > first)
    mileage = _mileage(offer, made, rng)
    price = offer.price_at(year) * rng.uniform(0.97, 1.04)
    asking = _sticker(price, rng)
    sale = _sticker(price * rng.uniform(0.94, 0.97), rng) if rng.random() < 0.14 else None
    options = _options(offer, year, rng)
    color = _color(offer, rng)
    owners = rng.random() < 0.55 and mileage < 90_000
    return Vehicle(
        id=identity,
        make=offer.make,
        model=offer.model,
        version=offer.version,
        year_manufacture=made,
        year_model=year,
        price_centavos=asking,
        sale_price_centavos=sale if sale is not None and sale < asking else None,
        mileage_km=mileage,
        fuel=offer.fuel,
        transmission=offer.transmission,
        body=offer.body,
        color=color,
        doors=offer.doors,
        plate_end=str(rng.randint(0, 9)),
        options=options,
        description=_description(offer, year, options, owners, rng),
        condition="certified" if owners and year >= 2022 and rng.random() < 0.5 else "used",
        status="reserved" if rng.random() < 0.03 else "available",
    )


_KM_A_YEAR: Final = {"popular": 11_500, "middle": 11_000, "superior": 11_500, "premium": 7_200, "work": 15_000}


def _mileage(offer: Offer, made: int, rng: random.Random) -> int:
    age = max(_THIS_YEAR - made - 0.5, 0.3)
    yearly = _KM_A_YEAR[offer.segment] * rng.uniform(0.7, 1.25)
    if offer.fuel == "diesel":
        yearly *= 1.25
    # Older cars are driven less: nobody believes 180,000 km of every ten-year-old.
    return int(age**0.9 * yearly)


def _sticker(thousands: float, rng: random.Random) -> int:
    """Centavos as dealers like to write them: 89.900 or 89.990."""
    ending = rng.choice((900, 900, 900, 990, 500)) if thousands < 150 else 900
    return (int(thousands) * 1000 + ending) * 100


def _color(offer: Offer, rng: random.Random) -> str:
    if offer.body in ("coupe", "convertible"):
        return rng.choice(COLORS["coupe"])
    if offer.body == "pickup":
        return rng.choice(COLORS["pickup"])
    if offer.segment == "work":
        return rng.choice(("branco", "branco", "prata"))
    return rng.choice(COLORS.get(offer.segment, COLORS["everyday"]))


def _options(offer: Offer, year: int, rng: random.Random) -> tuple[str, ...]:
    always, some = OPTIONS[offer.segment]
    extras = rng.sample(some, min(len(some), rng.randint(2, 5)))
    found = [*extras, *always]  # what sets it apart first: lists are cut short
    if offer.body == "van":
        found = [option for option in found if option not in ("protetor de caçamba", "capota marítima")]
        found.insert(0, "compartimento de carga forrado" if "Minibus" not in offer.version else "16 lugares")
    if offer.body == "pickup" and offer.segment != "work":
        found.insert(0, rng.choice(("capota marítima", "santantônio", "estribos laterais")))
    if offer.body == "convertible":
        found = [option for option in found if "teto solar" not in option and "porta-malas" not in option]
        found.insert(0, "capota elétrica")
    if offer.segment == "popular" and year <= 2016:
        found = ["direção hidráulica" if option == "direção elétrica" else option for option in found]
    if "4x4" in offer.version:
        found.insert(0, "tração 4x4")
    if "7 lugares" in offer.version or offer.model == "Commander":
        found.insert(0, "7 lugares")
    return tuple(dict.fromkeys(found))


_OPENINGS: Final = (
    "{name} {year} em ótimo estado.",
    "Lindo {name} {year}, muito bem cuidado.",
    "{name} {year} prontinho para rodar.",
    "{name} {year}, carro de procedência.",
    "Oportunidade: {name} {year}.",
)
_OWNERS: Final = ("Único dono.", "Único dono, com manual e chave reserva.", "Segundo dono, particular.")
_CARE: Final = (
    "Todas as revisões feitas na concessionária.",
    "Revisado, com pneus novos.",
    "Laudo cautelar aprovado.",
    "Sem detalhes, pintura original.",
    "Documentação em dia, IPVA 2026 pago.",
    "Interior impecável, nunca fumaram dentro.",
    "Mecânica toda em dia.",
)
_USES: Final = {
    "hatch": ("Econômico e fácil de estacionar.", "Ideal para o dia a dia na cidade."),
    "sedan": ("Porta-malas grande e muito conforto na estrada.", "Silencioso, firme e espaçoso."),
    "suv": ("Posição de dirigir alta e bom espaço para a família.", "Confortável na cidade e na viagem."),
    "pickup": ("Pronta para o trabalho e para o lazer.", "Caçamba inteira, nunca carregou peso demais."),
    "wagon": ("Porta-malas enorme com dirigibilidade de sedã.", "Rara no mercado."),
    "minivan": ("Espaço de sobra para a família toda.", "Perfeita para viajar com crianças."),
    "coupe": ("Baixa quilometragem, carro de coleção.", "Para quem gosta de dirigir."),
    "convertible": ("Capota em perfeito estado.", "Para curtir o fim de semana."),
    "van": ("Pronta para trabalhar amanhã.", "Ótima para entregas."),
}


def _description(offer: Offer, year: int, options: tuple[str, ...], one_owner: bool, rng: random.Random) -> str:
    name = f"{offer.model} {offer.version}"
    parts = [
        rng.choice(_OPENINGS).format(name=name, year=year),
        rng.choice(_OWNERS[:2]) if one_owner else _OWNERS[2],
        *rng.sample(_CARE, 2),
        "Tem " + ", ".join(options[:6]) + ".",
        rng.choice(_USES.get(offer.body, ("Venha conhecer.",))),
    ]
    return " ".join(parts)
