"""What car desks abbreviate, written out for reading aloud. Pure."""

import re
from typing import Final

_DAYS: Final = {
    "seg": "segunda", "ter": "terça", "qua": "quarta", "qui": "quinta", "sex": "sexta", "sab": "sábado",
    "sáb": "sábado", "dom": "domingo",
}  # fmt: skip
_DAY: Final = r"(seg|ter|qua|qui|sex|s[aá]b|dom)\b\.?"

_WORDS: Final = {
    # before a noun
    "c/": "com", "s/n": "sem número", "s/": "sem", "p/": "para", "e/ou": "ou",
    # equipment
    "ar-cond.": "ar-condicionado", "ar cond.": "ar-condicionado", "ar cond": "ar-condicionado",
    "dir. hidr.": "direção hidráulica", "dir. hid.": "direção hidráulica", "dir. hidráulica": "direção hidráulica",
    "dir. elétr.": "direção elétrica", "dir. elét.": "direção elétrica", "dir. elétrica": "direção elétrica",
    "dir.": "direção", "vid. elétr.": "vidros elétricos", "vid. elét.": "vidros elétricos",
    "vidros elét.": "vidros elétricos", "travas elét.": "travas elétricas", "elétr.": "elétrico", "hidr.": "hidráulica",
    "câmb.": "câmbio", "cx.": "caixa", "aut.": "automático", "autom.": "automático", "mec.": "mecânico",
    "man.": "manual", "compl.": "completo", "comp.": "completo", "dig.": "digital", "gas.": "gasolina",
    "bco.": "banco", "bcos.": "bancos", "rev.": "revisado", "un.": "único", "vers.": "versão", "mod.": "modelo",
    "fab.": "fabricação", "qtd.": "quantidade", "docs": "documentos", "doc.": "documento", "financ.": "financiamento",
    # streets
    "av.": "Avenida", "rod.": "Rodovia", "r.": "Rua", "al.": "Alameda", "pç.": "Praça", "pça.": "Praça",
    "jd.": "Jardim", "pq.": "Parque", "estr.": "Estrada", "trav.": "Travessa", "lj.": "loja", "n.": "número",
    # people and talk
    "dr.": "doutor", "dra.": "doutora", "sr.": "senhor", "sra.": "senhora", "vc": "você", "vcs": "vocês",
    "tb": "também", "tbm": "também", "pq": "porque", "hj": "hoje", "q": "que", "blz": "beleza", "msg": "mensagem",
    "obs.": "observação", "obs": "observação", "ex.": "por exemplo", "etc.": "etcétera", "etc": "etcétera",
    "tel.": "telefone", "cel.": "celular", "whats": "uátis", "zap": "zap", "a.m.": "ao mês", "a.a.": "ao ano",
    "seg.": "segunda", "sex.": "sexta", "sáb.": "sábado", "sáb": "sábado", "dom.": "domingo",
}  # fmt: skip
_CAPITALS_ALONE: Final = {
    "DH": "direção hidráulica", "VE": "vidros elétricos", "TE": "travas elétricas", "AC": "ar-condicionado",
}  # fmt: skip
_STREETS: Final = frozenset({"r.", "n.", "al.", "pq.", "un."})
"""Short ones that are meant only before a capital letter or a figure."""

_ABBREVIATED: Final = re.compile(
    r"(?<![\w/.-])("
    + "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))
    + r")(?:(?<=/)\s?|(?<=\.)(?!\w)|(?<![./])(?![\w/]|\.\w))",
    re.IGNORECASE,
)
_SENTENCE_ENDS: Final = re.compile(r"\s*(?:$|\n|\s[A-ZÀ-Ý])")
_EQUIPMENT: Final = re.compile(rf"(?<![\w/.-])({'|'.join(_CAPITALS_ALONE)})(?![\w/.-])")
_DAYS_RANGE: Final = re.compile(rf"\b{_DAY}\s?(a|à|e|,|-|–)\s?{_DAY}", re.IGNORECASE)
_WEEKDAY_PAIR: Final = re.compile(r"\b([2-6])ª(?:-feira| feira)?\s?(a|à|e)\s?([2-6])ª(?:[- ]feira)?")
_WEEKDAY: Final = re.compile(r"\b([2-6])ª[- ]feira\b")
_NUMBERED_DAYS: Final = ("", "", "segunda", "terça", "quarta", "quinta", "sexta")


def written_out(text: str) -> str:
    """The text with its abbreviations as words; the stop of one that ends a sentence stays."""
    text = _WEEKDAY_PAIR.sub(
        lambda found: f"{_NUMBERED_DAYS[int(found[1])]} {found[2]} {_NUMBERED_DAYS[int(found[3])]}", text
    )
    text = _WEEKDAY.sub(lambda found: f"{_NUMBERED_DAYS[int(found[1])]}-feira", text)
    text = _DAYS_RANGE.sub(_days, text)
    text = _EQUIPMENT.sub(lambda found: _CAPITALS_ALONE[found[1]], text)
    return _ABBREVIATED.sub(_word, text)


def _days(found: re.Match[str]) -> str:
    first, between, last = found.groups()
    joined = {"-": " a ", "–": " a ", ",": ", "}.get(between, f" {between} ")
    return f"{_DAYS[first.lower()]}{joined}{_DAYS[last.lower()]}"


def _word(found: re.Match[str]) -> str:
    short = found[1]
    behind = found.string[found.end() :]
    if short.lower() in _STREETS and not re.match(r"\s?(?:d[aeo]s?\s)?[A-ZÀ-Ý\d]", behind):
        return found[0]
    said = _WORDS[short.lower()]
    if short.endswith("/"):
        return f"{said} "
    if short.endswith(".") and said.islower() and _SENTENCE_ENDS.match(behind):
        return f"{said}."
    return said
