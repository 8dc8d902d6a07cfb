"""What a burst of messages means: intents, restrictions, references. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, frozen

from daemon.desk.amounts import flat
from daemon.desk.brief import Brief
from daemon.desk.catalogue.figures import Money
from daemon.desk.catalogue.intents import facts, intents, wants_out
from daemon.desk.catalogue.lexicon import Lexicon, Mention
from daemon.desk.catalogue.owncar import own_car
from daemon.desk.catalogue.slots import options_asked, read, without
from daemon.desk.catalogue.when import Wanted, wanted
from daemon.desk.catalogue.wish import Wish

LONGEST: Final = 1_500
"""How much of a burst's beginning is read, in characters; besides its last fifth of that."""

_SPACES: Final = re.compile(r"[ \t]+")
_POINTING: Final = re.compile(
    r"\b(?:ess[ea]s?|est[ea]s?(?! (?:mes|ano|semana|noite|tarde|manha))|dess[ea]s?|dest[ea]s?"
    r"|ness[ea]s?|nest[ea]s?|aquel[ea]s?|daquel[ea]s?|naquel[ea]s?|el[ea]s?|del[ea]s?|nel[ea]s?"
    r"|isso|disso"
    r"|o carro|do carro|no carro|o veiculo|do veiculo|o mesmo|this|it|that|moto ai|carro (?:ai"
    r"|do anuncio|da foto|do video))\b"
)
_ORDINALS: Final = (
    (0,
        (r"\bprimeir[oa]\b(?! (?:dono|vez|parcela|carro meu|andar))|\b1[oaº°ª]\b|\b(?:o|opcao|numero"
        r"|n) (?:1|um)\b(?!\.)\W*(?:$|\?|da lista|ai)")),
    (1,
        (r"\b(?:o|a|do|da|esse|essa) d[oe] meio\b|\b(?:o|do|no|esse|pelo|desse|a|da) segund[oa]\b(?! (?:feira|dono))|\bsegundo\b(?! (?:dono|o "
        r"|a ))|\bsegunda opcao|\b2[oaº°ª]\b|\b(?:o|opcao|numero|n) (?:2|dois)\b(?!\.)\W*(?:$|\?"
        r"|da lista|ai)")),
    (2,
        (r"\bterceir[oa]\b(?! (?:dono|fileira))|\b3[oaº°ª]\b(?! fileira)|\b(?:o|opcao|numero|n) (?:3"
        r"|tres)\b(?!\.)\W*(?:$|\?|da lista|ai)")),
    (3, r"\b(?:o|do|no) quarto\b|\bquarta opcao|\b4[ºo°]\b|\b(?:opcao|numero|n) 4\b"),
    (-1, r"\b(?:o|do|no|esse|desse|a|da) ultim[oa]\b(?! (?:preco|valor))|\bultim[oa] (?:opcao|carro|da lista|que)"),
)  # fmt: skip
_COMPILED_ORDINALS: Final = tuple((index, re.compile(pattern, re.MULTILINE)) for index, pattern in _ORDINALS)
_PICKING: Final = re.compile(
    r"\b(?:o|a|do|da|no|na|pelo|pela|ess[ea]|dess[ea]|ness[ea])\s+(?:carro |modelo |suv |sedan "
    r"|de cor )?(?:mais\s+(?:barat|car|nov|em conta)|menos rodad|mais rodad|branc|pret|prat|cinza"
    r"|vermelh|azul|verde|amarel|marrom|bege|laranja"
    r"|manual|automatic|diesel|flex|hibrid|cvt|turbo|\d{4}\b|de \d|1\.|2\.|4x4|7 lugares|completo)"
)
_SEARCHING: Final = re.compile(
    r"\b(?:tem|tens|teria|teriam|temos|tenham|quero (?:um|uma)|queria (?:um|uma)|procur\w+|busc\w+"
    r"|preciso|algum|alguma|alguns|quais|que carros?|o que|outr[oa]s?|me (?:indica|mostra)|any"
    r"|have)\b"
)
_FOLLOWING: Final = re.compile(
    r"^\W*(?:e|eh|mas|ou|so|entao|e se for|e com|e sem|agora|pode ser|prefiro|melhor"
    r"|de preferencia|tem que ser|mas tem)\b"
)
_FORGET: Final = re.compile(
    r"\b(?:esquece|deixa (?:pra la|quieto)|mudei de ideia|melhor (?:uma?|outro)"
    r"|outra coisa|desisto|tanto faz)\b"
)
_SHORT_NO: Final = re.compile(r"\b(?:n|naum|num)\b(?=\s+(?:[a-z]))")
_NO_TRADE: Final = re.compile(
    r"\bnao (?:tenho|possuo|vou (?:dar|ter|por|colocar)|vai ter|tem|ha) (?:\w+ ){0,4}(?:troca|usado)\b|\bsem (?:carro (?:na|pra|de) )?troca\b"
)
_NO_LOAN: Final = re.compile(
    r"\bnao (?:preciso|quero|vou|queria|pretendo) (?:de |fazer |um )*(?:financ\w+|parcel\w+|emprestimo)"
)
_SPENDING: Final = re.compile(
    r"\bfaz(?:em)? (?:quantos?|na|em|km|por)\b|\btroc\w+ (?:o |de |a )?(?:pneus?|oleo|bateria|pastilhas?)\b"
)
_ANYONE: Final = re.compile(r"\b(?:tem |ha )?(?:alguem|gente|algum atendente)(?: ai| ae| online| na linha| por ai)*\b")
# Of money in a trade-in that asks for no financing: "de entrada", "ainda ta financiado".
_OWN_CAR_MONEY: Final = re.compile(
    r"\b(?:(?:de|como|na|pra|para|dar|da) (?:a )?entrada|(?:ta|esta|e|eh|ainda|carro|moto|tem|tenho) (?:\w+ ){0,2}financiad[oa]"
    r"|parcelas? (?:pra|para|a) pagar|entrada)\b"
)
# "e em 48?", "em trinta e seis": a term, and nothing else.
_BARE_TERM: Final = re.compile(
    r"\A\W*(?:e |mas |ou |agora )*(?:se for |se eu fizer |fizer |fazendo |faz |parcelando |financiando )?(?:em|por|com) (?:ate )?"
    r"(?:12|24|36|48|60|72|doze|vinte e quatro|trinta e seis|quarenta e oito|sessenta|setenta e duas)"
    r"(?: ?(?:x|vezes|meses|parcelas))?\W*\Z"
)
# "e se eu der vinte mil", "e dando 50%?": a down payment on the one in question.
_GIVING: Final = re.compile(
    r"\b(?:se (?:eu )?(?:der|desse|dar|entrar com|entrasse com|colocar|botar|puser)|entrando com|entro com|dando|e com)\s+"
    r"(?:uma entrada de |uns |r\$ ?)*(?:\d|dez|vinte|trinta|quarenta|cinquenta|sessenta|cem|metade)(?!.{0,20}\b(?:a ?vista|fecha\w*|leva)\b)"
)
_STATE: Final = re.compile(
    r"\d ?(?:mil )?kms?\b|\brodad|\bimpecave|\bconserva|\binteir[oa]|\bdetalhe|\barranh|\bbatid|\brevis|\bunico dono"
    r"|\bpneus?\b|\bem dia\b|\bquitad|\bsegundo dono|\botimo estado|\bbom estado|\bnovinh|\bzerad"
)
_INSULT: Final = re.compile(
    r"\b(?:vai se f|vai (?:a|pra) m|fdp|filh[oa]s? da p|vtnc|vsf|tnc|otari|idiota|imbeci|burr[oa]|babaca|arrombad|cuz|desgrac"
    r"|viad|cretin|trouxa|vagabund|retardad)"
)
_NOT_THEN: Final = re.compile(r"\bnao (?:vou|consigo|posso|irei|poderei|da|rola)\b[^,.;?\n]{0,30}(?=[,.;?\n])")
_DIFFERENCE: Final = re.compile(
    r"\b(?:quant[oa]|qnto|qto|qual) (?:\w+ ){0,3}(?:a |de |da |na )?(?:diferenca|volta)\b(?! (?:entre|d[oae]s?|pr[ao]|para|no) )(?=.{0,12}\Z)"
)
_RESERVED: Final = re.compile(
    r"\b(?:tem|ta|esta|tao|estao|foi|ja|algum\w*|continua|e)\b.{0,25}\breservad[oa]s?\b(?! (?:pra|para|pro) mim)"
)
_ENGLISH: Final = re.compile(
    r"\b(?:hello|hi|do you|have|any|the|price|how much|is it|available|i want|i am|looking|thanks"
    r"|please|under|car|cars|tell me|what|where)\b"
)
_SPANISH: Final = re.compile(
    r"\b(?:hola|tienen|tiene|cuanto|cuesta|busco|quiero|gracias|buenos|buenas|precio|camionetas?"
    r"|coche|usted|ustedes|donde|estan)\b"
)


@frozen(kw_only=True)
class Understood:
    """A burst, read. `wish` and `mentions` are of what the customer wants; `own` is his own car's words."""

    text: str
    folded: str
    intents: frozenset[str]
    facts: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    wish: Wish
    money: Money
    mentions: tuple[Mention, ...]
    own: str
    own_called: str  # its name alone
    own_feminine: bool
    when: Wanted
    ordinal: int | None
    pointing: bool
    picking: bool  # "o branco", "o mais barato"
    searching: bool  # asks what there is
    following: bool  # begins as a follow-up: "e manual?"
    forget: bool  # takes back what was wanted
    out: bool
    language: str  # "en", "es" or ""

    def has(self, *names: str) -> bool:
        """Whether any of these intents was found."""
        return any(name in self.intents for name in names)


def understand(brief: Brief) -> Understood:
    """Read the burst of a brief."""
    text = clipped("\n".join(_SPACES.sub(" ", line.text).strip() for line in brief.burst if line.text.strip()))
    understood = read_burst(text, brief, asked=str(brief.memory.get("asked") or ""))
    telling = (
        brief.memory.get("own")
        and (brief.memory.get("appraising") or brief.memory.get("asked") == "trade")
        and _STATE.search(understood.folded)
        and not (understood.mentions or understood.searching or "?" in text or understood.has("visit", "finance"))
    )
    if telling:  # of his own car, not of ours
        return evolve(understood, intents=frozenset({"trade", "own_state"}), wish=Wish(), facts=(), options=())
    return understood


def clipped(text: str) -> str:
    """The beginning and the end of an over-long text."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "\n" + text[-LONGEST // 5 :]


def read_burst(text: str, brief: Brief, *, asked: str, names: Lexicon | None = None) -> Understood:
    """Read a text in the light of a brief; `asked` names our last question. Reading asks the stock nothing."""
    plain = flat(text)
    found = intents(_SHORT_NO.sub("nao", plain))
    every = (names or Lexicon(brief.summary)).find(text)
    selling = bool(found & {"trade", "sell", "consign"})
    own = own_car(text, every, selling=selling, asked=asked == "trade")
    wanted_mentions = [m for m in every if own is None or not own.start <= m.start < own.end]
    rest = text if own is None else without(text, [(own.start, own.end)])
    found = _sorted_out(
        found, _SHORT_NO.sub("nao", plain), owns=own is not None and any(own.start <= m.start < own.end for m in every)
    )
    if "abuse" in found and (wanted_mentions or facts(plain)) and not _INSULT.search(plain):
        found -= {"abuse"}  # "quanto custa essa merda de civic": a price is asked
    if _BARE_TERM.search(plain):
        found, asked = found | {"finance"}, "months"
    elif _GIVING.search(plain) and (brief.memory.get("focus") or brief.memory.get("shown")):
        found |= {"finance"}
    money_talk = bool(found & {"finance", "discount", "reserve"}) or asked in {"down", "months"}
    wish, money = read(rest, wanted_mentions, money_talk=money_talk, asked=asked, this_year=brief.now.year)
    folded = flat(rest)
    if "sell" in found and not _SEARCHING.search(folded):  # what he asks for his own car is no limit for ours
        wish = wish.without("min_centavos", "max_centavos", "around_centavos")
    return Understood(
        text=text,
        folded=plain,
        intents=found,
        facts=_facts(folded, rest),
        options=options_asked(folded),
        wish=wish,
        money=money,
        mentions=tuple(wanted_mentions),
        own=own.said if own else "",
        own_called=own.called if own else "",
        own_feminine=own.feminine if own else False,
        when=wanted(_NOT_THEN.sub(" ", folded), brief.now),
        ordinal=next((index for index, pattern in _COMPILED_ORDINALS if pattern.search(folded)), None),
        pointing=bool(_POINTING.search(folded)),
        picking=bool(_PICKING.search(folded)),
        searching=bool(_SEARCHING.search(folded)),
        following=bool(_FOLLOWING.match(folded)),
        forget=bool(_FORGET.search(folded)),
        out=wants_out(plain.strip()),
        language=_language(plain),
    )


def _sorted_out(found: frozenset[str], plain: str, *, owns: bool) -> frozenset[str]:
    """The intents without those that only a word of another one called up."""
    if owns and not found & {"sell", "consign", "broken"}:  # who names his own car offers it
        found |= {"trade"}
    if "anyone" in found and "human" in found and "human" not in intents(_ANYONE.sub(" ", plain)):
        found -= {"human"}
    if "trade" in found and "finance" in found:
        left = intents(_OWN_CAR_MONEY.sub(" ", plain))
        found -= {"finance"} - left
    if found & {"facility", "video"} and "hours" in found and not re.search(r"\b(?:hora|abre|fecha|abert)", plain):
        found -= {"hours"}
    if _NO_TRADE.search(plain):
        found = (found - {"trade"}) | {"no"}
    if _NO_LOAN.search(plain):
        found -= {"finance"}
    if _DIFFERENCE.search(plain):
        found = (found - {"compare"}) | {"trade"}
    if "fleet" in found:
        found -= {"trust", "payment"}
    if found & {"reserve", "discount", "buying"} and _RESERVED.search(plain):
        found = (found - {"reserve"}) | {"available"}
    if "enough" in found:
        found -= {"photos", "video"}
    if "help" in found and found & {"finance", "photos"}:
        found -= {"help"}
    if found & {"videocall"}:
        found -= {"photos", "video", "call"}
    if "ack" in found and "hours" in found:
        found -= {"ack"} if "?" in plain else {"hours"}
    if found & {"consumption", "service"}:
        found -= {"discount", "trade"} - intents(_SPENDING.sub(" ", plain))
    if "consign" in found:
        found -= {"sell"}
    return found


def _facts(folded: str, text: str) -> tuple[str, ...]:
    """The facts asked for; "e manual?" asks for another vehicle, "é manual?" for a fact."""
    found = facts(folded)
    if options_asked(folded) and re.search(r"\bvem com\b", folded):
        found = tuple(fact for fact in found if fact != "options")
    if re.search(r"\bseguro\b", folded):
        found = tuple(fact for fact in found if fact != "price")
    if "battery" in found:
        found = tuple(fact for fact in found if fact not in {"price", "state"})
    if _FOLLOWING.match(folded) and folded.lstrip().startswith("e ") and not re.search(r"(?i)\bé\b", text):
        return tuple(fact for fact in found if fact not in {"transmission", "fuel", "engine"})
    return found


def _language(plain: str) -> str:
    english, spanish = len(_ENGLISH.findall(plain)), len(_SPANISH.findall(plain))
    if english >= 2 and english > spanish:
        return "en"
    return "es" if spanish >= 2 or plain.startswith("hola") else ""


def recalled_ids(memory: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Vehicle ids kept in a turn's memory."""
    stored = memory.get(key)
    return tuple(item for item in stored if isinstance(item, str)) if isinstance(stored, list | tuple) else ()
