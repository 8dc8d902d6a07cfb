"""What a customer does not want, or does not mind: "nada de branco", "menos Fiat", "não precisa ser automático". Pure."""

import re
from typing import Final

from attrs import frozen

_REFUSING: Final = (
    r"\b(?:(?:nao|n|naum|num) (?:quero|queria|querendo|pode(?:ria)? (?:ser|vir)|gost(?:o|ei|amos|aria) (?:muito )?(?:d[aeo]s? )?|curto|seja|sejam|serve"
    r"|dirijo|sei dirigir|consigo dirigir|aceito|compro|confio em|suporto|to a fim de|tenho interesse em"
    r"|me interess\w+|fosse|sendo|ser\b)(?: (?:mais|muito))?"
    r"|(?:tudo|qualquer \w+|qq \w+|todos?|qualquer) menos|(?<!bebe )(?<!gasta )(?<!beba )(?<!gaste )(?<!consome )(?<!rode )(?<!mais ou )menos(?= \w)(?! (?:de|que|do|d[eo]|da|rodad|km|quilom|usad|gast|novo"
    r"|car[oa]|barat|consum|antig|visad|x\b|\d))|exceto|tirando|sem ser|fora(?! d[eo])|odeio|detesto|nada de|nunca"
    r"|nem (?:pensar (?:em|num)|ver|morto)|sem que seja|ja tive problema com|trauma de|fujo de|longe de"
    r"|i don'?t want|no quiero)\b"
)
_SCOPE_END: Final = re.compile(
    r"(?<!\d)\.|\.(?!\d)|[;:?!\n(]|\b(?:mas|porem|quero|prefiro|preciso|so|somente|apenas|ate|tem|pode|de preferencia|entao|que (?:tenha"
    r"|venha|custe)|busco|procuro|qualquer outr\w+|o resto|e sim|abaixo|acima|entre|a partir|no maximo|pra|para|por"
    r"|meu|minha|eh|e (?=um|uma|o |a |manual mesmo|automatic\w* mesmo))\b|\d{2,}"
)
# A comma ends it too, unless the list of what is refused goes on ("menos fiat, renault e ford").
_COMMA: Final = re.compile(r",(?!\s*(?:nem|e nem|nao|nada de)\b)")
_COMMA_LIST: Final = re.compile(r",(?=[^,.;?!\n]{1,14}(?:,[^,.;?!\n]{1,14})*\b(?:e|nem|ou)\b)")
_WITHOUT: Final = re.compile(r"\bsem (?!ser\b|entrada|juros|consulta|comprova|compromisso|que\b)(?:\w+ ){0,1}\w+")
# "a flex, não a diesel": only the word that follows.
_NOT_THE: Final = re.compile(r"\b(?:e )?nao (?:a|o|as|os|uma|um|de) (?!(?:um|que|quero|tem|vi)\b)(?:[a-z]+)")
_PAINT: Final = r"(?:branc|pret|prat|cinz|vermelh|azu|verd|amarel|marro|beg|laranj|dourad|vinho)\w*"
_NOT_PAINTED: Final = re.compile(
    rf"\b(?:nao|menos|nem)(?: seja| sendo)?(?: nem)? {_PAINT}(?:(?:, ?| e | ou | nem |, nem )(?:nao )?{_PAINT})*"
)
_INDIFFERENT: Final = re.compile(
    r"\b(?:(?:nao|n) (?:precisa(?: (?:de|ser|ter|vir com))*|faco questao(?: de| que seja)?|ligo(?: pra| para)?"
    r"|me importo(?: com)?|tem problema(?: (?:ser|se for|sendo))?|importa(?: (?:a|se e|se for))?)|tanto faz(?: a| o| se e"
    r"| ser| se for)?|pode ser (?=\w+ ou\b)|independente d[aeo])\s+[^,.;?!\n]{0,40}"
)
_REFUSED: Final = re.compile(_REFUSING)
_LONGEST: Final = 60


@frozen
class Refusals:
    """A folded text parted: `kept` has what is refused or indifferent blanked out, `refused` all but what is
    refused; positions stay."""

    kept: str
    refused: str


def refusals(plain: str) -> Refusals:
    """Find what a folded text refuses."""
    spans: list[tuple[int, int]] = []
    for match in _REFUSED.finditer(plain):
        said = plain[match.end() : match.end() + _LONGEST]
        end = _SCOPE_END.search(said)
        said = said[: end.start()] if end else said
        for comma in _COMMA.finditer(said):
            if not _COMMA_LIST.match(said, comma.start()):
                said = said[: comma.start()]
                break
        spans.append((match.start(), match.end() + len(said)))
    spans += [match.span() for pattern in (_WITHOUT, _NOT_THE, _NOT_PAINTED) for match in pattern.finditer(plain)]
    free = [match.span() for match in _INDIFFERENT.finditer(plain)]
    return Refusals(kept=_blank(plain, [*spans, *free]), refused=_only(plain, spans))


def _blank(plain: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        plain = plain[:start] + " " * (end - start) + plain[end:]
    return plain


def _only(plain: str, spans: list[tuple[int, int]]) -> str:
    left = [" "] * len(plain)
    for start, end in spans:
        left[start:end] = plain[start:end]
    return "".join(left)
