"""`token create|list|revoke`: the operator tokens of the control API."""

import argparse

import httpx

from daemon.cli.common import Commands, add_config, add_json, ask, calling, pages, print_json, print_table


def register(commands: Commands) -> None:
    """Add the commands."""
    token = commands.add_parser("token", help="operator tokens", description="Tokens of the control API.")
    actions = token.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser(
        "create", help="make one", description="Prints the token, alone, once; only its hash is kept."
    )
    create.add_argument("--name", required=True, metavar="N", help="whose it is, for the audit")
    create.add_argument("--role", required=True, choices=("admin", "viewer"))
    create.add_argument("--tenant", metavar="T", help="good for this tenant alone")
    create.set_defaults(run=calling(_create))
    show = actions.add_parser("list", help="list them", description="All tokens, without their values.")
    show.set_defaults(run=calling(_list))
    revoke = actions.add_parser("revoke", help="end one", description="The token is refused from now on.")
    revoke.add_argument("id", metavar="ID", help="from `showroomd token list`")
    revoke.set_defaults(run=calling(_revoke))
    for action in (create, show, revoke):
        add_config(action)
    add_json(create)
    add_json(show)


async def _create(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    wanted = {"name": arguments.name, "role": arguments.role}
    if arguments.tenant:
        wanted["tenant"] = arguments.tenant
    made = await ask(client, "POST", "/v1/tokens", json=wanted)
    if arguments.json:
        print_json(made)
    else:
        print(made["token"])
    return 0


async def _list(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    found = [item async for item in pages(client, "/v1/tokens")]
    if arguments.json:
        print_json(found)
        return 0
    columns = ("id", "name", "role", "tenant", "created_at", "revoked_at")
    print_table(columns, [[item.get(column) for column in columns] for item in found])
    return 0


async def _revoke(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    await ask(client, "DELETE", f"/v1/tokens/{arguments.id}")
    return 0
