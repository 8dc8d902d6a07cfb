import json
import random
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from daemon.desk.amounts import kilometres, reais
from daemon.desk.finance import instalment
from daemon.desk.grounding import check, mentioned
from shards.tenant.vehicle import StockSummary, Vehicle
from tests.support.lot import COROLLA, HB20, SIMULATED, VEHICLES, sources

INSTALMENT = reais(SIMULATED.instalment_centavos)

RIGHT = [
    # plain statements
    "O Corolla XEi 2020 sai por R$ 109.900 e tem 62.000 km.",
    "Temos o Toyota Corolla XEi 2.0 2019/2020 por R$ 109.900,00",
    "Corolla 2019, R$ 109.900",
    "Corolla 19/20 por 109.900 reais",
    "O Corolla custa 109,9 mil",
    "O Corolla tá saindo por cento e nove mil e novecentos reais",
    "Corolla por R$ 109 mil e 900",
    "O Corolla fica em uns 110 mil",
    "O Corolla está na faixa de R$ 110 mil",
    "O HB20 está de R$ 62.900 por R$ 59.900",
    "HB 20 Comfort com 55.320 km",
    "O HB20 rodou cerca de 55 mil km",
    "O HB20 tem R$ 3.000 de desconto",
    "O T-Cross é zero km, 2026/2027, por R$ 165.990",
    "o t cross 0km sai R$ 165.990",
    "Peugeot 208 Griffe 2022 por R$ 78.900, só 22.000 km rodados!",
    "Esse 208 é 2021/2022 e custa R$ 78.900",
    # several vehicles
    "Tenho o Onix LT 2019 por R$ 65.900 e o HB20 2020 por R$ 59.900.",
    "Tenho dois Onix: o 2019 por R$ 65.900 e o 2021 por R$ 82.500.",
    "Temos 2 Onix:\n1. LT 2019 – R$ 65.900 – 48.200 km\n2. Premier 2021 – R$ 82.500 – 31.000 km",
    "*Onix LT 2018/2019*\n• R$ 65.900\n• 48.200 km\n\n*HB20 Comfort 2020*\n• R$ 59.900\n• 55.320 km\n\nQual prefere?",
    "- Jeep Compass Longitude 2020: R$ 97.900, 70.450 km, automático\n- Corolla XEi 2020: R$ 109.900, 62.000 km",
    "Onix Premier 2021 preto, R$ 82.500. E o LT prata 2019 sai por R$ 65.900.",
    "Por R$ 65.900 tenho o Onix LT 2019, manual.",
    "O Corolla e o HB20 custam R$ 109.900 e R$ 59.900, respectivamente.",
    "O Corolla e o HB20 são ambos 2020.",
    "O Compass é R$ 12.000 mais barato que o Corolla",
    "O Onix LT 2019 é ótimo. Ele custa R$ 65.900 e tem 48.200 km. Quer fotos?",
    "O Onix é 2019 e tem 48.200 km. Sai por R$ 65.900.",
    "Ele é o Compass Longitude 2020, motor 2.0, 4 portas, 166 cv, 6 airbags, aro 18. R$ 97.900.",
    "Tenho o Onix LT 2019 por R$ 65.900. Também tenho um 2021 por R$ 82.500.",
    # limits, the customer's words
    "SUV automático até R$ 100 mil: tenho o Compass 2020 por R$ 97.900.",
    "Até 100 mil tenho esse Compass Longitude, R$ 97.900",
    "Você procura um SUV de até R$ 100.000, certo?",
    "Dentro dos 100 mil que você falou, o Compass por R$ 97.900 é o melhor.",
    "O Compass está abaixo de R$ 100 mil",
    "Com R$ 20 mil de entrada dá pra fazer uma simulação do Corolla",
    "Legal, seu Gol 2015 entra na troca sim! Um consultor avalia.",
    "Aceitamos o seu Gol 2015 com 90 mil km na troca, a avaliação é presencial.",
    "Seu Gol 2015 pode entrar na negociação, você disse que quer R$ 30 mil nele, né?",
    "Corolla 2018 não tenho, mas tenho o Corolla 2020 por R$ 109.900.",
    "Não temos Fusca no momento, mas tem o Onix LT 2019 por R$ 65.900",
    "Infelizmente não encontrei nenhum Fusca no nosso estoque 😕",
    "Fusca não temos, mas posso te mostrar o HB20.",
    "Você perguntou do Fusca e do Corolla 2018: esses não temos hoje.",
    "Para até 20 mil o mais próximo é o HB20, por R$ 59.900.",
    "O Corolla tem menos de 65 mil km",
    "🚗 Onix LT 2019\n💰 R$ 65.900\n📍 48.200 km\n\n🚗 HB20 2020\n💰 R$ 59.900",
    "1️⃣ Onix LT 2019 – R$ 65.900\n2️⃣ HB20 Comfort 2020 – R$ 59.900",
    "1. *Onix LT 2019*\n   Preço: R$ 65.900\n   Km: 48.200\n2. *HB20 2020*\n   Preço: R$ 59.900\n   Km: 55.320",
    "O HB20 é o mais em conta: R$ 59.900, 2020.",
    "Tem sim! O Compass Longitude 2020 automático sai por R$ 97.900, com 70.450 km. Quer agendar uma visita?",
    "O mais barato dos dois é o HB20 (R$ 59.900); o Onix LT sai por R$ 65.900.",
    "Entre R$ 60 e R$ 100 mil temos o Compass 2020 por R$ 97.900",
    "O Onix LT é 2018/2019, prata, manual, com 48.200 km, por R$ 65.900 à vista.",
    "Temos o Onix em duas versões: LT (2019, R$ 65.900) e Premier (2021, R$ 82.500).",
    "Tem sim! Separei essas de Civic ou Fusca: Civic a partir de R$ 95.900. Fusca no momento não temos.",
    "Anotado: Gol 2015! A avaliação é feita na loja.",
    "Não tenho SUV abaixo de R$ 60 mil agora",
    "Não temos Corolla Cross nem RAV4, mas o Corolla sedan 2020 está aqui!",
    "O Compass é da mesma categoria do Renegade. Quer ver fotos?",
    # summary
    "Temos Civic a partir de R$ 95.900. Quer ver?",
    "Trabalhamos com Onix, Civic e Corolla 😊 Qual te interessa?",
    "O mais barato é o HB20 2020, R$ 59.900.",
    "Temos Onix a partir de R$ 65.900",
    # the tenant's own
    "Ficamos na Av. Farrapos, 1200, Porto Alegre. Tel. (51) 3333-0000",
    "Estamos aqui desde 1998!",
    "A garantia é de 90 dias ou 3.000 km para motor e câmbio.",
    "A entrada mínima é R$ 5.000",
    "A transferência sai por R$ 850",
    "Aceitamos usado na troca a partir do ano 2010.",
    "Atendemos de segunda a sexta das 08:00 às 18:00 e sábado das 9h às 13h.",
    "Te espero amanhã, sábado 21/11/2026, às 10h!",
    "Marquei pra 21 de novembro de 2026 às 10:00, um consultor confirma 👍",
    "O atendimento volta segunda às 8h. Nosso WhatsApp é +55 51 3333-0000",
    # finance
    f"Na simulação, o Corolla fica em 48x de {INSTALMENT}, com R$ 20.000 de entrada. Sujeito a análise de crédito.",
    f"Simulação: entrada de R$ 20.000 e 48 parcelas de {INSTALMENT} (estimativa, depende do banco)",
    f"Corolla R$ 109.900. Com entrada de R$ 20.000, financiando R$ 89.900, a parcela fica aproximadamente {INSTALMENT}",
    f"Pela simulação, o HB20 sai em 36x de {reais(instalment(5_990_000 - 2_000_000, 1.69, 36))}",
    "A taxa usada na simulação é de 1,69% ao mês",
    "A aprovação do crédito depende da análise do banco, tá?",
    "Não posso garantir aprovação, o financiamento é sujeito à análise de crédito.",
    "Se o crédito for aprovado, você sai de carro novo!",
    "Trabalhamos com financiamento em até 60x, quer que eu simule?",
    # description, other numbers
    "O Compass está com IPVA 2026 pago e foi revisado aos 60.000 km.",
    "O Compass tem garantia até 2027.",
    "Mandei 4 fotos do Corolla, motor 2.0 e câmbio CVT. Gostou?",
    "Encontrei 3 opções pra você, quer ver?",
    "O Corolla faz cerca de 12 km/l na estrada",
    "Oi, João! Tudo bem? Como posso te ajudar hoje?",
    "Qual faixa de valor você tem em mente?",
    "O Ford Ka 2018 está aqui, mas o preço eu confirmo com um consultor.",
    "O Argo já foi vendido, mas tenho o HB20 por R$ 59.900",
    "Veja mais em https://autosul.example/corolla",
]

WRONG: list[tuple[str, str]] = [
    # a figure of nobody
    ("O Corolla 2020 sai por R$ 99.900.", "price"),
    ("Corolla por 99,9 mil", "price"),
    ("Corolla por 99 mil e 900", "price"),
    ("O Corolla tá saindo por noventa e nove mil e novecentos", "price"),
    ("O Corolla sai por 99", "price"),
    ("O Corolla custa 99,9", "price"),
    ("O Corolla por apenas 89.900!", "price"),
    ("O Corolla fica em uns 105 mil", "price"),
    ("O Corolla fica por 110 mil", "price"),  # rounded, and not said so
    ("Corolla 2018 por R$ 109.900", "year"),
    ("Corolla 2020/2021 por R$ 109.900", "year"),
    ("Corolla 20/21, lindo", "year"),
    ("O Corolla é ano 21", "year"),
    ("O Corolla é dois mil e dezoito", "year"),
    ("Corolla versão 2018 na loja", "year"),
    ("Corolla-2018 te esperando", "year"),
    ("O Corolla tem 26.000 km", "mileage"),
    ("O Corolla tem 26 mil quilômetros rodados", "mileage"),
    ("O Corolla tem apenas sessenta mil km", "mileage"),
    ("O Corolla é zero km", "mileage"),
    ("O HB20 tem 55 mil km", "mileage"),  # 55,320, and not said as rounded
    ("O Corolla custa Ｒ$ ９９.９００", "price"),
    ("O Corolla custa R$ 9\u200b9.900", "price"),
    ("O *Corolla* custa *R$ 99.900*", "price"),
    # a figure of another vehicle
    ("O Corolla sai por R$ 59.900", "price"),
    ("Tenho o Onix LT 2019 por R$ 59.900 e o HB20 2020 por R$ 65.900.", "price"),
    ("Tenho dois Onix: o 2019 por R$ 82.500 e o 2021 por R$ 65.900.", "price"),
    ("Onix LT por R$ 82.500", "price"),
    ("O Onix preto sai por R$ 65.900", "price"),
    ("Temos 2 Onix:\n1. LT 2019 – R$ 65.900 – 31.000 km\n2. Premier 2021 – R$ 82.500 – 48.200 km", "mileage"),
    ("*Onix LT 2019*\n• R$ 59.900\n• 48.200 km\n\n*HB20 2020*\n• R$ 59.900", "price"),
    ("- Compass 2020: R$ 109.900\n- Corolla 2020: R$ 97.900", "price"),
    ("Por R$ 59.900 tenho o Onix LT 2019.", "price"),
    ("O Onix LT 2019 é ótimo. Ele custa R$ 59.900.", "price"),
    ("O Onix é 2019 e tem 48.200 km. Sai por R$ 82.500.", "price"),
    ("Gostou do HB20? Ele é 2019 e sai por R$ 65.900", "price"),
    ("O Corolla e o HB20 custam R$ 59.900 e R$ 109.900, respectivamente.", "price"),
    ("O Corolla e o Onix Premier são ambos 2020.", "year"),
    ("O Compass é R$ 20.000 mais barato que o Corolla", "price"),
    ("O HB20 tem R$ 5.000 de desconto", "price"),
    # the customer's words do not make a price
    ("O Compass sai por R$ 100 mil", "price"),
    ("Fechado! O Corolla por R$ 30 mil é seu", "price"),
    ("Você quer o Corolla? Fica por R$ 20.000", "price"),
    ("Sim, Corolla 2018 disponível!", "year"),
    ("Pagamos R$ 30 mil no seu Gol 2015", "price"),
    ("Seu Gol 2015 vale R$ 28.000", "price"),
    ("Seu Gol 2016 entra na troca", "year"),
    ("Não é brincadeira, o Corolla custa R$ 20 mil", "price"),
    ("Não tenho nada mais barato que o Corolla por R$ 20 mil", "price"),
    # vehicles that are not there
    ("Temos Fusca sim! Quer ver?", "vehicle"),
    ("Tenho um Honda Fit 2017 por R$ 55.000", "vehicle"),
    ("Chegou um Corolla Cross 2022!", "vehicle"),
    ("Temos o Onix Plus também", "vehicle"),
    ("Olha esse Renegade Longitude, lindo demais", "vehicle"),
    ("Tenho SW4 e Hilux na loja", "vehicle"),
    ("• Fiat Toro Freedom 2021\n• HB20 2020", "vehicle"),
    ("O Toyota Civic 2020 está aqui", "vehicle"),
    ("O Argo está disponível, venha ver!", "vehicle"),
    ("Temos Civic 2019 por R$ 95.900", "price"),
    ("Temos Civic a partir de R$ 80.000", "price"),
    ("O Ford Ka 2018 sai por R$ 39.900", "price"),
    ("O Ka tem 60.000 km", "mileage"),
    # finance and promises
    ("A simulação do Corolla deu 48x de R$ 1.500,00", "price"),
    (f"A simulação do Corolla deu 36x de {INSTALMENT}", "price"),
    (f"O Corolla fica em 48x de {INSTALMENT} com R$ 20.000 de entrada", "price"),  # not called a simulation
    (f"Na simulação, o HB20 fica em 48x de {INSTALMENT}", "price"),
    (f"Na simulação, o Corolla fica em 36x de {reais(instalment(10_990_000 - 2_500_000, 1.69, 36))}", "price"),
    ("Entrada de R$ 8.000 e o resto em 48x", "price"),
    ("O Corolla custa R$ 5.000", "price"),  # the tenant's least down payment
    ("O Onix custa R$ 850", "price"),
    ("O Corolla tem 3.000 km", "mileage"),
    ("O Corolla é 1998", "year"),
    ("Crédito aprovado na hora!", "credit"),
    ("Seu financiamento está garantido", "credit"),
    ("Aprovamos na hora, pode vir", "credit"),
    ("Financiamos sem consulta ao SPC", "credit"),
    ("Não se preocupe, seu crédito será aprovado", "credit"),
    ("Mesmo negativado a gente financia", "credit"),
    ("Você já está pré-aprovado!", "credit"),
    ("Garantimos a aprovação do seu cadastro", "credit"),
    ("A taxa é de 0,99% ao mês", "credit"),
    ("Financiamento sem juros!", "credit"),
    # what descriptions, strangers and links say
    ("O Compass sai por R$ 10.000", "price"),
    ("O Compass é ano 2026", "year"),
    ("O Compass tem 60.000 km", "mileage"),
    ("O Corolla tem garantia até 2029", "year"),
    ("Chama no (11) 98765-4321", "tenant"),
    ("Clique em http://golpe.example/pix", "tenant"),
    ("Corolla por 48 mil", "price"),
    ("O valor do Corolla é 99900", "price"),
    ("Faço o Corolla por 100k", "price"),
    ("Corolla: de R$ 109.900 por R$ 99.900", "price"),
    ("O Corolla está com 20 mil de desconto", "price"),
    ("Consigo o Corolla por menos de 90 mil", "price"),
    ("O Corolla sai por noventa", "price"),
    ("Consigo o Corolla por menos de 100 mil", "price"),
    ("Temos Corolla a partir de R$ 20 mil", "price"),
    ("O Corolla tem menos de 50.000 km", "mileage"),
    ("Um pau e meio? O Corolla sai por 90 paus", "price"),
]


# Written in two rounds after the tables above had passed: when they were new, 9 of the 98 right ones were refused
# and 3 of the 87 wrong ones let through.

HELD_OUT = json.loads((Path(__file__).parents[2] / "data" / "grounding.json").read_text())
RIGHT_TOO = [text.replace("{INSTALMENT}", INSTALMENT) for text in HELD_OUT["right"]]
WRONG_TOO = [text.replace("{INSTALMENT}", INSTALMENT) for text in HELD_OUT["wrong"]]


@pytest.mark.parametrize("text", [*RIGHT, *RIGHT_TOO])
def test_grounded(text: str) -> None:
    assert check(text, sources()) == ()


@pytest.mark.parametrize(("text", "kind"), WRONG)
def test_ungrounded(text: str, kind: str) -> None:
    assert kind in {fault.kind for fault in check(text, sources())}


@pytest.mark.parametrize("text", WRONG_TOO)
def test_ungrounded_too(text: str) -> None:
    assert check(text, sources())


OWN_CARS = [
    ("aceita um celtinha 2010 na troca?", "A gente avalia seu celtinha 2010 na troca, sim."),
    ("aceita um celtinha 2010 na troca?", "Seu Celta 2010 a gente avalia na troca, sim."),
    ("pega meu golzinho 2012 na troca?", "Boa! Seu Gol 2012 entra na troca."),
    ("pega meu golzinho 2012 na troca?", "Golzinho 2012 a gente avalia sim!"),
    ("tenho um fusion dois mil e treze e quero trocar num suv", "Seu Fusion 2013 a gente avalia aqui."),
    ("tenho uma s dez ano doze", "Sua S10 2012 pode entrar no negócio."),
    ("troco minha s dez 2003/2004", "Sua s dez 2003/2004 a gente avalia."),
    ("meu carro é um Traailblazer 13/14", "Seu Trailblazer 2014 a gente avalia."),
    ("dou meu 208 2009 na hilux", "Seu 208 2009 passa por uma avaliação."),
    ("tenho um monza 91 com 200 mil km", "Seu monza 1991 com 200.000 km a gente avalia."),
    ("meu carro é um outlander 2008", "Anotado: Outlander 2008! A avaliação é na loja."),
    ("meu carro é um onix 2013", "Anotado: Onix 2013! A avaliação é na loja."),
    ("tenho um sonic 2004", "Legal, Sonic 2004! Pode trazer pra avaliar."),
    ("qualquer um menos renault", "Temos carro que não seja Renault: o Onix LT 2019 por R$ 65.900."),
    ("tem audi ou toyota?", "Separei essas opções de Audi ou Toyota:\n\n🚗 *Toyota Corolla XEi* 2020 · R$ 109.900"),
]

NOT_THEIR_CARS = [
    ("aceita um celtinha 2010 na troca?", "Seu Celta 2012 a gente avalia na troca."),
    ("aceita um celtinha 2010 na troca?", "Temos Celta 2010 sim!"),
    ("aceita um celtinha 2010 na troca?", "Seu Celta 2010 vale R$ 20.000"),
    ("aceita meu gol 2015?", "Seu Golf 2015 entra na troca."),
    ("tem onix 2016? aceita troca?", "O Onix 2016 é lindo, e a gente avalia seu usado na troca."),
    ("tem onix 2016? aceita troca?", "Temos o Onix 2016, a gente avalia sua troca."),
    ("meu carro é um onix 2013", "O Onix 2013 sai por R$ 65.900"),
    ("tem audi ou toyota?", "Temos Audi e Toyota sim!"),
    ("tem audi ou toyota?", "Temos opções de Audi ou Toyota."),
]


@pytest.mark.parametrize(("said", "text"), OWN_CARS)
def test_customers_own_car_in_his_own_words(said: str, text: str) -> None:
    assert check(text, sources(customer_words=(said,))) == ()


@pytest.mark.parametrize(("said", "text"), NOT_THEIR_CARS)
def test_customers_words_bear_out_no_more(said: str, text: str) -> None:
    assert check(text, sources(customer_words=(said,)))


def test_table_is_large() -> None:
    assert len(RIGHT) + len(WRONG) >= 80


# Any stock: what is rendered from a vehicle passes, the same with one figure changed does not.

MODELS = [
    ("Chevrolet", "Onix", ("1.0 LT", "1.0 Turbo Premier")), ("Chevrolet", "Onix Plus", ("LTZ",)),
    ("Volkswagen", "Gol", ("1.0 MPI", "1.6 Trend")), ("VW", "T-Cross", ("200 TSI", "Highline")),
    ("Fiat", "Argo", ("Drive 1.0", "Trekking")), ("Fiat", "Uno", ("Way 1.4",)), ("Hyundai", "HB20S", ("Vision",)),
    ("Hyundai", "HB20", ("Comfort 1.0", "1.0 Sense")), ("Peugeot", "2008", ("Griffe",)),
    ("Peugeot", "208", ("Active",)),
    ("Honda", "HR-V", ("EX", "Touring")), ("Toyota", "Corolla Cross", ("XRE",)), ("Toyota", "Corolla", ("XEi", "GLi")),
    ("Citroën", "C3", ("Feel",)), ("BMW", "320i", ("M Sport",)), ("Ford", "Ka", ("SE 1.0",)),
    ("BYD", "Song Plus", ("GS",)),
]  # fmt: skip

TEMPLATES = [
    "O {name} {year} sai por {price} e tem {km}.",
    "Temos o {name} {year}, {km}, por {price}. Quer agendar uma visita?",
    "• {name} {year} – {price} – {km}",
    "*{name}*\n• Ano: {year}\n• Preço: {price}\n• Km: {km}",
    "{name}\n{year} | {km} | {price}\n\nGostou?",
    "Boa notícia! Achei um {name} {year}. Ele está com {km} e custa {price}, motor 1.6 e 4 portas.",
    "1. {name} ({year}): {price}, {km}",
]


@st.composite
def stocks(draw: st.DrawFn) -> tuple[Vehicle, ...]:
    count = draw(st.integers(2, 6))
    prices = draw(st.lists(st.integers(150, 4000), min_size=count, max_size=count, unique=True))
    kms = draw(st.lists(st.integers(500, 200_000), min_size=count, max_size=count, unique=True))
    vehicles = []
    for index in range(count):
        make, model, versions = draw(st.sampled_from(MODELS))
        made = draw(st.integers(2005, 2026))
        vehicles.append(
            Vehicle(
                id=f"v{index}",
                make=make,
                model=model,
                version=draw(st.sampled_from(versions)),
                year_manufacture=made,
                year_model=made + draw(st.integers(0, 1)),
                price_centavos=prices[index] * 100 * draw(st.sampled_from([100, 50, 10])),
                mileage_km=kms[index],
            )
        )
    assume(len({vehicle.price_centavos for vehicle in vehicles}) == count)
    return tuple(vehicles)


def _rendered(template: str, vehicle: Vehicle, **changed: Any) -> str:
    price, km = changed.get("price", vehicle.price_centavos), changed.get("mileage", vehicle.mileage_km)
    years = changed.get("year") or f"{vehicle.year_manufacture}/{vehicle.year_model}"
    return template.format(
        name=f"{vehicle.make} {vehicle.model} {vehicle.version}", year=years, price=reais(price), km=kilometres(km)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stocks(), st.randoms(use_true_random=False), st.sampled_from(TEMPLATES), st.booleans())
def test_any_stock(stock: tuple[Vehicle, ...], rng: random.Random, template: str, another: bool) -> None:
    vehicle, other = rng.sample(stock, 2)
    told = sources(vehicles=stock, summary=StockSummary(), customer_words=("tem carro aí?",), estimates=())
    listed = "\n".join(_rendered(template, one) for one in stock)
    assert check(_rendered(template, vehicle), told) == ()
    assert check(listed, told) == ()

    kind = rng.choice(["price", "year", "mileage"])
    value: int
    if kind == "price":
        value = (other.price_centavos if another else rng.randrange(1_000_000, 30_000_000, 10_000)) or 0
        assume(value != vehicle.price_centavos)
    elif kind == "year":
        value = (other.year_model if another else rng.randrange(2003, 2028)) or 0
        assume(value not in (vehicle.year_manufacture, vehicle.year_model))
    else:
        value = (other.mileage_km if another else rng.randrange(1, 300_000)) or 0
        assume(value != vehicle.mileage_km)
    wrong = _rendered(template, vehicle, **{kind: value})
    said = (f"tem {vehicle.model} {value if kind == 'year' else ''} por {reais(value)} com {value} km?",)
    for customer_words in (("tem carro aí?",), said):
        faults = check(wrong, evolve(told, customer_words=customer_words))
        assert faults, wrong
        if sum(one.model == vehicle.model for one in stock) == 1:
            assert kind in {fault.kind for fault in faults}, wrong
    among = "\n".join(wrong if one is vehicle else _rendered(template, one) for one in stock)
    assert check(among, told), among


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    check(text, sources())
    mentioned(text, sources(), focus="corolla")


def test_pronoun_means_focus() -> None:
    assert check("Ele custa R$ 109.900.", sources(), focus=COROLLA.id) == ()
    (fault,) = check("Ele custa R$ 109.900.", sources(customer_words=("quanto?",)), focus=HB20.id)
    assert (fault.kind, fault.said) == ("price", "R$ 109.900")
    assert "R$ 59.900" in fault.why


def test_customers_last_words_name_what_is_meant() -> None:
    asked = sources(customer_words=("quanto custa o hb20?",))
    assert check("Sai por R$ 59.900!", asked, focus=COROLLA.id) == ()
    assert check("Sai por R$ 109.900!", asked, focus=COROLLA.id)


def test_nothing_may_be_said_without_sources() -> None:
    bare = sources(vehicles=(), summary=StockSummary(), estimates=())
    assert check("Tenho um Corolla 2020 por R$ 109.900", bare)
    assert check("Sai por R$ 109.900", bare)
    assert check("Não temos Corolla no momento. Posso te avisar quando chegar?", bare) == ()


def test_mentioned_in_order() -> None:
    text = "Tenho o HB20 2020 por R$ 59.900 e o Onix Premier 2021 por R$ 82.500. Fusca não temos."
    assert mentioned(text, sources()) == ("hb20", "onix-premier")
    assert mentioned("Oi! Tudo bem?", sources()) == ()
    assert mentioned("Ele sai por R$ 109.900", sources(), focus="corolla") == ("corolla",)


def test_vehicles_of_the_lot_are_distinct() -> None:
    assert len({vehicle.id for vehicle in VEHICLES}) == len(VEHICLES)
