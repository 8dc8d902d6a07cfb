"""What the commands share: the configuration, tables, JSON, and questions to the daemon's own API."""

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import httpx
import trio

from daemon import config as configuration
from daemon import logs
from daemon.cli.door import data_client
from daemon.config import Config
from daemon.errors import ShowroomError
from daemon.secrets import Secrets, load_secrets

PAGE: Final = 200


class Commands(Protocol):
    """What `argparse` calls a set of subcommands."""

    def add_parser(self, name: str, **keywords: Any) -> argparse.ArgumentParser: ...


class CommandFailed(ShowroomError):
    """A command could not do what it was asked."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option `--config F`."""
    default = os.environ.get("SHOWROOMD_CONFIG") or str(configuration.DEFAULT_PATH)
    parser.add_argument(
        "--config", metavar="F", default=default, help="the settings (default: $SHOWROOMD_CONFIG, else %(default)s)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def settings_of(arguments: argparse.Namespace) -> tuple[Config, Secrets]:
    """Configuration and secrets, checked; commands log warnings only. Raises `ConfigError`."""
    config = configuration.load(Path(arguments.config))
    secrets = load_secrets(os.environ)
    level = logs.level_of({"LOG_LEVEL": "warning", **os.environ})
    logs.configure(config.daemon.log_format, level)
    return config, secrets


def with_daemon(arguments: argparse.Namespace, work: Callable[[httpx.AsyncClient], Awaitable[int]]) -> int:
    """Run `work` with a client of the daemon's API, be the daemon running or not; the exit code."""
    config, secrets = settings_of(arguments)

    async def inside() -> int:
        async with data_client(config, secrets) as client:
            return await work(client)

    return trio.run(inside)


async def ask(client: httpx.AsyncClient, method: str, path: str, **keywords: Any) -> Any:
    """One call of the API and its JSON (None without a body). Raises `CommandFailed` with the problem's detail."""
    try:
        response = await client.request(method, path, **keywords)
    except httpx.TransportError as error:
        raise CommandFailed(
            f"the daemon broke the connection off ({type(error).__name__})", "look at its log and try again"
        ) from error
    if response.is_success:
        return response.json() if response.content else None
    raise CommandFailed(problem(response))


def problem(response: httpx.Response) -> str:
    """An error answer as one line: the detail, then each bad field."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return f"the daemon answered {response.status_code}"
    parts = [str(body.get("detail") or body.get("title") or f"the daemon answered {response.status_code}")]
    for fault in body.get("errors") or ():
        if isinstance(fault, dict):
            path = fault.get("path") or fault.get("field") or ""
            what = fault.get("detail") or fault.get("message") or fault.get("error") or ""
            line = f"{path}: {what}".strip(": ")
        else:
            line = str(fault)
        if line not in parts[0]:
            parts.append(line)
    return "; ".join(parts).replace("\n", " ")


async def pages(client: httpx.AsyncClient, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
    """Every item of a list, page after page."""
    after: str | None = None
    while True:
        query = {"limit": PAGE, **params, **({"after": after} if after else {})}
        page = await ask(client, "GET", path, params=query)
        for item in page["items"]:
            yield item
        after = page.get("next")
        if not after:
            return


def print_json(value: Any) -> None:
    """Indented, with accents as they are."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    print()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns under their names, two spaces apart; nothing is cut off."""
    lines = [tuple(columns), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_fields(value: Mapping[str, Any], indent: str = "") -> None:
    """A JSON object for people: a line a field, inner objects indented."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            print(f"{indent}{key}:")
            print_fields(item, indent + "  ")
        elif isinstance(item, list) and item and isinstance(item[0], Mapping):
            for inner in item:
                print(f"{indent}{key}:")
                print_fields(inner, indent + "  ")
        elif item not in (None, "", [], {}):
            text = ", ".join(map(str, item)) if isinstance(item, list) else item
            print(f"{indent}{key}: {text}")


def calling(work: Callable[..., Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    """A command of the form `async (client, arguments) -> exit code`, for `set_defaults(run=…)`."""

    def start(arguments: argparse.Namespace) -> int:
        return with_daemon(arguments, partial(work, arguments=arguments))

    return cast("Callable[[argparse.Namespace], int]", start)
