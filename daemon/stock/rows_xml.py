"""Rows of XML files: Meta's `<listings><listing>`, the Brazilian `<ADS><AD>` and `<estoque><veiculo>`, RSS items."""

from collections.abc import Generator
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

from attrs import define, field
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from daemon.stock.errors import StockFileError
from daemon.stock.rows import MAX_DEPTH, MAX_ENTRY
from shards.text import fold

_BLOCK: Final = 64 * 1024
_ENTRIES: Final = (
    "ad", "veiculo", "listing", "vehicle", "anuncio", "carro", "car", "item", "entry", "produto", "product", "oferta",
)  # fmt: skip
_MAX_NODES: Final = 5_000


@define
class _Node:
    """An element that is being read."""

    name: str
    attributes: dict[str, str]
    text: list[str] = field(factory=list)
    children: dict[str, Any] = field(factory=dict)

    def value(self) -> Any:
        text = "".join(self.text).strip()
        if self.children:
            return {**self.attributes, **self.children}
        return text or dict(self.attributes)

    def add(self, name: str, value: Any) -> None:
        if name not in self.children:
            self.children[name] = value
        elif isinstance(self.children[name], list):
            self.children[name].append(value)
        else:
            self.children[name] = [self.children[name], value]


class _Entries:
    """Target of the parser: keeps the entries and nothing else of the document."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.seen = 0
        self._depth = 0
        self._open: list[_Node] = []
        self._nodes = 0
        self._characters = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise StockFileError(f"the XML file is nested more than {MAX_DEPTH} deep")
        name = tag.rpartition("}")[2]
        if self._open:
            self._nodes += 1
            if self._nodes > _MAX_NODES:
                raise StockFileError(f"entry {self.seen} of the XML file has more than {_MAX_NODES:,} elements")
            self._open.append(_Node(name, dict(attributes)))
        elif self._depth > 1 and fold(name) in _ENTRIES:
            self.seen += 1
            self._nodes = self._characters = 0
            self._open.append(_Node(name, dict(attributes)))

    def data(self, text: str) -> None:
        if self._open:
            self._characters += len(text)
            if self._characters > MAX_ENTRY:
                raise StockFileError(f"entry {self.seen} of the XML file is longer than {MAX_ENTRY:,} characters")
            self._open[-1].text.append(text)

    def end(self, _tag: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if self._open:
                self._open[-1].add(node.name, node.value())
            else:
                self.done.append(node.value())

    def close(self) -> None:
        """Called by the parser at the end of the document."""


def xml_rows(file: IO[bytes], _encoding: str = "") -> Generator[tuple[int, Any], None, None]:
    """Rows of the file's entries. Entity declarations and external references are refused."""
    entries = _Entries()
    parser = DefusedXMLParser(target=entries)
    number = 0
    while True:
        block = file.read(_BLOCK)
        try:
            if block:
                parser.feed(block)
            else:
                parser.close()
        except ParseError as error:
            line, column = error.position
            raise StockFileError(
                f"the XML file is broken in line {line}, column {column + 1}, after {entries.seen} entries:"
                f" {str(error).partition(':')[0]}"
            ) from error
        except DefusedXmlException as error:
            raise StockFileError(
                "the XML file declares entities or external references, which are refused",
                "export it without a DOCTYPE",
            ) from error
        except (ValueError, LookupError) as error:
            raise StockFileError(f"the XML file cannot be read ({error})", "export it as UTF-8") from error
        for entry in entries.done:
            number += 1
            yield number, entry
        entries.done.clear()
        if not block:
            break
    if not number:
        raise StockFileError(
            "the XML file has no vehicles", "entries are named <listing>, <AD>, <veiculo>, <vehicle> or <item>"
        )
