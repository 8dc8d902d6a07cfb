"""Rows of CSV and TSV files: ours, Meta's automotive catalogue, Google's vehicle listing, Excel's in Portuguese."""

import csv
import io
import re
from collections import deque
from collections.abc import Generator
from typing import IO, Any, Final, Literal

from daemon.stock.errors import StockFileError
from daemon.stock.rows import MAX_ENTRY, Unusable
from shards.text import fold

_SEPARATORS: Final = "\t;,|"
_MAX_RECORD_LINES: Final = 100
_MARKS: Final = re.compile(r"\b(id|vehicle_?id|codigo|vin|chassi|make|marca|brand|model|modelo|price|preco|valor)\b")


def csv_rows(file: IO[bytes], encoding: str) -> Generator[tuple[int, Any], None, None]:
    """Rows as fields by the names of the first line; a row with too many fields or an open quote is `Unusable`."""
    stream = io.TextIOWrapper(file, encoding, newline=None, errors="replace")
    try:
        lines = _Lines(stream)
        separator, header = _header(lines)
        number = 0
        while (line := lines.next()) is not None:
            if not line.strip(separator + " \n"):
                continue
            number += 1
            fields = _record(lines, line, separator, len(header))
            if fields is None:
                yield number, Unusable("a quotation mark in this row is not closed")
            elif len(fields) > len(header) and any(field.strip() for field in fields[len(header) :]):
                yield number, Unusable(f"the row has {len(fields)} fields where the first line names {len(header)}")
            else:
                yield number, _named(header, fields)
    except UnicodeError as error:
        raise StockFileError("the CSV file is no text", "save it as UTF-8") from error
    finally:
        stream.detach()


class _Lines:
    """The file's lines, with a way to give some back."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self._given_back: deque[str] = deque()
        self._read = 0

    def next(self) -> str | None:
        if self._given_back:
            return self._given_back.popleft()
        line = self._stream.readline(MAX_ENTRY + 1)
        self._read += 1
        if len(line) > MAX_ENTRY:
            raise StockFileError(f"line {self._read} of the CSV file is longer than {MAX_ENTRY:,} characters")
        return line or None

    def give_back(self, lines: list[str]) -> None:
        self._given_back.extendleft(reversed(lines))


def _header(lines: _Lines) -> tuple[str, list[str]]:
    while (line := lines.next()) is not None:
        plain = line.strip("\ufeff \n")
        if not plain or plain.startswith("#") or re.fullmatch(r"(?i)\"?sep=.\"?", plain):
            continue
        outside = re.sub(r'"[^"]*"', "", plain)
        separator = max(_SEPARATORS, key=outside.count)
        header = [name.strip() for name in next(csv.reader([plain], delimiter=separator))]
        if not _MARKS.search(fold(" ".join(header)).replace(".", " ")):
            raise StockFileError(
                "the first line of the CSV file names no field of a vehicle",
                "begin it with names such as id;make;model;price",
            )
        return separator, header
    raise StockFileError("the CSV file is empty")


def _record(lines: _Lines, first: str, separator: str, width: int) -> list[str] | None:
    """The fields of the record that begins with this line, which may go on in quotes over the next lines."""
    taken: list[str] = []
    text = first
    marks = first.count('"')
    while marks % 2 and len(taken) < _MAX_RECORD_LINES and len(text) < MAX_ENTRY:
        line = lines.next()
        if line is None:
            break
        taken.append(line)
        text += line
        marks += line.count('"')
    if not marks % 2:
        fields = _split(text, separator, quoted=True)
        if fields is not None and (not taken or len(fields) <= width):
            return fields
    lines.give_back(taken)
    fields = _split(first, separator, quoted=False)  # 'aro 15"': a quotation mark that quotes nothing
    return fields if fields is not None and len(fields) == width else None


def _split(text: str, separator: str, *, quoted: bool) -> list[str] | None:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _named(header: list[str], fields: list[str]) -> dict[str, Any]:
    """Fields by name; a name that comes again ("image_link") has a list."""
    named: dict[str, Any] = {}
    for name, value in zip(header, fields, strict=False):
        if value.strip() and name:
            if name in named:
                before = named[name]
                named[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                named[name] = value
    return named
