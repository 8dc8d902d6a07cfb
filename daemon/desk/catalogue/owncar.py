"""The customer's own car in what he writes: "aceita meu gol 2015 na troca?". Pure."""

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from daemon.desk.amounts import flat
from daemon.desk.catalogue.lexicon import Mention, squash

_LONGEST: Final = 70

_MINE: Final = re.compile(
    r"\b(?:meu|minha|(?:eu )?tenho (?:um|uma|o|a|esse|essa)|tb tenho (?:um|uma)|possuo (?:um|uma)"
    r"|vende\w* (?:o |a |um |uma |meu |minha )?"
    r"|vendo (?:o |a |um |uma |meu |minha )?|dou (?:o|a|um|uma|meu|minha)|dar (?:o|a|um|uma|meu"
    r"|minha)|dando (?:o|a|um|uma|meu|minha)|na minha|no meu|o meu|a minha|tipo (?:um|uma|o|a)|por exemplo (?:um|uma|o|a)|com (?:meu|minha)"
    r"|(?:e|eh) (?:um|uma)|seria (?:um|uma)|nele|troco (?:o |a |um |uma |meu |minha )?"
    r"|trocar (?:o |a |um |uma |meu |minha )?|peg(?:a|am|aria|ariam) (?:o |a |um |uma |meu "
    r"|minha )?"
    r"|aceit(?:a|am|aria|ariam) (?:o |a |um |uma |meu |minha )?|compra(?:m|ria|riam)? (?:o |a |um "
    r"|uma |meu |minha )?|avali(?:a|am|ar) (?:o |a |um |uma |meu |minha )?)"
    r"\s*(?:(?:carr(?:o|inho|ao)|moto|veiculo|caminhonet\w+|camionet\w+|picape|pick ?up|usad[oa]|seminov[oa]|suv|sedan"
    r"|hatch|jipe|antig[oa]|velh[oa]|humilde)(?: e|,)? )*(?:e |eh )?(?:um |uma )?$"
)
_TARGET_BEFORE: Final = re.compile(
    r"\b(?:por|num|numa|em|pel[oa]|nesse|nessa|nest[ea]|n[oa]|na troca d[eoa]|troca (?:por|d[eoa]"
    r"|n[oa])|por (?:um|uma|esse|essa)|em (?:um|uma)|quero|queria|comprar|pegar|d[oa]|interesse"
    r"|tem|vcs tem|e quero|ver|desse|dess[ea])"
    r"\s*(?:o |a |um |uma |esse |essa |tal |seu |)$"
)
_END: Final = re.compile(
    r"[?!\n;]|\b(?:e|mas|que|ainda|pra|para|na troca|n[oa] negocio|de entrada|como entrada|na entrada"
    r"|como parte|num|numa|por um|por uma|por esse|pelo|pela|nesse|nessa|em um|em uma"
    r"|quero|queria|qto|qnto|quanto|voces|vcs|vc|aceita\w*|pega\w*|e volta|mais volta|com volta"
    r"|da pra|serve|quais|qual|como|tem como|interesse|avalia\w*|posso|gostaria|vale|vcs|entra|serve|no rolo)\b"
)
_TRADE_AFTER: Final = re.compile(
    r"^[^?!.\n]{0,40}?\b(?:na troca|n[oa] negocio|de entrada|como entrada|na entrada|como parte|pra troca"
    r"|para troca|de troca)\b"
)
_UNNAMED: Final = re.compile(
    r"\b(?:meu|minha) (carro|moto|veiculo|usado|seminovo|caminhonete|picape|carrinho)\b[^?!\n]{0,40}"
)


_FEMININE_NOUNS: Final = frozenset({"moto", "caminhonete", "picape"})


@frozen
class Own:
    """The customer's car as he wrote of it, where in the text, and which mentions are of it."""

    said: str
    start: int
    end: int
    called: str = ""  # the name alone, with the year where it was written in figures
    feminine: bool = False


def own_car(text: str, mentions: Sequence[Mention], *, selling: bool, asked: bool) -> Own | None:
    """The customer's own car. `selling`: he speaks of a trade-in or a sale; `asked`: we asked about it."""
    plain = flat(text)
    if not (selling or asked):
        return _owned_plainly(text, plain, mentions)
    for mention in mentions:
        before = plain[max(0, mention.start - 45) : mention.start]
        if _MINE.search(before) or (_TRADE_AFTER.match(plain[mention.end :]) and not _TARGET_BEFORE.search(before)):
            return _cut(text, plain, mention, mentions)
    if asked and mentions and not re.search(r"\b(?:tem|quero|queria|procuro)\b", plain):
        return _cut(text, plain, mentions[0], mentions)
    unnamed = _UNNAMED.search(plain)
    if unnamed:
        end = unnamed.end()
        stop = _END.search(plain, unnamed.start(1), end)
        return Own(
            text[unnamed.start(1) : stop.start() if stop else end].strip(" ,."),
            unnamed.start(),
            end,
            unnamed[1],
            unnamed[1] in _FEMININE_NOUNS,
        )
    return None


def _owned_plainly(text: str, plain: str, mentions: Sequence[Mention]) -> Own | None:
    for mention in mentions:
        if re.search(
            r"\b(?:meu|minha|tenho um|tenho uma|(?:meu|minha) \w+ (?:atual )?(?:e|eh) (?:um|uma|o|a))\s+$",
            plain[: mention.start],
        ):
            return _cut(text, plain, mention, mentions)
    return None


def _cut(text: str, plain: str, mention: Mention, mentions: Sequence[Mention]) -> Own:
    following = next((m for m in mentions if m.start > mention.end), None)
    if not mention.known.model and following is not None and not plain[mention.end : following.start].strip(" -/"):
        mention = evolve(following, start=mention.start, said=plain[mention.start : following.end])  # "audi q3"
    stop = _END.search(plain, mention.end)
    end = min(stop.start() if stop else len(text), mention.start + _LONGEST)
    # "meu Honda Fit" goes on; "minha Biz na CG" does not.
    other = next(
        (m.start for m in mentions if m.start > mention.end and plain[mention.end : m.start].strip(" -/")), end
    )
    end = min(end, other)
    said = re.sub(
        r"\s+(?:e|com|,|na|no|de|pra|para|em|o|a|mais|\+|num|numa|nesse|nessa)$",
        "",
        text[mention.start : end].strip(" ,.;-"),
    )
    year = re.match(r"[^,.;+\n\d]{0,20}?(?<!\d)(?:19|20)\d\d(?!\d|\s*(?:km|mil|reais))", text[mention.end : end])
    plainly = squash(mention.said) == squash(mention.known.model)  # a nickname with a year would look like ours
    called = " ".join(text[mention.start : mention.end + (year.end() if year and plainly else 0)].split())
    feminine = mention.known.body in {"pickup", "motorcycle"}
    noun = re.search(r"\b(?:motos?|caminhonet\w+|camionet\w+|picape|carro|suv|sedan|hatch)\s+$", plain[: mention.start])
    return Own(" ".join(said.split()), noun.start() if noun else mention.start, end, called, feminine)
