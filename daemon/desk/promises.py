"""What a text must not promise or pass on: credit, rates, other people's links and phones. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from daemon.desk.amounts import flat
from daemon.desk.brief import Fault, Sources

_CREDIT: Final = re.compile(
    r"\b(?:pre[\s-]?)aprovad\w+"
    r"|\b(?:credito|cadastro|ficha|financiamento|proposta)\b[^.!?\n]{0,30}?\b(?:aprovad\w+|garantid\w+"
    r"|liberad\w+|cert\w+ )"
    r"|\baprovad\w+\s+(?:na hora|garantid\w+|com certeza|sem|100)"
    r"|\baprova\w*\s+(?:\w+\s+){0,4}?(?:na hora|garantid\w+|imediat\w+|em minutos|facil|certa|sem consulta"
    r"|todo mundo)"
    r"|\b(?:aprovamos|aprovo|vamos aprovar|vou aprovar|conseguimos aprovar|consigo aprovar)\b"
    r"|\bgarant\w+\s+(?:\w+\s+){0,3}?(?:aprova\w+|credito|financiamento)"
    r"|\bsem\s+(?:consulta\w*|consultar|analise|checar|verificar|comprova\w+)\s*(?:\w+\s+){0,2}?(?:de\s+)?(?:credito|spc"
    r"|serasa|cpf|nome|score|renda|cadastr\w+|banc\w+)?"
    r"|\b(?:negativad\w+|nome sujo|restricao|score baixo)\b[^.!?\n]{0,40}?\b(?:sem problema|financi\w+|aprov\w+"
    r"|consegue|conseguimos|tambem|tranquilo)"
    r"|\b(?:financi\w+|aprov\w+|conseguimos|credito)\b[^.!?\n]{0,40}?\b(?:negativad\w+|nome sujo|com restricao"
    r"|score baixo)"
    r"|\b(?:voce|vc|seu nome|seu cpf)\b[^.!?\n,]{0,20}?\b(?:ja |foi |esta |ta |sera |vai ser )+aprovad\w+"
    r"|\baprovacao\s*(?:e\s*)?(?:de\s*)?(?:100|certa|garantid\w+|facil|imediat\w+|na hora)"
)
_UNPROMISED: Final = re.compile(
    r"\b(?:nao(?! se preocup)|nunca|jamais|nem|sem garantia|sujeit\w+|depend\w+|caso|se|quando|apos|depois|antes de|"
    r"mediante|pode ser|precisa\w*|ate que|so com|ainda)\b"
)
_AFTER_UNPROMISED: Final = re.compile(
    r"^[^.!?\n]{0,60}\b(?:depende|sujeit|quem (?:decide|define)|apos|mediante|so depois|e com o banco|e do banco)"
)
_RATE: Final = re.compile(
    r"(\d{1,2}(?:[.,]\d{1,2})?)\s*%\s*(?:ao mes|a\.?\s?m\b|mensa|de juros|de taxa)|(?:taxas?"
    r"|juros)\b[^.!?\n%]{0,30}?(\d{1,2}(?:[.,]\d{1,2})?)\s*%"
)
_PERCENT: Final = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s*%")
_NO_RATE: Final = re.compile(r"\b(?:sem juros|juros zero|taxa zero|zero de juros|zero juros)\b")
_LINK: Final = re.compile(
    r"\bhttps?://[^\s<>()\]]+|\bwww\.[^\s<>()\]]+|\b(?:wa\.me|bit\.ly|t\.me|goo\.gl)/[^\s<>()\]]+"
    r"|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|net|org|br|app|site|online|link|shop|store|info|ly|xyz"
    r"|top)\b(?:/[^\s<>()\]]*)?",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    r"(?<![\d.,$])(?:\+?55[\s.-]?)?\(?0?\d{2}\)?[\s.-]?9?[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)"
    r"|(?<!\d)0800[\s.-]?\d{3}[\s.-]?\d{4}(?!\d)|(?<![\d.,/-])9?\d{4}-\d{4}(?!\d)"
)


def check_promises(text: str, sources: Sources) -> list[Fault]:
    """Faults of a `normalised` text that have nothing to do with a vehicle's figures."""
    plain = flat(text)
    profile = sources.profile
    ours = (profile.name, profile.address, profile.phone, profile.assistant.facts, profile.assistant.greeting)
    faults = list(_credit(text, plain))
    faults += _rates(text, plain, sources, ours)
    for match in _LINK.finditer(text):
        said = match.group().rstrip(".,;:!?)")
        links = [*ours, *(url for v in sources.vehicles for url in (v.url, *v.photos)), *sources.customer_words]
        if not any(said.lower() in known.lower() for known in links):
            faults.append(Fault("tenant", said, "this address is not the dealership's; leave it out"))
    for match in _PHONE.finditer(text):
        digits = _digits(match.group())
        numbers = [_digits(known) for known in (*ours, profile.assistant.handover_phone, *sources.customer_words)]
        if len(digits) >= 8 and not any(digits[-8:] in number for number in numbers):
            faults.append(
                Fault("tenant", match.group().strip(), "this phone number is not the dealership's; leave it out")
            )
    return faults


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _credit(text: str, plain: str) -> Iterable[Fault]:
    for match in _CREDIT.finditer(plain):
        clause = re.split(r"[.!?;,\n]", plain[: match.start()])[-1]
        sentence_after = plain[match.end() :]
        if _UNPROMISED.search(clause) or _UNPROMISED.search(match.group()):
            continue
        if _AFTER_UNPROMISED.search(sentence_after):
            continue
        said = text[match.start() : match.end()]
        yield Fault("credit", said, "no credit may be promised; say that it depends on the bank's analysis")


def _rates(text: str, plain: str, sources: Sources, ours: Iterable[str]) -> list[Fault]:
    rate = sources.profile.assistant.finance_rate_percent_month
    faults = []
    why = "this rate is not the dealership's; leave it out"
    for match in _RATE.finditer(plain):
        known = {_percent(own_rate) for own in ours for own_rate in _PERCENT.findall(own)}
        if rate is not None:
            known |= {rate, round(rate, 1)}
        if _percent(match.group(1) or match.group(2)) not in known:
            faults.append(Fault("credit", text[match.start() : match.end()], why))
    if rate != 0 and _NO_RATE.search(plain) and not any(_NO_RATE.search(flat(own)) for own in ours):
        for match in _NO_RATE.finditer(plain):
            before = re.split(r"[.!?;,\n]", plain[: match.start()])[-1]
            if not re.search(r"\bnao\b", before):
                faults.append(Fault("credit", text[match.start() : match.end()], why))
    return faults


def _percent(text: str) -> float:
    return float(text.replace(",", "."))
