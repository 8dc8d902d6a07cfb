"""An answer's text as it is said in a voice note, and what of it a customer needs in writing besides. Pure.

Nobody can tap a link that was read out, nor compare six vehicles by ear: links, lists and telephone numbers go out in
writing too, and where they are not read the speech says so.
"""

import re
import unicodedata
from typing import Final

from attrs import frozen

from daemon.desk.abbreviations import written_out
from daemon.desk.reading import read_out

MAX_SAID: Final = 900
"""Characters of speech, about a minute. Who is sent more than that by voice stops listening: it goes out as text. (It
is also far below the two minutes that fit into WhatsApp's 512 KB at 32 kbit/s.)"""
MAX_LISTED: Final = 2
"""Lines of a list that are still read aloud."""

_LINK: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:wa\.me|goo\.gl|maps\.app)/\S+", re.I
)
_ITEM: Final = re.compile(r"^\s*(?:[•·▪◦‣➡✅☑✔]|[*–-](?=\s)|\d{1,2}[.)](?=\s)|\d\ufe0f?\u20e3)\ufe0f?\s*")
_VEHICLE: Final = re.compile(r"\s*🚗")
_TAPPED: Final = re.compile(
    r"\(\d{2}\)\s?\d{4,5}[\s.-]?\d{4}|(?<!\d)\+55[\s\d()-]{10,}|\b0800[\s.-]?\d{3}|\b9?\d{4}-\d{4}\b|📞|📍"
)

_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+")

_STRUCK: Final = re.compile(r"(?<![\w~])~(?=\S)[^~\n]+(?<=\S)~(?![\w~])")
_CODE: Final = re.compile(r"`+")
_EMPHASIS: Final = re.compile(r"[*_#~]+")
_QUOTES: Final = re.compile(r"[“”\"«»‹›<>\[\]{}\\^]|(?<!\w)['‘’]|['‘’](?!\w)")
_BRACKETS: Final = re.compile(r"\s*\(([^()]*)\)")
_DROPPED: Final = "\ue000"
"""Stands where an emoji was until its pause is decided."""
_KEPT_SYMBOLS: Final = frozenset("$%+=&°|")


@frozen(kw_only=True)
class Script:
    """How an answer is given by voice."""

    said: str  # the words for the voice, with no figure, mark or emoji left
    prose: str  # the same as the customer would read it
    written: str  # what goes out as text after the voice note; "" for nothing


def script(text: str) -> Script | None:
    """How to give the answer `text` by voice; None where it is better read: too long, or nothing to say."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    listed = {index for index, line in enumerate(lines) if _ITEM.match(line) or _VEHICLE.match(line)}
    if len(listed) <= MAX_LISTED:
        listed = set()
    vehicles = {index for index in listed if _VEHICLE.match(lines[index])}
    unsaid = listed - vehicles if len(vehicles) == 1 else listed
    linked = {index for index, line in enumerate(lines) if _LINK.search(line)}
    prose: list[str] = []
    for index, line in enumerate(lines):
        if index not in unsaid | linked:
            prose.append(line)
            continue
        if index in linked - unsaid:
            prose += [sentence for sentence in _SENTENCES.split(line) if not _LINK.search(sentence)]
        if index == min(unsaid | linked):
            announced = bool(prose) and prose[-1].endswith(":")
            told = _told_besides([lines[each] for each in unsaid], [lines[each] for each in linked])
            prose.append("te mandei por escrito aqui embaixo." if announced else told)
    said = aloud("\n".join(prose))
    if not said or len(said) > MAX_SAID:
        return None
    heads = {index - 1 for index in listed if index and lines[index - 1].endswith(":")}
    tapped = {index for index, line in enumerate(lines) if _TAPPED.search(line)}
    written = sorted(listed | linked | heads | tapped)
    return Script(said=said, prose="\n".join(prose), written="\n".join(lines[index] for index in written))


def _told_besides(unsaid: list[str], linked: list[str]) -> str:
    """What the voice says of what it leaves to be read."""
    if not unsaid:
        return f"Te mandei o {'e-mail' if all('@' in line for line in linked) else 'link'} por escrito aqui embaixo."
    several = sum(1 for line in unsaid if _VEHICLE.match(line) or "R$" in line) > 1
    return f"Te mandei {'as opções' if several else 'os detalhes'} por escrito aqui embaixo."


def aloud(text: str) -> str:
    """The text in words alone: figures and abbreviations read out, marks and emojis dropped, pauses kept."""
    text = unicodedata.normalize("NFC", text)
    text = _STRUCK.sub("", _LINK.sub("", text))
    text = "\n".join(_ITEM.sub("", line, count=1) for line in text.splitlines())
    text = "".join(map(_letter, text))
    text = _EMPHASIS.sub("", _CODE.sub("", text))
    text = read_out(written_out(text))
    return _paused(text)


def _letter(char: str) -> str:
    """A character that can be read, a space, or the mark of one that cannot."""
    kind = unicodedata.category(char)
    if char == "\n" or kind[0] in "LP" or kind == "Nd" or char in _KEPT_SYMBOLS:
        return str(int(char)) if kind == "Nd" else char
    if kind[0] == "Z" or char == "\t":
        return " "
    if kind in ("Mn", "Mc", "Me", "Cf", "Cc", "Cs"):
        return ""
    if kind in ("No", "Nl"):
        return unicodedata.normalize("NFKC", char) if unicodedata.normalize("NFKC", char).isalnum() else ""
    return _DROPPED if kind[0] in "SC" else ""


def _paused(text: str) -> str:
    """Marks that nobody reads become pauses; every line ends as a sentence does."""
    text = _QUOTES.sub("", text)
    text = re.sub(rf"\s*{_DROPPED}[\s{_DROPPED}]*(?=[a-zà-ÿ])", " ", text)
    text = re.sub(rf"(?<=[.!?:,;…])\s*{_DROPPED}[\s{_DROPPED}]*", " ", text)
    text = re.sub(rf"\s*{_DROPPED}[\s{_DROPPED}]*", ". ", text)
    text = re.sub(r"[()]", ", ", _BRACKETS.sub(r", \1, ", text))
    text = re.sub(r"\s*[+]\s*", " mais ", text)
    text = re.sub(r"\s*=\s*", " igual a ", text)
    text = re.sub(r"\s*&\s*", " e ", text)
    text = re.sub(r"[$%°]", "", text)
    text = re.sub(r"\s+[-–—]+\s+|\s*[·•|]\s*|\s*/\s*|—|–", ", ", text)
    text = re.sub(r"…|\.{2,}", "...", text)
    return " ".join(sentence for line in text.splitlines() if (sentence := _sentence(line)))


def _sentence(line: str) -> str:
    line = " ".join(line.split())
    line = re.sub(r"\s+([,.;:!?])", r"\1", line)
    line = re.sub(r"(?:,\s*)+(?=[.;:!?,])|(?<=[;:!?]),+", "", line)
    line = re.sub(r"([!?])[.,]+", r"\1", line)
    line = re.sub(r"(?<!\.)\.\.(?!\.)", ".", line)
    line = line.strip(" ,;-")
    if not re.search(r"\w", line):
        return ""
    line = line.lstrip(".:!?, ")
    return line if line[-1] in ".!?:" else f"{line}."
