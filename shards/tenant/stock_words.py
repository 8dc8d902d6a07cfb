"""The words of the trade: folding, plurals, and what Brazilian customers and feeds call things. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from shards.text import fold


def spelled(table: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(table.split())


_TOKEN: Final = re.compile(r"\d+[.,]\d+|[a-z0-9]+")
_ACCENTS: Final = str.maketrans("áàâãäéèêëíìîïóòôõöúùûüçñºª", "aaaaaeeeeiiiiooooouuuucnoa")
_PLURALS: Final = (("oes", "ao"), ("aes", "ao"), ("res", "r"), ("zes", "z"), ("ais", "al"), ("eis", "el"))

STOP_WORDS: Final = spelled(
    """
    a o as os um uma uns umas de da do das dos e ou em no na nos nas com sem por para pra pro ate que me eu
    voce voces tem teria tenho ter queria quero procuro procurando busco preciso algum alguma alguns algumas
    mais carro carros veiculo veiculos automovel cambio motor ano modelo marca cor tipo the with and or of for
    """
)
"""Words that say nothing about a vehicle, folded."""

BODY_WORDS: Final = {
    "hatch": "hatch hatchback hatche hatches compacto liftback",
    "sedan": "sedan seda sedans saloon berlina sedam",
    "suv": "suv suvs crossover jipe utilitarioesportivo sportutility sportutilityvehicle sav offroad",
    "pickup": "pickup pickups picape picapes pick pickuptruck caminhonete camionete caminhonetes pikape",
    "wagon": "wagon perua peruas sw stationwagon estate touring",
    "minivan": "minivan minivans monovolume mpv multivan",
    "coupe": "coupe cupe coupes cupes",
    "convertible": "convertible conversivel conversiveis cabrio cabriolet cabriole roadster spider spyder",
    "van": "van vans furgao furgoes utilitario cargovan passengervan furgon",
    "motorcycle": "motorcycle moto motos motocicleta motocicletas scooter motorbike",
    "truck": "truck caminhao caminhoes bitruck cavalomecanico",
}
TRANSMISSION_WORDS: Final = {
    "manual": "manual manuais mecanico mecanica mecanicos",
    "automatic": "automatic automatico automatica automaticos automaticas auto aut at tiptronic steptronic",
    "cvt": "cvt continuamentevariavel continuouslyvariable xtronic",
    "automated": "automated automatizado automatizada automatizados semiautomatico semiautomatica semiautomatic"
    " dualogic imotion easytronic easyr gsr dsg dct powershift dualclutch duplaembreagem stronic",
}
FUEL_WORDS: Final = {
    "flex": "flex flexfuel bicombustivel totalflex flexivel flexpower tetrafuel",
    "gasoline": "gasoline gasolina petrol gas gasol",
    "ethanol": "ethanol etanol alcool alcohol",
    "diesel": "diesel biodiesel dieseis",
    "hybrid": "hybrid hibrido hibrida hibridos mildhybrid mhev hev fullhybrid",
    "plugin_hybrid": "pluginhybrid plugin hibridoplugin phev pluginhibrido plugginhybrid",
    "electric": "electric eletrico eletrica eletricos bev ev elettrico",
    "cng": "cng gnv gasnatural gasnaturalveicular kitgas naturalgas",
}
COLOR_WORDS: Final = {
    "branco": "branco branca brancos white perola",
    "preto": "preto preta pretos black negro",
    "prata": "prata prateado prateada silver",
    "cinza": "cinza grafite gray grey chumbo",
    "vermelho": "vermelho vermelha vermelhos red",
    "azul": "azul azuis blue",
    "verde": "verde verdes green",
    "amarelo": "amarelo amarela yellow",
    "laranja": "laranja orange",
    "marrom": "marrom brown castanho",
    "bege": "bege beige areia champagne champanhe",
    "dourado": "dourado dourada gold ouro",
    "vinho": "vinho bordo burgundy",
    "roxo": "roxo roxa purple violeta",
    "rosa": "rosa pink",
    "bronze": "bronze cobre",
}


def stem(word: str) -> str:
    """A folded word without its plural: "automaticos" → "automatico". The same on both sides of a search."""
    if len(word) < 4 or not word.isalpha() or not word.endswith("s") or word.endswith("ss"):
        return word
    for ending, single in _PLURALS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + single
    return word[:-1]


def _folded(text: str) -> str:
    """As `fold`, several times quicker for Portuguese: an import folds every word of the stock."""
    quick = text.lower().translate(_ACCENTS)
    return quick if quick.isascii() else fold(text)


def tokens(text: str) -> list[str]:
    """The folded words of a text as the full-text index has them: "Motores 1.0" → ["motor", "1p0"]."""
    return [stem(found.replace(".", "p").replace(",", "p")) for found in _TOKEN.findall(_folded(text))]


def lookup(table: dict[str, str]) -> dict[str, str]:
    """A table above turned round: each spelling, and its stem, to its canonical word."""
    turned: dict[str, str] = {}
    for canonical, spellings in table.items():
        for spelling in spellings.split():
            turned.setdefault(spelling, canonical)
            turned.setdefault(stem(spelling), canonical)
    return turned


BODY_OF: Final = lookup(BODY_WORDS)
TRANSMISSION_OF: Final = lookup(TRANSMISSION_WORDS)
FUEL_OF: Final = lookup(FUEL_WORDS)
COLOR_OF: Final = lookup(COLOR_WORDS)

# In free text these are more often something else ("gás", "auto", "ar", "vidro elétrico", "porta-luvas").
_TOO_VAGUE: Final = spelled(
    """
    gas gasol auto aut at ev pick touring estate areia ouro perola compacto utilitario
    """
)
_ELECTRIC_PARTS: Final = spelled(
    """
    vidro direcao trava retrovisor freio banco ajuste teto porta espelho regulagem abertura comando
    rebatimento
    """
)


def facet_of(token: str, before: str, after: str) -> tuple[str, tuple[str, ...]] | None:
    """What a word of free text restricts: ("bodies", ("suv",)), or None when it is only a word.

    `before` and `after` are its neighbours ("" at the ends). Who asks for an automatic also takes a CVT.
    """
    if token in _TOO_VAGUE:
        return None
    if token in FUEL_OF:
        if FUEL_OF[token] == "electric" and before in _ELECTRIC_PARTS:
            return None
        return "fuels", (FUEL_OF[token],)
    if token in TRANSMISSION_OF:
        kind = TRANSMISSION_OF[token]
        if (kind == "manual" and after in ("do", "chave")) or before in ("ar", "ar-condicionado", "condicionado"):
            return None
        return "transmissions", ("automatic", "cvt") if kind == "automatic" else (kind,)
    if token in BODY_OF:
        return "bodies", (BODY_OF[token],)
    if token in COLOR_OF:
        return "colors", (COLOR_OF[token],)
    return None


def color_family(color: str) -> str | None:
    """The plain colour of a paint's name: "Prata Sirius Metálico" → "prata"; None when it names none."""
    return next((COLOR_OF[word] for word in tokens(color) if word in COLOR_OF), None)


def meaningful(words: Iterable[str]) -> list[str]:
    """The words without those that say nothing, in their order, each once."""
    return [word for word in dict.fromkeys(words) if word not in STOP_WORDS]
