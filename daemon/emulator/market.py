"""What the Brazilian used-car market of 2026 looks like, as a table: the ground the demo's stock is drawn from.

Prices are round figures near what dealers ask, not any publisher's table.
"""

from typing import Final

from attrs import frozen

from daemon.errors import ShowroomError


@frozen(kw_only=True)
class Offer:
    """A version as it is found on the market. `prices` are thousands of reais at the first and last year."""

    make: str
    model: str
    version: str
    body: str
    fuel: str
    transmission: str
    doors: int
    years: tuple[int, int]
    prices: tuple[float, float]
    segment: str  # popular | middle | superior | premium | work
    shops: str  # letters of the dealerships that carry it

    def price_at(self, year_model: int) -> float:
        """Thousands of reais for a vehicle of that year, between the two known ends."""
        first, last = self.years
        if first == last:
            return self.prices[0]
        share = (year_model - first) / (last - first)
        low, high = self.prices
        return float(low * (high / low) ** share)


_BODIES: Final = {
    "h": "hatch", "s": "sedan", "u": "suv", "p": "pickup", "w": "wagon", "m": "minivan", "c": "coupe",
    "v": "van", "o": "convertible",
}  # fmt: skip
_FUELS: Final = {
    "f": "flex", "g": "gasoline", "d": "diesel", "h": "hybrid", "p": "plugin_hybrid", "e": "electric",
}  # fmt: skip
_GEARS: Final = {"m": "manual", "a": "automatic", "c": "cvt", "r": "automated"}
_SEGMENTS: Final = {"p": "popular", "m": "middle", "s": "superior", "x": "premium", "w": "work"}

# make | model | version | body fuel gear doors | years | thousands | segment | shops
_TABLE: Final = """
Chevrolet|Onix|1.0 Turbo LT|hfa5|2020-2025|66-88|p|AS
Chevrolet|Onix|1.0 LT|hfm5|2018-2024|54-74|p|AS
Chevrolet|Onix|1.0 Turbo Premier|hfa5|2021-2025|79-99|m|A
Chevrolet|Onix Plus|1.0 Turbo LTZ|sfa4|2020-2025|74-96|m|AS
Chevrolet|Prisma|1.4 LT|sfm4|2016-2019|51-62|p|S
Chevrolet|Celta|1.0 LT|hfm5|2013-2015|27-33|p|S
Chevrolet|Cobalt|1.8 LTZ|sfa4|2016-2019|53-66|m|S
Chevrolet|Cruze|1.4 Turbo LTZ|sfa4|2017-2023|79-118|s|A
Chevrolet|Tracker|1.0 Turbo LT|ufa5|2021-2025|92-117|m|A
Chevrolet|Tracker|1.4 Turbo Premier|ufa5|2018-2019|80-87|m|A
Chevrolet|Spin|1.8 LTZ 7 lugares|mfa5|2018-2024|65-101|m|AS
Chevrolet|Montana|1.2 Turbo Premier|pfa4|2023-2025|112-132|m|S
Chevrolet|S10|2.8 Diesel LTZ 4x4|pda4|2018-2024|138-215|s|AS
Chevrolet|S10|2.8 Diesel High Country 4x4|pda4|2019-2025|152-262|s|S
Chevrolet|Camaro|6.2 V8 SS|cga2|2017-2020|285-359|x|G
Fiat|Argo|1.0 Drive|hfm5|2018-2025|52-77|p|AS
Fiat|Argo|1.3 Trekking|hfc5|2022-2025|76-91|m|A
Fiat|Cronos|1.3 Drive|sfc4|2021-2025|72-94|m|AS
Fiat|Mobi|1.0 Like|hfm5|2018-2025|41-64|p|S
Fiat|Uno|1.0 Way|hfm5|2015-2021|36-52|p|S
Fiat|Palio|1.0 Fire|hfm5|2013-2017|28-38|p|S
Fiat|Siena|1.4 EL|sfm4|2014-2016|34-40|p|S
Fiat|Pulse|1.0 Turbo Audace|ufc5|2022-2025|88-110|m|A
Fiat|Fastback|1.0 Turbo Impetus|ufc5|2023-2025|109-131|m|A
Fiat|Strada|1.4 Endurance Cabine Plus|pfm2|2021-2025|71-96|w|S
Fiat|Strada|1.3 Volcano Cabine Dupla|pfc4|2022-2025|95-114|m|AS
Fiat|Strada|1.3 Freedom Cabine Dupla|pfm4|2021-2024|84-101|m|S
Fiat|Toro|2.0 Diesel Volcano 4x4|pda4|2018-2024|99-158|m|AS
Fiat|Toro|1.3 Turbo Freedom|pfa4|2022-2025|109-137|m|AS
Fiat|Fiorino|1.4 Hard Working|vfm2|2017-2024|53-95|w|S
Fiat|Doblò|1.8 Essence 7 lugares|mfm5|2015-2020|52-82|m|S
Volkswagen|Gol|1.0 MPI|hfm5|2014-2022|35-58|p|AS
Volkswagen|Gol|1.6 MSI|hfa5|2019-2022|58-66|p|S
Volkswagen|Voyage|1.6 MSI|sfm4|2016-2022|46-63|p|S
Volkswagen|Fox|1.6 Connect|hfm5|2018-2021|53-62|p|A
Volkswagen|Up!|1.0 TSI Move|hfm5|2016-2020|49-63|p|A
Volkswagen|Polo|1.0 TSI Highline|hfa5|2018-2025|72-106|m|A
Volkswagen|Polo|1.0 Track|hfm5|2023-2025|69-79|p|S
Volkswagen|Virtus|1.0 TSI Comfortline|sfa4|2019-2025|74-110|m|A
Volkswagen|T-Cross|1.0 TSI Comfortline|ufa5|2020-2025|94-127|m|A
Volkswagen|T-Cross|1.4 TSI Highline|ufa5|2020-2024|106-136|m|A
Volkswagen|Nivus|1.0 TSI Highline|ufa5|2021-2025|98-128|m|A
Volkswagen|Taos|1.4 TSI Highline|ufa5|2022-2025|132-172|s|AG
Volkswagen|Jetta|2.0 TSI GLI|sga4|2020-2024|138-208|x|G
Volkswagen|Golf|2.0 TSI GTI|hga5|2016-2019|124-168|x|G
Volkswagen|Tiguan|1.4 TSI Allspace Comfortline|uga5|2018-2022|112-158|s|G
Volkswagen|Saveiro|1.6 Robust Cabine Simples|pfm2|2018-2024|52-82|w|S
Volkswagen|Saveiro|1.6 Cross Cabine Dupla|pfm2|2017-2023|67-92|m|S
Volkswagen|Amarok|3.0 V6 Diesel Highline 4x4|pda4|2018-2024|152-239|s|S
Hyundai|HB20|1.0 Sense|hfm5|2020-2025|57-74|p|AS
Hyundai|HB20|1.0 Turbo Platinum|hfa5|2020-2025|76-101|m|A
Hyundai|HB20|1.6 Comfort Plus|hfa5|2016-2019|52-64|p|AS
Hyundai|HB20S|1.0 Turbo Comfort|sfa4|2020-2025|72-96|m|AS
Hyundai|HB20X|1.6 Vision|hfa5|2020-2022|69-77|m|A
Hyundai|Creta|1.6 Pulse Plus|ufa5|2018-2021|77-94|m|A
Hyundai|Creta|2.0 Prestige|ufa5|2017-2020|79-95|m|A
Hyundai|Creta|1.0 Turbo Comfort|ufa5|2022-2025|106-132|m|A
Hyundai|Tucson|1.6 Turbo GLS|uga5|2017-2021|96-126|s|AG
Toyota|Corolla|2.0 XEi|sfc4|2018-2024|94-138|s|AS
Toyota|Corolla|1.8 Altis Hybrid|shc4|2020-2025|114-168|s|AG
Toyota|Yaris|1.5 XL|hfc5|2019-2024|72-94|m|A
Toyota|Yaris Sedan|1.5 XLS|sfc4|2019-2024|77-101|m|A
Toyota|Etios|1.5 X|hfm5|2016-2021|48-62|p|S
Toyota|Etios Sedan|1.5 XLS|sfa4|2017-2021|55-68|p|S
Toyota|Corolla Cross|2.0 XRE|ufc5|2022-2025|133-165|s|A
Toyota|RAV4|2.5 SX Connect Hybrid|uhc5|2019-2024|178-298|x|G
Toyota|SW4|2.8 Diesel SRX 7 lugares 4x4|uda5|2018-2024|229-369|s|GS
Toyota|Hilux|2.8 Diesel SRV 4x4|pda4|2017-2024|149-248|s|AS
Toyota|Hilux|2.8 Diesel SRX 4x4|pda4|2019-2025|178-289|s|S
Honda|Civic|2.0 EXL|sfc4|2017-2021|96-126|s|A
Honda|Civic|1.5 Turbo Touring|sgc4|2018-2021|118-147|s|AG
Honda|City|1.5 EXL|sfc4|2018-2024|76-118|m|A
Honda|City Hatchback|1.5 EXL|hfc5|2022-2025|97-119|m|A
Honda|Fit|1.5 EX|hfc5|2016-2021|68-91|m|A
Honda|HR-V|1.8 EXL|ufc5|2016-2021|82-116|m|A
Honda|HR-V|1.5 Turbo Advance|ufc5|2023-2025|148-172|s|A
Honda|WR-V|1.5 EXL|ufc5|2018-2021|76-94|m|A
Honda|CR-V|1.5 Turbo Touring AWD|ugc5|2018-2021|144-192|s|G
Honda|Accord|2.0 Hybrid Advanced|shc4|2021-2024|215-292|x|G
Jeep|Renegade|1.8 Longitude|ufa5|2017-2021|69-93|m|AS
Jeep|Renegade|1.3 Turbo Longitude|ufa5|2022-2025|102-131|m|A
Jeep|Renegade|2.0 Diesel Trailhawk 4x4|uda5|2017-2021|89-122|m|S
Jeep|Compass|2.0 Longitude|ufa5|2017-2021|89-117|s|A
Jeep|Compass|1.3 Turbo Limited|ufa5|2022-2025|131-174|s|AG
Jeep|Compass|2.0 Diesel Limited 4x4|uda5|2018-2023|108-172|s|AS
Jeep|Commander|2.0 Diesel Overland 4x4|uda5|2022-2025|198-268|s|G
Renault|Kwid|1.0 Zen|hfm5|2018-2025|40-61|p|AS
Renault|Sandero|1.0 Life|hfm5|2017-2022|42-57|p|S
Renault|Sandero|1.6 Stepway Iconic|hfc5|2019-2022|61-74|m|A
Renault|Logan|1.6 Zen|sfm4|2018-2023|47-66|p|S
Renault|Duster|1.6 Iconic|ufc5|2020-2024|79-104|m|AS
Renault|Captur|1.6 Intense|ufc5|2018-2021|66-84|m|A
Renault|Oroch|1.6 Dynamique|pfm4|2017-2022|63-88|m|S
Renault|Master|2.3 Diesel Minibus|vdm4|2018-2023|138-214|w|S
Nissan|Kicks|1.6 SV|ufc5|2018-2024|73-102|m|A
Nissan|Kicks|1.6 Advance|ufc5|2022-2025|93-112|m|AS
Nissan|Versa|1.6 Advance|sfc4|2021-2025|77-100|m|A
Nissan|March|1.0 S|hfm5|2015-2020|37-52|p|S
Nissan|Frontier|2.3 Diesel LE 4x4|pda4|2018-2024|132-209|s|S
Ford|Ka|1.0 SE|hfm5|2017-2021|40-54|p|AS
Ford|Ka Sedan|1.5 SE Plus|sfa4|2019-2021|55-62|p|S
Ford|EcoSport|1.5 Freestyle|ufa5|2018-2021|66-79|m|A
Ford|EcoSport|1.5 SE|ufm5|2018-2021|59-71|m|S
Ford|Fusion|2.0 EcoBoost Titanium AWD|sga4|2016-2019|78-108|s|A
Ford|Ranger|3.2 Diesel XLT 4x4|pda4|2017-2022|124-182|s|AS
Ford|Ranger|3.0 V6 Diesel Limited 4x4|pda4|2024-2025|268-299|s|S
Ford|Maverick|2.0 EcoBoost Lariat FX4|pga4|2022-2024|152-192|s|G
Ford|Bronco Sport|2.0 EcoBoost Wildtrak|uga5|2021-2024|158-214|x|G
Ford|Mustang|5.0 V8 GT Premium|cga2|2018-2023|318-438|x|G
Peugeot|208|1.6 Allure|hfa5|2021-2023|69-82|m|A
Peugeot|2008|1.6 Griffe|ufa5|2018-2023|64-93|m|A
Peugeot|3008|1.6 THP Griffe|uga5|2018-2022|104-152|s|G
Citroën|C3|1.0 Live|hfm5|2023-2025|58-68|p|S
Citroën|C4 Cactus|1.6 Feel|ufa5|2019-2024|66-92|m|A
Mitsubishi|L200 Triton|2.4 Diesel Sport HPE 4x4|pda4|2018-2024|128-212|s|S
Mitsubishi|Outlander|2.2 Diesel HPE-S 7 lugares|uda5|2017-2020|118-158|s|G
Kia|Sportage|2.0 EX|ufa5|2017-2021|88-124|s|A
Kia|Cerato|2.0 SX|sfa4|2020-2022|92-112|s|A
Caoa Chery|Tiggo 5X|1.5 Turbo Pro|ufc5|2022-2024|96-117|m|A
Caoa Chery|Tiggo 7|1.6 Turbo Pro|ufr5|2022-2024|119-142|s|A
BYD|Dolphin|GS 180 EV|hea5|2024-2025|118-132|m|AG
BYD|Dolphin Mini|GS|hea5|2024-2026|98-114|m|AS
BYD|Song Plus|1.5 DM-i|upa5|2023-2025|172-212|s|G
BYD|Yuan Plus|EV|uea5|2023-2025|158-194|s|G
BYD|Seal|AWD|sea4|2024-2025|248-282|x|G
GWM|Haval H6|1.5 Turbo PHEV|upa5|2024-2025|188-222|s|G
BMW|118i|1.5 Turbo Sport GP|hga5|2020-2023|164-218|x|G
BMW|320i|2.0 Turbo M Sport|sfa4|2019-2025|188-329|x|G
BMW|X1|2.0 Turbo sDrive20i GP|ufa5|2018-2024|136-285|x|G
BMW|X3|2.0 Turbo xDrive30e M Sport|upa5|2020-2023|268-374|x|G
BMW|Z4|2.0 Turbo sDrive20i|oga2|2019-2022|278-338|x|G
BMW|M2|3.0 Turbo Competition|cga2|2019-2021|389-448|x|G
Mercedes-Benz|A 200|1.3 Turbo AMG Line Sedan|sga4|2020-2023|172-228|x|G
Mercedes-Benz|C 180|1.6 Turbo Avantgarde|sfa4|2017-2021|132-198|x|G
Mercedes-Benz|C 300|2.0 Turbo AMG Line|sga4|2022-2024|288-362|x|G
Mercedes-Benz|GLA 200|1.3 Turbo AMG Line|uga5|2021-2024|214-286|x|G
Mercedes-Benz|GLC 300|2.0 Turbo 4Matic Coupé|uga5|2020-2023|298-429|x|G
Audi|A3 Sedan|1.4 TFSI Prestige Plus|sfa4|2017-2020|98-136|x|G
Audi|A4|2.0 TFSI S line|sga4|2019-2024|156-262|x|G
Audi|A4 Avant|2.0 TFSI Prestige Plus|wga5|2017-2020|138-179|x|G
Audi|Q3|1.4 TFSI Black S line|ufa5|2020-2024|168-268|x|G
Audi|Q5|2.0 TFSI quattro S line|uga5|2019-2024|214-362|x|G
Audi|RS 6 Avant|4.0 V8 TFSI quattro|wga5|2021-2022|798-898|x|G
Volvo|XC40|T5 Recharge Inscription|upa5|2020-2022|178-218|x|G
Volvo|XC60|T8 Recharge R-Design|upa5|2019-2024|228-398|x|G
Volvo|V60|2.0 T5 Momentum|wga5|2017-2019|119-148|x|G
Land Rover|Range Rover Evoque|2.0 P250 R-Dynamic SE|ufa5|2020-2023|258-348|x|G
Land Rover|Discovery Sport|2.0 Diesel SE 7 lugares|uda5|2018-2022|168-268|x|G
Land Rover|Defender 110|3.0 Diesel HSE|uda5|2021-2024|498-678|x|G
Porsche|Macan|2.0 Turbo|uga5|2017-2023|298-538|x|G
Porsche|Cayenne|3.0 V6 E-Hybrid|upa5|2019-2023|468-738|x|G
Porsche|718 Boxster|2.0 Turbo|oga2|2018-2021|398-498|x|G
Porsche|911|3.0 Carrera S|cga2|2019-2022|818-968|x|G
Mini|Cooper|2.0 Turbo S Exclusive|hga2|2018-2023|152-238|x|G
Lexus|UX 250h|2.0 Hybrid Dynamic|uhc5|2020-2024|184-268|x|G
Jaguar|F-Pace|2.0 Turbo R-Sport|uga5|2018-2020|212-268|x|G
Ram|1500|5.7 V8 Rebel 4x4|pga4|2021-2024|318-438|x|GS
Ram|Rampage|2.0 Diesel Laramie 4x4|pda4|2024-2025|218-246|s|S
"""


def _offer(line: str) -> Offer:
    fields = line.split("|")
    if len(fields) != 8 or len(fields[3]) != 4:
        raise ShowroomError(f"the market's line {line!r} is not one", "write all of its eight fields")
    make, model, version, kind, years, prices, segment, shops = fields
    first_year, last_year = years.split("-")
    low, high = prices.split("-")
    return Offer(
        make=make,
        model=model,
        version=version,
        body=_BODIES[kind[0]],
        fuel=_FUELS[kind[1]],
        transmission=_GEARS[kind[2]],
        doors=int(kind[3]),
        years=(int(first_year), int(last_year)),
        prices=(float(low), float(high)),
        segment=_SEGMENTS[segment],
        shops=shops,
    )


MARKET: Final = tuple(_offer(line) for line in _TABLE.strip().splitlines())
"""Every version of the table, in its order."""

_CLIMATE: Final = ("ar-condicionado", "direção elétrica", "vidros elétricos", "travas elétricas", "alarme")
_BASE: Final = (*_CLIMATE, "airbag duplo", "freios ABS")

OPTIONS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "popular": (
        _BASE,
        ("central multimídia", "sensor de estacionamento", "rodas de liga leve", "limpador traseiro",
         "computador de bordo", "volante multifuncional", "bluetooth", "farol de milha"),
    ),
    "middle": (
        (*_BASE, "central multimídia com Android Auto e Apple CarPlay", "câmera de ré", "rodas de liga leve",
         "volante multifuncional", "piloto automático"),
        ("bancos em couro", "chave presencial", "sensor de estacionamento", "ar-condicionado digital",
         "faróis de LED", "controle de estabilidade", "seis airbags", "carregador por indução", "teto bicolor"),
    ),
    "superior": (
        (*_BASE, "central multimídia com Android Auto e Apple CarPlay", "câmera de ré", "bancos em couro",
         "ar-condicionado digital", "chave presencial", "controle de estabilidade", "piloto automático"),
        ("teto solar", "faróis full LED", "sete airbags", "painel digital", "assistente de faixa",
         "frenagem automática de emergência", "piloto automático adaptativo", "rodas aro 18",
         "banco do motorista elétrico", "sensor de ponto cego", "carregador por indução"),
    ),
    "premium": (
        ("ar-condicionado digital de duas zonas", "direção elétrica", "bancos em couro", "painel digital",
         "central multimídia com Apple CarPlay sem fio", "câmera de ré", "chave presencial",
         "faróis full LED", "controle de estabilidade", "sete airbags"),
        ("teto solar panorâmico", "bancos elétricos com memória", "som premium", "piloto automático adaptativo",
         "head-up display", "câmera 360°", "porta-malas elétrico", "rodas aro 19", "bancos aquecidos",
         "suspensão adaptativa", "iluminação ambiente", "sensor de ponto cego"),
    ),
    "work": (
        ("ar-condicionado", "direção hidráulica", "airbag duplo", "freios ABS", "protetor de caçamba"),
        ("vidros elétricos", "travas elétricas", "capota marítima", "som com bluetooth", "engate de reboque",
         "computador de bordo"),
    ),
}  # fmt: skip
"""By segment: what every vehicle of it has, and what some have."""

COLORS: Final = {
    "everyday": ("branco", "prata", "preto", "cinza", "branco", "preto", "cinza", "vermelho", "azul"),
    "popular": ("branco", "prata", "preto", "vermelho", "cinza", "branco", "prata", "azul", "bege"),
    "premium": ("preto", "branco", "cinza", "azul", "preto", "prata", "verde", "vermelho"),
    "pickup": ("branco", "prata", "preto", "cinza", "vermelho", "marrom", "branco", "azul"),
    "coupe": ("vermelho", "amarelo", "preto", "azul", "branco", "laranja"),
}
"""Colours as often as they are seen, by what the vehicle is."""
