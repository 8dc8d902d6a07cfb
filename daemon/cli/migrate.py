"""`migrate`: bring central and every shard to this program's schema, with the daemon stopped."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio

from daemon.cli.common import CommandFailed, Commands, add_config, add_json, print_json, print_table, settings_of
from daemon.cli.door import become_owner
from daemon.config import Config
from daemon.errors import AlreadyRunning
from daemon.lock import holder, locked
from shards.copy import before_migration
from shards.errors import ShardError
from shards.shard import Shard

Keep = Callable[[Path], None]
Outcome = tuple[str, str]
"""A file's name, and "" or why it could not be brought up to date."""


def register(commands: Commands) -> None:
    """Add the command."""
    migrate = commands.add_parser(
        "migrate",
        help="bring all files to the newest schema",
        description="With the daemon stopped; it does the same by itself, each file when it is opened. Exit 1 if any"
        " file could not be brought up to date; the others are.",
    )
    add_config(migrate)
    add_json(migrate)
    migrate.set_defaults(run=_migrate)


def _migrate(arguments: argparse.Namespace) -> int:
    config, _ = settings_of(arguments)
    if (found := holder(config.data_dir)) is not None:
        raise AlreadyRunning(
            f"showroomd (pid {found.pid}) runs on {config.data_dir} and migrates each file as it opens it",
            "stop it first if you want them migrated at once",
        )
    if not config.data_dir.is_dir():
        raise CommandFailed(f"there is no {config.data_dir}", "check daemon.data_dir, or start the daemon once")
    become_owner(config.data_dir)
    os.umask(0o077)
    with locked(config.data_dir):
        outcomes = trio.run(_all, config)
    failed = [name for name, fault in outcomes if fault]
    if arguments.json:
        print_json([{"file": name, "error": fault or None} for name, fault in outcomes])
    else:
        if failed:
            print_table(("file", "fault"), [outcome for outcome in outcomes if outcome[1]])
        print(f"{len(outcomes) - len(failed)} files are up to date, {len(failed)} failed")
    return 1 if failed else 0


async def _all(config: Config) -> list[Outcome]:
    limiter = trio.CapacityLimiter(config.storage.threads)
    outcomes: list[Outcome] = []
    keep = before_migration(config.data_dir)

    async def one(path: Path, kind: str, keep: Keep | None) -> None:
        opened: Callable[[], Shard] = partial(
            Shard.open, path, kind, create=False, limiter=limiter, before_migration=keep
        )
        name = f"sessions/{path.name}" if kind == "session" else path.name
        try:
            shard = await trio.to_thread.run_sync(opened, limiter=limiter)
        except ShardError as error:
            outcomes.append((name, str(error)))
        else:
            await trio.to_thread.run_sync(shard.close, limiter=limiter)
            outcomes.append((name, ""))

    central = config.data_dir / "central.db"
    if central.exists():
        await one(central, "central", keep)
    async with trio.open_nursery() as nursery:
        for path in sorted((config.data_dir / "shards").glob("*.db")):
            nursery.start_soon(one, path, "tenant", keep)
        for path in sorted((config.data_dir / "sessions").glob("*.db")):
            nursery.start_soon(one, path, "session", None)  # forward only: no copy is made of them
    return sorted(outcomes)
