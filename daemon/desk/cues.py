"""The Portuguese words by which a sentence shows what it says of a vehicle. Pure.

All patterns read `flat` text: lower case, no accents.
"""

import re
from typing import Final

from daemon.desk.claims import PRICE_VERB

SENTENCE: Final = re.compile(r"(?<=[.!?;…])[\s)]+|(?<=\n)")
CLAUSE: Final = re.compile(
    r"[;:!?\n]|,?\s*\b(?:mas|porem|so que|em compensacao|entretanto|todavia|contudo|ja\s+(?:o|a)\b"
    r"|por outro lado|no entanto)\b"
)
NOT_HERE: Final = re.compile(
    r"\b(?:(?:nao|nem)\s+(?:\w+\s+){0,3}?(?:tem|temos|tenho|ha|havia|tinha|tinhamos|encontrei|achei|localizei"
    r"|consta|constam"
    r"|trabalh\w+|disponive\w+|aparece\w*|vi|apareceu|possu\w+|chegou|sobrou|restou|esta\w*|existe\w*|e|sao"
    r"|consigo|consegui)"
    r"|sem\s+(?:nenhum\w*\s+)?(?=\S)|nenhum\w*|nada\b|acab(?:ou|aram|amos)|vendid[oa]s?\b|vendemos|esgot\w+"
    r"|fora de estoque"
    r"|em falta|zerad\w+|indisponive\w+|infelizmente)\b"
)
GONE: Final = re.compile(
    r"[^.!?]{0,30}\b(?:nao (?:temos|tenho|tem|ha|esta|consta|apareceu)|ja (?:foi|saiu)|foi vendid|acabou|vendid"
    r"|esgot|em falta|indisponiv|fora de estoque|eu nao)"
)
LIKE: Final = re.compile(
    r"(?:parecid\w+|similar\w*|semelhante\w*|mesm[ao] (?:linha|pegada|categoria|faixa|segmento|estilo|proposta|porte)"
    r"|concorrente\w*|rival\w*|equivalente\w*|alternativ\w+|em vez|no lugar|ao inves|compar\w+|do que|estilo|tipo)"
    r"[^.!?,;]{0,25}$"
)
EXCEPT: Final = re.compile(
    r"\b(?:(?:nao|nem) (?:seja|sejam|for|forem|sendo)|sem ser|menos|exceto|fora|tirando|a nao ser|sem contar)"
    r"\s+(?:(?:os?|as?|da|do|de|um|uma|nenhum|nenhuma|marca)\s+)*$"
)
"""Right before what a wish leaves out: "até R$ 65.000 que não seja Renault"."""

WISHED: Final = re.compile(r"\b(?:opc\w+|ess[ae]s?|alguns|algumas|carros?|modelos?) de\s+[^.!?\n]{0,60}$")
"""Before the customer's wish repeated as a heading: "Separei essas opções de Audi ou BMW:"."""

EITHER: Final = re.compile(r"\bou\b")
YOURS: Final = re.compile(r"\b(?:seu|sua|teu|tua)(?!\s+(?:nov|proxim|futur))\W*(?:\w+\W+){0,2}$")
TRADE: Final = re.compile(
    r"\b(?:na|de|a|da|pra|para) troca\b|\bavalia\w*|\bparte do pagamento\b|\bcomo entrada\b|\btroca\w*\b"
)
ECHO: Final = re.compile(
    r"\b(?:voce|vc|tu|senhora?)\b[^.!?\n]{0,40}\b(?:falou|disse|mencionou|perguntou|pediu|procura\w*|quer"
    r"|queria|busca\w*|"
    r"deseja|informou|citou|comentou|passou|pretende|ofereceu|gostaria|viu|pensou|precisa|tem|imagina\w*)\b"
    r"|\b(?:procurand\w+|buscand\w+|seu (?:orcamento|limite|teto)|sua (?:faixa|proposta|oferta|meta)"
    r"|que (?:pediu|procura|quer|falou))\b"
)
ASSERTS: Final = re.compile(
    r"\b(?:cust\w+|sai(?:ndo)? (?:por|a)|fica (?:por|em)|preco|valor(?! maximo)|esta por|ta por|feito"
    r"|combinad\w+|fechad\w+|"
    r"leva por|anunciad\w+|vale|fechamos|fecho|faco|fazemos|pag(?:o|amos)|aceit\w+)\b"
)
WORTH: Final = re.compile(
    r"\b(?:vale|pag(?:o|amos)|avaliad\w+|avaliamos (?:em|por)|aceit\w+ (?:por|em)|entra (?:por|em|a)|dou|damos)\b"
)
OFFERED: Final = re.compile(r"\b(?:disponive\w+|a venda|pronta entrega|pode vir ver|te esperando)\b")
ESTIMATE: Final = re.compile(r"simula|estimativ|estimad|aproximad|sujeit|\baprox\b")
EACH: Final = re.compile(r"\b(?:ambos|ambas|os dois|as duas|os tres|todos|todas|cada um|cada uma)\b[^.!?]{0,40}$")
ITEM: Final = re.compile(r"^\s*(?:[^\w\s(]{1,4}\s+|\d{1,2}\s?[).°º-](?!\d)\s*)")
ANOTHER: Final = re.compile(
    r"\b(?:o|um|a|uma|outro|outra|segundo|segunda|primeiro|primeira|terceiro|terceira|tambem)\W+(?:ano\W+|de\W+"
    r"|e\W+)?$"
)
OTHER: Final = re.compile(r"\b(?:outr[oa]s?|segund[oa]|tambem tenho|tambem temos|tem (?:mais )?um)\b")
FRONT: Final = re.compile(r"^\W*(?:(?:e|ja|ou|tambem|agora)\W+)*(?:por|com|a|de|ano|a partir de|na faixa de)?\W*$")
LEADS_TO: Final = re.compile(
    r"^\s*(?:reais\s*)?(?:(?:voce|vc|eu|ja)\s+)*(?:leva|levam|tem|temos|tenho|sai|e o preco|e o valor|consegue"
    r"|encontra|acha)?"
    r"\s*(?:d?[oa]|uma?|n[oa]|pel[oa]|ess[ea]|est[ea])?\s*$"
)
THEIRS: Final = re.compile(
    r"\b(?:(?:n|d|pr)?[oa]s? (?:seu|sua|teu|tua)s?|com (?:seus|sua|seu)|cabe\w* (?:em|n[oa]s?)(?: seus)?"
    r"|voces? (?:tem|falou))\W*$"
)
"""Right before a figure of the customer's: "cabe nos seus R$ 100 mil"."""

DENIED: Final = re.compile(r"\bnao\s+(?:e|eh|era|sao|foi|custa|tem|sai(?: por)?)\W*(?:de |ano |modelo )?$")
YOUR_ONE: Final = re.compile(r"\b(?:o seu|a sua|o teu|a tua|seu carro|teu carro)\b[^,.;!?\d]{0,15}$")
OFFER: Final = re.compile(
    r"\b(?:temos|tenho|tem|disponive\w+|chegou|separei|encontrei|achei|opc\w+|olha|segue|oferec\w+"
    r"|esta aqui|reserv\w+)\b"
)
APPRAISED: Final = re.compile(
    r"[\s,]*(?:(?:sim|a gente|nos|tambem|pode|podemos)\b[\s,]*)*(?:avalia|entra\b|entrar\b|pegamos|pega\b)"
)
"""Right behind the customer's car: "Gol 2015 a gente avalia"."""

NOTED: Final = re.compile(r"\b(?:anot\w+|registr\w+)\b")
THEIR_CAR: Final = re.compile(r"\b(?:seu|sua|teu|tua|proposta|troca|usado)\b")
AND: Final = re.compile(r"\s*(?:,|e|ou|nem|,\s*(?:e|nem))\s*(?:[oa]s?|d[oa]s?|n[oa]s?|um|uma)?\s*")
ONE_OF: Final = re.compile(r"\b[oa]\s+(?:mais|menos|outr[oa]|primeir[oa]|segund[oa])\b")
SHORT_YEAR: Final = re.compile(
    r"(?:\s+[a-z]\w*){0,2}?\s*(?:'|\s)(\d{2})\b(?=\s*(?:$|[;!?)|–-]|[,.](?!\d)|por\b|com\b|ta\b|esta\b"
    r"|sai\b|custa\b|completo|automatic|manual|r\$|e\b))"
)
"""A year in two digits behind a name: "HB20 22 por R$ …"."""

WORDS: Final = re.compile(r"[a-z0-9]+")
WORD: Final = re.compile(r"[a-z]{4,}")
COMMON: Final = frozenset(
    {
        "para", "pelo", "pela", "como", "mais", "esse", "essa", "este", "esta", "voce", "nosso", "nossa", "carro",
        "carros", "veiculo", "preco", "valor", "valores", "reais", "custa", "sobre", "todo", "toda", "todos",
        "todas", "aqui", "quando", "muito", "temos", "tenho", "modelo", "anos", "apenas", "partir", "cada", "entre",
    }
)  # fmt: skip
"""Words that do not tell what a figure is about."""


def lines(text: str) -> list[str]:
    """The lines of a text that say something."""
    return [line for line in text.split("\n") if line.strip()]


def sentences(line: str) -> list[str]:
    """The sentences of a line."""
    return [part for part in SENTENCE.split(line) if part and part.strip()]


def clause_start(plain: str, position: int) -> int:
    """Where the clause begins that `position` is in."""
    start = 0
    for match in CLAUSE.finditer(plain, 0, position):
        start = match.end()
    return start


def clause_end(plain: str, position: int) -> int:
    """Where that clause ends."""
    match = CLAUSE.search(plain, position)
    return match.start() if match else len(plain)


def absent(before: str, after: str) -> bool:
    """Whether a clause says of a vehicle that it is not here."""
    for match in NOT_HERE.finditer(before):
        rest = before[match.end() :]
        if not re.search(r"\b(?:tenho|temos|tem|mas|que)\b", rest):
            return True
    return GONE.match(after) is not None


def offers(plain: str, start: int, end: int) -> bool:
    """Whether the clause of a mention offers it or says figures of it."""
    clause = plain[clause_start(plain, start) : clause_end(plain, end)]
    offer = OFFER.search(clause)
    return bool(offer or re.search(PRICE_VERB + r"\W*(?:r\$|\d)", clause) or re.search(r"r\$|\d km", clause))
