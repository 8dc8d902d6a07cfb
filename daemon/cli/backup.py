"""`backup`, `verify-backup`, `restore`, `adopt`, `reconcile`."""

import argparse
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import trio
from attrs import asdict

from daemon.cli.carry import carry
from daemon.cli.common import (
    CommandFailed,
    Commands,
    add_config,
    add_json,
    ask,
    print_json,
    print_table,
    settings_of,
    with_daemon,
)
from daemon.cli.door import become_owner
from daemon.errors import AlreadyRunning
from daemon.lock import holder, locked
from shards.ids import new_id
from shards.shard import utc_now

LOOK_SECONDS: Final = 0.2
KEEP: Final = 7
LOST_SHOWN: Final = 20


def register(commands: Commands) -> None:
    """Add the commands."""
    backup = commands.add_parser(
        "backup",
        help="make a dated backup set",
        description="Brings the copies up to date and keeps them as a set with a manifest: in the data directory, or"
        " with --to in a folder of its own there. Customers' files are in it; WhatsApp Web sessions and the master key"
        " never are.",
    )
    backup.add_argument("--to", metavar="DIR", help="copy the set there, and check it on the way")
    backup.add_argument("--tenant", metavar="T", help="only this dealership")
    kept = "sets of this kind that stay in DIR (default: %(default)s)"
    backup.add_argument("--keep", type=_count, default=KEEP, metavar="N", help=kept)
    verify = commands.add_parser(
        "verify-backup",
        help="look whether backups are good",
        description="Checks integrity, references and the manifest, and reads a conversation back with this version's"
        " code. Writes nothing, needs no settings. Exit 1 if any file is not good.",
    )
    verify.add_argument("files", nargs="+", metavar="FILE", help="a database of a backup, or a whole set's folder")
    restore = commands.add_parser(
        "restore",
        help="go back to a backup",
        description="With --tenant: that dealership alone, while the others run on; its present file is kept aside."
        " Without: the whole server from a set, on an empty data directory with no daemon. Nothing old is sent or"
        " answered again, no opt-out or erasure is undone.",
    )
    restore.add_argument("--tenant", metavar="T", help="only this dealership")
    restore.add_argument("file", metavar="FILE", help="a dealership's file, or a set's folder")
    adopt = commands.add_parser(
        "adopt",
        help="take a dealership over from another server",
        description="From its file alone: the dealership, its routes and its usage. Refuses an id or a number that is"
        " taken. Its access token opens only under the master key of the server it comes from.",
    )
    adopt.add_argument("file", metavar="FILE", help="the dealership's file, from a copy or a backup")
    compare = commands.add_parser(
        "reconcile",
        help="compare receipts",
        description="Central must hold at least what the dealerships' files hold; what only central knows (a file was"
        " restored to an older state) is named by epoch. Exit 1 if central lacks anything.",
    )
    compare.add_argument("--tenant", metavar="T", default="", help="only this dealership")
    for command, run in (
        (backup, _asking(_backup)),
        (restore, _restore),
        (adopt, _adopt),
        (compare, _asking(_reconcile)),
    ):
        add_config(command)
        add_json(command)
        command.set_defaults(run=run)
    add_json(verify)
    verify.set_defaults(run=_verify)


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)


def _asking(work: Callable[..., Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    def start(arguments: argparse.Namespace) -> int:
        if getattr(arguments, "to", None) and not Path(arguments.to).is_dir():
            raise CommandFailed(f"there is no folder {arguments.to}", "make it first")
        return with_daemon(arguments, partial(work, arguments=arguments))

    return start


def _say(arguments: argparse.Namespace, line: str, end: str = "\n") -> None:
    """Progress is for people: on stderr, and on one line where they look on."""
    if not arguments.json and (end == "\n" or sys.stderr.isatty()):
        print(line, end=end, file=sys.stderr, flush=True)


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"


# Backing up


async def _backup(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    made = await ask(client, "POST", "/v1/backups", json={"tenant": arguments.tenant})
    while made["state"] == "running":
        await trio.sleep(LOOK_SECONDS)
        made = (await ask(client, "GET", f"/v1/backups/{made['id']}"))["backup"]
        _say(arguments, f"\r{made['done']} of {made['total']} files, {_megabytes(made['bytes'])}", end="")
    _say(arguments, "\r\x1b[K", end="")
    if made["state"] != "done":
        raise CommandFailed(f"the backup was not made: {made['error']}")
    folder = made["folder"]
    if arguments.to:
        target = Path(arguments.to)
        progress = partial(_carried, arguments)
        copied = await trio.to_thread.run_sync(carry, Path(folder), target, arguments.keep, progress)
        _say(arguments, "\r\x1b[K", end="")
        await ask(client, "DELETE", f"/v1/backups/{made['id']}")
        made |= {"folder": str(copied)}
    if arguments.json:
        print_json(made)
    else:
        print(f"{made['folder']}: {made['total']} files, {_megabytes(made['bytes'])}")
    return 0


def _carried(arguments: argparse.Namespace, done: int, total: int) -> None:
    _say(arguments, f"\rcopied {done} of {total} files", end="")


# Verifying


def _verify(arguments: argparse.Namespace) -> int:
    from daemon.backup.verify import verify  # late: `--help` needs none of it

    verdicts = list(verify([Path(name) for name in arguments.files], utc_now()))
    bad = [verdict for verdict in verdicts if verdict.faults]
    if arguments.json:
        print_json([asdict(verdict) for verdict in verdicts])
        return 1 if bad else 0
    print_table(
        ("file", "tenant", "schema", "messages", "last message", "result"),
        [
            (
                verdict.path,
                verdict.tenant,
                verdict.schema or "",
                verdict.messages if verdict.kind == "tenant" else "",
                f"{verdict.last_message_at:%Y-%m-%d %H:%M:%S}" if verdict.last_message_at else "",
                "BAD: " + "; ".join(verdict.faults) if verdict.faults else f"good ({verdict.read_back})",
            )
            for verdict in verdicts
        ],
    )
    if bad:
        print(f"showroomd: {len(bad)} of {len(verdicts)} files are not good: take another backup", file=sys.stderr)
    return 1 if bad else 0


# Restoring


def _restore(arguments: argparse.Namespace) -> int:
    if not arguments.tenant:
        return _restore_server(arguments)
    source = Path(arguments.file)
    if source.is_dir():
        source = source / "shards" / f"{arguments.tenant}.db"
    with _handed_in(source, arguments) as name:
        return with_daemon(arguments, partial(_restore_tenant, arguments=arguments, name=name))


async def _restore_tenant(client: httpx.AsyncClient, arguments: argparse.Namespace, name: str) -> int:
    report = await ask(client, "POST", f"/v1/tenants/{arguments.tenant}/restore", json={"file": name})
    if arguments.json:
        print_json(report)
    else:
        _tell(report)
    return 0


def _adopt(arguments: argparse.Namespace) -> int:
    with _handed_in(Path(arguments.file), arguments) as name:
        return with_daemon(arguments, partial(_adopt_tenant, arguments=arguments, name=name))


async def _adopt_tenant(client: httpx.AsyncClient, arguments: argparse.Namespace, name: str) -> int:
    report = await ask(client, "POST", "/v1/adoptions", json={"file": name})
    if arguments.json:
        print_json(report)
    else:
        print(f"{report['tenant']}: adopted, with messages up to {report['last_message_at'] or 'none'}")
        _tell_counts(report)
    return 0


@contextmanager
def _handed_in(source: Path, arguments: argparse.Namespace) -> Iterator[str]:
    """Put a file where the daemon can read it, as its owner's; the name it has there. It is gone afterwards."""
    if not source.is_file():
        raise CommandFailed(f"there is no file {source}", "check the path")
    config, _ = settings_of(arguments)
    folder = config.data_dir / "incoming"
    owner = config.data_dir.stat()
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        _give(folder, owner)
    name = f"{new_id(int(utc_now().timestamp() * 1000))}.db"
    made: list[Path] = []
    try:
        for suffix in ("", "-wal"):
            if (beside := source.with_name(source.name + suffix)).exists():
                made.append(folder / (name + suffix))
                made[-1].touch(mode=0o600)
                shutil.copyfile(beside, made[-1])
                _give(made[-1], owner)
        yield f"incoming/{name}"
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _give(path: Path, owner: os.stat_result) -> None:
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _tell(report: dict[str, Any]) -> None:
    print(f"{report['tenant']}: restored, with messages up to {report['last_message_at'] or 'none'}")
    print(f"the file before is kept in {report['kept_aside']}/ of the data directory")
    _tell_counts(report)
    lost = report["lost"]
    if not lost["known"]:
        print("the file before could not be read: what came after the backup is lost, and nobody can tell what it was")
        return
    parts = [
        f"{lost[name]} {word}"
        for name, word in (
            ("received", "received messages"),
            ("sent", "sent messages"),
            ("contacts", "contacts"),
            ("leads", "leads"),
            ("appointments", "visits"),
        )
        if lost[name]
    ]
    print(f"lost, because the backup is older: {', '.join(parts) or 'nothing'}")
    for message in lost["messages"][:LOST_SHOWN]:
        print(f"  {message['at']} {message['direction']:3} {message['network_id'] or message['id']}")
    if len(lost["messages"]) > LOST_SHOWN:
        print(f"  and more: see {report['kept_aside']}/report.json")


def _tell_counts(report: dict[str, Any]) -> None:
    for name, words in (
        ("unknown_sends", "messages were on their way: they are `unknown` and are not sent again"),
        ("handed_over", "conversations are owed an answer: a person has them"),
        ("opted_out", "contacts had opted out since: they stay so"),
        ("opted_in", "contacts had opted in again since"),
        ("erased", "contacts had been erased since: they are erased again"),
    ):
        if report[name]:
            print(f"{report[name]} {words}")


def _restore_server(arguments: argparse.Namespace) -> int:
    from daemon.backup.server import restore_server  # late: only this needs it
    from daemon.sealing import Sealer

    source = Path(arguments.file)
    if not source.is_dir():
        raise CommandFailed(f"{source} is no folder", "name a set's folder, or say which tenant with --tenant")
    config, secrets = settings_of(arguments)
    if (found := holder(config.data_dir)) is not None:
        raise AlreadyRunning(f"showroomd (pid {found.pid}) runs on {config.data_dir}", "stop it first")
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealer = Sealer(secrets.required_master_key())
    become_owner(config.data_dir)
    os.umask(0o077)
    with locked(config.data_dir):

        def progress(done: int, total: int) -> None:
            _say(arguments, f"\r{done} of {total} dealerships", end="")

        result = restore_server(config.data_dir, source, sealer, utc_now(), progress)
    _say(arguments, "\r\x1b[K", end="")
    if arguments.json:
        print_json(asdict(result))
        return 1 if result.failed else 0
    print(
        f"{config.data_dir}: {result.tenants} dealerships, {result.media_files} customers' files; start showroomd now"
    )
    for tenant, why in result.failed.items():
        print(f"showroomd: {tenant} could not be restored: {why}", file=sys.stderr)
    for tenant in result.strangers:
        print(f"showroomd: {tenant} is not known to central: adopt its file if it should be", file=sys.stderr)
    if result.other_key:
        sealed = f"the secrets of {result.other_key} dealerships are sealed with another master key"
        print(f"showroomd: {sealed}: bring that key", file=sys.stderr)
    return 1 if result.failed else 0


# Comparing


async def _reconcile(client: httpx.AsyncClient, arguments: argparse.Namespace) -> int:
    found = (await ask(client, "GET", "/v1/reconcile", params={"tenant": arguments.tenant}))["items"]
    bad = [line for line in found if line["missing"] or line["error"] or line["days"]]
    if arguments.json:
        print_json(found)
        return 1 if bad else 0
    print_table(
        ("tenant", "in its file", "in central", "waiting", "result"),
        [(line["tenant"], line["in_file"], line["in_central"], line["waiting"], _compared(line)) for line in found],
    )
    return 1 if bad else 0


def _compared(line: dict[str, Any]) -> str:
    if line["error"]:
        return f"BAD: {line['error']}"
    if line["missing"]:
        return f"BAD: central lacks {line['missing']} receipts"
    if line["days"]:
        days = ", ".join(dict.fromkeys(one["day"] for one in line["days"]))
        return f"BAD: the daily sums of {days} are not those of the ledger"
    only = ", ".join(f"{one['receipts']} of epoch {one['epoch'][:8]}" for one in line["only_central"])
    return f"good; only central has {only}" if only else "good"
