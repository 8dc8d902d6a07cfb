"""`tenant list|show|add|suspend|resume`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from daemon.cli.common import (
    CommandFailed,
    Commands,
    add_config,
    add_json,
    ask,
    calling,
    pages,
    print_fields,
    print_json,
    print_table,
)
from shards.tenant.profile import CHANNEL_KINDS

PLAIN_FLAGS: Final = ("id", "name", "time_zone", "address", "phone")
CHANNEL_FLAGS: Final = ("phone_number_id", "waba_id")


def register(commands: Commands) -> None:
    """Add the commands."""
    tenant = commands.add_parser("tenant", help="dealerships", description="The dealerships of this server.")
    actions = tenant.add_subparsers(metavar="ACTION", required=True)
    every = actions.add_parser("list", help="list them", description="All tenants and how they are.")
    every.set_defaults(run=calling(_list))
    show = actions.add_parser("show", help="all about one", description="One tenant, its state and settings.")
    show.set_defaults(run=calling(_show))
    add = actions.add_parser(
        "add",
        help="add one",
        description="From a JSON file as in the reference, from options, or both (options win). The access token is"
        " never an argument: arguments are seen by every user of the machine.",
    )
    _add_options(add)
    add.set_defaults(run=calling(_add))
    suspend = actions.add_parser(
        "suspend", help="stop answering", description="Messages are still stored, nothing is answered or sent."
    )
    suspend.add_argument("--reason", metavar="TEXT", help="shown in its state")
    suspend.set_defaults(run=calling(_suspend))
    resume = actions.add_parser("resume", help="answer again", description="Undo `tenant suspend`.")
    resume.set_defaults(run=calling(_resume))
    for action in (show, suspend, resume):
        action.add_argument("tenant", metavar="T", help="the tenant's id")
    for action in (every, show, add, suspend, resume):
        add_config(action)
        add_json(action)


def _add_options(add: argparse.ArgumentParser) -> None:
    add.add_argument("--file", metavar="F", help="a JSON file, - for stdin")
    add.add_argument("--id", metavar="T", help="a-z, 0-9 and '-'; it names the files")
    add.add_argument("--name", help="as customers know it")
    add.add_argument("--time-zone", metavar="TZ", help="default: America/Sao_Paulo")
    add.add_argument("--address")
    add.add_argument("--phone", metavar="+55…")
    add.add_argument("--channel", choices=CHANNEL_KINDS, help="default: sandbox")
    add.add_argument("--phone-number-id", metavar="ID", help="from Meta, for `cloud`")
    add.add_argument("--waba-id", metavar="ID", help="from Meta, for `cloud`")
    add.add_argument("--access-token-file", metavar="F", help="the channel's access token in a file, - for stdin")


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.file == arguments.access_token_file == "-":
        raise CommandFailed("stdin cannot hold both", "give --file or --access-token-file a path")
    wanted: dict[str, Any] = {}
    if arguments.file:
        try:
            wanted = json.loads(_text(arguments.file))
        except ValueError as error:
            raise CommandFailed(f"{arguments.file} is not JSON ({error})", "mend it") from error
        if not isinstance(wanted, dict):
            raise CommandFailed(f"{arguments.file} is not a JSON object", "see the reference of routes")
    wanted |= {name: value for name in PLAIN_FLAGS if (value := getattr(arguments, name)) is not None}
    channel = {name: value for name in CHANNEL_FLAGS if (value := getattr(arguments, name)) is not None}
    if arguments.channel:
        channel["kind"] = arguments.channel
    if arguments.access_token_file:
        channel["access_token"] = _text(arguments.access_token_file).strip()
    if channel:
        before = wanted.get("channel")
        wanted["channel"] = {**(before if isinstance(before, dict) else {}), **channel}
    for name in ("id", "name"):
        if not wanted.get(name):
            raise CommandFailed(f"the tenant has no {name}", f"give --{name}, or --file with it")
    return wanted


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not UTF-8 text", "save it as UTF-8") from None


async def _add(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    made = await ask(client, "POST", "/v1/tenants", json=_wanted(arguments))
    _state(made, arguments)
    return 0


async def _list(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    found = [item async for item in pages(client, "/v1/tenants")]
    if arguments.json:
        print_json(found)
        return 0
    columns = ("id", "name", "state", "reason")
    print_table(columns, [[item.get(column) for column in columns] for item in found])
    return 0


async def _show(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    found = await ask(client, "GET", f"/v1/tenants/{arguments.tenant}")
    if arguments.json:
        print_json(found)
    else:
        print_fields(found)
    return 0


async def _suspend(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    why = {"reason": arguments.reason} if arguments.reason else {}
    _state(await ask(client, "POST", f"/v1/tenants/{arguments.tenant}/suspend", json=why), arguments)
    return 0


async def _resume(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    _state(await ask(client, "POST", f"/v1/tenants/{arguments.tenant}/resume", json={}), arguments)
    return 0


def _state(found: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(found)
    else:
        reason = found.get("reason")
        print(f"{found.get('id')}: {found.get('state')}{f' ({reason})' if reason else ''}")
