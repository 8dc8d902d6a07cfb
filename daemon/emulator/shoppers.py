"""Seeded customers who ask, dawdle and change their minds: what they write, and how long they take.

No I/O and no clock: a shopper is a script of lines with pauses in seconds, for whoever plays it.
"""

import random
from typing import Final, Literal

from attrs import frozen

from shards.text import fold

Temper = Literal["decided", "dawdler", "fickle", "haggler", "curt"]
TEMPERS: Final[tuple[Temper, ...]] = ("decided", "dawdler", "fickle", "haggler", "curt")

BURST_SECONDS: Final = 1.2
"""Lines that follow each other within this time belong together: the customer has not finished."""


@frozen(kw_only=True)
class Wish:
    """What a shopper is after. `budget_reais` is whole reais."""

    words: str  # "suv automático", "HB20"
    budget_reais: int
    body: str = ""
    make: str = ""
    model: str = ""


@frozen(kw_only=True)
class Said:
    """One message: written `after_seconds` of silence, counted from the shopper's line before."""

    after_seconds: float
    text: str


@frozen(kw_only=True)
class Shopper:
    """One customer. `wishes` has more than one where the mind was changed; the last one counts."""

    number: int
    name: str
    phone: str  # digits with the country's code, as a network gives them
    user_id: str  # what the network calls the person where there is no phone
    temper: Temper
    wishes: tuple[Wish, ...]
    script: tuple[Said, ...]

    @property
    def bursts(self) -> tuple[tuple[Said, ...], ...]:
        """The script cut where the shopper waits for an answer: each part should get one."""
        parts: list[list[Said]] = []
        for line in self.script:
            if parts and line.after_seconds <= BURST_SECONDS:
                parts[-1].append(line)
            else:
                parts.append([line])
        return tuple(tuple(part) for part in parts)


_FIRST_NAMES: Final = (
    "Adriana", "Alexandre", "Ana Paula", "Anderson", "Beatriz", "Bruno", "Camila", "Carlos", "Cláudia", "Daniel",
    "Eduardo", "Eliane", "Fábio", "Fernanda", "Gustavo", "Helena", "Igor", "Jéssica", "João", "Juliana", "Leandro",
    "Luciana", "Marcelo", "Márcia", "Patrícia", "Paulo", "Rafael", "Renata", "Rodrigo", "Simone", "Thiago", "Vanessa",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Almeida", "Araújo", "Barbosa", "Cardoso", "Costa", "Ferreira", "Gomes", "Lima", "Martins", "Moreira", "Nunes",
    "Oliveira", "Pereira", "Ribeiro", "Rocha", "Santos", "Silva", "Souza", "Teixeira", "Vieira",
)  # fmt: skip
_AREAS: Final = ("11", "19", "21", "31", "41", "48", "51", "54", "61", "71", "81", "85")

_WISHES: Final = (
    Wish(words="suv automático", budget_reais=100_000, body="suv"),
    Wish(words="hatch automático", budget_reais=75_000, body="hatch"),
    Wish(words="sedã automático", budget_reais=95_000, body="sedan"),
    Wish(words="picape diesel 4x4", budget_reais=180_000, body="pickup"),
    Wish(words="HB20", budget_reais=75_000, make="Hyundai", model="HB20", body="hatch"),
    Wish(words="Onix", budget_reais=80_000, make="Chevrolet", model="Onix", body="hatch"),
    Wish(words="Corolla", budget_reais=120_000, make="Toyota", model="Corolla", body="sedan"),
    Wish(words="Compass", budget_reais=130_000, make="Jeep", model="Compass", body="suv"),
    Wish(words="Creta", budget_reais=95_000, make="Hyundai", model="Creta", body="suv"),
    Wish(words="Strada", budget_reais=95_000, make="Fiat", model="Strada", body="pickup"),
    Wish(words="carro de 7 lugares", budget_reais=90_000, body="minivan"),
    Wish(words="BMW X1", budget_reais=250_000, make="BMW", model="X1", body="suv"),
)
_TRADES: Final = ("gol 2015", "palio 2012", "fox 2017", "celta 2011", "onix 2016", "uno 2014", "fiesta 2013")
_HELLOS: Final = ("oi", "Oi, boa tarde", "olá", "Bom dia!", "opa", "boa noite", "oii td bem?")
_THANKS: Final = ("obrigado!", "vlw", "blz, vou pensar", "show, obrigada", "ok, muito obrigado")
_ASKS: Final = (
    "tem {words} até {budget}?",
    "vocês têm {words} até {budget}?",
    "procuro {words}, até uns {budget}",
    "to atrás de {words} na faixa de {budget}",
    "Quero {words}. Meu limite é {budget}",
)
_SECOND_THOUGHTS: Final = (
    "na verdade pensei melhor, prefiro {words} até {budget}",
    "mudei de ideia kkk tem {words} até {budget}?",
    "esquece, minha esposa quer {words}, até {budget}",
    "e {words}, até {budget}, vcs têm?",
)
_SHORTHAND: Final = (
    ("vocês", "vcs"), ("você", "vc"), ("também", "tb"), ("quanto", "qto"), ("está", "ta"), ("para", "pra"),
    ("hoje", "hj"), ("beleza", "blz"),
)  # fmt: skip


def shopper(number: int, seed: str = "shoppers") -> Shopper:
    """Customer `number` of a seed: always the same, and with a phone that no other number has."""
    rng = random.Random(f"{seed} {number}")  # noqa: S311 (a rehearsal, not a secret)
    temper = rng.choice(TEMPERS)
    first = rng.choice(_WISHES)
    wishes: tuple[Wish, ...] = (first,)
    if temper == "fickle":
        wishes = (first, rng.choice([wish for wish in _WISHES if wish is not first]))
    lines = _script(temper, wishes, rng)
    careless = temper in ("curt", "dawdler") or rng.random() < 0.4
    return Shopper(
        number=number,
        name=f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}",
        phone=f"55{_AREAS[number % len(_AREAS)]}9{80_000_000 + number}",
        user_id=f"BR.{900_000_000_000 + number}",
        temper=temper,
        wishes=wishes,
        script=tuple(Said(after_seconds=line.after_seconds, text=_hasty(line.text, careless)) for line in lines),
    )


def shoppers(count: int, seed: str = "shoppers") -> tuple[Shopper, ...]:
    """Customers 0 to `count` - 1 of a seed."""
    return tuple(shopper(number, seed) for number in range(count))


def budget_words(reais: int, rng: random.Random) -> str:
    """A ceiling in one of the ways people write it: "90 mil", "90k", "R$ 90.000,00"."""
    dotted = f"{reais:,}".replace(",", ".")
    return rng.choice((f"{reais // 1000} mil", f"{reais // 1000}k", f"R$ {dotted},00", f"R$ {dotted}", dotted))


def _script(temper: Temper, wishes: tuple[Wish, ...], rng: random.Random) -> list[Said]:
    ask = _in_words(rng.choice(_ASKS), wishes[0], rng)
    pause = 45.0 if temper == "dawdler" else 8.0
    if temper == "curt":
        # One thought in three messages, as most people write.
        lines = [
            Said(after_seconds=0, text=rng.choice(_HELLOS)),
            Said(after_seconds=_soon(rng), text=f"tem {wishes[0].words}?"),
            Said(after_seconds=_soon(rng), text=f"até {budget_words(wishes[0].budget_reais, rng)}"),
        ]
    elif rng.random() < 0.5:
        lines = [Said(after_seconds=0, text=rng.choice(_HELLOS)), Said(after_seconds=_soon(rng), text=ask)]
    else:
        lines = [Said(after_seconds=0, text=ask)]

    def later(text: str) -> None:
        lines.append(Said(after_seconds=round(pause * rng.uniform(0.7, 2.5), 1), text=text))

    if len(wishes) > 1:
        later(_in_words(rng.choice(_SECOND_THOUGHTS), wishes[1], rng))
    if temper == "dawdler":
        later("hmm deixa eu ver com calma")
    if temper == "haggler":
        later("e o mais barato?")
        later(rng.choice(("faz um desconto à vista?", "consegue melhorar esse preço?", "qual o melhor preço no pix?")))
    else:
        later(rng.choice(("e o mais barato?", "tem foto?", "qual a quilometragem?", "está disponível ainda?")))
    if rng.random() < 0.6:
        later(f"aceita meu {rng.choice(_TRADES)} na troca?")
    if temper == "decided":
        later(rng.choice(("posso ir ver amanhã às 10h?", "quero visitar sábado de manhã", "onde vocês ficam?")))
    elif rng.random() < 0.3:
        later("quanto fica a parcela em 48x?")
    later(rng.choice(_THANKS))
    return lines


def _in_words(template: str, wish: Wish, rng: random.Random) -> str:
    return template.format(words=wish.words, budget=budget_words(wish.budget_reais, rng))


def _soon(rng: random.Random) -> float:
    return round(rng.uniform(0.3, BURST_SECONDS), 2)


def _hasty(text: str, careless: bool) -> str:
    """The text as it leaves a thumb in a hurry: no accents, no capitals, shorthand. Figures stay."""
    if not careless:
        return text
    for long, short in _SHORTHAND:
        text = text.replace(long, short)
    return text if "R$" in text else fold(text)
