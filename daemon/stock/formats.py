"""Which kind of stock file it is, and its rows. Synchronous: runs in worker threads on a seekable file.

A row is what the file says (fields by name), or a `Unusable` when only that row cannot be read. What spoils the
whole file is a `StockFileError` that names the place.
"""

import codecs
from collections.abc import Callable, Generator
from contextlib import closing
from typing import IO, Any, Final

from daemon.stock.errors import StockFileError
from daemon.stock.rows import MAX_ROWS
from daemon.stock.rows_csv import csv_rows
from daemon.stock.rows_json import json_lines, json_rows
from daemon.stock.rows_xml import xml_rows

FORMATS: Final = ("auto", "json", "ndjson", "csv", "tsv", "xml")
_BY_TYPE: Final = {
    "application/json": "json",
    "text/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "text/csv": "csv",
    "application/csv": "csv",
    "application/vnd.ms-excel": "csv",
    "text/tab-separated-values": "csv",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/rss+xml": "xml",
    "application/atom+xml": "xml",
}
_ANY_TYPE: Final = ("", "auto", "text/plain", "application/octet-stream", "application/gzip", "application/x-gzip")
_READERS: Final[dict[str, Callable[[IO[bytes], str], Generator[tuple[int, Any], None, None]]]] = {
    "json": json_rows,
    "ndjson": json_lines,
    "csv": csv_rows,
    "xml": xml_rows,
}


def detect(content_type: str, head: bytes) -> str:
    """ "json", "ndjson", "csv" or "xml", by content type or, where that says nothing, by the first bytes.

    `content_type` may also be one of `FORMATS`. Raises `StockFileError`.
    """
    plain = content_type.split(";")[0].strip().lower()
    start = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:2000]
    if start.lower().startswith((b"<!doctype html", b"<html")):
        raise StockFileError("this is a web page, not a stock file", "check the address of the file")
    if not start:
        raise StockFileError("the stock file is empty")
    if plain in FORMATS and plain != "auto":
        return "csv" if plain == "tsv" else plain
    named = _BY_TYPE.get(plain)
    if named is not None and named != "json":
        return named
    if named is None and plain not in _ANY_TYPE:
        raise StockFileError(
            f"stock files of type {plain[:60]!r} are not known", "send JSON, NDJSON, CSV, TSV or XML, or text/plain"
        )
    if start.startswith(b"{") and _has_lines(start):
        return "ndjson"
    if named or start[:1] in (b"[", b"{"):
        return "json"
    return "xml" if start.startswith(b"<") else "csv"


def _has_lines(start: bytes) -> bool:
    """Whether a text that begins with an object goes on with another on the next line."""
    line, newline, following = start.partition(b"\n")
    return bool(newline) and line.rstrip().endswith(b"}") and following.lstrip()[:1] in (b"{", b"")


def text_encoding(file: IO[bytes]) -> str:
    """The encoding of a text file: by its mark, UTF-8 if all of it is, else Windows' Latin-1. Rewinds it."""
    head = file.read(4)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8-sig"


def read_rows(file: IO[bytes], content_type: str) -> Generator[tuple[int, Any], None, None]:
    """(row number from 1, row) of a stock file, from its start. Raises `StockFileError` on the way.

    Close the generator before the file when it is not read to its end.
    """
    file.seek(0)
    head = file.read(4096)
    kind = detect(content_type, head)
    file.seek(0)
    encoding = "" if kind == "xml" else text_encoding(file)
    with closing(_READERS[kind](file, encoding)) as rows:
        for number, row in rows:
            if number > MAX_ROWS:
                raise StockFileError(f"the stock file has more than {MAX_ROWS:,} rows", "split it")
            yield number, row
