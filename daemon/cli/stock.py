"""`stock import T FILE`: a file of any known format, streamed to the tenant's stock."""

import argparse
import gzip
import io
import json
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import PurePath
from typing import IO, Any, Final, cast

import httpx
import trio

from daemon.cli.common import (
    CommandFailed,
    Commands,
    add_config,
    add_json,
    ask,
    print_json,
    print_table,
    with_daemon,
)

CHUNK_BYTES: Final = 256 * 1024
DAMAGED: Final = (EOFError, zlib.error, gzip.BadGzipFile)
COUNTS: Final = ("rows", "created", "updated", "unchanged", "withdrawn", "refused", "warned")
TAKEN: Final = ("created", "updated", "unchanged")
TYPES: Final = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".xml": "application/xml",
}


def register(commands: Commands) -> None:
    """Add the commands."""
    stock = commands.add_parser("stock", help="vehicles", description="A tenant's vehicles.")
    actions = stock.add_subparsers(metavar="ACTION", required=True)
    load = actions.add_parser(
        "import",
        help="load a file",
        description="JSON, NDJSON, CSV, TSV or XML, also gzipped; see the README for the formats. Good rows are kept,"
        " refused ones listed. Exit 1 when nothing was taken.",
    )
    load.add_argument("tenant", metavar="T", help="the tenant's id")
    load.add_argument("file", metavar="FILE", help="- for stdin")
    load.add_argument(
        "--mode",
        choices=("replace", "merge"),
        default="replace",
        help="replace (default): vehicles that are not in the file are no longer offered",
    )
    load.add_argument("--type", metavar="MIME", help="instead of a guess by name and content")
    add_config(load)
    add_json(load)
    load.set_defaults(run=_import)


def content_type(name: str, start: bytes) -> str:
    """By the file's name, else by how it begins."""
    path = PurePath(name.lower())
    suffix = PurePath(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix in TYPES:
        return TYPES[suffix]
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return TYPES[".xml"]
    if text.startswith(b"{"):
        with suppress(ValueError):
            json.loads(text.split(b"\n", 1)[0])
            return TYPES[".ndjson"]
    if text.startswith((b"[", b"{")):
        return TYPES[".json"]
    first = text.split(b"\n", 1)[0]
    return TYPES[".tsv"] if first.count(b"\t") > first.count(b",") + first.count(b";") else TYPES[".csv"]


@contextmanager
def _opened(name: str) -> Iterator[tuple[io.BufferedReader, bytes]]:
    """The file, unpacked if it is gzipped, and how it begins."""
    with ExitStack() as stack:
        try:
            file = cast("io.BufferedReader", sys.stdin.buffer if name == "-" else stack.enter_context(open(name, "rb")))
            if file.peek(2)[:2] == b"\x1f\x8b":
                unpacked = stack.enter_context(gzip.GzipFile(fileobj=file))
                file = stack.enter_context(io.BufferedReader(cast("io.RawIOBase", unpacked)))
            start = file.peek(4096)
        except DAMAGED as error:
            raise _damaged(name, error) from error
        yield file, start


def _damaged(name: str, error: Exception) -> CommandFailed:
    return CommandFailed(f"{name} is a damaged gzip file ({error})", "get it again")


async def _chunks(file: IO[bytes], name: str) -> AsyncIterator[bytes]:
    while True:
        try:
            chunk = await trio.to_thread.run_sync(file.read, CHUNK_BYTES)
        except DAMAGED as error:
            raise _damaged(name, error) from error
        if not chunk:
            return
        yield chunk


def _import(arguments: argparse.Namespace) -> int:
    # Opened before the data directory is touched: its owner may not be allowed to read the file.
    with _opened(arguments.file) as (file, start):
        kind = arguments.type or content_type(arguments.file, start)

        async def work(client: httpx.AsyncClient) -> int:
            report = await ask(
                client,
                "PUT",
                f"/v1/tenants/{arguments.tenant}/vehicles",
                params={"mode": arguments.mode},
                content=_chunks(file, arguments.file),
                headers={"content-type": kind},
            )
            if arguments.json:
                print_json(report)
            else:
                _print(report)
            return 0 if any(report[name] for name in TAKEN) else 1

        return with_daemon(arguments, work)


def _print(report: dict[str, Any]) -> None:
    print(", ".join(f"{report[name]} {name}" for name in COUNTS))
    if report["note"]:
        print(report["note"])
    rows = [
        (line["row"], line["id"], what, line.get("reason") or line.get("warning"))
        for what, key in (("refused", "refusals"), ("warning", "warnings"))
        for line in report[key]
    ]
    if rows:
        print_table(("row", "id", "what", "why"), rows)
