"""Models' Markdown as WhatsApp shows it. Pure."""

import re
from typing import Final

MAX_CHARS: Final = 4_000
"""A reply's length; WhatsApp takes 4,096."""

_THINKING: Final = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE: Final = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z][a-zA-Z_]{0,20}(?:\s[^<>]*)?>")
_PICTURE: Final = re.compile(r"!\[[^\]\[\n]{0,200}\]\([^()\n]{0,500}\)")
_LINK: Final = re.compile(r"\[([^\]\[\n]{1,200})\]\( ?<?([^()\s>]{1,500})>?(?: [^()\n]{0,100})?\)")
_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_RULE: Final = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
_STRONG: Final = re.compile(r"(\*{2,3}|__)(?=\S)(.+?)(?<=\S)\1")
_STRUCK: Final = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_BULLET: Final = re.compile(r"^([ \t]*)[*+-][ \t]+", re.MULTILINE)
_TABLE_RULE: Final = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def to_whatsapp(text: str) -> str:
    """`text` with WhatsApp's marks instead of Markdown's, at most `MAX_CHARS` long, cut between sentences."""
    text = _THINKING.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _BREAK.sub("\n", _FENCE.sub("", text))
    text = _LINK.sub(_link, _PICTURE.sub("", text))
    text = _TAG.sub("", text)
    text = _RULE.sub("", text)
    text = "\n".join(line for line in map(_row, text.split("\n")) if line is not None)
    text = _HEADING.sub(lambda match: f"*{match.group(1).strip('* _')}*", text)
    text = _BULLET.sub(r"\1• ", text)
    text = _STRONG.sub(r"*\2*", text)
    text = _STRUCK.sub(r"~\1~", text).replace("`", "")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _cut(_BLANK_LINES.sub("\n\n", text).strip())


def _link(match: re.Match[str]) -> str:
    label, address = match.group(1).strip(), match.group(2)
    return address if label == address else f"{label}: {address}"


def _row(line: str) -> str | None:
    """A table's row as a line of its cells; None for the rule under its head."""
    if "|" not in line:
        return line
    if _TABLE_RULE.match(line):
        return None
    if not line.strip().startswith("|"):
        return line
    cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
    return " · ".join(cell for cell in cells if cell)


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    head = text[: MAX_CHARS - 1]
    ends = max(head.rfind("\n"), head.rfind(". "), head.rfind("! "), head.rfind("? "))
    if ends > MAX_CHARS // 2:
        return head[: ends + 1].rstrip()
    return (head.rpartition(" ")[0] or head) + "…"
