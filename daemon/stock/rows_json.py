"""Rows of JSON files: an array, an object that holds one (`veiculos`), or an object a line. Entry by entry."""

import io
import json
from collections.abc import Generator
from typing import IO, Any, Final

from daemon.stock.errors import StockFileError
from daemon.stock.rows import MAX_DEPTH, MAX_ENTRY, Unusable
from shards.text import fold

_BLOCK: Final = 128 * 1024
_LISTS: Final = (
    "veiculos", "vehicles", "items", "itens", "estoque", "stock", "ads", "anuncios", "listings", "carros", "cars",
    "products", "produtos", "inventory", "results", "resultados", "data", "dados",
)  # fmt: skip
_SPACE: Final = " \t\r\n"
_OF_NUMBERS: Final = "0123456789.eE+-"
_decoder: Final = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity are nothing


def too_long(entry: str) -> StockFileError:
    """The error for an entry beyond `MAX_ENTRY`."""
    return StockFileError(f"{entry} of the JSON file is longer than {MAX_ENTRY:,} characters")


class _Window:
    """A moving piece of the text; values are decoded one by one."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self.stream = stream
        self.text = ""
        self.at = 0
        self.lines = 1

    def more(self) -> bool:
        block = self.stream.read(_BLOCK)
        self.lines += self.text.count("\n", 0, self.at)
        self.text = self.text[self.at :] + block
        self.at = 0
        return bool(block)

    def peek(self) -> str:
        """The next character that is no space, "" at the end; not taken."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in _SPACE:
                    return self.text[self.at]
                self.at += 1
            if not self.more():
                return ""

    def take(self, expected: str, entry: str) -> None:
        found = self.peek()
        if found != expected:
            raise self.broken(self.at, entry, f"{expected!r} is missing")
        self.at += 1

    def value(self, entry: str) -> Any:
        """Decode the next value. Raises `StockFileError` with the place."""
        self.peek()
        while True:
            try:
                value, end = _decoder.raw_decode(self.text, self.at)
                if not isinstance(value, dict | list | str) and not self.text[end:].strip(_OF_NUMBERS) and self.more():
                    continue  # a number may go on in the next block
                if end - self.at > MAX_ENTRY:
                    raise too_long(entry)
                self.at = end
                return value
            except json.JSONDecodeError as error:
                full = len(self.text) - self.at > MAX_ENTRY
                if full and (error.pos - self.at > MAX_ENTRY or error.msg.startswith("Unterminated")):
                    raise too_long(entry) from error
                if full or not self.more():
                    raise self.broken(error.pos, entry, error.msg) from error
            except RecursionError:
                raise StockFileError(f"{entry} of the JSON file is nested too deeply") from None
            except ValueError as error:
                raise StockFileError(f"{entry} of the JSON file has a number that is too long") from error

    def broken(self, position: int, entry: str, why: str) -> StockFileError:
        line = self.lines + self.text.count("\n", 0, position)
        cut = " (is the file cut off?)" if position >= len(self.text.rstrip()) else ""
        return StockFileError(f"the JSON file is broken in line {line}, at {entry}: {why}{cut}")


def json_rows(file: IO[bytes], encoding: str) -> Generator[tuple[int, Any], None, None]:
    """Rows of the first list of vehicles in the file."""
    stream = io.TextIOWrapper(file, encoding, newline=None)
    try:
        window = _Window(stream)
        if window.peek() == "{":
            if (yield from _rows_of_object(window, 0)):
                return
            raise StockFileError(
                "the JSON file holds no list of vehicles", 'send an array, or {"veiculos": [...]} or one object a line'
            )
        yield from _rows_of_list(window)
        if window.peek():
            raise window.broken(window.at, "the end", "more text after the list")
    except UnicodeDecodeError as error:
        raise StockFileError(f"the JSON file is no text ({error.reason})", "save it as UTF-8") from error
    finally:
        stream.detach()


def _rows_of_list(window: _Window) -> Generator[tuple[int, Any], None, None]:
    window.take("[", "the beginning")
    number = 0
    if window.peek() == "]":
        window.at += 1
        return
    while True:
        number += 1
        yield number, window.value(f"entry {number}")
        if window.peek() == "]":
            window.at += 1
            return
        window.take(",", f"the end of entry {number}")


def _rows_of_object(window: _Window, depth: int) -> Generator[tuple[int, Any], None, bool]:
    """Rows of the list inside an object; returns whether there was one."""
    window.take("{", "the beginning")
    while window.peek() != "}":
        name = window.value("a field's name")
        window.take(":", f"the field {str(name)[:40]!r}")
        opening = window.peek()
        known = fold(str(name)) in _LISTS
        if opening == "[" and known:
            yield from _rows_of_list(window)
            return True
        if opening == "{" and known and depth < MAX_DEPTH:
            if (yield from _rows_of_object(window, depth + 1)):
                return True
        else:
            window.value(f"the field {str(name)[:40]!r}")
        if window.peek() == ",":
            window.at += 1
        elif window.peek() != "}":
            raise window.broken(window.at, f"the field {str(name)[:40]!r}", "',' or '}' is missing")
    window.at += 1
    return False


def json_lines(file: IO[bytes], encoding: str) -> Generator[tuple[int, Any], None, None]:
    """Rows of a file with one JSON object a line; a line that is none is `Unusable`."""
    stream = io.TextIOWrapper(file, encoding, newline=None)
    number = 0
    try:
        while line := stream.readline(MAX_ENTRY + 1):
            if len(line) > MAX_ENTRY:
                raise StockFileError(f"line {number + 1} of the NDJSON file is longer than {MAX_ENTRY:,} characters")
            if not line.strip():
                continue
            number += 1
            try:
                yield number, _decoder.decode(line)
            except json.JSONDecodeError as error:
                yield number, Unusable(f"the line is no JSON (column {error.colno}: {error.msg})")
            except RecursionError:
                yield number, Unusable("the line is nested too deeply")
            except ValueError:
                yield number, Unusable("the line has a number that is too long")
    except UnicodeDecodeError as error:
        raise StockFileError(f"the NDJSON file is no text ({error.reason})", "save it as UTF-8") from error
    finally:
        stream.detach()
