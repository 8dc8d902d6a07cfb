"""`doctor`: look the installation over and say what an operator should mend."""

import argparse
import os
import re
import resource
import shutil
import socket
import stat
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import httpx
import trio
from attrs import asdict

from daemon import config as configuration
from daemon.cli.common import Commands, add_config, add_json, print_json, print_table
from daemon.cli.door import BASE_URL, owner_name
from daemon.cli.reach import Finding, entry, reached, webhook_reached
from daemon.clock import utc_now
from daemon.config import Config
from daemon.errors import ConfigError
from daemon.lock import Holder, holder
from daemon.secrets import Secrets, load_secrets
from daemon.setting import Bind

FREE_BYTES: Final = 1024**3
FILES_PER_SHARD: Final = 5
"""Database, -wal and -shm for the writer, and the reader's own two."""
OTHER_FILES: Final = 1024
SLOW_DISK_MS: Final = 20.0
USELESS_DISK_MS: Final = 200.0
SYNCS: Final = 15
NO_WEBHOOKS: Final = Finding(
    "warning",
    "SHOWROOMD_WHATSAPP_APP_SECRET or SHOWROOMD_WHATSAPP_VERIFY_TOKEN is missing",
    "webhooks are refused without them: copy both from the Meta app",
)
INSTALLED_CREDENTIALS: Final = Path("/etc/showroomd/credentials")
"""Where the unit takes its credentials from: what root can read there, the service has."""


def register(commands: Commands) -> None:
    """Add the command."""
    doctor = commands.add_parser(
        "doctor",
        help="look the installation over",
        description="Settings, secrets, permissions, disk, limits, the daemon if it runs, Meta, the vendors, the clock,"
        " and the webhook's public address as far as it can be seen from here. Changes nothing. Exit 1 if anything"
        " is bad. As root it sees most.",
    )
    doctor.add_argument("--offline", action="store_true", help="ask nobody outside this machine")
    add_config(doctor)
    add_json(doctor)
    doctor.set_defaults(run=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    findings = list(_examined(Path(arguments.config), offline=arguments.offline))
    bad = any(finding.state == "bad" for finding in findings)
    if arguments.json:
        print_json({"ok": not bad, "findings": [asdict(finding) for finding in findings]})
    else:
        print_table(("state", "what", "remedy"), [(found.state, found.what, found.remedy) for found in findings])
    return 1 if bad else 0


def _examined(path: Path, *, offline: bool) -> Iterator[Finding]:
    config, secrets = None, None
    try:
        config = configuration.load(path)
        yield Finding("good", f"the settings in {path}")
    except ConfigError as error:
        for fault in error.faults:
            yield Finding("bad", fault, "mend the settings")
    environ, of_service = _environ(path)
    try:
        secrets = load_secrets(environ)
    except ConfigError as error:
        for fault in error.faults:
            yield Finding("bad", fault, "mend the credential")
    if of_service:
        yield from permissions(INSTALLED_CREDENTIALS)
    if config is None:
        return
    if config.entry.cells:
        yield from trio.run(entry, config)
        if secrets is not None and of_service and not (secrets.whatsapp_app_secret and secrets.whatsapp_verify_token):
            yield NO_WEBHOOKS
        yield from _public(config)
        if not offline and config.http.public_url:
            yield from trio.run(webhook_reached, config, secrets or Secrets())
        return
    yield from disk(config.data_dir)
    yield from disk_speed(config.data_dir)
    try:
        found = holder(config.data_dir)
    except ConfigError as error:
        yield Finding("bad", str(error), "run as root or as the owner of the data directory")
        return
    yield open_files(config, _file_limit(found))
    if found is None:
        remedy = f"start it: systemctl start {_unit(config, path)}"
        yield Finding("warning", "no daemon runs on the data directory", remedy)
        yield from binds(config)
    else:
        yield from trio.run(_running, found)
    # Without sight of the service's credentials, what a shell lacks says nothing about a daemon that runs.
    if secrets is not None and (found is None or of_service):
        yield from credentials(secrets)
    yield from _public(config)
    if not offline:
        yield from trio.run(reached, config, secrets or Secrets(), utc_now)


def _unit(config: Config, path: Path) -> str:
    """The unit that serves these settings: a cell's is called after its file, `cell-2.toml`."""
    return f"showroomd@{path.stem.removeprefix('cell-')}" if config.http.entry_socket else "showroomd"


def _public(config: Config) -> Iterator[Finding]:
    if config.http.entry_socket:
        return  # a cell: the world reaches the entry
    if not config.http.public_url:
        yield Finding("warning", "http.public_url is empty", "set it to the address that Meta reaches this server by")
    elif config.http.public_url.startswith("http://"):
        yield Finding("warning", "http.public_url is not https", "Meta delivers webhooks to https alone")


def _environ(path: Path) -> tuple[Mapping[str, str], bool]:
    """Where secrets are looked for, and whether those are the installed service's."""
    if "CREDENTIALS_DIRECTORY" in os.environ or path.parent != configuration.DEFAULT_PATH.parent:
        return os.environ, False
    if not os.access(INSTALLED_CREDENTIALS, os.R_OK | os.X_OK):
        return os.environ, False
    return {**os.environ, "CREDENTIALS_DIRECTORY": str(INSTALLED_CREDENTIALS)}, True


def permissions(folder: Path) -> Iterator[Finding]:
    """Whether only their owner can read the credentials."""
    open_to_others = [each for each in (folder, *sorted(folder.iterdir())) if each.stat().st_mode & 0o077]
    for each in open_to_others:
        yield Finding("bad", f"{each} is open to others", f"chmod go= {each}")
    if not open_to_others:
        yield Finding("good", f"{folder} belongs to {owner_name(folder)} alone")


def credentials(secrets: Secrets) -> Iterator[Finding]:
    """What the daemon would lack if it were started from here."""
    if secrets.master_key is None:
        yield Finding("bad", "SHOWROOMD_MASTER_KEY is missing", "`serve` will not start without it")
    if not (secrets.anthropic_api_key or secrets.openai_api_key):
        yield Finding("warning", "no AI vendor's key is set", "the built-in answerer serves all tenants")
    if not (secrets.whatsapp_app_secret and secrets.whatsapp_verify_token):
        yield NO_WEBHOOKS


def disk(data_dir: Path) -> Iterator[Finding]:
    """The data directory: there, ours alone, with room."""
    if not data_dir.is_dir():
        yield Finding("warning", f"there is no {data_dir}", "it is made at the first start")
        return
    mode = stat.S_IMODE(data_dir.stat().st_mode)
    if mode & 0o077:
        yield Finding("warning", f"{data_dir} is open to others (mode {mode:o})", f"chmod 700 {data_dir}")
    else:
        yield Finding("good", f"{data_dir} belongs to {owner_name(data_dir)}")
    strangers = {
        path.name
        for path in (*data_dir.glob("*.db*"), *(data_dir / "shards").glob("*.db*"))
        if path.stat().st_uid != data_dir.stat().st_uid
    }
    if strangers:
        names = ", ".join(sorted(strangers)[:3])
        yield Finding("bad", f"{len(strangers)} files belong to another user ({names})", f"chown -R them in {data_dir}")
    free = shutil.disk_usage(data_dir).free
    state: Literal["good", "bad"] = "good" if free >= FREE_BYTES else "bad"
    yield Finding(state, f"{free / 1024**3:.1f} GiB free", "" if state == "good" else "free some space")


def disk_speed(data_dir: Path) -> Iterator[Finding]:
    """How long the disk takes for what every message waits for: a small write that is on it for certain."""
    taken: list[float] = []
    try:
        with tempfile.TemporaryFile(dir=data_dir) as file:
            for _ in range(SYNCS):
                began = time.perf_counter()
                os.pwrite(file.fileno(), b"x" * 4096, 0)
                os.fdatasync(file.fileno())
                taken.append((time.perf_counter() - began) * 1000)
    except FileNotFoundError:
        return  # `disk` says so
    except OSError as error:
        yield Finding("bad", f"{data_dir} takes no writes ({error.strerror})", "mend the disk, or run as root")
        return
    yield speed(statistics.median(taken))


def speed(milliseconds: float) -> Finding:
    """What a median so long means."""
    what = f"the disk takes {milliseconds:.1f} ms to be sure of a write"
    if milliseconds <= SLOW_DISK_MS:
        return Finding("good", what)
    remedy = "use a local SSD for the data directory, no network or memory-card storage"
    return Finding("bad" if milliseconds > USELESS_DISK_MS else "warning", what, remedy)


def _file_limit(found: Holder | None) -> int:
    """Of the daemon if it runs and can be looked at, else of this shell."""
    if found is not None:
        try:
            text = Path(f"/proc/{found.pid}/limits").read_text("utf-8")
        except OSError:
            text = ""
        if row := re.search(r"^Max open files +(\d+)", text, re.MULTILINE):
            return int(row[1])
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_files(config: Config, limit: int) -> Finding:
    """Whether the limit of open files bears the configured number of open shards."""
    needed = config.storage.open_shards * FILES_PER_SHARD + OTHER_FILES
    if limit in (resource.RLIM_INFINITY,) or limit >= needed:
        return Finding("good", f"up to {limit} open files")
    return Finding(
        "warning",
        f"up to {limit} open files, {needed} may be wanted",
        "raise LimitNOFILE in the unit, or lower storage.open_shards",
    )


def binds(config: Config) -> Iterator[Finding]:
    """Whether the addresses can be had."""
    for bind in config.binds:
        if fault := _taken(bind):
            yield Finding("bad", f"cannot listen on {bind} ({fault})", "stop what listens there, or change http.bind")


def _taken(bind: Bind) -> str:
    if bind.path:
        return "" if Path(bind.path).parent.is_dir() else "its directory is missing"
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.host, bind.port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


async def _running(found: Holder) -> list[Finding]:
    if found.admin_socket is None:
        return [Finding("warning", f"another command (pid {found.pid}) is at work", "look again when it is done")]
    transport = httpx.AsyncHTTPTransport(uds=str(found.admin_socket))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=10) as client:
        try:
            response = await client.get("/readyz")
            body = response.json()
        except (httpx.TransportError, ValueError) as error:
            return [
                Finding(
                    "bad",
                    f"the daemon (pid {found.pid}) does not answer on its admin socket ({type(error).__name__})",
                    "look at its log",
                )
            ]
    reasons = [str(reason) for key in ("reasons", "degraded") for reason in body.get(key) or ()]
    state: Literal["good", "bad"] = "good" if response.is_success else "bad"
    words = "is ready" if response.is_success else "is not ready"
    return [
        Finding(state, f"the daemon (pid {found.pid}) {words}", "" if response.is_success else "; ".join(reasons)),
        *(Finding("warning", reason, "see /readyz") for reason in reasons if response.is_success),
    ]
