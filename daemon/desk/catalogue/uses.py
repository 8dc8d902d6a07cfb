"""What a car is for ("pra Uber", "pra roça", "primeiro carro"), and which vehicles serve it. Pure."""

import re
from collections.abc import Callable
from typing import Final

from attrs import frozen

from shards.tenant.vehicle import Vehicle
from shards.text import fold

_ENGINE: Final = re.compile(r"(?<![\d.])([1-6])\.(\d)(?![\d.])")
_SMALL: Final = 1.4
_STRONG: Final = 1.9


@frozen(kw_only=True)
class Use:
    """A use: how it is said, the kinds of vehicle that serve it, and what else they must be."""

    name: str
    said: re.Pattern[str]
    called: str  # after "carro" in a list's head
    bodies: tuple[str, ...]
    serves: Callable[[Vehicle], bool] = lambda vehicle: True
    sort: str = ""
    advice: str = ""


def litres(vehicle: Vehicle) -> float | None:
    """The engine's size as the version tells it: "1.0 Turbo" → 1.0."""
    match = _ENGINE.search(f"{vehicle.model} {vehicle.version}")
    return float(f"{match[1]}.{match[2]}") if match else None


def _thrifty(vehicle: Vehicle) -> bool:
    size = litres(vehicle)
    return vehicle.fuel in {"hybrid", "plugin_hybrid", "electric"} or (size is not None and size <= _SMALL)


def _four_doors(vehicle: Vehicle) -> bool:
    return vehicle.doors is None or vehicle.doors >= 4


def _rough(vehicle: Vehicle) -> bool:
    words = fold(f"{vehicle.version} {' '.join(vehicle.options)}")
    return vehicle.body == "pickup" or "4x4" in words or "awd" in words or vehicle.body == "suv"


def _strong(vehicle: Vehicle) -> bool:
    size = litres(vehicle)
    return (size is not None and size >= _STRONG) or "turbo" in fold(vehicle.version) or "tsi" in fold(vehicle.version)


USES: Final = (
    Use(
        name="uber",
        said=re.compile(
            r"\b(?:uber\w*|ubber|rodar (?:de|no|na|com) (?:app|aplicativo|99)|(?:pra|para|de|no|por) (?:app|aplicativos?)\b"
            r"|99 ?pop|in ?driver|motorista de (?:app|aplicativo)|(?:de|pra|para) taxi|taxista|indriv\w+)\b"
        ),
        called="para rodar em aplicativo",
        bodies=("sedan", "hatch", "minivan"),
        serves=_four_doors,
        advice="Vale conferir no aplicativo se o modelo e o ano entram na categoria que você quer.",
    ),
    Use(
        name="seven",
        said=re.compile(r"\b(?:familia (?:grande|numerosa)|muita gente|[4-6] filhos|(?:quatro|cinco|seis) filhos)\b"),
        called="para a família",
        bodies=("minivan", "suv"),
        serves=_four_doors,
    ),
    Use(
        name="family",
        said=re.compile(
            r"\b(?:(?:d[ea]|pra|para|p/|p) (?:a |minha |uma |toda )?familia|familiar|espacos[oa]s?|carro grande"
            r"|bastante espaco|mais espaco|filhos? pequenos?"
            r"|cadeirinhas?|carrinho de bebe|bebe a caminho|(?:2|3|dois|tres) (?:filhos|criancas))\b"
        ),
        called="para a família",
        bodies=("suv", "sedan", "minivan", "wagon"),
        serves=_four_doors,
    ),
    Use(
        name="first",
        said=re.compile(
            r"\b(?:(?:meu |o |primeir[oa] )?primeiro carro|nunca tive (?:um )?carro|tirei (?:a )?(?:carteira|cnh|habilitacao)"
            r"|tirar (?:a )?(?:carteira|cnh)|recem[ -]habilitad\w+|(?:to|estou|ta|esta) aprendendo a dirigir|iniciante)\b"
        ),
        called="bom de primeiro carro",
        bodies=("hatch",),
        sort="price",
    ),
    Use(
        name="rough",
        said=re.compile(
            r"\b(?:roca|sitio|fazenda|chacara|interior d[oa] \w+|estrada de (?:chao|terra|barro)|atoleiro|lama(?:cal)?"
            r"|barro|off ?-?road|trilhas?|zona rural|rural|serra|buraqueira|estrada ruim)\b"
        ),
        called="para estrada de terra",
        bodies=("pickup", "suv"),
        serves=_rough,
    ),
    Use(
        name="cargo",
        said=re.compile(
            r"\b(?:carregar|levar|puxar|transportar) (?:\w+ ){0,2}(?:carga|material|materiais|ferramentas?|mercadorias?"
            r"|peso|moto|tralha|coisas?|cimento|racao|bicicletas?|prancha|produtos?|entulho|madeira|gas)\b"
            r"|\b(?:carga|cacamba|carreto|utilitario|obra|obras|fretes?|entregas? (?:de|pra|para|da))\b"
        ),
        called="para carga",
        bodies=("pickup", "van"),
    ),
    Use(
        name="economy",
        said=re.compile(
            r"\b(?:economic[oa]s?|economi\w+ (?:de )?(?:combustivel|gasolina)|econom(?:ico|ia)|gast[ae]m? (?:bem )?pouc\w+"
            r"|gaste[mr]? pouco|(?:que )?(?:beba|bebe|bebem|consuma|consome|gaste|gasta) (?:bem )?(?:pouc\w+|menos)|pouco consumo"
            r"|gast(?:a|e|am) menos|baixo consumo|bom de consumo|bom consumo|nao (?:gast[ae]|beb[ae]) muito"
            r"|faz(?:er)? (?:bastante|muitos?|mais) km)\b"
        ),
        called="econômico",
        bodies=("hatch", "sedan"),
        serves=_thrifty,
        advice="O consumo de cada um não está no anúncio, mas motor pequeno e híbrido costumam gastar menos.",
    ),
    Use(
        name="work",
        said=re.compile(r"\b(?:(?:pra|para|p/|p|pro) (?:o |meu )?(?:trabalh\w+|servico|batente|corre)|dia de trabalho)\b"),
        called="para o trabalho",
        bodies=("hatch", "sedan", "pickup"),
        serves=lambda vehicle: _thrifty(vehicle) or vehicle.body == "pickup",
        sort="price",
    ),
    Use(
        name="trunk",
        said=re.compile(
            r"\b(?:(?:bom |bastante )?porta[ -]?malas? (?:grande|bom|enorme|espacos\w+|gigante)|(?:grande|bom|muito) "
            r"porta[ -]?malas?|(?:pra|para|de) (?:viajar|viagens?|estrada)|viajo muito|pego (?:muita )?estrada|muita bagagem)\b"
        ),
        called="bom de viagem",
        bodies=("sedan", "suv", "wagon", "minivan"),
        serves=_four_doors,
    ),
    Use(
        name="city",
        said=re.compile(
            r"\b(?:facil de estacionar|(?:pra|para) (?:a )?cidade|(?:na|mais|so) (?:na )?cidade\b(?! d)|(?:\A|\n)\W*cidade\W*\Z|carr(?:o|inho) (?:bem )?pequen\w+|pequenininh\w+"
            r"|urbano|(?:pra|para|de) (?:o )?dia a dia|vaga (?:apertada|pequena)|estacionar facil|compactinh\w+)\b"
        ),
        called="bom de cidade",
        bodies=("hatch",),
    ),
    Use(
        name="strong",
        said=re.compile(
            r"\b(?:potent\w+|esportiv[oa]s?|esportivad\w+|(?:carro|motor) (?:bem )?forte|que and[ae] (?:bem|muito)|fortinho|veloz"
            r"|rapid[oa]s?)\b"
        ),
        called="de motor mais forte",
        bodies=(),
        serves=_strong,
    ),
)  # fmt: skip
_BY_NAME: Final = {use.name: use for use in USES}


def use_in(plain: str) -> Use | None:
    """The use that a folded text names, the first of the table."""
    return next((use for use in USES if use.said.search(plain)), None)


def use_called(name: str) -> Use | None:
    """The use of a name, as a wish keeps it."""
    return _BY_NAME.get(name)
